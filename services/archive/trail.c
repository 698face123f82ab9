/*
 * trail.c - the audit trail: from the stream in Redis, where the services put its entries, into the county's file.
 *
 * Entries are taken from the beginning of the stream, and leave it only when they are stored and Redis knows the mark
 * of their chain. Their ids are unique, so an entry that is read again, by another instance or after a crash, is stored
 * once.
 */
#include "common/alloc.h"
#include "common/crash.h"
#include "common/metrics.h"
#include "services/archive/archive.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Entries taken at a time, per county. */
#define ENTRIES_MAX "500"

/* The id of an entry of a stream: milliseconds since 1970, and a number within them. */
struct entry_id {
    int64_t at, number;
};

/* The last entry that a county's file has got. */
struct taken {
    char county[7];
    struct entry_id last;
};

/* The value of a field of an entry; "" when it has none. */
static const char *value(const redisReply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (strcmp(fields->element[i]->str, name) == 0)
            return fields->element[i + 1]->str;
    return "";
}

static int parse_id(const char *text, struct entry_id *ret_id)
{
    return sscanf(text, "%" SCNd64 "-%" SCNd64, &ret_id->at, &ret_id->number) == 2 ? 0 : -EIO;
}

int trail_store(struct database *database, const char *id, const struct audit *entry)
{
    struct entry_id parsed;
    if (parse_id(id, &parsed) < 0)
        return -EIO;
    QUERY *query =
        database_query(database, "INSERT INTO audit (" AUDIT_CHAINED ", hash) SELECT next, ?1, ?2, ?3, ?4, ?5, ?6, ?7,"
                                 " chain('audit', hash, next, ?1, ?2, ?3, ?4, ?5, ?6, ?7)"
                                 " FROM " CHAIN_END("audit") " WHERE true ON CONFLICT (entry) DO NOTHING");
    query_text(query, 1, id);
    query_int(query, 2, parsed.at);
    query_text(query, 3, entry->actor);
    query_text(query, 4, entry->action);
    query_text(query, 5, entry->order);
    query_text(query, 6, entry->result);
    query_text(query, 7, entry->detail);
    int64_t inserted = 0;
    int result = query_run(query, &inserted);
    return result < 0 ? result : (int)inserted;
}

/* Stores an entry as it stands in the stream: as trail_store(). ret_id is its id. */
static int store_entry(struct database *database, const redisReply *entry, struct entry_id *ret_id)
{
    const char *id = entry->element[0]->str;
    const redisReply *fields = entry->element[1];
    int result = parse_id(id, ret_id);
    if (result < 0)
        return result;
    return trail_store(database, id,
                       &(struct audit){.actor = value(fields, "actor"),
                                       .action = value(fields, "action"),
                                       .order = value(fields, "order"),
                                       .result = value(fields, "result"),
                                       .detail = value(fields, "detail")});
}

/* Stores a county's entries in one transaction. 0 or less. */
static int store_entries(struct database *database, const redisReply *entries, struct entry_id *ret_last)
{
    int stored = 0, result = database_begin(database);
    for (size_t i = 0; i < entries->elements && result >= 0; i++) {
        result = store_entry(database, entries->element[i], ret_last);
        stored += result > 0;
    }
    if (result >= 0)
        result = database_commit(database);
    if (result == 0)
        metric_add("sidan_archive_audit_total", "Entries of the audit trail stored.", "", stored);
    return result;
}

static void append_read(struct store *store, const char *county)
{
    char key[KEY_SIZE];
    store_key(key, county, AUDIT_STREAM);
    store_append(store, 6, (const char *[]){"XRANGE", key, "-", "+", "COUNT", ENTRIES_MAX}, NULL);
}

/* New entries come behind those that were read, so everything up to the last one is stored. */
static void append_forget(struct store *store, const struct taken *taken)
{
    char key[KEY_SIZE], next[64];
    store_key(key, taken->county, AUDIT_STREAM);
    snprintf(next, sizeof next, "%" PRId64 "-%" PRId64, taken->last.at, taken->last.number + 1);
    store_append(store, 4, (const char *[]){"XTRIM", key, "MINID", next}, NULL);
}

static bool is_usable(const struct archive *archive, size_t index, int64_t now)
{
    const struct database *database = archive_at(archive, index);
    return database && !archive_rests(archive, database, now);
}

/* Whether Redis knows the mark of the latest row. It does not when that is in the wrong file, which is closed by now.
 */
static bool is_anchored(const struct archive *archive, const char *county)
{
    struct database *database = archive_database(archive, county);
    char mark[MARK_SIZE];
    return database && chain_mark(database, CHAIN_AUDIT, mark) == 0 &&
           strcmp(mark, database_known_mark(database, CHAIN_AUDIT)) == 0;
}

void trail_take(struct archive *archive, struct store *store, int64_t now)
{
    size_t count = archive_count(archive), asked = 0, stored = 0;
    AUTOFREE size_t *indexes = xcalloc(count + 1, sizeof *indexes);
    AUTOFREE struct taken *taken = xcalloc(count + 1, sizeof *taken);
    for (size_t i = 0; i < count; i++) {
        if (!is_usable(archive, i, now))
            continue;
        append_read(store, database_county(archive_at(archive, i)));
        indexes[asked++] = i;
    }
    if (asked == 0 || store_run(store) < 0)
        return;
    for (size_t i = 0; i < asked; i++) {
        const redisReply *entries = store_reply(store, i);
        struct database *database = archive_at(archive, indexes[i]);
        if (entries->type != REDIS_REPLY_ARRAY || entries->elements == 0)
            continue;
        snprintf(taken[stored].county, sizeof taken->county, "%s", database_county(database));
        if (store_entries(database, entries, &taken[stored].last) < 0) {
            archive_failed(archive, database, now);
            continue;
        }
        archive_worked(archive, database);
        stored++;
    }
    if (stored == 0)
        return;
    anchor_news(archive, store, now);
    for (size_t i = 0; i < stored; i++)
        if (is_anchored(archive, taken[i].county))
            append_forget(store, &taken[i]);
    crash_point("audit entries stored, not trimmed");
    store_run(store);
    crash_point("audit entries trimmed");
}
