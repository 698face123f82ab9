/*
 * claims.c - 接单: members claim an order by themselves first; when the claim
 * window has passed the places left are filled, by place and then by load.
 */
#include "common/order.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <stdio.h>
#include <string.h>

int64_t claim_window_end(const struct county *county, const struct record *order)
{
    struct span window = county_clock(county, record_str(order, F_URGENCY), CLOCK_CLAIM);
    return calendar_end(county, record_int(order, F_OPENED_AT), window, NULL);
}

/* An order came into the pool: its group is asked, and the claim window opens; or the convener has named members. */
void handle_opened(const struct context *context, const struct record *order, const struct record *message,
                   struct outcome *outcome)
{
    if (!record_is(order, F_STATE, STATE_OPEN))
        return; /* claimed already, between routing's commit and this message */
    if (record_int(message, F_AT) < record_int(order, F_OPENED_AT))
        return;                    /* or opened anew, or given to another group, which is asked by that */
    outcome_if_unchanged(outcome); /* nobody need be asked any more about one that is being claimed */
    if (words_count(record_str(message, F_MEMBERS)) > 0)
        give_to_named(context, order, record_str(message, F_MEMBERS), outcome);
    else
        ask_group(context, order, outcome);
}

/* Why a member may not claim; NULL: nothing is against it. */
static const char *objection(const struct context *context, const struct record *order, const char *id,
                             const char **ret_error)
{
    const struct member *member = county_member(context->county, id);
    const char *state = record_str(order, F_STATE);
    if (!member) {
        *ret_error = "invalid";
        return "there is no such member in this county";
    }
    if (strcmp(state, STATE_PLACED) == 0 || strcmp(state, STATE_SCREENING) == 0) {
        *ret_error = "state";
        return "the order is not open yet: the convener is screening it";
    }
    if (strcmp(member->group, record_str(order, F_GROUP)) != 0) {
        *ret_error = "forbidden";
        return "the order belongs to another group";
    }
    if (is_absent(context->aux, id, context->now)) {
        *ret_error = "absent";
        return "the member is absent: end the absence first";
    }
    if (strcmp(state, STATE_OPEN) != 0) {
        *ret_error = "full";
        return "all places of this order are taken";
    }
    return NULL;
}

/* claimants: ids of members against whom nothing is to be said. */
static void claim(const struct context *context, const struct record *order, const char *claimants, const char *actor,
                  struct outcome *outcome)
{
    char members[401], recipients[2001], member[40];
    struct record *changes = outcome_changes(outcome);
    snprintf(members, sizeof members, "%s", record_str(order, F_MEMBERS));
    for (const char *rest = claimants; words_next(&rest, member, sizeof member);)
        if (!words_append(members, sizeof members, member)) {
            outcome_refuse(outcome, "full", "member", "the order has as many members as can be recorded");
            return;
        }
    outcome_step(outcome, "claimed", actor, words_count(claimants) > 1 ? claimants : NULL);
    record_set(changes, F_MEMBERS, members);
    change_load(context, claimants, "", 1, outcome);
    member_recipients(claimants, recipients, sizeof recipients);
    outcome_notify(outcome, "claimed", recipients);
    if ((int64_t)words_count(members) >= record_int(order, F_PLACES))
        assign(context, order, members, outcome);
}

/* Those of the members named who do not have the order yet, each once. False after refusing: all of them, or none. */
static bool find_claimants(const struct context *context, const struct record *order, const char *named,
                           const char *field, char *ret_claimants, size_t size, struct outcome *outcome)
{
    int64_t places = record_int(order, F_PLACES) - (int64_t)words_count(record_str(order, F_MEMBERS));
    char member[40];
    const char *error, *why;
    ret_claimants[0] = '\0';
    for (const char *rest = named; words_next(&rest, member, sizeof member);) {
        if (words_have(record_str(order, F_MEMBERS), member) || words_have(ret_claimants, member))
            continue;
        why = objection(context, order, member, &error);
        if (!why && (int64_t)words_count(ret_claimants) >= places) {
            error = "full";
            why = "the order does not need so many members";
        }
        if (why) {
            outcome_refuse(outcome, error, field, "%s", why);
            return false;
        }
        words_append(ret_claimants, size, member);
    }
    return true;
}

/* A member claims for themselves; their leader, or the office, for one of them or for several. */
void handle_claim(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    bool several = words_count(record_str(message, F_MEMBERS)) > 0;
    const char *named = record_str(message, several ? F_MEMBERS : F_MEMBER), *via = record_str(message, F_VIA);
    char claimants[401], actor[64];
    if (!find_claimants(context, order, named, several ? "members" : "member", claimants, sizeof claimants, outcome))
        return;
    if (words_count(claimants) == 0) {
        struct record *reply = outcome_reply(outcome, MSG_DONE);
        record_set(reply, F_ORDER, context->order_id);
        record_copy(reply, order, F_STATE);
        record_copy(reply, order, F_MEMBERS);
        record_set(reply, F_DETAIL, "this member has the order already");
        return;
    }
    snprintf(actor, sizeof actor, "member:%.*s", (int)strcspn(claimants, " "), claimants);
    claim(context, order, claimants, several && *via ? via : actor, outcome);
    if (*via) /* they have not said so themselves */
        expect_confirmation(context, order, claimants, outcome);
}

/*
 * A claim by SMS is an event: whatever becomes of it, the member is told. Who has the order, and sends its code, has
 * seen it.
 */
void handle_replied(const struct context *context, const struct record *order, const struct record *message,
                    struct outcome *outcome)
{
    const char *member = record_str(message, F_MEMBER), *error;
    char recipient[64];
    snprintf(recipient, sizeof recipient, "member:%s", member);
    if (words_have(record_str(order, F_MEMBERS), member)) {
        if (is_unseen(order, member))
            outcome_step(outcome, "confirmed", recipient, NULL);
        outcome_notify(outcome, "claimed", recipient);
        return;
    }
    const char *why = objection(context, order, member, &error);
    if (!why)
        claim(context, order, member, recipient, outcome);
    else if (strcmp(error, "full") == 0)
        outcome_notify(outcome, "full", recipient);
    else
        record_set(outcome_notify(outcome, "claim_refused", recipient), F_REASON, error);
}

void stay_open(const struct context *context, const struct record *order, const char *actor, const char *why,
               struct outcome *outcome)
{
    char convener[64];
    outcome_step(outcome, "unfilled", actor, why);
    record_set_int(outcome_changes(outcome), F_OPENED_AT, context->now);
    open_claim_window(context, order, outcome);
    supervising_convener(context, order, convener, sizeof convener);
    outcome_notify(outcome, "unfilled", convener);
}

void assign(const struct context *context, const struct record *order, const char *members, struct outcome *outcome)
{
    char recipients[2001], entry[CLOCK_ENTRY_SIZE];
    struct record *changes = outcome_changes(outcome);
    record_set(changes, F_STATE, STATE_ASSIGNED);
    record_set(changes, F_MEMBERS, members);
    record_set_int(changes, F_ASSIGNED_AT, context->now);
    start_clock(context, order, CLOCK_ANSWER, outcome);
    order_clock_entry(entry, context->order_id, clock_name(CLOCK_CLAIM), 0);
    outcome_zrem(outcome, CLOCKS_KEY, entry);

    member_recipients(members, recipients, sizeof recipients);
    record_set_int(outcome_notify(outcome, "assigned", recipients), F_DUE, record_int(changes, F_DUE));
    record_set_int(outcome_notify(outcome, "assigned_resident", "resident"), F_DUE, record_int(changes, F_DUE));
}

/* Other members take the order over, because the convener says so. */
void handle_reassign(const struct context *context, const struct record *order, const struct record *message,
                     struct outcome *outcome)
{
    const char *members = record_str(message, F_MEMBERS), *before = record_str(order, F_MEMBERS);
    char member[40], fresh[401], leaving[401];
    if (!state_is(order, STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING, "reassigned", outcome))
        return;
    for (const char *rest = members; words_next(&rest, member, sizeof member);)
        if (!county_member(context->county, member) || words_have(rest, member)) {
            outcome_refuse(outcome, "invalid", "members",
                           words_have(rest, member) ? "member \"%s\" is named twice"
                                                    : "there is no member \"%s\" in this county",
                           member);
            return;
        }
    for (const char *rest = members; words_next(&rest, member, sizeof member);)
        if (is_absent(context->aux, member, context->now)) {
            outcome_refuse(outcome, "absent", "members", "member \"%s\" is absent", member);
            return;
        }
    if (words_count(members) == 0) {
        outcome_refuse(outcome, "invalid", "members", "name at least one member");
        return;
    }
    outcome_step(outcome, "reassigned", record_str(message, F_ACTOR), record_str(message, F_REASON));
    record_set_int(outcome_changes(outcome), F_PLACES, (int64_t)words_count(members));
    change_load(context, members, before, 1, outcome);
    change_load(context, before, members, -1, outcome);
    words_without(members, before, fresh, sizeof fresh);
    words_without(before, members, leaving, sizeof leaving);
    expect_confirmation(context, order, fresh, outcome);
    if (*leaving)
        tell_leaving(leaving, record_str(message, F_REASON), outcome);
    if (record_is(order, F_STATE, STATE_OPEN)) {
        assign(context, order, members, outcome);
        return;
    }
    /* The answer clock runs on: the resident has waited since the first assignment. */
    record_set(outcome_changes(outcome), F_STATE, STATE_ASSIGNED);
    record_set(outcome_changes(outcome), F_MEMBERS, members);
    tell_members(order, members, fresh, record_str(message, F_REASON), outcome);
}
