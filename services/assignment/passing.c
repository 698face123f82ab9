/*
 * passing.c - 接单: an order that a member has goes to another one, by the rule of choice.c: who has it gives it back,
 * or is absent.
 *
 * While the order is open its place is free again, for whoever claims it. Later the answer clock runs on, because the
 * resident has waited since the first assignment; and where nobody is left to take the place, the convener is told.
 */
#include "common/alloc.h"
#include "common/order.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <stdio.h>
#include <string.h>

void tell_leaving(const char *leaving, const char *reason, struct outcome *outcome)
{
    char recipients[2001];
    member_recipients(leaving, recipients, sizeof recipients);
    record_set(outcome_notify(outcome, "passed_on", recipients), F_REASON, reason);
}

void tell_members(const struct record *order, const char *members, const char *fresh, const char *reason,
                  struct outcome *outcome)
{
    char staying[401], recipients[2001];
    words_without(members, fresh, staying, sizeof staying);
    member_recipients(fresh, recipients, sizeof recipients);
    record_copy(outcome_notify(outcome, "assigned", recipients), order, F_DUE);
    member_recipients(staying, recipients, sizeof recipients);
    struct record *notice = outcome_notify(outcome, "reassigned", recipients);
    if (*reason)
        record_set(notice, F_REASON, reason);
    if (record_len(order, F_MEMBERS) == 0 && *members) /* nobody had it */
        record_copy(outcome_notify(outcome, "assigned_resident", "resident"), order, F_DUE);
}

void pass_on(const struct context *context, const struct record *order, const struct passing *passing,
             struct outcome *outcome)
{
    struct record *changes = outcome_changes(outcome);
    const char *leaving = passing->leaving;
    char members[401];
    RECORD *after = record_new();
    words_without(record_str(order, F_MEMBERS), leaving, members, sizeof members);
    record_copy_all(after, order);
    record_copy_all(after, changes);
    change_load(context, leaving, "", -1, outcome);
    if (passing->tell)
        tell_leaving(leaving, passing->reason, outcome);
    if (record_is(order, F_STATE, STATE_OPEN)) {
        record_set(changes, F_MEMBERS, members);
        outcome_step(outcome, passing->step, passing->actor, passing->reason);
        return;
    }
    struct choice choice;
    choose(context, after, members, (int64_t)words_count(record_str(order, F_MEMBERS)), &choice);
    take_choice(context, order, &choice, outcome);
    record_set(changes, F_MEMBERS, choice.members);
    AUTOFREE char *note = xasprintf("%s%s%s", passing->reason, *choice.why ? "; " : "", choice.why);
    outcome_step(outcome, passing->step, passing->actor, note);
    tell_members(order, choice.members, choice.chosen, "", outcome);
    if (words_count(choice.chosen) < words_count(leaving)) {
        char convener[64];
        supervising_convener(context, order, convener, sizeof convener);
        record_set(outcome_notify(outcome, "unfilled", convener), F_REASON, passing->reason);
    }
}

void handle_decline(const struct context *context, const struct record *order, const struct record *message,
                    struct outcome *outcome)
{
    const char *actor = record_str(message, F_ACTOR);
    char declined[401];
    if (!state_is(order, STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING, "given back", outcome) ||
        !may_act(order, message, outcome) || !has_reason(message, outcome))
        return;
    if (strncmp(actor, "member:", 7) != 0) {
        outcome_refuse(outcome, "invalid", "actor", "name the member who gives it back, as member:ID");
        return;
    }
    snprintf(declined, sizeof declined, "%s", record_str(order, F_DECLINED));
    if (!words_have(declined, actor + 7) && words_append(declined, sizeof declined, actor + 7))
        record_set(outcome_changes(outcome), F_DECLINED, declined);
    pass_on(context, order,
            &(struct passing){
                .leaving = actor + 7, .step = "declined", .actor = actor, .reason = record_str(message, F_REASON)},
            outcome);
}
