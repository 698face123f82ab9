/*
 * county_settings.h - settings.csv of a county: names, defaults, ranges.
 */
#ifndef SIDAN_COUNTY_SETTINGS_H
#define SIDAN_COUNTY_SETTINGS_H

#include "common/county.h"

#include <stddef.h>

void county_set_defaults(struct county *county);

struct setting_rule {
    const char *name;
    const char *unset;                                    /* the value that holds without one, or "" */
    const char *wanted, *wanted_chinese;                  /* what a value must be */
    int (*set)(struct county *county, const char *value); /* 0, or as county_set() */
};

/* The rules of all settings, by index; NULL behind the last. */
const struct setting_rule *county_setting(size_t index);

/*
 * Sets one; an empty value leaves the default. The value must live as long as
 * the county. 0, -ENOENT (no such setting), or the rule that the value breaks
 * and -EINVAL, or -E2BIG when it is taken although it is too long.
 */
int county_set(struct county *county, const char *name, const char *value, const struct setting_rule **ret_rule);

#endif
