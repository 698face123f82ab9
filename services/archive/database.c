/*
 * database.c - one county's SQLite file: opening, schema, queries.
 *
 * The schema is a list of migrations; user_version says how many a file has
 * seen. synchronous=FULL makes a commit durable before anything is
 * acknowledged. A file that cannot be opened or is newer than this program is
 * left as it is: its county's events stay in the outboxes of their senders.
 */
#include "services/archive/database.h"

#include "common/alloc.h"
#include "common/log.h"
#include "services/archive/archive.h"

#include <errno.h>
#include <string.h>

/* How long a write waits for another process. The loop stands still meanwhile; longer waits end in "later". */
enum { BUSY_MS = 2000 };

static const char *const migrations[] = {
    /* What happened, step by step; never changed, never deleted. fields: JSON of what the step changed. */
    "CREATE TABLE journal (id INTEGER PRIMARY KEY, order_id TEXT NOT NULL, ver INTEGER NOT NULL, at INTEGER NOT NULL,"
    "  stored_at INTEGER NOT NULL, message_id TEXT NOT NULL, service TEXT NOT NULL, step TEXT NOT NULL,"
    "  actor TEXT NOT NULL, state TEXT, note TEXT, fields TEXT NOT NULL CHECK (json_valid(fields)),"
    "  UNIQUE (order_id, ver));"
    "CREATE INDEX journal_stored_at ON journal (stored_at, id);"

    /* Each order as it stands: a projection of the journal. ver: the highest known; steps: how many are known. */
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, order_id TEXT NOT NULL UNIQUE, ver INTEGER NOT NULL,"
    "  steps INTEGER NOT NULL, updated_at INTEGER NOT NULL, state TEXT, title TEXT, text TEXT, place TEXT,"
    "  community TEXT, town TEXT, lat REAL, long REAL, media_url TEXT, source TEXT, source_ref TEXT, public INTEGER,"
    "  category TEXT, urgency TEXT, \"group\" TEXT, department TEXT, members TEXT, outcome TEXT, answer TEXT,"
    "  rating TEXT, reason TEXT, return_to TEXT, due INTEGER, placed_at INTEGER, opened_at INTEGER,"
    "  assigned_at INTEGER, answered_at INTEGER, closed_at INTEGER);"
    "CREATE INDEX orders_placed_at ON orders (placed_at, id);"
    "CREATE INDEX orders_state ON orders (state, placed_at);"
    "CREATE INDEX orders_category ON orders (category, placed_at);"
    "CREATE INDEX orders_group ON orders (\"group\", placed_at);"
    "CREATE INDEX orders_town ON orders (town, placed_at);"

    /* Complete orders. id: of the order's row. ver: the last one. retired_at: when the order left Redis. */
    "CREATE TABLE cases (id INTEGER PRIMARY KEY, order_id TEXT NOT NULL UNIQUE, ver INTEGER NOT NULL,"
    "  stored_at INTEGER NOT NULL, retired_at INTEGER, retry_at INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX cases_waiting ON cases (retry_at) WHERE retired_at IS NULL;"
    "CREATE VIRTUAL TABLE cases_fts USING fts5 (title, text, place, answer, tokenize = 'sidan');"

    "CREATE TABLE sms (sms TEXT PRIMARY KEY, order_id TEXT NOT NULL, recipient TEXT NOT NULL, template TEXT NOT NULL,"
    "  state TEXT NOT NULL, at INTEGER NOT NULL, detail TEXT);"
    "CREATE INDEX sms_order ON sms (order_id, at);",

    /* What its department may see depends on whether the order was handed over to it. */
    "ALTER TABLE orders ADD COLUMN handed_at INTEGER;"
    "UPDATE orders SET handed_at = (SELECT max(at) FROM journal WHERE journal.order_id = orders.order_id"
    "  AND step = 'handed_over');",
};
enum { SCHEMA_VERSION = sizeof migrations / sizeof *migrations };

struct database {
    char county[7];
    sqlite3 *sqlite;
    sqlite3_stmt **queries;
    size_t query_count;
};

bool county_id_valid(const char *text)
{
    return strlen(text) == 6 && strspn(text, "0123456789") == 6;
}

static int run(struct database *database, const char *sql)
{
    return sqlite3_exec(database->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

static int migrate(struct database *database)
{
    int result = database_begin(database);
    if (result < 0)
        return result;
    int64_t version = query_value(database_query(database, "PRAGMA user_version"));
    if (version < 0 || version > SCHEMA_VERSION) {
        database_rollback(database);
        return version < 0 ? -EIO : -EPROTO;
    }
    for (; result == 0 && version < SCHEMA_VERSION; version++) {
        AUTOFREE char *mark = xasprintf("PRAGMA user_version = %d", (int)version + 1);
        result = run(database, migrations[version]);
        if (result == 0)
            result = run(database, mark);
    }
    if (result == 0)
        return database_commit(database);
    database_rollback(database);
    return result;
}

static int set_up(struct database *database)
{
    sqlite3_busy_timeout(database->sqlite, BUSY_MS);
    int result = search_register(database->sqlite);
    if (result == 0)
        result = run(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    return result < 0 ? result : migrate(database);
}

int database_open(const char *dir, const char *county, bool create, struct database **ret_database)
{
    if (!county_id_valid(county))
        return -EINVAL;
    AUTOFREE char *path = xasprintf("%s/%s.db", dir, county);
    struct database *database = xcalloc(1, sizeof *database);
    snprintf(database->county, sizeof database->county, "%s", county);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
    int result = sqlite3_open_v2(path, &database->sqlite, flags, NULL) == SQLITE_OK ? 0 : -EIO;
    if (result < 0 && !create && sqlite3_system_errno(database->sqlite) == ENOENT)
        result = -ENOENT;
    if (result == 0)
        result = set_up(database);
    if (result < 0) {
        if (result == -EPROTO)
            log_error("county=%s its file was made by a newer version", county);
        else if (result != -ENOENT)
            log_error("county=%s cannot open its file: %s", county, database_error(database));
        database_close(&database);
        return result;
    }
    *ret_database = database;
    return 0;
}

void database_close(struct database **database)
{
    if (!*database)
        return;
    for (size_t i = 0; i < (*database)->query_count; i++)
        sqlite3_finalize((*database)->queries[i]);
    free((*database)->queries);
    sqlite3_close((*database)->sqlite);
    free(*database);
    *database = NULL;
}

const char *database_county(const struct database *database)
{
    return database->county;
}

const char *database_error(const struct database *database)
{
    return sqlite3_errmsg(database->sqlite);
}

int database_begin(struct database *database)
{
    return run(database, "BEGIN IMMEDIATE");
}

int database_commit(struct database *database)
{
    int result = run(database, "COMMIT");
    if (result < 0)
        database_rollback(database);
    return result;
}

void database_rollback(struct database *database)
{
    if (!sqlite3_get_autocommit(database->sqlite))
        run(database, "ROLLBACK");
}

sqlite3_stmt *database_query(struct database *database, const char *sql)
{
    for (size_t i = 0; i < database->query_count; i++)
        if (!strcmp(sqlite3_sql(database->queries[i]), sql))
            return database->queries[i];
    sqlite3_stmt *query;
    if (sqlite3_prepare_v3(database->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &query, NULL) != SQLITE_OK)
        return NULL;
    database->queries = xrealloc(database->queries, (database->query_count + 1) * sizeof *database->queries);
    return database->queries[database->query_count++] = query;
}

void query_end(sqlite3_stmt **query)
{
    if (!*query)
        return;
    sqlite3_reset(*query);
    sqlite3_clear_bindings(*query);
}

/* Binding fails for want of memory only, or for a mistake in the program. */
static void bound(const sqlite3_stmt *query, int result)
{
    if (query && result != SQLITE_OK)
        abort();
}

void query_text(sqlite3_stmt *query, int index, const char *text)
{
    bound(query, sqlite3_bind_text(query, index, text, -1, SQLITE_STATIC));
}

void query_int(sqlite3_stmt *query, int index, int64_t value)
{
    bound(query, sqlite3_bind_int64(query, index, value));
}

void query_real(sqlite3_stmt *query, int index, double value)
{
    bound(query, sqlite3_bind_double(query, index, value));
}

int query_next(sqlite3_stmt *query)
{
    int result = query ? sqlite3_step(query) : SQLITE_ERROR;
    return result == SQLITE_ROW ? 1 : result == SQLITE_DONE ? 0 : -EIO;
}

int query_run(sqlite3_stmt *query, int64_t *ret_changed)
{
    int result = query_next(query);
    if (result == 0 && ret_changed)
        *ret_changed = sqlite3_changes64(sqlite3_db_handle(query));
    return result < 0 ? result : 0;
}

int64_t query_value(sqlite3_stmt *query)
{
    int result = query_next(query);
    int64_t value = result > 0 ? sqlite3_column_int64(query, 0) : result;
    query_end(&query);
    return value;
}

const char *query_column(sqlite3_stmt *query, int column)
{
    const unsigned char *text = sqlite3_column_text(query, column);
    return text ? (const char *)text : "";
}
