/*
 * parcel.h - an event or a call that the courier has in hand, and queues of them.
 */
#ifndef SIDAN_PARCEL_H
#define SIDAN_PARCEL_H

#include "common/service.h"
#include "common/wire.h"

struct parcel {
    struct parcel *next;
    struct envelope envelope;
    char *body;
    size_t size;
    int64_t sent_at; /* ms of the monotonic clock, as all times here; 0: not sent */
    int64_t ends_at; /* of a call */
    answer_fn *done; /* of a call */
    void *arg;
};

/* Copies both. The caller destroys it, or pushes it into a queue, which then owns it. */
struct parcel *parcel_new(const struct envelope *envelope, const char *body, size_t size);
void parcel_destroy(struct parcel *parcel);

/* A queue; it must stay where parcels_init() found it. */
struct parcels {
    struct parcel *first, **last;
    size_t count, bytes;
};

void parcels_init(struct parcels *queue);
void parcels_clear(struct parcels *queue);
void parcels_push(struct parcels *queue, struct parcel *parcel);
void parcels_push_front(struct parcels *queue, struct parcel *parcel);

/* Takes out the parcel that *place points at: &queue->first, or what parcels_find() gave. The caller owns it. */
struct parcel *parcels_take(struct parcels *queue, struct parcel **place);

/* Where in the queue this event is, by its county, order and sequence; NULL when it is not there. */
struct parcel **parcels_find(struct parcels *queue, const struct envelope *event);

#endif
