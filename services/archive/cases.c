/*
 * cases.c - orders whose journal is complete, as cases: in the full-text
 * index, and on the list of those that may leave Redis.
 *
 * A case exists once its commit is durable, so only then does anybody ask
 * Redis to let the order go. Its row shares its id with the order's row.
 */
#include "common/order.h"
#include "services/archive/archive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The id of an order's row when every step from the first to a final one is known, else 0; or -EIO. */
static int64_t complete(struct database *database, const char *order)
{
    QUERY *query = database_query(database, "SELECT id, ver = steps, state FROM orders WHERE order_id = ?1");
    query_text(query, 1, order);
    int result = query_next(query);
    if (result <= 0)
        return result;
    bool is = sqlite3_column_int(query, 1) && order_is_final(query_column(query, 2));
    return is ? sqlite3_column_int64(query, 0) : 0;
}

int cases_update(struct database *database, const char *order, int64_t now)
{
    int64_t id = complete(database, order);
    if (id <= 0)
        return (int)id;
    QUERY *write = database_query(
        database, "INSERT INTO cases (id, order_id, ver, stored_at, retry_at)"
                  " SELECT id, order_id, ver, ?2, ?3 FROM orders WHERE id = ?1 ON CONFLICT (id) DO UPDATE SET"
                  " ver = excluded.ver, retired_at = NULL, retry_at = excluded.retry_at, tries = 0");
    query_int(write, 1, id);
    query_int(write, 2, now);
    query_int(write, 3, now + RETIRE_PAUSE_MS);
    QUERY *index = database_query(database, "INSERT OR REPLACE INTO cases_fts (rowid, title, text, place, answer)"
                                            " SELECT id, title, text, place, answer FROM orders WHERE id = ?1");
    query_int(index, 1, id);
    int result = query_run(write, NULL);
    if (result == 0)
        result = query_run(index, NULL);
    return result < 0 ? result : 1;
}

int64_t cases_waiting(struct database *database, bool followed)
{
    QUERY *query = database_query(database, "SELECT count(*) FROM cases WHERE retired_at IS NULL AND followed = ?1");
    query_int(query, 1, followed);
    return query_value(query);
}

int waiting_claim(sqlite3_stmt *query, int64_t now, struct waiting *ret_waiting, size_t max)
{
    query_int(query, 1, now);
    query_int(query, 2, RETIRE_PAUSE_MS);
    query_int(query, 3, RETIRE_DOUBLINGS);
    query_int(query, 4, (int64_t)max);
    int count = 0, result;
    while ((result = query_next(query)) > 0) {
        if (sqlite3_column_int(query, 2))
            continue;
        snprintf(ret_waiting[count].order, sizeof ret_waiting[count].order, "%s", query_column(query, 0));
        ret_waiting[count++].ver = sqlite3_column_int64(query, 1);
    }
    return result < 0 ? result : count;
}

int cases_claim(struct database *database, int64_t now, int64_t closed_after, struct waiting *ret_waiting, size_t max)
{
    QUERY *query = database_query(
        database, "UPDATE cases SET tries = tries + 1, retry_at = ?1 + (?2 << min(tries + 1, ?3)), followed ="
                  " EXISTS (SELECT 1 FROM orders WHERE orders.id = cases.id AND closed_at > ?5)"
                  " AND EXISTS (SELECT 1 FROM about JOIN matters ON matters.id = matter WHERE"
                  "  about.order_id = cases.order_id AND kind IN ('promise', 'supervision')"
                  "  AND state <> '" STATE_CLOSED "') WHERE id IN"
                  " (SELECT id FROM cases WHERE retired_at IS NULL AND retry_at <= ?1 ORDER BY retry_at LIMIT ?4)"
                  " RETURNING order_id, ver, followed");
    query_int(query, 5, closed_after);
    return waiting_claim(query, now, ret_waiting, max);
}

int cases_retired(struct database *database, const struct waiting *waiting, int64_t now)
{
    QUERY *query = database_query(database, "UPDATE cases SET retired_at = ?3 WHERE order_id = ?1 AND ver = ?2");
    query_text(query, 1, waiting->order);
    query_int(query, 2, waiting->ver);
    query_int(query, 3, now);
    int result = query_run(query, NULL);
    return result < 0 ? result : contacts_closed(database, waiting->order, now);
}
