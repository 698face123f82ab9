/*
 * commit.c - outcomes become plans for lua/commit.lua; see commit.h.
 *
 * The plan is msgpack, so one argument carries it whatever its bytes are. All
 * keys go through KEYS: they share the county's hash tag, hence one slot.
 */
#include "common/commit.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/outcome_private.h"
#include "common/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct script commit_script = {"commit",
#include "common/lua/commit.lua.h"
                                      , ""};
static struct script ack_script = {"ack",
#include "common/lua/ack.lua.h"
                                   , ""};
static struct script claim_script = {"claim",
#include "common/lua/claim.lua.h"
                                     , ""};
static struct script later_script = {"later",
#include "common/lua/later.lua.h"
                                     , ""};
static struct script aside_script = {"aside",
#include "common/lua/aside.lua.h"
                                     , ""};

/* The keys of one commit, each once; a key's place counts from 1 as Lua does. */
struct key_list {
    const char *county;
    char (*keys)[KEY_SIZE];
    size_t count;
};

static int key_place(struct key_list *list, const char *name)
{
    char key[KEY_SIZE];
    store_key(key, list->county, name);
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->keys[i], key) == 0)
            return (int)i + 1;
    list->keys = xrealloc(list->keys, (list->count + 1) * KEY_SIZE);
    memcpy(list->keys[list->count], key, KEY_SIZE);
    return (int)++list->count;
}

static void pack_bytes(msgpack_packer *packer, const char *bytes, size_t size)
{
    msgpack_pack_str(packer, size);
    msgpack_pack_str_body(packer, bytes, size);
}

static void pack_text(msgpack_packer *packer, const char *text)
{
    pack_bytes(packer, text, strlen(text));
}

/* Names and values in turn, as the order's hash keeps them. */
static void pack_changes(msgpack_packer *packer, const struct record *changes)
{
    msgpack_pack_array(packer, 2 * record_count(changes));
    for (int i = 0; i < FIELD_COUNT; i++) {
        enum field field = (enum field)i;
        if (!record_has(changes, field))
            continue;
        const struct field_info *info = field_info(field);
        pack_text(packer, info->name);
        if (info->type == FIELD_STR) {
            pack_bytes(packer, record_str(changes, field), record_len(changes, field));
        } else {
            char number[40];
            if (info->type == FIELD_INT)
                snprintf(number, sizeof number, "%" PRId64, record_int(changes, field));
            else
                snprintf(number, sizeof number, "%.10g", record_real(changes, field));
            pack_text(packer, number);
        }
    }
}

/* Whether a changed field is told to the archive: not what is personal, unless it is sealed. */
static bool goes_along(int flags)
{
    return !(flags & MARK) && (!(flags & PERSONAL) || flags & SEALED);
}

/* The step for the archive's journal, which every change of an order brings. */
static struct record *make_step(const struct commit *commit, const struct outcome *outcome)
{
    struct record *step = record_new();
    const struct message_info *message = message_info(MSG_ORDER_STEP);
    for (size_t i = 0; i < message->field_count; i++)
        if (goes_along(field_info(message->fields[i].field)->flags))
            record_copy(step, outcome->changes, message->fields[i].field);
    record_set_int(step, F_VER, commit->version + 1);
    record_set(step, F_STEP, outcome->step);
    record_set(step, F_ACTOR, outcome->actor);
    record_set(step, F_SERVICE, service_name(commit->service));
    if (*commit->via)
        record_set(step, F_VIA, commit->via);
    if (outcome->note)
        record_set(step, F_NOTE, outcome->note);
    return step;
}

static void post(struct commit_plan *plan, const struct commit *commit, const struct sending *sending)
{
    plan->posted = xrealloc(plan->posted, (plan->posted_count + 1) * sizeof *plan->posted);
    struct posted *posted = &plan->posted[plan->posted_count++];
    *posted =
        (struct posted){.destination = message_info(sending->type)->to, .must = sending->must, .makes = sending->makes};
    make_id(posted->id);
    snprintf(posted->order, sizeof posted->order, "%s", sending->order ? sending->order : commit->order);
    msgpack_sbuffer_init(&posted->body);
    record_set_int(sending->body, F_AT, commit->now);
    wire_pack(&posted->body, sending->type, sending->body);
}

static void post_all(struct commit_plan *plan, const struct commit *commit, const struct outcome *outcome)
{
    for (size_t i = 0; i < outcome->message_count; i++) {
        const struct sending *sending = &outcome->messages[i];
        if (sending->type == MSG_NOTIFY && record_len(sending->body, F_RECIPIENTS) == 0)
            continue;
        post(plan, commit, sending);
    }
    if (outcome->step) {
        RECORD *step = make_step(commit, outcome);
        post(plan, commit, &(struct sending){.type = MSG_ORDER_STEP, .body = step});
    }
}

static void pack_sends(msgpack_packer *packer, const struct commit_plan *plan, const struct commit *commit,
                       struct key_list *keys)
{
    msgpack_pack_array(packer, plan->posted_count);
    for (size_t i = 0; i < plan->posted_count; i++) {
        const struct posted *posted = &plan->posted[i];
        AUTOFREE char *edge = xasprintf("%s>%s", service_name(commit->service), service_name(posted->destination));
        AUTOFREE char *outbox = xasprintf("outbox:%s", edge);
        AUTOFREE char *due = xasprintf("due:%s", edge);
        AUTOFREE char *hash = xasprintf("order:%s", posted->order);
        msgpack_pack_array(packer, 9);
        pack_text(packer, edge);
        msgpack_pack_int(packer, key_place(keys, outbox));
        msgpack_pack_int(packer, key_place(keys, due));
        pack_text(packer, posted->id);
        pack_bytes(packer, posted->body.data, posted->body.size);
        pack_text(packer, posted->order);
        msgpack_pack_int(packer, key_place(keys, hash));
        posted->must ? msgpack_pack_true(packer) : msgpack_pack_false(packer);
        posted->makes ? msgpack_pack_true(packer) : msgpack_pack_false(packer);
    }
}

static void pack_writes(msgpack_packer *packer, const struct outcome *outcome, struct key_list *keys)
{
    msgpack_pack_array(packer, outcome->write_count);
    for (size_t i = 0; i < outcome->write_count; i++) {
        const struct write *write = &outcome->writes[i];
        msgpack_pack_array(packer, 2 + write->argument_count);
        pack_text(packer, write->command);
        msgpack_pack_int(packer, write->key ? key_place(keys, write->key) : 1);
        for (size_t k = 0; k < write->argument_count; k++)
            pack_text(packer, write->arguments[k]);
    }
}

static void pack_guards(msgpack_packer *packer, const struct outcome *outcome, struct key_list *keys)
{
    msgpack_pack_array(packer, outcome->guard_count);
    for (size_t i = 0; i < outcome->guard_count; i++) {
        msgpack_pack_array(packer, 3);
        msgpack_pack_int(packer, key_place(keys, outcome->guards[i].key));
        pack_text(packer, outcome->guards[i].field);
        msgpack_pack_int64(packer, outcome->guards[i].below);
    }
}

/* The answer is fixed now, because a repeated request must get the same. Without one of the handler's it is DONE. */
static void pack_answer(struct commit_plan *plan, const struct commit *commit, const struct outcome *outcome)
{
    if (outcome->has_reply) {
        plan->answer_type = outcome->reply_type;
        wire_pack(&plan->answer, outcome->reply_type, outcome->reply);
        return;
    }
    RECORD *done = record_new();
    bool changed = outcome->step != NULL;
    if (*commit->order) {
        record_set(done, F_ORDER, commit->order);
        record_copy(done, outcome->changes, F_STATE);
        record_copy(done, outcome->changes, F_MEMBERS);
        record_set_int(done, F_VER, commit->version + changed);
    }
    plan->answer_type = MSG_DONE;
    wire_pack(&plan->answer, MSG_DONE, done);
}

static void pack_plan(msgpack_sbuffer *buffer, const struct commit *commit, const struct outcome *outcome,
                      struct commit_plan *plan, struct key_list *keys)
{
    bool changes = outcome->step != NULL, create = changes && commit->version == 0;
    bool remembers = *commit->first != '\0', seen = changes || (outcome->if_unchanged && *commit->order);
    size_t entries = 3 + 2U * (*commit->order != '\0') + seen + 2U * changes + 3U * (commit->event != NULL) +
                     (outcome->guard_count > 0) + (outcome->expected.key != NULL) + (outcome->limit.key != NULL) +
                     remembers;
    AUTOFREE char *hash = xasprintf("order:%s", commit->order);
    key_place(keys, hash);

    msgpack_packer packer;
    msgpack_packer_init(&packer, buffer, msgpack_sbuffer_write);
    msgpack_pack_map(&packer, entries);
    pack_text(&packer, "lease");
    msgpack_pack_int(&packer, SEND_LEASE_MS);
    pack_text(&packer, "sends");
    pack_sends(&packer, plan, commit, keys);
    pack_text(&packer, "writes");
    pack_writes(&packer, outcome, keys);
    if (*commit->order) {
        pack_text(&packer, "order");
        pack_text(&packer, commit->order);
        pack_text(&packer, "create");
        create ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer);
    }
    if (seen) {
        pack_text(&packer, "version");
        msgpack_pack_int64(&packer, commit->version);
    }
    if (changes) {
        pack_text(&packer, "set");
        pack_changes(&packer, outcome->changes);
        pack_text(&packer, "changes");
        msgpack_pack_int(&packer, key_place(keys, CHANGES_KEY));
    }
    if (commit->event) {
        AUTOFREE char *edge =
            xasprintf("%s>%s", service_name(commit->event->source), service_name(commit->event->destination));
        pack_text(&packer, "edge");
        pack_text(&packer, edge);
        pack_text(&packer, "seq");
        msgpack_pack_int64(&packer, commit->event->sequence);
        pack_text(&packer, "id");
        pack_text(&packer, commit->event->id);
    }
    if (outcome->guard_count > 0) {
        pack_text(&packer, "guards");
        pack_guards(&packer, outcome, keys);
    }
    if (outcome->expected.key) {
        pack_text(&packer, "expected");
        msgpack_pack_array(&packer, 3);
        msgpack_pack_int(&packer, key_place(keys, outcome->expected.key));
        pack_text(&packer, outcome->expected.field);
        msgpack_pack_int64(&packer, outcome->expected.value);
    }
    if (outcome->limit.key) {
        pack_text(&packer, "limit");
        msgpack_pack_array(&packer, 3);
        msgpack_pack_int(&packer, key_place(keys, outcome->limit.key));
        msgpack_pack_int64(&packer, outcome->limit.burst);
        msgpack_pack_int64(&packer, outcome->limit.interval);
    }
    if (remembers) {
        AUTOFREE char *first = xasprintf("first:%s", commit->first);
        pack_text(&packer, "first");
        msgpack_pack_array(&packer, 3);
        msgpack_pack_int(&packer, key_place(keys, first));
        pack_bytes(&packer, plan->answer.data, plan->answer.size);
        msgpack_pack_int64(&packer, commit->remember);
    }
}

void commit_append(struct store *store, const struct commit *commit, const struct outcome *outcome,
                   struct commit_plan *ret_plan)
{
    *ret_plan = (struct commit_plan){0};
    msgpack_sbuffer_init(&ret_plan->answer);
    post_all(ret_plan, commit, outcome);
    if (!commit->event)
        pack_answer(ret_plan, commit, outcome);

    struct key_list keys = {.county = commit->county};
    msgpack_sbuffer plan;
    msgpack_sbuffer_init(&plan);
    pack_plan(&plan, commit, outcome, ret_plan, &keys);

    const char **names = xcalloc(keys.count, sizeof *names);
    for (size_t i = 0; i < keys.count; i++)
        names[i] = keys.keys[i];
    store_append_script(store, &commit_script, keys.count, names, 1, (const char *[]){plan.data}, &plan.size);
    free(names);
    free(keys.keys);
    msgpack_sbuffer_destroy(&plan);
}

static const char *const result_names[] = {"applied", "repeat", "duplicate", "early", "conflict", "gone",
                                           "exists",  "stale",  "limited",   "fork",  "error"};

const char *commit_result_name(enum commit_result result)
{
    return result_names[result];
}

enum commit_result commit_read(const redisReply *reply, struct commit_plan *plan, int64_t *ret_version)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 1 || reply->element[0]->type != REDIS_REPLY_STRING) {
        log_warning("commit error=\"%s\"", reply->str ? reply->str : "?");
        return COMMIT_ERROR;
    }
    enum commit_result result = COMMIT_APPLIED;
    while (result < COMMIT_ERROR && strcmp(reply->element[0]->str, result_names[result]) != 0)
        result++;

    if (result == COMMIT_REPEAT && reply->elements == 2) {
        msgpack_sbuffer_clear(&plan->answer);
        msgpack_sbuffer_write(&plan->answer, reply->element[1]->str, (size_t)reply->element[1]->len);
    }
    if (result == COMMIT_APPLIED && reply->elements == 2 + 2 * plan->posted_count) {
        *ret_version = reply->element[1]->integer;
        for (size_t i = 0; i < plan->posted_count; i++) {
            plan->posted[i].sequence = reply->element[2 + 2 * i]->integer;
            plan->posted[i].head = reply->element[3 + 2 * i]->integer == 1;
        }
    }
    return result;
}

void commit_plan_release(struct commit_plan *plan)
{
    for (size_t i = 0; i < plan->posted_count; i++)
        msgpack_sbuffer_destroy(&plan->posted[i].body);
    free(plan->posted);
    msgpack_sbuffer_destroy(&plan->answer);
    *plan = (struct commit_plan){0};
}

static void order_key(char key[KEY_SIZE], const char *county, const char *order)
{
    AUTOFREE char *name = xasprintf("order:%s", order);
    store_key(key, county, name);
}

void order_append_load(struct store *store, const char *county, const char *order)
{
    char key[KEY_SIZE];
    order_key(key, county, order);
    store_append(store, 2, (const char *[]){"HGETALL", key}, NULL);
}

int order_read(const redisReply *reply, struct record *ret_order)
{
    if (reply->type != REDIS_REPLY_ARRAY)
        return -EIO;
    record_clear(ret_order);
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const redisReply *name = reply->element[i], *value = reply->element[i + 1];
        int field = field_by_name(name->str, (size_t)name->len);
        if (field < 0)
            continue; /* the edges' numbers, or a field of a newer version */
        switch (field_info((enum field)field)->type) {
        case FIELD_STR:
            record_set_n(ret_order, (enum field)field, value->str, (size_t)value->len);
            break;
        case FIELD_INT:
            record_set_int(ret_order, (enum field)field, strtoll(value->str, NULL, 10));
            break;
        case FIELD_REAL:
            record_set_real(ret_order, (enum field)field, strtod(value->str, NULL));
            break;
        case FIELD_ROWS:
            break;
        }
    }
    return record_has(ret_order, F_VER) ? 0 : -ENOENT;
}

static const redisReply *hash_get(const redisReply *hash, const char *name)
{
    for (size_t i = 0; i + 1 < hash->elements; i += 2)
        if (strcmp(hash->element[i]->str, name) == 0)
            return hash->element[i + 1];
    return NULL;
}

enum commit_result event_turn(const redisReply *reply, const struct envelope *event)
{
    char name[60];
    const char *source = service_name(event->source), *destination = service_name(event->destination);
    snprintf(name, sizeof name, "in:%s>%s", source, destination);
    const redisReply *number = hash_get(reply, name);
    int64_t last = number ? strtoll(number->str, NULL, 10) : 0;
    snprintf(name, sizeof name, "inid:%s>%s", source, destination);
    const redisReply *id = hash_get(reply, name);
    if (event->sequence == last && id && strcmp(id->str, event->id) != 0)
        return COMMIT_FORK;
    return event->sequence <= last ? COMMIT_DUPLICATE : event->sequence > last + 1 ? COMMIT_EARLY : COMMIT_APPLIED;
}

void edge_keys(struct edge_keys *keys, const char *county, int source, int destination)
{
    char name[80];
    snprintf(keys->name, sizeof keys->name, "%s>%s", service_name(source), service_name(destination));
    snprintf(name, sizeof name, "outbox:%s", keys->name);
    store_key(keys->outbox, county, name);
    snprintf(name, sizeof name, "due:%s", keys->name);
    store_key(keys->due, county, name);
    snprintf(name, sizeof name, "attempts:%s", keys->name);
    store_key(keys->attempts, county, name);
}

void ack_append(struct store *store, const struct envelope *event)
{
    struct edge_keys keys;
    char order[KEY_SIZE], dead[KEY_SIZE], sequence[24], lease[12];
    edge_keys(&keys, event->county, event->source, event->destination);
    order_key(order, event->county, event->order);
    store_key(dead, event->county, "dlq");
    snprintf(sequence, sizeof sequence, "%" PRId64, event->sequence);
    snprintf(lease, sizeof lease, "%d", SEND_LEASE_MS);
    store_append_script(store, &ack_script, 5, (const char *[]){order, keys.outbox, keys.due, keys.attempts, dead}, 4,
                        (const char *[]){keys.name, event->order, sequence, lease}, NULL);
}

/* An outbox value is the message id, then the body. */
static int split_content(const redisReply *content, char ret_id[25], const char **ret_body, size_t *ret_size)
{
    if (content->type != REDIS_REPLY_STRING || content->len < 24)
        return -EINVAL;
    memcpy(ret_id, content->str, 24);
    ret_id[24] = '\0';
    *ret_body = content->str + 24;
    *ret_size = (size_t)content->len - 24;
    return 0;
}

int ack_read(const redisReply *reply, int64_t *ret_sequence, char ret_id[25], const char **ret_body, size_t *ret_size)
{
    if (reply->type == REDIS_REPLY_NIL)
        return 0;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_INTEGER ||
        split_content(reply->element[1], ret_id, ret_body, ret_size) < 0)
        return -EIO;
    *ret_sequence = reply->element[0]->integer;
    return 1;
}

void claim_append(struct store *store, const char *county, int source, int destination, size_t limit, int base_ms,
                  int cap_ms)
{
    struct edge_keys keys;
    char count[24], base[12], cap[12];
    edge_keys(&keys, county, source, destination);
    snprintf(count, sizeof count, "%zu", limit);
    snprintf(base, sizeof base, "%d", base_ms);
    snprintf(cap, sizeof cap, "%d", cap_ms);
    store_append_script(store, &claim_script, 3, (const char *[]){keys.due, keys.outbox, keys.attempts}, 3,
                        (const char *[]){count, base, cap}, NULL);
}

int outbox_entry(const redisReply *name, const redisReply *content, char ret_order[25], int64_t *ret_sequence,
                 char ret_id[25], const char **ret_body, size_t *ret_size)
{
    const char *slash = name->type == REDIS_REPLY_STRING ? strchr(name->str, '/') : NULL;
    if (!slash || slash - name->str >= 25 || parse_int(slash + 1, 1, INT64_MAX, ret_sequence) < 0)
        return -EINVAL;
    snprintf(ret_order, 25, "%.*s", (int)(slash - name->str), name->str);
    return split_content(content, ret_id, ret_body, ret_size);
}

void aside_append(struct store *store, const struct envelope *event, const char *type, const char *cause)
{
    struct edge_keys keys;
    char order[KEY_SIZE], dead[KEY_SIZE], sequence[24];
    edge_keys(&keys, event->county, event->source, event->destination);
    order_key(order, event->county, event->order);
    store_key(dead, event->county, "dlq");
    snprintf(sequence, sizeof sequence, "%" PRId64, event->sequence);
    store_append_script(store, &aside_script, 4, (const char *[]){order, keys.due, keys.attempts, dead}, 6,
                        (const char *[]){keys.name, event->order, sequence, event->id, type, cause}, NULL);
}

void later_append(struct store *store, const struct envelope *event, int pause_ms)
{
    struct edge_keys keys;
    char name[60], pause[12];
    edge_keys(&keys, event->county, event->source, event->destination);
    snprintf(name, sizeof name, "%s/%" PRId64, event->order, event->sequence);
    snprintf(pause, sizeof pause, "%d", pause_ms);
    store_append_script(store, &later_script, 2, (const char *[]){keys.due, keys.attempts}, 2,
                        (const char *[]){name, pause}, NULL);
}
