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
 * than the county keeps contacts. How long that is a county says that is loaded: of any other nothing leaves.
 */
#include "common/alloc.h"
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
    char key[KEY_SIZE], ver[24];
    AUTOFREE char *name = xasprintf("order:%s", waiting->order);
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

/* Those that still are in Redis. followed: orders that stay for what was promised; waiting: all others. */
struct left {
    int64_t waiting, followed;
};

/* Adds those of a county. 0 or -EIO. */
static int count_left(struct database *database, struct left *left)
{
    int64_t cases = cases_waiting(database, false), matters = matters_waiting(database);
    int64_t followed = cases_waiting(database, true);
    if (cases < 0 || matters < 0 || followed < 0)
        return -EIO;
    left->waiting += cases + matters;
    left->followed += followed;
    return 0;
}

/* As cases_claim(), of both. */
static int claim(struct database *database, int64_t closed_after, int64_t now, struct waiting *ret_waiting, size_t max)
{
    int cases = cases_claim(database, now, closed_after, ret_waiting, max);
    int matters = cases < 0 ? cases : matters_claim(database, now, ret_waiting + cases, max - (size_t)cases);
    return matters < 0 ? matters : cases + matters;
}

/* 0 or -EIO. */
static int retire_county(struct archive *archive, struct database *database, struct store *store, int64_t closed_after,
                         int64_t now)
{
    static struct waiting waiting[ORDERS_MAX];
    int count = claim(database, closed_after, now, waiting, ORDERS_MAX);
    if (count <= 0)
        return count;
    archive_worked(archive, database);
    for (int i = 0; i < count; i++)
        ask(store, database_county(database), &waiting[i]);
    crash_point("cases claimed, Redis not asked");
    if (store_run(store) < 0)
        return 0;
    crash_point("orders left Redis, not noted");
    return mark(database, store, waiting, (size_t)count, now);
}

void archive_retire(struct service *service)
{
    struct archive *archive = service_state(service);
    struct store *store = service_store(service);
    struct left left = {0};
    int64_t now = now_ms();
    for (size_t i = 0; i < archive_count(archive); i++) {
        struct database *database = archive_at(archive, i);
        const struct county *county = database ? service_county(service, database_county(database)) : NULL;
        struct left before = {0};
        if (!county || archive_rests(archive, database, now))
            continue;
        int result = count_left(database, &before);
        if (result == 0 && before.waiting + before.followed > 0 && store_is_up(store))
            result = retire_county(archive, database, store, now - county->retention, now);
        if (result == 0)
            result = count_left(database, &left);
        if (result < 0)
            archive_failed(archive, database, now);
    }
    metric_set("sidan_archive_waiting_retire", "Cases and other matters at their end that still are in Redis.", "",
               (double)left.waiting);
    metric_set("sidan_archive_followed", "Closed orders that stay in Redis until what was promised is settled.", "",
               (double)left.followed);
}
