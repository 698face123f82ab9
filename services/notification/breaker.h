/*
 * breaker.h - when a gateway is not asked; pure.
 *
 * A gateway that says that it has stopped, or that failed BREAKER_FAILURES times in a row, rests. After its rest one
 * SMS tries it; when that goes through all may, otherwise it rests again.
 */
#ifndef SIDAN_NOTIFICATION_BREAKER_H
#define SIDAN_NOTIFICATION_BREAKER_H

#include "services/notification/driver.h"

enum { BREAKER_FAILURES = 10, BREAKER_REST_MS = 5000 /* after failures; after a stop it is a parameter */ };

struct breaker {
    int failures;     /* in a row */
    int64_t rests_to; /* ms since 1970; 0: it is asked */
    int64_t since;    /* when it began to rest */
    bool stopped;     /* it said so itself: somebody must see to it */
    bool probing;     /* the one SMS is under way */
    char cause[120];
};

/* How many SMS it may be given now. */
size_t breaker_room(const struct breaker *breaker, int64_t now);

/* One is given to it. */
void breaker_begin(struct breaker *breaker);

/* What became of one. True when that has it rest, where it did not before. */
bool breaker_note(struct breaker *breaker, const struct answer *answer, int64_t now, int64_t stop_ms);

/* open, resting or stopped. */
const char *breaker_state(const struct breaker *breaker);

#endif
