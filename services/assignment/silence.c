/*
 * silence.c - 接单: who was given an order and does nothing on it by the time that the county sets (the clock confirm
 * of clocks.csv) loses it to the next. Without such a time nobody does.
 *
 * F_UNSEEN has who was given it and when, "M1/1795399200000 M4/...". Whatever a member does is a step in their name,
 * and ends that; "I have seen it, I am on it" is one, too. Where nobody is left to take it, it stays, and the convener
 * is told.
 */
#include "common/order.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNSEEN_SIZE = 2001 };

/* A member who was given the order, and when. */
struct given {
    char member[40];
    int64_t at;
};

/* The next of a list; false when there is none. */
static bool next_given(const char **list, struct given *ret_given)
{
    char word[80];
    if (!words_next(list, word, sizeof word))
        return false;
    size_t length = strcspn(word, "/");
    snprintf(ret_given->member, sizeof ret_given->member, "%.*s", (int)length, word);
    ret_given->at = word[length] ? strtoll(word + length + 1, NULL, 10) : 0;
    return true;
}

static void append_given(char list[UNSEEN_SIZE], const struct given *given)
{
    char word[80];
    snprintf(word, sizeof word, "%s/%" PRId64, given->member, given->at);
    words_append(list, UNSEEN_SIZE, word);
}

/* A field as it is when the outcome has been committed. */
static const char *after(const struct record *order, struct outcome *outcome, enum field field)
{
    return record_str(record_has(outcome_changes(outcome), field) ? outcome_changes(outcome) : order, field);
}

bool is_unseen(const struct record *order, const char *member)
{
    struct given given;
    for (const char *rest = record_str(order, F_UNSEEN); next_given(&rest, &given);)
        if (strcmp(given.member, member) == 0)
            return true;
    return false;
}

static bool has_time(const struct county *county, const struct record *order)
{
    struct span span = county_clock(county, record_str(order, F_URGENCY), CLOCK_CONFIRM);
    return span.working_days > 0 || span.ms > 0;
}

/* Until when a member has to do something: nobody loses an order outside working hours. */
static int64_t end_of(const struct county *county, const struct record *order, int64_t given_at)
{
    struct span span = county_clock(county, record_str(order, F_URGENCY), CLOCK_CONFIRM);
    return calendar_next_work(county, calendar_end(county, given_at, span, NULL));
}

int64_t confirmation_end(const struct county *county, const struct record *order)
{
    int64_t first = 0;
    struct given given;
    for (const char *rest = record_str(order, F_UNSEEN); has_time(county, order) && next_given(&rest, &given);) {
        int64_t end = end_of(county, order, given.at);
        first = first == 0 || end < first ? end : first;
    }
    return first;
}

void expect_confirmation(const struct context *context, const struct record *order, const char *members,
                         struct outcome *outcome)
{
    char list[UNSEEN_SIZE];
    struct given given = {.at = context->now};
    snprintf(list, sizeof list, "%s", after(order, outcome, F_UNSEEN));
    while (words_next(&members, given.member, sizeof given.member))
        append_given(list, &given);
    if (!record_is(order, F_UNSEEN, list))
        record_set(outcome_changes(outcome), F_UNSEEN, list);
}

void note_seen(const struct context *context, const struct record *order, struct outcome *outcome)
{
    char list[UNSEEN_SIZE] = "", entry[CLOCK_ENTRY_SIZE];
    const char *before = after(order, outcome, F_UNSEEN), *members = after(order, outcome, F_MEMBERS);
    struct given given;
    if (!outcome_step_name(outcome) || (!*before && record_len(order, F_UNSEEN) == 0))
        return;
    const char *actor = outcome_actor(outcome), *who = strncmp(actor, "member:", 7) == 0 ? actor + 7 : "";
    bool handled = words_have(STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING, after(order, outcome, F_STATE));
    while (handled && next_given(&before, &given)) /* what has been answered is nobody's to see to any more */
        if (words_have(members, given.member) && (strcmp(given.member, who) != 0 || given.at == context->now))
            append_given(list, &given);
    if (record_is(order, F_UNSEEN, list) && !record_has(outcome_changes(outcome), F_UNSEEN))
        return;
    record_set(outcome_changes(outcome), F_UNSEEN, list);
    RECORD *then = record_new();
    record_copy(then, order, F_URGENCY);
    record_set(then, F_UNSEEN, list);
    int64_t end = confirmation_end(context->county, then);
    order_clock_entry(entry, context->order_id, clock_name(CLOCK_CONFIRM), 0);
    if (end > 0)
        outcome_zadd(outcome, CLOCKS_KEY, end, entry);
    else
        outcome_zrem(outcome, CLOCKS_KEY, entry);
}

void handle_confirm(const struct context *context, const struct record *order, const struct record *message,
                    struct outcome *outcome)
{
    const char *actor = record_str(message, F_ACTOR);
    if (!state_is(order, STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING, "confirmed", outcome) ||
        !may_act(order, message, outcome))
        return;
    if (strncmp(actor, "member:", 7) != 0) {
        outcome_refuse(outcome, "invalid", "actor", "name the member who has seen it, as member:ID");
        return;
    }
    if (is_unseen(order, actor + 7)) {
        outcome_step(outcome, "confirmed", actor, NULL);
        return;
    }
    struct record *reply = outcome_reply(outcome, MSG_DONE);
    record_set(reply, F_ORDER, context->order_id);
    record_copy(reply, order, F_STATE);
    record_copy(reply, order, F_MEMBERS);
    record_set(reply, F_DETAIL, "this member has seen it already");
}

/* Those whose time has passed, who keep it where nobody else is left; and who has some left, as F_UNSEEN has them. */
static void find_silent(const struct context *context, const struct record *order, char silent[401],
                        char waiting[UNSEEN_SIZE])
{
    struct given given;
    silent[0] = waiting[0] = '\0';
    for (const char *rest = record_str(order, F_UNSEEN); next_given(&rest, &given);)
        if (end_of(context->county, order, given.at) > context->now)
            append_given(waiting, &given);
        else if (words_have(record_str(order, F_MEMBERS), given.member))
            words_append(silent, 401, given.member);
}

/* As many as there are others to take their places. */
static void keep_replaceable(const struct context *context, const struct record *order, char silent[401])
{
    char staying[401], leaving[401] = "", member[40];
    struct choice choice;
    snprintf(staying, sizeof staying, "%s", record_str(order, F_MEMBERS));
    choose(context, order, staying, (int64_t)(words_count(staying) + words_count(silent)), &choice);
    size_t count = words_count(choice.chosen);
    for (const char *rest = silent; words_count(leaving) < count && words_next(&rest, member, sizeof member);)
        words_append(leaving, sizeof leaving, member);
    snprintf(silent, 401, "%s", leaving);
}

/* They lose the order to the next; and it comes to none of them by choice any more. */
static void pass_over(const struct context *context, const struct record *order, const char *silent,
                      struct outcome *outcome)
{
    char declined[401], member[40];
    snprintf(declined, sizeof declined, "%s", record_str(order, F_DECLINED));
    for (const char *rest = silent; words_next(&rest, member, sizeof member);)
        words_append(declined, sizeof declined, member);
    record_set(outcome_changes(outcome), F_DECLINED, declined);
    pass_on(context, order,
            &(struct passing){
                .leaving = silent, .step = "passed_over", .actor = "clock", .reason = "silence", .tell = true},
            outcome);
}

void end_confirmation(const struct context *context, const struct record *order, struct outcome *outcome)
{
    char silent[401], waiting[UNSEEN_SIZE];
    find_silent(context, order, silent, waiting);
    size_t count = words_count(silent);
    char all[401];
    snprintf(all, sizeof all, "%s", silent);
    record_set(outcome_changes(outcome), F_UNSEEN, waiting);
    keep_replaceable(context, order, silent);
    if (*silent)
        pass_over(context, order, silent, outcome);
    else
        outcome_step(outcome, "silent", "clock", NULL);
    if (words_count(silent) < count) {
        char convener[64], member[40];
        for (const char *rest = silent; words_next(&rest, member, sizeof member);)
            words_remove(all, member);
        supervising_convener(context, order, convener, sizeof convener);
        record_set(outcome_notify(outcome, "silent", convener), F_MEMBERS, all);
    }
}
