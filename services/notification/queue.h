/*
 * queue.h - takes SMS that are due from Redis and has a driver send them.
 */
#ifndef SIDAN_NOTIFICATION_QUEUE_H
#define SIDAN_NOTIFICATION_QUEUE_H

#include "common/service.h"

/* Opens the gateway that the parameters name. 0, or -errno after logging why. */
int queue_start(struct service *service);
void queue_stop(struct service *service);

/* Takes nothing more; what is under way is finished. */
void queue_drain(struct service *service);
bool queue_busy(struct service *service);

/* Takes what is due now, as far as there is room. Called by the clock and after each commit. */
void queue_turn(struct service *service);

#endif
