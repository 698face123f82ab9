/*
 * lag.c - the lags of all services, in Redis; see lag.h.
 */
#include "common/lag.h"

#include "common/registry.h"
#include "common/text.h"

#include <stdio.h>

enum { WORTH_MS = 100, KEPT_MS = 1500, MOST_MS = 60000 };

void lag_note(struct lag *lag, int source, int64_t ms)
{
    if (ms > MOST_MS)
        return;
    size_t i = registry_index(source);
    lag->of[i].sum += ms > 0 ? ms : 0;
    lag->of[i].count++;
}

/* The worst mean of all sources. One from which nothing came counts half as much as the last time. */
static int64_t take(struct lag *lag)
{
    int64_t worst = 0;
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        lag->of[i].mean = lag->of[i].count > 0 ? lag->of[i].sum / lag->of[i].count : lag->of[i].mean / 2;
        lag->of[i].sum = lag->of[i].count = 0;
        worst = lag->of[i].mean > worst ? lag->of[i].mean : worst;
    }
    return worst;
}

static void lag_key(char key[40], int service)
{
    snprintf(key, 40, "lag:%s", service_name(service));
}

void lag_tell(struct lag *lag, struct store *store, int service)
{
    int64_t ms = take(lag);
    if (ms < WORTH_MS && !lag->told)
        return;
    char key[40];
    lag_key(key, service);
    store_appendf(store, "SET %s %lld PX %d", key, (long long)ms, KEPT_MS);
    if (store_run(store) == 0)
        lag->told = ms >= WORTH_MS;
}

int64_t lag_worst(struct store *store)
{
    for (int bit = 1; bit < 1 << SERVICE_COUNT; bit <<= 1) {
        char key[40];
        lag_key(key, bit);
        store_appendf(store, "GET %s", key);
    }
    if (store_run(store) < 0)
        return 0;
    int64_t worst = 0, lag;
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        const redisReply *reply = store_reply(store, i);
        if (reply->type == REDIS_REPLY_STRING && parse_int(reply->str, 0, INT64_MAX, &lag) == 0 && lag > worst)
            worst = lag;
    }
    return worst;
}
