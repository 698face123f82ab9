/*
 * visits.c - 走访: members visited the residents or the place of an order. All there is to it is a step of the order.
 */
#include "common/order.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <string.h>

/* Whether all whom a message names are members of the county; otherwise refuses. */
static bool are_members(const struct county *county, const struct record *message, struct outcome *outcome)
{
    static const char kind[] = "member:";
    const char *people = record_str(message, F_WHO);
    char who[64];
    bool any = false, all = true;
    for (; words_next(&people, who, sizeof who); any = true)
        all = all && strncmp(who, kind, strlen(kind)) == 0 && county_member(county, who + strlen(kind));
    if (!any || !all)
        outcome_refuse(outcome, "invalid", "who", "who visits are members of the county: member:M1 member:M2");
    return any && all;
}

void handle_visit(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    int64_t at = record_has(message, F_VISITED_AT) ? record_int(message, F_VISITED_AT) : context->now;
    if (!state_is(order, STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING " " STATE_ANSWERED, "visited", outcome) ||
        !are_members(context->county, message, outcome))
        return;
    if (record_len(message, F_NOTE) == 0) {
        outcome_refuse(outcome, "invalid", "note", "say what the visit has brought");
    } else if (at > context->now) {
        outcome_refuse(outcome, "invalid", "visited_at", "a visit is recorded when it has been made");
    } else {
        record_copy(outcome_changes(outcome), message, F_WHO);
        record_set_int(outcome_changes(outcome), F_VISITED_AT, at);
        outcome_step(outcome, "visited", record_str(message, F_ACTOR), record_str(message, F_NOTE));
    }
}
