/*
 * calendar.c - working days, working hours, spans, and times as text.
 *
 * A day is counted from 1970-01-01 in China time. The table of exceptions is
 * sorted by day and belongs to the county. Nothing here fails but the readers
 * of text, which leave their output alone then.
 */
#include "common/calendar.h"

#include "common/alloc.h"
#include "common/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define CHINA_MS (8 * HOUR_MS)

struct exception {
    int64_t day;
    bool work;
    const char *name; /* of the holiday; the county's */
};

struct calendar {
    struct exception *exceptions; /* by day */
    size_t count;
};

struct calendar *calendar_new(void)
{
    return xcalloc(1, sizeof(struct calendar));
}

void calendar_destroy(struct calendar **calendar)
{
    if (!*calendar)
        return;
    free((*calendar)->exceptions);
    free(*calendar);
    *calendar = NULL;
}

/* Index of the exception of this day, or where it would have to stand. */
static size_t find_exception(const struct calendar *calendar, int64_t day)
{
    size_t from = 0, to = calendar->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (calendar->exceptions[middle].day < day)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool is_exception(const struct calendar *calendar, size_t index, int64_t day)
{
    return index < calendar->count && calendar->exceptions[index].day == day;
}

int date_parse(const char *date, int64_t *ret_at)
{
    int year, month, day_of_month, length = 0;

    /* Spreadsheets write 2026-10-01 back as 2026/10/1. */
    int numbers = sscanf(date, "%4d%*1[-/]%2d%*1[-/]%2d%n", &year, &month, &day_of_month, &length);
    if (numbers != 3 || date[length] || year < 1970) /* 10/01/26 is of another order, and of which century */
        return -EINVAL;
    AUTOFREE char *midnight = xasprintf("%04d-%02d-%02dT00:00:00", year, month, day_of_month);
    return time_parse(midnight, ret_at);
}

int calendar_year(int64_t at)
{
    char text[TIME_SIZE];
    time_format(text, at);
    return (int)strtol(text, NULL, 10);
}

int64_t calendar_year_start(int year)
{
    char date[24];
    int64_t at = 0;
    snprintf(date, sizeof date, "%04d-01-01", year);
    date_parse(date, &at);
    return at;
}

int calendar_set(struct calendar *calendar, const char *date, bool work, const char *name)
{
    int64_t at;

    if (date_parse(date, &at) < 0)
        return -EINVAL;
    int64_t day = (at + CHINA_MS) / DAY_MS;
    size_t index = find_exception(calendar, day);
    if (is_exception(calendar, index, day))
        return -EEXIST;

    calendar->exceptions = xrealloc(calendar->exceptions, (calendar->count + 1) * sizeof *calendar->exceptions);
    memmove(calendar->exceptions + index + 1, calendar->exceptions + index,
            (calendar->count - index) * sizeof *calendar->exceptions);
    calendar->exceptions[index] = (struct exception){.day = day, .work = work, .name = name};
    calendar->count++;
    return 0;
}

/* A moment as a day and the time since its midnight, in China. */
static int64_t day_of(int64_t at, int64_t *ret_time)
{
    int64_t local = at + CHINA_MS;
    int64_t time = (local % DAY_MS + DAY_MS) % DAY_MS;

    *ret_time = time;
    return (local - time) / DAY_MS;
}

static int64_t moment(int64_t day, int64_t time)
{
    return day * DAY_MS + time - CHINA_MS;
}

/* What a day is; ret_name may be NULL. */
static enum day_kind kind_of(const struct county *county, int64_t day, const char **ret_name)
{
    size_t index = find_exception(county->calendar, day);
    bool works = county->work_weekday[((day + 4) % 7 + 7) % 7]; /* 1970-01-01 was a Thursday */

    if (!is_exception(county->calendar, index, day))
        return works ? DAY_WORK : DAY_REST;
    if (ret_name)
        *ret_name = county->calendar->exceptions[index].name;
    return county->calendar->exceptions[index].work ? DAY_MAKE_UP : DAY_HOLIDAY;
}

static bool is_workday(const struct county *county, int64_t day)
{
    enum day_kind kind = kind_of(county, day, NULL);

    return kind == DAY_WORK || kind == DAY_MAKE_UP;
}

/* Ends, because every county works on at least one weekday and the exceptions are few. */
static int64_t workday_after(const struct county *county, int64_t day, const struct calendar_trace *trace)
{
    do {
        day++;
        if (trace) {
            const char *name = "";
            enum day_kind kind = kind_of(county, day, &name);
            trace->day(trace->arg, moment(day, 0), kind, name);
        }
    } while (!is_workday(county, day));
    return day;
}

bool calendar_is_workday(const struct county *county, int64_t at)
{
    int64_t time;

    return is_workday(county, day_of(at, &time));
}

int64_t calendar_next_work(const struct county *county, int64_t at)
{
    int64_t start = county->work_start * MINUTE_MS, end = county->work_end * MINUTE_MS, time;
    int64_t day = day_of(at, &time);

    if (!is_workday(county, day) || time >= end)
        return moment(workday_after(county, day, NULL), start);
    return time < start ? moment(day, start) : at;
}

int64_t calendar_end(const struct county *county, int64_t at, struct span span, const struct calendar_trace *trace)
{
    if (span.working_days <= 0)
        return at + span.ms;

    int64_t time, day = day_of(calendar_next_work(county, at), &time);
    for (int i = 0; i < span.working_days; i++)
        day = workday_after(county, day, trace);
    return moment(day, time);
}

/* How much of a day's working time has passed at this time of day. */
static int64_t worked_until(const struct county *county, int64_t time)
{
    int64_t start = county->work_start * MINUTE_MS, end = county->work_end * MINUTE_MS;

    return time <= start ? 0 : (time < end ? time : end) - start;
}

int64_t calendar_worked(const struct county *county, int64_t from, int64_t to)
{
    int64_t first_time, last_time, worked = 0;
    int64_t first = day_of(from, &first_time), last = day_of(to, &last_time);

    for (int64_t day = first; day <= last; day++)
        if (is_workday(county, day))
            worked += worked_until(county, day == last ? last_time : DAY_MS) -
                      worked_until(county, day == first ? first_time : 0);
    return worked;
}

int64_t calendar_after_work(const struct county *county, int64_t at, int64_t worked)
{
    int64_t end = county->work_end * MINUTE_MS, time;

    for (;;) {
        at = calendar_next_work(county, at);
        int64_t day = day_of(at, &time);
        if (worked <= end - time)
            return at + worked;
        worked -= end - time;
        at = moment(day, end);
    }
}

int64_t calendar_workday_before(const struct county *county, int64_t at)
{
    enum { LOOK_BACK = 60 }; /* days; who has no working day among them hears on the day before */
    int64_t time, day = day_of(at, &time) - 1;
    for (int64_t earliest = day - LOOK_BACK; day > earliest; day--)
        if (calendar_is_workday(county, moment(day, 0)))
            return moment(day, county->work_start * MINUTE_MS);
    return moment(day + LOOK_BACK, county->work_start * MINUTE_MS);
}

int span_parse(const char *text, struct span *ret_span)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"s", 1000}, {"m", MINUTE_MS}, {"h", HOUR_MS}, {"d", DAY_MS}, {"wd", DAY_MS}};
    size_t digits = strspn(text, "0123456789");
    AUTOFREE char *number = xstrndup(text, digits);
    int64_t count;

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(text + digits, units[i].name) != 0)
            continue;
        if (parse_int(number, 1, 400 * DAY_MS / units[i].ms, &count) < 0)
            return -EINVAL;
        bool working_days = strcmp(units[i].name, "wd") == 0;
        ret_span->working_days = working_days ? (int)count : 0;
        ret_span->ms = working_days ? 0 : count * units[i].ms;
        return 0;
    }
    return -EINVAL;
}

void time_format(char text[TIME_SIZE], int64_t at)
{
    int64_t time, day = day_of(at, &time);
    time_t seconds = (time_t)(day * (DAY_MS / 1000) + time / 1000);
    struct tm local;

    if (!gmtime_r(&seconds, &local) || strftime(text, TIME_SIZE, "%Y-%m-%dT%H:%M:%S+08:00", &local) == 0)
        text[0] = '\0';
}

/* Reads exactly `count` digits and the character behind them, unless that is NUL. */
static bool take_number(const char **cursor, int count, const char *behind, int *ret_number)
{
    int number = 0;

    for (; count > 0; count--, (*cursor)++) {
        if (**cursor < '0' || **cursor > '9')
            return false;
        number = number * 10 + (**cursor - '0');
    }
    if (*behind && (!**cursor || !strchr(behind, *(*cursor)++)))
        return false;
    *ret_number = number;
    return true;
}

/* ".123", of which milliseconds are kept; nothing there is 0. */
static bool take_fraction(const char **cursor, int *ret_ms)
{
    int ms = 0, weight = 100;

    if (**cursor == '.') {
        size_t digits = strspn(++*cursor, "0123456789");
        if (digits == 0 || digits > 9)
            return false;
        for (; digits > 0; digits--, weight /= 10)
            ms += (*(*cursor)++ - '0') * weight;
    }
    *ret_ms = ms;
    return true;
}

/* "Z", "+08:00", "+0800", or nothing, which is China time. */
static bool take_offset(const char **cursor, int64_t *ret_offset)
{
    int hours, minutes, sign = **cursor == '-' ? -1 : 1;

    if (!**cursor) {
        *ret_offset = CHINA_MS;
        return true;
    }
    if (strcmp(*cursor, "Z") == 0) {
        *ret_offset = 0;
        return true;
    }
    if (*(*cursor) != '+' && *(*cursor) != '-')
        return false;
    ++*cursor;
    const char *colon = strlen(*cursor) == 5 ? ":" : "";
    if (!take_number(cursor, 2, colon, &hours) || !take_number(cursor, 2, "", &minutes) || **cursor)
        return false;
    *ret_offset = sign * (hours * HOUR_MS + minutes * MINUTE_MS);
    return hours < 24 && minutes < 60;
}

int time_parse(const char *text, int64_t *ret_at)
{
    struct tm given = {0};
    int ms;
    int64_t offset;

    if (!take_number(&text, 4, "-", &given.tm_year) || !take_number(&text, 2, "-", &given.tm_mon) ||
        !take_number(&text, 2, "T ", &given.tm_mday) || !take_number(&text, 2, ":", &given.tm_hour) ||
        !take_number(&text, 2, ":", &given.tm_min) || !take_number(&text, 2, "", &given.tm_sec) ||
        !take_fraction(&text, &ms) || !take_offset(&text, &offset))
        return -EINVAL;
    given.tm_year -= 1900;
    given.tm_mon -= 1;

    /* timegm() carries 30 February over into March: then the fields no longer agree. */
    struct tm real = given;
    int64_t seconds = timegm(&real);
    if (real.tm_mon != given.tm_mon || real.tm_mday != given.tm_mday || real.tm_hour != given.tm_hour ||
        real.tm_min != given.tm_min || real.tm_sec != given.tm_sec)
        return -EINVAL;
    *ret_at = seconds * 1000 + ms - offset;
    return 0;
}
