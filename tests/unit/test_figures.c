/*
 * test_figures.c - numbers of orders, and what grows.
 */
// links: services/archive
#include "tests/unit/archive_fixture.h"

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
    assert_int_equal(figure(listing, "mean_ms", "assigned"), 1500);
    assert_int_equal(figure(listing, "mean_ms", "answered"), 0);
    assert_int_equal(figure(asked(MSG_READ_FIGURES, 0, at(200), 0), "town", "T1"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_topics, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_figures, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
