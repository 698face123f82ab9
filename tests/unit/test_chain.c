/*
 * test_chain.c - whatever is done to a county's file behind the archive's back is found: a row changed, removed, put in
 * or moved, the end cut off, the file replaced. And what follows from the journal can be made anew out of it.
 */
// links: services/archive
#include "tests/unit/archive_fixture.h"

#include <errno.h>

enum { PAGE = 4096 }; /* of an SQLite file, in bytes */

/* Where the test's files are. */
static char *in_dir(const char *name)
{
    return xasprintf("%s/%s", dir, name);
}

/* Does something to the file as any program can that has it. The archive's own functions are not known there. */
static void tamper(const char *sql)
{
    AUTOFREE char *file = in_dir(COUNTY ".db");
    sqlite3 *sqlite;
    char *error = NULL;
    assert_int_equal(sqlite3_open(file, &sqlite), SQLITE_OK);
    if (sqlite3_exec(sqlite, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
    sqlite3_close(sqlite);
}

/* All faults that are found, as "part row error" with a comma between; the caller frees it. */
static char *faults(void)
{
    char *found = xstrdup("");
    record_clear(message);
    do {
        enum message_type type;
        if (take_as("", MSG_VERIFY_JOURNAL, COUNTY, "") != VERDICT_OK) {
            free(found);
            return xstrdup("refused");
        }
        const struct record *piece = outcome_answer(outcome, &type);
        assert_int_equal(type, MSG_PIECE);
        for (size_t i = 0; i < record_rows(piece, F_ROWS); i++) {
            const struct record *row = record_row(piece, F_ROWS, i);
            char *more = xasprintf("%s%s%s %d %s", found, *found ? "," : "", record_str(row, F_PART),
                                   (int)record_int(row, F_ROW), record_str(row, F_ERROR));
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

/* A journal of six rows: two cases, then two steps of an order that is open. */
static void fill(void)
{
    add_case(COUNTY "-000001", 1, "路灯", "三栋");
    add_case(COUNTY "-000002", 2, "停水", "");
    step(1, "placed");
    record_set(message, F_TITLE, "井盖");
    record_set_real(message, F_LAT, 30.123456789);
    take_step(COUNTY "-000003");
    step(2, "open");
    record_set(message, F_NOTE, "快");
    take_step(COUNTY "-000003");
    assert_found("");
}

static struct anchor anchor_now(void)
{
    struct anchor anchor = unanchored;
    for (enum chain chain = 0; chain < CHAIN_COUNT; chain++)
        assert_int_equal(chain_mark(archive_database(archive, COUNTY), chain, anchor.marks[chain]), 0);
    return anchor;
}

/* Ends the archive and starts another one, for which Redis knows this much. */
static void restart(const struct anchor *anchor)
{
    archive_close(&archive);
    assert_int_equal(archive_open(dir, &archive), 0);
    archive_admit(archive, COUNTY, anchor, now += 10000);
}

static void copy_file(const char *from, const char *to)
{
    AUTOFREE char *command = xasprintf("cp %s/%s %s/%s", dir, from, dir, to);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): nothing in it is from outside */
}

/* With no write-ahead log beside it, as a backup is. */
static void settle_file(void)
{
    archive_close(&archive);
    assert_int_equal(archive_open(dir, &archive), 0);
    archive_admit(archive, COUNTY, &unanchored, now);
}

/* The file, where the page of the index of the journal by orders begins. */
static FILE *open_index(void)
{
    AUTOFREE char *file = in_dir(COUNTY ".db");
    sqlite3 *sqlite;
    sqlite3_stmt *query;
    assert_int_equal(sqlite3_open(file, &sqlite), SQLITE_OK);
    sqlite3_prepare_v2(sqlite, "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_journal_1'", -1,
                       &query, NULL);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    long page = sqlite3_column_int(query, 0);
    sqlite3_finalize(query);
    sqlite3_close(sqlite);
    FILE *opened = fopen(file, "r+");
    fseek(opened, (page - 1) * PAGE, SEEK_SET);
    return opened;
}

static void assert_refused_file(const char *why)
{
    assert_null(archive_database(archive, COUNTY));
    const char *trouble = archive_trouble(archive);
    if (!strstr(trouble, why) || !strstr(trouble, COUNTY ".db") || !strstr(trouble, "Repair"))
        fail_msg("\"%s\" does not say \"%s\"", trouble, why);
    step(9, "open");
    assert_int_equal(take_step(COUNTY "-000009"), VERDICT_LATER);
    assert_true(outcome_waits(outcome) >= 5);
}

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

static void another_file_in_its_place_is_refused(void **state)
{
    (void)state;
    fill();
    settle_file();
    copy_file(COUNTY ".db", "old.db");
    add_case(COUNTY "-000004", 4, "更晚", "");
    const struct anchor anchor = anchor_now();
    settle_file();
    copy_file(COUNTY ".db", "good.db");
    AUTOFREE char *file = in_dir(COUNTY ".db"), *log = in_dir(COUNTY ".db-wal");

    archive_close(&archive);
    copy_file("old.db", COUNTY ".db");
    assert_int_equal(archive_open(dir, &archive), 0);
    archive_admit(archive, COUNTY, &anchor, now);
    assert_refused_file("lacks row 8");

    assert_int_equal(truncate(file, 0), 0);
    FILE *kept = fopen(log, "w");
    fputs("the log of a file that was emptied by mistake", kept);
    fclose(kept);
    restart(&anchor);
    assert_refused_file("is empty");
    assert_int_equal(access(log, F_OK), 0);
    unlink(log);
    unlink(file);
    restart(&anchor);
    assert_refused_file("is missing");
    assert_int_equal(access(file, F_OK), -1);
    tamper("PRAGMA user_version = 0; VACUUM"); /* an empty database */
    restart(&anchor);
    assert_refused_file("is empty");
    tamper("CREATE TABLE guests (name)");
    restart(&unanchored);
    assert_refused_file("another program");
    tamper("PRAGMA user_version = 2");
    restart(&unanchored);
    assert_refused_file("another program");

    copy_file(OTHER ".db", COUNTY ".db");
    restart(&anchor);
    assert_refused_file("lacks row 8");
    copy_file("good.db", COUNTY ".db");
    tamper("PRAGMA user_version = 99");
    restart(&anchor);
    assert_refused_file("newer version");

    /* The right one is taken into use without a restart. */
    copy_file("good.db", COUNTY ".db");
    assert_true(archive_lacks(archive, COUNTY, now + 10000));
    archive_admit(archive, COUNTY, &anchor, now + 10000);
    assert_string_equal(archive_trouble(archive), "");
    assert_found("");
}

/* Written by somebody who has no key: in itself it is sound. */
static void a_forged_file_is_found(void **state)
{
    (void)state;
    struct anchor other = {.key = "a key that was guessed"};
    restart(&other);
    add_case(COUNTY "-000001", 1, "路灯", "");
    assert_found("");
    restart(&unanchored);
    assert_found("journal 1 changed,journal 2 changed,contacts 1 missing");
}

static void a_damaged_file_is_refused(void **state)
{
    (void)state;
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 1; i <= 50; i++) {
        char order[32];
        snprintf(order, sizeof order, COUNTY "-%06d", i);
        add_case(order, i, "路灯", text);
    }
    const struct anchor anchor = anchor_now();
    settle_file();
    copy_file(COUNTY ".db", "good.db");
    AUTOFREE char *file = in_dir(COUNTY ".db");
    for (int kind = 0; kind < 3; kind++) {
        archive_close(&archive);
        copy_file("good.db", COUNTY ".db");
        FILE *damaged = fopen(file, "r+");
        fseek(damaged, 0, SEEK_END);
        long size = ftell(damaged);
        if (kind < 2) {
            fseek(damaged, kind == 0 ? 0 : size / 2 / 4096 * 4096, SEEK_SET);
            for (int i = 0; i < 4 * 4096; i++)
                fputc('?', damaged);
        }
        fclose(damaged);
        if (kind == 2)
            assert_int_equal(truncate(file, size / 2), 0);
        assert_int_equal(archive_open(dir, &archive), 0);
        archive_admit(archive, COUNTY, &anchor, now += 10000);
        assert_refused_file("is damaged");
        /* It is not read through again and again, only when it has changed. */
        assert_false(archive_lacks(archive, COUNTY, now + 10000));
        copy_file("good.db", COUNTY ".db");
        assert_true(archive_lacks(archive, COUNTY, now + 10000));
    }
}

/* Damage in a file that is too large to be read through at the start is met at work. */
static void damage_is_found_at_work(void **state)
{
    (void)state;
    fill();
    const struct anchor anchor = anchor_now();
    tamper("CREATE TABLE filler (bytes); INSERT INTO filler VALUES (zeroblob(70000000))");
    settle_file();
    archive_close(&archive);
    FILE *damaged = open_index();
    for (int i = 0; i < PAGE; i++)
        fputc('?', damaged);
    fclose(damaged);

    assert_int_equal(archive_open(dir, &archive), 0);
    archive_admit(archive, COUNTY, &anchor, now);
    archive_admit(archive, OTHER, &unanchored, now);
    assert_non_null(archive_database(archive, COUNTY));
    step(3, "open");
    assert_int_equal(take_step(COUNTY "-000003"), VERDICT_LATER);
    assert_refused_file("is damaged");
    assert_false(archive_lacks(archive, COUNTY, now + 100000));
    step(1, "placed");
    assert_int_equal(take_as("m", MSG_ORDER_STEP, OTHER, OTHER "-000001"), VERDICT_OK);
}

static void a_file_that_is_taken_away_is_not_written_to(void **state)
{
    (void)state;
    fill();
    AUTOFREE char *file = in_dir(COUNTY ".db"), *away = in_dir("away.db");
    assert_int_equal(rename(file, away), 0);
    step(3, "open");
    assert_int_equal(take_step(COUNTY "-000003"), VERDICT_LATER);
    assert_refused_file("taken away");
    step(1, "placed"); /* other counties go on */
    assert_int_equal(take_as("m", MSG_ORDER_STEP, OTHER, OTHER "-000001"), VERDICT_OK);
}

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
        {"DROP INDEX orders_state", "CREATE INDEX orders_state ON orders (state, placed_at)"},
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

/* A file of a version that had no chain gets the one that it would have had. */
static void an_old_file_becomes_a_chain(void **state)
{
    (void)state;
    fill();
    step(3, "objected");
    record_set(message, F_OBJECTED, "D1");
    record_set_int(message, F_ASKED_DAYS, 3);
    take_step(COUNTY "-000003");
    const struct anchor before = anchor_now();
    settle_file();
    archive_close(&archive);
    tamper("DROP VIEW published; DROP VIEW classes; DROP VIEW class_orders; DROP INDEX journal_library;"
           "DROP VIEW matter_orders; DROP TRIGGER matters_new; DROP TRIGGER matters_changed; DROP TRIGGER matters_gone;"
           "DROP TABLE about; DROP INDEX cases_followed; ALTER TABLE cases DROP COLUMN followed;"
           "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name GLOB 'published_fts*';"
           "PRAGMA writable_schema = RESET; VACUUM;"
           "ALTER TABLE journal DROP COLUMN hash; DROP TABLE audit; DROP TABLE contacts;"
           "ALTER TABLE orders DROP COLUMN handed_at; ALTER TABLE orders DROP COLUMN \"primary\";"
           "ALTER TABLE orders DROP COLUMN merged; ALTER TABLE orders DROP COLUMN clock;"
           "ALTER TABLE orders DROP COLUMN clock_at; ALTER TABLE orders DROP COLUMN pauses;"
           "ALTER TABLE orders DROP COLUMN to_call; ALTER TABLE orders DROP COLUMN flag; ALTER TABLE orders DROP "
           "COLUMN files; ALTER TABLE orders DROP COLUMN joint; ALTER TABLE orders DROP COLUMN assisting; ALTER "
           "TABLE orders DROP COLUMN objected; ALTER TABLE orders DROP COLUMN asked_days; "
           "ALTER TABLE orders DROP COLUMN taken_back; ALTER TABLE orders DROP COLUMN written; ALTER TABLE orders DROP "
           "COLUMN promised_at; ALTER TABLE orders DROP COLUMN places; DROP TABLE matters; PRAGMA "
           "user_version = 1; "
           "PRAGMA application_id = 0");
    assert_int_equal(archive_open(dir, &archive), 0);
    archive_admit(archive, COUNTY, &unanchored, now);
    assert_found("");
    const struct anchor after = anchor_now();
    assert_string_equal(after.marks[CHAIN_JOURNAL], before.marks[CHAIN_JOURNAL]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_changed_row_is_found),
        TEST(a_removed_row_is_found),
        TEST(a_row_that_was_put_in_or_moved_is_found),
        TEST(nothing_is_sealed_afterwards),
        TEST(a_cut_end_is_found),
        TEST(a_cut_end_is_found_before_something_is_added),
        TEST(a_mark_that_lags_behind_does_no_harm),
        TEST(another_file_in_its_place_is_refused),
        TEST(a_forged_file_is_found),
        TEST(a_damaged_file_is_refused),
        TEST(damage_is_found_at_work),
        TEST(a_file_that_is_taken_away_is_not_written_to),
        TEST(what_lists_show_agrees_with_the_journal),
        TEST(an_index_of_other_words_is_found),
        TEST(an_index_that_says_otherwise_is_found),
        TEST(another_schema_is_found),
        TEST(another_contact_is_found),
        TEST(pieces_are_bounded),
        TEST(an_old_file_becomes_a_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
