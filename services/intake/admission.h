/*
 * admission.h - how many new orders intake lets in when more come than the services can handle.
 *
 * Every service tells how far behind it is (common/lag.h). While nobody is, the rate rises as far as it is used;
 * when somebody is, it falls at once. So what is let in is handled in time, and the rest is told to come again. The
 * rate finds the capacity of whatever runs, by itself: there is nothing to configure.
 *
 * Residents' orders are refused beyond the rate; imports, which nobody waits for, are slowed down to it.
 */
#ifndef SIDAN_INTAKE_ADMISSION_H
#define SIDAN_INTAKE_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

/* Orders a second. */
enum { ADMISSION_START = 100, ADMISSION_MIN = 20, ADMISSION_MAX = 100000 };
/* Being behind by more is too much. */
enum { ADMISSION_TARGET_MS = 500 };

struct admission {
    double rate;      /* orders a second; the same for residents and for imports */
    double residents; /* orders that may come in now */
    double imports;   /* likewise; below 0 when a piece of a file held more */
    int64_t filled_at;
    int64_t hold_until; /* after a cut, until its effect can be seen */
    double known;       /* a rate that was too much, less something: up to it the rate rises fast */
    bool late;          /* it was too much at the last adjustment */
    bool wanted;        /* since the last adjustment more was asked for than half of the rate gives */
};

/* All times are ms of the monotonic clock. */
void admission_init(struct admission *admission, int64_t now);

/* Whether one more order of a resident may come in; counts it if so. */
bool admission_take(struct admission *admission, int64_t now);

/* Counts an imported row, which comes in in any case. */
void admission_charge(struct admission *admission, int64_t now);
/* For how many ms an import has to wait before it goes on; 0: not at all. */
int64_t admission_wait(struct admission *admission, int64_t now);

/* Adapts the rate to how far behind the services are. A few times a second. */
void admission_adjust(struct admission *admission, int64_t now, int64_t behind_ms);

#endif
