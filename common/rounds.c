/*
 * rounds.c - what every service does again and again by the clock: it announces itself and meets the others, reads
 * again what may have changed, sends what is overdue, and measures.
 *
 * Whatever fails here was only put off: the next round tries it again.
 */
#include "common/commit.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/service_private.h"
#include "common/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TICK_MS = 100,    /* what waits for a free place is tried again */
    CLAIM_MS = 400,   /* overdue events are looked for */
    SAMPLE_MS = 5000, /* queue depths are measured */
};

/* The services that this one sends to, by events or calls. */
static int addressees(int service)
{
    return message_addressees(service, KIND_EVENT) | message_addressees(service, KIND_CALL);
}

/* A list that cannot be read leaves everything as it was, and is reported once. */
static void refresh_keys(struct service *service)
{
    char *fault;
    int r = keys_refresh(service->keys, &fault);
    if (r < 0) {
        log_error("%s; the list of keys before it stays in force", fault);
        free(fault);
    } else if (r > 0) {
        log_info("the list of keys was read again");
    }
}

/* Says once that Redis' clock has jumped too far to be followed, and once that it is well again. */
static void watch_clock(struct service *service)
{
    int64_t gap = store_clock_gap(service->store), change = gap - service->clock_gap;
    if (llabs(change) < CLOCK_JUMP_MS)
        return;
    service->clock_gap = gap;
    metric_set("sidan_clock_gap_seconds", "By how much Redis' clock jumped ahead, when that is not followed", "",
               (double)gap / 1e3);
    if (gap != 0)
        log_error("the clock of Redis' host has jumped by %" PRId64
                  " s; deadlines go on by the time before: set that clock, or restart the services to go by it",
                  gap / 1000);
    else
        log_warning("the clock of Redis' host is well again");
}

static void refresh(struct service *service)
{
    refresh_keys(service);
    if (counties_refresh(service->counties) < 0)
        log_warning("redis is away: %s", store_error(service->store));
    watch_clock(service);
    int id = (int)service->spec->id;
    const struct entry *self = service->draining ? NULL : &service->self;
    if (registry_refresh(service->store, id, self, addressees(id), &service->registry) < 0)
        return;
    if (!service->registered && self) {
        log_info("registered endpoint=%s admin=%s", service->self.endpoint, service->self.admin);
        service->registered = true;
    }
    courier_meet(service->courier, &service->registry);
}

static void tick(struct service *service)
{
    courier_tick(service->courier);
}

static void tell_lag(struct service *service)
{
    lag_tell(&service->lag, service->store, (int)service->spec->id);
}

static void claim(struct service *service)
{
    if (!service->draining)
        courier_claim(service->courier);
}

/* Strangers can make us refuse as much as they like, but not say so more than now and then. */
static void report_refused(struct service *service)
{
    unsigned long refused = link_refused(service->link);
    if (refused != service->refused)
        log_warning("refused=%lu connections or messages of other services or of strangers; "
                    "sidan_link_handshakes_total and sidan_link_dropped_total say why",
                    refused - service->refused);
    service->refused = refused;
}

/* Depths of this service's outboxes over all counties, and of the dead letters. */
static void sample(struct service *service)
{
    int id = (int)service->spec->id, wanted = addressees(id);
    size_t county_count = counties_count(service->counties);
    for (size_t i = 0; i < county_count; i++) {
        const char *county = counties_at(service->counties, i)->id;
        for (int bit = 1; bit < 1 << SERVICE_COUNT; bit <<= 1) {
            struct edge_keys keys;
            edge_keys(&keys, county, id, bit);
            if (wanted & bit)
                store_append(service->store, 2, (const char *[]){"HLEN", keys.outbox}, NULL);
        }
        char dead[KEY_SIZE];
        store_key(dead, county, "dlq");
        store_append(service->store, 2, (const char *[]){"XLEN", dead}, NULL);
    }
    if (store_run(service->store) < 0)
        return;
    double depths[SERVICE_COUNT] = {0}, letters = 0;
    for (size_t i = 0, reply = 0; i < county_count; i++) {
        for (int bit = 1; bit < 1 << SERVICE_COUNT; bit <<= 1)
            if (wanted & bit)
                depths[registry_index(bit)] += (double)store_reply(service->store, reply++)->integer;
        letters += (double)store_reply(service->store, reply++)->integer;
    }
    for (int bit = 1; bit < 1 << SERVICE_COUNT; bit <<= 1) {
        char labels[60];
        snprintf(labels, sizeof labels, "edge=\"%s>%s\"", service_name(id), service_name(bit));
        if (wanted & bit)
            metric_set("sidan_outbox_events", "Events that are not acknowledged yet", labels,
                       depths[registry_index(bit)]);
    }
    metric_set("sidan_dead_letters", "Events that lie aside, of all edges", "", letters);
    metric_set("sidan_queue_messages", "Messages taken and not handled yet", "", (double)batch_waiting(service->batch));
}

void rounds_begin(struct service *service)
{
    refresh(service);
    service_every(service, REGISTRY_REFRESH_MS, refresh);
    service_every(service, TICK_MS, tick);
    service_every(service, CLAIM_MS, claim);
    service_every(service, SAMPLE_MS, sample);
    service_every(service, LAG_TELL_MS, tell_lag);
    service_every(service, SAMPLE_MS, report_refused);
}
