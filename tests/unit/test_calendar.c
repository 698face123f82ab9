/*
 * test_calendar.c - working days over National Day 2026 (1 to 7 October off,
 * 20 September and 10 October worked), spans, and times as text.
 */
#include "common/calendar.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof *(array))

static struct county county = {
    .work_start = 8 * 60 + 30,
    .work_end = 17 * 60 + 30,
    .work_weekday = {false, true, true, true, true, true, false},
};

static int make_county(void **state)
{
    static const char *const off[] = {"2026-10-01", "2026-10-02", "2026-10-03", "2026/10/4",
                                      "2026/10/05", "2026-10-06", "2026-10-07"};

    (void)state;
    county.calendar = calendar_new();
    assert_int_equal(calendar_set(county.calendar, "2026-10-10", true, "国庆节"), 0);
    for (size_t i = 0; i < ARRAY_SIZE(off); i++)
        assert_int_equal(calendar_set(county.calendar, off[i], false, "国庆节"), 0);
    assert_int_equal(calendar_set(county.calendar, "2026-09-20", true, "国庆节"), 0);
    return 0;
}

static int forget_county(void **state)
{
    (void)state;
    calendar_destroy(&county.calendar);
    calendar_destroy(&county.calendar);
    return 0;
}

static int64_t at(const char *text)
{
    int64_t moment;

    assert_int_equal(time_parse(text, &moment), 0);
    return moment;
}

static void assert_time(int64_t moment, const char *expected)
{
    char text[TIME_SIZE];

    time_format(text, moment);
    assert_memory_equal(text, expected, 19);
    assert_string_equal(text + 19, "+08:00");
}

static void bad_dates(void **state)
{
    static const struct {
        const char *date;
        int result;
    } cases[] = {
        {"2026-10-01", -EEXIST}, {"2026/10/1", -EEXIST},  {"2026-02-29", -EINVAL},  {"2026-13-01", -EINVAL},
        {"2026-1", -EINVAL},     {"", -EINVAL},           {"2026-11-01x", -EINVAL}, {"10-11-2026", -EINVAL},
        {"2026-11--1", -EINVAL}, {"-026-11-01", -EINVAL}, {"26-10-01", -EINVAL},    {"10/01/26", -EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(calendar_set(county.calendar, cases[i].date, true, "国庆节"), cases[i].result);
}

static void workdays(void **state)
{
    static const struct {
        const char *time;
        bool work;
    } cases[] = {
        {"2026-09-19T12:00:00", false}, /* Saturday */
        {"2026-09-20T12:00:00", true},  /* Sunday, make-up */
        {"2026-09-21T12:00:00", true},  /* Monday */
        {"2026-09-30T23:59:59", true},  {"2026-10-01T00:00:00", false}, {"2026-10-07T23:59:59", false},
        {"2026-10-08T00:00:00", true},  {"2026-10-09T18:00:00Z", true}, /* already the 10th in China */
        {"2026-10-11T00:00:00", false}, {"1969-12-31T12:00:00", true},  /* Wednesday, before the epoch */
        {"1969-12-28T12:00:00", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(calendar_is_workday(&county, at(cases[i].time)), cases[i].work);
}

static void next_work(void **state)
{
    static const struct {
        const char *time, *next;
    } cases[] = {
        {"2026-09-30T10:15:00", "2026-09-30T10:15:00"}, {"2026-09-30T08:30:00", "2026-09-30T08:30:00"},
        {"2026-09-30T07:00:00", "2026-09-30T08:30:00"}, {"2026-09-30T17:29:59", "2026-09-30T17:29:59"},
        {"2026-09-30T17:30:00", "2026-10-08T08:30:00"}, {"2026-10-03T12:00:00", "2026-10-08T08:30:00"},
        {"2026-10-09T20:00:00", "2026-10-10T08:30:00"}, {"2026-10-10T20:00:00", "2026-10-12T08:30:00"},
        {"2026-09-19T06:00:00", "2026-09-20T08:30:00"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_time(calendar_next_work(&county, at(cases[i].time)), cases[i].next);
}

static void ends_of_spans(void **state)
{
    static const struct {
        const char *start, *span, *end;
    } cases[] = {
        {"2026-09-28T10:00:00", "2wd", "2026-09-30T10:00:00"},
        {"2026-09-29T10:00:00", "2wd", "2026-10-08T10:00:00"}, /* over National Day */
        {"2026-09-30T10:00:00", "2wd", "2026-10-09T10:00:00"},
        {"2026-09-30T10:00:00", "3wd", "2026-10-10T10:00:00"}, /* the make-up Saturday counts */
        {"2026-09-30T10:00:00", "4wd", "2026-10-12T10:00:00"},
        {"2026-09-30T18:00:00", "1wd", "2026-10-09T08:30:00"}, /* from the next working morning */
        {"2026-10-03T12:00:00", "1wd", "2026-10-09T08:30:00"},
        {"2026-09-18T16:00:00", "1wd", "2026-09-20T16:00:00"}, /* Friday to the make-up Sunday */
        {"2026-09-30T10:00:00", "7d", "2026-10-07T10:00:00"},  /* days run round the clock */
        {"2026-09-30T23:00:00", "4h", "2026-10-01T03:00:00"},
        {"2026-09-30T10:00:00", "90s", "2026-09-30T10:01:30"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct span span;
        assert_int_equal(span_parse(cases[i].span, &span), 0);
        assert_time(calendar_end(&county, at(cases[i].start), span, NULL), cases[i].end);
    }
}

static void spans(void **state)
{
    static const struct {
        const char *text;
        int result;
        struct span span;
    } cases[] = {
        {"90s", 0, {.ms = 90000}},
        {"15m", 0, {.ms = 900000}},
        {"36h", 0, {.ms = 129600000}},
        {"7d", 0, {.ms = 604800000}},
        {"2wd", 0, {.working_days = 2}},
        {"400d", 0, {.ms = 34560000000}},
        {"400wd", 0, {.working_days = 400}},
        {"401d", -EINVAL, {0}},
        {"9601h", -EINVAL, {0}},
        {"401wd", -EINVAL, {0}},
        {"0d", -EINVAL, {0}},
        {"-1d", -EINVAL, {0}},
        {"d", -EINVAL, {0}},
        {"", -EINVAL, {0}},
        {"7", -EINVAL, {0}},
        {"7 d", -EINVAL, {0}},
        {"7dd", -EINVAL, {0}},
        {"1.5h", -EINVAL, {0}},
        {"99999999999999999999s", -EINVAL, {0}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct span span = {.working_days = 77};
        assert_int_equal(span_parse(cases[i].text, &span), cases[i].result);
        assert_int_equal(span.working_days, cases[i].result ? 77 : cases[i].span.working_days);
        assert_int_equal(span.ms, cases[i].span.ms);
    }
}

static void times(void **state)
{
    static const struct {
        const char *text;
        int result;
        int64_t at;
    } cases[] = {
        {"1970-01-01T08:00:00+08:00", 0, 0},
        {"1970-01-01T08:00:00", 0, 0},
        {"1970-01-01 08:00:00", 0, 0},
        {"1970-01-01T00:00:00Z", 0, 0},
        {"1970-01-01T00:00:01.25Z", 0, 1250},
        {"1969-12-31T19:30:00-0430", 0, 0},
        {"1969-12-31T23:59:59.999Z", 0, -1},
        {"2026-11-22T09:30:00+08:00", 0, 1795311000000},
        {"2028-02-29T00:00:00Z", 0, 1835395200000},
        {"2026-02-29T00:00:00Z", -EINVAL, 0},
        {"2026-00-01T00:00:00Z", -EINVAL, 0},
        {"2026-01-01T24:00:00Z", -EINVAL, 0},
        {"2026-01-01T00:60:00Z", -EINVAL, 0},
        {"2026-01-01T00:00:60Z", -EINVAL, 0},
        {"2026-01-01T00:00:00.Z", -EINVAL, 0},
        {"2026-01-01T00:00:00+24:00", -EINVAL, 0},
        {"2026-01-01T00:00:00+08", -EINVAL, 0},
        {"2026-01-01T00:00:00 08:00", -EINVAL, 0},
        {"2026-01-01T00:00:00Zx", -EINVAL, 0},
        {"2026-01-01T00:00", -EINVAL, 0},
        {"2026-01-01", -EINVAL, 0},
        {"2026-1-1T00:00:00", -EINVAL, 0},
        {"yesterday", -EINVAL, 0},
        {"", -EINVAL, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t moment = 77;
        assert_int_equal(time_parse(cases[i].text, &moment), cases[i].result);
        assert_int_equal(moment, cases[i].result ? 77 : cases[i].at);
    }
    assert_time(0, "1970-01-01T08:00:00");
    assert_time(-1, "1970-01-01T07:59:59");
    assert_time(1795311000999, "2026-11-22T09:30:00");
}

static void the_working_day_before(void **state)
{
    static const struct {
        const char *at, *before;
    } cases[] = {
        {"2026-09-16T15:00:00", "2026-09-15T08:30:00"}, {"2026-09-16T00:00:00", "2026-09-15T08:30:00"},
        {"2026-09-21T09:00:00", "2026-09-20T08:30:00"}, /* a Sunday that is worked */
        {"2026-09-20T09:00:00", "2026-09-18T08:30:00"}, {"2026-10-08T09:00:00", "2026-09-30T08:30:00"},
        {"2026-10-05T09:00:00", "2026-09-30T08:30:00"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_time(calendar_workday_before(&county, at(cases[i].at)), cases[i].before);
    struct county never = county;
    memset(never.work_weekday, 0, sizeof never.work_weekday);
    never.calendar = calendar_new();
    assert_time(calendar_workday_before(&never, at("2026-09-16T15:00:00")), "2026-09-15T08:30:00");
    calendar_destroy(&never.calendar);
}

static void years_begin_in_china(void **state)
{
    (void)state;
    assert_int_equal(calendar_year_start(2026), at("2026-01-01T00:00:00"));
    assert_int_equal(calendar_year(calendar_year_start(2026)), 2026);
    assert_int_equal(calendar_year(calendar_year_start(2026) - 1), 2025);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_dates),
        cmocka_unit_test(workdays),
        cmocka_unit_test(next_work),
        cmocka_unit_test(ends_of_spans),
        cmocka_unit_test(spans),
        cmocka_unit_test(times),
        cmocka_unit_test(the_working_day_before),
        cmocka_unit_test(years_begin_in_china),
    };

    return cmocka_run_group_tests(tests, make_county, forget_county);
}
