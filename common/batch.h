/*
 * batch.h - the one place where messages are handled:
 * wire → msg → load the orders → handlers → commit → acks.
 *
 * What came in waits in a queue. A batch takes up to BATCH_MAX of it, never
 * two messages of one order, loads all orders in one pipeline, runs the
 * handlers and commits in one pipeline. Nothing is acknowledged before.
 */
#ifndef SIDAN_BATCH_H
#define SIDAN_BATCH_H

#include "common/counties.h"
#include "common/courier.h"
#include "common/link.h"
#include "common/service.h"
#include "common/store.h"

enum { BATCH_MAX = 64 };

struct batch;

struct batch_config {
    const struct service_spec *spec;
    struct service *service;
    struct store *store;
    struct link *link;
    struct courier *courier;
    const struct counties *counties;
};

struct batch *batch_new(const struct batch_config *config);
void batch_destroy(struct batch **batch);

/* Takes an event or call that came over the link. What cannot be read is answered at once. */
void batch_request(struct batch *batch, const struct sender *sender, const struct envelope *envelope, const char *body,
                   size_t size);

/* Takes work that begins here; see service_submit(). */
void batch_submit(struct batch *batch, const char *county, const char *order, enum message_type type,
                  const struct record *message, const char *idempotency, int64_t remember, answer_fn *done, void *arg);

/* Handles one batch. */
void batch_run(struct batch *batch);

/* How much waits. */
size_t batch_waiting(const struct batch *batch);

#endif
