/*
 * clock.h - the clock that runs for an order: until when the next thing is to
 * be done, and when those above hear that it is not.
 *
 * An order has one clock at a time, in its own fields: which one, since when,
 * when it is due, how many rungs of the ladder have sounded, its pauses and
 * extensions. Whichever service has the order starts it, moves it and lets it
 * stand still by these functions, which write into the outcome of a handler;
 * the step is the handler's to name. The moment at which the supervision has
 * to look at the order is an entry of the county's zset "clock", written in
 * the same commit, so none can be missing.
 */
#ifndef SIDAN_CLOCK_H
#define SIDAN_CLOCK_H

#include "common/calendar.h"
#include "common/service.h"

/* Stops the clock that runs, if any, and starts another: it is due after the county's span for the order's urgency. */
void start_clock(const struct context *context, const struct record *order, enum clock_kind kind,
                 struct outcome *outcome);
/* The same from another moment on, which may be still to come. */
void start_clock_at(const struct context *context, const struct record *order, enum clock_kind kind, int64_t at,
                    struct outcome *outcome);
void stop_clock(const struct context *context, const struct record *order, struct outcome *outcome);

/*
 * Lets the clock stand still: no rung sounds; and go on: what passed meanwhile is added to the time that it has. False,
 * and nothing is changed, when there is nothing to pause, or nothing that is paused. A clock that stops, or gives way
 * to another, takes its pauses with it.
 */
bool pause_clock(const struct context *context, const struct record *order, struct outcome *outcome);
bool resume_clock(const struct context *context, const struct record *order, struct outcome *outcome);
bool clock_is_paused(const struct record *order);
/* Since when, ms since 1970; 0 when it runs. */
int64_t clock_paused_at(const struct record *order);

/*
 * Computes anew when the running clock is due: the county's calendar or spans, the order's urgency or its extension
 * have changed. Whether that moved it.
 */
bool move_clock(const struct context *context, const struct record *order, struct outcome *outcome);

/* What a deadline is made of, piece by piece, in the order in which it is computed; each may be NULL. */
struct clock_trace {
    struct calendar_trace days; /* of the span and of the extension */
    void (*span)(void *arg, int64_t start, struct span span, int64_t due);
    void (*pause)(void *arg, int64_t from, int64_t to, int64_t due); /* to: 0 while it lasts */
    void (*extension)(void *arg, int64_t working_days, int64_t due);
    void *arg;
};

/* When the order's clock is due by its start; trace may be NULL. -1: none runs, or it began before that was recorded.
 */
int64_t clock_due(const struct county *county, const struct record *order, const struct clock_trace *trace);

/*
 * The moment in working hours at which, after `from`, one of so many equal parts of the running clock's own time has
 * passed; where no clock runs, at once.
 */
int64_t clock_part_after(const struct county *county, const struct record *order, int64_t from, int64_t parts);

/*
 * The traffic light: green; yellow when three quarters of the clock's own time, working time or all time, are used up;
 * red when it is overdue. It stands still while the clock does. "" where none runs.
 */
const char *clock_light(const struct county *county, const struct record *order, int64_t now);

/* When a rung sounds of a clock that is due then: the first at once, each other one its `escalate` later; at work only.
 */
int64_t clock_rung(const struct county *county, int64_t due, int64_t rung);
/* When a rung but the first sounds, if the one before it did at that moment. */
int64_t clock_rung_after(const struct county *county, int64_t before, int64_t rung);

#endif
