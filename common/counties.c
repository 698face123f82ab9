/*
 * counties.c - polls the counties' revisions and loads those that changed.
 *
 * A poll costs two small pipelines: the ids, then one HGET each. The files
 * are read only when a revision is new. A revision that cannot be parsed (it
 * was applied by a newer sidanctl, perhaps) is reported once and passed over,
 * so the county goes on as it was; when Redis is away, all of them do.
 */
#include "common/counties.h"

#include "common/alloc.h"
#include "common/store.h"
#include "common/text.h"

#include <errno.h>
#include <string.h>

struct entry {
    char id[7];
    int64_t seen;          /* latest revision read, usable or not; 0 before the first */
    struct county *county; /* NULL until a revision could be used */
};

struct counties {
    struct store *store;
    counties_fault_fn *fault;
    void *arg;
    struct entry *entries; /* ordered by id: what Redis names */
    size_t entry_count;
    struct county **usable; /* ordered by id: those of the entries that have one */
    size_t usable_count;
    bool known;
};

struct counties *counties_new(struct store *store, counties_fault_fn *fault, void *arg)
{
    struct counties *counties = xcalloc(1, sizeof *counties);
    counties->store = store;
    counties->fault = fault;
    counties->arg = arg;
    return counties;
}

void counties_destroy(struct counties **counties)
{
    struct counties *c = *counties;
    if (!c)
        return;
    for (size_t i = 0; i < c->entry_count; i++)
        county_destroy(&c->entries[i].county);
    free(c->entries);
    free(c->usable);
    free(c);
    *counties = NULL;
}

/* Makes room for an id in its place, unless it is known. */
static void add_entry(struct counties *counties, const char *id)
{
    size_t at = 0;
    while (at < counties->entry_count && strcmp(counties->entries[at].id, id) < 0)
        at++;
    if (at < counties->entry_count && strcmp(counties->entries[at].id, id) == 0)
        return;
    counties->entries = xrealloc(counties->entries, (counties->entry_count + 1) * sizeof *counties->entries);
    struct entry *entry = &counties->entries[at];
    memmove(entry + 1, entry, (counties->entry_count++ - at) * sizeof *entry);
    *entry = (struct entry){0};
    memcpy(entry->id, id, sizeof entry->id);
}

static int read_ids(struct counties *counties)
{
    store_appendf(counties->store, "SMEMBERS %s", COUNTIES_KEY);
    if (store_run(counties->store) < 0)
        return -EIO;
    const redisReply *ids = store_reply(counties->store, 0);
    if (ids->type != REDIS_REPLY_ARRAY)
        return -EIO;
    for (size_t i = 0; i < ids->elements; i++)
        if (ids->element[i]->len == sizeof counties->entries->id - 1)
            add_entry(counties, ids->element[i]->str);
    return 0;
}

struct parse {
    struct counties *counties;
    const char *id;
};

static void report(void *arg, const char *file, int line, const char *text)
{
    struct parse *parse = arg;
    if (parse->counties->fault)
        parse->counties->fault(parse->counties->arg, parse->id, file, line, text);
}

static const redisReply *hash_value(const redisReply *hash, const char *field)
{
    for (size_t i = 0; i + 1 < hash->elements; i += 2)
        if (strcmp(hash->element[i]->str, field) == 0)
            return hash->element[i + 1];
    return NULL;
}

static int64_t revision_of(const redisReply *reply)
{
    int64_t revision = 0;
    if (reply && reply->type == REDIS_REPLY_STRING)
        parse_int(reply->str, 1, INT64_MAX, &revision);
    return revision;
}

/* Takes one county from its hash. The old one goes only when the new one is there. */
static void take(struct counties *counties, struct entry *entry, const redisReply *hash)
{
    struct parse parse = {counties, entry->id};
    const char *texts[COUNTY_FILE_COUNT] = {NULL};
    for (enum county_file file = 0; file < COUNTY_FILE_COUNT; file++) {
        const redisReply *text = hash_value(hash, county_file_name(file));
        texts[file] = text ? text->str : NULL;
    }
    entry->seen = revision_of(hash_value(hash, COUNTY_REVISION));

    struct county *county = NULL;
    const redisReply *secret = hash_value(hash, COUNTY_SECRET);
    if (!secret || secret->len != sizeof county->secret) {
        report(&parse, COUNTY_CONFIG, 0, "the county's secret is missing or has the wrong size");
        return;
    }
    if (county_parse(entry->id, texts, report, &parse, &county) < 0)
        return;
    memcpy(county->secret, secret->str, sizeof county->secret);
    county->revision = entry->seen;
    county_destroy(&entry->county);
    entry->county = county;
}

static void list_usable(struct counties *counties)
{
    counties->usable = xrealloc(counties->usable, counties->entry_count * sizeof *counties->usable);
    counties->usable_count = 0;
    for (size_t i = 0; i < counties->entry_count; i++)
        if (counties->entries[i].county)
            counties->usable[counties->usable_count++] = counties->entries[i].county;
}

/* One county per pipeline: they are large, and rarely does more than one change. */
static int load(struct counties *counties, struct entry *entry)
{
    char key[KEY_SIZE];
    store_key(key, entry->id, COUNTY_CONFIG);
    store_appendf(counties->store, "HGETALL %s", key);
    if (store_run(counties->store) < 0)
        return -EIO;
    const redisReply *hash = store_reply(counties->store, 0);
    if (hash->type != REDIS_REPLY_ARRAY)
        return -EIO;
    take(counties, entry, hash);
    list_usable(counties);
    return 0;
}

int counties_refresh(struct counties *counties)
{
    int r = read_ids(counties);
    if (r < 0 || counties->entry_count == 0)
        return r;

    for (size_t i = 0; i < counties->entry_count; i++) {
        char key[KEY_SIZE];
        store_key(key, counties->entries[i].id, COUNTY_CONFIG);
        store_appendf(counties->store, "HGET %s %s", key, COUNTY_REVISION);
    }
    if (store_run(counties->store) < 0)
        return -EIO;
    AUTOFREE bool *changed = xcalloc(counties->entry_count, sizeof *changed);
    for (size_t i = 0; i < counties->entry_count; i++) {
        int64_t revision = revision_of(store_reply(counties->store, i));
        changed[i] = revision > 0 && revision != counties->entries[i].seen;
    }
    for (size_t i = 0; i < counties->entry_count; i++)
        if (changed[i] && load(counties, &counties->entries[i]) < 0)
            return -EIO;
    counties->known = true;
    return 0;
}

bool counties_known(const struct counties *counties)
{
    return counties->known;
}

const struct county *counties_find(const struct counties *counties, const char *id)
{
    for (size_t i = 0; i < counties->usable_count; i++)
        if (strcmp(counties->usable[i]->id, id) == 0)
            return counties->usable[i];
    return NULL;
}

size_t counties_count(const struct counties *counties)
{
    return counties->usable_count;
}

const struct county *counties_at(const struct counties *counties, size_t index)
{
    return counties->usable[index];
}
