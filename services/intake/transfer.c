/*
 * transfer.c - an order that is another county's matter goes there, with its resident's contact; or another county is
 * asked to handle it jointly (联办), the city's own among them, as a rule without.
 *
 * First an order is placed in the other county, where a contact is sealed with that county's key, then the owner of
 * this one is told; see part.h. If nobody asks again for joint handling, joint.c tells the owner. Nobody sees the
 * contact in this, nor the new order's code.
 */
#include "services/intake/json.h"
#include "services/intake/openapi.h"
#include "services/intake/part.h"
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

#define JOINABLE STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING

static bool is_joint(const struct part *part)
{
    return part->type == MSG_JOINT;
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
static bool fits(const struct part *part, const struct record *copy)
{
    size_t max = field_info(F_TEXT)->max, length = text_length(record_str(copy, F_TEXT), record_len(copy, F_TEXT));
    if (length <= max)
        return true;
    AUTOFREE char *detail = xasprintf("what is asked stands before the resident's words, of which none is to be lost:"
                                      " make the reason %zu characters shorter",
                                      length - max);
    intake_answer_error(part->request, 400, "long", "reason", detail);
    return false;
}

/*
 * The matter, not what this county made of it, nor its attachments; and who placed it, if that goes along. 0, or what
 * contact_open() gives.
 */
static int copy_matter(const struct part *part, const struct county *county, const struct county *other,
                       struct record *copy)
{
    static const enum field told[] = {F_TITLE, F_TEXT, F_PLACE, F_LAT, F_LONG, F_MEDIA_URL};
    const struct access *access = part->access;
    bool joint = is_joint(part), shared = !joint || record_int(part->message, F_SHARE) == 1;
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
        add_request(county, other, record_str(part->message, F_REASON), copy);
    record_set(copy, F_SOURCE_REF, access->order);
    record_printf(copy, F_VIA, "county:%s", county->id);
    return r;
}

/*
 * By what the new order is known when the same is asked again: a county that has answered may be asked anew, and an
 * order without the contact does not do for somebody who shares it.
 */
static void name_request(struct part *part, const struct county *other)
{
    struct partner partner;
    int64_t asked = 0;
    for (const char *rest = record_str(part->access->record, F_JOINT); partner_next(&rest, &partner);)
        asked += strncmp(partner.order, other->id, strlen(other->id)) == 0;
    AUTOFREE char *before = xasprintf("%" PRId64, asked);
    const char *shared = record_int(part->message, F_SHARE) == 1 ? "shared" : "";
    intake_digest(part->name, (const char *const[]){part->access->order, other->id, before, shared}, 4);
}

/* -- the requests -------------------------------------------------------------------------------------------------- */

static const enum field reserved[] = {F_ACTOR, F_SECONDARY, F_RETURN_TO, FIELD_COUNT};

/* Takes the body. False after answering what is wrong with it. */
static bool read_body(const struct part *part)
{
    struct record *message = part->message;
    struct fault fault;
    size_t size;
    const char *body = http_body(part->request, &size);
    int r = json_to_record(body, size, part->type, reserved, message, &fault);
    record_set(message, F_ACTOR, part->access->grant.actor);
    record_set(message, F_SECONDARY, ""); /* not known yet */
    record_set(message, F_RETURN_TO, "");
    if (r == 0 && record_check(message, part->type, &fault) == 0)
        return true;
    intake_answer_error(part->request, 400, fault.error, fault.field, fault.detail);
    return false;
}

/* Whether it can be done; otherwise answers why not. other: NULL for none that is known. */
static bool may_go(const struct part *part, const struct county *other)
{
    const struct access *access = part->access;
    const struct record *message = part->message;
    if (!other || strcmp(other->id, access->county) == 0)
        intake_answer_error(part->request, 404, "unknown", "county",
                            "name another county of this deployment by its code");
    else if (record_len(message, F_REASON) == 0)
        intake_answer_error(part->request, 400, "invalid", "reason", "say why");
    else if (!words_have(is_joint(part) ? JOINABLE : STATE_SCREENING, record_str(access->record, F_STATE)))
        intake_answer_error(part->request, 409, "state", NULL,
                            is_joint(part) ? "an order is handled jointly from when it is open until it is answered"
                                           : "an order goes to another county while it is screened");
    else if (is_for_another(access->record)) /* nor asked of a third one: its resident would not hear of that */
        intake_answer_error(part->request, 409, "state", NULL,
                            "another county asked for it, and hears that it is no matter of yours when you return it");
    else if (is_joint(part) && partner_is_active(record_str(access->record, F_JOINT), other->id))
        intake_answer_error(part->request, 409, "pending", "county",
                            "that county has it already, and has not answered yet");
    else if (is_joint(part) && words_count(record_str(access->record, F_JOINT)) >= PARTNERS_MAX)
        intake_answer_error(part->request, 409, "full", "county", "too many have been asked already");
    else if (record_int(message, F_SHARE) == 1 && !access_may(access, PERMIT_ORDER_TRANSFER))
        access_refuse(access, "share");
    else
        return true;
    return false;
}

/* That a contact goes to a county which only helps is on record before it does. */
static bool record_sharing(const struct part *part, const struct county *other)
{
    const struct access *access = part->access;
    AUTOFREE char *detail = xasprintf("with county %s", other->id);
    return record_int(part->message, F_SHARE) != 1 || audit_write(service_store(part->intake->service), access->county,
                                                                  &(struct audit){.actor = access->grant.actor,
                                                                                  .action = "contact.shared",
                                                                                  .order = access->order,
                                                                                  .result = "done",
                                                                                  .detail = detail}) == 0;
}

static void post(struct part *part)
{
    struct intake *intake = part->intake;
    const struct access *access = part->access;
    const struct county *county = service_county(intake->service, access->county);
    if (!read_body(part) || !intake_read_idempotency(part->request, access->grant.actor, part->once))
        return;
    const struct county *other = service_county(intake->service, record_str(part->message, F_COUNTY));
    RECORD *copy = record_new();
    if (other) {
        record_set(part->message, F_RETURN_TO, other->name);
        name_request(part, other);
    }
    int r = part_recall(part, county);
    if (r == 0) {
        part_tell(part);
        return;
    }
    if (r == -ENOENT && !may_go(part, other))
        return;
    if (r != -ENOENT || copy_matter(part, county, other, copy) < 0) {
        intake_answer_error(part->request, 503, "unavailable", NULL, NULL);
        return;
    }
    if (!fits(part, copy))
        return;
    if (!record_sharing(part, other)) {
        intake_answer_error(part->request, 503, "unavailable", NULL, NULL);
        return;
    }
    part_place(part, other, copy);
}

static void post_transfer(void *arg, struct http_request *request)
{
    post(part_new(arg, request, SOURCE_TRANSFER, MSG_TRANSFER));
}

static void post_joint(void *arg, struct http_request *request)
{
    struct part *part = part_new(arg, request, SOURCE_JOINT, MSG_JOINT);
    part->stays = true; /* see joint.c */
    post(part);
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
