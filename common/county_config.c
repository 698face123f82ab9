/*
 * county_config.c - reading and storing a county's config; see county_config.h.
 */
#include "common/county_config.h"

#include "common/alloc.h"
#include "common/store.h"
#include "common/vault.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct script county_apply_script = {.name = "county_apply", .source =
#include "common/lua/county_apply.lua.h"
};

/* cppcheck-suppress unusedFunction ; CONFIG uses it */
void config_end(struct county_config *config)
{
    vault_destroy(&config->vault);
    for (enum county_file file = 0; file < COUNTY_FILE_COUNT; file++)
        free(config->texts[file]);
    free(config->changed);
}

static const redisReply *value(const redisReply *hash, const char *field)
{
    for (size_t i = 0; hash->type == REDIS_REPLY_ARRAY && i + 1 < hash->elements; i += 2)
        if (strcmp(hash->element[i]->str, field) == 0)
            return hash->element[i + 1];
    return NULL;
}

int config_read(struct store *store, const char *keys_dir, const char *county, struct county_config *ret_config,
                char **ret_fault)
{
    char key[KEY_SIZE];
    *ret_config = (struct county_config){0};
    snprintf(ret_config->county, sizeof ret_config->county, "%s", county);
    store_key(key, county, COUNTY_CONFIG);
    store_appendf(store, "HGETALL %s", key);
    if (store_run(store) < 0)
        return -EIO;
    const redisReply *hash = store_reply(store, 0);
    const redisReply *revision = value(hash, COUNTY_REVISION), *changed = value(hash, COUNTY_CHANGED);
    const redisReply *wrapped = value(hash, COUNTY_VAULT), *secret = value(hash, "secret");
    ret_config->revision = revision ? strtoll(revision->str, NULL, 10) : 0;
    ret_config->changed = changed ? xstrdup(changed->str) : NULL;
    if (wrapped)
        return vault_unwrap(keys_dir, county, wrapped->str, &ret_config->vault, ret_fault) < 0 ? -EINVAL : 0;
    bool kept = secret && secret->len == VAULT_SECRET_SIZE;
    ret_config->vault = vault_new(kept ? (const unsigned char *)secret->str : NULL);
    return 0;
}

int config_open_files(struct store *store, struct county_config *config, char **ret_fault)
{
    const redisReply *hash = store_reply(store, 0);
    for (enum county_file file = 0; file < COUNTY_FILE_COUNT; file++) {
        const redisReply *sealed = value(hash, county_file_name(file));
        if (!sealed || county_open_file(config->vault, file, sealed->str, &config->texts[file]) == 0)
            continue;
        *ret_fault =
            xasprintf("%s was not sealed with the county's keys: apply the county again", county_file_name(file));
        return -EINVAL;
    }
    return 0;
}

int config_store(struct store *store, const char *keys_dir, const struct county_config *config, int64_t *ret_revision,
                 char **ret_fault)
{
    enum { MOST = 5 + 2 * COUNTY_FILE_COUNT };
    char key[KEY_SIZE], revision[24], *sealed[COUNTY_FILE_COUNT] = {NULL};
    AUTOFREE char *wrapped = vault_wrap(config->vault, keys_dir, config->county, ret_fault);
    if (!wrapped)
        return -EINVAL;
    snprintf(revision, sizeof revision, "%" PRId64, config->revision);
    const char *argv[MOST] = {revision, COUNTY_VAULT, wrapped};
    size_t argc = 3;
    if (config->changed) {
        argv[argc++] = COUNTY_CHANGED;
        argv[argc++] = config->changed;
    }
    for (enum county_file file = 0; file < COUNTY_FILE_COUNT; file++) {
        if (!config->texts[file])
            continue;
        sealed[file] = county_seal_file(config->vault, file, config->texts[file]);
        argv[argc++] = county_file_name(file);
        argv[argc++] = sealed[file];
    }
    store_key(key, config->county, COUNTY_CONFIG);
    store_append_script(store, &county_apply_script, 1, (const char *[]){key}, argc, argv, NULL);
    store_appendf(store, "SADD %s %s", COUNTIES_KEY, config->county);
    int r = store_run(store) < 0 || store_reply(store, 0)->type == REDIS_REPLY_ERROR ? -EIO : 0;
    for (enum county_file file = 0; file < COUNTY_FILE_COUNT; file++)
        free(sealed[file]);
    if (r < 0)
        return r;
    *ret_revision = store_reply(store, 0)->integer;
    return *ret_revision > 0 ? 0 : -EAGAIN; /* of a nil: 0 */
}
