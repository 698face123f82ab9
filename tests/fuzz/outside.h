/*
 * outside.h - what surrounds intake, as far as a fuzz target needs it: what libmicrohttpd and Redis would say is said
 * here instead, so that only intake's own reading of the bytes is under test. The other services are in inside.h.
 *
 * The header X-Fake of a request says how they take it, one letter for each turn of things: see wish(). Each answer is
 * looked at: one for each request, of a right format, without anything personal.
 */
// wraps: MHD_lookup_connection_value MHD_get_connection_values MHD_get_connection_values_n http_peer
// wraps: http_answer http_answer_header store_append store_appendf store_append_script store_run store_reply
#ifndef SIDAN_TESTS_OUTSIDE_H
#define SIDAN_TESTS_OUTSIDE_H

#include "tests/fuzz/fuzz.h"
#include "tests/unit/fixture.h"

#include "common/http_internal.h"
#include "common/store.h"
#include "services/intake/access.h"
#include "services/intake/intake.h"

#include <libxml/parser.h>
#include <strings.h>

#define DOOR_TOKEN "0123456789abcdef"
#define DOOR_PHONE "19900007777" /* of the resident: only shown to whom it was recorded for */
#define DOOR_ORDER "990101-000123"

/* The API key of each county. */
static const char *const door_keys[] = {"office-key", "other-key"};

struct later {
    struct later *next;
    answer_fn *done;
    void *arg;
    enum message_type type;
    char order[ORDER_ID_SIZE];
    struct record *refusal; /* of a handler; else NULL */
};

enum { REPLIES_MAX = 16 };

/* Redis: the commands of a pipeline have their replies when they are appended. */
static struct {
    struct reply {
        redisReply reply, elements[2], *list[2];
        char texts[2][200];
    } replies[REPLIES_MAX];
    size_t count;
    bool ran;
    bool appended;   /* that somebody looks at a contact is in the pipeline, to be written down, */
    bool audited;    /* and is written down */
    char county[7];  /* of the session that was found for it; "" for none */
    char roles[400]; /* of its person */
} redis;

static struct {
    struct intake intake;
    struct http_config config;
    struct http_server server;
    struct http_connection connection;
    struct params *params;
    struct store *store;
    struct limits *generous, *strict;
    struct county *counties[2];
    size_t county_count;
    struct http_pairs headers, query;
    struct later *later;
    bool shown;         /* the request itself holds DOOR_PHONE */
    const char *words;  /* what the resident wrote into the orders that are found */
    const char *wishes; /* the header X-Fake */
    int answers;
    json_t *json; /* the latest answer, when it was JSON */
} door;

/*
 * Whether the request wishes a certain turn of things. Of an order: c closed, t returned, j open, m remarked, y taken
 * by M1, a in the archive alone, n nowhere, h its resident was asked something; x: its contact is sealed with a key
 * that is not known. Of Redis: d away, o out of memory, z an order of each county waits for whoever writes, l many
 * tries, k the right sign-in code, w too many codes, p an old session, i one about to end. Of services: u unavailable,
 * s stale, r refused, g gone. 2: there are two counties. 6: an IPv6 address. b: a limited stranger. v: too many orders.
 * q: the client goes away. A capital: the session is that of the person with this place in the roster.
 */
static bool wish(char letter)
{
    return door.wishes && strchr(door.wishes, letter);
}

static const struct county *door_county(const char *id)
{
    for (size_t i = 0; i < door.county_count; i++)
        if (strcmp(door.counties[i]->id, id) == 0)
            return door.counties[i];
    return NULL;
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker wants these names */

/* -- libmicrohttpd ----------------------------------------------------------------------------------------------- */

static const char *door_header(const char *name)
{
    for (size_t i = 0; i < door.headers.count; i++)
        if (strcasecmp(door.headers.at[i].name, name) == 0)
            return door.headers.at[i].value;
    return NULL;
}

/* "a=1; sidan=2": the value of one; as long as the request. */
static const char *door_cookie(const char *name)
{
    static char value[4096];
    const char *cookies = door_header("Cookie");
    size_t size = strlen(name);
    for (const char *c = cookies; c && *c; c += strcspn(c, ";"), c += strspn(c, "; "))
        if (strncmp(c, name, size) == 0 && c[size] == '=') {
            snprintf(value, sizeof value, "%.*s", (int)strcspn(c + size + 1, ";"), c + size + 1);
            return value;
        }
    return NULL;
}

const char *__wrap_MHD_lookup_connection_value(struct MHD_Connection *mhd, enum MHD_ValueKind kind, const char *key);
const char *__wrap_MHD_lookup_connection_value(struct MHD_Connection *mhd, enum MHD_ValueKind kind, const char *key)
{
    (void)mhd;
    if (kind == MHD_HEADER_KIND)
        return door_header(key);
    return kind == MHD_COOKIE_KIND ? door_cookie(key) : http_pairs_get(&door.query, key);
}

int __wrap_MHD_get_connection_values(struct MHD_Connection *mhd, enum MHD_ValueKind kind, MHD_KeyValueIterator take,
                                     void *arg);
int __wrap_MHD_get_connection_values(struct MHD_Connection *mhd, enum MHD_ValueKind kind, MHD_KeyValueIterator take,
                                     void *arg)
{
    (void)mhd;
    for (size_t i = 0; i < door.headers.count; i++)
        take(arg, kind, door.headers.at[i].name, door.headers.at[i].value);
    return (int)door.headers.count;
}

int __wrap_MHD_get_connection_values_n(struct MHD_Connection *mhd, enum MHD_ValueKind kind, MHD_KeyValueIteratorN take,
                                       void *arg);
int __wrap_MHD_get_connection_values_n(struct MHD_Connection *mhd, enum MHD_ValueKind kind, MHD_KeyValueIteratorN take,
                                       void *arg)
{
    (void)mhd;
    for (size_t i = 0; i < door.headers.count; i++) {
        const struct http_pair *header = &door.headers.at[i];
        take(arg, kind, header->name, strlen(header->name), header->value, strlen(header->value));
    }
    return (int)door.headers.count;
}

void __wrap_http_peer(const struct http_request *request, char ret_address[HTTP_ADDRESS_SIZE]);
void __wrap_http_peer(const struct http_request *request, char ret_address[HTTP_ADDRESS_SIZE])
{
    (void)request;
    snprintf(ret_address, HTTP_ADDRESS_SIZE, "%s", wish('6') ? "2001:db8::7" : "127.0.0.1");
}

static void check_answer(int status, const char *type, const char *body, size_t size)
{
    PROMISE(status >= 200 && status < 600 && status != 500);
    PROMISE(strlen(body) == size && (door.shown || redis.audited || !strstr(body, DOOR_PHONE)));
    if (strncmp(type, "application/json", 16) == 0 || strncmp(type, "application/problem+json", 24) == 0) {
        door.json = json_loadb(body, size, 0, NULL);
        PROMISE(door.json);
    } else if (strncmp(type, "text/xml", 8) == 0) {
        xmlDocPtr document =
            xmlReadMemory(body, (int)size, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
        PROMISE(document);
        xmlFreeDoc(document);
    } else {
        PROMISE(size == 0);
    }
}

void __wrap_http_answer(struct http_request *request, int status, const char *type, const char *body, size_t size);
void __wrap_http_answer(struct http_request *request, int status, const char *type, const char *body, size_t size)
{
    PROMISE(door.answers++ == 0);
    request->status = status;
    check_answer(status, type, body, size);
}

void __wrap_http_answer_header(struct http_request *request, const char *name, const char *value);
void __wrap_http_answer_header(struct http_request *request, const char *name, const char *value)
{
    (void)request;
    PROMISE(!strpbrk(name, "\r\n:") && !strpbrk(value, "\r\n"));
}

/* -- Redis ------------------------------------------------------------------------------------------------------- */

static void reply_text(redisReply *reply, char buffer[200], const char *text)
{
    snprintf(buffer, 200, "%s", text);
    reply->type = REDIS_REPLY_STRING;
    reply->str = buffer;
    reply->len = strlen(buffer);
}

/* The reply of the next command: a number, unless its command makes something else of it. */
static struct reply *next_reply(long long number)
{
    if (redis.ran)
        redis.count = 0;
    redis.ran = false;
    PROMISE(redis.count < REPLIES_MAX);
    struct reply *next = &redis.replies[redis.count++];
    *next = (struct reply){.reply = {.type = REDIS_REPLY_INTEGER, .integer = number}};
    for (int i = 0; i < 2; i++) {
        next->elements[i].type = REDIS_REPLY_NIL;
        next->list[i] = &next->elements[i];
    }
    if (wish('o'))
        reply_text(&next->reply, next->texts[0], "OOM");
    if (wish('o'))
        next->reply.type = REDIS_REPLY_ERROR;
    return next;
}

static void make_array(struct reply *reply, size_t count)
{
    if (reply->reply.type != REDIS_REPLY_ERROR)
        reply->reply = (redisReply){.type = REDIS_REPLY_ARRAY, .elements = count, .element = reply->list};
}

/* "session:{990101}:..." → the session of whom the request wishes. */
static void find_session(struct reply *reply, const char *key)
{
    struct roster_entry person;
    char digest[VAULT_DIGEST_SIZE], id[7] = "", session[VAULT_DIGEST_SIZE] = "";
    size_t place = strcspn(door.wishes ? door.wishes : "", "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    PROMISE(sscanf(key, "session:{%6[0-9]}:%32s", id, session) == 2);
    const struct county *county = door_county(id);
    PROMISE(county);
    if (!door.wishes || !door.wishes[place] || !county_roster(county, (size_t)(door.wishes[place] - 'A'), &person))
        return;
    person_digest(digest, county, person.phone);
    AUTOFREE char *owner = xasprintf("session/%s", session);
    AUTOFREE char *value = xasprintf("%s %lld", digest, (long long)now_ms() + (wish('p') ? -1 : 3600000));
    AUTOFREE char *sealed = vault_seal(county->vault, owner, value, strlen(value));
    if (reply->reply.type != REDIS_REPLY_ERROR)
        reply_text(&reply->reply, reply->texts[0], sealed);
    if (wish('p'))
        return;
    memcpy(redis.county, id, sizeof id);
    AUTOFREE char *roles = person_roles(county, digest);
    snprintf(redis.roles, sizeof redis.roles, "%s", roles);
}

void __wrap_store_append(struct store *store, size_t argc, const char *const argv[], const size_t lengths[]);
void __wrap_store_append(struct store *store, size_t argc, const char *const argv[], const size_t lengths[])
{
    (void)store, (void)lengths;
    PROMISE(argc >= 2);
    struct reply *reply = next_reply(strcmp(argv[0], "PTTL") == 0 && !wish('i') ? INT64_C(1) << 40 : 1);
    if (strcmp(argv[0], "GET") == 0)
        find_session(reply, argv[1]);
    if (strcmp(argv[0], "HGET") == 0 && !wish('n')) /* what a gateway calls an SMS */
        reply_text(&reply->reply, reply->texts[0], DOOR_ORDER ".0123456789abcdef01234567.1");
    if (strcmp(argv[0], "ZRANGE") == 0) {
        make_array(reply, 1);
        reply_text(&reply->elements[0], reply->texts[0], "0123456789abcdef");
    }
}

void __wrap_store_appendf(struct store *store, const char *format, ...);
void __wrap_store_appendf(struct store *store, const char *format, ...)
{
    (void)store;
    struct reply *reply = next_reply(wish('l') ? 11 : 1);
    if (strncmp(format, "GET", 3) == 0 && wish('l') && !wish('o'))
        reply_text(&reply->reply, reply->texts[0], "10");
    if (strncmp(format, "ZREVRANGE", 9) == 0 && wish('z') && !wish('o')) {
        va_list arguments;
        va_start(arguments, format);
        const char *key = va_arg(arguments, const char *);
        va_end(arguments);
        PROMISE(strncmp(key, "asked:{", 7) == 0);
        make_array(reply, 2);
        AUTOFREE char *order = xasprintf("%.6s%s", key + 7, strchr(DOOR_ORDER, '-'));
        reply_text(&reply->elements[0], reply->texts[0], order);
        reply_text(&reply->elements[1], reply->texts[1], "1795399200000");
    }
}

void __wrap_store_append_script(struct store *store, struct script *script, size_t key_count, const char *const keys[],
                                size_t argc, const char *const argv[], const size_t lengths[]);
void __wrap_store_append_script(struct store *store, struct script *script, size_t key_count, const char *const keys[],
                                size_t argc, const char *const argv[], const size_t lengths[])
{
    (void)store, (void)keys, (void)lengths;
    PROMISE(key_count > 0);
    for (size_t i = 0; strcmp(script->name, "audit") == 0 && i < argc; i++)
        redis.appended |= strcmp(argv[i], "order.contact") == 0;
    if (strcmp(script->name, "reserve") == 0)
        next_reply(6400);
    else
        next_reply(strcmp(script->name, "code_use") == 0 ? wish('k') : wish('w') ? 60 : 0);
}

int __wrap_store_run(struct store *store);
int __wrap_store_run(struct store *store)
{
    (void)store;
    redis.ran = true;
    if (wish('d'))
        return -5;
    redis.audited |= redis.appended && !wish('o');
    return 0;
}

const redisReply *__wrap_store_reply(const struct store *store, size_t index);
const redisReply *__wrap_store_reply(const struct store *store, size_t index)
{
    (void)store;
    PROMISE(redis.ran && index < redis.count);
    return &redis.replies[index].reply;
}

/* NOLINTEND(bugprone-reserved-identifier) */

#endif
