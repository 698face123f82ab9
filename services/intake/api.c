/*
 * api.c - the native JSON API: placing orders, looking at them, the steps of
 * members and office, lists and searches.
 *
 * Who may, and which order it is, has been decided before (access.c). Here a
 * body becomes a message; all rules are with the service that owns the matter. What a request needs while it waits is a
 * struct ask, attached to the request and freed with it. A service that does not answer in time is a 503; a retry with
 * the same Idempotency-Key is safe.
 */
#include "services/intake/access.h"
#include "services/intake/intake.h"
#include "services/intake/json.h"

#include "common/alloc.h"
#include "common/audit.h"
#include "common/calendar.h"
#include "common/order.h"
#include "common/store.h"
#include "common/text.h"

#include <errno.h>
#include <string.h>

enum { MAX_BODY = 128 * 1024, KEY_MAX = 128, LIMIT_DEFAULT = 100, LIMIT_MAX = 1000 };

struct ask {
    struct intake *intake;
    struct http_request *request;
    const struct access *access;
};

static struct ask *ask_new(struct intake *intake, struct http_request *request)
{
    struct ask *ask = xcalloc(1, sizeof *ask);
    ask->intake = intake;
    ask->request = request;
    ask->access = access_of(request);
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
 * The caller's Idempotency-Key together with what is asked, and by whom: somebody else's
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
    const char *actor = ask->access->grant.actor;
    intake_digest(digest,
                  (const char *const[]){"api", http_path(ask->request), key, http_body(ask->request, &size), actor},
                  *actor ? 5 : 4);
    return true;
}

/* -- POST /orders ------------------------------------------------------------------------------------------------ */

static void on_placed(void *arg, const struct placement *placed)
{
    struct ask *ask = arg;
    if (placed->status == ANSWER_REFUSED) {
        if (placed->wait > 0)
            intake_retry_in(ask->request, placed->wait);
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
    static const enum field reserved[] = {F_SOURCE, F_VIA, FIELD_COUNT};
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
    const struct api_key *key = access_county_key(request, county);
    if (key)
        record_printf(message, F_VIA, "key:%s", key->name);
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

static void get_order(void *arg, struct http_request *request)
{
    (void)arg;
    intake_answer_json(request, 200, shown(access_of(request)->record));
}

/* A resident sees what happened; who was told by SMS, and notes, are for those who handle the order. */
static json_t *history_of(const struct record *listing, bool notes)
{
    static const enum field open[] = {F_AT, F_STEP, F_STATE, F_OUTCOME, F_ANSWER, F_REASON, F_RETURN_TO};
    json_t *rows = json_array();
    for (size_t i = 0; i < record_rows(listing, F_ROWS); i++) {
        const struct record *row = record_row(listing, F_ROWS, i);
        if (notes)
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
        intake_answer_json(ask->request, 200, history_of(reply, access_may(ask->access, PERMIT_ORDER_NOTES)));
}

static void get_history(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    RECORD *question = record_new();
    record_set(question, F_ORDER, ask->access->order);
    service_call(ask->intake->service, ask->access->county, "", MSG_READ_HISTORY, question, NULL,
                 intake_call_ms(ask->intake), on_history, ask);
}

/* -- what is done to an order ------------------------------------------------------------------------------------ */

/* The message that a route becomes, by the last part of its path; `early` while routing owns the order. */
static const struct action {
    const char *verb;
    enum message_type type, early;
} actions[] = {
    {"screen", MSG_SCREEN, MSG_SCREEN},       {"merge", MSG_MERGE, MSG_MERGE_EARLY},
    {"unmerge", MSG_UNMERGE, MSG_UNMERGE},    {"claim", MSG_CLAIM, MSG_CLAIM},
    {"handover", MSG_HANDOVER, MSG_HANDOVER}, {"answer", MSG_GIVE_ANSWER, MSG_GIVE_ANSWER},
    {"reassign", MSG_REASSIGN, MSG_REASSIGN}, {"decide", MSG_DECIDE, MSG_DECIDE},
    {"rating", MSG_RATE, MSG_RATE},
};

static enum message_type message_of(const struct access *access, const char *path)
{
    const char *verb = strrchr(path, '/') + 1;
    size_t i = 0;
    while (strcmp(actions[i].verb, verb) != 0)
        i++;
    return order_owner(record_str(access->record, F_STATE)) == ROUTING ? actions[i].early : actions[i].type;
}

/* Who acts: the caller; or, for some API keys, whom the body names. False after answering that it may not. */
static bool set_actor(const struct access *access, struct record *message)
{
    bool named = record_has(message, F_ACTOR);
    if (named && !access->grant.may_delegate) {
        access_refuse(access, "actor");
        return false;
    }
    record_set(message, named ? F_VIA : F_ACTOR, access->grant.actor);
    return true;
}

/* For whom it is claimed: a member for themselves, unless the caller may claim for others. */
static bool set_claimant(const struct access *access, struct record *message)
{
    const struct grant *grant = &access->grant;
    if (!record_has(message, F_MEMBER) && *grant->member)
        record_set(message, F_MEMBER, grant->member);
    if (record_has(message, F_MEMBER) && !grant_covers_claim(grant, record_str(message, F_MEMBER))) {
        access_refuse(access, "member");
        return false;
    }
    if (!record_is(message, F_MEMBER, grant->member))
        record_set(message, F_VIA, grant->actor);
    return true;
}

/*
 * The primary that an order is to be merged into: one that the caller may see, with its members or on the way to them.
 * It may change until it is asked itself, which then decides.
 */
static bool check_primary(struct ask *ask, const struct record *message)
{
    const struct access *access = ask->access;
    const struct county *county = service_county(ask->intake->service, access->county);
    const char *id = record_str(message, F_PRIMARY), *detail = NULL;
    RECORD *primary = record_new();
    struct grant grant = {.granted = false};
    if (!record_has(message, F_PRIMARY))
        return true; /* which is said as of any field that is missing */
    int r = service_load_order(ask->intake->service, access->county, id, primary);
    if (r == -EIO) {
        intake_answer_error(ask->request, 503, "unavailable", NULL, NULL);
        return false;
    }
    if (r == 0)
        permission_decide(county, &access->caller, PERMIT_ORDER_READ, primary, &grant);
    const char *state = record_str(primary, F_STATE);
    if (!grant.granted)
        detail = "no order with this number is open in what you may see";
    else if (record_len(primary, F_PRIMARY) > 0)
        detail = "that order is merged into another: name the primary of that";
    else if (order_owner(state) == ROUTING)
        detail = "that order is still screened: accept it first";
    else
        return true;
    intake_answer_error(ask->request, 409, "state", "primary", detail);
    return false;
}

static void post_action(void *arg, struct http_request *request)
{
    static const enum field reserved[] = {F_VIA, FIELD_COUNT};
    struct ask *ask = ask_new(arg, request);
    enum message_type type = message_of(ask->access, http_path(request));
    RECORD *message = record_new();
    struct fault fault;
    size_t size;
    const char *body = http_body(request, &size);
    int r = json_to_record(body, size, type, reserved, message, &fault);
    if (r == 0 &&
        (!(type == MSG_CLAIM ? set_claimant : set_actor)(ask->access, message) || !check_primary(ask, message)))
        return;
    if (r == 0)
        r = record_check(message, type, &fault);
    if (r < 0) {
        answer_fault(ask, &fault);
        return;
    }
    char idempotency[DIGEST_SIZE];
    if (read_idempotency(ask, idempotency))
        service_call(ask->intake->service, ask->access->county, ask->access->order, type, message,
                     *idempotency ? idempotency : NULL, intake_call_ms(ask->intake), on_reply, ask);
}

/* -- lists ------------------------------------------------------------------------------------------------------- */

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

static bool take_time(struct ask *ask, const char *name, struct record *question, enum field field)
{
    const char *value = http_query(ask->request, name);
    int64_t at;
    if (!value || !*value)
        return true;
    if (time_parse(value, &at) < 0) {
        intake_answer_error(ask->request, 400, "invalid", name, "give a time such as 2026-11-22T09:30:00");
        return false;
    }
    record_set_int(question, field, at);
    return true;
}

static void ask_list(struct ask *ask, enum message_type type, struct record *question, answer_fn *done)
{
    struct fault fault;
    if (!take_number(ask, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, question, F_LIMIT) ||
        !take_number(ask, "offset", 0, INT32_MAX, 0, question, F_OFFSET))
        return;
    if (record_check(question, type, &fault) < 0) {
        answer_fault(ask, &fault);
        return;
    }
    service_call(ask->intake->service, ask->access->county, "", type, question, NULL, intake_call_ms(ask->intake), done,
                 ask);
}

/* The archive was asked for the person's orders only; an archive of an older version gives more than that. */
static void on_orders(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct ask *ask = arg;
    const struct county *county = service_county(ask->intake->service, ask->access->county);
    if (intake_answer_failure(ask->request, status, reply))
        return;
    json_t *rows = json_array();
    for (size_t i = 0; i < record_rows(reply, F_ROWS); i++) {
        const struct record *row = record_row(reply, F_ROWS, i);
        struct grant grant = {.granted = ask->access->caller.kind == CALLER_KEY};
        if (!grant.granted)
            permission_decide(county, &ask->access->caller, PERMIT_ORDER_READ, row, &grant);
        if (grant.granted)
            json_array_append_new(rows, json_from_record(row, NULL, 0));
    }
    intake_answer_json(ask->request, 200, json_pack("{s:I, s:o}", "total", record_int(reply, F_TOTAL), "rows", rows));
}

static void get_orders(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    const struct county *county = service_county(ask->intake->service, ask->access->county);
    RECORD *question = record_new();
    take_text(request, "state", question, F_STATES);
    take_text(request, "group", question, F_GROUP);
    take_text(request, "town", question, F_TOWN);
    if (ask->access->caller.kind == CALLER_PERSON) {
        AUTOFREE char *within = person_within(county, ask->access->caller.phone);
        if (within)
            record_set(question, F_WITHIN, within);
    }
    ask_list(ask, MSG_LIST_ORDERS, question, on_orders);
}

static void get_cases(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    RECORD *question = record_new();
    take_text(request, "q", question, F_QUERY);
    ask_list(ask, MSG_SEARCH_CASES, question, on_reply);
}

static void get_audit(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    RECORD *question = record_new();
    take_text(request, "order", question, F_ORDER);
    take_text(request, "actor", question, F_ACTOR);
    if (take_time(ask, "start", question, F_START) && take_time(ask, "end", question, F_END))
        ask_list(ask, MSG_LIST_AUDIT, question, on_reply);
}

#define ORDER "/api/v1/orders/{id}"
#define ACTION .method = "POST", .handle = post_action, .max_body = MAX_BODY

const struct http_route api_routes[] = {
    {.method = "POST",
     .path = "/api/v1/orders",
     .handle = post_order,
     .max_body = MAX_BODY,
     .permission = PERMIT_ANYBODY},
    {.method = "GET", .path = "/api/v1/orders", .handle = get_orders, .permission = PERMIT_ORDERS_LIST},
    {.method = "GET", .path = ORDER, .handle = get_order, .permission = PERMIT_ORDER_READ},
    {.method = "GET", .path = ORDER "/history", .handle = get_history, .permission = PERMIT_ORDER_READ},
    {ACTION, .path = ORDER "/screen", .permission = PERMIT_ORDER_SCREEN},
    {ACTION, .path = ORDER "/merge", .permission = PERMIT_ORDER_MERGE},
    {ACTION, .path = ORDER "/unmerge", .permission = PERMIT_ORDER_MERGE},
    {ACTION, .path = ORDER "/claim", .permission = PERMIT_ORDER_CLAIM},
    {ACTION, .path = ORDER "/handover", .permission = PERMIT_ORDER_HANDOVER},
    {ACTION, .path = ORDER "/answer", .permission = PERMIT_ORDER_ANSWER},
    {ACTION, .path = ORDER "/rating", .permission = PERMIT_ORDER_RATE},
    {ACTION, .path = ORDER "/reassign", .permission = PERMIT_ORDER_REASSIGN},
    {ACTION, .path = ORDER "/decide", .permission = PERMIT_ORDER_DECIDE},
    {.method = "GET", .path = "/api/v1/audit", .handle = get_audit, .permission = PERMIT_AUDIT_LIST},
    {.method = "GET", .path = "/api/v1/cases", .handle = get_cases, .permission = PERMIT_CASES_SEARCH},
};
const size_t api_route_count = sizeof api_routes / sizeof *api_routes;
