/*
 * retire.c - finished orders leave Redis: it holds what is open, the archive
 * what was.
 *
 * Only cases whose commit is durable are asked about. The script lets an order
 * go when nothing of it is on its way any more; otherwise it is asked again
 * after a pause that grows. An answer that is lost does no harm: an order that
 * is gone already counts as retired. While Redis is away nobody is asked.
 *
 * An order of which something is still followed stays, because its resident can be told through it alone; but no longer
 * than the county keeps contacts.
 */
#include "common/crash.h"
#include "common/metrics.h"
#include "common/store.h"
#include "common/text.h"
#include "services/archive/archive.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static struct script retire_script = {.name = "retire", .source =
#include "services/archive/lua/retire.lua.h"
};

/* Orders asked about at a time, per county. */
enum { ORDERS_MAX = 1000 };

static void ask(struct store *store, const char *county, const struct waiting *waiting)
{
    char name[64], key[KEY_SIZE], ver[24];
    snprintf(name, sizeof name, "order:%s", waiting->order);
    store_key(key, county, name);
    snprintf(ver, sizeof ver, "%" PRId64, waiting->ver);
    store_append_script(store, &retire_script, 1, (const char *[]){key}, 1, (const char *[]){ver}, NULL);
}

static bool is_gone(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
}

/* Notes which of the orders that were asked about are gone. */
static int mark(struct database *database, struct store *store, const struct waiting *waiting, size_t count,
                int64_t now)
{
    int gone = 0, result = database_begin(database);
    for (size_t i = 0; i < count && result == 0; i++) {
        if (!is_gone(store_reply(store, i)))
            continue;
        bool order = matter_of(waiting[i].order) == MATTER_ORDER;
        result = (order ? cases_retired : matters_retired)(database, &waiting[i], now);
        gone++;
    }
    if (result == 0)
        result = database_commit(database);
    if (result == 0)
        metric_add("sidan_archive_retired_total", "Orders that left Redis.", "", gone);
    return result;
}

/* How many cases and other matters wait, or -EIO. */
static int64_t count_waiting(struct database *database)
{
    int64_t cases = cases_waiting(database), matters = matters_waiting(database);
    return cases < 0 || matters < 0 ? -EIO : cases + matters;
}

/* Takes those out of a list that stay for what is followed. How many are left, or -EIO. */
static int drop_followed(struct database *database, int64_t closed_after, struct waiting *waiting, int count)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        int followed = cases_followed(database, waiting[i].order, closed_after);
        if (followed < 0)
            return followed;
        if (!followed)
            waiting[kept++] = waiting[i];
    }
    return kept;
}

/* As cases_claim(), of both. */
static int claim(struct database *database, int64_t retention, int64_t now, struct waiting *ret_waiting, size_t max)
{
    int cases = cases_claim(database, now, ret_waiting, max);
    cases = cases < 0 ? cases : drop_followed(database, now - retention, ret_waiting, cases);
    int matters = cases < 0 ? cases : matters_claim(database, now, ret_waiting + cases, max - (size_t)cases);
    return matters < 0 ? matters : cases + matters;
}

/* How many cases of a county still wait, or -EIO. */
static int64_t retire_county(struct archive *archive, struct database *database, struct store *store, int64_t retention,
                             int64_t now)
{
    static struct waiting waiting[ORDERS_MAX];
    int64_t left = count_waiting(database);
    if (left <= 0 || !store_is_up(store))
        return left;
    int count = claim(database, retention, now, waiting, ORDERS_MAX);
    if (count <= 0)
        return count < 0 ? count : left;
    archive_worked(archive, database);
    for (int i = 0; i < count; i++)
        ask(store, database_county(database), &waiting[i]);
    crash_point("cases claimed, Redis not asked");
    if (store_run(store) < 0)
        return left;
    crash_point("orders left Redis, not noted");
    int result = mark(database, store, waiting, (size_t)count, now);
    return result < 0 ? result : count_waiting(database);
}

void archive_retire(struct service *service)
{
    struct archive *archive = service_state(service);
    int64_t left = 0, now = now_ms();
    for (size_t i = 0; i < archive_count(archive); i++) {
        struct database *database = archive_at(archive, i);
        if (!database || archive_rests(archive, database, now))
            continue;
        const struct county *county = service_county(service, database_county(database));
        int64_t of_county =
            retire_county(archive, database, service_store(service), county ? county->retention : 0, now);
        if (of_county < 0)
            archive_failed(archive, database, now);
        else
            left += of_county;
    }
    metric_set("sidan_archive_waiting_retire", "Cases whose order still is in Redis.", "", (double)left);
}
