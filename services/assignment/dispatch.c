/*
 * dispatch.c - 分单: the convener gives an order to members by name when accepting it, or later to another group, or
 * says that it needs more or fewer of them: simple, hard, everybody.
 *
 * While the order is open, the group is asked. Later members are chosen at once, and the answer clock runs on, because
 * the resident has waited since the first assignment. Nobody loses an order for its having become simpler.
 */
#include "common/alloc.h"
#include "common/order.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <stdio.h>
#include <string.h>

void open_claim_window(const struct context *context, const struct record *order, struct outcome *outcome)
{
    char entry[CLOCK_ENTRY_SIZE];
    RECORD *then = record_new();
    record_copy_all(then, order);
    record_copy_all(then, outcome_changes(outcome));
    order_clock_entry(entry, context->order_id, clock_name(CLOCK_CLAIM), 0);
    outcome_zadd(outcome, CLOCKS_KEY, claim_window_end(context->county, then), entry);
}

/* It is in the pool of its group, which the changes name. */
void ask_group(const struct context *context, const struct record *order, struct outcome *outcome)
{
    const struct record *changes = outcome_changes(outcome);
    char recipients[64];
    open_claim_window(context, order, outcome);
    snprintf(recipients, sizeof recipients, "group:%s",
             record_str(record_has(changes, F_GROUP) ? changes : order, F_GROUP));
    outcome_notify(outcome, "opened", recipients);
}

/* Those whom the convener named when accepting, beside who was quicker; in place of who is absent others are chosen. */
void give_to_named(const struct context *context, const struct record *order, const char *named,
                   struct outcome *outcome)
{
    char members[401], given[401] = "", member[40];
    struct choice choice;
    snprintf(members, sizeof members, "%s", record_str(order, F_MEMBERS));
    for (const char *rest = named; words_next(&rest, member, sizeof member);)
        if (county_member(context->county, member) && !is_absent(absences_of(context), member, context->now) &&
            !words_have(members, member) && words_append(members, sizeof members, member))
            words_append(given, sizeof given, member);
    choose(context, order, members, (int64_t)words_count(named), &choice);
    if (!*choice.members) {
        stay_open(context, order, "assignment", choice.why, outcome);
        return;
    }
    outcome_step(outcome, "dispatched", "assignment", choice.why);
    take_choice(context, order, &choice, outcome);
    change_load(context, given, "", 1, outcome);
    expect_confirmation(context, order, given, outcome);
    assign(context, order, choice.members, outcome);
}

/* Other members of an order that is being handled are chosen, so many; those in `members` stay. */
static void choose_others(const struct context *context, const struct record *order, const char *members,
                          int64_t places, const struct record *message, struct outcome *outcome)
{
    struct record *changes = outcome_changes(outcome);
    struct choice choice;
    RECORD *then = record_new();
    record_copy_all(then, order);
    record_copy_all(then, changes);
    choose(context, then, members, places, &choice);
    take_choice(context, then, &choice, outcome);
    record_set(changes, F_MEMBERS, choice.members);
    AUTOFREE char *note = xasprintf("%s; %s", record_str(message, F_REASON), choice.why);
    outcome_step(outcome, "dispatched", record_str(message, F_ACTOR), note);
    tell_members(order, choice.members, choice.chosen, "", outcome);
    if ((int64_t)words_count(choice.members) < places) {
        char convener[64];
        supervising_convener(context, order, convener, sizeof convener);
        record_copy(outcome_notify(outcome, "unfilled", convener), message, F_REASON);
    }
}

static void move_group(const struct context *context, const struct record *order, const struct record *message,
                       int64_t places, struct outcome *outcome)
{
    struct record *changes = outcome_changes(outcome);
    const char *before = record_str(order, F_MEMBERS);
    record_copy(changes, message, F_GROUP);
    record_set(changes, F_DECLINED, "");
    record_set(changes, F_MEMBERS, "");
    change_load(context, before, "", -1, outcome);
    tell_leaving(before, record_str(message, F_REASON), outcome);
    if (record_is(order, F_STATE, STATE_OPEN)) {
        record_set_int(changes, F_OPENED_AT, context->now);
        outcome_step(outcome, "dispatched", record_str(message, F_ACTOR), record_str(message, F_REASON));
        ask_group(context, order, outcome);
        return;
    }
    record_set(changes, F_STATE, STATE_ASSIGNED);
    choose_others(context, order, "", places, message, outcome);
}

void handle_dispatch(const struct context *context, const struct record *order, const struct record *message,
                     struct outcome *outcome)
{
    const struct county *county = context->county;
    const struct member_group *group = county_group(county, record_str(message, F_GROUP));
    const char *weight = record_str(record_len(message, F_WEIGHT) > 0 ? message : order, F_WEIGHT);
    const char *members = record_str(order, F_MEMBERS);
    bool moves = group && !record_is(order, F_GROUP, group->id);
    if (!state_is(order, STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING, "dispatched", outcome) ||
        !has_reason(message, outcome))
        return;
    if (record_len(message, F_GROUP) > 0 && !group) {
        outcome_refuse(outcome, "invalid", "group", "this county has no such group");
        return;
    }
    if (!is_weight(weight) || (!moves && record_len(message, F_WEIGHT) == 0)) {
        outcome_refuse(outcome, "invalid", moves || group ? "group" : "weight",
                       "name another group, or a weight: simple, hard or everybody");
        return;
    }
    int64_t places = county_places(county, county_category(county, record_str(order, F_CATEGORY)), weight,
                                   moves ? group->id : record_str(order, F_GROUP));
    record_set(outcome_changes(outcome), F_WEIGHT, weight);
    record_set_int(outcome_changes(outcome), F_PLACES, places);
    if (moves) {
        move_group(context, order, message, places, outcome);
    } else if ((int64_t)words_count(members) < places && !record_is(order, F_STATE, STATE_OPEN)) {
        choose_others(context, order, members, places, message, outcome);
    } else {
        outcome_step(outcome, "dispatched", record_str(message, F_ACTOR), record_str(message, F_REASON));
        if (record_is(order, F_STATE, STATE_OPEN) && (int64_t)words_count(members) >= places)
            assign(context, order, members, outcome);
    }
}
