/*
 * outside.h - what surrounds intake, as far as a fuzz target needs it: what libmicrohttpd and Redis would say is said
 * here instead, so that only intake's own reading of the bytes is under test; so are the disk's files and the time,
 * which stands still. The other services are in inside.h.
 *
 * The header X-Fake of a request says how they take it, one letter for each turn of things: see wish(). Each answer is
 * looked at: one for each request, of a right format, without anything personal.
 */
// wraps: MHD_lookup_connection_value MHD_get_connection_values MHD_get_connection_values_n http_peer http_handle
// wraps: http_answer http_answer_header http_stream http_stream_write http_stream_end
// wraps: store_append store_appendf store_append_script store_run store_reply
// wraps: keys_read_file files_store files_read now_ms
#ifndef SIDAN_TESTS_OUTSIDE_H
#define SIDAN_TESTS_OUTSIDE_H

#include "tests/fuzz/fuzz.h"
#include "tests/unit/fixture.h"

#include "common/counties.h"
#include "common/http_internal.h"
#include "common/keys.h"
#include "common/store.h"
#include "services/intake/access.h"
#include "services/intake/files.h"
#include "services/intake/intake.h"
#include "services/intake/sheets.h"

#include <libxml/parser.h>
#include <strings.h>

#define DOOR_TOKEN "0123456789abcdef"
#define DOOR_PHONE "19900007777" /* of the resident: only shown to whom it was recorded for */
#define DOOR_ORDER "990101-000123"
#define DOOR_PART "990101-000124" /* that was placed beside it */
#define DOOR_FILE_ID "000000000000000000000000"
#define DOOR_HASH "0000000000000000000000000000000000000000000000000000000000000000"
#define DOOR_FILE "%PDF-1.4\n" /* what an attachment holds */

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

/* Redis: the commands of a pipeline have their replies when they are appended, to be read once it has run. */
static struct {
    redisReply *coming[REPLIES_MAX], *replies[REPLIES_MAX];
    size_t coming_count, count;
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
    const char *files[2][COUNTY_FILE_COUNT]; /* what these were made of */
    size_t county_count;
    bool *reached; /* by route: its handler has run */
    struct http_pairs headers, query;
    struct later *later;
    bool shown;                 /* the request itself holds DOOR_PHONE */
    const char *words;          /* what the resident wrote into the orders that are found */
    const char *wishes;         /* the header X-Fake */
    char placed[ORDER_ID_SIZE]; /* the order that the request has placed */
    uint64_t drawn;             /* how often chance was asked */
    int answers;
    json_t *json; /* the latest answer, when it was JSON */
} door;

/*
 * Whether the request wishes a certain turn of things. Of an order: c closed, t returned, j open, f screened, m
 * remarked, y taken by M1, a in the archive alone, n nowhere, h its resident was asked something; x: its contact is
 * sealed with a key that is not known; c, t and j of other matters are their other states. Of Redis: d away, o out of
 * memory, z an order of each county waits for whoever writes, l many tries, k the right sign-in code, w too many codes,
 * p an old session, i one about to end, e what belongs to an order has been placed before, r the county's config has
 * just been changed. Of the disk: d away, g no such file. Of services: u unavailable, s stale, r refused (but for an
 * order that is placed), g gone. 2: there are two counties. 6: an IPv6 address. b: a limited stranger. v: too many
 * orders. q: the client goes away. A capital: the session is that of the person with this place in the roster.
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

void __real_http_handle(struct http_request *request);
void __wrap_http_handle(struct http_request *request);
void __wrap_http_handle(struct http_request *request)
{
    door.reached[request->route - door.config.routes] = true;
    __real_http_handle(request);
}

static bool is_any_of(const char *type, const char *types)
{
    AUTOFREE char *media = xstrndup(type, strcspn(type, ";"));
    return words_have(types, media);
}

/* Nobody sees a resident's phone to whom it does not belong. */
static void check_phone(const char *data, size_t size)
{
    PROMISE(door.shown || redis.audited || !memmem(data, size, DOOR_PHONE, strlen(DOOR_PHONE)));
}

/* Pages are made of these alone, whatever somebody wrote; so nothing on them runs or is loaded. */
static void check_page(const char *body, size_t size)
{
    static const char tags[] = "!doctype html head meta title link body main h1 h2 p a form label textarea button div "
                               "table thead tbody tr th td";
    AUTOFREE char *page = xstrndup(body, size);
    for (const char *tag = strchr(page, '<'); tag; tag = strchr(tag, '<')) {
        tag += 1 + (tag[1] == '/');
        AUTOFREE char *name = xstrndup(tag, strcspn(tag, " >\n"));
        PROMISE(words_have(tags, name));
    }
}

/* What is for those who handle an order does not go to its resident. */
static void check_hidden(const json_t *json)
{
    size_t i;
    json_t *row;
    for (int field = 0; field < FIELD_COUNT; field++)
        PROMISE(!(field_info((enum field)field)->flags & INTERNAL) ||
                !json_object_get(json, field_info((enum field)field)->name));
    json_array_foreach(json_object_get(json, "rows"), i, row)
    {
        PROMISE(!json_is_string(json_object_get(row, "audience")) ||
                strcmp(json_string_value(json_object_get(row, "audience")), FOR_ALL) == 0);
        check_hidden(row);
    }
}

static void check_answer(int status, const char *type, const char *body, size_t size)
{
    PROMISE(status >= 200 && status < 600 && status != 500);
    check_phone(body, size);
    if (strncmp(type, "text/", 5) == 0 || is_any_of(type, "application/json application/problem+json image/svg+xml"))
        PROMISE(text_length(body, size) != SIZE_MAX);
    if (is_any_of(type, "application/json application/problem+json")) {
        door.json = size > 0 ? json_loadb(body, size, 0, NULL) : NULL;
        PROMISE(door.json || status == 304);
    } else if (is_any_of(type, "text/xml image/svg+xml")) {
        xmlDocPtr document =
            xmlReadMemory(body, (int)size, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
        PROMISE(document);
        xmlFreeDoc(document);
    } else if (is_any_of(type, "text/html")) {
        check_page(body, size);
    } else if (is_any_of(type, SHEETS_TYPE)) {
        PROMISE(size > 4 && memcmp(body, "PK\3\4", 4) == 0);
    } else if (is_any_of(type, "application/pdf")) {
        PROMISE(size == strlen(DOOR_FILE) && memcmp(body, DOOR_FILE, size) == 0);
    } else {
        PROMISE(is_any_of(type, "text/plain text/css text/javascript text/csv"));
    }
}

void __wrap_http_answer(struct http_request *request, int status, const char *type, const char *body, size_t size);
void __wrap_http_answer(struct http_request *request, int status, const char *type, const char *body, size_t size)
{
    PROMISE(door.answers++ == 0);
    const struct access *access = access_of(request);
    request->status = status;
    check_answer(status, type, body, size);
    if (access && access->grant.relations == RESIDENT)
        check_hidden(door.json);
}

void __wrap_http_stream(struct http_request *request, const char *type);
void __wrap_http_stream(struct http_request *request, const char *type)
{
    PROMISE(door.answers++ == 0 && strcmp(type, "text/event-stream") == 0);
    request->stream.on = true;
}

/* Whole events, so that nothing somebody wrote becomes one. */
void __wrap_http_stream_write(struct http_request *request, const char *data, size_t size);
void __wrap_http_stream_write(struct http_request *request, const char *data, size_t size)
{
    PROMISE(request->stream.on && text_length(data, size) != SIZE_MAX);
    AUTOFREE char *event = xstrndup(data, size);
    const char *end = strstr(event, "\n\n");
    PROMISE(end == event + size - 2);
    for (const char *line = event; line < end; line += strcspn(line, "\n") + 1) {
        AUTOFREE char *name = xstrndup(line, strcspn(line, ":\n"));
        PROMISE(words_have("retry event id data", name));
    }
    check_phone(data, size);
}

void __wrap_http_stream_end(struct http_request *request);
void __wrap_http_stream_end(struct http_request *request)
{
    request->stream.ended = true;
}

void __wrap_http_answer_header(struct http_request *request, const char *name, const char *value);
void __wrap_http_answer_header(struct http_request *request, const char *name, const char *value)
{
    size_t quotes = 0;
    (void)request;
    PROMISE(!strpbrk(name, "\r\n:"));
    for (const char *c = value; *c; c++) {
        PROMISE(*c >= ' ' && *c <= '~');
        quotes += *c == '"';
    }
    PROMISE(strcmp(name, "Content-Disposition") != 0 || quotes == 2);
}

/* -- Redis ------------------------------------------------------------------------------------------------------- */

static redisReply *reply_new(int type, const char *text)
{
    redisReply *reply = xcalloc(1, sizeof *reply);
    reply->type = type;
    reply->str = text ? xstrdup(text) : NULL;
    reply->len = text ? strlen(text) : 0;
    return reply;
}

static redisReply *reply_number(long long number)
{
    redisReply *reply = reply_new(REDIS_REPLY_INTEGER, NULL);
    reply->integer = number;
    return reply;
}

static redisReply *reply_text(const char *text)
{
    return reply_new(text ? REDIS_REPLY_STRING : REDIS_REPLY_NIL, text);
}

/* Takes the element over. */
static void reply_add(redisReply *list, redisReply *element)
{
    list->element = xrealloc(list->element, (list->elements + 1) * sizeof *list->element);
    list->element[list->elements++] = element;
}

/* A list of texts, ended by NULL. */
static redisReply *reply_list(const char *const texts[])
{
    redisReply *list = reply_new(REDIS_REPLY_ARRAY, NULL);
    for (; *texts; texts++)
        reply_add(list, reply_text(*texts));
    return list;
}

/* The reply of the next command, which is taken over. */
static void add_reply(redisReply *reply)
{
    PROMISE(redis.coming_count < REPLIES_MAX);
    if (wish('o')) {
        freeReplyObject(reply);
        reply = reply_new(REDIS_REPLY_ERROR, "OOM");
    }
    redis.coming[redis.coming_count++] = reply;
}

/* What was appended is answered; what was answered before is gone. */
static void run_pipeline(void)
{
    while (redis.count > 0)
        freeReplyObject(redis.replies[--redis.count]);
    memcpy(redis.replies, redis.coming, sizeof redis.coming);
    redis.count = redis.coming_count;
    redis.coming_count = 0;
}

/* "session:{990101}:..." → the session of whom the request wishes. */
static redisReply *find_session(const char *key)
{
    struct roster_entry person;
    char digest[VAULT_DIGEST_SIZE], id[7] = "", session[VAULT_DIGEST_SIZE] = "";
    size_t place = strcspn(door.wishes ? door.wishes : "", "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    PROMISE(sscanf(key, "session:{%6[0-9]}:%32s", id, session) == 2);
    const struct county *county = door_county(id);
    PROMISE(county);
    if (!door.wishes || !door.wishes[place] || !county_roster(county, (size_t)(door.wishes[place] - 'A'), &person))
        return reply_text(NULL);
    person_digest(digest, county, person.phone);
    AUTOFREE char *owner = xasprintf("session/%s", session);
    AUTOFREE char *value = xasprintf("%s %lld", digest, (long long)now_ms() + (wish('p') ? -1 : 3600000));
    AUTOFREE char *sealed = vault_seal(county->vault, owner, value, strlen(value));
    if (!wish('p')) {
        memcpy(redis.county, id, sizeof id);
        AUTOFREE char *roles = person_roles(county, digest);
        snprintf(redis.roles, sizeof redis.roles, "%s", roles);
    }
    return reply_text(sealed);
}

static void fill_order(struct record *order, const char *id); /* in inside.h */

/* "order:{990101}:990101-000123" → its hash. */
static redisReply *find_order(const char *key)
{
    const char *id = strrchr(key, ':') + 1;
    RECORD *order = record_new();
    redisReply *hash = reply_list((const char *[]){NULL});
    if (!wish('n') && matter_of(id) != MATTER_NONE)
        fill_order(order, id);
    for (int i = 0; i < FIELD_COUNT; i++) {
        enum field field = (enum field)i;
        if (!record_has(order, field) || field_info(field)->type == FIELD_REAL)
            continue;
        AUTOFREE char *digits = xasprintf("%lld", (long long)record_int(order, field));
        reply_add(hash, reply_text(field_info(field)->name));
        reply_add(hash, reply_text(field_info(field)->type == FIELD_STR ? record_str(order, field) : digits));
    }
    return hash;
}

/* "config:{990101}" → what the county is made of. */
static redisReply *find_config(const char *key)
{
    char id[7] = "", *fault = NULL;
    PROMISE(sscanf(key, "config:{%6[0-9]}", id) == 1);
    const struct county *county = door_county(id);
    AUTOFREE char *wrapped = vault_wrap(county->vault, "", county->id, &fault);
    redisReply *hash =
        reply_list((const char *[]){COUNTY_REVISION, "7", COUNTY_CHANGED, "staff.csv", COUNTY_VAULT, wrapped, NULL});
    for (enum county_file file = 0; file < COUNTY_FILE_COUNT; file++) {
        const char *text = door.files[county == door.counties[1]][file];
        AUTOFREE char *sealed = text ? county_seal_file(county->vault, file, text) : NULL;
        reply_add(hash, reply_text(sealed ? county_file_name(file) : ""));
        reply_add(hash, reply_text(sealed ? sealed : ""));
    }
    return hash;
}

/* Some changes of the county's matters, or the first or the last one. */
static redisReply *read_changes(const char *format)
{
    static const char *const changed[] = {DOOR_ORDER,       DOOR_ORDER,       "990101-H000004",
                                          "990101-J000005", "990101-L000006", "?"};
    redisReply *list = reply_list((const char *[]){NULL});
    bool all = strstr(format, "(");
    size_t first = strstr(format, "XREV") ? sizeof changed / sizeof *changed - 1 : 0;
    for (size_t i = first; i < sizeof changed / sizeof *changed && (all || i == first); i++) {
        redisReply *entry = reply_list((const char *[]){(char[]){(char)('1' + i), '-', '0', '\0'}, NULL});
        reply_add(entry, reply_list((const char *[]){"order", changed[i], NULL}));
        reply_add(list, entry);
    }
    return list;
}

/* Of what a gateway calls a person: the orders that they were asked about. */
static redisReply *find_asked(const char *key)
{
    PROMISE(strncmp(key, "asked:{", 7) == 0);
    AUTOFREE char *order = xasprintf("%.6s%s", key + 7, strchr(DOOR_ORDER, '-'));
    return reply_list((const char *[]){order, "1795399200000", NULL});
}

static redisReply *answer_command(const char *name, const char *key)
{
    if (strncmp(key, "session:{", 9) == 0 && strcmp(name, "GET") == 0)
        return find_session(key);
    if (strncmp(key, "first:{", 7) == 0 && strcmp(name, "GET") == 0)
        return reply_text(wish('e') ? DOOR_PART : NULL);
    if (strncmp(key, "config:{", 8) == 0 && strcmp(name, "HGETALL") == 0)
        return find_config(key);
    if (strcmp(name, "HGETALL") == 0)
        return find_order(key);
    if (strcmp(name, "GET") == 0 && wish('l'))
        return reply_text("10");
    if (strcmp(name, "PTTL") == 0 && !wish('i'))
        return reply_number(INT64_C(1) << 40);
    if (strcmp(name, "HGET") == 0 && !wish('n')) /* what a gateway calls an SMS */
        return reply_text(DOOR_ORDER ".0123456789abcdef01234567.1");
    if (strcmp(name, "ZRANGE") == 0)
        return reply_list((const char *[]){"0123456789abcdef", NULL});
    if (strcmp(name, "ZREVRANGE") == 0 && wish('z'))
        return find_asked(key);
    return reply_number(wish('l') ? 11 : 1);
}

void __wrap_store_append(struct store *store, size_t argc, const char *const argv[], const size_t lengths[]);
void __wrap_store_append(struct store *store, size_t argc, const char *const argv[], const size_t lengths[])
{
    (void)store, (void)lengths;
    PROMISE(argc >= 2);
    add_reply(answer_command(argv[0], argv[1]));
}

/* The first that is filled in is the key. */
void __wrap_store_appendf(struct store *store, const char *format, ...);
void __wrap_store_appendf(struct store *store, const char *format, ...)
{
    (void)store;
    va_list arguments;
    va_start(arguments, format);
    const char *key = va_arg(arguments, const char *);
    va_end(arguments);
    AUTOFREE char *name = xstrndup(format, strcspn(format, " "));
    add_reply(words_have("XRANGE XREVRANGE", name) ? read_changes(format) : answer_command(name, key));
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
        add_reply(reply_number(6400));
    else if (strcmp(script->name, "county_apply") == 0)
        add_reply(wish('r') ? reply_text(NULL) : reply_number(8));
    else
        add_reply(reply_number(strcmp(script->name, "code_use") == 0 ? wish('k') : wish('w') ? 60 : 0));
}

int __wrap_store_run(struct store *store);
int __wrap_store_run(struct store *store)
{
    (void)store;
    run_pipeline();
    if (wish('d')) {
        run_pipeline(); /* so none is kept */
        return -5;
    }
    redis.audited |= redis.appended && !wish('o');
    return 0;
}

const redisReply *__wrap_store_reply(const struct store *store, size_t index);
const redisReply *__wrap_store_reply(const struct store *store, size_t index)
{
    (void)store;
    PROMISE(index < redis.count);
    return redis.replies[index];
}

/* -- the disk ---------------------------------------------------------------------------------------------------- */

/* The master key by which counties' keys are wrapped. */
int __wrap_keys_read_file(const char *directory, const char *name, bool secret, char **ret_text, char **ret_fault);
int __wrap_keys_read_file(const char *directory, const char *name, bool secret, char **ret_text, char **ret_fault)
{
    (void)directory, (void)ret_fault;
    PROMISE(secret && strcmp(name, KEYS_MASTER) == 0);
    *ret_text = xasprintf("1 %064d\n", 1);
    return 0;
}

/* Only what its name says is stored, and under a name that leads nowhere else. */
int __wrap_files_store(const char *directory, const struct county *county, const char *order, const char *id,
                       const char *data, size_t size);
int __wrap_files_store(const char *directory, const struct county *county, const char *order, const char *id,
                       const char *data, size_t size)
{
    char of[7];
    (void)directory;
    PROMISE(order_parse(order, of, NULL) == 0 && strcmp(of, county->id) == 0);
    PROMISE(strlen(id) == FILE_ID_SIZE - 1 && strspn(id, "0123456789abcdef") == strlen(id));
    PROMISE(data && size > 0);
    return wish('d') ? -5 : 0;
}

int __wrap_files_read(const char *directory, const struct county *county, const char *order, const char *id,
                      char **ret_data, size_t *ret_size);
int __wrap_files_read(const char *directory, const struct county *county, const char *order, const char *id,
                      char **ret_data, size_t *ret_size)
{
    (void)directory, (void)county, (void)order, (void)id;
    if (wish('d') || wish('g'))
        return wish('d') ? -5 : -2;
    *ret_data = xstrdup(DOOR_FILE);
    *ret_size = strlen(DOOR_FILE);
    return 0;
}

int64_t __wrap_now_ms(void);
int64_t __wrap_now_ms(void)
{
    return fixture_now;
}

/* NOLINTEND(bugprone-reserved-identifier) */

#endif
