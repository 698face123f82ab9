/*
 * dlq.c - dead letters: messages that were refused, or that nobody could take.
 *
 * Such a message stays in the outbox and holds up the later ones of its own
 * order and edge. Here a person looks at it, and either sends it again, once
 * the cause is gone, or goes on without it. Both are done by scripts that
 * check everything before they write.
 */
#include "scripts/ctl/ctl.h"

#include "common/commit.h"
#include "common/order.h"
#include "common/text.h"
#include "common/wire.h"

#include <errno.h>
#include <msgpack.h>
#include <string.h>

static const char replay_lua[] =
#include "common/lua/replay.lua.h"
    ;
static const char skip_lua[] =
#include "common/lua/skip.lua.h"
    ;
static struct script replay_script = {.name = "replay", .source = replay_lua};
static struct script skip_script = {.name = "skip", .source = skip_lua};

/* The most that is listed, or replayed by one command. */
enum { LETTERS = 1000 };

/* What an entry of the stream has, besides its own id. */
static const char *const letter_fields[] = {"at", "edge", "order", "seq", "id", "type", "cause"};

/* -- reading --------------------------------------------------------------------------------------------------- */

static json_t *read_letter(const char *county, const redisReply *entry)
{
    const redisReply *pairs = entry->element[1];
    json_t *letter = json_pack("{s:s, s:s}", "county", county, "entry", entry->element[0]->str);
    for (size_t f = 0; f < sizeof letter_fields / sizeof *letter_fields; f++) {
        json_t *value = NULL;
        for (size_t i = 0; i + 1 < pairs->elements; i += 2)
            if (strcmp(pairs->element[i]->str, letter_fields[f]) == 0)
                value = json_text(pairs->element[i + 1]->str, pairs->element[i + 1]->len);
        json_object_set_new(letter, letter_fields[f], value ? value : json_string(""));
    }
    json_object_set_new(letter, "at", json_time(atoll(json_string_value(json_object_get(letter, "at")))));
    return letter;
}

/* Appends the letters between two ids to an array. False after saying why not. */
static bool read_letters(struct ctl *ctl, const char *county, const char *from, const char *to, json_t *letters)
{
    char key[KEY_SIZE];
    store_key(key, county, "dlq");
    store_appendf(ctl->store, "XRANGE %s %s %s COUNT %d", key, from, to, LETTERS);
    if (!ask(ctl))
        return false;
    const redisReply *entries = store_reply(ctl->store, 0);
    for (size_t i = 0; i < entries->elements; i++)
        json_array_append_new(letters, read_letter(county, entries->element[i]));
    if (entries->elements == LETTERS)
        fprintf(stderr, "county %s has %d dead letters or more; these are the oldest\n", county, LETTERS);
    return true;
}

/* The one letter with this id, or every one for "all". NULL after saying why not. */
static json_t *find_letters(struct ctl *ctl, const char *county, const char *entry)
{
    bool all = strcmp(entry, "all") == 0;
    json_t *counties = county_ids(ctl, county);
    if (!counties)
        return NULL;
    json_decref(counties);

    json_t *letters = json_array();
    if (read_letters(ctl, county, all ? "-" : entry, all ? "+" : entry, letters)) {
        if (all || json_array_size(letters) == 1)
            return letters;
        fail("county %s has no dead letter %s", county, entry);
    }
    json_decref(letters);
    return NULL;
}

static const char *letter_value(const json_t *letter, const char *name)
{
    return json_string_value(json_object_get(letter, name));
}

/* The keys that a letter touches, in the order that the scripts want them. */
struct letter_keys {
    struct edge_keys edge;
    char order[KEY_SIZE], dlq[KEY_SIZE], done[KEY_SIZE];
    const char *all[6];
    char member[64]; /* "<order>/<seq>", in the outbox and beside it */
};

/* 0, or -EINVAL after saying that the letter names an edge or an order that cannot be. */
static int letter_keys(struct letter_keys *keys, const json_t *letter)
{
    const char *county = letter_value(letter, "county"), *edge = letter_value(letter, "edge");
    const char *order = letter_value(letter, "order"), *arrow = strchrnul(edge, '>');
    char source[32], name[40];
    snprintf(source, sizeof source, "%.*s", (int)(arrow - edge), edge);
    if (!*arrow || !service_by_name(source) || !service_by_name(arrow + 1) || matter_of(order) == MATTER_NONE) {
        fail("%s: no edge \"%s\" or no order \"%s\"", letter_value(letter, "entry"), edge, order);
        return -EINVAL;
    }
    edge_keys(&keys->edge, county, service_by_name(source), service_by_name(arrow + 1));
    snprintf(name, sizeof name, "order:%s", order);
    store_key(keys->order, county, name);
    store_key(keys->dlq, county, "dlq");
    store_key(keys->done, county, "dlqdone");
    const char *all[] = {keys->order, keys->edge.outbox, keys->edge.due, keys->edge.attempts, keys->dlq, keys->done};
    memcpy(keys->all, all, sizeof all);
    snprintf(keys->member, sizeof keys->member, "%s/%s", order, letter_value(letter, "seq"));
    return 0;
}

int dlq_list(struct ctl *ctl, size_t argc, char *const argv[])
{
    json_t *counties = county_ids(ctl, argc > 0 ? argv[0] : NULL), *letters = json_array(), *county;
    size_t index;
    bool good = counties != NULL;
    json_array_foreach(counties, index, county)
    {
        good = good && read_letters(ctl, json_string_value(county), "-", "+", letters);
    }
    json_decref(counties);
    json_t *report = json_pack("{s:o}", "dead_letters", letters);
    if (good)
        report_print(report, ctl->json);
    json_decref(report);
    return good ? DONE : FAILED;
}

/* -- one letter's body ------------------------------------------------------------------------------------------ */

/*
 * A value of a message that need not be one: it may lie aside because it is
 * broken. Shown is what the schema knows and does not call personal; a name
 * that nobody knows may stand for anything.
 */
static json_t *show_value(const msgpack_object *name, const msgpack_object *value)
{
    const msgpack_object_str *text = &name->via.str;
    int field = field_by_name(text->ptr, text->size);
    bool frame = (text->size == 4 && memcmp(text->ptr, "type", 4) == 0) || (text->size == 1 && *text->ptr == 'v');
    if (field < 0 && !frame)
        return json_string("(of an unknown field)");
    if (field >= 0 && field_info((enum field)field)->flags & PERSONAL)
        return json_string("(personal)");
    switch (value->type) {
    case MSGPACK_OBJECT_STR:
        return json_text(value->via.str.ptr, value->via.str.size);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return json_integer(value->via.i64);
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return json_real(value->via.f64);
    default:
        return json_string("(neither text nor number)");
    }
}

static json_t *show_body(const char *data, size_t size)
{
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t offset = 0;
    json_t *body = NULL;
    if (msgpack_unpack_next(&unpacked, data, size, &offset) == MSGPACK_UNPACK_SUCCESS &&
        unpacked.data.type == MSGPACK_OBJECT_MAP) {
        body = json_object();
        const msgpack_object_map *map = &unpacked.data.via.map;
        for (uint32_t i = 0; i < map->size; i++) {
            const msgpack_object *name = &map->ptr[i].key;
            if (name->type != MSGPACK_OBJECT_STR)
                continue;
            json_t *text = json_text(name->via.str.ptr, name->via.str.size);
            json_object_set_new(body, json_string_value(text), show_value(name, &map->ptr[i].val));
            json_decref(text);
        }
    }
    msgpack_unpacked_destroy(&unpacked);
    return body ? body : json_sprintf("(%zu bytes that are no message)", size);
}

/* What this version of the schema says to the body: "" when it has nothing against it. */
static json_t *show_fault(const char *data, size_t size)
{
    enum message_type type;
    struct fault fault = {0};
    RECORD *record = record_new();
    if (wire_unpack(data, size, &type, record, &fault) == 0)
        return json_string("");
    return json_string(fault.detail);
}

static json_t *reply_text(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING ? json_text(reply->str, reply->len) : json_null();
}

/* Adds to a letter how its order stands, and its message. False after saying why not. */
static bool add_body(struct ctl *ctl, json_t *letter)
{
    struct letter_keys keys;
    if (letter_keys(&keys, letter) < 0)
        return false;
    store_appendf(ctl->store, "HGET %s %s", keys.edge.outbox, keys.member);
    store_appendf(ctl->store, "HMGET %s state ver aside", keys.order);
    if (!ask(ctl))
        return false;
    const redisReply *message = store_reply(ctl->store, 0), *order = store_reply(ctl->store, 1);
    json_object_set_new(letter, "order_state", reply_text(order->element[0]));
    json_object_set_new(letter, "order_ver", reply_text(order->element[1]));
    json_object_set_new(letter, "order_aside", reply_text(order->element[2]));
    if (message->type == REDIS_REPLY_STRING && message->len >= ID_SIZE - 1) {
        const char *body = message->str + ID_SIZE - 1;
        size_t size = message->len - (ID_SIZE - 1);
        json_object_set_new(letter, "fault_now", show_fault(body, size));
        json_object_set_new(letter, "body", show_body(body, size));
    } else {
        json_object_set_new(letter, "body", json_string("(not in the outbox any more)"));
    }
    return true;
}

int dlq_show(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    json_t *letters = find_letters(ctl, argv[0], argv[1]), *letter;
    size_t index;
    bool good = letters != NULL;
    json_array_foreach(letters, index, letter)
    {
        good = add_body(ctl, letter) && good;
        report_print(letter, ctl->json);
    }
    json_decref(letters);
    return good ? DONE : FAILED;
}

/* -- replay and skip -------------------------------------------------------------------------------------------- */

/* Runs the script that was appended for a letter, and says what became of it. */
static int run_script(struct ctl *ctl, const json_t *letter, const char *done)
{
    if (!ask(ctl))
        return FAILED;
    const char *result = store_reply(ctl->store, 0)->str;
    const char *entry = letter_value(letter, "entry"), *order = letter_value(letter, "order");
    if (strcmp(result, "OK") != 0)
        return fail("%s of order %s: %s", entry, order, result);
    printf("%s %s of order %s\n", done, entry, order);
    return DONE;
}

static int replay(struct ctl *ctl, const json_t *letter)
{
    struct letter_keys keys;
    if (letter_keys(&keys, letter) < 0)
        return FAILED;
    const char *values[] = {letter_value(letter, "entry"), keys.member, keys.edge.name};
    store_append_script(ctl->store, &replay_script, 5, keys.all, 3, values, NULL);
    return run_script(ctl, letter, "replayed");
}

int dlq_replay(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    json_t *letters = find_letters(ctl, argv[0], argv[1]), *letter;
    size_t index;
    int code = letters ? DONE : FAILED;
    json_array_foreach(letters, index, letter)
    {
        if (replay(ctl, letter) != DONE)
            code = FAILED;
    }
    json_decref(letters);
    return code;
}

static int skip(struct ctl *ctl, const json_t *letter)
{
    struct letter_keys keys;
    if (letter_keys(&keys, letter) < 0)
        return FAILED;
    const char *entry = letter_value(letter, "entry");
    /* Steps go to the archive; nothing may be missing in its journal. */
    if (service_by_name(strchr(keys.edge.name, '>') + 1) == ARCHIVE)
        return fail("%s goes to the archive, whose journal must have every step: remove the cause and replay it",
                    entry);
    const char *values[] = {entry,          letter_value(letter, "order"), letter_value(letter, "seq"),
                            keys.edge.name, letter_value(letter, "id"),    ctl->reason};
    store_append_script(ctl->store, &skip_script, 6, keys.all, 6, values, NULL);
    return run_script(ctl, letter, "skipped");
}

int dlq_skip(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    if (strcmp(argv[1], "all") == 0)
        return misused("messages are skipped one by one");
    json_t *letters = find_letters(ctl, argv[0], argv[1]);
    if (!letters)
        return FAILED;
    int code = skip(ctl, json_array_get(letters, 0));
    json_decref(letters);
    return code;
}
