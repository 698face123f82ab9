/*
 * log.c - one line per thing that happened, on stderr; see log.h.
 */
#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const level_names[] = {"error", "warning", "info", "debug"};
static char log_who[64] = "sidan";
static enum log_level log_level = LEVEL_INFO;

void log_open(const char *who, enum log_level level)
{
    snprintf(log_who, sizeof log_who, "%s", who);
    log_level = level;
}

int log_level_by_name(const char *name)
{
    for (int level = LEVEL_ERROR; level <= LEVEL_DEBUG; level++)
        if (strcmp(name, level_names[level]) == 0)
            return level;
    return -1;
}

void log_write(enum log_level level, const char *format, ...)
{
    if (level > log_level)
        return;
    struct timespec now;
    struct tm utc;
    char stamp[32], text[2000];
    clock_gettime(CLOCK_REALTIME, &now);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &utc));

    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    /* What others sent may be quoted in a line; it must stay one line. */
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    fprintf(stderr, "%s.%03ldZ %s %s %s\n", stamp, now.tv_nsec / 1000000, level_names[level], log_who, text);
}
