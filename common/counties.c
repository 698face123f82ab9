/*
 * counties.c - polls the counties' revisions and loads those that changed.
 *
 * A poll costs two small pipelines: the ids, then one HMGET each. The files are read only when the county was applied
 * anew. A revision's number does not say that alone, because after a failover that lost the latest one another has its
 * number; but not the moment at which it was applied. A revision that cannot be parsed (it was applied by a newer
 * sidanctl, perhaps) is reported once and passed over, so the county goes on as it was; when Redis is away, all of them
 * do. One whose vault does not open with the master keys is reported once and tried again each time, because bringing
 * the right keys raises no revision.
 */
#include "common/counties.h"

#include "common/alloc.h"
#include "common/store.h"
#include "common/text.h"
#include "common/vault.h"

#include <errno.h>
#include <string.h>

struct entry {
    char id[7];
    int64_t seen;          /* latest revision read, usable or not; 0 before the first */
    int64_t applied;       /* when that was applied, µs; 0: by an earlier version, which did not say */
    int64_t locked;        /* latest revision whose vault did not open; 0: none */
    struct county *county; /* NULL until a revision could be used */
};

struct counties {
    struct store *store;
    char *keys_dir;
    counties_fault_fn *fault;
    void *arg;
    struct entry *entries; /* ordered by id: what Redis names */
    size_t entry_count;
    struct county **usable; /* ordered by id: those of the entries that have one */
    size_t usable_count;
    bool known;
};

struct counties *counties_new(struct store *store, const char *keys_dir, counties_fault_fn *fault, void *arg)
{
    struct counties *counties = xcalloc(1, sizeof *counties);
    counties->store = store;
    counties->keys_dir = xstrdup(keys_dir);
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
    free(c->keys_dir);
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

static void report(void *arg, const struct county_fault *fault)
{
    struct parse *parse = arg;
    if (parse->counties->fault)
        parse->counties->fault(parse->counties->arg, parse->id, fault);
}

/* What an operator has to mend. */
static void report_whole(struct parse *parse, const char *file, const char *text)
{
    report(parse, &(struct county_fault){.file = file, .english = text, .chinese = text});
}

static const redisReply *hash_value(const redisReply *hash, const char *field)
{
    for (size_t i = 0; i + 1 < hash->elements; i += 2)
        if (strcmp(hash->element[i]->str, field) == 0)
            return hash->element[i + 1];
    return NULL;
}

static int64_t number_of(const redisReply *reply)
{
    int64_t number = 0;
    if (reply && reply->type == REDIS_REPLY_STRING)
        parse_int(reply->str, 1, INT64_MAX, &number);
    return number;
}

static char *file_owner(enum county_file file)
{
    return xasprintf("file/%s", county_file_name(file));
}

char *county_seal_file(const struct vault *vault, enum county_file file, const char *text)
{
    AUTOFREE char *owner = file_owner(file);
    return vault_seal(vault, owner, text, strlen(text));
}

int county_open_file(const struct vault *vault, enum county_file file, const char *sealed, char **ret_text)
{
    AUTOFREE char *owner = file_owner(file);
    size_t size;
    return vault_open(vault, owner, sealed, ret_text, &size);
}

/* The county's files from its hash, opened; NULL where one is missing. False after reporting what cannot be opened. */
static bool open_files(const struct vault *vault, struct parse *parse, const redisReply *hash,
                       char *texts[COUNTY_FILE_COUNT])
{
    bool good = true;
    for (enum county_file file = 0; file < COUNTY_FILE_COUNT; file++) {
        const redisReply *sealed = hash_value(hash, county_file_name(file));
        if (sealed && county_open_file(vault, file, sealed->str, &texts[file]) < 0) {
            report_whole(parse, county_file_name(file),
                         "it was not sealed with the county's keys: apply the county again");
            good = false;
        }
    }
    return good;
}

/* The county's vault; NULL after reporting, once per revision, why it cannot be had. */
static struct vault *open_vault(struct counties *counties, struct entry *entry, struct parse *parse,
                                const redisReply *hash, int64_t revision)
{
    const redisReply *wrapped = hash_value(hash, COUNTY_VAULT);
    struct vault *vault = NULL;
    char *fault = NULL;
    if (!wrapped)
        fault = xstrdup("it was applied by an earlier version: apply the county again");
    else if (vault_unwrap(counties->keys_dir, entry->id, wrapped->str, &vault, &fault) == 0)
        return vault;
    if (entry->locked != revision)
        report_whole(parse, COUNTY_CONFIG, fault);
    entry->locked = revision;
    free(fault);
    return NULL;
}

/* Takes one county from its hash. The old one goes only when the new one is there. */
static void take(struct counties *counties, struct entry *entry, const redisReply *hash)
{
    struct parse parse = {counties, entry->id};
    char *texts[COUNTY_FILE_COUNT] = {NULL};
    struct county *county = NULL;
    int64_t revision = number_of(hash_value(hash, COUNTY_REVISION));
    int64_t applied = number_of(hash_value(hash, COUNTY_APPLIED));
    VAULT *vault = open_vault(counties, entry, &parse, hash, revision);
    if (!vault)
        return;
    entry->seen = revision;
    entry->applied = applied;
    entry->locked = 0;
    if (open_files(vault, &parse, hash, texts) &&
        county_parse(entry->id, (const char *const *)texts, report, &parse, &county) == 0) {
        county->vault = vault;
        vault = NULL;
        county->revision = revision;
        county->applied = applied > 0 ? applied : revision;
        county_destroy(&entry->county);
        entry->county = county;
    }
    for (enum county_file file = 0; file < COUNTY_FILE_COUNT; file++)
        free(texts[file]);
}

bool counties_locked(const struct counties *counties)
{
    for (size_t i = 0; i < counties->entry_count; i++)
        if (counties->entries[i].locked && !counties->entries[i].county)
            return true;
    return false;
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

/* values: its revision, and when that was applied. */
static bool is_new(const struct entry *entry, const redisReply *values)
{
    if (values->type != REDIS_REPLY_ARRAY || values->elements != 2)
        return false;
    int64_t revision = number_of(values->element[0]), applied = number_of(values->element[1]);
    return revision > 0 && (revision != entry->seen || applied != entry->applied);
}

int counties_refresh(struct counties *counties)
{
    int r = read_ids(counties);
    if (r < 0 || counties->entry_count == 0)
        return r;

    for (size_t i = 0; i < counties->entry_count; i++) {
        char key[KEY_SIZE];
        store_key(key, counties->entries[i].id, COUNTY_CONFIG);
        store_appendf(counties->store, "HMGET %s %s %s", key, COUNTY_REVISION, COUNTY_APPLIED);
    }
    if (store_run(counties->store) < 0)
        return -EIO;
    AUTOFREE bool *changed = xcalloc(counties->entry_count, sizeof *changed);
    for (size_t i = 0; i < counties->entry_count; i++)
        changed[i] = is_new(&counties->entries[i], store_reply(counties->store, i));
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
