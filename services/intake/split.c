/*
 * split.c - an order that holds two matters: the second becomes an order of its own, of the same resident.
 *
 * First the new order is placed, known by what is asked for, then the old one is told of it; see part.h. Nobody sees
 * the resident's contact in this, nor the new order's code, which goes to the resident alone.
 */
#include "services/intake/json.h"
#include "services/intake/openapi.h"
#include "services/intake/part.h"

#include "common/alloc.h"
#include "common/contact.h"
#include "common/joint.h"
#include "common/merge.h"
#include "common/text.h"

#include <errno.h>
#include <stdio.h>

enum { MAX_BODY = 128 * 1024 };

/* What the new order takes over where the convener says nothing else. 0, or what contact_open() gives. */
static int inherit(const struct county *county, const struct access *access, struct record *part)
{
    static const enum field inherited[] = {F_PLACE, F_COMMUNITY, F_LAT, F_LONG, F_PUBLIC, FIELD_COUNT};
    RECORD *contact = record_new();
    intake_inherit(county, access->record, inherited, part);
    int r = contact_open(county->vault, access->order, record_str(access->record, F_CONTACT), contact);
    record_copy_all(part, contact);
    record_set(part, F_SOURCE_REF, access->order);
    record_set(part, F_VIA, access->grant.actor);
    return r;
}

static const enum field reserved[] = {F_COUNTY, F_LAT,    F_LONG,       F_MEDIA_URL, F_NAME,    F_PHONE,   F_EMAIL,
                                      F_PUBLIC, F_SOURCE, F_SOURCE_REF, F_VIA,       F_SAME_AS, F_PRIMARY, FIELD_COUNT};

static void post_split(void *arg, struct http_request *request)
{
    struct intake *intake = arg;
    const struct access *access = access_of(request);
    const struct county *county = service_county(intake->service, access->county);
    RECORD *order = record_new();
    struct fault fault;
    size_t size;
    const char *body = http_body(request, &size);
    if (json_to_record(body, size, MSG_PLACE_ORDER, reserved, order, &fault) < 0) {
        intake_answer_error(request, 400, fault.error, fault.field, fault.detail);
        return;
    }
    bool early = order_owner(record_str(access->record, F_STATE)) == ROUTING;
    struct part *part = part_new(intake, request, SOURCE_SPLIT, early ? MSG_SPLIT_EARLY : MSG_SPLIT);
    record_set(part->message, F_ACTOR, access->grant.actor);
    record_copy(part->message, order, F_TITLE);
    intake_digest(part->name,
                  (const char *const[]){access->order, record_str(order, F_TITLE), record_str(order, F_TEXT)}, 3);
    if (!intake_read_idempotency(request, access->grant.actor, part->once))
        return;
    int r = part_recall(part, county);
    if (r == 0) {
        part_tell(part);
        return;
    }
    if (r == -ENOENT &&
        (!words_have(SPLITTABLE, record_str(access->record, F_STATE)) || is_for_another(access->record))) {
        intake_answer_error(request, 409, "state", NULL,
                            "only an order of your own resident that has no answer yet can be split");
        return;
    }
    if (r != -ENOENT || inherit(county, access, order) < 0) {
        intake_answer_error(request, 503, "unavailable", NULL, NULL);
        return;
    }
    part_place(part, county, order);
}

const struct http_route split_routes[] = {
    {.method = "POST",
     .path = "/api/v1/orders/{id}/split",
     .handle = post_split,
     .max_body = MAX_BODY,
     .permission = PERMIT_ORDER_SCREEN,
     ABOUT(.summary = "Makes the second matter of an order an order of its own", .chinese = "拆单：另一件事单独成单",
           .body = API_MESSAGE, .takes = MSG_PLACE_ORDER, .reserved = reserved, .answer = "Split")},
};
const size_t split_route_count = sizeof split_routes / sizeof *split_routes;
