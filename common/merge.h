/*
 * merge.h - 并单: an order joins a primary one; and the opposite, an order that holds two matters is split.
 *
 * An order's owner does that: routing while it is screened, assignment while it is open or with its members. What both
 * have in common is here; what follows from merging at the primary and back is assignment's.
 */
#ifndef SIDAN_MERGE_H
#define SIDAN_MERGE_H

#include "common/service.h"

/* Has the other order of a message, its primary or the one to be merged, loaded along: handler.aux. */
void merge_aux(const struct record *message, char *keys, size_t size);

/*
 * Merges the order into the primary that the message names, or refuses. states: of an order that this owner may merge.
 * Whether that primary takes it is decided there: until then the order's resident is told nothing.
 */
void merge_into(const struct context *context, const struct record *order, const struct record *message,
                const char *states, struct outcome *outcome);

/* One that is merged no more has its own category, group and department again, which it had before. */
void be_own_again(const struct record *order, struct outcome *outcome);

/* F_ACTOR of what an order follows of its primary, whose number is behind it; who did that is said there. */
#define ACTOR_PRIMARY "order:"

/* States in which an order can be split: it has no answer yet. */
#define SPLITTABLE "screening open assigned consulting"

/*
 * Notes that another order was made of a part of this one, as the message says, and tells the resident. owner: who
 * handles this; when the order has passed to the other one, the caller is told to ask that.
 */
void split_off(enum service_id owner, const struct record *order, const struct record *message,
               struct outcome *outcome);

#endif
