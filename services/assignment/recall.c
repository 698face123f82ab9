/*
 * recall.c - 定单 anew: an order goes back to the convener's desk, to be corrected, returned or given to others: one
 * that routing has opened by itself, for instance, or that was taken out of its primary.
 */
#include "common/order.h"
#include "common/question.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <stdio.h>

void take_from_handlers(const struct record *order, struct outcome *outcome)
{
    static const enum field handled[] = {F_MEMBERS, F_ASSISTING, F_OBJECTED};
    struct record *changes = outcome_changes(outcome);
    for (size_t i = 0; i < sizeof handled / sizeof *handled; i++)
        if (record_len(order, handled[i]) > 0)
            record_set(changes, handled[i], "");
    if (record_int(order, F_HANDED_AT) > 0)
        record_set_int(changes, F_HANDED_AT, 0);
}

void screen_again(const struct context *context, const struct record *order, const char *actor, struct outcome *outcome)
{
    static const enum field ended[] = {F_PRIMARY, F_WRITTEN};
    struct record *changes = outcome_changes(outcome);
    char recipient[64];
    record_set(changes, F_STATE, STATE_SCREENING);
    for (size_t i = 0; i < sizeof ended / sizeof *ended; i++)
        if (record_len(order, ended[i]) > 0)
            record_set(changes, ended[i], "");
    take_from_handlers(order, outcome);
    start_clock(context, order, CLOCK_HANDOVER, outcome);
    supervising_convener(context, order, recipient, sizeof recipient);
    if (strcmp(actor, recipient) != 0)
        outcome_notify(outcome, "screening", recipient);
}

void handle_recall(const struct context *context, const struct record *order, const struct record *message,
                   struct outcome *outcome)
{
    const char *members = record_str(order, F_MEMBERS), *actor = record_str(message, F_ACTOR);
    char recipients[2001], entry[CLOCK_ENTRY_SIZE];
    if (!state_is(order, STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING, "screened again", outcome) ||
        !has_reason(message, outcome))
        return;
    if (record_int(order, F_ROUND) > 0) {
        outcome_refuse(outcome, "state", "round",
                       "the order has been answered before, and its resident has rated that: give it to other members");
        return;
    }
    if (words_count(record_str(order, F_MERGED)) > 0) {
        outcome_refuse(outcome, "state", "merged", "others are merged into this order: undo those first");
        return;
    }
    outcome_step(outcome, "recalled", actor, record_str(message, F_REASON));
    drop_question(context, order, outcome);
    order_clock_entry(entry, context->order_id, clock_name(CLOCK_CLAIM), 0);
    outcome_zrem(outcome, CLOCKS_KEY, entry);
    change_load(context, members, "", -1, outcome);
    screen_again(context, order, actor, outcome);
    handler_recipients(order, recipients, sizeof recipients);
    if (*recipients)
        record_copy(outcome_notify(outcome, "recalled", recipients), message, F_REASON);
    if (!record_is(order, F_STATE, STATE_OPEN)) /* till then its resident has heard of nobody */
        outcome_notify(outcome, "recalled_resident", "resident");
}
