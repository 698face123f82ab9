/*
 * flag.c - a rating that is unreasonable is flagged, with a reason, by those who supervise the order. It is shown and
 * counted apart, and stays as it is, with all that follows from it; so does the flag's own way in the journal, when it
 * is taken back.
 */
#include "common/order.h"
#include "services/assignment/assignment.h"

#include <string.h>

/* Those in which an order with a rating may be: it is handled again, answered anew, or waits for the committee. */
#define FLAGGABLE STATE_ASSIGNED " " STATE_CONSULTING " " STATE_ANSWERED " " STATE_EVALUATED

void handle_flag(const struct context *context, const struct record *order, const struct record *message,
                 struct outcome *outcome)
{
    const char *reason = record_str(message, F_REASON), *actor = record_str(message, F_ACTOR);
    bool flag = record_is(message, F_DECISION, "flag"), flagged = record_len(order, F_FLAG) > 0;
    (void)context;
    if (!state_is(order, FLAGGABLE, "flagged", outcome))
        return;
    if (!flag && !record_is(message, F_DECISION, "withdraw")) {
        outcome_refuse(outcome, "invalid", "decision", "decision is flag or withdraw");
    } else if (reason[strspn(reason, " \t\r\n")] == '\0') {
        outcome_refuse(outcome, "invalid", "reason", "say why");
    } else if (record_len(order, F_RATING) == 0 || record_is(order, F_RATING, "unreachable")) {
        outcome_refuse(outcome, "state", NULL, "its resident has not rated it: there is nothing to flag");
    } else if (flag == flagged) {
        outcome_refuse(outcome, "state", NULL, flag ? "the rating is flagged already" : "the rating is not flagged");
    } else {
        outcome_step(outcome, flag ? "flagged" : "unflagged", actor, reason);
        record_set(outcome_changes(outcome), F_FLAG, flag ? reason : "");
    }
}
