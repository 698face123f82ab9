/*
 * callback.c - 回访: no answer is the end of an order before its resident has been asked what they think of it.
 *
 * The SMS that tells the answer asks for the first time. Without a rating an SMS asks again when a part of the callback
 * clock's time has passed, in working hours; after the third the order is on the list of those whose residents a person
 * calls (F_TO_CALL), and the convener hears so, once. One part of that time is left for calling. An order that is
 * merged is asked for by itself, because it is answered by itself.
 */
#include "common/order.h"
#include "common/resident.h"
#include "services/assignment/assignment.h"

#include <stdio.h>

enum { ASKS = 3, PARTS = ASKS + 1 };

static void entry_of(char entry[CLOCK_ENTRY_SIZE], const struct context *context, int64_t asks)
{
    order_clock_entry(entry, context->order_id, CLOCK_ASK, asks);
}

/* Asked so many times now. order: as it is when that has been committed. */
static void wait_for_rating(const struct context *context, const struct record *order, int64_t asks,
                            struct outcome *outcome)
{
    char entry[CLOCK_ENTRY_SIZE];
    entry_of(entry, context, asks);
    record_set_int(outcome_changes(outcome), F_ASKS, asks);
    outcome_zadd(outcome, CLOCKS_KEY, clock_part_after(context->county, order, context->now, PARTS), entry);
    await_reply(context, order, outcome);
}

static void leave_to_a_person(const struct context *context, const struct record *order, struct outcome *outcome)
{
    char convener[64];
    record_set_int(outcome_changes(outcome), F_TO_CALL, 1);
    supervising_convener(context, order, convener, sizeof convener);
    record_copy(outcome_notify(outcome, "to_call", convener), order, F_DUE);
}

void ask_for_rating(const struct context *context, const struct record *order, struct outcome *outcome)
{
    RECORD *after = record_new();
    record_copy_all(after, order);
    record_copy_all(after, outcome_changes(outcome));
    record_set_int(outcome_changes(outcome), F_TO_CALL, 0);
    bool own = resident_handles(context->county, after);
    struct record *notice = outcome_notify(outcome, own ? "answered_own" : "answered", "resident");
    record_copy(notice, after, F_ANSWER);
    record_copy(notice, after, F_OUTCOME);
    if (own)
        leave_to_a_person(context, after, outcome);
    else if (record_len(order, F_PERSON) > 0)
        wait_for_rating(context, after, 1, outcome);
}

int64_t asking_due(const struct context *context, const struct record *order)
{
    int64_t due = record_int(order, F_ANSWERED_AT);
    for (int64_t asks = record_int(order, F_ASKS); asks > 0; asks--)
        due = clock_part_after(context->county, order, due, PARTS);
    return calendar_next_work(context->county, due > context->now ? due : context->now);
}

void ask_again(const struct context *context, const struct record *order, const char *entry, struct outcome *outcome)
{
    int64_t asks = record_int(order, F_ASKS);
    outcome_zrem(outcome, CLOCKS_KEY, entry);
    if (asks < ASKS) {
        outcome_step(outcome, "asked_again", "clock", NULL);
        wait_for_rating(context, order, asks + 1, outcome);
        outcome_notify(outcome, "ask_again", "resident");
    } else {
        outcome_step(outcome, "to_call", "clock", NULL);
        leave_to_a_person(context, order, outcome);
    }
}

void ask_no_more(const struct context *context, const struct record *order, struct outcome *outcome)
{
    char entry[CLOCK_ENTRY_SIZE];
    entry_of(entry, context, record_int(order, F_ASKS));
    outcome_zrem(outcome, CLOCKS_KEY, entry);
    await_no_reply(context, order, outcome);
    if (record_int(order, F_TO_CALL) > 0)
        record_set_int(outcome_changes(outcome), F_TO_CALL, 0);
}
