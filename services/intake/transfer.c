/*
 * transfer.c - an order that is another county's matter goes there, with its resident's contact.
 *
 * First the order is placed in the other county, where the contact is sealed with that county's key, then this one is
 * returned as transferred. Whatever fails in between, no matter is lost, and the same request again finds the new order
 * and goes on. Nobody sees the contact in this, nor the new order's code, which goes to the resident alone.
 */
#include "services/intake/access.h"
#include "services/intake/intake.h"
#include "services/intake/json.h"
#include "services/intake/openapi.h"

#include "common/alloc.h"
#include "common/contact.h"

enum { MAX_BODY = 16 * 1024 };

/* Belongs to the request. */
struct transfer {
    struct intake *intake;
    struct http_request *request;
    const struct access *access;
    struct record *message; /* to the owner of the order */
};

static void transfer_destroy(void *data)
{
    struct transfer *transfer = data;
    record_destroy(&transfer->message);
    free(transfer);
}

static void on_told(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    const struct transfer *transfer = arg;
    if (!intake_answer_failure(transfer->request, status, reply))
        intake_answer_json(transfer->request, 200,
                           json_pack("{s:s, s:s}", "order", transfer->access->order, "part",
                                     record_str(transfer->message, F_SECONDARY)));
}

/* The new order is there; the old one gets its step. */
static void on_placed(void *arg, const struct placement *placed)
{
    struct transfer *transfer = arg;
    const struct access *access = transfer->access;
    char digest[DIGEST_SIZE];
    if (placed->status != ANSWER_OK) {
        int status = placed->status == ANSWER_REFUSED ? intake_status_of(placed->error) : 503;
        intake_answer_error(transfer->request, status, placed->error, placed->field, placed->detail);
        return;
    }
    record_set(transfer->message, F_SECONDARY, placed->order);
    intake_digest(digest, (const char *const[]){"transfer", access->order, placed->order}, 3);
    service_call(transfer->intake->service, access->county, access->order, MSG_TRANSFER, transfer->message, digest,
                 intake_call_ms(transfer->intake), on_told, transfer);
}

/* What the other county is told: the matter, and who placed it; not what this one made of it. */
static int copy_matter(const struct county *county, const struct access *access, struct record *copy)
{
    static const enum field told[] = {F_TITLE, F_TEXT, F_PLACE, F_LAT, F_LONG, F_MEDIA_URL, F_PUBLIC};
    RECORD *contact = record_new();
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        record_copy(copy, access->record, told[i]);
    int r = contact_open(county->vault, access->order, record_str(access->record, F_CONTACT), contact);
    record_copy_all(copy, contact);
    record_set(copy, F_SOURCE_REF, access->order);
    record_printf(copy, F_VIA, "county:%s", county->id);
    return r;
}

static const enum field reserved[] = {F_ACTOR, F_SECONDARY, F_RETURN_TO, FIELD_COUNT};

static void post_transfer(void *arg, struct http_request *request)
{
    struct intake *intake = arg;
    const struct access *access = access_of(request);
    const struct county *county = service_county(intake->service, access->county);
    struct transfer *transfer = xcalloc(1, sizeof *transfer);
    *transfer = (struct transfer){.intake = intake, .request = request, .access = access, .message = record_new()};
    http_attach(request, transfer, transfer_destroy);

    struct record *message = transfer->message;
    struct fault fault;
    size_t size;
    const char *body = http_body(request, &size);
    int r = json_to_record(body, size, MSG_TRANSFER, reserved, message, &fault);
    record_set(message, F_ACTOR, access->grant.actor);
    record_set(message, F_SECONDARY, ""); /* not known yet */
    record_set(message, F_RETURN_TO, "");
    if (r < 0 || record_check(message, MSG_TRANSFER, &fault) < 0) {
        intake_answer_error(request, 400, fault.error, fault.field, fault.detail);
        return;
    }
    const struct county *other = service_county(intake->service, record_str(message, F_COUNTY));
    RECORD *copy = record_new();
    char digest[DIGEST_SIZE];
    intake_digest(digest, (const char *const[]){access->order, record_str(message, F_COUNTY)}, 2);
    if (!other || other == county) {
        intake_answer_error(request, 404, "unknown", "county", "name another county of this deployment by its code");
    } else if (record_len(message, F_REASON) == 0) {
        intake_answer_error(request, 400, "invalid", "reason", "say why");
    } else if (!record_is(access->record, F_STATE, STATE_SCREENING)) {
        intake_answer_error(request, 409, "state", NULL, "an order goes to another county while it is screened");
    } else if (copy_matter(county, access, copy) < 0) {
        intake_answer_error(request, 503, "unavailable", NULL, NULL);
    } else {
        record_set(message, F_RETURN_TO, other->name);
        intake_submit_order(intake, other, copy, "transfer", digest, intake_remember(intake), on_placed, transfer);
    }
}

const struct http_route transfer_routes[] = {
    {.method = "POST",
     .path = "/api/v1/orders/{id}/transfer",
     .handle = post_transfer,
     .max_body = MAX_BODY,
     .permission = PERMIT_ORDER_TRANSFER,
     ABOUT(.summary = "Passes an order on to another county, whose matter it is",
           .chinese = "转办：转到别的县（市、区）", .body = API_MESSAGE, .takes = MSG_TRANSFER, .reserved = reserved,
           .answer = "Split")},
};
const size_t transfer_route_count = sizeof transfer_routes / sizeof *transfer_routes;
