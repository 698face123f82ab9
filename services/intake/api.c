/*
 * api.c - the native JSON API: placing orders, looking at them, the steps of
 * members and office, lists and searches.
 *
 * Who may, and which order it is, has been decided before (access.c). Here a
 * body becomes a message; all rules are with the service that owns the matter. A
 * service that does not answer in time is a 503; a retry with the same
 * Idempotency-Key is safe.
 */
#include "services/intake/api.h"
#include "services/intake/again.h"
#include "services/intake/alike.h"
#include "services/intake/json.h"

#include "common/alloc.h"
#include "common/attach.h"
#include "common/audit.h"
#include "common/calendar.h"
#include "common/clock.h"
#include "common/order.h"
#include "common/question.h"
#include "common/resident.h"
#include "common/store.h"
#include "common/text.h"

#include <errno.h>
#include <string.h>

enum { KEY_MAX = 128 };

bool intake_read_idempotency(struct http_request *request, const char *actor, char digest[DIGEST_SIZE])
{
    const char *key = http_header(request, "Idempotency-Key");
    size_t size;
    digest[0] = '\0';
    if (!key)
        return true;
    if (strlen(key) == 0 || strlen(key) > KEY_MAX) {
        intake_answer_error(request, 400, "invalid", "Idempotency-Key", "the key must have 1 to 128 characters");
        return false;
    }
    intake_digest(digest, (const char *const[]){"api", http_path(request), key, http_body(request, &size), actor},
                  *actor ? 5 : 4);
    return true;
}

/* -- POST /orders ------------------------------------------------------------------------------------------------ */

void api_answer_placed(const struct ask *ask, const struct placement *placed)
{
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

static void on_placed(void *arg, const struct placement *placed)
{
    api_answer_placed(arg, placed);
}

static const enum field place_reserved[] = {F_SOURCE, F_VIA, F_PRIMARY, FIELD_COUNT};

static void post_order(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    RECORD *message = record_new();
    struct fault fault;
    char idempotency[DIGEST_SIZE];
    size_t size;
    const char *body = http_body(request, &size);
    if (json_to_record(body, size, MSG_PLACE_ORDER, place_reserved, message, &fault) < 0 ||
        record_check(message, MSG_PLACE_ORDER, &fault) < 0) {
        ask_answer_fault(ask, &fault);
        return;
    }
    const struct county *county = service_county(ask->intake->service, record_str(message, F_COUNTY));
    if (!county) {
        intake_answer_error(request, 404, "unknown", "county",
                            "no county has this code: use its 6-digit division code");
        return;
    }
    if (!alike_set_primary(ask->intake, request, county, message))
        return;
    const struct api_key *key = access_county_key(request, county);
    if (key)
        record_printf(message, F_VIA, "key:%s", key->name);
    if (intake_read_idempotency(ask->request, ask->access->grant.actor, idempotency))
        intake_submit_order(ask->intake, county, message, "api", *idempotency ? idempotency : NULL,
                            intake_remember(ask->intake), on_placed, ask);
}

/* -- one order --------------------------------------------------------------------------------------------------- */

/* The traffic light of an order of the county that is asked about. */
static const char *light_of(const struct access *access, const struct record *order)
{
    return clock_light(service_county(access->intake->service, access->county), order, now_ms());
}

json_t *shown(const struct access *access, const struct record *order, const enum field *fields, size_t count)
{
    json_t *json = json_from_record(order, fields, count);
    const char *light = light_of(access, order);
    if (*light)
        json_object_set_new(json, "light", json_string(light));
    return json;
}

enum { ETAG_SIZE = 40 };

/* The order's version, and what is shown without a step of it: its light; that it is archived, with fewer fields; how
 * the caller stands to it, by which they see and may more or less. */
static void etag_of(const struct access *access, char etag[ETAG_SIZE])
{
    snprintf(etag, ETAG_SIZE, "\"%lld-%s-%x\"", (long long)record_int(access->record, F_VER),
             access->archived ? "archived" : light_of(access, access->record), (unsigned)access->grant.relations);
}

/* Whether a list of entity tags names a version of the order, whatever its light was. Weak ones do not. */
static bool etags_name(const char *list, int64_t version)
{
    char opening[24];
    int size = snprintf(opening, sizeof opening, "\"%lld-", (long long)version);
    for (const char *found = strstr(list, opening); found; found = strstr(found + size, opening))
        if (found == list || found[-1] != '/')
            return true;
    return false;
}

/* All that a caller who may see the order is shown of it; its resident less than who handles it. */
static json_t *shown_whole(const struct access *access)
{
    enum field fields[FIELD_COUNT];
    size_t count = 0;
    int hidden = PERSONAL | MARK | (access_may(access, PERMIT_ORDER_NOTES) ? 0 : INTERNAL);
    for (int field = 0; field < FIELD_COUNT; field++) {
        if (!(field_info((enum field)field)->flags & hidden))
            fields[count++] = (enum field)field;
    }
    const struct county *county = service_county(access->intake->service, access->county);
    json_t *json = shown(access, access->record, fields, count);
    size_t merged = words_count(record_str(access->record, F_MERGED));
    int64_t reply_by = question_end(county, access->record);
    if (reply_by > 0) {
        char text[TIME_SIZE];
        time_format(text, reply_by);
        json_object_set_new(json, "reply_by", json_string(text));
    }
    if (merged > 0) /* which ones is for those who handle them */
        json_object_set_new(json, "merged_count", json_integer((json_int_t)merged));
    if (!again_objection(county, access->record, now_ms()))
        json_object_set_new(json, "again", json_true());
    AUTOFREE char *granted = permissions_granted(permission_matter(access->permission), access->grant.relations);
    if (access->caller.kind != CALLER_KEY)
        json_object_set_new(json, "may", json_words(granted));
    return json;
}

void get_order(void *arg, struct http_request *request)
{
    (void)arg;
    char etag[ETAG_SIZE];
    AUTOFREE char *known = http_header_all(request, "If-None-Match");
    etag_of(access_of(request), etag);
    http_answer_header(request, "ETag", etag);
    if (strcmp(known, "*") == 0 || strstr(known, etag))
        http_answer(request, 304, "application/json; charset=utf-8", "", 0);
    else
        intake_answer_json(request, 200, shown_whole(access_of(request)));
}

bool resident_sees(const struct record *row)
{
    const char *files = record_str(row, F_FILES);
    struct attachment attachment = {0};
    if (record_is(row, F_STEP, "responded"))
        return record_has(row, F_WRITTEN);
    if (!record_is(row, F_STEP, "attached"))
        return record_has(row, F_STEP);
    bool for_all = false;
    while (attachment_next(&files, &attachment)) /* the last one is what the step added */
        for_all = strcmp(attachment.audience, FOR_ALL) == 0;
    return for_all;
}

/* A resident sees what happened, what they were asked, and what they said themselves; who was told by SMS, and other
 * notes, are for those who handle the order. */
static json_t *history_of(const struct record *listing, bool notes)
{
    static const enum field open[] = {F_AT,     F_STEP,      F_STATE,   F_OUTCOME, F_ANSWER,
                                      F_REASON, F_RETURN_TO, F_WRITTEN, F_NOTE};
    enum { COUNT = sizeof open / sizeof *open };
    json_t *rows = json_array();
    for (size_t i = 0; i < record_rows(listing, F_ROWS); i++) {
        const struct record *row = record_row(listing, F_ROWS, i);
        if (notes)
            json_array_append_new(rows, json_from_record(row, NULL, 0));
        else if (resident_sees(row))
            json_array_append_new(
                rows, json_from_record(row, open, COUNT - !words_have("added asked replied", record_str(row, F_STEP))));
    }
    return json_pack("{s:I, s:o}", "total", (json_int_t)json_array_size(rows), "rows", rows);
}

static void on_history(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct ask *ask = arg;
    if (!intake_answer_failure(ask->request, status, reply))
        intake_answer_json(ask->request, 200,
                           history_of(reply, access_may(ask->access, PERMIT_ORDER_NOTES) ||
                                                 access_may(ask->access, PERMIT_MEETING_LEAD)));
}

void get_history(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    RECORD *question = record_new();
    record_set(question, F_ORDER, ask->access->order);
    service_call(ask->intake->service, ask->access->county, "", MSG_READ_HISTORY, question, NULL,
                 intake_call_ms(ask->intake), on_history, ask);
}

/* -- what is done to an order ------------------------------------------------------------------------------------ */

/* The message that a route becomes. */
static enum message_type message_of(const struct ask *ask)
{
    const struct api_about *about = http_about(ask->request);
    bool early = about->early && order_owner(record_str(ask->access->record, F_STATE)) == ROUTING;
    return early ? about->early : about->takes;
}

/* Who acts: the caller, as the body says who is several; or, for some API keys, whom it names. False after answering
 * that it may not. */
static bool set_actor(const struct access *access, struct record *message)
{
    bool named = record_has(message, F_ACTOR), own = words_have(access->grant.actors, record_str(message, F_ACTOR));
    if (named && !own && !access->grant.may_delegate) {
        access_refuse(access, "actor");
        return false;
    }
    if (!own)
        record_set(message, named ? F_VIA : F_ACTOR, access->grant.actor);
    if (access->permission == PERMIT_LINK) {
        record_set(message, F_VIA, VIA_LINK);
        record_set_int(message, F_ROUND, record_int(access->record, F_ROUND));
    }
    return true;
}

/* For whom it is claimed: a member for themselves, unless the caller may claim for others, one or several. */
static bool set_claimant(const struct access *access, struct record *message)
{
    const struct grant *grant = &access->grant;
    char first[33], member[40];
    const char *several = record_str(message, F_MEMBERS), *rest = several;
    const char *whose = words_next(&rest, first, sizeof first) ? first : grant->member;
    if (!record_has(message, F_MEMBER) && *whose)
        record_set(message, F_MEMBER, whose);
    bool covered = !record_has(message, F_MEMBER) || grant_covers_claim(grant, record_str(message, F_MEMBER));
    for (rest = several; covered && words_next(&rest, member, sizeof member);)
        covered = grant_covers_claim(grant, member);
    if (!covered) {
        access_refuse(access, *several ? "members" : "member");
        return false;
    }
    if (*several || !record_is(message, F_MEMBER, grant->member))
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
        return true;
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

/*
 * If-Match: the service that owns the order looks at the version, together with its commit. 0 is no order's: a caller
 * who repeats what was done hears of that, and any other that the order has moved on.
 */
static void set_expected(const struct access *access, struct record *message)
{
    AUTOFREE char *wanted = http_header_all(access->request, "If-Match");
    int64_t version = record_int(access->record, F_VER);
    if (*wanted && strcmp(wanted, "*") != 0)
        record_set_int(message, F_EXPECTED, etags_name(wanted, version) ? version : 0);
}

/* Whom it is about, where the body names nobody: the caller. An invitation is answered by whoever has it, or its host.
 */
static bool set_who(const struct access *access, enum message_type type, struct record *message)
{
    const struct grant *grant = &access->grant;
    if (!message_field(message_info(type), F_WHO))
        return true;
    AUTOFREE char *actor = xstrdup(record_str(message, F_ACTOR));
    if (!record_has(message, F_WHO))
        record_set(message, F_WHO, actor);
    if (type != MSG_ANSWER_INVITATION || record_is(message, F_WHO, actor) || grant->may_delegate ||
        grant->relations & (HOST | OFFICE))
        return true;
    access_refuse(access, "who");
    return false;
}

bool ask_body(struct ask *ask, enum message_type type, struct record *ret_message)
{
    struct fault fault;
    size_t size;
    const char *body = http_body(ask->request, &size);
    const struct api_about *about = http_about(ask->request);
    int r = json_to_record(body, size, type, about->reserved ? about->reserved : api_reserved, ret_message, &fault);
    if (r == 0 && !((type == MSG_CLAIM ? set_claimant : set_actor)(ask->access, ret_message) &&
                    set_who(ask->access, type, ret_message)))
        return false;
    if (r == 0)
        r = record_check(ret_message, type, &fault);
    if (r < 0)
        ask_answer_fault(ask, &fault);
    return r == 0;
}

/* What an answer promises, or passes to supervision, is followed under a number of its own. False after answering. */
static bool set_number(struct ask *ask, enum message_type type, struct record *message)
{
    const struct county *county = service_county(ask->intake->service, ask->access->county);
    char number[ORDER_ID_SIZE];
    bool followed = record_has(message, F_PROMISED_AT) || record_is(message, F_OUTCOME, "supervision");
    if (type != MSG_GIVE_ANSWER || !followed)
        return true;
    if (intake_number(ask->intake, county, MATTER_SUGGESTION, number) < 0) {
        intake_answer_error(ask->request, 503, "unavailable", NULL, NULL);
        return false;
    }
    record_set(message, F_SECONDARY, number);
    return true;
}

void post_action(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    enum message_type type = message_of(ask);
    RECORD *message = record_new();
    if (!ask_body(ask, type, message))
        return;
    set_expected(ask->access, message);
    char idempotency[DIGEST_SIZE];
    if (set_number(ask, type, message) && check_primary(ask, message) &&
        intake_read_idempotency(ask->request, ask->access->grant.actor, idempotency))
        service_call(ask->intake->service, ask->access->county, ask->access->order, type, message,
                     *idempotency ? idempotency : NULL, intake_call_ms(ask->intake), ask_answer, ask);
}

/* -- lists ------------------------------------------------------------------------------------------------------- */

/* Whether it is one of those who handle or supervise the order of a row, not only one who may claim it. */
static bool reads_notes(const struct access *access, const struct record *row)
{
    struct grant grant;
    permission_decide(service_county(access->intake->service, access->county), &access->caller, PERMIT_ORDER_NOTES, row,
                      &grant);
    return grant.granted;
}

static void hide_internal(json_t *json)
{
    for (int field = 0; field < FIELD_COUNT; field++)
        if (field_info((enum field)field)->flags & INTERNAL)
            json_object_del(json, field_info((enum field)field)->name);
}

/* The archive was asked for the person's only; an archive of an older version gives more than that. */
void answer_rows(struct ask *ask, enum answer_status status, const struct record *reply, enum permission permission)
{
    const struct county *county = service_county(ask->intake->service, ask->access->county);
    if (intake_answer_failure(ask->request, status, reply))
        return;
    json_t *rows = json_array();
    for (size_t i = 0; i < record_rows(reply, F_ROWS); i++) {
        const struct record *row = record_row(reply, F_ROWS, i);
        struct grant grant = {.granted = ask->access->caller.kind == CALLER_KEY};
        if (!grant.granted)
            permission_decide(county, &ask->access->caller, permission, row, &grant);
        if (!grant.granted)
            continue;
        json_t *json = shown(ask->access, row, NULL, 0);
        if (permission == PERMIT_ORDER_READ && !reads_notes(ask->access, row))
            hide_internal(json);
        if (!access_may(ask->access, PERMIT_ORDER_CONTACT))
            json_object_del(json, field_info(F_SAME_PERSON)->name); /* tells who placed another order */
        json_array_append_new(rows, json);
    }
    json_t *next = record_has(reply, F_NEXT) ? json_string(record_str(reply, F_NEXT)) : NULL;
    intake_answer_json(ask->request, 200,
                       json_pack("{s:I, s:o, s:o*}", "total", record_int(reply, F_TOTAL), "rows", rows, "next", next));
}

static void on_orders(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    answer_rows(arg, status, reply, PERMIT_ORDER_READ);
}

static void get_similar(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    RECORD *question = record_new();
    record_set(question, F_ORDER, ask->access->order);
    record_set(question, F_STATES, STATE_SCREENING " " STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING);
    ask_within(ask, question);
    ask_list(ask, MSG_FIND_SIMILAR, question, on_orders);
}

static void get_orders(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    const char *sort = http_query(request, "sort");
    RECORD *question = record_new();
    if (sort && *sort && !words_have("newest oldest due", sort)) {
        intake_answer_error(request, 400, "invalid", "sort", "sort is newest, oldest or due");
        return;
    }
    ask_within(ask, question);
    ask_list(ask, MSG_LIST_ORDERS, question, on_orders);
}

/* What needs nothing but the parameters of its route. */
static void get_list(void *arg, struct http_request *request)
{
    const struct api_about *about = http_about(request);
    RECORD *question = record_new();
    ask_list(ask_new(arg, request), about->takes, question, ask_answer);
}

/* The office's and the city's people, of whom only the office knows the names, as the trail calls them. */
static json_t *staff_of(const struct county *county)
{
    json_t *staff = json_array();
    for (size_t i = 0; i < county->staff_count; i++) {
        const struct staff *person = &county->staff[i];
        json_array_append_new(staff, json_pack("{s:o, s:s}", "id", json_sprintf("%s:%s", person->role, person->id),
                                               "name", person->name));
    }
    return staff;
}

static void on_trail(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    const struct ask *ask = arg;
    if (intake_answer_failure(ask->request, status, reply))
        return;
    json_t *answer = json_from_record(reply, NULL, 0);
    json_object_set_new(answer, "staff", staff_of(service_county(ask->intake->service, ask->access->county)));
    intake_answer_json(ask->request, 200, answer);
}

static void get_trail(void *arg, struct http_request *request)
{
    RECORD *question = record_new();
    ask_list(ask_new(arg, request), MSG_LIST_AUDIT, question, on_trail);
}

/* -- routes ------------------------------------------------------------------------------------------------------ */

static const struct api_param order_params[] = {
    PARAM("state", F_STATES, .list = true, .meaning = "only those in this state; several with commas between"),
    PARAM("group", F_GROUP),
    PARAM("town", F_TOWN),
    PARAM("category", F_CATEGORIES, .list = true, .meaning = "only those of this category; several with commas"),
    PARAM("department", F_DEPARTMENT),
    PARAM("assisting", F_ASSISTING, .meaning = "only those with which this department assists the one that leads"),
    PARAM("member", F_MEMBER, .meaning = "only those that this member has taken on"),
    PARAM("urgency", F_URGENCY, .meaning = "only those that are normal, or urgent"),
    PARAM("to_call", F_TO_CALL, .min = 0, .max = 1,
          .meaning = "1: only those whose resident a person has to call, because SMS asked for a rating in vain"),
    PARAM("rating", F_RATING, .meaning = "only those that are rated so"),
    PARAM("flagged", F_FLAGGED, .min = 0, .max = 1),
    PARAM("overdue", F_OVERDUE, .min = 0, .max = 1),
    PARAM("undecided", F_UNDECIDED, .min = 0, .max = 1),
    PARAM("class", F_CLASS, .meaning = "only those of this class of matters"),
    PARAM("q", F_QUERY, .meaning = "words that all stand in title, text, place or number"),
    PARAM("from", F_START, .meaning = "only those placed then or later"),
    PARAM("until", F_END, .meaning = "only those placed then or before"),
    PARAM("sort", F_SORT,
          .meaning = "newest first unless given; oldest; due: those whose clock runs, what ends first on top"),
    LIMIT,
    CURSOR,
    {0},
};
static const struct api_param similar_params[] = {
    PARAM("state", F_STATES, .list = true,
          .meaning =
              "those in these states; unless given those that one can be merged with: screening, open, assigned, "
              "consulting. closed: earlier ones"),
    PARAM("limit", F_LIMIT, .min = 1, .max = 100, .meaning = "greatest number of rows; 10 unless given"),
    {0},
};
static const struct api_param case_params[] = {PARAM("q", F_QUERY, .required = true), LIMIT, CURSOR, {0}};
static const struct api_param figure_params[] = {
    PARAM("from", F_START, .meaning = "only of orders placed then or later"),
    PARAM("until", F_END, .meaning = "only of orders placed then or before"),
    PARAM("class", F_CLASS, .meaning = "only of orders of this class of matters"),
    {0},
};
static const struct api_param topic_params[] = {
    PARAM("from", F_START, .required = true, .meaning = "begin of the period"),
    PARAM("until", F_END, .meaning = "its end; now unless given"),
    PARAM("limit", F_LIMIT, .min = 1, .max = 200, .meaning = "greatest number of rows; 20 unless given"),
    {0},
};
static const struct api_param audit_params[] = {
    PARAM("order", F_ORDER), PARAM("actor", F_ACTOR), PARAM("from", F_START), PARAM("until", F_END), LIMIT, CURSOR, {0},
};

const struct http_route api_routes[] = {
    {.method = "POST",
     .path = ORDERS,
     .handle = post_order,
     .max_body = API_BODY_MAX,
     .permission = PERMIT_ANYBODY,
     ABOUT(.summary = "Places an order", .chinese = "点单：反映一件事", .body = API_MESSAGE, .takes = MSG_PLACE_ORDER,
           .reserved = place_reserved, .answer = "Placed", .status = 201)},
    {GET, .path = ORDERS, .handle = get_orders, .permission = PERMIT_ORDERS_LIST,
     ABOUT(.summary = "The orders that the caller may see, newest first", .chinese = "可以查看的事项，新的在前",
           .query = order_params, .answer = "Orders")},
    {GET, .path = ORDER, .handle = get_order, .permission = PERMIT_ORDER_READ,
     ABOUT(.summary = "An order; nothing personal", .chinese = "查看事项，不含个人信息", .answer = "Order",
           .etag = true)},
    {GET, .path = ORDER "/history", .handle = get_history, .permission = PERMIT_ORDER_READ,
     ABOUT(.summary = "What happened to an order", .chinese = "事项的办理过程", .answer = "History")},
    {GET, .path = ORDER "/similar", .handle = get_similar, .permission = PERMIT_ORDER_NOTES,
     ABOUT(.summary = "Other orders that may be the same matter", .chinese = "可能是同一件事的其他事项",
           .query = similar_params, .answer = "Similar")},
    {.path = ORDER "/screen",
     .permission = PERMIT_ORDER_SCREEN,
     ACTION(SCREEN, "Accepts an order, or returns it", "定单：受理或退回")},
    {.path = ORDER "/ask",
     .permission = PERMIT_ORDER_ASK,
     ACTION(ASK, "Asks its resident something; the clock stands still", "询问反映人，期限暂停计算",
            .early = MSG_ASK_EARLY)},
    {.path = ORDER "/reply",
     .permission = PERMIT_ORDER_REPLY,
     ACTION(ANSWER_ASKED, "Answers what was asked", "反映人回答询问", .early = MSG_ANSWER_EARLY)},
    {.path = ORDER "/add",
     .permission = PERMIT_ORDER_REPLY,
     ACTION(ADD, "Its resident adds words, while it has no answer", "反映人补充说明", .early = MSG_ADD_EARLY)},
    {.path = ORDER "/take-back",
     .permission = PERMIT_ORDER_TAKE_BACK,
     ACTION(TAKE_BACK, "Its resident takes it back, while it has no answer", "反映人撤回",
            .early = MSG_TAKE_BACK_EARLY)},
    {.path = ORDER "/merge",
     .permission = PERMIT_ORDER_MERGE,
     ACTION(MERGE, "Merges an order into a primary one", "并单：并入主单", .early = MSG_MERGE_EARLY)},
    {.path = ORDER "/recall",
     .permission = PERMIT_ORDER_SCREEN,
     ACTION(RECALL, "Takes an order back from its members, to screen it again", "收回：重新定单")},
    {.path = ORDER "/unmerge",
     .permission = PERMIT_ORDER_MERGE,
     ACTION(UNMERGE, "Takes an order out of its primary one again", "撤销并单")},
    {.path = ORDER "/claim", .permission = PERMIT_ORDER_CLAIM, ACTION(CLAIM, "Takes an order on", "接单：委员认领")},
    {.path = ORDER "/confirm",
     .permission = PERMIT_ORDER_CONFIRM,
     ACTION(CONFIRM_ORDER, "Has seen an order that was given to them, and is on it", "收到：已看到派给自己的事项")},
    {.path = ORDER "/decline",
     .permission = PERMIT_ORDER_DECLINE,
     ACTION(DECLINE, "Gives an order back; its place goes to the next", "退回接单：由下一位委员接替")},
    {.path = ORDER "/handover",
     .permission = PERMIT_ORDER_HANDOVER,
     ACTION(HANDOVER, "Hands an order over to a department", "交办：交给承办部门")},
    {.path = ORDER "/respond",
     .permission = PERMIT_ORDER_RESPOND,
     ACTION(RESPOND, "A department replies in writing, for the members to use in their answer",
            "承办部门书面答复，供委员答复时引用")},
    {.path = ORDER "/answer",
     .permission = PERMIT_ORDER_ANSWER,
     ACTION(GIVE_ANSWER, "Answers the resident", "答复反映人")},
    {.path = ORDER "/visit",
     .permission = PERMIT_ORDER_CONSULT,
     ACTION(VISIT, "Members visited its residents or its place", "走访：委员走访群众或现场")},
    {.path = ORDER "/rating", .permission = PERMIT_ORDER_RATE, ACTION(RATE, "Rates the answer", "评价答复")},
    {.path = ORDER "/reassign",
     .permission = PERMIT_ORDER_REASSIGN,
     ACTION(REASSIGN, "Gives an order to other members", "改派给其他委员")},
    {.path = ORDER "/dispatch",
     .permission = PERMIT_ORDER_DISPATCH,
     ACTION(DISPATCH, "Dispatches an order anew: to another group, or with another weight",
            "分单：改派小组，或调整人数")},
    {.path = ORDER "/object",
     .permission = PERMIT_ORDER_OBJECT,
     ACTION(OBJECT, "A department objects to having been given it", "承办部门提出异议")},
    {.path = ORDER "/rule",
     .permission = PERMIT_ORDER_RULE,
     ACTION(RULE, "Rules about the objection of a department", "召集人裁定异议：维持，或改交其他部门")},
    {.path = ORDER "/decide",
     .permission = PERMIT_ORDER_DECIDE,
     ACTION(DECIDE, "Closes or reopens what was rated dissatisfied twice", "督单：决定办结或重办")},
    {.path = ORDER "/flag",
     .permission = PERMIT_ORDER_FLAG,
     ACTION(FLAG, "Flags a rating as unreasonable, or takes that back; the rating stays",
            "标记不合理的评价，或取消标记；评价本身不变")},
    {.path = ORDER "/extend",
     .permission = PERMIT_ORDER_EXTEND,
     ACTION(EXTEND, "Asks for more working days for the answer", "延期：申请延长答复期限")},
    {.path = ORDER "/extend-decide",
     .permission = PERMIT_ORDER_EXTEND_DECIDE,
     ACTION(EXTEND_DECIDE, "Grants more working days, or refuses them", "延期：批准或不批准")},
    {GET, .path = "/api/v1/audit", .handle = get_trail, .permission = PERMIT_AUDIT_LIST,
     ABOUT(.summary = "Who came in, looked at what is personal, was turned away; newest first",
           .chinese = "审计记录，新的在前", .query = audit_params, .takes = MSG_LIST_AUDIT, .answer = "Trail")},
    {GET, .path = "/api/v1/figures", .handle = get_list, .permission = PERMIT_FIGURES_READ,
     ABOUT(.summary = "How many orders there are of what kind", .chinese = "统计数据，不含个人信息",
           .query = figure_params, .takes = MSG_READ_FIGURES, .answer = "Figures")},
    {GET, .path = "/api/v1/topics", .handle = get_list, .permission = PERMIT_FIGURES_READ,
     ABOUT(.summary = "What most people raise in a period, per town and category, and how that has grown",
           .chinese = "高频事项及其增长", .query = topic_params, .takes = MSG_LIST_TOPICS, .answer = "Topics")},
    {GET, .path = "/api/v1/cases", .handle = get_list, .permission = PERMIT_CASES_SEARCH,
     ABOUT(.summary = "Finished orders with these words", .chinese = "检索案例", .query = case_params,
           .takes = MSG_SEARCH_CASES, .answer = "Cases")},
};
const size_t api_route_count = sizeof api_routes / sizeof *api_routes;
