/*
 * contact.c - how to reach the resident of an order, and which orders a phone has placed: for the office.
 *
 * These are the only ways to see a name or a phone, and each look goes on record before it is answered: without Redis,
 * which takes the record, nothing is shown. A phone is never part of an address, because addresses get logged. The
 * contact comes sealed, from Redis or, once the order has left it, from the archive, and is opened here alone.
 */
#include "services/intake/access.h"
#include "services/intake/intake.h"
#include "services/intake/json.h"

#include "common/alloc.h"
#include "common/audit.h"
#include "common/contact.h"
#include "common/log.h"

#include <errno.h>
#include <string.h>

enum { LIMIT_MAX = 1000 };

/* Somebody looks. Belongs to the request. */
struct look {
    struct intake *intake;
    struct http_request *request;
    char county[7], order[ORDER_ID_SIZE];
    char actor[80];
};

static struct look *look_new(struct intake *intake, struct http_request *request, const struct county *county,
                             const struct api_key *key)
{
    struct look *look = xcalloc(1, sizeof *look);
    look->intake = intake;
    look->request = request;
    snprintf(look->county, sizeof look->county, "%s", county->id);
    snprintf(look->actor, sizeof look->actor, "office:%s", key->name);
    http_attach(request, look, free);
    return look;
}

/* Puts the look on record. False after answering 503, when that could not be done. */
static bool record_look(const struct look *look, const char *action)
{
    struct store *store = service_store(look->intake->service);
    audit_append(store, look->county,
                 &(struct audit){.actor = look->actor, .action = action, .order = look->order, .result = "done"});
    if (store_run(store) == 0 && store_reply(store, 0)->type != REDIS_REPLY_ERROR)
        return true;
    intake_answer_error(look->request, 503, "unavailable", NULL, NULL);
    return false;
}

static void show(const struct look *look, const char *sealed)
{
    static const enum field fields[] = {F_NAME, F_PHONE, F_EMAIL};
    const struct county *county = service_county(look->intake->service, look->county);
    RECORD *contact = record_new();
    if (!*sealed) {
        intake_answer_error(look->request, 404, "no_contact", NULL, NULL);
        return;
    }
    int r = county ? contact_open(county->vault, look->order, sealed, contact) : -ENOKEY;
    if (r == -ENOKEY) { /* the county has a new key, which is read within a second */
        intake_answer_error(look->request, 503, "unavailable", NULL, NULL);
    } else if (r < 0) {
        log_error("order=%s its contact does not open: it was changed or moved", look->order);
        intake_answer_error(look->request, 500, "sealed", NULL, NULL);
    } else if (record_look(look, "contact.read")) {
        http_answer_header(look->request, "Cache-Control", "no-store");
        intake_answer_json(look->request, 200, json_from_record(contact, fields, sizeof fields / sizeof *fields));
    }
}

static void on_contact(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    const struct look *look = arg;
    if (intake_answer_failure(look->request, status, reply))
        return;
    if (record_rows(reply, F_ROWS) == 0)
        intake_answer_error(look->request, 404, "unknown", "order", NULL);
    else
        show(look, record_str(record_row(reply, F_ROWS, 0), F_CONTACT));
}

static void post_contact(void *arg, struct http_request *request)
{
    struct intake *intake = arg;
    struct access access;
    if (!access_order(intake, request, ACCESS_OFFICE, &access))
        return;
    struct look *look = look_new(intake, request, access.county, access.key);
    snprintf(look->order, sizeof look->order, "%s", access.order);
    RECORD *order = record_new();
    int r = service_load_order(intake->service, look->county, look->order, order);
    if (r == 0) {
        show(look, record_str(order, F_CONTACT));
    } else if (r == -ENOENT) {
        RECORD *question = record_new();
        record_set(question, F_ORDER, look->order);
        service_call(intake->service, look->county, "", MSG_READ_CONTACT, question, NULL, intake_call_ms(intake),
                     on_contact, look);
    } else {
        intake_answer_error(request, 503, "unavailable", NULL, NULL);
    }
}

static void on_found(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    const struct look *look = arg;
    if (!intake_answer_failure(look->request, status, reply))
        intake_answer_json(look->request, 200, json_from_record(reply, NULL, 0));
}

static void post_find(void *arg, struct http_request *request)
{
    static const enum field reserved[] = {F_NAME, F_EMAIL, FIELD_COUNT};
    struct intake *intake = arg;
    const char *key = intake_request_key(request);
    const struct county *county = intake_county(intake, http_query(request, "county"));
    if (!key || !county || !intake_may(county, key, "office")) {
        const char *word = !key ? "unauthorized" : !county ? "unknown" : "forbidden";
        intake_answer_error(request, intake_status_of(word), word, key && !county ? "county" : NULL, NULL);
        return;
    }
    RECORD *given = record_new(), *question = record_new();
    struct fault fault;
    size_t size;
    const char *body = http_body(request, &size);
    char phone[PHONE_SIZE], person[VAULT_DIGEST_SIZE];
    if (json_to_record(body, size, MSG_CONTACT, reserved, given, &fault) < 0) {
        intake_answer_error(request, 400, fault.error, fault.field, fault.detail);
        return;
    }
    if (contact_phone(record_str(given, F_PHONE), phone) < 0) {
        intake_answer_error(request, 400, "invalid", "phone", "give 11 digits of a mobile, or area code and number");
        return;
    }
    struct look *look = look_new(intake, request, county, county_key(county, key));
    if (!record_look(look, "person.find"))
        return;
    contact_person(county->vault, phone, person);
    record_set(question, F_PERSON, person);
    record_set_int(question, F_LIMIT, LIMIT_MAX);
    service_call(intake->service, look->county, "", MSG_LIST_ORDERS, question, NULL, intake_call_ms(intake), on_found,
                 look);
}

const struct http_route contact_routes[] = {
    {.method = "POST", .path = "/api/v1/orders/find", .handle = post_find},
    {.method = "POST", .path = "/api/v1/orders/{id}/contact", .handle = post_contact},
};
const size_t contact_route_count = sizeof contact_routes / sizeof *contact_routes;
