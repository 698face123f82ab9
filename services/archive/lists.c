/*
 * lists.c - what the archive answers: lists of orders, news, an order's
 * history, search, the audit trail; likeness and figures have files of their
 * own, and so has what is read of the libraries.
 */
#include "common/alloc.h"
#include "common/metrics.h"
#include "common/text.h"
#include "services/archive/archive.h"
#include "services/archive/listing.h"

#include <errno.h>

/* Whether a word is among those of a text; mostly it is no part of it at all, which is seen far sooner. */
#define HAVE(words, word)                                                                                              \
    "instr(" words ", " word ") > 0 AND instr(' ' || " words " || ' ', ' ' || " word " || ' ') > 0"
#define LIKE(column) "coalesce(" column ", '') LIKE pattern ESCAPE '\\'"
#define HAS_PATTERNS                                                                                                   \
    "NOT EXISTS (WITH patterns AS MATERIALIZED (SELECT '%' || replace(replace(replace(value,"                          \
    " '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%' AS pattern FROM json_each(?)) SELECT 1 FROM patterns"             \
    " WHERE NOT (" LIKE("title") " OR " LIKE("text") " OR " LIKE("place") " OR " LIKE("order_id") "))"

/* The orders of somebody: each word says what they are, and which; each kind is found by its own index. */
#define WHOSE(words)                                                                                                   \
    "WITH whose AS MATERIALIZED (SELECT value, substr(value, instr(value, ':') + 1) AS whom FROM " words ")"
#define OF(kind, condition)                                                                                            \
    " SELECT orders.id FROM whose CROSS JOIN orders ON " condition " WHERE value GLOB '" kind ":*'"
#define OF_MEMBER OF("member", "members <> '' AND " HAVE("members", "whom"))
#define OF_ASSISTANT OF("department", "handed_at > 0 AND assisting <> '' AND " HAVE("assisting", "whom"))
#define OF_CLERK OF("department", "department = whom AND handed_at > 0")
#define OF_CONVENER OF("town", "town = whom") " UNION ALL" OF("town", "town IS NULL AND whom = ''")
#define OF_LEADER OF("group", "\"group\" = whom")
#define OF_POOL OF("pool", "state = 'open' AND +\"group\" = whom") /* fewer are open than of a group */
#define OF_ANYBODY                                                                                                     \
    OF_MEMBER " UNION ALL" OF_POOL " UNION ALL" OF_LEADER " UNION ALL" OF_CONVENER " UNION ALL" OF_CLERK               \
              " UNION ALL" OF_ASSISTANT

/* +id: what they are listed by is gone through in its index, not each of them looked up. */
static const struct filter order_filters[] = {
    {F_ORDERS, "order_id IN (SELECT value FROM json_each(?))", true},
    {F_STATES, "state IN (SELECT value FROM json_each(?))", true},
    {F_CATEGORIES, "category IN (SELECT value FROM json_each(?))", true},
    {F_GROUP, "\"group\" = ?", false},
    {F_TOWN, "town = ?", false},
    {F_DEPARTMENT, "department = ?", false},
    {F_ASSISTING, "+id IN (" WHOSE("(SELECT 'department:' || ? AS value)") OF_ASSISTANT ")", false},
    {F_URGENCY, "urgency = ?", false},
    {F_MEMBER, "+id IN (" WHOSE("(SELECT 'member:' || ? AS value)") OF_MEMBER ")", false},
    {F_QUERY, HAS_PATTERNS, true},
    {F_PUBLIC, "coalesce(public, 0) = ?", false},
    {F_TO_CALL, "coalesce(to_call, 0) = ?", false},
    {F_RATING, "rating = ?", false},
    {F_FLAGGED, "(coalesce(flag, '') <> '') = ?", false},
    {F_OVERDUE, "overdue = ?", false},
    {F_UNDECIDED, "(coalesce(objected, '') <> '' OR coalesce(asked_days, 0) > 0) = ?", false},
    {F_WITHIN, "+id IN (" WHOSE("json_each(?)") OF_ANYBODY ")", true},
    {F_START, "placed_at >= ?", false},
    {F_END, "placed_at <= ?", false},
    {F_PERSON, "order_id IN (SELECT order_id FROM contacts WHERE person = ?)", false},
    {F_CLASS, "order_id IN (SELECT order_id FROM class_orders WHERE class = ?)", false},
};
enum { ORDER_FILTERS = sizeof order_filters / sizeof *order_filters };

/* Of meetings and suggestions; a meeting's time is when it begins. */
#define WITHIN_OF_MATTERS                                                                                              \
    "EXISTS (SELECT 1 FROM json_each(?) WHERE value IN ('group:' || \"group\", 'town:' || coalesce(town, ''),"         \
    " 'department:' || department, 'committee:' || committee, host)"                                                   \
    " OR instr(' ' || coalesce(invited, '') || ' ', ' ' || value || ' ') > 0"                                          \
    " OR value LIKE 'member:%' AND instr(' ' || members || ' ', ' ' || substr(value, 8) || ' ') > 0)"
#define OF_ALL_MATTERS                                                                                                 \
    {F_ORDERS, "order_id IN (SELECT value FROM json_each(?))", true},                                                  \
        {F_STATES, "state IN (SELECT value FROM json_each(?))", true}, {F_KIND, "kind = ?", false},                    \
        {F_GROUP, "\"group\" = ?", false}, {F_TOWN, "town = ?", false},                                                \
        {F_ORDER, "id IN (SELECT matter FROM about WHERE about.order_id = ?)", false},                                 \
    {                                                                                                                  \
        F_WITHIN, WITHIN_OF_MATTERS, true                                                                              \
    }
static const struct filter meeting_filters[] = {
    OF_ALL_MATTERS,
    {F_MEMBER, "instr(' ' || invited || ' ', ' member:' || ? || ' ') > 0", false},
    {F_OVERDUE, "overdue = ?", false},
    {F_START, "meets_at >= ?", false},
    {F_END, "meets_at <= ?", false},
};
static const struct filter suggestion_filters[] = {
    OF_ALL_MATTERS,
    {F_MEMBER, "instr(' ' || members || ' ', ' ' || ? || ' ') > 0", false},
    {F_DEPARTMENT, "department = ?", false},
    {F_COMMITTEE, "committee = ?", false},
    {F_SETTLED, "settled = ?", false},
    {F_MEETING, "meeting = ?", false},
    {F_OVERDUE, "overdue = ?", false},
    {F_START, "placed_at >= ?", false},
    {F_END, "placed_at <= ?", false},
};
/* Of entries; within: those of members that are in them. */
static const struct filter entry_filters[] = {
    {F_ORDERS, "order_id IN (SELECT value FROM json_each(?))", true},
    {F_STATES, "state IN (SELECT value FROM json_each(?))", true},
    {F_KIND, "kind = ?", false},
    {F_MEMBER, "instr(' ' || present || ' ' || excused || ' ' || absent || ' ', ' member:' || ? || ' ') > 0", false},
    {F_SECTOR, "sector = ?", false},
    {F_TASK, "task = ?", false},
    {F_WITHIN,
     "EXISTS (SELECT 1 FROM json_each(?) WHERE"
     " instr(' ' || present || ' ' || excused || ' ' || absent || ' ', ' ' || value || ' ') > 0)",
     true},
    {F_START, "held_at >= ?", false},
    {F_END, "held_at <= ?", false},
};
#define FILTERS_OF(list) .filters = (list), .count = sizeof(list) / sizeof *(list)
static const struct matter_list {
    enum message_type type;
    enum matter matter;
    const struct filter *filters;
    size_t count;
} matter_lists[] = {
    {MSG_LIST_MEETINGS, MATTER_MEETING, FILTERS_OF(meeting_filters)},
    {MSG_LIST_SUGGESTIONS, MATTER_SUGGESTION, FILTERS_OF(suggestion_filters)},
    {MSG_LIST_ENTRIES, MATTER_ENTRY, FILTERS_OF(entry_filters)},
};

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
enum { UPDATE_FILTERS = sizeof update_filters / sizeof *update_filters };
_Static_assert(sizeof order_filters / sizeof *order_filters <= FILTERS_MAX, "struct filtered has room for all of them");

#define IS_OVERDUE "(" CLOCK_RUNS " AND due <= now_ms()) AS overdue"

/* A row of a list of orders, or of other matters; behind its time and key come these columns. */
static void take_row(struct record *row, sqlite3_stmt *query, const struct projection *projection)
{
    take_column(row, F_ORDER, query, 2);
    take_column(row, F_VER, query, 3);
    take_column(row, F_UPDATED_AT, query, 4);
    for (int i = 0; i < projection->count; i++)
        take_column(row, projection->fields[i], query, 5 + i);
}

int lists_orders(struct database *database, const struct record *call, struct record *listing)
{
    bool due = record_is(call, F_SORT, "due");
    /* Those whose clock runs are few, and have an index. */
    bool running = due || (record_has(call, F_OVERDUE) && record_int(call, F_OVERDUE) == 1);
    AUTOFREE char *table =
        xasprintf("(SELECT *, " IS_OVERDUE " FROM orders%s)", running ? " WHERE clock <> '' AND " CLOCK_RUNS : "");
    const struct list orders = {.table = table,
                                .columns = "order_id, ver, updated_at" PROJECTED_COLUMNS,
                                .time = due ? "due" : "placed_at",
                                .key = "order_id",
                                .type = "TEXT",
                                .ascending = due || record_is(call, F_SORT, "oldest")};
    FILTERED filtered = {.filters = order_filters, .count = ORDER_FILTERS, .call = call};
    PAGE page = {0};
    filtered_begin(&filtered);
    int result = page_begin(&page, database, &orders, &filtered, listing);
    while (result >= 0 && (result = page_next(&page, listing)) > 0)
        take_row(record_add_row(listing, F_ROWS), page.query, &projection_of_orders);
    return result;
}

static int list_matters(struct database *database, enum message_type type, const struct record *call,
                        struct record *listing)
{
    const struct matter_list *wanted = matter_lists;
    while (wanted->type != type)
        wanted++;
    AUTOFREE char *table = xasprintf("(SELECT *, " IS_OVERDUE " FROM matters WHERE substr(order_id, 8, 1) = '%s')",
                                     matter_letter(wanted->matter));
    const struct list matters = {table, "order_id, ver, updated_at" MATTER_COLUMNS, "placed_at", "order_id", "TEXT",
                                 false};
    FILTERED filtered = {.filters = wanted->filters, .count = wanted->count, .call = call};
    PAGE page = {0};
    filtered_begin(&filtered);
    int result = page_begin(&page, database, &matters, &filtered, listing);
    while (result >= 0 && (result = page_next(&page, listing)) > 0)
        take_row(record_add_row(listing, F_ROWS), page.query, &projection_of_matters);
    return result;
}

static int list_updates(struct database *database, const struct record *call, struct record *listing)
{
    static const enum field shown[] = {F_ORDER, F_VER,     F_AT,     F_UPDATED_AT, F_STEP,     F_STATE,
                                       F_NOTE,  F_OUTCOME, F_ANSWER, F_REASON,     F_RETURN_TO};
    FILTERED filtered = {.filters = update_filters, .count = UPDATE_FILTERS, .call = call};
    filtered_begin(&filtered);
    /* Times are told in seconds: steps of one second go by order and version, or an older one would seem the latest. */
    AUTOFREE char *select =
        xasprintf("SELECT " JOURNAL_COLUMNS " FROM journal%s AND substr(order_id, 8, 1) BETWEEN '0' AND '9' ORDER BY "
                  "stored_at / 1000, order_id, ver LIMIT ?",
                  filtered.where);
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

/* The rows of a query for an order, ?1, as many as there is room for, ?2: its columns are these fields. */
static int add_about(sqlite3_stmt *query, const char *order, const enum field *columns, size_t count,
                     struct record *listing)
{
    query_text(query, 1, order);
    query_int(query, 2, ROWS_MAX - (int64_t)record_rows(listing, F_ROWS));
    int result;
    while ((result = query_next(query)) > 0) {
        struct record *row = record_add_row(listing, F_ROWS);
        for (size_t i = 0; i < count; i++)
            take_column(row, columns[i], query, (int)i);
    }
    return result;
}

/* The order's SMS, behind its steps. */
static int add_sms(struct database *database, const char *order, struct record *listing)
{
    static const enum field columns[] = {F_SMS, F_SMS_STATE, F_RECIPIENT, F_TEMPLATE, F_AT, F_DETAIL};
    QUERY *query = database_query(database, "SELECT sms, state, recipient, template, at, detail FROM sms"
                                            " WHERE order_id = ?1 ORDER BY at, sms LIMIT ?2");
    return add_about(query, order, columns, sizeof columns / sizeof *columns, listing);
}

/* The meetings and suggestions that are about it, as they stand. */
static int add_matters(struct database *database, const char *order, struct record *listing)
{
    static const enum field columns[] = {F_AT, F_ORDER, F_STATE, F_KIND, F_TITLE, F_MEETS_AT, F_SETTLED};
    QUERY *query = database_query(
        database, "SELECT placed_at, matters.order_id, state, kind, title, meets_at, settled FROM about"
                  " JOIN matters ON matters.id = matter WHERE about.order_id = ?1 ORDER BY placed_at, matter LIMIT ?2");
    return add_about(query, order, columns, sizeof columns / sizeof *columns, listing);
}

/* Its steps, and behind them what became of its case: each in the sequence of its versions. */
static int read_history(struct database *database, const struct record *call, struct record *listing)
{
    const char *order = record_str(call, F_ORDER);
    QUERY *query =
        database_query(database, "SELECT " JOURNAL_COLUMNS " FROM journal WHERE order_id IN (?1, ?1 || '/case')"
                                 " ORDER BY order_id, ver LIMIT ?2");
    query_text(query, 1, order);
    query_int(query, 2, ROWS_MAX);
    int result;
    while ((result = query_next(query)) > 0) {
        struct record *row = record_add_row(listing, F_ROWS);
        result = journal_row(query, row);
        if (result < 0)
            break;
        record_set(row, F_ORDER, order);
    }
    bool known = record_rows(listing, F_ROWS) > 0;
    if (result == 0 && known)
        result = add_matters(database, order, listing);
    if (result == 0 && known)
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

static int search_cases(struct database *database, const struct record *call, struct record *listing)
{
    static const enum field columns[] = {F_ORDER, F_TITLE, F_CATEGORY, F_OUTCOME, F_RATING, F_CLOSED_AT, F_PUBLIC};
    enum { COLUMNS = sizeof columns / sizeof *columns };
    AUTOFREE char *expression = search_expression(record_str(call, F_QUERY));
    int64_t passed = 0;
    if (!expression)
        return search_begin(call, listing, &passed);
    QUERY *total = database_query(database, "SELECT count(*) FROM cases_fts WHERE cases_fts MATCH ?1");
    query_text(total, 1, expression);
    int result = set_total(listing, total);
    if (result == 0)
        result = search_begin(call, listing, &passed);
    if (result < 0)
        return result;
    /* A word in the title weighs most, then one in the place. `rank` sorts before snippets are made. */
    QUERY *query = database_query(
        database,
        "SELECT orders.order_id, orders.title, category, outcome, rating, closed_at,"
        " public, snippet(cases_fts, -1, '', '', '…', 48) FROM cases_fts JOIN orders ON orders.id = cases_fts.rowid"
        " WHERE cases_fts MATCH ?1 AND rank MATCH 'bm25(4.0, 1.0, 2.0, 1.0)' ORDER BY rank"
        " LIMIT ?2 OFFSET ?3");
    query_text(query, 1, expression);
    query_int(query, 2, limit_of(call));
    query_int(query, 3, passed);
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
    static const struct list audit = {"audit", "actor, action, order_id, result, detail", "at", "id", "INTEGER", false};
    FILTERED filtered = {.filters = audit_filters, .count = AUDIT_FILTERS, .call = call};
    PAGE page = {0};
    filtered_begin(&filtered);
    int result = page_begin(&page, database, &audit, &filtered, listing);
    while (result >= 0 && (result = page_next(&page, listing)) > 0) {
        struct record *row = record_add_row(listing, F_ROWS);
        take_column(row, F_AT, page.query, 0);
        for (int i = 0; i < (int)(sizeof columns / sizeof *columns); i++)
            set_cut(row, columns[i], query_column(page.query, 2 + i));
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
    case MSG_LIST_MEETINGS:
    case MSG_LIST_SUGGESTIONS:
    case MSG_LIST_ENTRIES:
        return list_matters(database, delivery->type, delivery->message, listing);
    case MSG_LIST_UPDATES:
        return list_updates(database, delivery->message, listing);
    case MSG_LIST_AUDIT:
        return list_audit(database, delivery->message, listing);
    case MSG_READ_HISTORY:
        return read_history(database, delivery->message, listing);
    case MSG_FIND_SIMILAR:
    case MSG_FIND_ALIKE:
        return similar_find(database, delivery->message, listing);
    case MSG_READ_FIGURES:
        return figures_read(database, delivery->message, listing);
    case MSG_READ_PUBLIC_FIGURES:
        return figures_public(database, delivery->message, listing);
    case MSG_LIST_TOPICS:
        return figures_topics(database, delivery->message, listing);
    case MSG_READ_RECORDS:
        return records_read(database, delivery->message, listing);
    case MSG_READ_PLAN:
        return records_plan(database, delivery->message, listing);
    case MSG_FIND_PRECEDENTS:
        return similar_precedents(database, delivery->message, listing);
    case MSG_LIST_PUBLISHED:
        return library_published(database, delivery->message, listing);
    case MSG_LIST_CLASSES:
        return library_classes(database, delivery->message, listing);
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
    if (result == -EINVAL) {
        outcome_refuse(delivery->outcome, "invalid", "cursor", "give `next` of the list's part before, as it is");
        return 0;
    }
    if (result == 0 && delivery->type == MSG_READ_HISTORY) {
        record_set_int(listing, F_TOTAL, (int64_t)record_rows(listing, F_ROWS));
        if (record_rows(listing, F_ROWS) == 0)
            outcome_refuse(delivery->outcome, "unknown", "order", "no such order");
    }
    return result;
}
