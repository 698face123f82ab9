/*
 * door.h - intake without its surroundings: its routes and handlers as they are, over requests made up here.
 *
 * Answers of other services come after the handler has returned, as they do. What surrounds intake is in outside.h and
 * inside.h, which also look at what it answers and asks.
 */
#ifndef SIDAN_TESTS_DOOR_H
#define SIDAN_TESTS_DOOR_H

#include "tests/fuzz/inside.h"

#include "common/log.h"
#include "services/intake/feed.h"
#include "services/intake/limits.h"
#include "services/intake/openapi.h"
#include "services/intake/web.h"

#include <sodium.h>

/* -- answers of other services ----------------------------------------------------------------------------------- */

/* Whether it is answered with a listing: "orders.list", "absence.enter". */
static bool is_question(enum message_type type)
{
    const char *name = message_info(type)->name, *what = strrchr(name, '.') + 1;
    return words_have("list read search similar alike precedents published public", what) ||
           strncmp(name, "absence.", strlen("absence.")) == 0;
}

/* What the archive answers, or of absences assignment, which always has the row. */
static void answer_question(const struct later *later)
{
    bool none = wish('n') && later->type != MSG_ENTER_ABSENCE && later->type != MSG_END_ABSENCE;
    RECORD *reply = record_new();
    record_set_rows(reply, F_ROWS);
    record_set_int(reply, F_TOTAL, 2);
    for (int i = 0; i < 2 && !none; i++) {
        struct record *row = record_add_row(reply, F_ROWS);
        if (later->type == MSG_READ_CONTACT)
            fill_contact(row, later->order);
        else
            fill_order(row, later->order);
    }
    later->done(later->arg, ANSWER_OK, MSG_LISTING, reply);
}

static void answer_later(const struct later *later)
{
    RECORD *reply = record_new();
    if (later->refusal) {
        later->done(later->arg, ANSWER_REFUSED, MSG_REFUSAL, later->refusal);
    } else if (wish('u') || wish('s')) {
        later->done(later->arg, wish('s') ? ANSWER_STALE : ANSWER_UNAVAILABLE, later->type, NULL);
    } else if ((wish('r') && later->type != MSG_PLACE_ORDER) || wish('g')) {
        record_set(reply, F_ERROR, wish('g') ? "gone" : "state");
        record_set(reply, F_DETAIL, text_length(door.words, strlen(door.words)) <= 100 ? door.words : "no");
        record_set(reply, F_FIELD, "title");
        later->done(later->arg, ANSWER_REFUSED, MSG_REFUSAL, reply);
    } else if (is_question(later->type)) {
        answer_question(later);
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
        if (later->done)
            answer_later(later);
        record_destroy(&later->refusal);
        free(later);
    }
}

/* -- a request --------------------------------------------------------------------------------------------------- */

static struct county *county_with_key(const char *id, const char *key, const char *files[COUNTY_FILE_COUNT])
{
    unsigned char hash[32];
    char hex[65];
    struct county *county = NULL;
    crypto_generichash(hash, sizeof hash, (const unsigned char *)key, strlen(key), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    memcpy(files, fixture_files, sizeof fixture_files);
    files[FILE_SETTINGS] = xasprintf("%spublic_url,https://sidan.example.cn\n", fixture_files[FILE_SETTINGS]);
    files[FILE_KEYS] = xasprintf("name,role,hash\noffice-1,office,%s\n", hex);
    files[FILE_PORTRAIT] = "dimension,measure,points,most\n办单,answers,2,60\n";
    files[FILE_STAFF] = "id,name,phone,role\nO1,聂知夏,10000005001,office\nC1,康若谷,10000005002,city\n";
    PROMISE(county_parse(id, files, fixture_fault, NULL, &county) == 0);
    county->vault = vault_new(NULL);
    return county;
}

/* More than what is drawn while the counties are made, whose secrets nothing else may be. */
enum { DRAWN_BY_COUNTIES = 1000 };

/* Chance is the same for each request, so that seeds have right tokens, and a crash comes again. */
static void draw(void *buffer, size_t size)
{
    unsigned char seed[randombytes_SEEDBYTES] = {0};
    door.drawn++;
    memcpy(seed, &door.drawn, sizeof door.drawn);
    randombytes_buf_deterministic(buffer, size, seed);
}

static uint32_t draw_number(void)
{
    uint32_t drawn;
    draw(&drawn, sizeof drawn);
    return drawn;
}

static const char *draw_name(void)
{
    return "fuzz";
}

static void door_open(void)
{
    static const struct param table[] = {
        {"call_ms", PARAM_INT, "5000", 1, 60000, "ms", ""},
        {"remember_days", PARAM_INT, "7", 1, 400, "days", ""},
        {"session_s", PARAM_INT, "604800", 1, 7776000, "s", ""},
        {"session_idle_s", PARAM_INT, "43200", 1, 7776000, "s", ""},
        {"codes_burst", PARAM_INT, "5", 1, 100000, "", ""},
        {"codes_per_hour", PARAM_INT, "3", 1, 3600, "", ""},
        {"gateway_token", PARAM_STR, DOOR_TOKEN, 0, 100, "", ""},
        {"attachments_dir", PARAM_STR, "/nowhere", 1, 500, "", ""},
        {"attachments_max", PARAM_INT, "20", 0, 40, "", ""},
        {"keys", PARAM_STR, "/nowhere", 0, 500, "", ""},
    };
    static struct randombytes_implementation chance = {
        .implementation_name = draw_name, .random = draw_number, .buf = draw};
    static const struct redis_access nowhere = {.url = "unix:/nowhere", .timeout_ms = 100};
    static const char proxies[] = "127.0.0.1 10.0.0.1 2001:db8::7";
    char error[DIAL_ERROR_SIZE];
    if (door.params)
        return;
    PROMISE(randombytes_set_implementation(&chance) == 0 && sodium_init() >= 0);
    log_open("fuzz", LEVEL_ERROR);
    door.params = params_new((const struct param *[]){table}, (size_t[]){sizeof table / sizeof *table}, 1);
    PROMISE(params_load(door.params, NULL, 0, NULL, stderr) == 0);
    door.store = store_new(&nowhere, error);
    door.generous = limits_new(1, 0, proxies);
    door.strict = limits_new(0, 1, proxies);
    door.counties[0] = county_with_key("990101", door_keys[0], door.files[0]);
    door.counties[1] = county_with_key("990102", door_keys[1], door.files[1]);
    door.config.routes = door.intake.routes = intake_routes(&door.config.route_count);
    door.reached = xcalloc(door.config.route_count, sizeof *door.reached);
    json_t *document = openapi_make(door.config.routes, door.config.route_count);
    door.intake.document = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    door.intake.feed = feed_new(NULL, 1000, 10);
    /* What stands for the pages that are built. */
    PROMISE(web_open("tests/fuzz/web", &door.intake.web) == 0);
    door.server.config = &door.config;
    door.config.arg = &door.intake;
    door.connection.server = &door.server;
    door.intake.serials = serials_new(door.store);
}

static bool admitted(struct http_request *request)
{
    request->admitted = request->admitted || access_admit(&door.intake, request, request->route->permission);
    return request->admitted;
}

/* Takes the body piece by piece, as an upload arrives. False: answered already. */
static bool take_pieces(struct http_request *request, const char *body, size_t size)
{
    for (size_t at = 0; at < size; at += 50) {
        request->phase = PHASE_BODY;
        if (!admitted(request) ||
            request->route->piece(&door.intake, request, body + at, size - at < 50 ? size - at : 50) != 0)
            return false;
        if (request->paused)
            answer_all();
    }
    return true;
}

static void take_whole(struct http_request *request, const char *body, size_t size)
{
    request->body = xstrndup("", 0);
    request->body = xrealloc(request->body, size + 1);
    memcpy(request->body, body, size);
    request->body[size] = '\0';
    request->body_size = size;
}

static void door_handle(struct http_request *request, const char *body, size_t size)
{
    int status;
    const char *detail;
    http_request_route(request);
    if (http_guard_head(request, &status, &detail)) {
        PROMISE(status == 400 || status == 411 || status == 415);
        return;
    }
    if (!request->route)
        return;
    bool whole = true;
    if (request->route->piece)
        whole = take_pieces(request, body, size);
    else if (size > 0)
        take_whole(request, body, size);
    request->phase = PHASE_HANDLING;
    if (whole && request->route->piece && wish('q')) { /* the client goes in the middle of an upload */
        http_request_destroy(&door.connection.request);
        door.answers++;
    } else if (whole && admitted(request)) {
        http_handle(request);
    }
    answer_all();
    feed_turn(door.intake.feed);
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
    /* Its beginning may come from an escape in JSON: \u0019900007777. */
    door.shown = strstr(words, &DOOR_PHONE[2]) || strstr(path, DOOR_PHONE) || holds_phone(&door.headers) ||
                 holds_phone(&door.query);
    door.words = is_text(words) ? words : "路灯";
    door.wishes = door_header("X-Fake");
    door.county_count = wish('2') ? 2 : 1;
    door.intake.limits = wish('b') ? door.strict : door.generous;
    door.intake.admission = (struct admission){.rate = ADMISSION_MAX, .residents = wish('v') ? 0 : 1, .imports = 1e6};
    door.intake.admission.filled_at = mono_ms();
    door.answers = 0;
    door.drawn = DRAWN_BY_COUNTIES;
    json_decref(door.json);
    door.json = NULL;
    run_pipeline(); /* what the request before has left */
    redis.audited = redis.appended = false;
    *redis.county = *redis.roles = *door.placed = '\0';
    door.connection.request = http_request_new(&door.connection, path);
    free(door.connection.request->method);
    door.connection.request->method = method;
    door_handle(door.connection.request, body, size);
    http_request_destroy(&door.connection.request);
    http_pairs_clear(&door.headers);
    http_pairs_clear(&door.query);
}

#endif
