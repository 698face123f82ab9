/*
 * joint.c - 联办: another county was asked to handle an order jointly, and how it gets on; see common/joint.h.
 *
 * Nothing waits for the other side: the order's clocks run on, and its members may answer whenever they like. What the
 * other says is a step with its words as a note, of which those who handle the order hear by SMS; intake looks after
 * that for both sides, and tells each change of the other's state once.
 */
#include "common/joint.h"
#include "common/order.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <stdio.h>
#include <string.h>

/*
 * Whether the order may be handled jointly was looked at before the other county's order was placed. That is there now,
 * so it becomes the partner whatever this order has come to meanwhile; only one that has ended, or is screened anew,
 * takes none. The other one hears of that, too: it has this one as its partner from the beginning.
 */
void handle_joint(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    const char *state = record_str(order, F_STATE), *number = record_str(message, F_SECONDARY);
    struct partner partner = {.state = STATE_PLACED};
    char then[JOINT_SIZE];
    if (!has_reason(message, outcome) || partner_find(record_str(order, F_JOINT), number, &partner))
        return; /* or it is known */
    snprintf(partner.order, sizeof partner.order, "%s", number);
    if (order_owner(state) != ASSIGNMENT) {
        outcome_refuse(outcome, "state", NULL, "the order is %s by now; that county has %s for it, and hears of that",
                       state, number);
    } else if (!partner_put(record_str(order, F_JOINT), &partner, then)) {
        outcome_refuse(outcome, "full", "county", "too many have been asked already");
    } else {
        outcome_step(outcome, "joint_asked", record_str(message, F_ACTOR), record_str(message, F_REASON));
        record_set(outcome_changes(outcome), F_JOINT, then);
        outcome_zadd(outcome, JOINT_KEY, context->now, context->order_id);
        bool shared = record_int(message, F_SHARE) == 1;
        record_copy(outcome_notify(outcome, shared ? "joint_shared" : "joint_asked", "resident"), message, F_RETURN_TO);
    }
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
static struct record *tell(const struct context *context, const struct record *order, const struct record *message,
                           const char *template, struct outcome *outcome)
{
    char recipients[2001];
    handler_recipients(order, recipients, sizeof recipients);
    if (!*recipients)
        supervising_convener(context, order, recipients, sizeof recipients);
    struct record *notice = outcome_notify(outcome, template, recipients);
    record_copy(notice, message, F_RETURN_TO);
    return notice;
}

void handle_joint_news(const struct context *context, const struct record *order, const struct record *message,
                       struct outcome *outcome)
{
    const char *state = record_str(message, F_STATE);
    int64_t answered_at = record_int(message, F_ANSWERED_AT), ver = record_int(message, F_VER);
    struct partner partner;
    char then[JOINT_SIZE], actor[16];
    if (!partner_find(record_str(order, F_JOINT), record_str(message, F_SECONDARY), &partner)) {
        outcome_refuse(outcome, "unknown", "secondary", "the order is not handled jointly with this one");
        return;
    }
    if (ver <= partner.ver || (strcmp(partner.state, state) == 0 && partner.answered_at == answered_at))
        return; /* somebody looked long ago, and comes only now; or it is known */
    bool answered = answered_at > partner.answered_at, returned = words_have(STATE_RETURNED " " STATE_WITHDRAWN, state);
    bool speaks = answered || returned;
    enum field words = answered ? F_ANSWER : F_REASON;
    snprintf(partner.state, sizeof partner.state, "%s", state);
    partner.answered_at = answered_at;
    partner.ver = ver;
    if (!partner_put(record_str(order, F_JOINT), &partner, then)) {
        outcome_refuse(outcome, "long", "joint", "there is no room for what became of it");
        return;
    }
    /* The one that asked does not refuse, but has returned the matter to its resident. */
    const char *step = answered                            ? "joint_answered"
                       : returned && is_for_another(order) ? "joint_ended"
                       : returned                          ? "joint_refused"
                                                           : "joint_moved";
    snprintf(actor, sizeof actor, "county:%.6s", partner.order);
    record_set(outcome_changes(outcome), F_JOINT, then);
    outcome_step(outcome, step, actor, speaks ? record_str(message, words) : NULL);
    if (speaks) {
        struct record *notice = tell(context, order, message, step, outcome);
        record_copy(notice, message, words);
        if (answered)
            record_copy(notice, message, F_OUTCOME);
    }
    if (!any_active(then))
        outcome_zrem(outcome, JOINT_KEY, context->order_id);
}
