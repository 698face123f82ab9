/*
 * config.c - storing a county's config anew, as the commands about counties do.
 */
#include "scripts/ctl/ctl.h"

#include "common/alloc.h"
#include "common/county_config.h"
#include "common/text.h"
#include "common/vault.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

enum { TRIES = 10 };

static int fail_of(const struct ctl *ctl, const char *county, int r, char *fault)
{
    if (r == -EIO)
        return fail("Redis: %s", store_error(ctl->store));
    fail("county %s: %s", county, fault);
    free(fault);
    return FAILED;
}

/* Whether the office has changed a file in a way that this text undoes. */
static bool undoes(const struct county_config *config, enum county_file file, const char *text)
{
    const char *stored = config->texts[file] ? config->texts[file] : "";
    return config->changed && words_have(config->changed, county_file_name(file)) &&
           strcmp(stored, text ? text : "") != 0;
}

static void take_texts(struct county_config *config, char *const texts[COUNTY_FILE_COUNT])
{
    for (enum county_file file = 0; file < COUNTY_FILE_COUNT; file++) {
        free(config->texts[file]);
        config->texts[file] = texts[file] ? xstrdup(texts[file]) : NULL;
    }
    free(config->changed);
    config->changed = NULL;
}

int config_open(struct ctl *ctl, const char *county, struct county_config *ret_config)
{
    char *fault = NULL;
    if (!ctl->keys)
        return misused("where are the keys? give --keys DIR or SIDAN_KEYS");
    int r = config_read(ctl->store, ctl->keys, county, ret_config, &fault);
    if (r == 0 && ret_config->revision == 0)
        return fail("there is no county %s", county);
    if (r == 0)
        r = config_open_files(ctl->store, ret_config, &fault);
    return r < 0 ? fail_of(ctl, county, r, fault) : DONE;
}

/* ret_revision is 0 when somebody else was quicker. */
static int update_once(struct ctl *ctl, const char *county, char *const texts[COUNTY_FILE_COUNT], bool rekey,
                       int64_t *ret_revision)
{
    CONFIG config = {0};
    char *fault = NULL;
    int r = config_read(ctl->store, ctl->keys, county, &config, &fault);
    if (r == 0 && config.revision == 0 && !texts)
        return fail("there is no county %s", county);
    if (r == 0 && (!texts || (config.changed && !ctl->replace)))
        r = config_open_files(ctl->store, &config, &fault);
    if (r < 0)
        return fail_of(ctl, county, r, fault);
    for (enum county_file file = 0; texts && !ctl->replace && file < COUNTY_FILE_COUNT; file++)
        if (undoes(&config, file, texts[file]))
            return fail("county %s: its office has changed %s since it was applied; nothing was changed. Take that over"
                        " with \"county export %s DIR\", or undo it with --replace",
                        county, county_file_name(file), county);
    if (texts)
        take_texts(&config, texts);
    if (rekey)
        vault_rekey(config.vault);
    r = config_store(ctl->store, ctl->keys, &config, ret_revision, &fault);
    return r < 0 && r != -EAGAIN ? fail_of(ctl, county, r, fault) : DONE;
}

int config_update(struct ctl *ctl, const char *county, char *const texts[COUNTY_FILE_COUNT], bool rekey,
                  int64_t *ret_revision)
{
    if (!ctl->keys)
        return misused("where are the keys? give --keys DIR or SIDAN_KEYS");
    if (sodium_init() < 0)
        return fail("there is no source of random numbers");
    for (int i = 0; i < TRIES; i++) {
        int code = update_once(ctl, county, texts, rekey, ret_revision);
        if (code != DONE || *ret_revision > 0)
            return code;
    }
    return fail("county %s is being changed all the time by others; try again", county);
}
