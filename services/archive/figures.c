/*
 * figures.c - numbers without names: how many orders there are of what kind, and which matters many people raise.
 *
 * Each figure is a row with what is counted by, which of them, and how many. Hot topics (高频事项) are the categories
 * of a town of which most orders were placed in a period; beside each stands how many there were in the period before,
 * which is as long. A merged order counts like its primary: two people raised it.
 *
 * What everybody may read tells of no group that is smaller than SMALLEST, nor what would lead to one: where the others
 * and their total are told, at least two are left out, and SMALLEST orders with them.
 */
#include "common/alloc.h"
#include "common/text.h"
#include "services/archive/archive.h"
#include "services/archive/listing.h"

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
    static const struct {
        const char *name, *counts; /* counts: which orders do, of those that have one */
    } columns[] = {
        {"state", "1"},    {"town", "1"},    {"group", "1"},
        {"category", "1"}, {"urgency", "1"}, {"source", "1"},
        {"outcome", "1"},  {"rating", "1"},  {"department", "handed_at > 0"},
    };
    static const char took[] =
        "SELECT value, ms FROM (SELECT 'assigned' AS value, avg(assigned_at - placed_at) AS ms FROM orders"
        " WHERE " COUNTED " UNION ALL SELECT 'answered', avg(answered_at - placed_at) FROM orders"
        " WHERE " COUNTED ") WHERE ms IS NOT NULL";
    static const char overdue[] = "SELECT clock, count(*) FROM orders WHERE " COUNTED " AND " CLOCK_RUNS
                                  " AND due <= now_ms() GROUP BY 1 ORDER BY 1";
    struct period period = period_of(call);
    QUERY *total = database_query(database, "SELECT count(*) FROM orders WHERE " COUNTED "");
    bind_period(total, period);
    int64_t count = query_value(total);
    int result = count < 0 ? -EIO : 0;
    record_set_int(listing, F_TOTAL, count);
    for (size_t i = 0; result == 0 && i < sizeof columns / sizeof *columns; i++) {
        AUTOFREE char *select = xasprintf("SELECT \"%s\", count(*) FROM orders WHERE " COUNTED ""
                                          " AND \"%s\" <> '' AND %s GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %d",
                                          columns[i].name, columns[i].name, columns[i].counts, ROWS_EACH);
        result = add_figure(database, columns[i].name, select, period, listing);
    }
    if (result == 0)
        result = add_figure(database, "overdue", overdue, period, listing);
    return result == 0 ? add_figure(database, "mean_ms", took, period, listing) : result;
}

/* -- for everybody ----------------------------------------------------------------------------------------------- */

enum { SMALLEST = 5, GROUPS_MAX = 600, HOUR_MS = 3600000 };

struct counted {
    char value[65];
    int64_t count;
    double mean_ms;     /* of answers */
    bool hidden, small; /* small: hidden, and told to be fewer than SMALLEST */
};
struct counts {
    struct counted list[GROUPS_MAX];
    size_t count;
};

/* Runs a query, for a year where it asks for one, that gives values, their counts and a mean. 0 or -EIO. */
static int read_groups(struct database *database, const char *select, int64_t year, struct counts *ret_groups)
{
    QUERY *query = database_query(database, select);
    int result;
    if (sqlite3_bind_parameter_count(query) > 0)
        query_int(query, 1, year);
    ret_groups->count = 0;
    while ((result = query_next(query)) > 0 && ret_groups->count < GROUPS_MAX) {
        struct counted *group = &ret_groups->list[ret_groups->count++];
        *group = (struct counted){.count = sqlite3_column_int64(query, 1), .mean_ms = sqlite3_column_double(query, 2)};
        snprintf(group->value, sizeof group->value, "%s", query_column(query, 0));
    }
    return result < 0 ? result : 0;
}

/* Hides the small ones; and the smallest of the others where the total less what is told would tell them. Which of
 * these is small is not told: of six together one that is and one that is not would be 1 and 5. */
static void hide_small(struct counts *groups)
{
    int64_t hidden = 0;
    struct counted *smallest = NULL;
    for (size_t i = 0; i < groups->count; i++) {
        struct counted *group = &groups->list[i];
        group->hidden = group->small = group->count < SMALLEST;
        if (group->hidden)
            hidden += group->count;
        else if (!smallest || group->count < smallest->count)
            smallest = group;
    }
    if (!smallest || hidden == 0 || hidden >= SMALLEST)
        return;
    smallest->hidden = true;
    for (size_t i = 0; i < groups->count; i++)
        groups->list[i].small = false;
}

static void tell_group(struct record *listing, const char *figure, const struct counted *group)
{
    struct record *row = record_add_row(listing, F_ROWS);
    record_set(row, F_FIGURE, figure);
    record_set(row, F_VALUE, group->value);
    if (!group->hidden)
        record_set_int(row, F_COUNT, group->count);
    else if (group->small)
        record_set_int(row, F_BELOW, SMALLEST);
}

/* In full hours, so that one more answer does not tell how long that one took. */
static void tell_mean(struct record *listing, const struct counted *group)
{
    if (group->hidden || group->mean_ms <= 0)
        return;
    struct record *row = record_add_row(listing, F_ROWS);
    record_set(row, F_FIGURE, "mean_ms");
    record_set(row, F_VALUE, group->value);
    record_set_int(row, F_COUNT, (int64_t)(group->mean_ms / HOUR_MS + 0.5) * HOUR_MS);
}

/* The years of these months, which come in their order; and of the year that is asked for the months. */
static void tell_months(const char *figure, const struct counts *months, int64_t year, struct record *listing)
{
    AUTOFREE struct counts *years = xcalloc(1, sizeof *years), *own = xcalloc(1, sizeof *own);
    AUTOFREE char *asked = xasprintf("%04" PRId64, year);
    for (size_t i = 0; i < months->count; i++) {
        const struct counted *month = &months->list[i];
        struct counted *latest = years->count > 0 ? &years->list[years->count - 1] : NULL;
        if (!latest || strncmp(latest->value, month->value, 4) != 0) {
            latest = &years->list[years->count++];
            snprintf(latest->value, sizeof latest->value, "%.4s", month->value);
        }
        double sum = latest->mean_ms * (double)latest->count + month->mean_ms * (double)month->count;
        latest->count += month->count;
        latest->mean_ms = sum / (double)latest->count;
        if (strncmp(month->value, asked, 4) == 0)
            own->list[own->count++] = *month;
    }
    for (size_t i = 0; i < years->count; i++)
        years->list[i].hidden = years->list[i].small = years->list[i].count < SMALLEST;
    hide_small(own);
    const struct counts *all[] = {years, own};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < all[k]->count; i++) {
            tell_group(listing, figure, &all[k]->list[i]);
            tell_mean(listing, &all[k]->list[i]);
        }
}

/* In China. Days are counted first: what month it is, is asked of each day, not of each order. */
#define ZONE_MS "28800000"
#define BY_MONTH(column, condition, ms)                                                                                \
    "SELECT strftime('%Y-%m', day * 86400, 'unixepoch'), sum(orders), sum(ms) / sum(orders) FROM (SELECT"              \
    " (" column " + " ZONE_MS ") / 86400000 AS day, count(*) AS orders, total(" ms ") AS ms FROM orders"               \
    " WHERE " condition " GROUP BY 1) GROUP BY 1 ORDER BY 1"
#define NEW_YEAR(year) "unixepoch((" year ") || '-01-01') * 1000 - " ZONE_MS
#define OF_YEAR(value, column)                                                                                         \
    "SELECT " value ", count(*), 0 FROM orders WHERE " value " <> '' AND " column                                      \
    " >= " NEW_YEAR("?1") " AND " column " < " NEW_YEAR("?1 + 1") " GROUP BY 1 ORDER BY 2 DESC, 1"

int figures_public(struct database *database, const struct record *call, struct record *listing)
{
    static const struct {
        const char *figure, *select;
        bool monthly, named; /* named: which ones there are says something, too */
    } figures[] = {
        {"placed", BY_MONTH("placed_at", "placed_at > 0", "0"), true, false},
        {"answered", BY_MONTH("answered_at", "answered_at > 0", "answered_at - placed_at"), true, false},
        {"closed", BY_MONTH("closed_at", "closed_at > 0 AND state = 'closed'", "0"), true, false},
        {"category", OF_YEAR("category", "placed_at"), false, true},
        {"outcome", OF_YEAR("outcome", "answered_at"), false, false},
        {"rating", OF_YEAR("rating", "answered_at"), false, false},
    };
    int64_t year = record_int(call, F_YEAR);
    AUTOFREE struct counts *groups = xcalloc(1, sizeof *groups);
    int result = 0;
    record_set_rows(listing, F_ROWS);
    for (size_t i = 0; result == 0 && i < sizeof figures / sizeof *figures; i++) {
        result = read_groups(database, figures[i].select, year, groups);
        if (figures[i].monthly) {
            tell_months(figures[i].figure, groups, year, listing);
            continue;
        }
        hide_small(groups);
        for (size_t k = 0; k < groups->count; k++)
            if (!groups->list[k].hidden || !figures[i].named)
                tell_group(listing, figures[i].figure, &groups->list[k]);
    }
    record_set_int(listing, F_TOTAL, (int64_t)record_rows(listing, F_ROWS));
    return result;
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
