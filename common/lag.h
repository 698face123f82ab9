/*
 * lag.h - how far behind the services are. Each tells it by the age of what it handles; intake lets in as much as they
 * can bear (services/intake/admission.h).
 *
 * It is told as the mean of a short while, of several sources the worst, in lag:SERVICE, which Redis forgets by itself.
 * A service that is in time writes nothing: silence means that all is well.
 */
#ifndef SIDAN_LAG_H
#define SIDAN_LAG_H

#include "common/schema.h"
#include "common/store.h"

enum { LAG_TELL_MS = 250 /* how often lag_tell() is to be called */ };

/* The ages, in ms, of what was handled since it was told last; mean: as it was told. */
struct lag {
    struct {
        int64_t sum, count, mean;
    } of[SERVICE_COUNT]; /* by source */
    bool told;
};

/*
 * Something that came from this service has just been handled, so old. What is older than a minute did not wait for
 * want of speed but for somebody who was away, and is left out.
 */
void lag_note(struct lag *lag, int source, int64_t ms);

/* Tells how far behind this service is, when that is worth it, or was the last time. */
void lag_tell(struct lag *lag, struct store *store, int service);

/* The greatest lag that any service has told in the last second or so; 0 when all are in time, or Redis is away. */
int64_t lag_worst(struct store *store);

#endif
