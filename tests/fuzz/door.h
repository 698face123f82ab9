/*
 * door.h - intake without its surroundings: its routes and handlers as they are, over requests made up here.
 *
 * What libmicrohttpd, Redis and the other services would say is said here instead (see `wraps` in the targets), so
 * that only intake's own reading of the bytes is under test. Answers of other services come after the handler has
 * returned, as they do. Each answer is looked at: one for each request, of a right format, without anything personal.
 */
#ifndef SIDAN_TESTS_DOOR_H
#define SIDAN_TESTS_DOOR_H

#include "tests/fuzz/fuzz.h"
#include "tests/unit/fixture.h"

#include "common/http_internal.h"
#include "common/log.h"
#include "common/store.h"
#include "services/intake/intake.h"

#include <hiredis/hiredis.h>
#include <libxml/parser.h>
#include <sodium.h>
#include <strings.h>

#define DOOR_TOKEN "0123456789abcdef"
#define DOOR_KEY "office-key"
#define DOOR_PHONE "19900007777" /* of the resident: must never be shown */

struct later {
    struct later *next;
    answer_fn *done;
    void *arg;
    enum message_type type;
    char order[ORDER_ID_SIZE];
    struct record *refusal; /* of a handler; else NULL */
};

static struct {
    struct intake intake;
    struct http_config config;
    struct http_server server;
    struct http_connection connection;
    struct params *params;
    struct store *store;
    struct county *counties[2];
    size_t county_count;
    struct http_pairs headers, query;
    struct later *later;
    bool shown;         /* the request itself holds DOOR_PHONE */
    const char *words;  /* what the resident wrote into the orders that are found */
    const char *wishes; /* the header X-Fake: see wish() */
    redisReply reply;
    int answers;
    json_t *json; /* the latest answer, when it was JSON */
} door;

/* Whether the request's header X-Fake asks for a certain turn of things. */
static bool wish(char letter)
{
    return door.wishes && strchr(door.wishes, letter);
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker wants these names */

/* -- libmicrohttpd ----------------------------------------------------------------------------------------------- */

const char *__wrap_MHD_lookup_connection_value(struct MHD_Connection *mhd, enum MHD_ValueKind kind, const char *key);
const char *__wrap_MHD_lookup_connection_value(struct MHD_Connection *mhd, enum MHD_ValueKind kind, const char *key)
{
    (void)mhd;
    const struct http_pairs *pairs = kind == MHD_HEADER_KIND ? &door.headers : &door.query;
    for (size_t i = 0; i < pairs->count; i++)
        if ((kind == MHD_HEADER_KIND ? strcasecmp : strcmp)(pairs->at[i].name, key) == 0)
            return pairs->at[i].value;
    return NULL;
}

static void check_answer(int status, const char *type, const char *body, size_t size)
{
    PROMISE(status >= 200 && status < 600 && status != 500);
    PROMISE(strlen(body) == size && (door.shown || !strstr(body, DOOR_PHONE)));
    if (strncmp(type, "application/json", 16) == 0) {
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

/* -- Redis: tries are few, numbers plenty ------------------------------------------------------------------------ */

void __wrap_store_appendf(struct store *store, const char *format, ...);
void __wrap_store_appendf(struct store *store, const char *format, ...)
{
    (void)store;
    door.reply.integer = strncmp(format, "INCRBY", 6) == 0 ? 6400 : 1;
}

int __wrap_store_run(struct store *store);
int __wrap_store_run(struct store *store)
{
    (void)store;
    return wish('d') ? -5 : 0;
}

const redisReply *__wrap_store_reply(const struct store *store, size_t index);
const redisReply *__wrap_store_reply(const struct store *store, size_t index)
{
    (void)store, (void)index;
    return &door.reply;
}

/* -- the service ------------------------------------------------------------------------------------------------- */

const struct params *__wrap_service_params(const struct service *service);
const struct params *__wrap_service_params(const struct service *service)
{
    (void)service;
    return door.params;
}

struct store *__wrap_service_store(struct service *service);
struct store *__wrap_service_store(struct service *service)
{
    (void)service;
    return door.store;
}

const struct county *__wrap_service_county(struct service *service, const char *id);
const struct county *__wrap_service_county(struct service *service, const char *id)
{
    (void)service;
    for (size_t i = 0; i < door.county_count; i++)
        if (strcmp(door.counties[i]->id, id) == 0)
            return door.counties[i];
    return NULL;
}

size_t __wrap_service_county_count(const struct service *service);
size_t __wrap_service_county_count(const struct service *service)
{
    (void)service;
    return door.county_count;
}

const struct county *__wrap_service_county_at(const struct service *service, size_t index);
const struct county *__wrap_service_county_at(const struct service *service, size_t index)
{
    (void)service;
    return door.counties[index];
}

/* An order as it may stand, with the words of the request in it. */
static void fill_order(struct record *order)
{
    static const enum field texts[] = {F_TITLE, F_TEXT,   F_PLACE,   F_ANSWER,    F_REASON, F_RETURN_TO,
                                       F_NOTE,  F_DETAIL, F_MEMBERS, F_MEDIA_URL, F_EMAIL,  F_SOURCE_REF};
    size_t length = text_length(door.words, strlen(door.words));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (length <= field_info(texts[i])->max)
            record_set(order, texts[i], door.words);
    record_set(order, F_ORDER, "990101-000123");
    record_set(order, F_STATE, wish('c') ? STATE_CLOSED : wish('t') ? STATE_RETURNED : STATE_ANSWERED);
    record_set(order, F_STEP, wish('m') ? "remarked" : "answered");
    record_set(order, F_CATEGORY, "roads");
    record_set(order, F_PHONE, DOOR_PHONE);
    record_set_int(order, F_PUBLIC, 1);
    record_set_int(order, F_VER, 4);
    record_set_int(order, F_DUE, fixture_now);
    record_set_int(order, F_PLACED_AT, fixture_now);
    record_set_real(order, F_LAT, 29.788125);
}

int __wrap_service_load_order(struct service *service, const char *county, const char *order, struct record *ret_order);
int __wrap_service_load_order(struct service *service, const char *county, const char *order, struct record *ret_order)
{
    (void)service;
    char of[7];
    PROMISE(order_parse(order, of, NULL) == 0 && strcmp(of, county) == 0);
    record_clear(ret_order);
    if (wish('d') || wish('n'))
        return wish('d') ? -5 : -2;
    fill_order(ret_order);
    return 0;
}

static struct later *ask(const char *county, const char *order, enum message_type type, const struct record *message,
                         const char *idempotency, answer_fn *done, void *arg)
{
    struct fault fault;
    char of[7];
    PROMISE(__wrap_service_county(NULL, county));
    PROMISE(!*order || (order_parse(order, of, NULL) == 0 && strcmp(of, county) == 0));
    PROMISE(record_check(message, type, &fault) == 0);
    PROMISE(!idempotency || (*idempotency && strlen(idempotency) <= 128));
    struct later *later = xcalloc(1, sizeof *later);
    *later = (struct later){.next = door.later, .done = done, .arg = arg, .type = type};
    snprintf(later->order, sizeof later->order, "%s", order);
    return door.later = later;
}

void __wrap_service_call(struct service *service, const char *county, const char *order, enum message_type type,
                         const struct record *message, const char *idempotency, int64_t deadline_ms, answer_fn *done,
                         void *arg);
void __wrap_service_call(struct service *service, const char *county, const char *order, enum message_type type,
                         const struct record *message, const char *idempotency, int64_t deadline_ms, answer_fn *done,
                         void *arg)
{
    (void)service;
    PROMISE(deadline_ms > 0);
    ask(county, order, type, message, idempotency, done, arg);
}

void __wrap_service_submit(struct service *service, const char *county, const char *order, enum message_type type,
                           const struct record *message, const char *idempotency, int64_t remember, answer_fn *done,
                           void *arg);
void __wrap_service_submit(struct service *service, const char *county, const char *order, enum message_type type,
                           const struct record *message, const char *idempotency, int64_t remember, answer_fn *done,
                           void *arg)
{
    (void)service;
    PROMISE(remember > 0);
    struct later *later = ask(county, order, type, message, idempotency, done, arg);
    RECORD *none = record_new();
    struct outcome *outcome = outcome_new();
    struct context context = fixture_context(__wrap_service_county(NULL, county));
    context.order_id = order;
    place_order(&context, none, message, outcome);
    struct fault fault;
    enum message_type answer;
    PROMISE(outcome_verdict(outcome) != VERDICT_LATER);
    for (size_t i = 0; i < outcome_message_count(outcome); i++) {
        RECORD *sent = record_new();
        record_copy_all(sent, outcome_message(outcome, i));
        record_set_int(sent, F_AT, 1);
        PROMISE(record_check(sent, outcome_message_type(outcome, i), &fault) == 0);
    }
    if (outcome_verdict(outcome) == VERDICT_REFUSED) {
        later->refusal = record_new();
        record_copy_all(later->refusal, outcome_answer(outcome, &answer));
    }
    outcome_destroy(&outcome);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* -- answers of other services ----------------------------------------------------------------------------------- */

static bool is_question(enum message_type type)
{
    return type == MSG_LIST_ORDERS || type == MSG_LIST_UPDATES || type == MSG_READ_HISTORY || type == MSG_SEARCH_CASES;
}

static void answer_later(const struct later *later)
{
    RECORD *reply = record_new();
    if (later->refusal) {
        later->done(later->arg, ANSWER_REFUSED, MSG_REFUSAL, later->refusal);
    } else if (wish('u') || wish('s')) {
        later->done(later->arg, wish('s') ? ANSWER_STALE : ANSWER_UNAVAILABLE, later->type, NULL);
    } else if (wish('r') || wish('g')) {
        record_set(reply, F_ERROR, wish('g') ? "gone" : "state");
        record_set(reply, F_DETAIL, text_length(door.words, strlen(door.words)) <= 100 ? door.words : "no");
        record_set(reply, F_FIELD, "title");
        later->done(later->arg, ANSWER_REFUSED, MSG_REFUSAL, reply);
    } else if (is_question(later->type)) {
        record_set_rows(reply, F_ROWS);
        record_set_int(reply, F_TOTAL, 2);
        for (int i = 0; i < 2 && !wish('n'); i++)
            fill_order(record_add_row(reply, F_ROWS));
        later->done(later->arg, ANSWER_OK, MSG_LISTING, reply);
    } else {
        record_set(reply, F_ORDER, later->order);
        record_set(reply, F_STATE, STATE_OPEN);
        record_set_int(reply, F_VER, 2);
        later->done(later->arg, ANSWER_OK, MSG_DONE, reply);
    }
}

/* All that was asked is answered, and what is asked then, too. */
static void answer_all(void)
{
    while (door.later) {
        struct later *later = door.later;
        door.later = later->next;
        answer_later(later);
        record_destroy(&later->refusal);
        free(later);
    }
}

/* -- a request --------------------------------------------------------------------------------------------------- */

static struct county *county_with_key(const char *id)
{
    unsigned char hash[32];
    char hex[65];
    const char *files[COUNTY_FILE_COUNT];
    struct county *county = NULL;
    crypto_generichash(hash, sizeof hash, (const unsigned char *)DOOR_KEY, strlen(DOOR_KEY), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    AUTOFREE char *keys = xasprintf("name,role,hash\noffice-1,office,%s\n", hex);
    memcpy(files, fixture_files, sizeof files);
    files[FILE_KEYS] = keys;
    PROMISE(county_parse(id, files, fixture_fault, NULL, &county) == 0);
    return county;
}

static void door_add_routes(const struct http_route *routes, size_t count)
{
    door.intake.routes = xrealloc(door.intake.routes, (door.config.route_count + count) * sizeof *door.intake.routes);
    memcpy(door.intake.routes + door.config.route_count, routes, count * sizeof *routes);
    door.config.route_count += count;
    door.config.routes = door.intake.routes;
}

static void door_open(void)
{
    static const struct param table[] = {
        {"call_ms", PARAM_INT, "5000", 1, 60000, "ms", ""},
        {"remember_days", PARAM_INT, "7", 1, 400, "days", ""},
        {"gateway_token", PARAM_STR, DOOR_TOKEN, 0, 100, "", ""},
    };
    if (door.params)
        return;
    log_open("fuzz", LEVEL_ERROR);
    door.params = params_new((const struct param *[]){table}, (size_t[]){sizeof table / sizeof *table}, 1);
    PROMISE(params_load(door.params, NULL, 0, NULL, stderr) == 0);
    door.store = store_new("unix:/nowhere", 100);
    door.reply.type = REDIS_REPLY_INTEGER;
    door.counties[0] = county_with_key("990101");
    door.counties[1] = county_with_key("990102");
    door_add_routes(api_routes, api_route_count);
    door_add_routes(import_routes, import_route_count);
    door_add_routes(gateway_routes, gateway_route_count);
    door_add_routes(open311_routes, open311_route_count);
    door.server.config = &door.config;
    door.config.arg = &door.intake;
    door.connection.server = &door.server;
    door.intake.serials = serials_new(door.store);
}

/* Takes the body piece by piece, as an upload arrives. False: answered already. */
static bool take_pieces(struct http_request *request, const char *body, size_t size)
{
    for (size_t at = 0; at < size; at += 50) {
        request->phase = PHASE_BODY;
        if (request->route->piece(&door.intake, request, body + at, size - at < 50 ? size - at : 50) != 0)
            return false;
        if (request->paused)
            answer_all();
    }
    return true;
}

static void door_handle(struct http_request *request, const char *body, size_t size)
{
    http_request_route(request);
    if (!request->route)
        return;
    bool whole = true;
    if (request->route->piece) {
        whole = take_pieces(request, body, size);
    } else if (size > 0) {
        request->body = xstrndup("", 0);
        request->body = xrealloc(request->body, size + 1);
        memcpy(request->body, body, size);
        request->body[size] = '\0';
        request->body_size = size;
    }
    if (whole && !(request->route->piece && wish('q')))
        request->route->handle(&door.intake, request);
    else if (whole) { /* the client goes in the middle of an upload */
        http_request_destroy(&door.connection.request);
        door.answers++;
    }
    answer_all();
    PROMISE(door.answers == 1);
}

static bool holds_phone(const struct http_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strstr(pairs->at[i].name, DOOR_PHONE) || strstr(pairs->at[i].value, DOOR_PHONE))
            return true;
    return false;
}

/* One request and its answer. method and path are taken over; headers and query stand in `door`. */
static void door_request(char *method, char *path, const char *body, size_t size)
{
    AUTOFREE char *words = xstrndup(body, size);
    door.shown =
        strstr(words, DOOR_PHONE) || strstr(path, DOOR_PHONE) || holds_phone(&door.headers) || holds_phone(&door.query);
    door.words = is_text(words) ? words : "路灯";
    door.wishes = __wrap_MHD_lookup_connection_value(NULL, MHD_HEADER_KIND, "X-Fake");
    door.county_count = wish('2') ? 2 : 1;
    door.answers = 0;
    json_decref(door.json);
    door.json = NULL;
    door.connection.request = http_request_new(&door.connection, path);
    free(door.connection.request->method);
    door.connection.request->method = method;
    door.connection.request->phase = PHASE_HANDLING;
    door_handle(door.connection.request, body, size);
    http_request_destroy(&door.connection.request);
    http_pairs_clear(&door.headers);
    http_pairs_clear(&door.query);
}

#endif
