/*
 * api.c - the native JSON API: placing orders, looking at them, the steps of
 * members and office, lists and searches.
 *
 * Each request is checked here (who, which order, does the body fit the
 * message) and then becomes a message; all rules are with the service that
 * owns the matter. What a request needs while it waits is a struct ask,
 * attached to the request and freed with it. A service that does not answer
 * in time is a 503; a retry with the same Idempotency-Key is safe.
 */
#include "services/intake/access.h"
#include "services/intake/intake.h"
#include "services/intake/json.h"

#include "common/alloc.h"
#include "common/text.h"

#include <errno.h>
#include <string.h>

enum { MAX_BODY = 128 * 1024, KEY_MAX = 128, LIMIT_DEFAULT = 100, LIMIT_MAX = 1000 };

struct ask {
    struct intake *intake;
    struct http_request *request;
    struct access access;
};

static struct ask *ask_new(struct intake *intake, struct http_request *request)
{
    struct ask *ask = xcalloc(1, sizeof *ask);
    ask->intake = intake;
    ask->request = request;
    http_attach(request, ask, free);
    return ask;
}

static void answer_fault(struct ask *ask, const struct fault *fault)
{
    intake_answer_error(ask->request, 400, fault->error, fault->field, fault->detail);
}

static void on_reply(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct ask *ask = arg;
    if (!intake_answer_failure(ask->request, status, reply))
        intake_answer_json(ask->request, 200, json_from_record(reply, NULL, 0));
}

/*
 * The caller's Idempotency-Key together with what is asked: somebody else's
 * key, guessed or the same by chance, must not lead to somebody else's answer.
 * Writes "" when there is none. False after answering 400.
 */
static bool read_idempotency(struct ask *ask, char digest[DIGEST_SIZE])
{
    const char *key = http_header(ask->request, "Idempotency-Key");
    size_t size;
    digest[0] = '\0';
    if (!key)
        return true;
    if (strlen(key) == 0 || strlen(key) > KEY_MAX) {
        intake_answer_error(ask->request, 400, "invalid", "Idempotency-Key", "the key must have 1 to 128 characters");
        return false;
    }
    intake_digest(digest, (const char *const[]){"api", http_path(ask->request), key, http_body(ask->request, &size)},
                  4);
    return true;
}

/* -- POST /orders ------------------------------------------------------------------------------------------------ */

static void on_placed(void *arg, const struct placement *placed)
{
    struct ask *ask = arg;
    if (placed->status == ANSWER_REFUSED) {
        intake_answer_error(ask->request, intake_status_of(placed->error), placed->error, placed->field,
                            placed->detail);
        return;
    }
    if (placed->status != ANSWER_OK) {
        intake_answer_error(ask->request, 503, placed->error, NULL, NULL);
        return;
    }
    AUTOFREE char *location = xasprintf("/api/v1/orders/%s", placed->order);
    http_answer_header(ask->request, "Location", location);
    intake_answer_json(
        ask->request, 201,
        json_pack("{s:s, s:s, s:s}", "order", placed->order, "code", placed->code, "state", STATE_PLACED));
}

static void post_order(void *arg, struct http_request *request)
{
    static const enum field reserved[] = {F_SOURCE, FIELD_COUNT};
    struct ask *ask = ask_new(arg, request);
    RECORD *message = record_new();
    struct fault fault;
    char idempotency[DIGEST_SIZE];
    size_t size;
    const char *body = http_body(request, &size);
    if (json_to_record(body, size, MSG_PLACE_ORDER, reserved, message, &fault) < 0 ||
        record_check(message, MSG_PLACE_ORDER, &fault) < 0) {
        answer_fault(ask, &fault);
        return;
    }
    const struct county *county = service_county(ask->intake->service, record_str(message, F_COUNTY));
    if (!county) {
        intake_answer_error(request, 404, "unknown", "county",
                            "no county has this code: use its 6-digit division code");
        return;
    }
    if (read_idempotency(ask, idempotency))
        intake_submit_order(ask->intake, county, message, "api", *idempotency ? idempotency : NULL,
                            intake_remember(ask->intake), on_placed, ask);
}

/* -- one order --------------------------------------------------------------------------------------------------- */

static json_t *shown(const struct record *order)
{
    enum field fields[FIELD_COUNT];
    size_t count = 0;
    for (int field = 0; field < FIELD_COUNT; field++) {
        if (!(field_info((enum field)field)->flags & (PERSONAL | MARK)))
            fields[count++] = (enum field)field;
    }
    return json_from_record(order, fields, count);
}

static void on_archived(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct ask *ask = arg;
    if (intake_answer_failure(ask->request, status, reply))
        return;
    if (record_rows(reply, F_ROWS) == 0)
        intake_answer_error(ask->request, 404, "unknown", "order", NULL);
    else
        intake_answer_json(ask->request, 200, shown(record_row(reply, F_ROWS, 0)));
}

static void get_order(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    if (!access_order(ask->intake, request, ACCESS_CODE | ACCESS_OFFICE, &ask->access))
        return;
    RECORD *order = record_new();
    const char *county = ask->access.county->id, *number = ask->access.order;
    if (service_load_order(ask->intake->service, county, number, order) == 0) {
        intake_answer_json(request, 200, shown(order));
        return;
    }
    RECORD *question = record_new();
    record_set(question, F_ORDERS, number);
    service_call(ask->intake->service, county, "", MSG_LIST_ORDERS, question, NULL, intake_call_ms(ask->intake),
                 on_archived, ask);
}

/* A resident sees what happened; who was told by SMS, and notes, are the office's. */
static json_t *history_of(const struct record *listing, bool office)
{
    static const enum field open[] = {F_AT, F_STEP, F_STATE, F_OUTCOME, F_ANSWER, F_REASON, F_RETURN_TO};
    json_t *rows = json_array();
    for (size_t i = 0; i < record_rows(listing, F_ROWS); i++) {
        const struct record *row = record_row(listing, F_ROWS, i);
        if (office)
            json_array_append_new(rows, json_from_record(row, NULL, 0));
        else if (record_has(row, F_STEP))
            json_array_append_new(rows, json_from_record(row, open, sizeof open / sizeof *open));
    }
    return json_pack("{s:I, s:o}", "total", (json_int_t)json_array_size(rows), "rows", rows);
}

static void on_history(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct ask *ask = arg;
    if (!intake_answer_failure(ask->request, status, reply))
        intake_answer_json(ask->request, 200, history_of(reply, ask->access.key != NULL));
}

static void get_history(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    if (!access_order(ask->intake, request, ACCESS_CODE | ACCESS_OFFICE, &ask->access))
        return;
    RECORD *question = record_new();
    record_set(question, F_ORDER, ask->access.order);
    service_call(ask->intake->service, ask->access.county->id, "", MSG_READ_HISTORY, question, NULL,
                 intake_call_ms(ask->intake), on_history, ask);
}

/* -- what is done to an order ------------------------------------------------------------------------------------ */

static const struct action {
    const char *word;
    enum message_type type;
    int who;
} actions[] = {
    {"screen", MSG_SCREEN, ACCESS_OFFICE},
    {"claim", MSG_CLAIM, ACCESS_OFFICE},
    {"handover", MSG_HANDOVER, ACCESS_OFFICE},
    {"answer", MSG_GIVE_ANSWER, ACCESS_OFFICE},
    {"reassign", MSG_REASSIGN, ACCESS_OFFICE},
    {"decide", MSG_DECIDE, ACCESS_OFFICE},
    {"rating", MSG_RATE, ACCESS_OFFICE | ACCESS_CODE},
};

static const struct action *find_action(const char *word)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(actions[i].word, word) == 0)
            return &actions[i];
    }
    return NULL;
}

/* Who acts: the resident with the code; the office says who, else it is the office itself. */
static void set_actor(const struct access *access, enum message_type type, struct record *message)
{
    if (!message_field(message_info(type), F_ACTOR))
        return;
    if (!access->key)
        record_set(message, F_ACTOR, "resident");
    else if (!record_has(message, F_ACTOR))
        record_printf(message, F_ACTOR, "office:%s", access->key->name);
}

static void post_action(void *arg, struct http_request *request)
{
    static const enum field reserved[] = {FIELD_COUNT};
    struct ask *ask = ask_new(arg, request);
    const struct action *action = find_action(http_segment(request, "action"));
    if (!action) {
        intake_answer_error(request, 404, "no_such_path", NULL, NULL);
        return;
    }
    if (!access_order(ask->intake, request, action->who, &ask->access))
        return;
    RECORD *message = record_new();
    struct fault fault;
    size_t size;
    const char *body = http_body(request, &size);
    int r = json_to_record(body, size, action->type, reserved, message, &fault);
    if (r == 0) {
        set_actor(&ask->access, action->type, message);
        r = record_check(message, action->type, &fault);
    }
    if (r < 0) {
        answer_fault(ask, &fault);
        return;
    }
    char idempotency[DIGEST_SIZE];
    if (read_idempotency(ask, idempotency))
        service_call(ask->intake->service, ask->access.county->id, ask->access.order, action->type, message,
                     *idempotency ? idempotency : NULL, intake_call_ms(ask->intake), on_reply, ask);
}

/* -- lists ------------------------------------------------------------------------------------------------------- */

/* The county in the query, for its office; NULL after answering an error. */
static const struct county *office_county(struct ask *ask)
{
    const char *id = http_query(ask->request, "county"), *key = intake_request_key(ask->request);
    const struct county *county = intake_county(ask->intake, id);
    if (!key)
        intake_answer_error(ask->request, 401, "unauthorized", NULL, NULL);
    else if (!county)
        intake_answer_error(ask->request, 404, "unknown", "county", "no county has this code: give ?county=");
    else if (!intake_may(county, key, "office"))
        intake_answer_error(ask->request, 403, "forbidden", NULL, NULL);
    else
        return county;
    return NULL;
}

/* Takes a text of the query into a field; commas may stand for spaces. */
static void take_text(const struct http_request *request, const char *name, struct record *question, enum field field)
{
    const char *value = http_query(request, name);
    if (!value || !*value)
        return;
    AUTOFREE char *words = xstrdup(value);
    for (char *c = strchr(words, ','); c && field == F_STATES; c = strchr(c, ','))
        *c = ' ';
    record_set(question, field, words);
}

static bool take_number(struct ask *ask, const char *name, int64_t min, int64_t max, int64_t initial,
                        struct record *question, enum field field)
{
    const char *value = http_query(ask->request, name);
    int64_t number = initial;
    if (value && parse_int(value, min, max, &number) < 0) {
        AUTOFREE char *detail = xasprintf("give a whole number from %lld to %lld", (long long)min, (long long)max);
        intake_answer_error(ask->request, 400, "invalid", name, detail);
        return false;
    }
    record_set_int(question, field, number);
    return true;
}

static void ask_list(struct ask *ask, const struct county *county, enum message_type type, struct record *question)
{
    struct fault fault;
    if (!take_number(ask, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, question, F_LIMIT) ||
        !take_number(ask, "offset", 0, INT32_MAX, 0, question, F_OFFSET))
        return;
    if (record_check(question, type, &fault) < 0) {
        answer_fault(ask, &fault);
        return;
    }
    service_call(ask->intake->service, county->id, "", type, question, NULL, intake_call_ms(ask->intake), on_reply,
                 ask);
}

static void get_orders(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    const struct county *county = office_county(ask);
    if (!county)
        return;
    RECORD *question = record_new();
    take_text(request, "state", question, F_STATES);
    take_text(request, "group", question, F_GROUP);
    take_text(request, "town", question, F_TOWN);
    ask_list(ask, county, MSG_LIST_ORDERS, question);
}

static void get_cases(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    const struct county *county = office_county(ask);
    if (!county)
        return;
    RECORD *question = record_new();
    take_text(request, "q", question, F_QUERY);
    ask_list(ask, county, MSG_SEARCH_CASES, question);
}

const struct http_route api_routes[] = {
    {.method = "POST", .path = "/api/v1/orders", .handle = post_order, .max_body = MAX_BODY},
    {.method = "GET", .path = "/api/v1/orders", .handle = get_orders},
    {.method = "GET", .path = "/api/v1/orders/{id}", .handle = get_order},
    {.method = "GET", .path = "/api/v1/orders/{id}/history", .handle = get_history},
    {.method = "POST", .path = "/api/v1/orders/{id}/{action}", .handle = post_action, .max_body = MAX_BODY},
    {.method = "GET", .path = "/api/v1/cases", .handle = get_cases},
};
const size_t api_route_count = sizeof api_routes / sizeof *api_routes;
