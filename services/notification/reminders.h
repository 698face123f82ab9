/*
 * reminders.h - what several reminders to one person become; all of it pure.
 */
#ifndef SIDAN_NOTIFICATION_REMINDERS_H
#define SIDAN_NOTIFICATION_REMINDERS_H

#include "services/notification/sms.h"

/*
 * Why a recipient is not to be reminded any more of an order's clock, in words; "" while they are. order: as it stands,
 * empty when it is not there any more.
 */
const char *reminder_moot(const struct record *order, const char *recipient, const char *clock, int64_t now);

/* Those that an SMS carries, which is context->aux: they end as it does; or wait again, each for itself. */
void reminders_end(const struct context *context, const struct fate *lead, struct outcome *outcome);
void reminders_part(const struct context *context, int64_t at, struct outcome *outcome);

#endif
