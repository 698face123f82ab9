/*
 * courier.c - sending, acks, resends, and calls; see courier.h.
 *
 * Parcels (parcel.h) wait in `waiting` of their destination until an instance
 * has room in its window, then lie in the instance's `under_way` until the ack.
 * `waiting` is bounded: what does not fit is left to the lease, that is, to
 * courier_claim() when there is room.
 */
#include "common/courier.h"

#include "common/alloc.h"
#include "common/commit.h"
#include "common/crash.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/parcel.h"
#include "common/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    RECONNECT_MS = 2000,          /* a peer that nothing can be sent to for so long is connected anew */
    MAX_WAITING = 8192,           /* events of one destination kept in memory without a place, */
    MAX_WAITING_BYTES = 16 << 20, /* and their size */
    CLAIM_AHEAD = 256,            /* overdue events taken up beyond the places that are free */
    ACK_TIMEOUT_MS = 10000,       /* silence after which an instance is met anew */
};

/* An instance of another service. */
struct instance {
    struct instance *next;
    struct courier *courier;
    int service;
    struct entry entry;
    struct peer *peer;
    struct parcels under_way;
    int64_t heard_at;
    bool present; /* in the latest list */
};

struct destination {
    struct instance *instances;
    struct parcels waiting;
};

struct courier {
    struct courier_config config;
    struct destination destinations[SERVICE_COUNT];
    struct parcels acked; /* parcels whose ack came in this turn; the status is in the envelope */
    int64_t ticket;       /* of the latest call */
    int sends_to;         /* services that this one sends events to */
    size_t first_county;  /* of the next look for overdue events */
};

static void count_edge(const struct courier *courier, const char *name, const char *help, int destination)
{
    char labels[60];
    snprintf(labels, sizeof labels, "edge=\"%s>%s\"", service_name(courier->config.service), service_name(destination));
    metric_add(name, help, labels, 1);
}

struct courier *courier_new(const struct courier_config *config)
{
    struct courier *courier = xcalloc(1, sizeof *courier);
    courier->config = *config;
    parcels_init(&courier->acked);
    for (size_t i = 0; i < SERVICE_COUNT; i++)
        parcels_init(&courier->destinations[i].waiting);
    courier->sends_to = message_addressees(config->service, KIND_EVENT);
    return courier;
}

static void end_call(struct parcel *call, enum answer_status status, enum message_type type, const struct record *reply)
{
    if (call->done)
        call->done(call->arg, status, type, reply);
    parcel_destroy(call);
}

static void instance_destroy(struct instance *instance)
{
    link_close(&instance->peer);
    while (instance->under_way.first) {
        struct parcel *parcel = parcels_take(&instance->under_way, &instance->under_way.first);
        if (parcel->envelope.kind == ENVELOPE_CALL)
            end_call(parcel, ANSWER_UNAVAILABLE, MSG_DONE, NULL);
        else
            parcel_destroy(parcel); /* its lease brings it back */
    }
    free(instance);
}

void courier_destroy(struct courier **courier)
{
    if (!*courier)
        return;
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        struct destination *destination = &(*courier)->destinations[i];
        while (destination->instances) {
            struct instance *next = destination->instances->next;
            instance_destroy(destination->instances);
            destination->instances = next;
        }
        parcels_clear(&destination->waiting);
    }
    parcels_clear(&(*courier)->acked);
    free(*courier);
    *courier = NULL;
}

static struct instance *find_instance(struct destination *destination, const struct entry *entry)
{
    for (struct instance *i = destination->instances; i; i = i->next)
        if (strcmp(i->entry.instance, entry->instance) == 0 && strcmp(i->entry.endpoint, entry->endpoint) == 0 &&
            strcmp(i->entry.key, entry->key) == 0)
            return i;
    return NULL;
}

static void connect_instance(struct instance *instance)
{
    const struct entry *entry = &instance->entry;
    link_close(&instance->peer);
    instance->peer =
        link_open(instance->courier->config.link, instance->service, entry->endpoint, entry->key, instance);
    instance->heard_at = mono_ms();
}

/*
 * libzmq does not connect again after a handshake that was refused. Ours may have been while our new key, or theirs,
 * was not in the other's list yet.
 */
static bool is_cut_off(const struct instance *instance)
{
    return instance->present && instance->under_way.count == 0 && mono_ms() - instance->heard_at > RECONNECT_MS &&
           !(instance->peer && link_can_send(instance->peer));
}

static void meet_destination(struct courier *courier, int service, const struct entry *entries, size_t count)
{
    struct destination *destination = &courier->destinations[registry_index(service)];

    for (struct instance *i = destination->instances; i; i = i->next)
        i->present = false;
    for (size_t k = 0; k < count; k++) {
        struct instance *instance = find_instance(destination, &entries[k]);
        if (!instance) {
            instance = xcalloc(1, sizeof *instance);
            *instance = (struct instance){
                .next = destination->instances, .courier = courier, .service = service, .entry = entries[k]};
            parcels_init(&instance->under_way);
            connect_instance(instance);
            destination->instances = instance;
        }
        instance->present = true;
        if (is_cut_off(instance))
            connect_instance(instance);
    }
    for (struct instance **place = &destination->instances; *place;) {
        struct instance *instance = *place;
        /* One that leaves in order still acknowledges what it has; it is let go when nothing is under way. */
        bool silent = mono_ms() - instance->heard_at > ACK_TIMEOUT_MS;
        if (!instance->present && (instance->under_way.count == 0 || silent)) {
            *place = instance->next;
            instance_destroy(instance);
        } else {
            place = &instance->next;
        }
    }
}

void courier_meet(struct courier *courier, const struct registry *registry)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++)
        meet_destination(courier, 1 << i, registry->entries[i], registry->counts[i]);
}

/* An instance that is on the list but cannot be reached must not keep messages from the others. */
static bool is_free(const struct instance *instance, size_t window)
{
    return instance->present && instance->peer && instance->under_way.count < window && link_can_send(instance->peer);
}

/* The present instance with the least under way; NULL when all are full. Calls are let in beside the window. */
static struct instance *choose(struct destination *destination, size_t window, const struct instance *except)
{
    struct instance *best = NULL;
    for (struct instance *i = destination->instances; i; i = i->next)
        /* cppcheck-suppress nullPointerRedundantCheck ; except may be NULL, i is not */
        if (i != except && is_free(i, window) && (!best || i->under_way.count < best->under_way.count))
            best = i;
    return best;
}

/* Whether it could be sent; then it lies in the instance's queue. */
static bool try_send(struct courier *courier, struct destination *destination, struct parcel *parcel,
                     const struct instance *except)
{
    bool call = parcel->envelope.kind == ENVELOPE_CALL;
    size_t window = call ? SIZE_MAX : courier->config.window;
    struct instance *instance = choose(destination, window, except);
    if (!instance && except)
        instance = choose(destination, window, NULL);
    if (!instance)
        return false;
    int64_t now = mono_ms();
    if (!call)
        parcel->envelope.at = now_ms();
    if (link_send(instance->peer, &parcel->envelope, parcel->body, parcel->size) < 0)
        return false;
    if (instance->under_way.count == 0)
        instance->heard_at = now; /* the silence that counts begins now */
    parcel->sent_at = now;
    parcels_push(&instance->under_way, parcel);
    return true;
}

static struct destination *destination_of(struct courier *courier, const struct envelope *envelope)
{
    return &courier->destinations[registry_index(envelope->destination)];
}

void courier_post(struct courier *courier, const struct envelope *event, const char *body, size_t size)
{
    struct destination *destination = destination_of(courier, event);
    /* What waits goes first; when too much waits, this one comes back with its lease. */
    if (destination->waiting.count >= MAX_WAITING || destination->waiting.bytes >= MAX_WAITING_BYTES)
        return;
    struct parcel *parcel = parcel_new(event, body, size);
    if (destination->waiting.count > 0 || !try_send(courier, destination, parcel, NULL))
        parcels_push(&destination->waiting, parcel);
}

void courier_call(struct courier *courier, const struct envelope *call, const char *body, size_t size, answer_fn *done,
                  void *arg)
{
    struct destination *destination = destination_of(courier, call);
    struct parcel *parcel = parcel_new(call, body, size);
    parcel->envelope.sequence = ++courier->ticket;
    parcel->done = done;
    parcel->arg = arg;
    parcel->ends_at = mono_ms() + (call->at - now_ms());
    if (!try_send(courier, destination, parcel, NULL))
        parcels_push_front(&destination->waiting, parcel); /* somebody waits for it */
    crash_point("call sent");
}

static void take_reply(struct instance *instance, const struct envelope *envelope, const char *body, size_t size)
{
    struct parcel **place = &instance->under_way.first;
    while (*place && ((*place)->envelope.kind != ENVELOPE_CALL || (*place)->envelope.sequence != envelope->sequence))
        place = &(*place)->next;
    if (!*place)
        return; /* it came after its deadline */
    struct parcel *call = parcels_take(&instance->under_way, place);
    crash_point("reply received, nobody told");

    RECORD *reply = record_new();
    enum message_type type = MSG_DONE;
    struct fault fault;
    enum answer_status status = ANSWER_UNAVAILABLE;
    if (envelope->status == STATUS_STALE)
        status = ANSWER_STALE;
    else if (envelope->status != STATUS_LATER && wire_unpack(body, size, &type, reply, &fault) == 0)
        status = type == MSG_REFUSAL ? ANSWER_REFUSED : ANSWER_OK;
    end_call(call, status, type, reply);
}

static void take_ack(struct instance *instance, const struct envelope *envelope)
{
    struct parcel **place = parcels_find(&instance->under_way, envelope);
    if (!place)
        return; /* of an earlier sending; the one under way elsewhere will be acknowledged too */
    struct parcel *parcel = parcels_take(&instance->under_way, place);
    parcel->envelope.status = envelope->status;
    parcel->envelope.remember = envelope->remember;
    memcpy(parcel->envelope.text, envelope->text, sizeof parcel->envelope.text);
    parcels_push(&instance->courier->acked, parcel);
    crash_point("ack received, not recorded");
}

void courier_response(struct courier *courier, void *owner, const struct envelope *envelope, const char *body,
                      size_t size)
{
    (void)courier;
    struct instance *instance = owner;
    instance->heard_at = mono_ms();
    if (envelope->kind == ENVELOPE_REPLY)
        take_reply(instance, envelope, body, size);
    else if (envelope->kind == ENVELOPE_ACK)
        take_ack(instance, envelope);
}

/* The name of the message inside a body, for the dead-letter list; "" when it cannot be read. */
static const char *type_name(const struct parcel *parcel)
{
    RECORD *body = record_new();
    enum message_type type;
    struct fault fault;
    return wire_unpack(parcel->body, parcel->size, &type, body, &fault) == 0 ? message_info(type)->name : "";
}

static void set_aside(struct courier *courier, const struct parcel *parcel, const char *cause)
{
    const struct envelope *event = &parcel->envelope;
    log_warning("order=%s edge=%s>%s seq=%" PRId64 " result=aside cause=\"%s\"", event->order,
                service_name(event->source), service_name(event->destination), event->sequence, cause);
    count_edge(courier, "sidan_dead_letters_total", "Events set aside", event->destination);
    aside_append(courier->config.store, event, type_name(parcel), cause);
}

/* After how long an event that was wanted later is sent again: as its receiver asked for, within our own bounds. */
static int later_ms(const struct courier *courier, const struct envelope *ack)
{
    int most = courier->config.backoff_cap_ms;
    if (ack->remember <= 0)
        return courier->config.backoff_ms;
    return ack->remember < most / 1000 ? (int)ack->remember * 1000 : most;
}

void courier_settle(struct courier *courier)
{
    if (courier->acked.count == 0)
        return;
    struct store *store = courier->config.store;
    for (struct parcel *parcel = courier->acked.first; parcel; parcel = parcel->next) {
        if (parcel->envelope.status == STATUS_LATER)
            later_append(store, &parcel->envelope, later_ms(courier, &parcel->envelope));
        else if (parcel->envelope.status == STATUS_REFUSED)
            set_aside(courier, parcel, parcel->envelope.text);
        else
            ack_append(store, &parcel->envelope);
    }
    /* If Redis is away the events come again, and are found to be duplicates. */
    bool settled = store_run(store) == 0;
    crash_point("acks recorded, next not sent");
    for (size_t reply = 0; courier->acked.first;) {
        struct parcel *parcel = parcels_take(&courier->acked, &courier->acked.first);
        struct envelope event = parcel->envelope;
        bool acked = event.status == STATUS_OK || event.status == STATUS_DUPLICATE;
        const char *body;
        size_t size;
        if (settled && acked && ack_read(store_reply(store, reply), &event.sequence, event.id, &body, &size) == 1) {
            event.status = 0;
            courier_post(courier, &event, body, size);
        }
        reply++;
        parcel_destroy(parcel);
    }
    crash_point("acks recorded, next sent");
    courier_tick(courier);
}

/*
 * How many overdue events are to be taken up: none while no instance has a
 * free place, because an attempt counts when it is made, and only so many that
 * they are sent soon.
 */
static size_t room(const struct courier *courier, const struct destination *destination)
{
    size_t free_places = 0;
    for (const struct instance *i = destination->instances; i; i = i->next)
        if (is_free(i, courier->config.window))
            free_places += courier->config.window - i->under_way.count;
    size_t most = free_places > 0 ? free_places + CLAIM_AHEAD : 0;
    return most > destination->waiting.count ? most - destination->waiting.count : 0;
}

/* Takes an event out of whichever queue holds it; it is about to be sent again. */
static const struct instance *forget(struct destination *destination, const struct envelope *event)
{
    struct parcel **place = parcels_find(&destination->waiting, event);
    if (place) {
        parcel_destroy(parcels_take(&destination->waiting, place));
        return NULL;
    }
    for (struct instance *i = destination->instances; i; i = i->next) {
        place = parcels_find(&i->under_way, event);
        if (place) {
            parcel_destroy(parcels_take(&i->under_way, place));
            return i;
        }
    }
    return NULL;
}

static void resend(struct courier *courier, const char *county, int service, const redisReply *reply)
{
    struct destination *destination = &courier->destinations[registry_index(service)];
    for (size_t i = 0; i + 2 < reply->elements; i += 3) {
        struct envelope event = {.kind = ENVELOPE_EVENT, .source = courier->config.service, .destination = service};
        const char *body;
        size_t size;
        snprintf(event.county, sizeof event.county, "%s", county);
        if (outbox_entry(reply->element[i], reply->element[i + 1], event.order, &event.sequence, event.id, &body,
                         &size) < 0)
            continue;
        const struct instance *before = forget(destination, &event);
        struct parcel *parcel = parcel_new(&event, body, size);
        if (reply->element[i + 2]->integer > courier->config.max_attempts) {
            set_aside(courier, parcel, "sent too often without an answer");
            parcel_destroy(parcel);
            continue;
        }
        count_edge(courier, "sidan_resends_total", "Events sent again because no ack came", service);
        if (!try_send(courier, destination, parcel, before))
            parcels_push(&destination->waiting, parcel);
    }
}

/* Overdue events of one county and edge that are to be taken up. */
struct claim {
    const char *county;
    int service;
    size_t limit;
};

/* What to take up: as much of what is overdue as there is room for, each time beginning with another county. */
static size_t plan_claims(struct courier *courier, struct claim **ret_claims)
{
    struct store *store = courier->config.store;
    size_t counties = counties_count(courier->config.counties), first = courier->first_county++, asked = 0, count = 0;
    size_t rooms[SERVICE_COUNT] = {0};
    char now[24];
    snprintf(now, sizeof now, "%" PRId64, now_ms() + store_clock_gap(store)); /* due by Redis' clock */
    for (size_t s = 0; s < SERVICE_COUNT; s++) {
        /* No instance, no attempt: the outage of a whole destination is not the messages' fault. */
        rooms[s] = (courier->sends_to & 1 << s) ? room(courier, &courier->destinations[s]) : 0;
        for (size_t i = 0; rooms[s] > 0 && i < counties; i++) {
            struct edge_keys keys;
            edge_keys(&keys, counties_at(courier->config.counties, (first + i) % counties)->id, courier->config.service,
                      1 << s);
            store_append(store, 4, (const char *[]){"ZCOUNT", keys.due, "-inf", now}, NULL);
            asked++;
        }
    }
    if (asked == 0 || store_run(store) < 0)
        return 0;
    *ret_claims = xcalloc(asked, sizeof **ret_claims);
    for (size_t s = 0, reply = 0; s < SERVICE_COUNT; s++) {
        bool was_asked = rooms[s] > 0;
        for (size_t i = 0; was_asked && i < counties; i++) {
            int64_t overdue = store_reply(store, reply++)->integer;
            size_t limit = overdue < (int64_t)rooms[s] ? (size_t)overdue : rooms[s];
            if (limit == 0)
                continue;
            rooms[s] -= limit;
            (*ret_claims)[count++] =
                (struct claim){counties_at(courier->config.counties, (first + i) % counties)->id, 1 << s, limit};
        }
    }
    return count;
}

void courier_claim(struct courier *courier)
{
    struct store *store = courier->config.store;
    struct claim *claims = NULL;
    size_t count = plan_claims(courier, &claims);
    for (size_t i = 0; i < count; i++)
        claim_append(store, claims[i].county, courier->config.service, claims[i].service, claims[i].limit,
                     courier->config.backoff_ms, courier->config.backoff_cap_ms);
    if (count > 0 && store_run(store) == 0) {
        crash_point("overdue taken, not sent again");
        /* Setting aside needs the store again, so the replies are read while commands are only appended. */
        for (size_t i = 0; i < count; i++)
            if (store_reply(store, i)->type == REDIS_REPLY_ARRAY)
                resend(courier, claims[i].county, claims[i].service, store_reply(store, i));
        crash_point("overdue sent again");
        store_run(store);
    }
    free(claims);
}

static void send_waiting(struct courier *courier, struct destination *destination)
{
    while (destination->waiting.first) {
        struct parcel *parcel = parcels_take(&destination->waiting, &destination->waiting.first);
        if (try_send(courier, destination, parcel, NULL))
            continue;
        parcels_push_front(&destination->waiting, parcel);
        break;
    }
}

/* Ends calls whose deadline passed, and gives up places of events whose ack is not to be expected any more. */
static void drop_late(struct parcels *queue, int64_t now)
{
    for (struct parcel **place = &queue->first; *place;) {
        const struct parcel *parcel = *place;
        if (parcel->envelope.kind == ENVELOPE_CALL && parcel->ends_at < now)
            end_call(parcels_take(queue, place), ANSWER_UNAVAILABLE, MSG_DONE, NULL);
        else if (parcel->envelope.kind == ENVELOPE_EVENT && parcel->sent_at && now - parcel->sent_at > ACK_TIMEOUT_MS)
            parcel_destroy(parcels_take(queue, place));
        else
            place = &(*place)->next;
    }
}

void courier_tick(struct courier *courier)
{
    int64_t now = mono_ms();
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        struct destination *destination = &courier->destinations[i];
        for (struct instance *k = destination->instances; k; k = k->next) {
            /* A machine that is gone looks connected for long: after such a silence the socket is made anew. */
            if (k->under_way.count > 0 && now - k->heard_at > ACK_TIMEOUT_MS)
                connect_instance(k);
            drop_late(&k->under_way, now);
        }
        send_waiting(courier, destination);
        drop_late(&destination->waiting, now);
    }
}

size_t courier_busy(const struct courier *courier)
{
    size_t count = courier->acked.count;
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        for (const struct parcel *waiting = courier->destinations[i].waiting.first; waiting; waiting = waiting->next)
            count += waiting->envelope.kind == ENVELOPE_CALL;
        for (const struct instance *k = courier->destinations[i].instances; k; k = k->next)
            if (k->peer && link_can_send(k->peer)) /* else it is gone, and will not answer */
                count += k->under_way.count;
    }
    return count;
}

static void release_queue(struct courier *courier, const struct parcels *queue)
{
    for (const struct parcel *parcel = queue->first; parcel; parcel = parcel->next)
        if (parcel->envelope.kind == ENVELOPE_EVENT)
            later_append(courier->config.store, &parcel->envelope, 0);
}

void courier_release(struct courier *courier)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        release_queue(courier, &courier->destinations[i].waiting);
        for (const struct instance *k = courier->destinations[i].instances; k; k = k->next)
            release_queue(courier, &k->under_way);
    }
    crash_point("leaving, nothing released");
    store_run(courier->config.store);
}
