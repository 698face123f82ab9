/*
 * split.c - an order that holds two matters: the second becomes an order of its own, of the same resident.
 *
 * First the new order is placed, then the old one is told of it. Whatever fails in between, no matter is lost, and the
 * same request again finds the new order and goes on, because that is known by what it asks for; with an
 * Idempotency-Key it gets its first answer also when the old order has moved on. Nobody sees the resident's contact in
 * this, nor the new order's code, which goes to the resident alone.
 */
#include "services/intake/access.h"
#include "services/intake/intake.h"
#include "services/intake/json.h"
#include "services/intake/openapi.h"

#include "common/alloc.h"
#include "common/contact.h"
#include "common/joint.h"
#include "common/merge.h"
#include "common/text.h"

#include <errno.h>
#include <stdio.h>

enum { MAX_BODY = 128 * 1024 };

/* Belongs to the request. */
struct split {
    struct intake *intake;
    struct http_request *request;
    const struct access *access;
    char *title;
    char part[ORDER_ID_SIZE], once[DIGEST_SIZE]; /* once: its Idempotency-Key */
};

static void split_destroy(void *data)
{
    struct split *split = data;
    free(split->title);
    free(split);
}

static void on_told(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    const struct split *split = arg;
    if (!intake_answer_failure(split->request, status, reply))
        intake_answer_json(split->request, 200,
                           json_pack("{s:s, s:s}", "order", split->access->order, "part", split->part));
}

static void tell_owner(struct split *split)
{
    const struct access *access = split->access;
    char digest[DIGEST_SIZE];
    RECORD *message = record_new();
    record_set(message, F_ACTOR, access->grant.actor);
    record_set(message, F_SECONDARY, split->part);
    record_set(message, F_TITLE, split->title);
    intake_digest(digest, (const char *const[]){"split", access->order, split->part}, 3);
    service_call(split->intake->service, access->county, access->order,
                 order_owner(record_str(access->record, F_STATE)) == ROUTING ? MSG_SPLIT_EARLY : MSG_SPLIT, message,
                 digest, intake_call_ms(split->intake), on_told, split);
}

/* The new order is there; the old one gets its step. */
static void on_placed(void *arg, const struct placement *placed)
{
    struct split *split = arg;
    const struct county *county = service_county(split->intake->service, split->access->county);
    if (placed->status != ANSWER_OK) {
        int status = placed->status == ANSWER_REFUSED ? intake_status_of(placed->error) : 503;
        intake_answer_error(split->request, status, placed->error, placed->field, placed->detail);
        return;
    }
    snprintf(split->part, sizeof split->part, "%s", placed->order);
    if (county && intake_part_note(split->intake, county, split->once, split->part) == 0)
        tell_owner(split);
    else
        intake_answer_error(split->request, 503, "unavailable", NULL, NULL);
}

/* What the new order takes over where the convener says nothing else. 0, or what contact_open() gives. */
static int inherit(const struct county *county, const struct access *access, struct record *part)
{
    static const enum field inherited[] = {F_PLACE, F_COMMUNITY, F_LAT, F_LONG, F_PUBLIC};
    RECORD *contact = record_new();
    for (size_t i = 0; i < sizeof inherited / sizeof *inherited; i++)
        if (!record_has(part, inherited[i]))
            record_copy(part, access->record, inherited[i]);
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
    RECORD *part = record_new();
    struct fault fault;
    size_t size;
    const char *body = http_body(request, &size);
    if (json_to_record(body, size, MSG_PLACE_ORDER, reserved, part, &fault) < 0) {
        intake_answer_error(request, 400, fault.error, fault.field, fault.detail);
        return;
    }
    struct split *split = xcalloc(1, sizeof *split);
    *split = (struct split){
        .intake = intake, .request = request, .access = access, .title = xstrdup(record_str(part, F_TITLE))};
    http_attach(request, split, split_destroy);
    if (!intake_read_idempotency(request, access->grant.actor, split->once))
        return;
    int r = intake_part_recall(intake, county, split->once, split->part);
    if (r == 0) {
        tell_owner(split);
        return;
    }
    if (r == -ENOENT &&
        (!words_have(SPLITTABLE, record_str(access->record, F_STATE)) || is_for_another(access->record))) {
        intake_answer_error(request, 409, "state", NULL,
                            "only an order of your own resident that has no answer yet can be split");
        return;
    }
    char digest[DIGEST_SIZE];
    intake_digest(digest, (const char *const[]){access->order, record_str(part, F_TITLE), record_str(part, F_TEXT)}, 3);
    if (r != -ENOENT || inherit(county, access, part) < 0) {
        intake_answer_error(request, 503, "unavailable", NULL, NULL);
        return;
    }
    intake_submit_order(intake, county, part, SOURCE_SPLIT, digest, intake_remember(intake), on_placed, split);
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
