/*
 * addition.h - its resident adds words to an order that has no answer yet.
 */
#ifndef SIDAN_ADDITION_H
#define SIDAN_ADDITION_H

#include "common/service.h"

/* Takes what the message says as the step "added", or refuses. owner: who handles this; the other one is asked when the
 * order has passed on. recipients: who is told, space between. */
void take_addition(enum service_id owner, const char *recipients, const struct record *order,
                   const struct record *message, struct outcome *outcome);

#endif
