/*
 * again.c - 又出现了: what a closed order was about has come back; see again.h.
 *
 * A closed order stays as it was answered and rated, in the journal, in figures and records. What has come back is a
 * new order, which names the old one (F_SOURCE_REF) and always waits for the convener. It is made from the old one with
 * its resident's contact, which nobody sees in this. Whoever taps twice gets the same order, because the old one's
 * number is its idempotency key for as long as it could be placed.
 */
#include "services/intake/again.h"
#include "services/intake/api.h"
#include "services/intake/json.h"

#include "common/alloc.h"
#include "common/contact.h"
#include "common/text.h"

#include <string.h>

const char *again_objection(const struct county *county, const struct record *order, int64_t now)
{
    if (!record_is(order, F_STATE, STATE_CLOSED) || !words_have("satisfied basically", record_str(order, F_RATING)))
        return "state";
    return now - record_int(order, F_CLOSED_AT) < county->again ? NULL : "expired";
}

/* Belongs to the request. */
struct again {
    struct ask ask;       /* first, as what calls are answered with */
    struct record *order; /* the new one */
};

static void again_destroy(void *data)
{
    struct again *again = data;
    record_destroy(&again->order);
    free(again);
}

static void on_placed(void *arg, const struct placement *placed)
{
    api_answer_placed(arg, placed);
}

/* With the contact of the old one; none is left when that was erased. */
static void place(struct again *again, const char *sealed)
{
    const struct access *access = again->ask.access;
    const struct county *county = service_county(again->ask.intake->service, access->county);
    RECORD *contact = record_new();
    char digest[DIGEST_SIZE];
    if (!county || contact_open(county->vault, access->order, sealed, contact) < 0) {
        intake_answer_error(again->ask.request, 503, "unavailable", NULL, NULL);
        return;
    }
    record_copy_all(again->order, contact);
    intake_digest(digest, (const char *const[]){access->order}, 1);
    intake_submit_order(again->ask.intake, county, again->order, SOURCE_AGAIN, digest, county->again / 1000, on_placed,
                        &again->ask);
}

static void on_contact(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct again *again = arg;
    if (!intake_answer_failure(again->ask.request, status, reply))
        place(again, record_rows(reply, F_ROWS) > 0 ? record_str(record_row(reply, F_ROWS, 0), F_CONTACT) : "");
}

static const enum field reserved[] = {F_COUNTY, F_TITLE, F_PLACE,      F_COMMUNITY, F_LAT,     F_LONG,
                                      F_NAME,   F_PHONE, F_EMAIL,      F_MEDIA_URL, F_PUBLIC,  F_CATEGORY,
                                      F_SOURCE, F_VIA,   F_SOURCE_REF, F_SAME_AS,   F_PRIMARY, FIELD_COUNT};

/* What the resident says of it now, and what is as it was. 0, or -EINVAL with ret_fault. */
static int read_body(const struct http_request *request, const struct access *access, const struct county *county,
                     struct record *order, struct fault *ret_fault)
{
    static const enum field inherited[] = {F_TITLE, F_TEXT,     F_PLACE,  F_COMMUNITY, F_LAT,
                                           F_LONG,  F_CATEGORY, F_PUBLIC, FIELD_COUNT};
    size_t size;
    const char *body = http_body(request, &size);
    int r = json_to_record(body, size, MSG_PLACE_ORDER, reserved, order, ret_fault);
    if (r < 0)
        return r;
    intake_inherit(county, access->record, inherited, order);
    record_set(order, F_COUNTY, access->county);
    record_set(order, F_SOURCE_REF, access->order);
    return record_check(order, MSG_PLACE_ORDER, ret_fault);
}

static void post_again(void *arg, struct http_request *request)
{
    struct intake *intake = arg;
    const struct access *access = access_of(request);
    const struct county *county = service_county(intake->service, access->county);
    struct again *again = xcalloc(1, sizeof *again);
    struct fault fault;
    again->ask = (struct ask){.intake = intake, .request = request, .access = access};
    again->order = record_new();
    http_attach(request, again, again_destroy);
    if (read_body(request, access, county, again->order, &fault) < 0) {
        ask_answer_fault(&again->ask, &fault);
        return;
    }
    const char *objection = again_objection(county, access->record, now_ms());
    if (objection) {
        intake_answer_error(request, 409, objection, "again",
                            "this is for what was rated well and closed, within the time that the county sets");
        return;
    }
    if (!access->archived) {
        place(again, record_str(access->record, F_CONTACT));
        return;
    }
    RECORD *question = record_new();
    record_set(question, F_ORDER, access->order);
    service_call(intake->service, access->county, "", MSG_READ_CONTACT, question, NULL, intake_call_ms(intake),
                 on_contact, again);
}

const struct http_route again_routes[] = {
    {.method = "POST",
     .path = ORDER "/again",
     .handle = post_again,
     .max_body = API_BODY_MAX,
     .permission = PERMIT_ORDER_AGAIN,
     ABOUT(.summary = "What a closed order was about has come back: a new order, linked to it",
           .chinese = "又出现了：办结的事再次发生，另立一单", .body = API_MESSAGE, .takes = MSG_PLACE_ORDER,
           .reserved = reserved, .answer = "Placed", .status = 201)},
};
const size_t again_route_count = sizeof again_routes / sizeof *again_routes;
