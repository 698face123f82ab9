/*
 * tamper_fixture.h - a county's file that is changed behind the archive's back, and what the archive finds then.
 */
#ifndef SIDAN_TAMPER_FIXTURE_H
#define SIDAN_TAMPER_FIXTURE_H

#include "tests/unit/archive_fixture.h"

enum { PAGE = 4096 }; /* of an SQLite file, in bytes */

/* Where the test's files are. */
static inline char *in_dir(const char *name)
{
    return xasprintf("%s/%s", dir, name);
}

/* Does something to the file as any program can that has it. The archive's own functions are not known there. */
static inline void tamper(const char *sql)
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
static inline char *faults(void)
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

static inline void assert_found(const char *expected)
{
    AUTOFREE char *found = faults();
    assert_string_equal(found, expected);
}

/* A journal of six rows: two cases, then two steps of an order that is open. */
static inline void fill(void)
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

static inline struct anchor anchor_now(void)
{
    struct anchor anchor = unanchored;
    for (enum chain chain = 0; chain < CHAIN_COUNT; chain++)
        assert_int_equal(chain_mark(archive_database(archive, COUNTY), chain, anchor.marks[chain]), 0);
    return anchor;
}

/* Ends the archive and starts another one, for which Redis knows this much. */
static inline void restart(const struct anchor *anchor)
{
    archive_close(&archive);
    assert_int_equal(archive_open(dir, &archive), 0);
    archive_admit(archive, COUNTY, anchor, now += 10000);
}

static inline void copy_file(const char *from, const char *to)
{
    AUTOFREE char *command = xasprintf("cp %s/%s %s/%s", dir, from, dir, to);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): nothing in it is from outside */
}

/* With no write-ahead log beside it, as a backup is. */
static inline void settle_file(void)
{
    archive_close(&archive);
    assert_int_equal(archive_open(dir, &archive), 0);
    archive_admit(archive, COUNTY, &unanchored, now);
}

/* The file, where the page of the index of the journal by orders begins. */
static inline FILE *open_index(void)
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

static inline void assert_refused_file(const char *why)
{
    assert_null(archive_database(archive, COUNTY));
    const char *trouble = archive_trouble(archive);
    if (!strstr(trouble, why) || !strstr(trouble, COUNTY ".db") || !strstr(trouble, "Repair"))
        fail_msg("\"%s\" does not say \"%s\"", trouble, why);
    step(9, "open");
    assert_int_equal(take_step(COUNTY "-000009"), VERDICT_LATER);
    assert_true(outcome_waits(outcome) >= 5);
}

#endif
