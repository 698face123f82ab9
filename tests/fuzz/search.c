/*
 * What people type into the search: never an error of SQLite, and a text is found by its own words.
 */
// links: services/archive
#include "tests/fuzz/fuzz.h"

#include "services/archive/archive.h"

static sqlite3 *sqlite;
static sqlite3_stmt *insert, *count, *empty;

static void prepare(void)
{
    PROMISE(sqlite3_open(":memory:", &sqlite) == SQLITE_OK && search_register(sqlite) == 0);
    PROMISE(sqlite3_exec(sqlite, "CREATE VIRTUAL TABLE t USING fts5 (title, text, tokenize = 'sidan')", NULL, NULL,
                         NULL) == SQLITE_OK);
    PROMISE(sqlite3_prepare_v2(sqlite, "INSERT INTO t VALUES ('', ?1)", -1, &insert, NULL) == SQLITE_OK);
    PROMISE(sqlite3_prepare_v2(sqlite, "SELECT count(*) FROM t WHERE t MATCH ?1", -1, &count, NULL) == SQLITE_OK);
    PROMISE(sqlite3_prepare_v2(sqlite, "DELETE FROM t", -1, &empty, NULL) == SQLITE_OK);
}

static void run(sqlite3_stmt *query, const char *text, int expected)
{
    if (text)
        sqlite3_bind_text(query, 1, text, -1, SQLITE_STATIC);
    PROMISE(sqlite3_step(query) == expected);
}

static void fuzz(const char *data, size_t size)
{
    if (!sqlite)
        prepare();
    AUTOFREE char *text = xstrndup(data, size);
    AUTOFREE char *expression = search_expression(text);
    if (!expression)
        return;
    if (!is_text(text)) { /* never comes so far, but is no syntax either */
        run(count, expression, SQLITE_ROW);
        sqlite3_reset(count);
        return;
    }
    run(insert, text, SQLITE_DONE);
    sqlite3_reset(insert);
    run(count, expression, SQLITE_ROW);
    PROMISE(sqlite3_column_int(count, 0) == 1);
    sqlite3_reset(count);
    run(empty, NULL, SQLITE_DONE);
    sqlite3_reset(empty);
}
