/*
 * contacts.c - who placed each order, sealed, until the county's retention period is over.
 *
 * The archive never opens a contact. When an order was closed long enough ago its contact is deleted, and with it the
 * hash by which the order was found by phone; the order and its case stay. Every deletion goes on record first: without
 * Redis, which takes the record, nothing is deleted. The file gets the record in the transaction that deletes, so that
 * journal.verify finds a contact that is gone without one.
 */
#include "common/alloc.h"
#include "common/crash.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/text.h"
#include "services/archive/archive.h"

#include <errno.h>

/* The record of an erased contact. */
#define ERASER "archive"
#define ERASED "contact.erased"
#define DONE "done"

/* Contacts of one county that are erased at a time. */
enum { CONTACTS_MAX = 100 };

#define HASH(order, person, sealed) "lower(hex(chain('contact', NULL, " order ", " person ", " sealed ")))"

char *contacts_hash(struct database *database, const char *order, const struct record *step)
{
    QUERY *query = database_query(database, "SELECT " HASH("?1", "?2", "?3"));
    bool given = record_has(step, F_CONTACT); /* without it nothing is stored */
    query_text(query, 1, order);
    query_text(query, 2, given && record_has(step, F_PERSON) ? record_str(step, F_PERSON) : NULL);
    query_text(query, 3, given ? record_str(step, F_CONTACT) : NULL);
    return query_next(query) > 0 ? xstrdup(query_column(query, 0)) : NULL;
}

int contacts_check(struct database *database, const char *order, const char **ret_error)
{
    QUERY *query = database_query(
        database,
        "SELECT " HASH("journal.order_id", "person",
                       "sealed") " IS told, sealed IS NULL, EXISTS"
                                 " (SELECT 1 FROM audit WHERE audit.order_id = journal.order_id AND actor = '" ERASER
                                 "'"
                                 " AND action = '" ERASED "' AND result = '" DONE "') FROM"
                                 " (SELECT order_id, fields ->> '$." CONTACT_HASH
                                 "' AS told FROM journal WHERE order_id = ?1"
                                 " AND ver = 1) AS journal LEFT JOIN contacts USING (order_id) WHERE told IS NOT NULL");
    query_text(query, 1, order);
    int result = query_next(query);
    if (result < 0)
        return result;
    bool same = result == 0 || sqlite3_column_int(query, 0), gone = result > 0 && sqlite3_column_int(query, 1);
    bool erased = result > 0 && sqlite3_column_int(query, 2);
    *ret_error = same || (gone && erased) ? NULL : gone ? "missing" : "changed";
    return 0;
}

int contacts_store(struct database *database, const char *order, const struct record *step)
{
    if (!record_has(step, F_CONTACT))
        return 0;
    QUERY *query =
        database_query(database, "INSERT OR REPLACE INTO contacts (order_id, person, sealed) VALUES (?1, ?2, ?3)");
    query_text(query, 1, order);
    query_text(query, 2, record_has(step, F_PERSON) ? record_str(step, F_PERSON) : NULL);
    query_text(query, 3, record_str(step, F_CONTACT));
    return query_run(query, NULL);
}

int contacts_closed(struct database *database, const char *order, int64_t now)
{
    QUERY *query = database_query(database, "UPDATE contacts SET closed_at = coalesce((SELECT closed_at FROM orders"
                                            " WHERE orders.order_id = contacts.order_id), ?2) WHERE order_id = ?1");
    query_text(query, 1, order);
    query_int(query, 2, now);
    return query_run(query, NULL);
}

int contacts_erase(struct database *database, int64_t closed_before, char (*ret_orders)[ORDER_ID_SIZE], size_t max)
{
    QUERY *query = database_query(database, "DELETE FROM contacts WHERE order_id IN (SELECT order_id FROM contacts"
                                            " WHERE closed_at <= ?1 ORDER BY closed_at LIMIT ?2) RETURNING order_id");
    query_int(query, 1, closed_before);
    query_int(query, 2, (int64_t)max);
    int count = 0, result;
    while ((result = query_next(query)) > 0)
        snprintf(ret_orders[count++], ORDER_ID_SIZE, "%s", query_column(query, 0));
    return result < 0 ? result : count;
}

/*
 * Puts on record whose contacts are erased: in Redis, and with the deletion in the file, whose contacts are never
 * missing without a record there. 0; -EAGAIN when Redis does not take it; -EIO.
 */
static int record_erasing(struct database *database, struct store *store, char (*orders)[ORDER_ID_SIZE], int count)
{
    struct audit entry = {.actor = ERASER, .action = ERASED, .result = DONE, .detail = "the retention period is over"};
    for (int i = 0; i < count; i++) {
        entry.order = orders[i];
        audit_append(store, database_county(database), &entry);
    }
    if (store_run(store) < 0)
        return -EAGAIN;
    for (int i = 0; i < count; i++) {
        const redisReply *id = store_reply(store, (size_t)i);
        if (id->type != REDIS_REPLY_STRING)
            return -EAGAIN;
        entry.order = orders[i];
        if (trail_store(database, id->str, &entry) < 0)
            return -EIO;
    }
    return 0;
}

/* How many were erased; otherwise as database_begin() or record_erasing(). */
static int erase_some(struct database *database, struct store *store, int64_t closed_before)
{
    char orders[CONTACTS_MAX][ORDER_ID_SIZE];
    int result = database_begin(database);
    int count = result == 0 ? contacts_erase(database, closed_before, orders, CONTACTS_MAX) : result;
    if (count <= 0)
        return count;
    result = record_erasing(database, store, orders, count);
    crash_point("erasing on record, contacts not erased");
    if (result == 0)
        result = database_commit(database);
    crash_point("contacts erased");
    return result < 0 ? result : count;
}

void archive_erase(struct service *service)
{
    struct archive *archive = service_state(service);
    struct store *store = service_store(service);
    int64_t now = now_ms();
    for (size_t i = 0; store_is_up(store) && i < archive_count(archive); i++) {
        struct database *database = archive_at(archive, i);
        const struct county *county = database ? service_county(service, database_county(database)) : NULL;
        if (!county || archive_rests(archive, database, now))
            continue;
        int count = erase_some(database, store, now - county->retention);
        if (count == -EAGAIN)
            log_warning("county=%s contacts whose time is over stay: Redis takes no record of it", county->id);
        if (count < 0 && count != -EAGAIN) {
            archive_failed(archive, database, now);
            continue;
        }
        database_rollback(database); /* unless it was committed */
        database_forget(database, count > 0);
        if (count <= 0)
            continue;
        log_info("county=%s erased=%d contacts", county->id, count);
        metric_add("sidan_archive_contacts_erased_total", "Contacts erased after their county's retention period", "",
                   count);
    }
}
