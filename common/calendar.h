/*
 * calendar.h - working days and working hours in China.
 *
 * Weekday rules, overridden by a table of holidays (off) and of make-up
 * workdays (work, 调休). China keeps UTC+8 all the year. Times are ms since
 * 1970.
 */
#ifndef SIDAN_CALENDAR_H
#define SIDAN_CALENDAR_H

#include "common/county.h"

struct calendar;

struct calendar *calendar_new(void);
void calendar_destroy(struct calendar **calendar);

/*
 * Declares one day off or a workday; date is "2026-10-01" or "2026/10/1". name: of the holiday; must outlive the
 * calendar. 0, -EINVAL (no such date), -EEXIST (declared before).
 */
int calendar_set(struct calendar *calendar, const char *date, bool work, const char *name);

/* The midnight, in China, at which such a date begins. 0 or -EINVAL. */
int date_parse(const char *date, int64_t *ret_at);

/* Whether the day that holds this moment is worked in the county. */
bool calendar_is_workday(const struct county *county, int64_t at);

/* What a day is: by its weekday, or declared. */
enum day_kind { DAY_WORK, DAY_REST, DAY_MAKE_UP, DAY_HOLIDAY };

/* Told of each day that a span of working days passes over: its midnight, what it is, and of which holiday. */
struct calendar_trace {
    void (*day)(void *arg, int64_t midnight, enum day_kind kind, const char *name);
    void *arg;
};

/*
 * The moment a span ends that starts at `at`. n working days end at the same
 * time of day n working days later; a start outside working time counts from
 * the next working morning. trace may be NULL.
 */
int64_t calendar_end(const struct county *county, int64_t at, struct span span, const struct calendar_trace *trace);

/* The working time between two moments, in ms; and the moment at which so much has passed since `at`. */
int64_t calendar_worked(const struct county *county, int64_t from, int64_t to);
int64_t calendar_after_work(const struct county *county, int64_t at, int64_t worked);

/* `at` itself inside working hours, else the start of the next ones. */
int64_t calendar_next_work(const struct county *county, int64_t at);

/* When work begins on the last working day before the day that holds this moment. */
int64_t calendar_workday_before(const struct county *county, int64_t at);

/* The year, in China, that holds this moment; and when it began. */
int calendar_year(int64_t at);
int64_t calendar_year_start(int year);

/* "90s", "15m", "36h", "7d", "2wd" (working days) → span. 0 or -EINVAL. More than 0, at most 400 days. */
int span_parse(const char *text, struct span *ret_span);

/* Writes "2026-11-22T09:30:00+08:00". */
enum { TIME_SIZE = 26 };
void time_format(char text[TIME_SIZE], int64_t at);

/* Reads the same, also with Z, another offset, or a space for the T; without an offset China time. 0 or -EINVAL. */
int time_parse(const char *text, int64_t *ret_at);

#endif
