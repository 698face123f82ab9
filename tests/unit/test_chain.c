/*
 * test_chain.c - rows of a county's file that are changed, removed, put in, moved or cut off behind the archive's back
 * are found.
 */
// links: services/archive
#include "tests/unit/tamper_fixture.h"

static void a_changed_row_is_found(void **state)
{
    (void)state;
    fill();
    static const char *const changes[] = {
        "order_id = '341022-000009'",
        "ver = 7",
        "at = at + 1",
        "stored_at = stored_at - 1",
        "message_id = 'x'",
        "service = 'x'",
        "step = 'opened'",
        "actor = 'member:M9'",
        "state = NULL",
        "note = 'later'",
        "fields = '{}'",
        "fields = fields || ' '",
        "hash = zeroblob(32)",
        "hash = NULL",
        "at = CAST(at AS TEXT)",
        "state = ''",
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        tamper("CREATE TABLE kept AS SELECT * FROM journal WHERE id = 5");
        AUTOFREE char *sql = xasprintf("UPDATE journal SET %s WHERE id = 5", changes[i]);
        tamper(sql);
        AUTOFREE char *found = faults();
        bool unchanged = strcmp(changes[i], "at = CAST(at AS TEXT)") == 0; /* the column makes a number of it */
        if (!unchanged && !strstr(found, "journal 5 changed"))
            fail_msg("%s: found \"%s\"", changes[i], found);
        tamper("DELETE FROM journal WHERE id = 5; INSERT INTO journal SELECT * FROM kept; DROP TABLE kept");
        assert_found("");
    }
    /* It is told by number, order and version. */
    tamper("UPDATE journal SET actor = 'resident' WHERE id = 5");
    enum message_type type;
    record_clear(message);
    assert_int_equal(take_as("", MSG_VERIFY_JOURNAL, COUNTY, ""), VERDICT_OK);
    const struct record *row = record_row(outcome_answer(outcome, &type), F_ROWS, 0);
    assert_string_equal(record_str(row, F_ORDER), COUNTY "-000003");
    assert_int_equal(record_int(row, F_VER), 1);
}

/* Nothing that stands at the end of one value could stand at the beginning of the next. */
static void no_two_rows_have_the_same_bytes(void **state)
{
    (void)state;
    static const char *const same[] = {
        "chain('a', 'b' || char(3) || 'c') IS chain('a' || char(3) || 'b', 'c')",
        "chain('a', '') IS chain('a' || char(3))",
        "chain('a') IS chain(CAST('a' AS BLOB))",
        "chain('') IS chain(NULL)",
        "chain(1) IS chain(1.0)",
        "chain(1) IS chain('1')",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        AUTOFREE char *sql = xasprintf("SELECT %s", same[i]);
        if (query_value(database_query(archive_database(archive, COUNTY), sql)) != 0)
            fail_msg("%s", same[i]);
    }
}

static void a_removed_row_is_found(void **state)
{
    (void)state;
    fill();
    tamper("DELETE FROM journal WHERE id = 3");
    assert_found("journal 3 missing,orders 2 changed");
    tamper("DELETE FROM journal WHERE id = 4; DELETE FROM orders WHERE id = 2; DELETE FROM cases WHERE id = 2");
    assert_found("journal 3 missing");
    tamper("DELETE FROM journal WHERE id = 1");
    assert_found("journal 1 missing,journal 3 missing,orders 1 changed");
}

static void a_row_that_was_put_in_or_moved_is_found(void **state)
{
    (void)state;
    static const char columns[] = "order_id, ver, at, message_id, service, step, actor, state, note, fields, stored_at";
    static const struct {
        const char *from, *id, *ver, *expected;
    } rows[] = {
        {"6", "7", "3", "journal 7 changed,orders 3 changed"},
        {"6", "-4", "3", "journal -4 changed,orders 3 changed"},
        {"6", "0", "3", "journal 0 changed,orders 3 changed"},
        {"6", "9", "3", "journal 7 missing,orders 3 changed"},
    };
    fill();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTOFREE char *sql =
            xasprintf("INSERT INTO journal (id, %s, hash) SELECT %s, order_id, %s, at, message_id, service,"
                      " step, actor, state, note, fields, stored_at, hash FROM journal WHERE id = %s",
                      columns, rows[i].id, rows[i].ver, rows[i].from);
        tamper(sql);
        assert_found(rows[i].expected);
        AUTOFREE char *undo = xasprintf("DELETE FROM journal WHERE id = %s", rows[i].id);
        tamper(undo);
        assert_found("");
    }
    tamper("UPDATE journal SET id = 99 WHERE id = 2; UPDATE journal SET id = 2 WHERE id = 3;"
           "UPDATE journal SET id = 3 WHERE id = 99");
    assert_found("journal 2 changed,journal 3 changed,journal 4 changed");
}

/* A row that somebody put in is not made genuine by what the archive stores behind it. */
static void nothing_is_sealed_afterwards(void **state)
{
    (void)state;
    fill();
    tamper("INSERT INTO journal (order_id, ver, at, stored_at, message_id, service, step, actor, fields)"
           " VALUES ('" COUNTY "-000003', 3, 1, 1, 'm', 'assignment', 'moved', 'clock', '{}')");
    step(4, "open");
    assert_int_equal(take_step(COUNTY "-000003"), VERDICT_OK);
    AUTOFREE char *found = faults();
    assert_non_null(strstr(found, "journal 7 changed"));
}

static void a_cut_end_is_found(void **state)
{
    (void)state;
    fill();
    const struct anchor anchor = anchor_now();
    restart(&anchor);
    assert_found("");
    tamper("DELETE FROM journal WHERE id = 6");
    assert_found("refused"); /* while it is open, too */
    assert_refused_file("lacks row 6 of the table journal");
    restart(&anchor);
    assert_refused_file("lacks row 6");

    /* Nor can it be hidden by a row in its place. */
    restart(&unanchored);
    step(2, "open");
    assert_int_equal(take_step(COUNTY "-000003"), VERDICT_OK);
    restart(&anchor);
    assert_refused_file("lacks row 6");
    record_clear(message);
    take_as("", MSG_VERIFY_JOURNAL, COUNTY, "");
    assert_refused("unusable");
}

static void a_cut_end_is_found_before_something_is_added(void **state)
{
    (void)state;
    fill();
    const struct anchor anchor = anchor_now();
    restart(&anchor);
    tamper("DELETE FROM journal WHERE id = 6");
    step(3, "open");
    assert_int_equal(take_step(COUNTY "-000003"), VERDICT_LATER);
    assert_refused_file("lacks row 6");
}

/* Killed between its commit and the note in Redis: the note lags behind, and that is all. */
static void a_mark_that_lags_behind_does_no_harm(void **state)
{
    (void)state;
    fill();
    const struct anchor anchor = anchor_now();
    add_case(COUNTY "-000004", 4, "更晚", "");
    restart(&anchor);
    assert_non_null(archive_database(archive, COUNTY));
    assert_found("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_changed_row_is_found),
        TEST(no_two_rows_have_the_same_bytes),
        TEST(a_removed_row_is_found),
        TEST(a_row_that_was_put_in_or_moved_is_found),
        TEST(nothing_is_sealed_afterwards),
        TEST(a_cut_end_is_found),
        TEST(a_cut_end_is_found_before_something_is_added),
        TEST(a_mark_that_lags_behind_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
