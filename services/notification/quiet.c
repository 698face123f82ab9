/*
 * quiet.c - when a person may be told something; see quiet.h.
 */
#include "services/notification/quiet.h"

#include <time.h>

static const int64_t MINUTE_MS = 60000, DAY_MS = 86400000, ZONE_MS = 8 * (int64_t)3600000;

int64_t quiet_day_began(int64_t at)
{
    return at - (at + ZONE_MS) % DAY_MS;
}

int64_t quiet_end(const struct county *county, int64_t at)
{
    int64_t midnight = quiet_day_began(at), time = at - midnight;
    int64_t start = county->quiet_start * MINUTE_MS, end = county->quiet_end * MINUTE_MS;
    if (start <= end) /* without midnight; the same: none */
        return time >= start && time < end ? midnight + end : at;
    if (time >= start)
        return midnight + DAY_MS + end;
    return time < end ? midnight + end : at;
}

void quiet_day(int64_t at, char ret_day[DAY_SIZE])
{
    time_t china = (time_t)((at + ZONE_MS) / 1000);
    struct tm tm;
    strftime(ret_day, DAY_SIZE, "%Y%m%d", gmtime_r(&china, &tm));
}

int64_t quiet_next_day(const struct county *county, int64_t at)
{
    return quiet_end(county, quiet_day_began(at) + DAY_MS);
}
