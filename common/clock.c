/*
 * clock.c - starts, stops, pauses and moves the clock of an order; see clock.h.
 *
 * Pure. F_PAUSES lists the pauses of the running clock as "from-to from-to", in
 * ms since 1970; the one that lasts has no end yet: "from-".
 */
#include "common/clock.h"

#include "common/alloc.h"
#include "common/order.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The order as it is when the outcome has been committed; the caller destroys it. */
static struct record *order_after(const struct record *order, struct outcome *outcome)
{
    struct record *after = record_new();
    record_copy_all(after, order);
    record_copy_all(after, outcome_changes(outcome));
    return after;
}

static void entry_of(char entry[CLOCK_ENTRY_SIZE], const struct context *context, const struct record *order)
{
    order_clock_entry(entry, context->order_id, record_str(order, F_CLOCK), record_int(order, F_RUNG));
}

/* Has the supervision look at the order when the next rung is to sound. */
static void set_entry(const struct context *context, const struct record *order, struct outcome *outcome)
{
    char entry[CLOCK_ENTRY_SIZE];
    entry_of(entry, context, order);
    outcome_zadd(outcome, CLOCKS_KEY, clock_rung(context->county, record_int(order, F_DUE), record_int(order, F_RUNG)),
                 entry);
}

static void remove_entry(const struct context *context, const struct record *order, struct outcome *outcome)
{
    char entry[CLOCK_ENTRY_SIZE];
    entry_of(entry, context, order);
    if (record_len(order, F_CLOCK) > 0)
        outcome_zrem(outcome, CLOCKS_KEY, entry);
}

void stop_clock(const struct context *context, const struct record *order, struct outcome *outcome)
{
    struct record *changes = outcome_changes(outcome);
    remove_entry(context, order, outcome);
    record_set(changes, F_CLOCK, "");
    record_set_int(changes, F_DUE, 0);
    record_set_int(changes, F_RUNG, 0);
    if (record_int(order, F_EXTENDED) > 0)
        record_set_int(changes, F_EXTENDED, 0);
    if (record_int(order, F_ASKED_DAYS) > 0)
        record_set_int(changes, F_ASKED_DAYS, 0);
    if (record_len(order, F_PAUSES) > 0)
        record_set(changes, F_PAUSES, "");
}

void start_clock(const struct context *context, const struct record *order, enum clock_kind kind,
                 struct outcome *outcome)
{
    start_clock_at(context, order, kind, context->now, outcome);
}

void start_clock_at(const struct context *context, const struct record *order, enum clock_kind kind, int64_t at,
                    struct outcome *outcome)
{
    struct record *changes = outcome_changes(outcome);
    stop_clock(context, order, outcome);
    record_set(changes, F_CLOCK, clock_name(kind));
    record_set_int(changes, F_CLOCK_AT, at);
    RECORD *after = order_after(order, outcome);
    record_set_int(changes, F_DUE, clock_due(context->county, after, NULL));
    record_copy(after, changes, F_DUE);
    set_entry(context, after, outcome);
}

bool clock_is_paused(const struct record *order)
{
    size_t length = record_len(order, F_PAUSES);
    return length > 0 && record_str(order, F_PAUSES)[length - 1] == '-';
}

int64_t clock_paused_at(const struct record *order)
{
    const char *pauses = record_str(order, F_PAUSES), *last = strrchr(pauses, ' ');
    return clock_is_paused(order) ? strtoll(last ? last + 1 : pauses, NULL, 10) : 0;
}

bool pause_clock(const struct context *context, const struct record *order, struct outcome *outcome)
{
    enum { ROOM = 32 }; /* for one more */
    const char *pauses = record_str(order, F_PAUSES);
    if (record_len(order, F_CLOCK) == 0 || clock_is_paused(order) || strlen(pauses) + ROOM > field_info(F_PAUSES)->max)
        return false;
    record_printf(outcome_changes(outcome), F_PAUSES, "%s%s%" PRId64 "-", pauses, *pauses ? " " : "", context->now);
    remove_entry(context, order, outcome);
    return true;
}

bool resume_clock(const struct context *context, const struct record *order, struct outcome *outcome)
{
    struct record *changes = outcome_changes(outcome);
    if (!clock_is_paused(order))
        return false;
    record_printf(changes, F_PAUSES, "%s%" PRId64, record_str(order, F_PAUSES), context->now);
    RECORD *after = order_after(order, outcome);
    int64_t due = clock_due(context->county, after, NULL);
    if (due > 0) {
        record_set_int(changes, F_DUE, due);
        record_copy(after, changes, F_DUE);
    }
    set_entry(context, after, outcome);
    return true;
}

bool move_clock(const struct context *context, const struct record *order, struct outcome *outcome)
{
    RECORD *after = order_after(order, outcome);
    int64_t due = clock_due(context->county, after, NULL);
    if (due < 0 || due == record_int(after, F_DUE))
        return false;
    record_set_int(outcome_changes(outcome), F_DUE, due);
    record_set_int(after, F_DUE, due);
    if (!clock_is_paused(after))
        set_entry(context, after, outcome);
    return true;
}

static struct span span_of(const struct county *county, const struct record *order, int kind)
{
    return county_clock(county, record_str(order, F_URGENCY), (enum clock_kind)kind);
}

/* What passes of a clock's own time between two moments: working time, or all time. */
static int64_t own_time(const struct county *county, struct span span, int64_t from, int64_t to)
{
    return span.working_days > 0 ? calendar_worked(county, from, to) : to - from;
}

int64_t clock_part_after(const struct county *county, const struct record *order, int64_t from, int64_t parts)
{
    int kind = clock_by_name(record_str(order, F_CLOCK));
    if (kind < 0)
        return calendar_next_work(county, from);
    struct span span = span_of(county, order, kind);
    int64_t part = own_time(county, span, record_int(order, F_CLOCK_AT), record_int(order, F_DUE)) / parts;
    return calendar_next_work(county, span.working_days > 0 ? calendar_after_work(county, from, part) : from + part);
}

/* A pause moves a clock on by what has passed of its own time. */
static int64_t after_pause(const struct county *county, struct span span, int64_t due, int64_t from, int64_t to)
{
    int64_t lost = own_time(county, span, from, to);
    return span.working_days > 0 ? calendar_after_work(county, due, lost) : due + lost;
}

/* Takes the first pause off a list; returns the rest, NULL when there was none. ret_to: 0 when it still lasts. */
static const char *next_pause(const char *pauses, int64_t *ret_from, int64_t *ret_to)
{
    char *end;
    *ret_from = strtoll(pauses, &end, 10);
    if (end == pauses)
        return NULL;
    *ret_to = *end == '-' ? strtoll(end + 1, &end, 10) : 0;
    return end;
}

int64_t clock_due(const struct county *county, const struct record *order, const struct clock_trace *trace)
{
    const struct calendar_trace *days = trace ? &trace->days : NULL;
    int kind = clock_by_name(record_str(order, F_CLOCK));
    int64_t start = record_int(order, F_CLOCK_AT), extended = record_int(order, F_EXTENDED), from, to;
    if (kind < 0 || start == 0)
        return -1;
    struct span span = span_of(county, order, kind);
    /* What was promised is due by then, however long others have. */
    bool promised = kind == CLOCK_FOLLOW && record_int(order, F_PROMISED_AT) > start;
    int64_t due = promised ? record_int(order, F_PROMISED_AT) : calendar_end(county, start, span, days);
    if (trace && !promised)
        trace->span(trace->arg, start, span, due);
    for (const char *rest = record_str(order, F_PAUSES); (rest = next_pause(rest, &from, &to));) {
        due = to > 0 ? after_pause(county, span, due, from, to) : due;
        if (trace)
            trace->pause(trace->arg, from, to, due);
    }
    if (extended > 0) {
        due = calendar_end(county, due, (struct span){.working_days = (int)extended}, days);
        if (trace)
            trace->extension(trace->arg, extended, due);
    }
    return due;
}

const char *clock_light(const struct county *county, const struct record *order, int64_t now)
{
    int kind = clock_by_name(record_str(order, F_CLOCK));
    int64_t start = record_int(order, F_CLOCK_AT), due = record_int(order, F_DUE), from, to;
    if (kind < 0)
        return "";
    struct span span = span_of(county, order, kind);
    int64_t time = own_time(county, span, start > 0 ? start : now, due);
    for (const char *rest = record_str(order, F_PAUSES); (rest = next_pause(rest, &from, &to));) {
        if (to > 0)
            time -= own_time(county, span, from, to);
        else
            now = from;
    }
    if (now >= due)
        return "red";
    return own_time(county, span, now, due) * 4 <= time ? "yellow" : "green";
}

int64_t clock_rung_after(const struct county *county, int64_t before, int64_t rung)
{
    return calendar_next_work(county, calendar_end(county, before, county->escalate[rung - 1], NULL));
}

int64_t clock_rung(const struct county *county, int64_t due, int64_t rung)
{
    int64_t at = calendar_next_work(county, due);
    for (int64_t i = 1; i <= rung; i++)
        at = clock_rung_after(county, at, i);
    return at;
}
