/*
 * county_settings.h - settings.csv of a county: names, defaults, ranges.
 */
#ifndef SIDAN_COUNTY_SETTINGS_H
#define SIDAN_COUNTY_SETTINGS_H

#include "common/county.h"

void county_set_defaults(struct county *county);

/*
 * Sets one; an empty value leaves the default. The value must live as long as
 * the county. 0, -ENOENT (no such setting), or -EINVAL and in *ret_wanted what
 * it must be, in English.
 */
int county_set(struct county *county, const char *name, const char *value, const char **ret_wanted);

#endif
