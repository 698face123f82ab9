/*
 * transfer.c - an order that is another county's matter goes there, with its resident's contact; or another county is
 * asked to handle it jointly (联办), the city's own among them, as a rule without.
 *
 * First an order is placed in the other county, where a contact is sealed with that county's key, then the owner of
 * this one is told. Whatever fails in between, no matter is lost, and the same request again finds the new order and
 * goes on; if nobody asks again, joint.c tells the owner. Nobody sees the contact in this, nor the new order's code.
 */
#include "services/intake/access.h"
#include "services/intake/intake.h"
#include "services/intake/json.h"
#include "services/intake/openapi.h"
#include "services/intake/redact.h"

#include "common/alloc.h"
#include "common/audit.h"
#include "common/contact.h"
#include "common/joint.h"
#include "common/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_BODY = 16 * 1024, ROUGHLY = 1000 }; /* thousandths of a degree are about a hundred metres */

static const struct way {
    const char *source; /* of the order in the other county */
    enum message_type type;
    const char *states, *otherwise;
} transferring = {SOURCE_TRANSFER, MSG_TRANSFER, STATE_SCREENING,
                  "an order goes to another county while it is screened"},
  asking = {SOURCE_JOINT, MSG_JOINT, STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING,
            "an order is handled jointly from when it is open until it is answered"};

/* Belongs to the request. */
struct transfer {
    struct intake *intake;
    struct http_request *request;
    const struct access *access;
    const struct way *way;
    struct record *message; /* to the owner of the order */
    char once[DIGEST_SIZE]; /* its Idempotency-Key */
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

static void tell_owner(struct transfer *transfer, const char *part)
{
    const struct access *access = transfer->access;
    char digest[DIGEST_SIZE];
    record_set(transfer->message, F_SECONDARY, part);
    intake_digest(digest, (const char *const[]){transfer->way->source, access->order, part}, 3);
    service_call(transfer->intake->service, access->county, access->order, transfer->way->type, transfer->message,
                 digest, intake_call_ms(transfer->intake), on_told, transfer);
}

/* The new order is there; the old one gets its step. */
static void on_placed(void *arg, const struct placement *placed)
{
    struct transfer *transfer = arg;
    const struct county *county = service_county(transfer->intake->service, transfer->access->county);
    if (placed->status != ANSWER_OK) {
        int status = placed->status == ANSWER_REFUSED ? intake_status_of(placed->error) : 503;
        intake_answer_error(transfer->request, status, placed->error, placed->field, placed->detail);
        return;
    }
    if (county && intake_part_note(transfer->intake, county, transfer->once, placed->order) == 0)
        tell_owner(transfer, placed->order);
    else
        intake_answer_error(transfer->request, 503, "unavailable", NULL, NULL);
}

/* -- what the other county is told -------------------------------------------------------------------------------- */

/*
 * Without what leads to the resident, whose contact does not go along: their name, and the number of their flat; the
 * picture, which may show either; and the exact place, which may be their home.
 */
static void redact_matter(struct record *copy, const char *name)
{
    static const enum field worded[] = {F_TITLE, F_TEXT, F_PLACE}, located[] = {F_LAT, F_LONG};
    for (size_t i = 0; i < sizeof worded / sizeof *worded; i++) {
        AUTOFREE char *text = redact_case(record_str(copy, worded[i]), name);
        if (record_has(copy, worded[i]))
            record_set(copy, worded[i], text);
    }
    for (size_t i = 0; i < sizeof located / sizeof *located; i++)
        if (record_has(copy, located[i]))
            record_set_real(copy, located[i], round(record_real(copy, located[i]) * ROUGHLY) / ROUGHLY);
    record_unset(copy, F_MEDIA_URL);
}

/* What is asked of it stands before the resident's words. */
static void add_request(const struct county *county, const struct county *other, const char *reason,
                        struct record *copy)
{
    bool english = strcmp(other->language, "en") == 0;
    AUTOFREE char *text = xasprintf(english ? "[%s asks for joint handling: %s]\n%s" : "【%s请求联合办理：%s】\n%s",
                                    county->name, reason, record_str(copy, F_TEXT));
    record_set(copy, F_TEXT, text);
}

/* Whether all of it can be told there; otherwise answers what to do. */
static bool fits(const struct transfer *transfer, const struct record *copy)
{
    size_t max = field_info(F_TEXT)->max, length = text_length(record_str(copy, F_TEXT), record_len(copy, F_TEXT));
    if (length <= max)
        return true;
    AUTOFREE char *detail = xasprintf("what is asked stands before the resident's words, of which none is to be lost:"
                                      " make the reason %zu characters shorter",
                                      length - max);
    intake_answer_error(transfer->request, 400, "long", "reason", detail);
    return false;
}

/*
 * The matter, not what this county made of it, nor its attachments; and who placed it, if that goes along. 0, or what
 * contact_open() gives.
 */
static int copy_matter(const struct transfer *transfer, const struct county *county, const struct county *other,
                       struct record *copy)
{
    static const enum field told[] = {F_TITLE, F_TEXT, F_PLACE, F_LAT, F_LONG, F_MEDIA_URL};
    const struct access *access = transfer->access;
    bool joint = transfer->way == &asking, shared = !joint || record_int(transfer->message, F_SHARE) == 1;
    RECORD *contact = record_new();
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        record_copy(copy, access->record, told[i]);
    if (!joint)
        record_copy(copy, access->record, F_PUBLIC);
    int r = contact_open(county->vault, access->order, record_str(access->record, F_CONTACT), contact);
    if (shared)
        record_copy_all(copy, contact);
    else
        redact_matter(copy, record_str(contact, F_NAME));
    if (joint)
        add_request(county, other, record_str(transfer->message, F_REASON), copy);
    record_set(copy, F_SOURCE_REF, access->order);
    record_printf(copy, F_VIA, "county:%s", county->id);
    return r;
}

/*
 * By what the new order is known when the same is asked again: a county that has answered may be asked anew, and an
 * order without the contact does not do for somebody who shares it.
 */
static void name_request(const struct transfer *transfer, const struct county *other, char digest[DIGEST_SIZE])
{
    struct partner partner;
    int64_t asked = 0;
    for (const char *rest = record_str(transfer->access->record, F_JOINT); partner_next(&rest, &partner);)
        asked += strncmp(partner.order, other->id, strlen(other->id)) == 0;
    AUTOFREE char *before = xasprintf("%" PRId64, asked);
    const char *shared = record_int(transfer->message, F_SHARE) == 1 ? "shared" : "";
    intake_digest(digest, (const char *const[]){transfer->access->order, other->id, before, shared}, 4);
}

/* -- the requests -------------------------------------------------------------------------------------------------- */

static const enum field reserved[] = {F_ACTOR, F_SECONDARY, F_RETURN_TO, FIELD_COUNT};

/* Takes the body. False after answering what is wrong with it. */
static bool read_body(const struct transfer *transfer)
{
    struct record *message = transfer->message;
    struct fault fault;
    size_t size;
    const char *body = http_body(transfer->request, &size);
    int r = json_to_record(body, size, transfer->way->type, reserved, message, &fault);
    record_set(message, F_ACTOR, transfer->access->grant.actor);
    record_set(message, F_SECONDARY, ""); /* not known yet */
    record_set(message, F_RETURN_TO, "");
    if (r == 0 && record_check(message, transfer->way->type, &fault) == 0)
        return true;
    intake_answer_error(transfer->request, 400, fault.error, fault.field, fault.detail);
    return false;
}

/* Whether it can be done; otherwise answers why not. other: NULL for none that is known. */
static bool may_go(const struct transfer *transfer, const struct county *other)
{
    const struct access *access = transfer->access;
    const struct record *message = transfer->message;
    if (!other || strcmp(other->id, access->county) == 0)
        intake_answer_error(transfer->request, 404, "unknown", "county",
                            "name another county of this deployment by its code");
    else if (record_len(message, F_REASON) == 0)
        intake_answer_error(transfer->request, 400, "invalid", "reason", "say why");
    else if (!words_have(transfer->way->states, record_str(access->record, F_STATE)))
        intake_answer_error(transfer->request, 409, "state", NULL, transfer->way->otherwise);
    else if (is_for_another(access->record)) /* nor asked of a third one: its resident would not hear of that */
        intake_answer_error(transfer->request, 409, "state", NULL,
                            "another county asked for it, and hears that it is no matter of yours when you return it");
    else if (transfer->way == &asking && partner_is_active(record_str(access->record, F_JOINT), other->id))
        intake_answer_error(transfer->request, 409, "pending", "county",
                            "that county has it already, and has not answered yet");
    else if (transfer->way == &asking && words_count(record_str(access->record, F_JOINT)) >= PARTNERS_MAX)
        intake_answer_error(transfer->request, 409, "full", "county", "too many have been asked already");
    else if (record_int(message, F_SHARE) == 1 && !access_may(access, PERMIT_ORDER_TRANSFER))
        access_refuse(access, "share");
    else
        return true;
    return false;
}

/* That a contact goes to a county which only helps is on record before it does. */
static bool record_sharing(const struct transfer *transfer, const struct county *other)
{
    const struct access *access = transfer->access;
    AUTOFREE char *detail = xasprintf("with county %s", other->id);
    return record_int(transfer->message, F_SHARE) != 1 ||
           audit_write(service_store(transfer->intake->service), access->county,
                       &(struct audit){.actor = access->grant.actor,
                                       .action = "contact.shared",
                                       .order = access->order,
                                       .result = "done",
                                       .detail = detail}) == 0;
}

static void post(struct intake *intake, struct http_request *request, const struct way *way)
{
    const struct access *access = access_of(request);
    const struct county *county = service_county(intake->service, access->county);
    struct transfer *transfer = xcalloc(1, sizeof *transfer);
    *transfer =
        (struct transfer){.intake = intake, .request = request, .access = access, .way = way, .message = record_new()};
    http_attach(request, transfer, transfer_destroy);
    if (!read_body(transfer) || !intake_read_idempotency(request, access->grant.actor, transfer->once))
        return;
    const struct county *other = service_county(intake->service, record_str(transfer->message, F_COUNTY));
    RECORD *copy = record_new();
    char digest[DIGEST_SIZE], part[ORDER_ID_SIZE];
    if (other)
        record_set(transfer->message, F_RETURN_TO, other->name);
    int r = intake_part_recall(intake, county, transfer->once, part);
    if (r == 0) {
        tell_owner(transfer, part);
        return;
    }
    if (r == -ENOENT && !may_go(transfer, other))
        return;
    if (r != -ENOENT || copy_matter(transfer, county, other, copy) < 0) {
        intake_answer_error(request, 503, "unavailable", NULL, NULL);
        return;
    }
    if (!fits(transfer, copy))
        return;
    if (!record_sharing(transfer, other)) {
        intake_answer_error(request, 503, "unavailable", NULL, NULL);
        return;
    }
    name_request(transfer, other, digest);
    intake_submit_order(intake, other, copy, way->source, digest, intake_remember(intake), on_placed, transfer);
}

static void post_transfer(void *arg, struct http_request *request)
{
    post(arg, request, &transferring);
}

static void post_joint(void *arg, struct http_request *request)
{
    post(arg, request, &asking);
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
    {.method = "POST",
     .path = "/api/v1/orders/{id}/joint",
     .handle = post_joint,
     .max_body = MAX_BODY,
     .permission = PERMIT_ORDER_JOINT,
     ABOUT(.summary = "Asks another county, or the city, to handle an order jointly; it is answered here all the same",
           .chinese = "联办：请市里或别的县（市、区）一起办理，仍由本县答复", .body = API_MESSAGE, .takes = MSG_JOINT,
           .reserved = reserved, .answer = "Split")},
};
const size_t transfer_route_count = sizeof transfer_routes / sizeof *transfer_routes;
