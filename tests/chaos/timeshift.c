/*
 * timeshift.c - a process for which it is another time.
 *
 * Preloaded, it adds to the clocks what the file SHIFT_FILE says: two numbers of eight bytes, the seconds by which the
 * time of day is ahead, and those by which the monotonic clock is. They may change while the process runs. (libfaketime
 * does much of the same, but Redis does not start with it.) Programs with sanitizers want to be loaded first
 * themselves.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile long long *shifts(void)
{
    static const volatile long long *mapped;
    if (!mapped) { /* two threads that come here at once map it twice, which does no harm */
        const char *name = getenv("SHIFT_FILE");
        int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
        void *memory = mmap(NULL, 2 * sizeof *mapped, PROT_READ, MAP_SHARED, fd, 0);
        if (memory == MAP_FAILED)
            abort();
        close(fd);
        mapped = memory;
    }
    return mapped;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc's names are reserved */
/* cppcheck-suppress unusedFunction ; all these are called by the program */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *); /* libc's, which asks the kernel by no system call */
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int r = real(clock, now);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        now->tv_sec += shifts()[0];
    else if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE)
        now->tv_sec += shifts()[1];
    return r;
}

/* cppcheck-suppress unusedFunction */
int gettimeofday(struct timeval *now, void *zone)
{
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    *now = (struct timeval){exact.tv_sec, exact.tv_nsec / 1000};
    return 0;
}

/* cppcheck-suppress unusedFunction */
time_t time(time_t *now)
{
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now)
        *now = exact.tv_sec;
    return exact.tv_sec;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
