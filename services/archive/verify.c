/*
 * verify.c - whether the county's file still says what was stored: piece by piece, so that nobody waits for long.
 *
 * Four parts are a walk along their numbers: the chains `journal` and `audit`, whose rows must follow each other
 * without a gap and have the hash that they give; and `orders` and `matters`, which must stand as the journal's steps
 * make them, with their contacts, their cases and the texts of the search. The last one are the indexes, by which all
 * else is found, and what the file says its tables are. Everything that is found is told, and the walk goes on behind
 * it. What follows from the journal can be made anew out of it, which is journal.rebuild.
 */
#include "common/alloc.h"
#include "common/order.h"
#include "common/text.h"
#include "services/archive/archive.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    CHAIN_ROWS = 1000, /* checked in one call */
    ORDER_ROWS = 100,
    REBUILD_ROWS = 200, /* of the journal */
    PIECE_MS = 20,      /* a piece ends sooner when it takes so long: a search costs more, the more there are */
    INDEX_CASES = 5000, /* whose indexes are gone through in one call, which takes about a second */
};

#define ORDERS "orders"
#define MATTERS "matters"
#define CONTACTS "contacts"
#define SCHEMA "schema"
#define INDEXES "indexes"
#define SEARCH "search"

static struct record *fault(struct record *piece, const char *part, int64_t row, const char *error)
{
    struct record *found = record_add_row(piece, F_ROWS);
    record_set(found, F_PART, part);
    record_set_int(found, F_ROW, row);
    record_set(found, F_ERROR, error);
    return found;
}

/* Where the next call goes on. */
static void go_on(struct record *piece, const char *part, int64_t row)
{
    record_set(piece, F_PART, part);
    record_set_int(piece, F_ROW, row);
}

/* The rows of a chain behind a number. Columns: id, order, version, whether the hash is right, whether the order is
 * listed. */
static sqlite3_stmt *chain_rows(struct database *database, enum chain chain)
{
    static const char *const queries[CHAIN_COUNT] = {
        "SELECT id, order_id, ver, hash IS chain('journal', (SELECT hash FROM journal AS before"
        " WHERE before.id = journal.id - 1 AND before.id > 0), " JOURNAL_CHAINED "), " OF_LIBRARY
        " OR EXISTS (SELECT 1 FROM orders WHERE orders.order_id = journal.order_id)"
        " OR EXISTS (SELECT 1 FROM matters WHERE matters.order_id = journal.order_id)"
        " FROM journal WHERE id > ?1 ORDER BY id LIMIT ?2",
        "SELECT id, order_id, NULL, hash IS chain('audit', (SELECT hash FROM audit AS before"
        " WHERE before.id = audit.id - 1 AND before.id > 0), " AUDIT_CHAINED
        "), 1 FROM audit WHERE id > ?1 ORDER BY id LIMIT ?2"};
    return database_query(database, queries[chain]);
}

/* row: INT64_MIN at the beginning, because a number below 1 is not passed over. */
static int verify_chain(struct database *database, enum chain chain, int64_t row, struct record *piece)
{
    const char *part = chain_table(chain);
    QUERY *query = chain_rows(database, chain);
    query_int(query, 1, row);
    query_int(query, 2, CHAIN_ROWS);
    int count = 0, result;
    for (int64_t next = row < 0 ? 1 : row + 1; (result = query_next(query)) > 0; count++) {
        row = sqlite3_column_int64(query, 0);
        struct record *found = NULL;
        if (row > next) {
            /* The row behind a gap cannot be checked, because its hash is made with that of the row before it. */
            found = fault(piece, part, next, "missing");
            record_printf(found, F_DETAIL, "rows %" PRId64 " to %" PRId64 " are missing", next, row - 1);
        } else if (row < next || !sqlite3_column_int(query, 3)) {
            found = fault(piece, part, row, "changed");
            record_set(found, F_DETAIL, "the row is not as it was stored: changed, put in, or moved to here");
        } else if (!sqlite3_column_int(query, 4)) {
            found = fault(piece, ORDERS, row, "missing");
            record_set(found, F_DETAIL, "the order of this row of the journal is missing in the table orders");
        }
        if (found && (row <= next || record_is(found, F_PART, ORDERS))) {
            record_set(found, F_ORDER, query_column(query, 1));
            if (sqlite3_column_type(query, 2) != SQLITE_NULL)
                record_set_int(found, F_VER, sqlite3_column_int64(query, 2));
        }
        if (row >= next)
            next = row + 1;
    }
    if (result < 0)
        return result;
    record_set_int(piece, F_TOTAL, count);
    if (count == CHAIN_ROWS)
        go_on(piece, part, row);
    else if (chain == CHAIN_JOURNAL)
        record_set(piece, F_PART, chain_table(CHAIN_AUDIT));
    else
        record_set(piece, F_PART, ORDERS);
    return 0;
}

/* How an order stands after all its steps, which are counted. */
static int standing(struct database *database, const char *order, struct record *ret_order, int64_t *ret_steps)
{
    QUERY *query = database_query(database, "SELECT " JOURNAL_COLUMNS " FROM journal WHERE order_id = ?1 ORDER BY ver");
    query_text(query, 1, order);
    int64_t latest = 0;
    int result;
    for (*ret_steps = 0; (result = query_next(query)) > 0; ++*ret_steps) {
        if (journal_row(query, ret_order) < 0)
            return 0; /* the journal itself is damaged there, which is told elsewhere */
        if (record_int(ret_order, F_UPDATED_AT) > latest)
            latest = record_int(ret_order, F_UPDATED_AT);
    }
    record_set_int(ret_order, F_UPDATED_AT, latest);
    return result;
}

/* Whether a column says what the field does; NULL is a field that was never set. */
static bool agrees(sqlite3_stmt *query, int column, const struct record *order, enum field field)
{
    if (sqlite3_column_type(query, column) == SQLITE_NULL || !record_has(order, field))
        return (sqlite3_column_type(query, column) == SQLITE_NULL) == !record_has(order, field);
    switch (field_info(field)->type) {
    case FIELD_STR:
        return (size_t)sqlite3_column_bytes(query, column) == record_len(order, field) &&
               memcmp(query_column(query, column), record_str(order, field), record_len(order, field)) == 0;
    case FIELD_INT:
        return sqlite3_column_int64(query, column) == record_int(order, field);
    default:
        return sqlite3_column_double(query, column) == record_real(order, field);
    }
}

/* The first thing in an order's row that the journal says otherwise; NULL when they agree. */
static const char *difference(sqlite3_stmt *query, const struct projection *projection, const struct record *order,
                              int64_t steps)
{
    if (steps == 0)
        return "the journal has no such order";
    if (sqlite3_column_int64(query, 2) != record_int(order, F_VER) || sqlite3_column_int64(query, 3) != steps)
        return "the number of steps";
    if (!agrees(query, 4, order, F_UPDATED_AT))
        return field_info(F_UPDATED_AT)->name;
    for (int i = 0; i < projection->count; i++)
        if (!agrees(query, 5 + i, order, projection->fields[i]))
            return field_info(projection->fields[i])->name;
    return NULL;
}

/* Whether the index finds a case by its title; changed bytes of it may hide one. 1, 0 or -EIO. */
static int is_found(struct database *database, int64_t id, const char *title)
{
    AUTOFREE char *expression = search_expression(title);
    if (!expression)
        return 1;
    QUERY *query = database_query(database, "SELECT count(*) FROM cases_fts WHERE cases_fts MATCH ?2 AND rowid = ?1");
    query_int(query, 1, id);
    query_text(query, 2, expression);
    return (int)query_value(query);
}

/* What is wrong with the case of an order; ret_wrong is NULL when nothing is. 0 or -EIO. */
static int check_case(struct database *database, int64_t id, int64_t ver, bool complete, const char **ret_wrong)
{
    QUERY *query = database_query(
        database,
        "SELECT cases.ver, cases.order_id IS orders.order_id, words.title IS orders.title"
        " AND words.text IS orders.text AND words.place IS orders.place AND words.answer IS orders.answer,"
        " orders.title FROM orders JOIN cases USING (id) LEFT JOIN cases_fts AS words ON words.rowid = cases.id"
        " WHERE orders.id = ?1");
    query_int(query, 1, id);
    int result = query_next(query);
    if (result < 0)
        return result;
    int64_t case_ver = result > 0 ? sqlite3_column_int64(query, 0) : 0;
    int found = complete && result > 0 ? is_found(database, id, query_column(query, 3)) : 1;
    if (found < 0)
        return found;
    *ret_wrong = NULL;
    if (complete && case_ver != ver)
        *ret_wrong = "its case";
    else if (complete && (!sqlite3_column_int(query, 1) || !sqlite3_column_int(query, 2)))
        *ret_wrong = "the texts of its case";
    else if (!found)
        *ret_wrong = "the search does not find its case";
    else if (!complete && case_ver >= ver && result > 0) /* a case of an earlier version is one that goes on */
        *ret_wrong = "its case, which is not complete,";
    return 0;
}

/* Whether a matter is found by the orders that it is about, and by no others. As check_case(). */
static int check_about(struct database *database, int64_t id, const char **ret_wrong)
{
    QUERY *query = database_query(
        database, "SELECT count(*) FROM (SELECT 1 FROM (SELECT order_id FROM matter_orders WHERE matter = ?1 UNION ALL"
                  " SELECT order_id FROM about WHERE matter = ?1) GROUP BY order_id HAVING count(*) = 1)");
    query_int(query, 1, id);
    int64_t others = query_value(query);
    *ret_wrong = others > 0 ? "which orders it is about" : NULL;
    return others < 0 ? -EIO : 0;
}

/* Tells of the rows of a table that belong to no order. Columns: id, order. */
static int check_strays(sqlite3_stmt *query, const char *part, struct record *piece)
{
    int result;
    while ((result = query_next(query)) > 0) {
        struct record *found = fault(piece, part, sqlite3_column_int64(query, 0), "changed");
        record_set(found, F_ORDER, query_column(query, 1));
        record_set(found, F_DETAIL, "it belongs to no order");
    }
    return result;
}

/* Whether the search of published cases has the public texts, all of them and no others. */
static int check_published(struct database *database, struct record *piece)
{
    QUERY *query = library_faults(database);
    int result;
    while ((result = query_next(query)) > 0) {
        struct record *found = fault(piece, SEARCH, sqlite3_column_int64(query, 0), "changed");
        record_set(found, F_DETAIL, "what the search has of a published case is not what the journal says");
    }
    return result;
}

/* Cases and contacts of no order, and what is about one for no matter: no walk comes to them. */
static int verify_strays(struct database *database, struct record *piece)
{
    QUERY *cases = database_query(database, "SELECT id, order_id FROM cases WHERE NOT EXISTS (SELECT 1 FROM orders"
                                            " WHERE orders.id = cases.id) LIMIT 100");
    QUERY *contacts = database_query(database, "SELECT rowid, order_id FROM contacts WHERE NOT EXISTS (SELECT 1 FROM"
                                               " journal WHERE journal.order_id = contacts.order_id) LIMIT 100");
    QUERY *about = database_query(database, "SELECT matter, order_id FROM about WHERE NOT EXISTS (SELECT 1 FROM matters"
                                            " WHERE matters.id = matter) LIMIT 100");
    int result = check_strays(cases, ORDERS, piece);
    if (result == 0)
        result = check_strays(about, MATTERS, piece);
    if (result == 0)
        result = check_strays(contacts, CONTACTS, piece);
    return result < 0 ? result : check_published(database, piece);
}

static int verify_contact(struct database *database, int64_t id, const char *order, struct record *piece)
{
    const char *error;
    int result = contacts_check(database, order, &error);
    if (result == 0 && error) {
        struct record *found = fault(piece, CONTACTS, id, error);
        record_set(found, F_ORDER, order);
        record_set(found, F_DETAIL, "the order's contact is not the one that was stored, or gone without a record");
    }
    return result;
}

static int verify_order(struct database *database, const struct projection *projection, sqlite3_stmt *query,
                        struct record *piece)
{
    RECORD *order = record_new();
    int64_t steps, id = sqlite3_column_int64(query, 0), ver = sqlite3_column_int64(query, 2);
    int result = standing(database, query_column(query, 1), order, &steps);
    if (result < 0)
        return result;
    const char *wrong = difference(query, projection, order, steps);
    if (!wrong && projection == &projection_of_orders) {
        bool complete = ver == steps && order_is_final(record_str(order, F_STATE));
        result = check_case(database, id, ver, complete, &wrong);
        if (result < 0)
            return result;
    }
    if (!wrong && projection == &projection_of_matters) {
        result = check_about(database, id, &wrong);
        if (result < 0)
            return result;
    }
    if (wrong) {
        const char *part = projection == &projection_of_orders ? ORDERS : MATTERS;
        struct record *found = fault(piece, part, id, "changed");
        record_set(found, F_ORDER, query_column(query, 1));
        record_set_int(found, F_VER, ver);
        record_printf(found, F_DETAIL, "what lists and search show is not what the journal says: %s", wrong);
    }
    return verify_contact(database, id, query_column(query, 1), piece);
}

/* The marks of the chains, to be told when all is through. */
static int add_marks(struct database *database, struct record *piece)
{
    char marks[CHAIN_COUNT][MARK_SIZE];
    for (enum chain chain = 0; chain < CHAIN_COUNT; chain++) {
        int result = chain_mark(database, chain, marks[chain]);
        if (result < 0)
            return result;
    }
    record_printf(piece, F_DETAIL, "%s, %s", *marks[CHAIN_JOURNAL] ? marks[CHAIN_JOURNAL] : "0",
                  *marks[CHAIN_AUDIT] ? marks[CHAIN_AUDIT] : "0");
    return 0;
}

/* The rows of a projection behind a number; behind the last one it is on with the part `next`. */
static int verify_projection(struct database *database, const struct projection *projection, const char *part,
                             const char *next, int64_t row, struct record *piece)
{
    QUERY *query = database_query(database, projection->rows);
    query_int(query, 1, row);
    query_int(query, 2, ORDER_ROWS);
    int64_t begun = mono_ms();
    int count = 0, result;
    bool late = false;
    for (; !late && (result = query_next(query)) > 0; count++) {
        row = sqlite3_column_int64(query, 0);
        result = verify_order(database, projection, query, piece);
        if (result < 0)
            break;
        late = mono_ms() - begun >= PIECE_MS;
    }
    if (result < 0)
        return result;
    record_set_int(piece, F_TOTAL, count);
    if (late || count == ORDER_ROWS)
        go_on(piece, part, row);
    else
        record_set(piece, F_PART, next);
    return 0;
}

static int verify_orders(struct database *database, int64_t row, struct record *piece)
{
    return verify_projection(database, &projection_of_orders, ORDERS, MATTERS, row, piece);
}

static int verify_matters(struct database *database, int64_t row, struct record *piece)
{
    int result = verify_projection(database, &projection_of_matters, MATTERS, INDEXES, row, piece);
    return result < 0 || !record_is(piece, F_PART, INDEXES) ? result : verify_strays(database, piece);
}

/* Whether the indexes of the tables have what the tables have. */
static int check_tables(struct database *database, struct record *piece)
{
    QUERY *check = database_query(database, "PRAGMA integrity_check(10)");
    int result;
    while ((result = query_next(check)) > 0)
        if (strcmp(query_column(check, 0), "ok") != 0)
            record_set(fault(piece, INDEXES, 0, "changed"), F_DETAIL, query_column(check, 0));
    return result;
}

/* Whether the indexes of the searches have the words of its texts and no others. */
static int check_search(struct database *database, struct record *piece)
{
    static const char *const checks[] = {"INSERT INTO cases_fts (cases_fts) VALUES ('integrity-check')",
                                         "INSERT INTO published_fts (published_fts) VALUES ('integrity-check')"};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        QUERY *check = database_query(database, checks[i]);
        int result = check ? sqlite3_step(check) : SQLITE_ERROR;
        if (result == SQLITE_CORRUPT)
            record_set(fault(piece, SEARCH, 0, "changed"), F_DETAIL, "the index has other words than its texts");
        else if (result != SQLITE_DONE)
            return -EIO;
    }
    return 0;
}

/* What the walks found depends on what the file says its tables are. */
static int check_schema(struct database *database, struct record *piece)
{
    int whole = schema_is_whole(database);
    if (whole == 0)
        record_set(fault(piece, SCHEMA, 0, "changed"), F_DETAIL,
                   "its tables, indexes or triggers are not those of this program");
    return whole < 0 ? whole : 0;
}

/*
 * SQLite checks indexes as a whole only, and all would wait while larger ones are checked. There it must do that each
 * order is found by its number and each case by its title.
 */
static int verify_indexes(struct database *database, struct record *piece)
{
    int64_t cases = query_value(database_query(database, "SELECT count(*) FROM cases"));
    int result = cases < 0 ? -EIO : check_schema(database, piece);
    if (result == 0 && cases <= INDEX_CASES)
        result = check_tables(database, piece);
    if (result == 0 && cases <= INDEX_CASES)
        result = check_search(database, piece);
    record_set_int(piece, F_TOTAL, cases);
    return result < 0 ? result : add_marks(database, piece);
}

static int verify(struct database *database, const struct record *call, struct record *piece)
{
    int64_t row = record_has(call, F_ROW) ? record_int(call, F_ROW) : INT64_MIN;
    bool indexes = record_is(call, F_PART, INDEXES);
    /* All of a piece from one state of the file, although others may write to it. FTS5 checks as if it wrote. */
    int result = database_run(database, indexes ? "BEGIN IMMEDIATE" : "BEGIN");
    if (result == 0)
        result = database_check_marks(database);
    if (result < 0)
        return result;
    if (indexes)
        result = verify_indexes(database, piece);
    else if (record_is(call, F_PART, ORDERS))
        result = verify_orders(database, row, piece);
    else if (record_is(call, F_PART, MATTERS))
        result = verify_matters(database, row, piece);
    else
        result = verify_chain(database, record_is(call, F_PART, "audit") ? CHAIN_AUDIT : CHAIN_JOURNAL, row, piece);
    return result < 0 ? result : database_run(database, "COMMIT");
}

/* Makes an order's row and its case out of its steps. */
static int rebuild_order(struct database *database, const char *order, int64_t now)
{
    int result = journal_project(database, order);
    if (result < 0)
        return result;
    return matter_of(order) == MATTER_ORDER ? cases_update(database, order, now) : matters_update(database, order, now);
}

/* Each order is made when the walk along the journal comes to its last step. */
static int rebuild_orders(struct database *database, int64_t row, struct record *piece, int64_t now)
{
    QUERY *query = database_query(database, "SELECT id, order_id, NOT EXISTS (SELECT 1 FROM journal AS later WHERE"
                                            " later.order_id = journal.order_id AND later.id > journal.id) FROM journal"
                                            " WHERE id > ?1 AND NOT (" OF_LIBRARY ") ORDER BY id LIMIT ?2");
    query_int(query, 1, row);
    query_int(query, 2, REBUILD_ROWS);
    int64_t begun = mono_ms();
    int count = 0, result;
    bool late = false;
    for (; !late && (result = query_next(query)) > 0; count++) {
        row = sqlite3_column_int64(query, 0);
        if (sqlite3_column_int(query, 2))
            result = rebuild_order(database, query_column(query, 1), now);
        if (result < 0)
            return result;
        late = mono_ms() - begun >= PIECE_MS;
    }
    record_set_int(piece, F_TOTAL, count);
    if (late || count == REBUILD_ROWS)
        go_on(piece, chain_table(CHAIN_JOURNAL), row);
    return result < 0 ? result : 0;
}

static int rebuild(struct database *database, const struct record *call, struct record *piece, int64_t now)
{
    bool first = !record_has(call, F_ROW);
    int result = database_begin(database);
    if (result == 0 && first)
        result = schema_forget_projections(database);
    /* What is made is found by the journal's index. Two rows that are alike have none, which does not hinder the rest.
     */
    if (result == 0 && first) {
        (void)database_run(database, "REINDEX");
        result = library_rebuild(database);
    }
    if (result == 0)
        result = rebuild_orders(database, first ? INT64_MIN : record_int(call, F_ROW), piece, now);
    return result < 0 ? result : database_commit(database);
}

int verify_answer(struct database *database, struct delivery *delivery, int64_t now)
{
    struct record *piece = outcome_reply(delivery->outcome, MSG_PIECE);
    record_set_rows(piece, F_ROWS);
    int result = delivery->type == MSG_VERIFY_JOURNAL ? verify(database, delivery->message, piece)
                                                      : rebuild(database, delivery->message, piece, now);
    return result;
}
