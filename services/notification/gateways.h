/*
 * gateways.h - the gateways of a deployment, in the order in which they are tried.
 *
 * An SMS goes to the next one only after a definite refusal by the one before that is about the gateway, not about the
 * SMS: it cannot be reached, it is busy, it has stopped, or the county has no signature or template there. Never when
 * the SMS may have been sent. Mail and chats have gateways of their own among them; what has none is muted.
 */
#ifndef SIDAN_NOTIFICATION_GATEWAYS_H
#define SIDAN_NOTIFICATION_GATEWAYS_H

#include "services/notification/driver.h"

struct gateways;

/* Opens what the parameter `gateway` names. 0, or -errno after logging why. result(arg, ...) is how each send ends:
 * never RESULT_STOPPED or RESULT_UNFIT. */
int gateways_open(struct service *service, sms_result_fn *result, void *arg, struct gateways **ret_gateways);
void gateways_close(struct gateways **gateways);

/* How many they can be given now; any number, where there is none for the channel. */
size_t gateways_room(const struct gateways *gateways, enum channel channel);

/* As a driver's. */
void gateways_send(struct gateways *gateways, struct sms *sms);
void gateways_flush(struct gateways *gateways);
enum sms_result gateways_lookup(struct gateways *gateways, const struct sms *sms);

/* The name of the gateway that gave the result for an SMS; "" when none was asked. */
const char *gateways_name(const struct gateways *gateways, const struct sms *sms);

/* Where an instance tells sidanctl how its gateways are: a hash from name to "STATE SINCE CAUSE", for a while only. */
#define GATEWAYS_KEY "gateways:" /* and the instance */
void gateways_report(struct gateways *gateways);

#endif
