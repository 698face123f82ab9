/*
 * feed.c - server-sent events about orders, meetings, suggestions and entries that change; see feed.h.
 *
 * Every commit leaves the matter's number in the county's stream CHANGES_KEY, whose ids are the ids of the events. A
 * listener is a request whose answer goes on, and a position in that stream. In each turn what is new is read once for
 * all listeners of a county, and each matter is loaded once, however often it has changed. Who may see it is asked anew
 * each time, by the county's present roster; who somebody is, when they come again, after listen_ms at the latest: a
 * session that has ended hears no more than that.
 */
#include "services/intake/feed.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/commit.h"
#include "common/store.h"
#include "common/text.h"
#include "services/intake/access.h"
#include "services/intake/openapi.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    AT_ONCE = 200, /* changes that are read in one turn; what is told of so many fits what a listener may leave lie */
    EACH_MAX = 10, /* listeners of one person or key */
};

/* A place in a stream of Redis: its entries' ids are "MS-NUMBER". */
struct position {
    int64_t ms, number;
};

/* Belongs to its request. */
struct listener {
    struct feed *feed;
    struct listener *next;
    struct http_request *request;
    const struct access *access;
    struct position after; /* has been told all until there */
    int64_t until;         /* by mono_ms() */
};

struct feed {
    struct service *service;
    struct listener *listeners; /* the latest first */
    int64_t ms;                 /* for which one listens */
    size_t max;
};

/* -- positions --------------------------------------------------------------------------------------------------- */

static bool position_parse(const char *text, struct position *ret_position)
{
    char rest;
    return strlen(text) < 40 &&
           sscanf(text, "%" SCNd64 "-%" SCNd64 "%c", &ret_position->ms, &ret_position->number, &rest) == 2 &&
           ret_position->ms >= 0 && ret_position->number >= 0;
}

static bool is_before(struct position a, struct position b)
{
    return a.ms != b.ms ? a.ms < b.ms : a.number < b.number;
}

static struct position position_of(const redisReply *entry)
{
    struct position position = {0};
    position_parse(entry->element[0]->str, &position);
    return position;
}

/* The first or the last of a county's changes; 0-0 when there is none. False when Redis does not answer. */
static bool read_end(struct feed *feed, const char *county, bool last, struct position *ret_position)
{
    char key[KEY_SIZE];
    struct store *store = service_store(feed->service);
    store_key(key, county, CHANGES_KEY);
    store_appendf(store, last ? "XREVRANGE %s + - COUNT 1" : "XRANGE %s - + COUNT 1", key);
    if (store_run(store) < 0 || store_reply(store, 0)->type != REDIS_REPLY_ARRAY)
        return false;
    const redisReply *reply = store_reply(store, 0);
    *ret_position = reply->elements > 0 ? position_of(reply->element[0]) : (struct position){0};
    return true;
}

/* -- telling ----------------------------------------------------------------------------------------------------- */

static void tell(struct listener *listener, const char *event, json_t *data)
{
    AUTOFREE char *json = json_dumps(data, JSON_COMPACT);
    AUTOFREE char *text = xasprintf("event: %s\nid: %" PRId64 "-%" PRId64 "\ndata: %s\n\n", event, listener->after.ms,
                                    listener->after.number, json);
    http_stream_write(listener->request, text, strlen(text));
    json_decref(data);
}

/* By kind: the event's name, and which permission lets a person see one of them, and a key all. */
static const struct {
    const char *event;
    enum permission one, all;
} kinds[MATTERS] = {
    [MATTER_ORDER] = {"order", PERMIT_ORDER_READ, PERMIT_ORDERS_LIST},
    [MATTER_MEETING] = {"meeting", PERMIT_MEETING_READ, PERMIT_MEETINGS_LIST},
    [MATTER_SUGGESTION] = {"suggestion", PERMIT_SUGGESTION_READ, PERMIT_SUGGESTIONS_LIST},
    [MATTER_ENTRY] = {"entry", PERMIT_ENTRY_READ, PERMIT_ENTRIES_LIST},
};

/* How it stands now, to whoever may see it; that it is gone, to whoever could see it before. */
static void tell_matter(struct listener *listener, enum matter matter, const char *id, const struct record *order)
{
    const struct county *county = service_county(listener->feed->service, listener->access->county);
    const struct caller *caller = &listener->access->caller;
    struct grant grant = {.granted = false};
    if (!county)
        return;
    permission_decide(county, caller, caller->kind == CALLER_KEY ? kinds[matter].all : kinds[matter].one, order,
                      &grant);
    if (grant.granted)
        tell(listener, kinds[matter].event,
             json_pack("{s:s, s:I, s:s, s:s}", "order", id, "ver", (json_int_t)record_int(order, F_VER), "state",
                       record_str(order, F_STATE), "light", clock_light(county, order, now_ms())));
    else if (grant.relations)
        tell(listener, "gone", json_pack("{s:s}", "order", id));
}

/* What was read of a county's changes. */
struct news {
    size_t count;
    struct {
        char order[ORDER_ID_SIZE];
        struct position at;
        bool again; /* the same order changes once more further behind */
    } changes[AT_ONCE];
};

static bool read_news(struct feed *feed, const char *county, struct position after, struct news *news)
{
    char key[KEY_SIZE];
    struct store *store = service_store(feed->service);
    store_key(key, county, CHANGES_KEY);
    store_appendf(store, "XRANGE %s (%lld-%lld + COUNT %d", key, (long long)after.ms, (long long)after.number, AT_ONCE);
    const redisReply *reply = store_run(store) < 0 ? NULL : store_reply(store, 0);
    news->count = 0;
    if (!reply || reply->type != REDIS_REPLY_ARRAY)
        return false;
    for (size_t i = 0; i < reply->elements && i < AT_ONCE; i++) {
        const redisReply *entry = reply->element[i], *fields = entry->element[1];
        snprintf(news->changes[i].order, ORDER_ID_SIZE, "%s", fields->elements > 1 ? fields->element[1]->str : "");
        news->changes[i].at = position_of(entry);
        news->changes[i].again = false;
        for (size_t k = 0; k < i; k++)
            news->changes[k].again |= strcmp(news->changes[k].order, news->changes[i].order) == 0;
        news->count++;
    }
    return news->count > 0;
}

static void tell_county(struct feed *feed, const char *county, struct position after)
{
    static struct news news; /* too large for the stack */
    struct store *store = service_store(feed->service);
    if (!read_news(feed, county, after, &news))
        return;
    for (size_t i = 0; i < news.count; i++)
        order_append_load(store, county, news.changes[i].order);
    if (store_run(store) < 0)
        return;
    RECORD *order = record_new();
    for (size_t i = 0; i < news.count; i++) {
        record_clear(order);
        enum matter matter = matter_of(news.changes[i].order);
        /* It has left Redis, for the archive, and changes no more. */
        bool left = order_read(store_reply(store, i), order) < 0 || matter == MATTER_NONE;
        for (struct listener *listener = feed->listeners; listener; listener = listener->next) {
            if (strcmp(listener->access->county, county) != 0 || !is_before(listener->after, news.changes[i].at))
                continue;
            listener->after = news.changes[i].at;
            if (!left && !news.changes[i].again)
                tell_matter(listener, matter, news.changes[i].order, order);
        }
    }
}

/* Whether it is the first of its county in the list; ret_after: from where on there is somebody to tell. */
static bool leads(const struct feed *feed, const struct listener *wanted, struct position *ret_after)
{
    const struct listener *first = NULL;
    *ret_after = wanted->after;
    for (const struct listener *each = feed->listeners; each; each = each->next) {
        if (strcmp(each->access->county, wanted->access->county) != 0)
            continue;
        first = first ? first : each;
        if (is_before(each->after, *ret_after))
            *ret_after = each->after;
    }
    return first == wanted;
}

void feed_turn(struct feed *feed)
{
    struct position after;
    for (struct listener *each = feed->listeners; each; each = each->next)
        if (leads(feed, each, &after))
            tell_county(feed, each->access->county, after);
    for (struct listener *each = feed->listeners; each; each = each->next)
        if (mono_ms() >= each->until)
            http_stream_end(each->request);
}

/* -- listening --------------------------------------------------------------------------------------------------- */

static void leave(void *data)
{
    struct listener *listener = data, **place = &listener->feed->listeners;
    while (*place != listener)
        place = &(*place)->next;
    *place = listener->next;
    free(listener);
}

static bool is_same_caller(const struct access *a, const struct access *b)
{
    return strcmp(a->county, b->county) == 0 && strcmp(a->caller.phone, b->caller.phone) == 0 &&
           strcmp(a->caller.key, b->caller.key) == 0;
}

/* Ends the oldest of all, or of one caller (not NULL), when they are more than max. */
static void keep_to(struct feed *feed, const struct access *caller, size_t max)
{
    struct listener *oldest = NULL;
    size_t count = 0;
    for (struct listener *each = feed->listeners; each; each = each->next) {
        if (caller && !is_same_caller(each->access, caller))
            continue;
        count++;
        oldest = each;
    }
    if (count > max)
        http_stream_end(oldest->request);
}

static void listen_to(void *arg, struct http_request *request)
{
    struct feed *feed = ((struct intake *)arg)->feed;
    const struct access *access = access_of(request);
    const char *last_id = http_header(request, "Last-Event-ID");
    struct position first = {0}, last = {0}, after = {0};
    if (!read_end(feed, access->county, false, &first) || !read_end(feed, access->county, true, &last)) {
        intake_answer_error(request, 503, "unavailable", NULL, NULL);
        return;
    }
    bool known = last_id && position_parse(last_id, &after) && !is_before(after, first) && !is_before(last, after);
    struct listener *listener = xcalloc(1, sizeof *listener);
    *listener = (struct listener){.feed = feed,
                                  .next = feed->listeners,
                                  .request = request,
                                  .access = access,
                                  .after = known ? after : last,
                                  .until = mono_ms() + feed->ms};
    feed->listeners = listener;
    http_attach(request, listener, leave);
    http_stream(request, "text/event-stream");
    http_stream_write(request, "retry: 1000\n\n", strlen("retry: 1000\n\n"));
    tell(listener, last_id && !known ? "reset" : "ready", json_object());
    keep_to(feed, access, EACH_MAX);
    keep_to(feed, NULL, feed->max);
}

struct feed *feed_new(struct service *service, int64_t ms, size_t listeners)
{
    struct feed *feed = xcalloc(1, sizeof *feed);
    *feed = (struct feed){.service = service, .ms = ms, .max = listeners};
    return feed;
}

void feed_destroy(struct feed **feed)
{
    free(*feed);
    *feed = NULL;
}

const struct http_route feed_routes[] = {
    {.method = "GET",
     .path = "/api/v1/events",
     .handle = listen_to,
     .permission = PERMIT_ORDERS_LIST,
     ABOUT(.summary = "Tells which orders, meetings, suggestions and entries change, as server-sent events",
           .chinese = "事项、协商会、建言、履职登记有变化时即时通知（SSE）", .answer = "text/event-stream")},
};
const size_t feed_route_count = sizeof feed_routes / sizeof *feed_routes;
