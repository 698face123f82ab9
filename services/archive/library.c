/*
 * library.c - the case library and the classes of matters (一类事).
 *
 * An order's own steps end when it is closed, and then it leaves Redis. What people do with it afterwards is about the
 * library: a case is published or taken back, orders are declared one class. The archive writes that as steps of its
 * own into the same journal, in one transaction each, under subjects that no order's number can be:
 * "990101-000012/case" and "990101-K000003". So the chain of hashes has the public text as it was reviewed, who
 * published it and who put which order where. What is shown is read from the journal itself through views (schema.c);
 * the search of public texts alone is a copy, and finds nothing that the journal does not show.
 *
 * Each step says the whole title and text anew. Nothing is taken here that says who placed an order: that a public text
 * is free of it is intake's matter, which can open the contact.
 */
#include "common/alloc.h"
#include "common/order.h"
#include "common/text.h"
#include "services/archive/archive.h"
#include "services/archive/listing.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define PUBLISHED "published"
#define WITHDRAWN "withdrawn"

/* Orders that a class takes in at a time: their numbers must fit into one message. */
enum { ORDERS_MAX = 250 };

/* -- steps ------------------------------------------------------------------------------------------------------- */

/* A text of the result of a query with one text as its parameter; NULL without a row. The caller frees it. */
static char *look_up(struct database *database, const char *sql, const char *value)
{
    QUERY *query = database_query(database, sql);
    query_text(query, 1, value);
    return query_next(query) > 0 ? xstrdup(query_column(query, 0)) : NULL;
}

/* Adds the next step of a subject. fields is taken over. 0 or -EIO. */
static int append(struct database *database, const struct delivery *call, const char *subject, const char *step,
                  json_t *fields, int64_t now)
{
    AUTOFREE char *text = json_dumps(fields, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(fields);
    QUERY *query = database_query(database, "SELECT coalesce(max(ver), 0) + 1 FROM journal WHERE order_id = ?1");
    query_text(query, 1, subject);
    int64_t ver = query_value(query);
    if (ver < 0 || !text)
        return -EIO;
    RECORD *row = record_new();
    record_set_int(row, F_VER, ver);
    record_set_int(row, F_AT, now);
    record_set(row, F_SERVICE, service_name(ARCHIVE));
    record_set(row, F_STEP, step);
    record_set(row, F_ACTOR, record_str(call->message, F_ACTOR));
    record_copy(row, call->message, F_REASON);
    if (record_has(row, F_REASON))
        record_set(row, F_NOTE, record_str(row, F_REASON));
    return journal_append(database, &(struct delivery){.order = subject, .id = call->id, .message = row}, text, now);
}

/* -- the public text of a case ----------------------------------------------------------------------------------- */

/* Lets the search have the text that is public now, if one is. 0 or -EIO. */
static int index_published(struct database *database, const char *subject, const char *order)
{
    QUERY *forget = database_query(database, "DELETE FROM published_fts WHERE rowid IN (SELECT id FROM journal"
                                             " WHERE order_id = ?1)");
    QUERY *add = database_query(database, "INSERT INTO published_fts (rowid, title, text)"
                                          " SELECT id, title, text FROM published WHERE order_id = ?1");
    query_text(forget, 1, subject);
    query_text(add, 1, order);
    int result = query_run(forget, NULL);
    return result < 0 ? result : query_run(add, NULL);
}

/* Why a case cannot be published, and by which field; "" when it can, NULL when there is no such order. */
static const char *why_not_public(struct database *database, const char *order, const char **ret_field)
{
    QUERY *query = database_query(
        database, "SELECT state IS '" STATE_CLOSED "' AND EXISTS (SELECT 1 FROM cases"
                  " WHERE cases.order_id = orders.order_id), public IS 1 FROM orders WHERE order_id = ?1");
    query_text(query, 1, order);
    *ret_field = "order";
    if (query_next(query) <= 0)
        return NULL;
    if (!sqlite3_column_int(query, 0))
        return "it is no case yet: only what is closed can be published";
    *ret_field = "public";
    return sqlite3_column_int(query, 1) ? "" : "its resident did not agree to publication";
}

static int publish(struct database *database, struct delivery *call, int64_t now)
{
    const struct record *wanted = call->message;
    const char *order = record_str(wanted, F_ORDER), *field, *why = why_not_public(database, order, &field);
    AUTOFREE char *subject = xasprintf("%s/case", order);
    if (!why || *why) {
        outcome_refuse(call->outcome, why ? "state" : "unknown", field, "%s", why ? why : "no such order");
        return 0;
    }
    QUERY *same = database_query(database, "SELECT count(*) FROM published WHERE order_id = ?1 AND title = ?2"
                                           " AND text = ?3");
    query_text(same, 1, order);
    query_text(same, 2, record_str(wanted, F_TITLE));
    query_text(same, 3, record_str(wanted, F_TEXT));
    int64_t count = query_value(same);
    if (count != 0) /* as it is already: a repetition */
        return count < 0 ? -EIO : 0;
    int result =
        append(database, call, subject, PUBLISHED,
               json_pack("{s:s, s:s}", "title", record_str(wanted, F_TITLE), "text", record_str(wanted, F_TEXT)), now);
    return result < 0 ? result : index_published(database, subject, order);
}

static int withdraw(struct database *database, struct delivery *call, int64_t now)
{
    const char *order = record_str(call->message, F_ORDER);
    AUTOFREE char *subject = xasprintf("%s/case", order);
    AUTOFREE char *title = look_up(database, "SELECT title FROM published WHERE order_id = ?1", order);
    if (!title) {
        outcome_refuse(call->outcome, "state", "case", "its case is not published");
        return 0;
    }
    int result = append(database, call, subject, WITHDRAWN, json_object(), now);
    return result < 0 ? result : index_published(database, subject, order);
}

int library_rebuild(struct database *database)
{
    return database_run(database,
                        "INSERT INTO published_fts (rowid, title, text) SELECT id, title, text FROM published");
}

sqlite3_stmt *library_faults(struct database *database)
{
    return database_query(database, "SELECT coalesce(published.id, words.rowid) FROM published"
                                    " FULL JOIN published_fts AS words ON words.rowid = published.id"
                                    " WHERE words.title IS NOT published.title OR words.text IS NOT published.text"
                                    " LIMIT 100");
}

/* -- classes of matters ------------------------------------------------------------------------------------------ */

/* The orders that a call names, or those of a topic, as far as the caller may see them. */
static int chosen(struct database *database, const struct record *call, struct record *listing)
{
    static const enum field filters[] = {F_ORDERS, F_TOWN, F_START, F_END, F_WITHIN};
    RECORD *question = record_new();
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        record_copy(question, call, filters[i]);
    if (record_has(call, F_CATEGORY))
        record_set(question, F_CATEGORIES, record_str(call, F_CATEGORY));
    record_set_int(question, F_LIMIT, ORDERS_MAX);
    record_set_rows(listing, F_ROWS);
    return lists_orders(database, question, listing);
}

/* Those orders as a JSON array; NULL after refusing, or with ret_result -EIO. */
static json_t *orders_to_add(struct database *database, struct delivery *call, int *ret_result)
{
    const struct record *wanted = call->message;
    RECORD *listing = record_new();
    json_t *orders = json_array();
    *ret_result = 0;
    if (!record_has(wanted, F_ORDERS) && !record_has(wanted, F_CATEGORY))
        return orders;
    *ret_result = chosen(database, wanted, listing);
    size_t rows = record_rows(listing, F_ROWS);
    char order[ORDER_ID_SIZE];
    const char *unseen = record_str(wanted, F_ORDERS);
    for (size_t i = 0; *ret_result == 0 && i < rows; i++)
        json_array_append_new(orders, json_string(record_str(record_row(listing, F_ROWS, i), F_ORDER)));
    bool all = true;
    while (all && words_next(&unseen, order, sizeof order)) {
        all = false;
        for (size_t i = 0; !all && i < rows; i++)
            all = record_is(record_row(listing, F_ROWS, i), F_ORDER, order);
    }
    if (!all)
        outcome_refuse(call->outcome, "invalid", "orders", "there is no order %s in what you may see", order);
    else if (record_int(listing, F_TOTAL) > ORDERS_MAX)
        outcome_refuse(call->outcome, "long", "start", "at most %d orders at a time: choose a shorter period",
                       ORDERS_MAX);
    if (*ret_result == 0 && all && record_int(listing, F_TOTAL) <= ORDERS_MAX)
        return orders;
    json_decref(orders);
    return NULL;
}

static json_t *orders_to_remove(const struct record *call)
{
    char order[ORDER_ID_SIZE];
    const char *words = record_str(call, F_REMOVE);
    json_t *orders = json_array();
    while (words_next(&words, order, sizeof order))
        json_array_append_new(orders, json_string(order));
    return orders;
}

/* Two classes of one title could not be told apart; and a class that is opened again is the same one. */
static bool is_taken(struct database *database, struct delivery *call, const char *class)
{
    const char *title = record_str(call->message, F_TITLE);
    AUTOFREE char *other = look_up(database, "SELECT class FROM classes WHERE title = ?1", title);
    if (!other || strcmp(other, class) == 0)
        return false;
    outcome_refuse(call->outcome, "exists", "title", "the class %s has this title", other);
    return true;
}

/* Writes the step that says what a class is from now on. */
static int write_class(struct database *database, struct delivery *call, const char *class, const char *step,
                       const char *title, const char *note, int64_t now)
{
    int result;
    if (is_taken(database, call, class))
        return 0;
    json_t *add = orders_to_add(database, call, &result);
    if (!add)
        return result;
    result = append(database, call, class, step,
                    json_pack("{s:s, s:s, s:o, s:o}", "title", title, "text", note, "add", add, "remove",
                              orders_to_remove(call->message)),
                    now);
    record_set(outcome_reply(call->outcome, MSG_DONE), F_CLASS, class);
    return result;
}

static int open_class(struct database *database, struct delivery *call, int64_t now)
{
    QUERY *query = database_query(database, "SELECT count(*) + 1 FROM classes");
    int64_t serial = query_value(query);
    AUTOFREE char *class = xasprintf("%s-K%06" PRId64, call->county, serial);
    if (serial < 0)
        return -EIO;
    return write_class(database, call, class, "class_opened", record_str(call->message, F_TITLE),
                       record_str(call->message, F_NOTE), now);
}

static int change_class(struct database *database, struct delivery *call, int64_t now)
{
    const struct record *wanted = call->message;
    const char *class = record_str(wanted, F_CLASS);
    AUTOFREE char *title = look_up(database, "SELECT title FROM classes WHERE class = ?1", class);
    AUTOFREE char *note = look_up(database, "SELECT text FROM classes WHERE class = ?1", class);
    if (!title) {
        outcome_refuse(call->outcome, "unknown", "class", "no such class of matters");
        return 0;
    }
    return write_class(database, call, class, "class_changed",
                       record_has(wanted, F_TITLE) ? record_str(wanted, F_TITLE) : title,
                       record_has(wanted, F_NOTE) ? record_str(wanted, F_NOTE) : note, now);
}

/* -- calls ------------------------------------------------------------------------------------------------------- */

bool library_takes(enum message_type type)
{
    return type == MSG_PUBLISH_CASE || type == MSG_WITHDRAW_CASE || type == MSG_OPEN_CLASS || type == MSG_CHANGE_CLASS;
}

static int change(struct database *database, struct delivery *call, int64_t now)
{
    switch (call->type) {
    case MSG_PUBLISH_CASE:
        return publish(database, call, now);
    case MSG_WITHDRAW_CASE:
        return withdraw(database, call, now);
    case MSG_OPEN_CLASS:
        return open_class(database, call, now);
    default:
        return change_class(database, call, now);
    }
}

int library_change(struct database *database, struct delivery *call, int64_t now)
{
    record_copy(outcome_reply(call->outcome, MSG_DONE), call->message, F_ORDER);
    int result = database_begin(database);
    if (result == 0)
        result = change(database, call, now);
    return result < 0 ? result : database_commit(database);
}

/* -- what is read ------------------------------------------------------------------------------------------------ */

/* What is shown of a published case; `text` with one, not in a list. */
static const enum field shown[] = {F_ORDER, F_TITLE, F_CATEGORY, F_OUTCOME, F_RATING, F_CLOSED_AT, F_AT, F_TEXT};
#define OF_CASE                                                                                                        \
    "published.order_id, published.title, category, outcome, rating, closed_at, published.at, published.text"
#define WITH_ORDER "published JOIN orders USING (order_id)"
enum { SHOWN = sizeof shown / sizeof *shown, LISTED = SHOWN - 1 };

static struct record *add_case(sqlite3_stmt *query, int first, int count, struct record *listing)
{
    struct record *row = record_add_row(listing, F_ROWS);
    for (int i = 0; i < count; i++)
        take_column(row, shown[i], query, first + i);
    return row;
}

static int read_published(struct database *database, const char *order, struct record *listing)
{
    QUERY *query = database_query(database, "SELECT " OF_CASE " FROM " WITH_ORDER " WHERE published.order_id = ?1");
    query_text(query, 1, order);
    int result = query_next(query);
    if (result > 0)
        add_case(query, 0, SHOWN, listing);
    return result < 0 ? result : 0;
}

static int search_published(struct database *database, const struct record *call, struct record *listing)
{
    AUTOFREE char *expression = search_expression(record_str(call, F_QUERY));
    int64_t passed = 0;
    if (!expression)
        return search_begin(call, listing, &passed);
/* The words first: SQLite would begin with all that is published. */
#define FOUND                                                                                                          \
    " FROM published_fts CROSS JOIN published ON published.id = published_fts.rowid"                                   \
    " CROSS JOIN orders USING (order_id)"
    QUERY *total = database_query(database, "SELECT count(*)" FOUND " WHERE published_fts MATCH ?1");
    query_text(total, 1, expression);
    int result = set_total(listing, total);
    if (result == 0)
        result = search_begin(call, listing, &passed);
    if (result < 0)
        return result;
    QUERY *query = database_query(database, "SELECT " OF_CASE ", snippet(published_fts, -1, '', '', '…', 48)" FOUND
                                            " WHERE published_fts MATCH ?1 AND rank MATCH 'bm25(4.0, 1.0)'"
                                            " ORDER BY rank LIMIT ?2 OFFSET ?3");
    query_text(query, 1, expression);
    query_int(query, 2, limit_of(call));
    query_int(query, 3, passed);
    while ((result = query_next(query)) > 0)
        set_cut(add_case(query, 0, LISTED, listing), F_DETAIL, query_column(query, SHOWN));
    return result;
}

int library_published(struct database *database, const struct record *call, struct record *listing)
{
    static const struct list published = {WITH_ORDER, OF_CASE, "published.at", "published.order_id", "TEXT", false};
    if (record_has(call, F_ORDER))
        return read_published(database, record_str(call, F_ORDER), listing);
    if (record_has(call, F_QUERY))
        return search_published(database, call, listing);
    FILTERED filtered = {.count = 0, .call = call};
    PAGE page = {0};
    filtered_begin(&filtered);
    int result = page_begin(&page, database, &published, &filtered, listing);
    while (result >= 0 && (result = page_next(&page, listing)) > 0)
        add_case(page.query, 2, LISTED, listing);
    return result;
}

int library_classes(struct database *database, const struct record *call, struct record *listing)
{
    static const struct list classes = {
        "classes",
        "class, title, text, actor, (SELECT count(*) FROM class_orders WHERE class_orders.class = classes.class)",
        "at",
        "class",
        "TEXT",
        false};
    static const enum field columns[] = {F_CLASS, F_TITLE, F_NOTE, F_ACTOR, F_COUNT};
    static const struct filter filters[] = {
        {F_CLASS, "class = ?", false},
        {F_ORDER, "class IN (SELECT class FROM class_orders WHERE order_id = ?)", false},
    };
    FILTERED filtered = {.filters = filters, .count = sizeof filters / sizeof *filters, .call = call};
    PAGE page = {0};
    filtered_begin(&filtered);
    int result = page_begin(&page, database, &classes, &filtered, listing);
    while (result >= 0 && (result = page_next(&page, listing)) > 0) {
        struct record *row = record_add_row(listing, F_ROWS);
        take_column(row, F_AT, page.query, 0);
        for (int i = 0; i < (int)(sizeof columns / sizeof *columns); i++)
            take_column(row, columns[i], page.query, 2 + i);
    }
    return result;
}
