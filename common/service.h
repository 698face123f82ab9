/*
 * service.h - the skeleton that every service is.
 *
 * main.c states tables in a struct service_spec and hands over to
 * service_main(), which owns arguments, parameters, logs, the loop, Redis,
 * discovery, links, the health and metrics door, signals and the drain.
 */
#ifndef SIDAN_SERVICE_H
#define SIDAN_SERVICE_H

#include "common/county.h"
#include "common/outcome.h"
#include "common/param.h"
#include "common/record.h"

#include <czmq.h>

struct service;
struct store;

/* What a handler may know besides the order and the message. */
struct context {
    int64_t now;                 /* ms since 1970 */
    const struct county *county; /* never NULL */
    const char *order_id;        /* "" when the message is about no order */
    int64_t serial;              /* of the order; 0 without */
    const char *message_id;      /* 24 characters, the same at each redelivery of an event */
    struct service *service;     /* for its parameters only: handlers do no I/O */
    const struct aux *aux;       /* the first of what handler.aux asked for; NULL without */
};

/* One of the county's other hashes, loaded along with the order. aux may be NULL: an empty one. */
enum { AUX_MAX = 2 };
const struct aux *aux_at(const struct context *context, size_t index); /* one of those that were asked for */
const char *aux_get(const struct aux *aux, const char *field);         /* NULL when absent */
int64_t aux_int(const struct aux *aux, const char *field);             /* 0 when absent */
/* The next field of it, from *index on; false behind the last. */
bool aux_next(const struct aux *aux, size_t *index, const char **ret_field, const char **ret_value);

/*
 * Decides about one message. order is the order as it stands, empty when it
 * does not exist; both are read only. Pure: the same input gives the same
 * outcome, and a handler may run again when its commit met a conflict.
 */
typedef void handler_fn(const struct context *context, const struct record *order, const struct record *message,
                        struct outcome *outcome);

struct handler {
    enum message_type type;
    handler_fn *handle;
    /* NULL, or writes the keys (without county, space between) of hashes to load along, AUX_MAX of them at most. */
    void (*aux)(const struct record *message, char *keys, size_t size);
    /* The message may come for an order that does not exist (it makes one), or for none. */
    bool orderless;
    /* It neither reads nor changes the order's fields, so several of one order may share a batch. */
    bool shares;
};

/* One message on its way through a batch; see service_spec.take. */
struct delivery {
    enum message_type type;
    const char *county;
    const char *order; /* "" without */
    const char *id;    /* of the message */
    const struct record *message;
    struct outcome *outcome; /* to be filled: reply, refusal, later. What it changes or sends is not committed. */
};

struct service_spec {
    enum service_id id;
    const struct param *params; /* of this service alone */
    size_t param_count;
    const struct handler *handlers;
    size_t handler_count;
    /* What follows from any handler's outcome, added to it: called when the handler refused nothing. NULL: nothing. */
    void (*follow)(const struct context *context, const struct record *order, struct outcome *outcome);
    /* In place of handlers, for a service that commits to a store of its own: a whole batch, acknowledged after it. */
    void (*take)(struct service *service, struct delivery *deliveries, size_t count);
    /* Sets the service up / takes it down again; either may be NULL. start: 0, or -errno after logging why. */
    int (*start)(struct service *service);
    void (*stop)(struct service *service);
    /* Asked to finish: stop taking new work from outside. NULL: nothing to do. */
    void (*drain)(struct service *service);
    /* Whether work is still open that a drain should wait for. NULL: no. */
    bool (*busy)(struct service *service);
    /* What it cannot do at present, for people, shown by /readyz; "" when all is well. NULL: it always can. */
    const char *(*unready)(const struct service *service);
    /* Called after each committed batch. NULL: nothing. */
    void (*committed)(struct service *service);
};

int service_main(int argc, char **argv, const struct service_spec *spec);

/* What start() and its callbacks work with. */
zloop_t *service_loop(struct service *service);
struct store *service_store(struct service *service);
const struct params *service_params(const struct service *service);
const char *service_instance(const struct service *service); /* "routing-3f2a9c" */
void service_set_state(struct service *service, void *state);
void *service_state(const struct service *service);

/* Whether the counties have been read: before that no county is there, and none is known to be missing. */
bool service_knows_counties(const struct service *service);

/* Counties as they are configured now; a pointer is valid until the loop turns. */
const struct county *service_county(struct service *service, const char *id);
size_t service_county_count(const struct service *service);
const struct county *service_county_at(const struct service *service, size_t index);

/* Notes the age in ms of what this service has just handled and came from that one; see lag.h. */
void service_lagged(struct service *service, int source, int64_t ms);

/* Calls f(arg) every `ms`, never before the loop runs. */
void service_every(struct service *service, size_t ms, void (*f)(struct service *service));

enum answer_status {
    ANSWER_OK,          /* reply is the reply */
    ANSWER_REFUSED,     /* reply is a REFUSAL */
    ANSWER_STALE,       /* a guard forbade it; no reply */
    ANSWER_UNAVAILABLE, /* nobody could do it in time; whether it was done is unknown. No reply. */
};
typedef void answer_fn(void *arg, enum answer_status status, enum message_type type, const struct record *reply);

/*
 * Work that begins here: handled like a message, by this service's handler
 * for `type`, in the next batch. message is copied. idempotency: NULL, or a
 * key (<= 128 bytes); the same key again gets the first answer, for
 * `remember` seconds. done may be NULL.
 */
void service_submit(struct service *service, const char *county, const char *order, enum message_type type,
                    const struct record *message, const char *idempotency, int64_t remember, answer_fn *done,
                    void *arg);

/* Asks another service, which has until deadline_ms from now. Otherwise as service_submit(). */
void service_call(struct service *service, const char *county, const char *order, enum message_type type,
                  const struct record *message, const char *idempotency, int64_t deadline_ms, answer_fn *done,
                  void *arg);

/*
 * Reads an order as it stands in Redis into ret_order (which is cleared): 0,
 * -ENOENT when it is not there, or -EIO when Redis does not answer.
 */
int service_load_order(struct service *service, const char *county, const char *order, struct record *ret_order);

#endif
