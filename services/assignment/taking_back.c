/*
 * taking_back.c - 撤回: a resident takes their order back, as long as it has no answer.
 *
 * With others merged into it the matter is theirs, too: it goes on for them, without its own resident, who is told and
 * asked nothing more; it is closed once it is answered, and ends when the last of those others leaves.
 */
#include "common/joint.h"
#include "common/question.h"
#include "common/resident.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <string.h>

#define HANDLED STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING

static void tell_handlers(const struct record *order, const char *template, const char *reason, struct outcome *outcome)
{
    char recipients[2001];
    handler_recipients(order, recipients, sizeof recipients);
    if (*recipients)
        record_set(outcome_notify(outcome, template, recipients), F_REASON, reason);
}

/* One that is merged is nobody's load, and its handlers have the primary. */
static void end(const struct context *context, const struct record *order, const char *template, const char *reason,
                struct outcome *outcome)
{
    char entry[CLOCK_ENTRY_SIZE];
    drop_question(context, order, outcome);
    drop_objection(order, outcome);
    stop_clock(context, order, outcome);
    order_clock_entry(entry, context->order_id, clock_name(CLOCK_CLAIM), 0);
    outcome_zrem(outcome, CLOCKS_KEY, entry);
    if (!record_is(order, F_STATE, STATE_MERGED)) {
        change_load(context, record_str(order, F_MEMBERS), "", -1, outcome);
        tell_handlers(order, template, reason, outcome);
    }
    record_set(outcome_changes(outcome), F_STATE, STATE_WITHDRAWN);
    record_set_int(outcome_changes(outcome), F_CLOSED_AT, context->now);
}

void handle_take_back(const struct context *context, const struct record *order, const struct record *message,
                      struct outcome *outcome)
{
    const char *actor = record_str(message, F_ACTOR), *reason = record_str(message, F_REASON);
    if (!state_is(order, HANDLED " " STATE_MERGED, "taken back", outcome))
        return;
    if (is_for_another(order)) {
        outcome_refuse(outcome, "state", NULL, "its resident takes it back in the county that has asked for it");
    } else if (record_int(order, F_ROUND) > 0) {
        outcome_refuse(outcome, "state", "answer", "the order has been answered: rate the answer");
    } else if (record_int(order, F_TAKEN_BACK) == 1) {
        outcome_refuse(outcome, "state", "taken_back", "it has been taken back, and goes on for others");
    } else {
        bool undone = record_is(message, F_VIA, VIA_PART);
        outcome_step(outcome, undone ? "undone" : "taken_back", actor, *reason ? reason : NULL);
        if (record_len(order, F_MERGED) > 0) {
            record_set_int(outcome_changes(outcome), F_TAKEN_BACK, 1);
            drop_question(context, order, outcome);
            tell_handlers(order, "taken_back_shared", reason, outcome);
            return;
        }
        end(context, order, undone ? "passed_on" : "taken_back", reason, outcome);
        leave_primary(context, order, actor, outcome);
    }
}

void end_if_nobodys(const struct context *context, const struct record *order, struct outcome *outcome)
{
    if (record_int(order, F_TAKEN_BACK) == 1 && words_have(HANDLED, record_str(order, F_STATE)) &&
        words_count(record_str(outcome_changed(outcome), F_MERGED)) == 0)
        end(context, order, "taken_back", "", outcome);
}
