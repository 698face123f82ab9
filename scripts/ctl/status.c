/*
 * status.c - who is alive, and what waits where.
 *
 * Everything is read in a few pipelines and none of it is written. Ages come
 * from the times inside the ids, so no message is read for them.
 */
#include "scripts/ctl/ctl.h"

#include "common/alloc.h"
#include "common/commit.h"
#include "common/registry.h"
#include "services/notification/sms.h"

static const char oldest_lua[] =
#include "common/lua/oldest.lua.h"
    ;
static struct script oldest_script = {.name = "oldest", .source = oldest_lua};

/* A way that events take between two services. */
struct edge {
    int from, to;
};
enum { EDGES = SERVICE_COUNT * SERVICE_COUNT };

static bool has_events(struct edge edge)
{
    for (int type = 0; type < MESSAGE_COUNT; type++) {
        const struct message_info *message = message_info((enum message_type)type);
        if (message->kind == KIND_EVENT && message->from & edge.from && message->to == edge.to)
            return true;
    }
    return false;
}

/* All of them, as the schema has them; returns how many. */
static size_t all_edges(struct edge edges[EDGES])
{
    size_t count = 0;
    for (int from = 1; service_name(from); from <<= 1) {
        for (int to = 1; service_name(to); to <<= 1) {
            struct edge edge = {from, to};
            if (has_events(edge))
                edges[count++] = edge;
        }
    }
    return count;
}

/* Redis' clock, by which everything there is dated. -1 after saying why not. */
static int64_t redis_now(struct ctl *ctl)
{
    store_appendf(ctl->store, "TIME");
    if (!ask(ctl))
        return -1;
    const redisReply *time = store_reply(ctl->store, 0);
    return atoll(time->element[0]->str) * 1000 + atoll(time->element[1]->str) / 1000;
}

/* Of the key only what `sidanctl keys list` shows of it too. */
static json_t *instance_row(const char *service, const struct entry *entry)
{
    char key[FINGERPRINT_SIZE] = "";
    if (*entry->key)
        keys_fingerprint(key, entry->key);
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "service", service, "instance", entry->instance, "endpoint",
                     entry->endpoint, "admin", entry->admin, "key", key);
}

static json_t *instances(struct ctl *ctl)
{
    AUTOFREE struct registry *registry = xcalloc(1, sizeof *registry);
    if (registry_refresh(ctl->store, 0, NULL, INTAKE | ROUTING | ASSIGNMENT | NOTIFICATION | ARCHIVE, registry) < 0) {
        fail("Redis: %s", store_error(ctl->store));
        return NULL;
    }
    json_t *rows = json_array();
    for (int service = 1; service_name(service); service <<= 1) {
        const struct entry *entries = registry->entries[registry_index(service)];
        size_t count = registry->counts[registry_index(service)];
        for (size_t i = 0; i < count; i++)
            json_array_append_new(rows, instance_row(service_name(service), &entries[i]));
        if (count == 0)
            json_array_append_new(rows,
                                  instance_row(service_name(service), &(struct entry){.instance = "(none is alive)"}));
    }
    return rows;
}

static bool add_county(struct ctl *ctl, const char *county, json_t *rows)
{
    const struct {
        const char *title, *command, *key;
    } counts[] = {
        {"dead_letters", "XLEN", "dlq"},
        {"skipped", "XLEN", "dlqdone"},
        {"clocks", "ZCARD", "clock"},
        {"sms_queued", "ZCARD", SMS_QUEUE},
        {"mails_queued", "ZCARD", channel_queue(CHANNEL_MAIL)},
        {"chats_queued", "ZCARD", channel_queue(CHANNEL_CHAT)},
        {"sms_unknown", "ZCARD", SMS_UNKNOWN_LIST},
    };
    enum { COUNTS = sizeof counts / sizeof *counts };
    for (size_t i = 0; i < COUNTS; i++) {
        char key[KEY_SIZE];
        store_key(key, county, counts[i].key);
        const char *command[] = {counts[i].command, key};
        store_append(ctl->store, 2, command, NULL);
    }
    if (!ask(ctl))
        return false;
    json_t *row = json_pack("{s:s}", "county", county);
    for (size_t i = 0; i < COUNTS; i++)
        json_object_set_new(row, counts[i].title, json_integer(store_reply(ctl->store, i)->integer));
    json_array_append_new(rows, row);
    return true;
}

static json_t *edge_row(struct ctl *ctl, const char *county, const char *edge, size_t first_reply, int64_t now)
{
    const redisReply *oldest = store_reply(ctl->store, first_reply + 2);
    json_t *age = oldest->type == REDIS_REPLY_STRING
                      ? json_integer((now - (int64_t)strtoull(oldest->str, NULL, 16)) / 1000)
                      : json_null();
    return json_pack("{s:s, s:s, s:I, s:I, s:o}", "county", county, "edge", edge, "outbox",
                     (json_int_t)store_reply(ctl->store, first_reply)->integer, "due",
                     (json_int_t)store_reply(ctl->store, first_reply + 1)->integer, "oldest_s", age);
}

static bool add_edges(struct ctl *ctl, const char *county, int64_t now, json_t *rows)
{
    struct edge edges[EDGES];
    struct edge_keys keys[EDGES];
    size_t count = all_edges(edges);
    for (size_t i = 0; i < count; i++) {
        edge_keys(&keys[i], county, edges[i].from, edges[i].to);
        store_appendf(ctl->store, "HLEN %s", keys[i].outbox);
        store_appendf(ctl->store, "ZCOUNT %s -inf %lld", keys[i].due, (long long)now);
        store_append_script(ctl->store, &oldest_script, 2, (const char *[]){keys[i].due, keys[i].outbox}, 0, NULL,
                            NULL);
    }
    if (!ask(ctl))
        return false;
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, edge_row(ctl, county, keys[i].name, 3 * i, now));
    return true;
}

static int report_status(struct ctl *ctl, json_t *counties)
{
    int64_t now = redis_now(ctl);
    json_t *alive = now < 0 ? NULL : instances(ctl), *gateways = alive ? gateway_rows(ctl) : NULL;
    if (!gateways) {
        json_decref(alive);
        return FAILED;
    }
    json_t *summary = json_array(), *queues = json_array();
    json_t *report = json_pack("{s:o, s:o, s:o, s:o}", "instances", alive, "gateways", gateways, "counties", summary,
                               "edges", queues);
    size_t index;
    json_t *county;
    bool good = true;
    json_array_foreach(counties, index, county)
    {
        good = good && add_county(ctl, json_string_value(county), summary) &&
               add_edges(ctl, json_string_value(county), now, queues);
    }
    if (good)
        report_print(report, ctl->json);
    json_decref(report);
    return good ? DONE : FAILED;
}

int status(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    (void)argv;
    json_t *counties = county_ids(ctl, NULL);
    if (!counties)
        return FAILED;
    int code = report_status(ctl, counties);
    json_decref(counties);
    return code;
}
