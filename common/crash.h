/*
 * crash.h - the named steps of the delivery protocol, at which a test has a
 * service die as by kill -9.
 *
 * They do nothing, except in programs whose crash.c was compiled with
 * SIDAN_CHAOS (make chaos-programs, SANITIZE=1). There, the environment says:
 *
 *   SIDAN_CRASH=list         the program prints its points, one to a line, and ends
 *   SIDAN_CRASH=NAME         it dies when it comes to this point
 *   SIDAN_CRASH_AFTER=N      for the N-th time (default 1)
 *   SIDAN_CRASH_SIGNAL=N     by this signal (default 9); with SIGSTOP it hangs there until SIGCONT
 *
 * A name says what has happened and what has not. The chaos tests have each
 * service die at each of its points, so a point that is added is tested too.
 */
#ifndef SIDAN_CRASH_H
#define SIDAN_CRASH_H

void crash_reached(const char *name);

/* The linker gathers the names of all points of a program in one section. */
#define crash_point(name)                                                                                              \
    do {                                                                                                               \
        static const char *const crash_name __attribute__((section("crash_points"), used)) = (name);                   \
        crash_reached(crash_name);                                                                                     \
    } while (0)

#endif
