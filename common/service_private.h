/*
 * service_private.h - a service from inside: for service.c, which sets it up and
 * takes it down, and rounds.c, which does what is due by the clock.
 */
#ifndef SIDAN_SERVICE_PRIVATE_H
#define SIDAN_SERVICE_PRIVATE_H

#include "common/admin.h"
#include "common/batch.h"
#include "common/counties.h"
#include "common/courier.h"
#include "common/keys.h"
#include "common/lag.h"
#include "common/link.h"
#include "common/registry.h"
#include "common/service.h"
#include "common/store.h"

struct timer_entry {
    struct timer_entry *next;
    struct service *service;
    void (*f)(struct service *service);
};

struct service {
    const struct service_spec *spec;
    struct params *params;
    char instance[40];
    zloop_t *loop;
    int signals; /* a signalfd */
    struct keys *keys;
    struct store *store;
    struct counties *counties;
    struct link *link;
    struct courier *courier;
    struct batch *batch;
    struct admin *admin;
    struct registry registry;
    struct entry self;
    void *state;
    struct timer_entry *timers;
    bool registered, scheduled, draining;
    unsigned long refused; /* by the link, as it was reported last */
    int64_t clock_gap;     /* what was said of Redis' clock; see rounds.c */
    int64_t drain_began;
    struct lag lag;
};

/* Makes the first round at once, and the others whenever they are due from then on. */
void rounds_begin(struct service *service);

#endif
