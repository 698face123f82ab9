/*
 * quiet.h - when a person may be told something that they did not ask for just now; pure.
 *
 * A county's day is China's, as everywhere. Times are ms since 1970.
 */
#ifndef SIDAN_NOTIFICATION_QUIET_H
#define SIDAN_NOTIFICATION_QUIET_H

#include "common/county.h"

/* `at` itself, or the end of the county's quiet hours that it falls into. */
int64_t quiet_end(const struct county *county, int64_t at);

/* The day that holds this moment, as "20261128"; when it began; and when the next one begins to be loud. */
enum { DAY_SIZE = 9 };
void quiet_day(int64_t at, char ret_day[DAY_SIZE]);
int64_t quiet_day_began(int64_t at);
int64_t quiet_next_day(const struct county *county, int64_t at);

#endif
