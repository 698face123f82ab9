/*
 * crash.c - dies where a test says so; see crash.h.
 */
#include "common/crash.h"

#ifdef SIDAN_CHAOS
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Made by the linker. */
extern const char *const __start_crash_points[], *const __stop_crash_points[];

static const char *wanted = "";
static long left = 1;
static int by = SIGKILL;

/* Before main(), so that no program needs to know of it. */
__attribute__((constructor)) static void read_environment(void)
{
    const char *name = getenv("SIDAN_CRASH"), *after = getenv("SIDAN_CRASH_AFTER");
    const char *number = getenv("SIDAN_CRASH_SIGNAL");
    if (name)
        wanted = name;
    if (after)
        left = strtol(after, NULL, 10);
    if (number)
        by = (int)strtol(number, NULL, 10);
    if (strcmp(wanted, "list") != 0)
        return;
    for (const char *const *point = __start_crash_points; point < __stop_crash_points; point++)
        puts(*point);
    exit(0);
}

void crash_reached(const char *name)
{
    if (strcmp(name, wanted) == 0 && --left == 0)
        raise(by);
}
#else
void crash_reached(const char *name)
{
    (void)name;
}
#endif
