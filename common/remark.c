/*
 * remark.c - records a remark on an order as a step of its journal.
 *
 * Owns nothing. Refuses orders that have ended. When the order has just passed
 * to the other owner, the caller is told to ask again later: asked with the
 * same idempotency key, the new owner does it, and only once.
 */
#include "common/remark.h"

#include "common/order.h"

static void record_remark(int owner, const struct record *order, const struct record *message, struct outcome *outcome)
{
    const char *state = record_str(order, F_STATE);

    if (order_is_final(state)) {
        outcome_refuse(outcome, "closed", "order", "the order is %s and takes no more remarks", state);
    } else if (order_owner(state) != owner) {
        outcome_later(outcome, "the order has passed to another service");
    } else {
        /* The state stays, but the step says it: who reads the journal's news knows then where the order is. */
        record_set(outcome_changes(outcome), F_STATE, state);
        outcome_step(outcome, "remarked", record_str(message, F_ACTOR), record_str(message, F_NOTE));
    }
}

void remark_early(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    (void)context;
    record_remark(ROUTING, order, message, outcome);
}

void remark(const struct context *context, const struct record *order, const struct record *message,
            struct outcome *outcome)
{
    (void)context;
    record_remark(ASSIGNMENT, order, message, outcome);
}
