/*
 * test_archive_derived.c - what follows from the journal agrees with it, or is found: lists, indexes, schema, contacts.
 */
// links: services/archive
#include "tests/unit/tamper_fixture.h"

static void what_lists_show_agrees_with_the_journal(void **state)
{
    (void)state;
    fill();
    static const struct {
        const char *change, *expected;
    } rows[] = {
        {"UPDATE orders SET answer = 'nothing was done' WHERE id = 1", "orders 1 changed"},
        {"UPDATE orders SET town = NULL, title = '' WHERE id = 3", "orders 3 changed"},
        {"UPDATE orders SET lat = lat + 0.000001 WHERE id = 3", "orders 3 changed"},
        {"UPDATE orders SET closed_at = 5 WHERE id = 2", "orders 2 changed"},
        {"UPDATE orders SET ver = 3 WHERE id = 3", "orders 3 changed"},
        {"UPDATE orders SET updated_at = 3 WHERE id = 3", "orders 3 changed"},
        {"DELETE FROM orders WHERE id = 3", "orders 5 missing,orders 6 missing"},
        {"DELETE FROM orders WHERE id = 1", "orders 1 missing,orders 2 missing,orders 1 changed"},
        {"INSERT INTO orders (order_id, ver, steps, updated_at) VALUES ('" COUNTY "-000008', 1, 1, 1)",
         "orders 4 changed"},
        {"DELETE FROM cases WHERE id = 1", "orders 1 changed"},
        {"UPDATE cases SET ver = 1 WHERE id = 1", "orders 1 changed"},
        {"INSERT INTO cases (id, order_id, ver, stored_at, retry_at) VALUES (3, '" COUNTY "-000003', 2, 1, 1)",
         "orders 3 changed"},
        {"INSERT INTO cases (id, order_id, ver, stored_at, retry_at) VALUES (8, '" COUNTY "-000008', 2, 1, 1)",
         "orders 8 changed"},
        {"UPDATE cases_fts_content SET c0 = '别的' WHERE id = 2", "orders 2 changed,search 0 changed"},
        {"UPDATE cases_fts_data SET block = x'00000000000000' WHERE id = 10", /* an index without words */
         "orders 1 changed,orders 2 changed,search 0 changed"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tamper(rows[i].change);
        AUTOFREE char *found = faults();
        if (strcmp(found, rows[i].expected) != 0)
            fail_msg("%s: found \"%s\"", rows[i].change, found);
        record_clear(message);
        assert_int_equal(take_as("", MSG_REBUILD_JOURNAL, COUNTY, ""), VERDICT_OK);
        assert_found("");
        assert_int_equal(record_int(search("停水"), F_TOTAL), 1);
        assert_int_equal(record_int(search("已处理"), F_TOTAL), 2);
        assert_string_equal(record_str(listed(COUNTY "-000003"), F_TITLE), "井盖");
    }
}

/* Every text is right and each title is found, but one case is not found by the words of its text. */
static void an_index_of_other_words_is_found(void **state)
{
    (void)state;
    fill();
    assert_int_equal(
        database_run(archive_database(archive, COUNTY), "UPDATE cases_fts SET text = '别的' WHERE rowid = 1"), 0);
    tamper("UPDATE cases_fts_content SET c1 = '三栋' WHERE id = 1");
    assert_int_equal(record_int(search("三栋"), F_TOTAL), 0);
    assert_found("search 0 changed");
    step(3, "open");
    assert_int_equal(take_step(COUNTY "-000003"), VERDICT_OK);
    record_clear(message);
    assert_int_equal(take_as("", MSG_REBUILD_JOURNAL, COUNTY, ""), VERDICT_OK);
    assert_found("");
    assert_int_equal(record_int(search("三栋"), F_TOTAL), 1);
}

/* The table is as it was, but a row is not found by its order any more. Built anew, the index is right again. */
static void an_index_that_says_otherwise_is_found(void **state)
{
    (void)state;
    char page[PAGE];
    fill();
    archive_close(&archive);
    FILE *index = open_index();
    long begin = ftell(index);
    assert_int_equal(fread(page, 1, PAGE, index), PAGE);
    char *entry = memmem(page, PAGE, ORDER, strlen(ORDER));
    assert_non_null(entry);
    fseek(index, begin + (entry - page) + (long)strlen(ORDER) - 3, SEEK_SET);
    fputc('8', index);
    fclose(index);
    restart(&unanchored);
    AUTOFREE char *found = faults();
    if (!strstr(found, "indexes 0 changed"))
        fail_msg("found \"%s\"", found);
    record_clear(message);
    assert_int_equal(take_as("", MSG_REBUILD_JOURNAL, COUNTY, ""), VERDICT_OK);
    assert_found("");
}

/* What a table is, and what happens when something is put into it, says the file itself. */
static void another_schema_is_found(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {"CREATE TRIGGER other AFTER INSERT ON orders BEGIN DELETE FROM cases; END", "DROP TRIGGER other"},
        {"DROP INDEX orders_state", "CREATE INDEX orders_state ON orders (state, placed_at, order_id)"},
        {"PRAGMA writable_schema = ON;"
         "UPDATE sqlite_schema SET sql = replace(sql, 'TEXT NOT NULL UNIQUE', 'TEXT UNIQUE') WHERE name = 'cases'",
         "PRAGMA writable_schema = ON;"
         "UPDATE sqlite_schema SET sql = replace(sql, 'TEXT UNIQUE', 'TEXT NOT NULL UNIQUE') WHERE name = 'cases'"},
    };
    fill();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        tamper(changes[i][0]);
        restart(&unanchored);
        assert_found("schema 0 changed");
        tamper(changes[i][1]);
        restart(&unanchored);
        assert_found("");
    }
    tamper("ANALYZE orders");
    assert_found("");
}

/* Contacts are outside the chains, but the first step of each order knows its own. */
static void another_contact_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *change, *expected;
    } rows[] = {
        {"UPDATE contacts SET sealed = 'v1.1.other' WHERE order_id = '" ORDER "'", "contacts 1 changed"},
        {"UPDATE contacts SET person = 'hash-2' WHERE order_id = '" ORDER "'", "contacts 1 changed"},
        {"UPDATE contacts SET person = NULL WHERE order_id = '" ORDER "'", "contacts 1 changed"},
        {"UPDATE contacts SET order_id = '" COUNTY "-000002' WHERE order_id = '" ORDER "'",
         "contacts 1 missing,contacts 2 changed"},
        {"DELETE FROM contacts WHERE order_id = '" ORDER "'", "contacts 1 missing"},
        {"INSERT INTO contacts SELECT '" COUNTY "-000002', person, sealed, NULL FROM contacts", "contacts 2 changed"},
        {"INSERT INTO contacts SELECT '" COUNTY "-000009', person, sealed, NULL FROM contacts", "contacts 2 changed"},
    };
    step(1, "placed");
    record_set(message, F_CONTACT, "v1.1.sealed");
    record_set(message, F_PERSON, "hash-1");
    assert_int_equal(take_step(ORDER), VERDICT_OK);
    step(1, "placed");
    assert_int_equal(take_step(COUNTY "-000002"), VERDICT_OK);
    assert_found("");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tamper("CREATE TABLE kept AS SELECT * FROM contacts");
        tamper(rows[i].change);
        AUTOFREE char *found = faults();
        /* The table beside them is found as well. */
        AUTOFREE char *expected = xasprintf("%s,schema 0 changed", rows[i].expected);
        if (strcmp(found, expected) != 0)
            fail_msg("%s: found \"%s\"", rows[i].change, found);
        tamper("DELETE FROM contacts; INSERT INTO contacts SELECT * FROM kept; DROP TABLE kept");
        assert_found("");
    }
    /* One that was erased is not missing, as long as it is on record. */
    struct database *database = archive_database(archive, COUNTY);
    const struct audit record = {"archive", "contact.erased", ORDER, "done", ""};
    char orders[1][ORDER_ID_SIZE];
    tamper("UPDATE contacts SET closed_at = 1");
    assert_int_equal(contacts_erase(database, 1, orders, 1), 1);
    assert_found("contacts 1 missing");
    assert_int_equal(trail_store(database, "1790000000000-1", &record), 1);
    assert_found("");
}

/* More rows than one call looks at: each call is bounded, and together they see all. */
static void pieces_are_bounded(void **state)
{
    (void)state;
    char order[32];
    enum message_type type;
    for (int i = 1; i <= 1100; i++) {
        snprintf(order, sizeof order, COUNTY "-%06d", i);
        step(1, "placed");
        take_step(order);
    }
    record_clear(message);
    for (int64_t most = 0, calls = 0;; calls++) {
        assert_int_equal(take_as("", MSG_VERIFY_JOURNAL, COUNTY, ""), VERDICT_OK);
        const struct record *piece = outcome_answer(outcome, &type);
        most = record_int(piece, F_TOTAL) > most ? record_int(piece, F_TOTAL) : most;
        assert_true(most <= 1000);
        if (!record_has(piece, F_PART)) {
            assert_true(calls >= 13);
            break;
        }
        record_clear(message);
        record_copy(message, piece, F_PART);
        record_copy(message, piece, F_ROW);
    }
    tamper("UPDATE journal SET actor = 'x' WHERE id = 1001; UPDATE orders SET town = 'T1' WHERE id = 1099");
    assert_found("journal 1001 changed,orders 1099 changed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_lists_show_agrees_with_the_journal),
        TEST(an_index_of_other_words_is_found),
        TEST(an_index_that_says_otherwise_is_found),
        TEST(another_schema_is_found),
        TEST(another_contact_is_found),
        TEST(pieces_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
