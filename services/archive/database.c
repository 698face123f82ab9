/*
 * database.c - one county's SQLite file: opening, transactions, queries.
 *
 * synchronous=FULL makes a commit durable before anything is acknowledged. A file that is damaged, is not ours, or
 * lacks rows that were stored once is left exactly as it is, its write-ahead log included: its county's events stay in
 * the outboxes of their senders until somebody has repaired it.
 */
#include "services/archive/database.h"

#include "common/alloc.h"
#include "common/text.h"
#include "services/archive/archive.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

enum {
    BUSY_MS = 250,              /* how long a write waits for another process; the loop stands still meanwhile */
    CHECKED_AT_OPEN = 64 << 20, /* bytes: a file up to this size is read through when it is opened */
    QUERIES_KEPT = 300          /* of lists there are as many as filters go together */
};

struct database {
    char county[7];
    char *path;
    sqlite3 *sqlite;
    sqlite3_stmt *queries[QUERIES_KEPT]; /* the one that was wanted last is the first */
    size_t query_count;
    char marks[CHAIN_COUNT][MARK_SIZE]; /* that Redis knows of */
    bool news;                          /* committed something since */
    bool remembers;                     /* the write-ahead log may have what was deleted */
    int fault;                          /* -EUCLEAN or -ESTALE once that was found, with why */
    char why[WHY_SIZE];
};

bool county_id_valid(const char *text)
{
    return strlen(text) == 6 && strspn(text, "0123456789") == 6;
}

int database_run(struct database *database, const char *sql)
{
    return sqlite3_exec(database->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

/* Notes that the file cannot be used until somebody has looked after it. Returns the fault. */
static int found(struct database *database, int fault, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int found(struct database *database, int fault, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    AUTOFREE char *what = NULL;
    if (vasprintf(&what, format, arguments) < 0)
        abort();
    va_end(arguments);
    snprintf(database->why, sizeof database->why, "%s %s; what to do: \"Repair\" in services/archive/README.md",
             database->path, what);
    database->fault = fault;
    return fault;
}

int database_fault(struct database *database, char ret_why[WHY_SIZE])
{
    int code = sqlite3_errcode(database->sqlite);
    if (!database->fault && (code == SQLITE_CORRUPT || code == SQLITE_NOTADB))
        found(database, -EUCLEAN, "is damaged (%s)", sqlite3_errmsg(database->sqlite));
    if (database->fault)
        snprintf(ret_why, WHY_SIZE, "%s", database->why);
    else
        snprintf(ret_why, WHY_SIZE, "%s cannot be used now: %s", database->path, sqlite3_errmsg(database->sqlite));
    return database->fault ? database->fault : -EIO;
}

/* Reads through a file that is not too large for that, because damage is best found before something is added. */
static int check_pages(struct database *database, off_t size)
{
    if (size > CHECKED_AT_OPEN)
        return 0;
    QUERY *query = database_query(database, "PRAGMA quick_check(1)");
    if (query_next(query) <= 0)
        return -EIO;
    return strcmp(query_column(query, 0), "ok") == 0
               ? 0
               : found(database, -EUCLEAN, "is damaged (%s)", query_column(query, 0));
}

int database_check_marks(struct database *database)
{
    for (enum chain chain = 0; chain < CHAIN_COUNT; chain++) {
        int holds = chain_holds(database, chain, database->marks[chain]);
        if (holds < 0)
            return holds;
        if (!holds)
            return found(database, -ESTALE, "lacks row %lld of the table %s, which was stored in it",
                         strtoll(database->marks[chain], NULL, 10), chain_table(chain));
    }
    return 0;
}

static bool was_there(const struct database *database)
{
    return *database->marks[CHAIN_JOURNAL] || *database->marks[CHAIN_AUDIT];
}

/* now_ms() in queries, whose texts had better stay the same. */
static void now_function(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    (void)count, (void)arguments;
    sqlite3_result_int64(context, now_ms());
}

static int set_up(struct database *database, const unsigned char key[CHAIN_KEY_SIZE])
{
    struct stat file = {0};
    bool empty;
    const char *foreign = NULL;
    if (stat(database->path, &file) < 0 && errno != ENOENT)
        return found(database, -ESTALE, "cannot be reached (%s)", strerror(errno));
    /* SQLite would make a new file, and throw away the log of an emptied one. */
    if (file.st_size == 0 && was_there(database))
        return found(database, -ESTALE, "is %s, but rows were stored in it", file.st_ino ? "empty" : "missing");

    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_CREATE;
    if (sqlite3_open_v2(database->path, &database->sqlite, flags, NULL) != SQLITE_OK)
        return -EIO;
    sqlite3_busy_timeout(database->sqlite, BUSY_MS);
    int result = schema_recognise(database, &empty, &foreign);
    if (result == -EUCLEAN)
        return found(database, result, "%s", foreign);
    if (result == 0 && empty && was_there(database))
        return found(database, -ESTALE, "is empty, but rows were stored in it");
    if (result == 0)
        result = check_pages(database, file.st_size);
    if (result == 0 && sqlite3_create_function_v2(database->sqlite, "now_ms", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL,
                                                  now_function, NULL, NULL, NULL) != SQLITE_OK)
        result = -EIO;
    if (result == 0)
        result = search_register(database->sqlite);
    if (result == 0)
        result = chain_register(database->sqlite, key);
    if (result == 0)
        result =
            database_run(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON");
    if (result == 0)
        result = schema_migrate(database);
    return result < 0 ? result : database_check_marks(database);
}

int database_open(const char *dir, const char *county, const struct anchor *anchor, struct database **ret_database,
                  char ret_why[WHY_SIZE])
{
    if (!county_id_valid(county))
        return -EINVAL;
    struct database *database = xcalloc(1, sizeof *database);
    snprintf(database->county, sizeof database->county, "%s", county);
    database->path = xasprintf("%s/%s.db", dir, county);
    memcpy(database->marks, anchor->marks, sizeof database->marks);
    database->news = true;      /* perhaps rows that Redis was not told of */
    database->remembers = true; /* whoever deleted may have been killed before the log forgot */
    int result = set_up(database, anchor->key);
    if (result < 0) {
        result = database_fault(database, ret_why);
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
    /* Closing would write the log into the file, which would not make a damaged one better. */
    if ((*database)->fault && (*database)->sqlite)
        sqlite3_db_config((*database)->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close((*database)->sqlite);
    free((*database)->path);
    free(*database);
    *database = NULL;
}

const char *database_county(const struct database *database)
{
    return database->county;
}

const char *database_known_mark(const struct database *database, enum chain chain)
{
    return database->marks[chain];
}

void database_set_known_mark(struct database *database, enum chain chain, const char *mark)
{
    snprintf(database->marks[chain], MARK_SIZE, "%s", mark);
}

bool database_has_news(const struct database *database)
{
    return database->news;
}

void database_set_news(struct database *database, bool news)
{
    database->news = news;
}

int database_begin(struct database *database)
{
    int moved = 0;
    sqlite3_file_control(database->sqlite, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved) /* what is written to it now nobody would find again */
        return found(database, -ESTALE, "was taken away while it was in use");
    int result = database_run(database, "BEGIN IMMEDIATE");
    return result < 0 ? result : database_check_marks(database);
}

int database_commit(struct database *database)
{
    int result = database_run(database, "COMMIT");
    if (result == 0)
        database->news = true;
    return result;
}

void database_rollback(struct database *database)
{
    if (!sqlite3_get_autocommit(database->sqlite))
        database_run(database, "ROLLBACK");
}

void database_forget(struct database *database, bool deleted)
{
    database->remembers = database->remembers || deleted;
    if (database->remembers) /* the answer is 0 unless somebody is reading */
        database->remembers = query_value(database_query(database, "PRAGMA wal_checkpoint(TRUNCATE)")) != 0;
}

sqlite3_stmt *database_query(struct database *database, const char *sql)
{
    sqlite3_stmt **queries = database->queries, *query;
    size_t at = 0;
    while (at < database->query_count && strcmp(sqlite3_sql(queries[at]), sql) != 0)
        at++;
    if (at < database->query_count) {
        query = queries[at];
    } else {
        if (sqlite3_prepare_v3(database->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &query, NULL) != SQLITE_OK)
            return NULL;
        if (database->query_count == QUERIES_KEPT)
            sqlite3_finalize(queries[--at]);
        else
            database->query_count++;
    }
    memmove(queries + 1, queries, at * sizeof *queries);
    return queries[0] = query;
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
