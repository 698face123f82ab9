/*
 * anchor.c - how far the chains of each county's file are, kept in Redis.
 *
 * A file alone cannot show that its end was cut off, that it is an old copy, or that it is gone. So after each commit,
 * before anything is acknowledged, the marks of its last rows go to the county's hash `chain`; a file is opened, and
 * written to, only while it has these rows. A mark that lags behind (this process was killed, Redis was away) does no
 * harm. It moves only from a row that the file has, so a file that was cut and goes on cannot hide it; that also finds
 * two archives with a file each.
 */
#include "services/archive/archive.h"

#include "common/alloc.h"
#include "common/crash.h"
#include "common/store.h"
#include "common/text.h"
#include "common/vault.h"

#include <stdio.h>
#include <string.h>

/* Opening reads a file through: for so long at a time, then others have their turn. */
enum { OPENING_MS = 500 };

static struct script anchor_script = {.name = "anchor", .source =
#include "services/archive/lua/anchor.lua.h"
};

static void append_marks(struct store *store, const char *county)
{
    char key[KEY_SIZE];
    store_key(key, county, "chain");
    const char *words[2 + CHAIN_COUNT] = {"HMGET", key};
    for (enum chain chain = 0; chain < CHAIN_COUNT; chain++)
        words[2 + chain] = chain_table(chain);
    store_append(store, sizeof words / sizeof *words, words, NULL);
}

void anchor_open_files(struct service *service, struct archive *archive, int64_t now)
{
    struct store *store = service_store(service);
    AUTOFREE const struct county **lacking = xcalloc(service_county_count(service) + 1, sizeof(struct county *));
    size_t count = 0;
    for (size_t i = 0; i < service_county_count(service); i++) {
        const struct county *county = service_county_at(service, i);
        if (!archive_lacks(archive, county->id, now))
            continue;
        lacking[count++] = county;
        append_marks(store, county->id);
    }
    if (count == 0 || store_run(store) < 0)
        return;
    int64_t began = mono_ms();
    for (size_t i = 0; i < count && mono_ms() - began < OPENING_MS; i++) {
        const redisReply *marks = store_reply(store, i);
        if (marks->type != REDIS_REPLY_ARRAY || marks->elements != CHAIN_COUNT)
            continue;
        struct anchor anchor = {0};
        chain_key(anchor.key, vault_secret(lacking[i]->vault));
        for (enum chain chain = 0; chain < CHAIN_COUNT; chain++)
            if (marks->element[chain]->type == REDIS_REPLY_STRING)
                snprintf(anchor.marks[chain], MARK_SIZE, "%s", marks->element[chain]->str);
        archive_admit(archive, lacking[i]->id, &anchor, now);
    }
}

/* How far a chain of a county's file is, on its way to Redis. */
struct news {
    size_t index; /* of the county's file */
    char mark[MARK_SIZE];
};

/* All chains of a file, also those that have not got on: what Redis answers shows whether the file is the right one,
 * even if only what is in no chain came into it, as the states of SMS. */
static int append_news(struct store *store, struct database *database, size_t index, struct news *ret_news)
{
    char key[KEY_SIZE];
    store_key(key, database_county(database), "chain");
    for (enum chain chain = 0; chain < CHAIN_COUNT; chain++) {
        int result = chain_mark(database, chain, ret_news[chain].mark);
        if (result < 0)
            return result;
        ret_news[chain].index = index;
    }
    for (enum chain chain = 0; chain < CHAIN_COUNT; chain++) {
        const char *words[] = {chain_table(chain), database_known_mark(database, chain), ret_news[chain].mark};
        store_append_script(store, &anchor_script, 1, (const char *[]){key}, 3, words, NULL);
    }
    return 0;
}

/* Takes the marks that Redis has. Another instance may have been further on, or a mark was taken away: then the next
 * time goes on from there, if the file can. */
static void take_marks(struct archive *archive, struct database *database, const struct news *news,
                       const struct store *store, size_t first, int64_t now)
{
    bool same = true;
    for (enum chain chain = 0; chain < CHAIN_COUNT; chain++) {
        const redisReply *reply = store_reply(store, first + (size_t)chain);
        if (reply->type == REDIS_REPLY_STRING)
            database_set_known_mark(database, chain, reply->str);
        same &= reply->type == REDIS_REPLY_STRING && strcmp(reply->str, news[chain].mark) == 0;
    }
    if (same)
        database_set_news(database, false);
    else if (database_check_marks(database) < 0)
        archive_failed(archive, database, now);
}

void anchor_news(struct archive *archive, struct store *store, int64_t now)
{
    size_t count = 0;
    AUTOFREE struct news *news = xcalloc(CHAIN_COUNT * archive_count(archive) + 1, sizeof *news);
    for (size_t i = 0; i < archive_count(archive); i++) {
        struct database *database = archive_at(archive, i);
        if (database && database_has_news(database) && append_news(store, database, i, news + count) == 0)
            count += CHAIN_COUNT;
    }
    if (count == 0)
        return;
    crash_point("rows committed, mark not in Redis");
    if (store_run(store) < 0)
        return;
    crash_point("mark in Redis");
    for (size_t i = 0; i < count; i += CHAIN_COUNT)
        take_marks(archive, archive_at(archive, news[i].index), news + i, store, i, now);
}
