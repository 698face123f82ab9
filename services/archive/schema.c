/*
 * schema.c - the tables of a county's file, and whether a file is one.
 *
 * The schema is a list of migrations; user_version says how many a file has seen. What is not certainly ours is not
 * written to.
 */
#include "common/alloc.h"
#include "services/archive/archive.h"

#include <errno.h>
#include <string.h>

#define CREATE_FTS "CREATE VIRTUAL TABLE cases_fts USING fts5 (title, text, place, answer, tokenize = 'sidan');"
#define CREATE_PUBLISHED_FTS "CREATE VIRTUAL TABLE published_fts USING fts5 (title, text, tokenize = 'sidan');"

/* The values of the last step of each thing in the library: those of the row that has max(ver). */
#define LATEST "SELECT id, max(ver) AS ver, at, actor, step, fields ->> '$.title' AS title, fields ->> '$.text' AS text"
#define ORDERS_IN(list, inside)                                                                                        \
    "SELECT order_id AS class, ver, value, " inside " AS inside FROM journal, json_each(fields, '$." list "')"         \
    " WHERE " OF_LIBRARY " AND order_id GLOB '*-K*'"

/* The latest value that a field of an order was given, as the journal has it: for a new column of `orders`. */
#define LATEST_OF(field)                                                                                               \
    "SELECT fields ->> '$." field "' FROM journal j WHERE j.order_id = orders.order_id"                                \
    "  AND fields ->> '$." field "' IS NOT NULL ORDER BY ver DESC LIMIT 1"

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
    "CREATE INDEX cases_waiting ON cases (retry_at) WHERE retired_at IS NULL;" CREATE_FTS

    "CREATE TABLE sms (sms TEXT PRIMARY KEY, order_id TEXT NOT NULL, recipient TEXT NOT NULL, template TEXT NOT NULL,"
    "  state TEXT NOT NULL, at INTEGER NOT NULL, detail TEXT);"
    "CREATE INDEX sms_order ON sms (order_id, at);",

    /* The journal becomes a chain; chain_old_rows() gives the rows that are there their hashes. */
    ("ALTER TABLE journal ADD COLUMN hash BLOB;"

     /* The audit trail, a chain too; never changed, never deleted. entry: its id in the stream in Redis. */
     "CREATE TABLE audit (id INTEGER PRIMARY KEY, entry TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, actor TEXT NOT NULL,"
     "  action TEXT NOT NULL, order_id TEXT NOT NULL, result TEXT NOT NULL, detail TEXT NOT NULL, hash BLOB NOT NULL);"
     "CREATE INDEX audit_at ON audit (at);"
     "CREATE INDEX audit_order ON audit (order_id, at);"
     "CREATE INDEX audit_actor ON audit (actor, at);"
     "PRAGMA application_id = 1936286830;"), /* "sidn" */

    /* Who placed an order, sealed; apart from the journal because it is erased one day. person: hash of the phone.
     * closed_at: of the order, from when it has left Redis. */
    ("CREATE TABLE contacts (order_id TEXT PRIMARY KEY, person TEXT, sealed TEXT NOT NULL, closed_at INTEGER);"
     "CREATE INDEX contacts_person ON contacts (person);"
     "CREATE INDEX contacts_closed_at ON contacts (closed_at) WHERE closed_at IS NOT NULL;"),

    /* Whether an order was handed over to its department, which decides about what that may see. */
    "ALTER TABLE orders ADD COLUMN handed_at INTEGER;",

    /* Which order one was merged into, and which were merged into it. */
    "ALTER TABLE orders ADD COLUMN \"primary\" TEXT; ALTER TABLE orders ADD COLUMN merged TEXT;",

    /* The running clock, for its light. */
    ("ALTER TABLE orders ADD COLUMN clock TEXT; ALTER TABLE orders ADD COLUMN clock_at INTEGER;"
     "ALTER TABLE orders ADD COLUMN pauses TEXT;"),

    /* Which residents a person has to call; which ratings are flagged. */
    ("ALTER TABLE orders ADD COLUMN to_call INTEGER; ALTER TABLE orders ADD COLUMN flag TEXT;"),

    /* Each meeting and suggestion as it stands, like `orders`. retry_at: when Redis is asked to let one go that has
     * ended; retired_at: when it did. */
    ("CREATE TABLE matters (id INTEGER PRIMARY KEY, order_id TEXT NOT NULL UNIQUE, ver INTEGER NOT NULL,"
     "  steps INTEGER NOT NULL, updated_at INTEGER NOT NULL, state TEXT, kind TEXT, title TEXT, text TEXT, place TEXT,"
     "  meets_at INTEGER, about TEXT, meeting TEXT, host TEXT, invited TEXT, coming TEXT, excused TEXT, present TEXT,"
     "  minutes TEXT, category TEXT, \"group\" TEXT, town TEXT, department TEXT, committee TEXT, members TEXT,"
     "  handed_at INTEGER, promised_at INTEGER, proposed TEXT, settled TEXT, kept INTEGER, reason TEXT, clock TEXT,"
     "  clock_at INTEGER, pauses TEXT, due INTEGER, placed_at INTEGER, closed_at INTEGER, retired_at INTEGER,"
     "  retry_at INTEGER, tries INTEGER NOT NULL DEFAULT 0);"
     "CREATE INDEX matters_placed_at ON matters (placed_at, order_id);"
     "CREATE INDEX matters_waiting ON matters (retry_at) WHERE retry_at IS NOT NULL;"),
    /*
     * The libraries: what the journal says of public texts and of classes of matters, as views, so that nothing can say
     * otherwise. published_fts: the texts that are public now, for the search; its rows have the ids of their steps.
     */
    ("CREATE INDEX journal_library ON journal (order_id, ver) WHERE " OF_LIBRARY ";"
     "CREATE VIEW published AS SELECT * FROM (" LATEST ", substr(order_id, 1, length(order_id) - 5) AS order_id"
     "  FROM journal WHERE " OF_LIBRARY
     " AND order_id GLOB '*/case' GROUP BY journal.order_id) WHERE step = 'published';"
     "CREATE VIEW classes AS " LATEST ", order_id AS class FROM journal WHERE " OF_LIBRARY
     "  AND order_id GLOB '*-K*' GROUP BY order_id;"
     "CREATE VIEW class_orders AS SELECT class, value AS order_id FROM (SELECT class, value, max(ver), inside FROM "
     "(" ORDERS_IN("add", "1") " UNION ALL " ORDERS_IN(
         "remove", "0") ") GROUP BY class, value) WHERE inside;" CREATE_PUBLISHED_FTS),

    /* Which attachments an order has. */
    "ALTER TABLE orders ADD COLUMN files TEXT;",

    /* What the office entered. */
    ("ALTER TABLE matters ADD COLUMN held_at INTEGER; ALTER TABLE matters ADD COLUMN absent TEXT;"
     "ALTER TABLE matters ADD COLUMN amount INTEGER; ALTER TABLE matters ADD COLUMN sector TEXT;"
     "ALTER TABLE matters ADD COLUMN task TEXT; CREATE INDEX matters_held_at ON matters (held_at);"),

    /* With which orders of other counties it is handled jointly. */
    "ALTER TABLE orders ADD COLUMN joint TEXT;",

    /* Which departments assist, for their lists. */
    ("ALTER TABLE orders ADD COLUMN assisting TEXT;"
     "UPDATE orders SET assisting = (" LATEST_OF("assisting") ");"),

    /* What orders stay for that have been closed; see cases_claim(). */
    "CREATE INDEX matters_followed ON matters (id) WHERE kind IN ('promise', 'supervision') AND state <> 'closed';",

    /* Which orders each of the matters is about, a row each; and the same as a table, in which an order finds what is
     * about it. followed: that an order stays in Redis for what was promised. */
    ("CREATE VIEW matter_orders AS SELECT DISTINCT value AS order_id, matters.id AS matter FROM matters,"
     "  json_each('[' || replace(json_quote(about), ' ', '\",\"') || ']') WHERE about <> '' AND value <> '';"
     "CREATE TABLE about (order_id TEXT NOT NULL, matter INTEGER NOT NULL, PRIMARY KEY (order_id, matter))"
     "  WITHOUT ROWID;"
     "CREATE INDEX about_matter ON about (matter);"
     "CREATE TRIGGER matters_new AFTER INSERT ON matters BEGIN"
     "  INSERT INTO about SELECT * FROM matter_orders WHERE matter = new.id; END;"
     "CREATE TRIGGER matters_changed AFTER UPDATE OF about ON matters WHEN new.about IS NOT old.about BEGIN"
     "  DELETE FROM about WHERE matter = old.id;"
     "  INSERT INTO about SELECT * FROM matter_orders WHERE matter = new.id; END;"
     "CREATE TRIGGER matters_gone AFTER DELETE ON matters BEGIN DELETE FROM about WHERE matter = old.id; END;"
     "INSERT INTO about SELECT * FROM matter_orders;"
     "DROP INDEX matters_followed;"
     "ALTER TABLE cases ADD COLUMN followed INTEGER NOT NULL DEFAULT 0;"
     "CREATE INDEX cases_followed ON cases (followed) WHERE retired_at IS NULL;"),

    /* What waits for the convener's decision. */
    ("ALTER TABLE orders ADD COLUMN objected TEXT; ALTER TABLE orders ADD COLUMN asked_days INTEGER;"
     "UPDATE orders SET objected = (" LATEST_OF("objected") "), asked_days = (" LATEST_OF("asked_days") ");"),

    /* What residents see of their orders as long as they are kept: that they have taken it back, though it goes on for
     * others; what a department wrote; when what was promised will be done. And how many members lists say are wanted.
     */
    ("ALTER TABLE orders ADD COLUMN taken_back INTEGER; ALTER TABLE orders ADD COLUMN written TEXT;"
     "ALTER TABLE orders ADD COLUMN promised_at INTEGER; ALTER TABLE orders ADD COLUMN places INTEGER;"
     "UPDATE orders SET taken_back = (" LATEST_OF("taken_back") "), written = (" LATEST_OF(
         "written") "),"
                    "  promised_at = (" LATEST_OF("promised_at") "), places = (" LATEST_OF("places") ");"),

    /* A county has 100,000 orders one day, and most of the bytes of a row are texts: what is counted and filtered by is
     * read from orders_narrow alone, newest or oldest first, and what there is less of is found by an index of its own,
     * in the order of lists again. published: without grouping all steps of the library, so that one text is looked up
     * by its number. journal_step: what members did in a period. */
    ("DROP INDEX orders_placed_at; DROP INDEX orders_state; DROP INDEX orders_category; DROP INDEX orders_group;"
     "DROP INDEX orders_town;"
     "CREATE INDEX orders_narrow ON orders (placed_at, order_id, state, category, town, \"group\", department,"
     "  handed_at, assisting, members, urgency, source, outcome, rating, public, community, to_call, flag, objected,"
     "  asked_days, clock, pauses, due, assigned_at, answered_at);"
     "CREATE INDEX orders_state ON orders (state, placed_at, order_id);"
     "CREATE INDEX orders_category ON orders (category, placed_at, order_id);"
     "CREATE INDEX orders_group ON orders (\"group\", placed_at, order_id);"
     "CREATE INDEX orders_town ON orders (town, placed_at, order_id);"
     "CREATE INDEX orders_department ON orders (department, placed_at, order_id);"
     "CREATE INDEX orders_due ON orders (due, order_id) WHERE clock <> '';"
     "CREATE INDEX orders_answered_at ON orders (answered_at, placed_at, outcome, rating);"
     "CREATE INDEX orders_closed_at ON orders (closed_at, state);"
     "CREATE INDEX orders_members ON orders (members) WHERE members <> '';"
     "CREATE INDEX orders_assisting ON orders (assisting) WHERE assisting <> '';"
     "CREATE INDEX journal_step ON journal (step, at);"
     "CREATE INDEX journal_reminded ON journal (order_id) WHERE step = 'reminded' AND note = 'answer';"
     "DROP VIEW published;"
     "CREATE VIEW published AS SELECT id, ver, at, actor, fields ->> '$.title' AS title, fields ->> '$.text' AS text,"
     "  substr(order_id, 1, length(order_id) - 5) AS order_id FROM journal WHERE " OF_LIBRARY
     " AND order_id GLOB '*/case' AND step = 'published' AND NOT EXISTS (SELECT 1 FROM journal AS later WHERE"
     "  later.order_id = journal.order_id AND later.ver > journal.ver);"),
};
enum { SCHEMA_VERSION = sizeof migrations / sizeof *migrations, CHAINED = 1, APPLICATION_ID = 1936286830 };

int schema_recognise(struct database *database, bool *ret_empty, const char **ret_why)
{
    /* At one moment: another instance may be making the file. */
    QUERY *query = database_query(database, "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)"
                                            " FROM pragma_application_id, pragma_user_version");
    if (query_next(query) <= 0)
        return -EIO;
    int64_t application = sqlite3_column_int64(query, 0), version = sqlite3_column_int64(query, 1);
    int64_t tables = sqlite3_column_int64(query, 2);
    bool foreign = version < 0 || (version == 0 && tables > 0) ||
                   (application != APPLICATION_ID && (application != 0 || version > CHAINED));
    if (foreign || version > SCHEMA_VERSION) {
        *ret_why = foreign ? "is the database of another program" : "was made by a newer version of this program";
        return -EUCLEAN;
    }
    *ret_empty = tables == 0;
    return 0;
}

int schema_migrate(struct database *database)
{
    static const char version_sql[] = "PRAGMA user_version";
    if (query_value(database_query(database, version_sql)) == SCHEMA_VERSION)
        return 0;
    int result = database_run(database, "BEGIN IMMEDIATE");
    if (result < 0)
        return result;
    /* Another instance may have been faster. */
    int64_t version = query_value(database_query(database, version_sql));
    for (result = version < 0 ? -EIO : 0; result == 0 && version < SCHEMA_VERSION; version++) {
        AUTOFREE char *mark = xasprintf("PRAGMA user_version = %d", (int)version + 1);
        result = database_run(database, migrations[version]);
        if (result == 0 && version == CHAINED)
            result = chain_old_rows(database);
        if (result == 0)
            result = database_run(database, mark);
    }
    return result < 0 ? result : database_commit(database);
}

int schema_forget_projections(struct database *database)
{
    return database_run(database,
                        "DELETE FROM cases; DELETE FROM orders; DELETE FROM matters; DELETE FROM about; DROP TABLE IF "
                        "EXISTS cases_fts;" CREATE_FTS "DROP TABLE IF EXISTS published_fts;" CREATE_PUBLISHED_FTS);
}

/* All that a file is made of, as one text. What ANALYZE keeps may be there, and FTS5's own tables are FTS5's matter. */
static const char schema_text[] =
    "SELECT group_concat(line, char(10)) FROM (SELECT type || ' ' || name || iif(name GLOB '*_fts_*', '', sql) AS "
    "line"
    " FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_stat*' ORDER BY type, name)";

/* The text of a file that has just been made; the caller frees it. NULL when there is no memory for that. */
static char *fresh_text(void)
{
    sqlite3 *sqlite;
    sqlite3_stmt *query = NULL;
    char *text = NULL;
    bool made = sqlite3_open(":memory:", &sqlite) == SQLITE_OK && search_register(sqlite) == 0;
    for (size_t i = 0; made && i < SCHEMA_VERSION; i++)
        made = sqlite3_exec(sqlite, migrations[i], NULL, NULL, NULL) == SQLITE_OK;
    if (made && sqlite3_prepare_v2(sqlite, schema_text, -1, &query, NULL) == SQLITE_OK &&
        sqlite3_step(query) == SQLITE_ROW)
        text = xstrdup((const char *)sqlite3_column_text(query, 0));
    sqlite3_finalize(query);
    sqlite3_close(sqlite);
    return text;
}

int schema_is_whole(struct database *database)
{
    AUTOFREE char *fresh = fresh_text();
    QUERY *query = database_query(database, schema_text);
    return !fresh || query_next(query) <= 0 ? -EIO : strcmp(query_column(query, 0), fresh) == 0;
}
