/*
 * test_archive_matters.c - meetings, suggestions and entries in the archive: in the same journal as orders, and in no
 * list of them.
 */
// links: services/archive
#include "tests/unit/archive_fixture.h"

#include <sqlite3.h>

#define OTHER_ORDER COUNTY "-000002"
#define MEETING COUNTY "-H000001"
#define SUGGESTION COUNTY "-J000001"
#define ENTRY COUNTY "-L000001"

static void tamper(const char *sql)
{
    AUTOFREE char *file = xasprintf("%s/" COUNTY ".db", dir);
    sqlite3 *sqlite;
    assert_int_equal(sqlite3_open(file, &sqlite), SQLITE_OK);
    assert_int_equal(sqlite3_exec(sqlite, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(sqlite);
}

static struct database *database(void)
{
    for (size_t i = 0; i < archive_count(archive); i++)
        if (strcmp(database_county(archive_at(archive, i)), COUNTY) == 0)
            return archive_at(archive, i);
    return NULL;
}

/* A meeting that was called, about ORDER; a suggestion on it, to D1; and what the office entered. */
static void fill(void)
{
    step(1, "called");
    record_set(message, F_KIND, "micro");
    record_set(message, F_TITLE, "路灯怎么修");
    record_set(message, F_ABOUT, ORDER);
    record_set(message, F_HOST, "member:M1");
    record_set(message, F_INVITED, "member:M1 member:M2 department:D2");
    record_set(message, F_GROUP, "G1");
    record_set_int(message, F_MEETS_AT, 5000);
    record_set_int(message, F_PLACED_AT, 100);
    assert_int_equal(take_step(MEETING), VERDICT_OK);
    step(1, "followed");
    record_set(message, F_KIND, "opinion");
    record_set(message, F_TITLE, "换节能灯");
    record_set(message, F_ABOUT, ORDER);
    record_set(message, F_MEETING, MEETING);
    record_set(message, F_MEMBERS, "M2");
    record_set(message, F_DEPARTMENT, "D1");
    record_set(message, F_GROUP, "G1");
    record_set(message, F_CLOCK, "follow");
    record_set_int(message, F_DUE, now_ms() + 1000000);
    record_set_int(message, F_PLACED_AT, 200);
    assert_int_equal(take_step(SUGGESTION), VERDICT_OK);
    step(1, "entered");
    record_set(message, F_KIND, "task");
    record_set(message, F_TITLE, "送医下乡");
    record_set(message, F_SECTOR, "医药卫生界");
    record_set(message, F_TASK, "benefit");
    record_set(message, F_PRESENT, "member:M1");
    record_set(message, F_EXCUSED, "member:M2");
    record_set(message, F_ABSENT, "member:M3");
    record_set_int(message, F_HELD_AT, 3000);
    record_set_int(message, F_PLACED_AT, 300);
    assert_int_equal(take_step(ENTRY), VERDICT_OK);
}

/* The numbers of the rows that are listed with one filter, space between. */
static const char *list(enum message_type type, enum field field, const char *value)
{
    static char numbers[200];
    record_clear(message);
    if (value && field_info(field)->type == FIELD_STR)
        record_set(message, field, value);
    else if (value)
        record_set_int(message, field, strtoll(value, NULL, 10));
    const struct record *listing = ask(type);
    numbers[0] = '\0';
    for (size_t i = 0; i < record_rows(listing, F_ROWS); i++)
        words_append(numbers, sizeof numbers, record_str(record_row(listing, F_ROWS, i), F_ORDER));
    return numbers;
}

/* All faults that are found, as "part error" with a comma between; the caller frees it. */
static char *faults(void)
{
    char *found = xstrdup("");
    record_clear(message);
    do {
        enum message_type type;
        assert_int_equal(take_as("", MSG_VERIFY_JOURNAL, COUNTY, ""), VERDICT_OK);
        const struct record *piece = outcome_answer(outcome, &type);
        for (size_t i = 0; i < record_rows(piece, F_ROWS); i++) {
            const struct record *row = record_row(piece, F_ROWS, i);
            char *more =
                xasprintf("%s%s%s %s", found, *found ? "," : "", record_str(row, F_PART), record_str(row, F_ERROR));
            free(found);
            found = more;
        }
        record_clear(message);
        record_copy(message, piece, F_PART);
        record_copy(message, piece, F_ROW);
    } while (record_has(message, F_PART));
    return found;
}

static void assert_found(const char *expected)
{
    AUTOFREE char *found = faults();
    assert_string_equal(found, expected);
}

static void they_are_in_no_list_of_orders(void **state)
{
    (void)state;
    fill();
    assert_string_equal(list(MSG_LIST_ORDERS, F_ORDERS, NULL), "");
    assert_string_equal(list(MSG_LIST_UPDATES, F_ORDERS, NULL), "");
    assert_string_equal(list(MSG_LIST_MEETINGS, F_ORDERS, NULL), MEETING);
    assert_string_equal(list(MSG_LIST_SUGGESTIONS, F_ORDERS, NULL), SUGGESTION);
    assert_string_equal(list(MSG_LIST_ENTRIES, F_ORDERS, NULL), ENTRY);
    assert_int_equal(record_rows(history(MEETING), F_ROWS), 1);
    record_clear(message);
    assert_int_equal(record_int(ask(MSG_READ_FIGURES), F_TOTAL), 0);
    step(2, "held");
    record_set(message, F_MINUTES, "同意");
    take_step(MEETING);
    step(3, "closed");
    take_step(MEETING);
    assert_int_equal(record_rows(search("路灯"), F_ROWS), 0);
    assert_int_equal(take_as("x", MSG_ORDER_STEP, OTHER, MEETING), VERDICT_REFUSED);
    assert_found("");
}

static void an_order_has_its_matters_in_its_history(void **state)
{
    (void)state;
    fill();
    step(1, "placed");
    take_step(ORDER);
    const struct record *listing = history(ORDER);
    assert_int_equal(record_rows(listing, F_ROWS), 3);
    assert_true(record_has(record_row(listing, F_ROWS, 0), F_STEP));
    const struct record *meeting = record_row(listing, F_ROWS, 1), *suggestion = record_row(listing, F_ROWS, 2);
    assert_string_equal(record_str(meeting, F_ORDER), MEETING);
    assert_string_equal(record_str(meeting, F_TITLE), "路灯怎么修");
    assert_false(record_has(meeting, F_STEP));
    assert_string_equal(record_str(suggestion, F_ORDER), SUGGESTION);
    assert_string_equal(record_str(suggestion, F_STATE), "followed");
    step(1, "placed");
    take_step(OTHER_ORDER);
    assert_int_equal(record_rows(history(OTHER_ORDER), F_ROWS), 1);
}

/* What SQLite has worked since it was asked last. */
static int worked(void)
{
    sqlite3 *sqlite = sqlite3_db_handle(database_query(database(), "SELECT 1"));
    int steps = 0;
    for (sqlite3_stmt *query = NULL; (query = sqlite3_next_stmt(sqlite, query));)
        steps += sqlite3_stmt_status(query, SQLITE_STMTSTATUS_VM_STEP, 1);
    return steps;
}

static void an_order_finds_what_is_about_it_among_many(void **state)
{
    (void)state;
    enum { MANY = 400, FEW_STEPS = 1000 };
    struct waiting waiting[4];
    add_case(ORDER, 1, "路灯", "");
    for (int i = 1; i <= MANY; i++) {
        char suggestion[ORDER_ID_SIZE], about[ORDER_ID_SIZE];
        matter_id(suggestion, COUNTY, MATTER_SUGGESTION, i);
        order_id(about, COUNTY, MANY + 1 - i);
        step(1, "followed");
        record_set(message, F_KIND, "promise");
        record_set(message, F_ABOUT, about);
        record_set_int(message, F_PLACED_AT, 200);
        assert_int_equal(take_step(suggestion), VERDICT_OK);
    }
    tamper("UPDATE orders SET closed_at = 1000");
    worked();
    assert_int_equal(record_rows(history(ORDER), F_ROWS), 3);
    assert_in_range(worked(), 1, FEW_STEPS);
    now += 1000000;
    assert_int_equal(cases_claim(database(), now, 999, waiting, 4), 0);
    assert_in_range(worked(), 1, FEW_STEPS);
}

static void filters(void **state)
{
    (void)state;
    static const struct {
        enum message_type type;
        enum field field;
        const char *value, *other; /* that lets it through, and that does not */
    } rows[] = {
        {MSG_LIST_MEETINGS, F_OVERDUE, "0", "1"},
        {MSG_LIST_MEETINGS, F_ORDERS, MEETING, ORDER},
        {MSG_LIST_MEETINGS, F_STATES, "called held", "closed"},
        {MSG_LIST_MEETINGS, F_KIND, "micro", "topic"},
        {MSG_LIST_MEETINGS, F_GROUP, "G1", "G2"},
        {MSG_LIST_MEETINGS, F_MEMBER, "M2", "M3"},
        {MSG_LIST_MEETINGS, F_ORDER, ORDER, MEETING},
        {MSG_LIST_MEETINGS, F_START, "5000", "5001"},
        {MSG_LIST_MEETINGS, F_END, "5000", "4999"},
        {MSG_LIST_MEETINGS, F_WITHIN, "member:M1", "member:M3 pool:G1"},
        {MSG_LIST_MEETINGS, F_WITHIN, "department:D2", "department:D1"},
        {MSG_LIST_MEETINGS, F_WITHIN, "committee:K9 group:G1", "committee:K9 group:G2"},
        {MSG_LIST_MEETINGS, F_WITHIN, "town:", "town:T1"},
        {MSG_LIST_SUGGESTIONS, F_STATES, "followed", "settled closed"},
        {MSG_LIST_SUGGESTIONS, F_MEMBER, "M2", "M"},
        {MSG_LIST_SUGGESTIONS, F_DEPARTMENT, "D1", "D2"},
        {MSG_LIST_SUGGESTIONS, F_MEETING, MEETING, ORDER},
        {MSG_LIST_SUGGESTIONS, F_ORDER, ORDER, MEETING},
        {MSG_LIST_SUGGESTIONS, F_OVERDUE, "0", "1"},
        {MSG_LIST_SUGGESTIONS, F_START, "200", "201"},
        {MSG_LIST_SUGGESTIONS, F_WITHIN, "member:M2", "member:M1"},
        {MSG_LIST_SUGGESTIONS, F_WITHIN, "department:D1", "department:D2"},
        {MSG_LIST_ENTRIES, F_ORDERS, ENTRY, MEETING},
        {MSG_LIST_ENTRIES, F_STATES, "entered closed", "withdrawn"},
        {MSG_LIST_ENTRIES, F_KIND, "task", "honour"},
        {MSG_LIST_ENTRIES, F_MEMBER, "M3", "M4"},
        {MSG_LIST_ENTRIES, F_SECTOR, "医药卫生界", "教育界"},
        {MSG_LIST_ENTRIES, F_TASK, "benefit", "report"},
        {MSG_LIST_ENTRIES, F_START, "3000", "3001"},
        {MSG_LIST_ENTRIES, F_END, "3000", "2999"},
        {MSG_LIST_ENTRIES, F_WITHIN, "pool:G1 member:M2", "pool:G1 group:G1 member:M4"},
    };
    fill();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *wanted = rows[i].type == MSG_LIST_MEETINGS      ? MEETING
                             : rows[i].type == MSG_LIST_SUGGESTIONS ? SUGGESTION
                                                                    : ENTRY;
        assert_string_equal(list(rows[i].type, rows[i].field, rows[i].value), wanted);
        assert_string_equal(list(rows[i].type, rows[i].field, rows[i].other), "");
    }
    step(2, NULL);
    record_set_int(message, F_DUE, now_ms() - 1);
    take_step(SUGGESTION);
    assert_string_equal(list(MSG_LIST_SUGGESTIONS, F_OVERDUE, "1"), SUGGESTION);
}

static void steps_may_overtake_each_other(void **state)
{
    (void)state;
    step(3, NULL);
    record_set(message, F_COMING, "member:M1");
    take_step(MEETING);
    step(2, NULL);
    record_set(message, F_COMING, "");
    record_set(message, F_EXCUSED, "member:M1");
    take_step(MEETING);
    fill();
    record_clear(message);
    const struct record *row = record_row(ask(MSG_LIST_MEETINGS), F_ROWS, 0);
    assert_string_equal(record_str(row, F_COMING), "member:M1");
    assert_string_equal(record_str(row, F_EXCUSED), "member:M1");
    assert_string_equal(record_str(row, F_STATE), "called");
    assert_int_equal(record_int(row, F_VER), 3);
    assert_found("");
}

static void what_was_changed_is_found_and_made_anew(void **state)
{
    (void)state;
    static const char *const changes[] = {"UPDATE matters SET present = 'member:M9' WHERE order_id = '" MEETING "'",
                                          "UPDATE matters SET settled = 'adopted' WHERE order_id = '" SUGGESTION "'",
                                          "UPDATE matters SET steps = 2 WHERE order_id = '" MEETING "'",
                                          "INSERT INTO matters (order_id, ver, steps, updated_at) VALUES ('" COUNTY
                                          "-H000009', 1, 1, 1)",
                                          "DELETE FROM about",
                                          "INSERT INTO about SELECT '" COUNTY "-000002', id FROM matters WHERE order_id"
                                          " = '" SUGGESTION "'",
                                          "INSERT INTO about VALUES ('" COUNTY "-000002', 777)",
                                          "DELETE FROM matters WHERE order_id = '" SUGGESTION "'"};
    static const char *const found[] = {
        "matters changed", "matters changed", "matters changed", "matters changed", "matters changed,matters changed",
        "matters changed", "matters changed", "orders missing"};
    fill();
    add_case(COUNTY "-000002", 1, "停水", "");
    assert_found("");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        tamper(changes[i]);
        assert_found(found[i]);
        record_clear(message);
        assert_int_equal(take_as("", MSG_REBUILD_JOURNAL, COUNTY, ""), VERDICT_OK);
        assert_found("");
    }
    assert_string_equal(list(MSG_LIST_SUGGESTIONS, F_ORDERS, NULL), SUGGESTION);
}

static void those_that_have_ended_leave(void **state)
{
    (void)state;
    struct waiting waiting[4];
    fill();
    now += 1000000;
    assert_int_equal(matters_waiting(database()), 0);
    step(3, "closed"); /* the one before it is missing */
    take_step(MEETING);
    assert_int_equal(matters_waiting(database()), 0);
    step(2, "held");
    take_step(MEETING);
    step(2, "settled"); /* adopted, and to be re-checked */
    take_step(SUGGESTION);
    assert_int_equal(matters_waiting(database()), 1);
    assert_int_equal(cases_waiting(database(), false), 0);
    assert_int_equal(matters_claim(database(), now, waiting, 4), 0);
    now += 1000;
    assert_int_equal(matters_claim(database(), now, waiting, 4), 1);
    assert_string_equal(waiting[0].order, MEETING);
    assert_int_equal(waiting[0].ver, 3);
    assert_int_equal(matters_claim(database(), now, waiting, 4), 0); /* it comes up again later */
    assert_int_equal(matters_claim(database(), now + 2000, waiting, 4), 1);
    waiting[0].ver = 2;
    assert_int_equal(matters_retired(database(), waiting, now), 0);
    assert_int_equal(matters_waiting(database()), 1);
    waiting[0].ver = 3;
    assert_int_equal(matters_retired(database(), waiting, now), 0);
    assert_int_equal(matters_waiting(database()), 0);
    step(3, "closed");
    take_step(SUGGESTION);
    assert_int_equal(matters_waiting(database()), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(they_are_in_no_list_of_orders),
        TEST(an_order_has_its_matters_in_its_history),
        TEST(an_order_finds_what_is_about_it_among_many),
        TEST(filters),
        TEST(steps_may_overtake_each_other),
        TEST(what_was_changed_is_found_and_made_anew),
        TEST(those_that_have_ended_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
