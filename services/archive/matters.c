/*
 * matters.c - meetings, suggestions and entries that have ended: they leave Redis as orders do, but are no cases.
 *
 * Their rows are in the table `matters`, which follows from the journal; there stands, too, when Redis is asked next to
 * let one go.
 */
#include "services/archive/archive.h"

int matters_update(struct database *database, const char *matter, int64_t now)
{
    QUERY *query = database_query(database, "UPDATE matters SET retry_at = ?2, retired_at = NULL, tries = 0"
                                            " WHERE order_id = ?1 AND ver = steps AND state IN ('" STATE_CLOSED
                                            "', '" STATE_CANCELLED "', '" STATE_WITHDRAWN "')");
    query_text(query, 1, matter);
    query_int(query, 2, now + RETIRE_PAUSE_MS);
    return query_run(query, NULL);
}

int64_t matters_waiting(struct database *database)
{
    return query_value(database_query(database, "SELECT count(*) FROM matters WHERE retry_at IS NOT NULL"));
}

int matters_claim(struct database *database, int64_t now, struct waiting *ret_waiting, size_t max)
{
    QUERY *query = database_query(
        database,
        "UPDATE matters SET tries = tries + 1, retry_at = ?1 + (?2 << min(tries + 1, ?3)) WHERE id IN"
        " (SELECT id FROM matters WHERE retry_at <= ?1 ORDER BY retry_at LIMIT ?4) RETURNING order_id, ver, 0");
    return waiting_claim(query, now, ret_waiting, max);
}

int matters_retired(struct database *database, const struct waiting *waiting, int64_t now)
{
    QUERY *query = database_query(database, "UPDATE matters SET retired_at = ?3, retry_at = NULL"
                                            " WHERE order_id = ?1 AND ver = ?2");
    query_text(query, 1, waiting->order);
    query_int(query, 2, waiting->ver);
    query_int(query, 3, now);
    return query_run(query, NULL);
}
