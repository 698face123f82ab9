/*
 * county_config.h - a county's config in Redis, to be changed: its sealed files, and the vault that opens them.
 *
 * It is read, changed and stored as a whole. Where somebody else stored it meanwhile it is not stored, but read again;
 * so no file is ever sealed with keys that the stored vault does not have, and no change is undone by another.
 */
#ifndef SIDAN_COUNTY_CONFIG_H
#define SIDAN_COUNTY_CONFIG_H

#include "common/counties.h"

#include <stdint.h>

struct county_config {
    char county[7];
    int64_t revision; /* 0: the county is new */
    struct vault *vault;
    char *texts[COUNTY_FILE_COUNT]; /* NULL where a file is missing, or before they are opened */
    char *changed; /* names of the files that the office has changed since they were applied, a space between; NULL */
};

/*
 * Reads it. 0; -EIO when Redis does not answer, see store_error(); -EINVAL when the vault does not open: ret_fault says
 * why, for an operator, and is freed by the caller, here and below. config_end() in any case. A county that has no
 * vault yet gets one, with the secret of a version that stored it as it is.
 */
int config_read(struct store *store, const char *keys_dir, const char *county, struct county_config *ret_config,
                char **ret_fault);
void config_end(struct county_config *config);
#define CONFIG __attribute__((cleanup(config_end))) struct county_config

/* Opens the files of what was just read; they are still in the store's reply. 0, or -EINVAL. */
int config_open_files(struct store *store, struct county_config *config, char **ret_fault);

/* Stores it, wrapped by the current master key. 0; -EAGAIN when somebody else was quicker; -EIO; -EINVAL. */
int config_store(struct store *store, const char *keys_dir, const struct county_config *config, int64_t *ret_revision,
                 char **ret_fault);

#endif
