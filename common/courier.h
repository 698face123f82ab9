/*
 * courier.h - gets events from the outbox to their receivers.
 *
 * The sending half of delivery: new events are sent at once to the instance
 * with the least under way; an ack removes the event and releases the next of
 * the same order and edge; what stays unacknowledged is taken up again by any
 * instance of the source, with growing pauses; what is refused, or too often
 * not acknowledged, goes aside. Nothing here is needed for correctness: all
 * of it is in Redis, and a courier that dies is replaced by the leases.
 */
#ifndef SIDAN_COURIER_H
#define SIDAN_COURIER_H

#include "common/counties.h"
#include "common/link.h"
#include "common/outcome.h"
#include "common/registry.h"
#include "common/service.h"
#include "common/store.h"

struct courier;

struct courier_config {
    int service;
    struct store *store;
    struct link *link;
    const struct counties *counties;
    size_t window;  /* greatest number of events under way to one instance */
    int backoff_ms; /* the n-th resend waits n^2 times this */
    int backoff_cap_ms;
    int max_attempts; /* then the event goes aside */
};

struct courier *courier_new(const struct courier_config *config);
void courier_destroy(struct courier **courier);

/* Takes the present list of instances: connects to new ones, lets go of those that left. */
void courier_meet(struct courier *courier, const struct registry *registry);

/* Sends an event that has been committed and is the first of its order and edge. The body is copied. */
void courier_post(struct courier *courier, const struct envelope *event, const char *body, size_t size);

/* Asks an instance of `destination`; see service_call(). */
void courier_call(struct courier *courier, const struct envelope *call, const char *body, size_t size, answer_fn *done,
                  void *arg);

/* An ack or a reply came from a peer (the owner of link_open()). */
void courier_response(struct courier *courier, void *owner, const struct envelope *envelope, const char *body,
                      size_t size);

/* Everything that came was handed over: settles the acks in one pipeline, sends what they released. */
void courier_settle(struct courier *courier);

/* Resends what is overdue. Every few hundred ms. */
void courier_claim(struct courier *courier);

/* Sends what waits for a free place, ends calls whose deadline passed. Every few dozen ms. */
void courier_tick(struct courier *courier);

/*
 * Events under way and open calls: what a drain waits for. Events without a place, or under way to an instance that is
 * gone, are left to the others.
 */
size_t courier_busy(const struct courier *courier);

/* At the end: what this instance still holds may be taken by others at once. */
void courier_release(struct courier *courier);

#endif
