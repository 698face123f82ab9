/*
 * samples.h - what SMS say, for people who want to see that before any goes out.
 */
#ifndef SIDAN_NOTIFICATION_SAMPLES_H
#define SIDAN_NOTIFICATION_SAMPLES_H

#include "common/county.h"
#include "services/notification/templates.h"

/* The text of a template in a county, with something made up in every value; now: ms since 1970. The caller frees it.
 */
char *sample_text(const struct county *county, const struct template *template, bool english, int64_t now);

#endif
