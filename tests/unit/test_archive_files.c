/*
 * test_archive_files.c - a file in the place of a county's own, a damaged one or none is refused, with what to do; an
 * old one is taken over.
 */
// links: services/archive
#include "tests/unit/tamper_fixture.h"

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

/* Whether a file without a name, which somebody has open, was made in the directory. */
static bool has_unnamed_file(void)
{
    AUTOFREE char *here = xasprintf("%s/", dir);
    bool found = false;
    DIR *open_files = opendir("/proc/self/fd");
    for (const struct dirent *entry; (entry = readdir(open_files));) {
        char target[500];
        ssize_t size = readlinkat(dirfd(open_files), entry->d_name, target, sizeof target - 1);
        target[size > 0 ? size : 0] = '\0';
        found = found || (strncmp(target, here, strlen(here)) == 0 && strstr(target, "(deleted)"));
    }
    closedir(open_files);
    return found;
}

/* Where /tmp is small, or cannot be written to, as in a container, a large index is made all the same. */
static void what_needs_room_has_it_beside_the_files(void **state)
{
    (void)state;
    struct database *database = archive_database(archive, COUNTY);
    assert_int_equal(database_run(database,
                                  "PRAGMA temp.cache_size = 10; CREATE TEMP TABLE room (bytes);"
                                  "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
                                  "INSERT INTO room SELECT randomblob(1000) FROM n"),
                     0);
    assert_true(has_unnamed_file());
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
    tamper(
        "DROP INDEX orders_narrow; DROP INDEX orders_department; DROP INDEX orders_due; DROP INDEX orders_answered_at;"
        "DROP INDEX orders_closed_at; DROP INDEX orders_members; DROP INDEX orders_assisting; DROP INDEX journal_step;"
        "DROP INDEX journal_reminded; CREATE INDEX orders_placed_at ON orders (placed_at, id);"
        "DROP VIEW published; DROP VIEW classes; DROP VIEW class_orders; DROP INDEX journal_library;"
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
        TEST(another_file_in_its_place_is_refused),
        TEST(a_forged_file_is_found),
        TEST(a_damaged_file_is_refused),
        TEST(damage_is_found_at_work),
        TEST(a_file_that_is_taken_away_is_not_written_to),
        TEST(what_needs_room_has_it_beside_the_files),
        TEST(an_old_file_becomes_a_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
