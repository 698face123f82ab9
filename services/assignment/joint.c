/*
 * joint.c - 联办: another county was asked to handle an order jointly, and how it gets on; see common/joint.h.
 *
 * Nothing waits for the other side: the order's clocks run on, and its members may answer whenever they like. What the
 * other says is a step with its words as a note, of which those who handle the order hear by SMS; intake looks after
 * that for both sides, and tells each change of the other's state once.
 */
#include "common/joint.h"
#include "common/order.h"
#include "services/assignment/assignment.h"

#include <stdio.h>
#include <string.h>

#define JOINABLE STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING

void handle_joint(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    const char *county = record_str(message, F_COUNTY), *joint = record_str(order, F_JOINT);
    struct partner partner = {.state = STATE_PLACED};
    char then[JOINT_SIZE];
    snprintf(partner.order, sizeof partner.order, "%s", record_str(message, F_SECONDARY));
    if (!state_is(order, JOINABLE, "handled jointly", outcome) || !has_reason(message, outcome))
        return;
    if (partner_is_active(joint, county)) {
        outcome_refuse(outcome, "pending", "county", "that county has it already, and has not answered yet");
    } else if (!partner_put(joint, &partner, then)) {
        outcome_refuse(outcome, "invalid", "county", "too many have been asked already");
    } else {
        outcome_step(outcome, "joint_asked", record_str(message, F_ACTOR), record_str(message, F_REASON));
        record_set(outcome_changes(outcome), F_JOINT, then);
        outcome_zadd(outcome, JOINT_KEY, context->now, context->order_id);
        bool shared = record_int(message, F_SHARE) == 1;
        record_copy(outcome_notify(outcome, shared ? "joint_shared" : "joint_asked", "resident"), message, F_RETURN_TO);
    }
}

/* Finds a partner by its number. False after refusing. */
static bool find(const struct record *order, const char *number, struct partner *ret_partner, struct outcome *outcome)
{
    const char *joint = record_str(order, F_JOINT);
    while (partner_next(&joint, ret_partner))
        if (strcmp(ret_partner->order, number) == 0)
            return true;
    outcome_refuse(outcome, "unknown", "secondary", "the order is not handled jointly with this one");
    return false;
}

static bool any_active(const char *joint)
{
    struct partner partner;
    while (partner_next(&joint, &partner))
        if (!order_is_final(partner.state))
            return true;
    return false;
}

/* Who handles the order hears of it; before it has members the convener does. */
static void tell(const struct context *context, const struct record *order, const struct record *message,
                 const char *template, struct outcome *outcome)
{
    static const enum field told[] = {F_RETURN_TO, F_OUTCOME, F_ANSWER, F_REASON};
    char recipients[2001];
    handler_recipients(order, recipients, sizeof recipients);
    if (!*recipients)
        supervising_convener(context, order, recipients, sizeof recipients);
    struct record *notice = outcome_notify(outcome, template, recipients);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        record_copy(notice, message, told[i]);
}

void handle_joint_news(const struct context *context, const struct record *order, const struct record *message,
                       struct outcome *outcome)
{
    const char *state = record_str(message, F_STATE);
    int64_t answered_at = record_int(message, F_ANSWERED_AT);
    struct partner partner;
    char then[JOINT_SIZE], actor[16];
    if (!find(order, record_str(message, F_SECONDARY), &partner, outcome) ||
        (strcmp(partner.state, state) == 0 && partner.answered_at == answered_at))
        return; /* or it is known */
    if (order_is_final(partner.state) || answered_at < partner.answered_at)
        return; /* somebody looked long ago, and comes only now */
    bool answered = answered_at > partner.answered_at, refused = strcmp(state, STATE_RETURNED) == 0;
    snprintf(partner.state, sizeof partner.state, "%s", state);
    partner.answered_at = answered_at;
    if (!partner_put(record_str(order, F_JOINT), &partner, then)) {
        outcome_refuse(outcome, "long", "joint", "there is no room for what became of it");
        return;
    }
    snprintf(actor, sizeof actor, "county:%.6s", partner.order);
    record_set(outcome_changes(outcome), F_JOINT, then);
    outcome_step(outcome,
                 answered  ? "joint_answered"
                 : refused ? "joint_refused"
                           : "joint_moved",
                 actor,
                 answered  ? record_str(message, F_ANSWER)
                 : refused ? record_str(message, F_REASON)
                           : NULL);
    if (answered || refused)
        tell(context, order, message, answered ? "joint_answered" : "joint_refused", outcome);
    if (!any_active(then))
        outcome_zrem(outcome, JOINT_KEY, context->order_id);
}
