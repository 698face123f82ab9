/*
 * config.c - a county's config in Redis: its sealed files, and the vault that opens them.
 *
 * It is read, sealed anew and stored as a whole. Where somebody else stored it meanwhile it is read again, so no file
 * is ever sealed with keys that the stored vault does not have.
 */
#include "scripts/ctl/ctl.h"

#include "common/alloc.h"
#include "common/vault.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

enum { TRIES = 10 };

static struct script county_apply_script = {.name = "county_apply", .source =
#include "common/lua/county_apply.lua.h"
};

/* A config, opened. */
struct config {
    const char *county;
    int64_t revision; /* 0: the county is new */
    struct vault *vault;
    char *texts[COUNTY_FILE_COUNT]; /* NULL where a file is missing */
};

/* cppcheck-suppress unusedFunction ; CONFIG uses it */
static void config_end(struct config *config)
{
    vault_destroy(&config->vault);
    for (enum county_file file = 0; file < COUNTY_FILE_COUNT; file++)
        free(config->texts[file]);
}
#define CONFIG __attribute__((cleanup(config_end))) struct config

static const redisReply *value(const redisReply *hash, const char *field)
{
    for (size_t i = 0; i + 1 < hash->elements; i += 2)
        if (strcmp(hash->element[i]->str, field) == 0)
            return hash->element[i + 1];
    return NULL;
}

/* A county that has no vault yet gets one. An earlier version stored its secret as it is: then that secret stays. */
static int read_vault(struct ctl *ctl, struct config *config, const redisReply *hash)
{
    const redisReply *wrapped = value(hash, COUNTY_VAULT), *secret = value(hash, "secret");
    char *fault;
    if (!wrapped) {
        bool kept = secret && secret->len == VAULT_SECRET_SIZE;
        config->vault = vault_new(kept ? (const unsigned char *)secret->str : NULL);
        return DONE;
    }
    if (vault_unwrap(ctl->keys, config->county, wrapped->str, &config->vault, &fault) == 0)
        return DONE;
    fail("county %s: %s", config->county, fault);
    free(fault);
    return FAILED;
}

static int read_texts(struct config *config, const redisReply *hash)
{
    for (enum county_file file = 0; file < COUNTY_FILE_COUNT; file++) {
        const redisReply *sealed = value(hash, county_file_name(file));
        if (sealed && county_open_file(config->vault, file, sealed->str, &config->texts[file]) < 0)
            return fail("county %s: %s was not sealed with the county's keys: apply the county again", config->county,
                        county_file_name(file));
    }
    return DONE;
}

static int read_config(struct ctl *ctl, struct config *config, char *const texts[COUNTY_FILE_COUNT])
{
    char key[KEY_SIZE];
    store_key(key, config->county, COUNTY_CONFIG);
    store_appendf(ctl->store, "HGETALL %s", key);
    if (!ask(ctl))
        return FAILED;
    const redisReply *hash = store_reply(ctl->store, 0), *revision = value(hash, COUNTY_REVISION);
    if (revision)
        config->revision = strtoll(revision->str, NULL, 10);
    else if (!texts)
        return fail("there is no county %s", config->county);
    int code = read_vault(ctl, config, hash);
    if (code != DONE || !texts)
        return code == DONE ? read_texts(config, hash) : code;
    for (enum county_file file = 0; file < COUNTY_FILE_COUNT; file++)
        config->texts[file] = texts[file] ? xstrdup(texts[file]) : NULL;
    return DONE;
}

/* ret_revision is 0 when somebody else was quicker. */
static int store_config(struct ctl *ctl, const struct config *config, int64_t *ret_revision)
{
    enum { MOST = 3 + 2 * COUNTY_FILE_COUNT };
    char key[KEY_SIZE], revision[24], *fault, *sealed[COUNTY_FILE_COUNT] = {NULL};
    AUTOFREE char *wrapped = vault_wrap(config->vault, ctl->keys, config->county, &fault);
    if (!wrapped) {
        fail("%s", fault);
        free(fault);
        return FAILED;
    }
    snprintf(revision, sizeof revision, "%" PRId64, config->revision);
    const char *argv[MOST] = {revision, COUNTY_VAULT, wrapped};
    size_t argc = 3;
    for (enum county_file file = 0; file < COUNTY_FILE_COUNT; file++) {
        if (!config->texts[file])
            continue;
        sealed[file] = county_seal_file(config->vault, file, config->texts[file]);
        argv[argc++] = county_file_name(file);
        argv[argc++] = sealed[file];
    }
    store_key(key, config->county, COUNTY_CONFIG);
    store_append_script(ctl->store, &county_apply_script, 1, (const char *[]){key}, argc, argv, NULL);
    store_appendf(ctl->store, "SADD %s %s", COUNTIES_KEY, config->county);
    bool good = ask(ctl);
    for (enum county_file file = 0; file < COUNTY_FILE_COUNT; file++)
        free(sealed[file]);
    if (good)
        *ret_revision = store_reply(ctl->store, 0)->integer; /* of a nil: 0 */
    return good ? DONE : FAILED;
}

int config_update(struct ctl *ctl, const char *county, char *const texts[COUNTY_FILE_COUNT], bool rekey,
                  int64_t *ret_revision)
{
    if (!ctl->keys)
        return misused("where are the keys? give --keys DIR or SIDAN_KEYS");
    if (sodium_init() < 0)
        return fail("there is no source of random numbers");
    for (int i = 0; i < TRIES; i++) {
        CONFIG config = {.county = county};
        int code = read_config(ctl, &config, texts);
        if (code == DONE && rekey)
            vault_rekey(config.vault);
        if (code == DONE)
            code = store_config(ctl, &config, ret_revision);
        if (code != DONE || *ret_revision > 0)
            return code;
    }
    return fail("county %s is being changed all the time by others; try again", county);
}
