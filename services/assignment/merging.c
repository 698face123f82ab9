/*
 * merging.c - 并单: orders that are one matter are handled as one.
 *
 * The primary knows the orders that are merged into it; each of those knows its primary, follows what happens there,
 * and tells its own resident. It gets the primary's answer as its own, and from then on it is rated and closed by
 * itself. A dissatisfied resident reopens that one alone, which leaves its primary with this; where it is the primary
 * that is reopened, those that wait to be rated get its next answer, too. So nobody is left out, and undoing is a way
 * back to the convener's desk.
 */
#include "common/alloc.h"
#include "common/merge.h"
#include "common/order.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <stdio.h>
#include <string.h>

#define MERGEABLE STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING
#define HAS_ANSWER STATE_ANSWERED " " STATE_EVALUATED
/*
 * What happens to the primary happens to all of them: who has it, who was asked to help, what was done. What is one
 * resident's is not: a question to them, and their reply; only how that moves the deadline concerns the others.
 */
#define HAPPENS_TO_ALL                                                                                                 \
    "claimed assigned dispatched reassigned declined handed_on passed_over handed_over objection_granted visited "     \
    "responded joint_asked joint_answered joint_refused extension_granted deadline_moved answered reopened"
#define MOVES_DEADLINE "replied unanswered"
/* What SMS say to the primary's resident that is so for all of them; a contact that is shared is that resident's. */
#define TOLD_TO_ALL "assigned_resident extended_resident joint_asked answered answered_own"

void handle_split(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    (void)context;
    split_off(ASSIGNMENT, order, message, outcome);
}

void handle_merge(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    char entry[CLOCK_ENTRY_SIZE], recipients[2001];
    merge_into(context, order, message, MERGEABLE, outcome);
    if (outcome_verdict(outcome) != VERDICT_OK)
        return;
    order_clock_entry(entry, context->order_id, clock_name(CLOCK_CLAIM), 0);
    outcome_zrem(outcome, CLOCKS_KEY, entry);
    change_load(context, record_str(order, F_MEMBERS), "", -1, outcome);
    take_from_handlers(order, outcome);
    handler_recipients(order, recipients, sizeof recipients);
    if (*recipients)
        outcome_notify(outcome, "merged_members", recipients);
}

/* -- at the primary ---------------------------------------------------------------------------------------------- */

/* Tells an order that is merged into this one how this one stands, with the changes that are being made. */
static struct record *send_step(const struct context *context, const struct record *order, const char *secondary,
                                const char *step, const char *actor, struct outcome *outcome)
{
    static const enum field told[] = {F_STATE,   F_GROUP, F_CATEGORY, F_DEPARTMENT, F_ASSISTING, F_HANDED_AT,
                                      F_MEMBERS, F_DUE,   F_OUTCOME,  F_ANSWER,     F_WRITTEN,   F_PROMISED_AT};
    const struct record *changes = outcome_changes(outcome);
    struct record *body = outcome_send_about(outcome, MSG_PRIMARY_STEP, secondary, false);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        record_copy(body, record_has(changes, told[i]) ? changes : order, told[i]);
    record_set(body, F_PRIMARY, context->order_id);
    record_set(body, F_STEP, step);
    record_set(body, F_ACTOR, actor);
    return body;
}

/*
 * Whether the order still is merged into this one, as long as this is committed. The two messages by which a primary
 * hears of it may come from different services, so that one has left may be told before that it came.
 */
static bool still_follows(const struct context *context, const char *secondary, struct outcome *outcome)
{
    const char *state = aux_get(context->aux, field_info(F_STATE)->name), *ver = field_info(F_VER)->name;
    const char *primary = aux_get(context->aux, field_info(F_PRIMARY)->name);
    AUTOFREE char *key = xasprintf("order:%s", secondary);
    outcome_expect(outcome, key, ver, aux_int(context->aux, ver));
    return state && strcmp(state, STATE_MERGED) == 0 && primary && strcmp(primary, context->order_id) == 0;
}

/* What this one's answer promised is promised to whoever joins it then, too: they hear what became of it. */
static void tell_suggestion(const struct record *order, const struct record *message, struct outcome *outcome)
{
    if (record_len(order, F_FOLLOWED) == 0 || !words_have(HAS_ANSWER, record_str(order, F_STATE)))
        return;
    struct record *body = outcome_send_about(outcome, MSG_ORDER_JOINED, record_str(order, F_FOLLOWED), false);
    record_copy(body, message, F_SECONDARY);
    record_copy(body, message, F_ACTOR);
}

void handle_joined(const struct context *context, const struct record *order, const struct record *message,
                   struct outcome *outcome)
{
    const char *secondary = record_str(message, F_SECONDARY), *actor = record_str(message, F_ACTOR);
    char merged[4001];
    if (matter_of(context->order_id) == MATTER_SUGGESTION) {
        be_about_too(order, message, outcome);
        return;
    }
    if (!still_follows(context, secondary, outcome))
        return;
    if (words_have(record_str(order, F_MERGED), secondary)) { /* taken out and merged again, and that heard of first */
        send_step(context, order, secondary, "joined", actor, outcome);
        return;
    }
    snprintf(merged, sizeof merged, "%s", record_str(order, F_MERGED));
    if (!words_have(MERGEABLE " " HAS_ANSWER, record_str(order, F_STATE)) ||
        !words_append(merged, sizeof merged, secondary)) {
        send_step(context, order, secondary, "rejected", "assignment", outcome);
        return;
    }
    outcome_step(outcome, "joined", actor, secondary);
    record_set(outcome_changes(outcome), F_MERGED, merged);
    send_step(context, order, secondary, "joined", actor, outcome);
    tell_suggestion(order, message, outcome);
}

void handle_left(const struct context *context, const struct record *order, const struct record *message,
                 struct outcome *outcome)
{
    const char *secondary = record_str(message, F_SECONDARY);
    char merged[4001];
    if (order_is_final(record_str(order, F_STATE)) || !words_have(record_str(order, F_MERGED), secondary) ||
        still_follows(context, secondary, outcome)) /* it has come back meanwhile */
        return;
    snprintf(merged, sizeof merged, "%s", record_str(order, F_MERGED));
    words_remove(merged, secondary);
    outcome_step(outcome, "left", record_str(message, F_ACTOR), secondary);
    record_set(outcome_changes(outcome), F_MERGED, merged);
    end_if_nobodys(context, order, outcome);
}

/* What the primary's resident is told by this step that all of them are told; NULL when there is no such thing. */
static const struct record *told_to_all(struct outcome *outcome)
{
    for (size_t i = 0; i < outcome_message_count(outcome); i++)
        if (outcome_message_type(outcome, i) == MSG_NOTIFY &&
            words_have(TOLD_TO_ALL, record_str(outcome_message(outcome, i), F_TEMPLATE)))
            return outcome_message(outcome, i);
    return NULL;
}

void tell_merged(const struct context *context, const struct record *order, struct outcome *outcome)
{
    const struct message_info *info = message_info(MSG_NOTIFY);
    const char *step = outcome_step_name(outcome);
    char secondary[ORDER_ID_SIZE];
    if (!step || record_len(order, F_MERGED) == 0)
        return;
    if (words_have(MOVES_DEADLINE, step))
        step = "deadline_moved";
    if (!words_have(HAPPENS_TO_ALL, step))
        return;
    const struct record *notice = told_to_all(outcome);
    for (const char *rest = record_str(order, F_MERGED); words_next(&rest, secondary, sizeof secondary);) {
        struct record *body = send_step(context, order, secondary, step, outcome_actor(outcome), outcome);
        for (size_t i = 0; notice && i < info->field_count; i++)
            if (info->fields[i].field != F_RECIPIENTS)
                record_copy(body, notice, info->fields[i].field);
    }
}

/* -- at an order that is merged into another --------------------------------------------------------------------- */

void handle_unmerge(const struct context *context, const struct record *order, const struct record *message,
                    struct outcome *outcome)
{
    const char *actor = record_str(message, F_ACTOR);
    if (!state_is(order, STATE_MERGED, "taken out of its primary", outcome))
        return;
    outcome_step(outcome, "unmerged", actor, record_str(message, F_REASON));
    leave_primary(context, order, actor, outcome);
    be_own_again(order, outcome);
    screen_again(context, order, actor, outcome);
    record_copy(outcome_notify(outcome, "unmerged", "resident"), message, F_REASON);
}

void leave_primary(const struct context *context, const struct record *order, const char *actor,
                   struct outcome *outcome)
{
    if (record_len(order, F_PRIMARY) == 0)
        return;
    struct record *left = outcome_send_about(outcome, MSG_ORDER_LEFT, record_str(order, F_PRIMARY), false);
    record_set(left, F_SECONDARY, context->order_id);
    record_set(left, F_ACTOR, actor);
    record_set(outcome_changes(outcome), F_PRIMARY, "");
    if (!record_is(order, F_STATE, STATE_MERGED)) /* from now on it is work of its own */
        change_load(context, record_str(order, F_MEMBERS), "", 1, outcome);
}

/* The resident is told what the primary's is; that it was merged says the first of these. */
static void tell_resident(const struct record *message, const char *template, struct outcome *outcome)
{
    struct record *notice = outcome_notify(outcome, template, "resident");
    const struct message_info *info = message_info(MSG_NOTIFY);
    for (size_t i = 0; i < info->field_count; i++)
        if (info->fields[i].field != F_TEMPLATE && info->fields[i].field != F_RECIPIENTS)
            record_copy(notice, message, info->fields[i].field);
}

void handle_primary_step(const struct context *context, const struct record *order, const struct record *message,
                         struct outcome *outcome)
{
    static const enum field mirrored[] = {F_GROUP,   F_CATEGORY, F_DEPARTMENT, F_ASSISTING,  F_HANDED_AT,
                                          F_MEMBERS, F_DUE,      F_WRITTEN,    F_PROMISED_AT};
    const char *step = record_str(message, F_STEP), *actor = record_str(message, F_ACTOR);
    bool merged = record_is(order, F_STATE, STATE_MERGED),
         answer = words_have(HAS_ANSWER, record_str(message, F_STATE)), joined = strcmp(step, "joined") == 0;
    if (!record_is(order, F_PRIMARY, record_str(message, F_PRIMARY)))
        return; /* it has left meanwhile */
    if (merged && strcmp(step, "rejected") == 0) {
        outcome_step(outcome, "unmerged", actor, "the primary takes no more orders");
        be_own_again(order, outcome);
        screen_again(context, order, actor, outcome);
        return;
    }
    AUTOFREE char *primary = xasprintf(ACTOR_PRIMARY "%s", record_str(message, F_PRIMARY));
    /* One that has been rated, or is being handled by itself, has nothing to learn any more. */
    if (!merged && !record_is(order, F_STATE, STATE_ANSWERED))
        return;
    if (!merged && strcmp(step, "reopened") == 0)
        outcome_step(outcome, "resumed", primary, NULL);
    if (!merged && strcmp(step, "answered") != 0)
        return;
    for (size_t i = 0; i < sizeof mirrored / sizeof *mirrored; i++)
        if (mirrored[i] != F_WRITTEN || !record_is(order, F_WRITTEN, record_str(message, F_WRITTEN)))
            record_copy(outcome_changes(outcome), message, mirrored[i]); /* a step has the words that came with it */
    if (answer) {
        /* Who joins one that has an answer already has not given it. */
        record_answer(context, order, message, joined ? primary : actor, outcome);
        return;
    }
    if (joined) {
        outcome_step(outcome, "followed", actor, record_str(message, F_PRIMARY));
    } else {
        outcome_step(outcome, step, primary, NULL);
    }
    if (joined || record_has(message, F_TEMPLATE))
        tell_resident(message, joined ? "merged" : record_str(message, F_TEMPLATE), outcome);
}
