/*
 * merge.h - 并单: an order joins a primary one.
 *
 * Its owner does that: routing while it is screened, assignment while it is open or with its members. Both begin with
 * merge_into(); what follows from it at the primary and back is assignment's.
 */
#ifndef SIDAN_MERGE_H
#define SIDAN_MERGE_H

#include "common/service.h"

/*
 * Merges the order into the primary that the message names, or refuses. states: of an order that this owner may merge.
 * Whether that primary takes it is decided there: until then the order's resident is told nothing.
 */
void merge_into(const struct context *context, const struct record *order, const struct record *message,
                const char *states, struct outcome *outcome);

#endif
