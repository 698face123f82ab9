/*
 * test_figures.c - numbers of orders, and what grows.
 */
// links: services/archive
#include "tests/unit/archive_fixture.h"

#include "common/calendar.h"

enum { DAY = 24 * 3600 * 1000 };

static int64_t at(int day)
{
    return (int64_t)day * DAY;
}

/* An order of a category and a town that was placed on a day. */
static void place(int serial, const char *category, const char *town, int day)
{
    char order[ORDER_ID_SIZE], id[20];
    order_id(order, COUNTY, serial);
    snprintf(id, sizeof id, "m%d", serial);
    record_clear(message);
    record_set_int(message, F_VER, 1);
    record_set_int(message, F_AT, at(day));
    record_set(message, F_STEP, "placed");
    record_set(message, F_ACTOR, "resident");
    record_set(message, F_SERVICE, "intake");
    record_set(message, F_STATE, "assigned");
    record_set(message, F_CATEGORY, category);
    record_set(message, F_TOWN, town);
    record_set(message, F_CLOCK, "answer");
    record_set_int(message, F_PLACED_AT, at(day));
    record_set_int(message, F_ASSIGNED_AT, at(day) + 1000 * (int64_t)serial);
    record_set_int(message, F_DUE, serial == 1 ? now_ms() + DAY : 1);
    assert_int_equal(take_as(id, MSG_ORDER_STEP, COUNTY, order), VERDICT_OK);
}

/* Its clock stands still: its resident was asked something. */
static void stand_still(int serial)
{
    char order[ORDER_ID_SIZE];
    order_id(order, COUNTY, serial);
    step(2, "assigned");
    record_set(message, F_PAUSES, "1-");
    assert_int_equal(take_step(order), VERDICT_OK);
}

static const struct record *asked(enum message_type type, int64_t from, int64_t until, int limit)
{
    record_clear(message);
    record_set_int(message, F_START, from);
    record_set_int(message, F_END, until);
    if (limit > 0)
        record_set_int(message, F_LIMIT, limit);
    return ask(type);
}

/* "light T1 3 1, ..." */
static char *topics(int64_t from, int64_t until, int limit)
{
    const struct record *listing = asked(MSG_LIST_TOPICS, from, until, limit);
    char *text = xstrdup("");
    for (size_t i = 0; i < record_rows(listing, F_ROWS); i++) {
        const struct record *row = record_row(listing, F_ROWS, i);
        char *longer =
            xasprintf("%s%s%s %s %lld %lld", text, i ? ", " : "", record_str(row, F_CATEGORY), record_str(row, F_TOWN),
                      (long long)record_int(row, F_COUNT), (long long)record_int(row, F_BEFORE));
        free(text);
        text = longer;
    }
    return text;
}

static int64_t figure(const struct record *listing, const char *name, const char *value)
{
    for (size_t i = 0; i < record_rows(listing, F_ROWS); i++) {
        const struct record *row = record_row(listing, F_ROWS, i);
        if (record_is(row, F_FIGURE, name) && record_is(row, F_VALUE, value))
            return record_int(row, F_COUNT);
    }
    return 0;
}

static void test_topics(void **state)
{
    (void)state;
    static const struct {
        const char *category, *town;
        int day;
    } rows[] = {
        {"light", "T1", 101}, {"light", "T1", 102}, {"light", "T1", 110}, {"light", "T1", 95}, {"light", "T2", 105},
        {"waste", "T1", 103}, {"waste", "T1", 103}, {"waste", "T1", 94},  {"waste", "T1", 93}, {"noise", "T2", 104},
        {"noise", "T2", 106}, {"light", "T1", 89},  {"light", "T1", 111}, {"", "T1", 105},     {"", "T1", 106},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        place((int)i + 1, rows[i].category, rows[i].town, rows[i].day);
    /* Ten days, and the ten before; what was raised once is no topic. Of two as frequent the one that grew is first. */
    AUTOFREE char *all = topics(at(100), at(110), 0);
    assert_string_equal(all, "light T1 3 1, noise T2 2 0, waste T1 2 2");
    AUTOFREE char *first = topics(at(100), at(110), 1);
    assert_string_equal(first, "light T1 3 1");
    AUTOFREE char *none = topics(at(200), at(210), 0);
    assert_string_equal(none, "");
}

static void test_figures(void **state)
{
    (void)state;
    place(1, "light", "T1", 101);
    place(2, "light", "T1", 102);
    place(3, "waste", "T2", 103);
    const struct record *listing = asked(MSG_READ_FIGURES, at(101), at(102), 0);
    assert_int_equal(record_int(listing, F_TOTAL), 2);
    assert_int_equal(figure(listing, "category", "light"), 2);
    assert_int_equal(figure(listing, "category", "waste"), 0);
    assert_int_equal(figure(listing, "overdue", "answer"), 1);
    stand_still(2);
    assert_int_equal(figure(asked(MSG_READ_FIGURES, at(101), at(102), 0), "overdue", "answer"), 0);
    assert_int_equal(figure(listing, "mean_ms", "assigned"), 1500);
    assert_int_equal(figure(listing, "mean_ms", "answered"), 0);
    assert_int_equal(figure(asked(MSG_READ_FIGURES, 0, at(200), 0), "town", "T1"), 2);
}

/* -- for everybody ----------------------------------------------------------------------------------------------- */

/* An order of 2026 that was placed in a month, in China; answered and closed as many hours later, unless that is 0. */
static void finish(int serial, int month, const char *category, const char *rating, int hours)
{
    char order[ORDER_ID_SIZE];
    int64_t placed = calendar_year_start(2026) + at(31 * (month - 1)) + 1000; /* in the first hour of some day of it */
    order_id(order, COUNTY, serial);
    step(1, hours > 0 ? "closed" : "open");
    record_set(message, F_CATEGORY, category);
    record_set_int(message, F_PLACED_AT, placed);
    if (hours > 0) {
        record_set(message, F_OUTCOME, "solved");
        record_set(message, F_RATING, rating);
        record_set_int(message, F_ANSWERED_AT, placed + 3600000L * hours);
        record_set_int(message, F_CLOSED_AT, placed + 3600000L * hours);
    }
    assert_int_equal(take_step(order), VERDICT_OK);
}

/* "2026 12, 2026-01 <, 2026-02 ?": fewer than five, or not told for their sake. */
static char *public_figure(const char *figure, int year)
{
    record_clear(message);
    record_set_int(message, F_YEAR, year);
    const struct record *listing = ask(MSG_READ_PUBLIC_FIGURES);
    char *text = xstrdup("");
    for (size_t i = 0; i < record_rows(listing, F_ROWS); i++) {
        const struct record *row = record_row(listing, F_ROWS, i);
        if (!record_is(row, F_FIGURE, figure))
            continue;
        assert_false(record_has(row, F_COUNT) && record_has(row, F_BELOW));
        AUTOFREE char *count = xasprintf("%lld", (long long)record_int(row, F_COUNT));
        char *longer = xasprintf("%s%s%s %s", text, *text ? ", " : "", record_str(row, F_VALUE),
                                 record_has(row, F_COUNT)   ? count
                                 : record_has(row, F_BELOW) ? "<"
                                                            : "?");
        free(text);
        text = longer;
    }
    return text;
}

static void assert_public(const char *figure, int year, const char *expected)
{
    AUTOFREE char *found = public_figure(figure, year);
    assert_string_equal(found, expected);
}

static void test_everybody_is_told_of_no_small_group(void **state)
{
    (void)state;
    static const struct {
        int month, count, hours;
        const char *category, *rating;
    } rows[] = {
        {1, 7, 10, "light", "satisfied"}, {2, 4, 20, "light", "satisfied"}, {2, 2, 5, "waste", "dissatisfied"},
        {3, 9, 0, "light", ""},           {4, 3, 0, "noise", ""},
    };
    int serial = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int k = 0; k < rows[i].count; k++)
            finish(++serial, rows[i].month, rows[i].category, rows[i].rating, rows[i].hours);
    /* 25 less 7, 6 and 9 would tell of the 3 of April: so the next smallest is not told, either. */
    assert_public("placed", 2026, "2026 25, 2026-01 7, 2026-02 ?, 2026-03 9, 2026-04 ?");
    assert_public("answered", 2026, "2026 13, 2026-01 7, 2026-02 6");
    assert_public("closed", 2026, "2026 13, 2026-01 7, 2026-02 6");
    /* Of February (4 * 20 + 2 * 5) / 6, in full hours. */
    assert_public("mean_ms", 2026, "2026 43200000, 2026-01 36000000, 2026-02 54000000");
    /* Which categories have few orders is not told; these are five together. */
    assert_public("category", 2026, "light 20");
    assert_public("rating", 2026, "satisfied ?, dissatisfied ?");
    assert_public("outcome", 2026, "solved 13");
    assert_public("placed", 2025, "2026 25");
    assert_public("category", 2025, "");
}

static void test_of_few_orders_nothing_is_told(void **state)
{
    (void)state;
    for (int serial = 1; serial <= 4; serial++)
        finish(serial, 1 + serial % 2, "light", "satisfied", 10);
    assert_public("placed", 2026, "2026 <, 2026-01 <, 2026-02 <");
    assert_public("mean_ms", 2026, "");
    assert_public("category", 2026, "");
    assert_public("rating", 2026, "satisfied <");
}

/* An order of New Year's Eve in China is none of the next year, though it is night in China long before it is in
 * London. */
static void test_months_are_those_of_china(void **state)
{
    (void)state;
    for (int serial = 1; serial <= 10; serial++) {
        char order[ORDER_ID_SIZE];
        order_id(order, COUNTY, serial);
        step(1, "open");
        record_set_int(message, F_PLACED_AT, calendar_year_start(2026) + (serial <= 5 ? -1 : 0));
        assert_int_equal(take_step(order), VERDICT_OK);
    }
    assert_public("placed", 2026, "2025 5, 2026 5, 2026-01 5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_topics, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_figures, set_up, tear_down),
        TEST(test_everybody_is_told_of_no_small_group),
        TEST(test_of_few_orders_nothing_is_told),
        TEST(test_months_are_those_of_china),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
