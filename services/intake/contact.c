/*
 * contact.c - how to reach the resident of an order, and which orders a phone has placed.
 *
 * These are the only ways to see a name or a phone, and each look goes on record before it is answered: without Redis,
 * which takes the record, nothing is shown. A phone is never part of an address, because addresses get logged. The
 * contact comes sealed, from Redis or, once the order has left it, from the archive, and is opened here alone.
 */
#include "services/intake/access.h"
#include "services/intake/intake.h"
#include "services/intake/json.h"
#include "services/intake/openapi.h"

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
    const struct access *access;
};

static struct look *look_new(struct intake *intake, struct http_request *request)
{
    struct look *look = xcalloc(1, sizeof *look);
    *look = (struct look){.intake = intake, .request = request, .access = access_of(request)};
    http_attach(request, look, free);
    return look;
}

/* Puts the look on record. False after answering 503, when that could not be done. */
static bool record_look(const struct look *look)
{
    const struct access *access = look->access;
    if (audit_write(service_store(look->intake->service), access->county,
                    &(struct audit){.actor = access->grant.actor,
                                    .action = permission_name(access->permission),
                                    .order = access->order,
                                    .result = "done"}) == 0)
        return true;
    intake_answer_error(look->request, 503, "unavailable", NULL, NULL);
    return false;
}

static void show(const struct look *look, const char *sealed)
{
    static const enum field fields[] = {F_NAME, F_PHONE, F_EMAIL};
    const struct county *county = service_county(look->intake->service, look->access->county);
    RECORD *contact = record_new();
    if (!*sealed) {
        intake_answer_error(look->request, 404, "no_contact", NULL, NULL);
        return;
    }
    int r = county ? contact_open(county->vault, look->access->order, sealed, contact) : -ENOKEY;
    if (r == -ENOKEY) { /* the county has a new key, which is read within a second */
        intake_answer_error(look->request, 503, "unavailable", NULL, NULL);
    } else if (r < 0) {
        log_error("order=%s its contact does not open: it was changed or moved", look->access->order);
        intake_answer_error(look->request, 500, "sealed", NULL, NULL);
    } else if (record_look(look)) {
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
    struct look *look = look_new(arg, request);
    const struct access *access = look->access;
    if (!access->archived) {
        show(look, record_str(access->record, F_CONTACT));
        return;
    }
    RECORD *question = record_new();
    record_set(question, F_ORDER, access->order);
    service_call(look->intake->service, access->county, "", MSG_READ_CONTACT, question, NULL,
                 intake_call_ms(look->intake), on_contact, look);
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
    struct look *look = look_new(arg, request);
    const struct county *county = service_county(look->intake->service, look->access->county);
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
    if (!record_look(look))
        return;
    contact_person(county->vault, phone, person);
    record_set(question, F_PERSON, person);
    record_set_int(question, F_LIMIT, LIMIT_MAX);
    service_call(look->intake->service, county->id, "", MSG_LIST_ORDERS, question, NULL, intake_call_ms(look->intake),
                 on_found, look);
}

const struct http_route contact_routes[] = {
    {.method = "POST",
     .path = "/api/v1/orders/find",
     .handle = post_find,
     .permission = PERMIT_ORDERS_FIND,
     ABOUT(.summary = "The latest orders of a phone; every look is written down",
           .chinese = "按电话查找事项，每次查看都有记录", .body = API_FIELDS,
           .fields = (const enum field[]){F_PHONE, FIELD_COUNT}, .answer = "Orders")},
    {.method = "POST",
     .path = "/api/v1/orders/{id}/contact",
     .handle = post_contact,
     .permission = PERMIT_ORDER_CONTACT,
     ABOUT(.summary = "Who placed an order, and how to reach them; every look is written down",
           .chinese = "查看反映人的联系方式，每次查看都有记录", .answer = "Contact")},
};
const size_t contact_route_count = sizeof contact_routes / sizeof *contact_routes;
