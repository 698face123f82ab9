/*
 * lists.c - what the archive answers: lists of orders, news, an order's
 * history, search, the audit trail.
 *
 * Filters are tables; each that a call carries adds a condition with a bound
 * value, so a query's text never holds anything that came from outside.
 */
#include "common/alloc.h"
#include "common/metrics.h"
#include "common/text.h"
#include "services/archive/archive.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <utf8proc.h>

enum { ROWS_DEFAULT = 100, ROWS_MAX = 1000 };

struct filter {
    enum field field;
    const char *condition;
    bool words; /* the value is a list of words, bound as a JSON array */
};

static const struct filter order_filters[] = {
    {F_ORDERS, "order_id IN (SELECT value FROM json_each(?))", true},
    {F_STATES, "state IN (SELECT value FROM json_each(?))", true},
    {F_CATEGORIES, "category IN (SELECT value FROM json_each(?))", true},
    {F_GROUP, "\"group\" = ?", false},
    {F_TOWN, "town = ?", false},
    {F_PUBLIC, "coalesce(public, 0) = ?", false},
    {F_WITHIN,
     "EXISTS (SELECT 1 FROM json_each(?) WHERE value IN ('group:' || \"group\", 'town:' || coalesce(town, ''),"
     " CASE WHEN state = 'open' THEN 'pool:' || \"group\" END,"
     " CASE WHEN handed_at > 0 THEN 'department:' || department END)"
     " OR value LIKE 'member:%' AND instr(' ' || members || ' ', ' ' || substr(value, 8) || ' ') > 0)",
     true},
    {F_START, "placed_at >= ?", false},
    {F_END, "placed_at <= ?", false},
    {F_PERSON, "order_id IN (SELECT order_id FROM contacts WHERE person = ?)", false},
};
enum { ORDER_FILTERS = sizeof order_filters / sizeof *order_filters };

static const struct filter update_filters[] = {
    {F_START, "stored_at >= ?", false},
    {F_END, "stored_at <= ?", false},
    {F_PUBLIC, "? = coalesce((SELECT public FROM orders WHERE orders.order_id = journal.order_id), 0)", false},
};
static const struct filter audit_filters[] = {
    {F_ORDER, "order_id = ?", false},
    {F_ACTOR, "actor = ?", false},
    {F_START, "at >= ?", false},
    {F_END, "at <= ?", false},
};
enum { AUDIT_FILTERS = sizeof audit_filters / sizeof *audit_filters };
enum { UPDATE_FILTERS = sizeof update_filters / sizeof *update_filters, FILTERS_MAX = ORDER_FILTERS };

char *words_to_json(const char *words)
{
    char word[64];
    json_t *array = json_array();
    while (words_next(&words, word, sizeof word))
        json_array_append_new(array, json_string(word));
    char *text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return text;
}

/* A call's filters, ready for queries: their conditions, and the lists among their values, which live here. */
struct filtered {
    const struct filter *filters;
    size_t count;
    const struct record *call;
    char where[1024];
    char *lists[FILTERS_MAX];
};
#define FILTERED __attribute__((cleanup(filtered_end))) struct filtered

static void filtered_begin(struct filtered *filtered)
{
    char *end = stpcpy(filtered->where, " WHERE 1");
    for (size_t i = 0; i < filtered->count; i++) {
        const struct filter *filter = &filtered->filters[i];
        if (!record_has(filtered->call, filter->field))
            continue;
        end = stpcpy(stpcpy(end, " AND "), filter->condition);
        if (filter->words)
            filtered->lists[i] = words_to_json(record_str(filtered->call, filter->field));
    }
}

/* cppcheck-suppress unusedFunction ; FILTERED uses it */
static void filtered_end(struct filtered *filtered)
{
    for (size_t i = 0; i < filtered->count; i++)
        free(filtered->lists[i]);
}

/* Binds the values; returns the index of the parameter that follows them. */
static int filtered_bind(const struct filtered *filtered, sqlite3_stmt *query)
{
    int index = 1;
    for (size_t i = 0; i < filtered->count; i++) {
        enum field field = filtered->filters[i].field;
        if (!record_has(filtered->call, field))
            continue;
        if (filtered->filters[i].words)
            query_text(query, index++, filtered->lists[i]);
        else if (field_info(field)->type == FIELD_STR)
            query_text(query, index++, record_str(filtered->call, field));
        else
            query_int(query, index++, record_int(filtered->call, field));
    }
    return index;
}

static int64_t limit_of(const struct record *call)
{
    int64_t limit = record_has(call, F_LIMIT) ? record_int(call, F_LIMIT) : ROWS_DEFAULT;
    return limit < 0 ? 0 : limit > ROWS_MAX ? ROWS_MAX : limit;
}

static int64_t offset_of(const struct record *call)
{
    int64_t offset = record_int(call, F_OFFSET);
    return offset < 0 ? 0 : offset;
}

/* Sets a field from a column; NULL leaves it absent. */
static void take_column(struct record *row, enum field field, sqlite3_stmt *query, int column)
{
    if (sqlite3_column_type(query, column) == SQLITE_NULL)
        return;
    enum field_type type = field_info(field)->type;
    if (type == FIELD_STR)
        record_set(row, field, query_column(query, column));
    else if (type == FIELD_INT)
        record_set_int(row, field, sqlite3_column_int64(query, column));
    else
        record_set_real(row, field, sqlite3_column_double(query, column));
}

static int set_total(struct record *listing, sqlite3_stmt *query)
{
    int64_t total = query_value(query);
    if (total < 0)
        return -EIO;
    record_set_int(listing, F_TOTAL, total);
    return 0;
}

/*
 * Counts a table's rows that the filters let through, and selects the page of them that the call asks for, latest
 * first. NULL, as of database_query(), when that fails.
 */
static sqlite3_stmt *select_page(struct database *database, const struct filtered *filtered, const char *table,
                                 const char *columns, const char *time, struct record *listing)
{
    AUTOFREE char *count = xasprintf("SELECT count(*) FROM %s%s", table, filtered->where);
    AUTOFREE char *select = xasprintf("SELECT %s FROM %s%s ORDER BY %s DESC, id DESC LIMIT ? OFFSET ?", columns, table,
                                      filtered->where, time);
    QUERY *total = database_query(database, count);
    filtered_bind(filtered, total);
    if (set_total(listing, total) < 0)
        return NULL;
    sqlite3_stmt *query = database_query(database, select);
    int index = filtered_bind(filtered, query);
    query_int(query, index, limit_of(filtered->call));
    query_int(query, index + 1, offset_of(filtered->call));
    return query;
}

int lists_orders(struct database *database, const struct record *call, struct record *listing)
{
    FILTERED filtered = {.filters = order_filters, .count = ORDER_FILTERS, .call = call};
    filtered_begin(&filtered);
    QUERY *query =
        select_page(database, &filtered, "orders", "order_id, ver, updated_at" PROJECTED_COLUMNS, "placed_at", listing);
    int result;
    while ((result = query_next(query)) > 0) {
        struct record *row = record_add_row(listing, F_ROWS);
        take_column(row, F_ORDER, query, 0);
        take_column(row, F_VER, query, 1);
        take_column(row, F_UPDATED_AT, query, 2);
        for (int i = 0; i < PROJECTED_COUNT; i++)
            take_column(row, projected[i], query, 3 + i);
    }
    return result;
}

static int list_updates(struct database *database, const struct record *call, struct record *listing)
{
    static const enum field shown[] = {F_ORDER, F_VER,     F_AT,     F_UPDATED_AT, F_STEP,     F_STATE,
                                       F_NOTE,  F_OUTCOME, F_ANSWER, F_REASON,     F_RETURN_TO};
    FILTERED filtered = {.filters = update_filters, .count = UPDATE_FILTERS, .call = call};
    filtered_begin(&filtered);
    /* Times are told in seconds: steps of one second go by order and version, or an older one would seem the latest. */
    AUTOFREE char *select = xasprintf(
        "SELECT " JOURNAL_COLUMNS " FROM journal%s ORDER BY stored_at / 1000, order_id, ver LIMIT ?", filtered.where);
    QUERY *query = database_query(database, select);
    query_int(query, filtered_bind(&filtered, query), limit_of(call));
    RECORD *step = record_new();
    int result;
    while ((result = query_next(query)) > 0) {
        record_clear(step);
        result = journal_row(query, step);
        if (result < 0)
            break;
        struct record *row = record_add_row(listing, F_ROWS);
        for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
            record_copy(row, step, shown[i]);
    }
    return result;
}

/* The order's SMS, behind its steps. */
static int add_sms(struct database *database, const char *order, struct record *listing)
{
    static const enum field columns[] = {F_SMS, F_SMS_STATE, F_RECIPIENT, F_TEMPLATE, F_AT, F_DETAIL};
    QUERY *query = database_query(database, "SELECT sms, state, recipient, template, at, detail FROM sms"
                                            " WHERE order_id = ?1 ORDER BY at, sms LIMIT ?2");
    query_text(query, 1, order);
    query_int(query, 2, ROWS_MAX - (int64_t)record_rows(listing, F_ROWS));
    int result;
    while ((result = query_next(query)) > 0) {
        struct record *row = record_add_row(listing, F_ROWS);
        for (int i = 0; i < (int)(sizeof columns / sizeof *columns); i++)
            take_column(row, columns[i], query, i);
    }
    return result;
}

static int read_history(struct database *database, const struct record *call, struct record *listing)
{
    const char *order = record_str(call, F_ORDER);
    QUERY *query = database_query(database, "SELECT " JOURNAL_COLUMNS " FROM journal WHERE order_id = ?1"
                                            " ORDER BY ver LIMIT ?2");
    query_text(query, 1, order);
    query_int(query, 2, ROWS_MAX);
    int result;
    while ((result = query_next(query)) > 0) {
        result = journal_row(query, record_add_row(listing, F_ROWS));
        if (result < 0)
            break;
    }
    if (result == 0 && record_rows(listing, F_ROWS) > 0)
        result = add_sms(database, order, listing);
    return result;
}

/* One row for an order that is known; it has a contact as long as there is one. */
static int read_contact(struct database *database, const struct record *call, struct record *listing)
{
    QUERY *query = database_query(database, "SELECT order_id, sealed FROM orders LEFT JOIN contacts USING (order_id)"
                                            " WHERE order_id = ?1");
    query_text(query, 1, record_str(call, F_ORDER));
    int result = query_next(query);
    if (result <= 0)
        return result;
    struct record *row = record_add_row(listing, F_ROWS);
    take_column(row, F_ORDER, query, 0);
    take_column(row, F_CONTACT, query, 1);
    return 0;
}

/* Sets a field to as much of a text as the field may hold. */
static void set_cut(struct record *row, enum field field, const char *text)
{
    size_t size = 0, left = field_info(field)->max;
    for (; text[size] && left > 0; left--) {
        utf8proc_int32_t character;
        utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)text + size, -1, &character);
        if (used <= 0)
            break;
        size += (size_t)used;
    }
    record_set_n(row, field, text, size);
}

static int search_cases(struct database *database, const struct record *call, struct record *listing)
{
    static const enum field columns[] = {F_ORDER, F_TITLE, F_CATEGORY, F_OUTCOME, F_RATING, F_CLOSED_AT};
    enum { COLUMNS = sizeof columns / sizeof *columns };
    AUTOFREE char *expression = search_expression(record_str(call, F_QUERY));
    if (!expression)
        return 0;
    QUERY *total = database_query(database, "SELECT count(*) FROM cases_fts WHERE cases_fts MATCH ?1");
    query_text(total, 1, expression);
    int result = set_total(listing, total);
    if (result < 0)
        return result;
    /* A word in the title weighs most, then one in the place. `rank` sorts before snippets are made. */
    QUERY *query = database_query(
        database, "SELECT orders.order_id, orders.title, category, outcome, rating, closed_at,"
                  " snippet(cases_fts, -1, '', '', '…', 48) FROM cases_fts JOIN orders ON orders.id = cases_fts.rowid"
                  " WHERE cases_fts MATCH ?1 AND rank MATCH 'bm25(4.0, 1.0, 2.0, 1.0)' ORDER BY rank"
                  " LIMIT ?2 OFFSET ?3");
    query_text(query, 1, expression);
    query_int(query, 2, limit_of(call));
    query_int(query, 3, offset_of(call));
    while ((result = query_next(query)) > 0) {
        struct record *row = record_add_row(listing, F_ROWS);
        for (int i = 0; i < COLUMNS; i++)
            take_column(row, columns[i], query, i);
        set_cut(row, F_DETAIL, query_column(query, COLUMNS));
    }
    return result;
}

static int list_audit(struct database *database, const struct record *call, struct record *listing)
{
    static const enum field columns[] = {F_ACTOR, F_ACTION, F_ORDER, F_RESULT, F_DETAIL};
    FILTERED filtered = {.filters = audit_filters, .count = AUDIT_FILTERS, .call = call};
    filtered_begin(&filtered);
    QUERY *query =
        select_page(database, &filtered, "audit", "at, actor, action, order_id, result, detail", "at", listing);
    int result;
    while ((result = query_next(query)) > 0) {
        struct record *row = record_add_row(listing, F_ROWS);
        take_column(row, F_AT, query, 0);
        for (int i = 0; i < (int)(sizeof columns / sizeof *columns); i++)
            set_cut(row, columns[i], query_column(query, 1 + i));
    }
    return result;
}

static int answer(struct database *database, const struct delivery *delivery, struct record *listing)
{
    double start = mono_seconds();
    int result;
    switch (delivery->type) {
    case MSG_LIST_ORDERS:
        return lists_orders(database, delivery->message, listing);
    case MSG_LIST_UPDATES:
        return list_updates(database, delivery->message, listing);
    case MSG_LIST_AUDIT:
        return list_audit(database, delivery->message, listing);
    case MSG_READ_HISTORY:
        return read_history(database, delivery->message, listing);
    case MSG_FIND_SIMILAR:
        return similar_find(database, delivery->message, listing);
    case MSG_READ_CONTACT:
        return read_contact(database, delivery->message, listing);
    default:
        result = search_cases(database, delivery->message, listing);
        metric_observe("sidan_archive_search_seconds", "Time a search of cases took.", "", mono_seconds() - start);
        return result;
    }
}

int lists_answer(struct database *database, struct delivery *delivery)
{
    struct record *listing = outcome_reply(delivery->outcome, MSG_LISTING);
    record_set_rows(listing, F_ROWS);
    if (delivery->type != MSG_LIST_UPDATES)
        record_set_int(listing, F_TOTAL, 0);
    int result = answer(database, delivery, listing);
    if (result == 0 && delivery->type == MSG_READ_HISTORY) {
        record_set_int(listing, F_TOTAL, (int64_t)record_rows(listing, F_ROWS));
        if (record_rows(listing, F_ROWS) == 0)
            outcome_refuse(delivery->outcome, "unknown", "order", "no such order");
    }
    return result;
}
