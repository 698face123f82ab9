/*
 * figures.c - numbers without names: how many orders there are of what kind, and which matters many people raise.
 *
 * Each figure is a row with what is counted by, which of them, and how many. Hot topics (高频事项) are the categories
 * of a town of which most orders were placed in a period; beside each stands how many there were in the period before,
 * which is as long. A merged order counts like its primary: two people raised it.
 */
#include "common/alloc.h"
#include "common/text.h"
#include "services/archive/archive.h"

#include <errno.h>
#include <inttypes.h>

enum { ROWS_EACH = 100, TOPICS_DEFAULT = 20, TOPICS_MAX = 200 };

/* The period that a call asks about: from the beginning until now, where it says nothing else; and of which class. */
struct period {
    int64_t start, end;
    const char *class; /* NULL: of all matters */
};
#define COUNTED                                                                                                        \
    "placed_at BETWEEN ?1 AND ?2 AND (?3 IS NULL OR order_id IN (SELECT order_id FROM class_orders WHERE class = ?3))"

static struct period period_of(const struct record *call)
{
    return (struct period){.start = record_int(call, F_START),
                           .end = record_has(call, F_END) ? record_int(call, F_END) : now_ms(),
                           .class = record_has(call, F_CLASS) ? record_str(call, F_CLASS) : NULL};
}

static void bind_period(sqlite3_stmt *query, struct period period)
{
    query_int(query, 1, period.start);
    query_int(query, 2, period.end);
    query_text(query, 3, period.class);
}

/* Runs a query for a period of orders that gives values and their counts, as rows of a figure. 0 or -EIO. */
static int add_figure(struct database *database, const char *figure, const char *select, struct period period,
                      struct record *listing)
{
    QUERY *query = database_query(database, select);
    bind_period(query, period);
    int result;
    while ((result = query_next(query)) > 0) {
        struct record *row = record_add_row(listing, F_ROWS);
        record_set(row, F_FIGURE, figure);
        record_set(row, F_VALUE, query_column(query, 0));
        record_set_int(row, F_COUNT, sqlite3_column_int64(query, 1));
    }
    return result;
}

int figures_read(struct database *database, const struct record *call, struct record *listing)
{
    static const char *const columns[] = {"state",  "town",    "group",  "category",  "urgency",
                                          "source", "outcome", "rating", "department"};
    static const char took[] =
        "SELECT value, ms FROM (SELECT 'assigned' AS value, avg(assigned_at - placed_at) AS ms FROM orders"
        " WHERE " COUNTED " UNION ALL SELECT 'answered', avg(answered_at - placed_at) FROM orders"
        " WHERE " COUNTED ") WHERE ms IS NOT NULL";
    AUTOFREE char *overdue = xasprintf("SELECT clock, count(*) FROM orders WHERE " COUNTED ""
                                       " AND clock <> '' AND due < %" PRId64 " GROUP BY 1 ORDER BY 1",
                                       now_ms());
    struct period period = period_of(call);
    QUERY *total = database_query(database, "SELECT count(*) FROM orders WHERE " COUNTED "");
    bind_period(total, period);
    int64_t count = query_value(total);
    int result = count < 0 ? -EIO : 0;
    record_set_int(listing, F_TOTAL, count);
    for (size_t i = 0; result == 0 && i < sizeof columns / sizeof *columns; i++) {
        AUTOFREE char *select = xasprintf("SELECT \"%s\", count(*) FROM orders WHERE " COUNTED ""
                                          " AND \"%s\" <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %d",
                                          columns[i], columns[i], ROWS_EACH);
        result = add_figure(database, columns[i], select, period, listing);
    }
    if (result == 0)
        result = add_figure(database, "overdue", overdue, period, listing);
    return result == 0 ? add_figure(database, "mean_ms", took, period, listing) : result;
}

int figures_topics(struct database *database, const struct record *call, struct record *listing)
{
    int64_t limit = record_has(call, F_LIMIT) ? record_int(call, F_LIMIT) : TOPICS_DEFAULT;
    struct period period = period_of(call);
    QUERY *query = database_query(
        database,
        "SELECT coalesce(town, ''), category, sum(placed_at >= ?1) AS now, sum(placed_at < ?1) AS before FROM orders"
        " WHERE placed_at BETWEEN ?1 - (?2 - ?1) AND ?2 AND category <> '' GROUP BY 1, 2"
        " HAVING now > 1 ORDER BY now DESC, now - before DESC, 1, 2 LIMIT ?3");
    query_int(query, 1, period.start);
    query_int(query, 2, period.end);
    query_int(query, 3, limit < 1 ? 1 : limit > TOPICS_MAX ? TOPICS_MAX : limit);
    int result;
    while ((result = query_next(query)) > 0) {
        struct record *row = record_add_row(listing, F_ROWS);
        record_set(row, F_TOWN, query_column(query, 0));
        record_set(row, F_CATEGORY, query_column(query, 1));
        record_set_int(row, F_COUNT, sqlite3_column_int64(query, 2));
        record_set_int(row, F_BEFORE, sqlite3_column_int64(query, 3));
    }
    record_set_int(listing, F_TOTAL, (int64_t)record_rows(listing, F_ROWS));
    return result;
}
