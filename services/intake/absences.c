/*
 * absences.c - the times in which a member takes no orders: members enter their own, the office anybody's.
 *
 * Who enters or ends one is on record before it is done. Why somebody is absent is told to nobody else.
 */
#include "services/intake/access.h"
#include "services/intake/intake.h"
#include "services/intake/json.h"
#include "services/intake/openapi.h"

#include "common/alloc.h"
#include "common/audit.h"
#include "common/text.h"

#include <string.h>

enum { MAX_BODY = 16 * 1024 };

/* Belongs to the request. */
struct absence {
    struct intake *intake;
    struct http_request *request;
    const struct access *access;
};

static struct absence *absence_new(struct intake *intake, struct http_request *request)
{
    struct absence *absence = xcalloc(1, sizeof *absence);
    *absence = (struct absence){.intake = intake, .request = request, .access = access_of(request)};
    http_attach(request, absence, free);
    return absence;
}

/* Whose absences: a member's own; the office and keys say whose. False after answering that they are not theirs. */
static bool set_member(const struct access *access, struct record *message)
{
    if (access->caller.kind == CALLER_KEY || access->grant.relations & OFFICE)
        return true;
    if (!record_has(message, F_MEMBER))
        record_set(message, F_MEMBER, access->grant.member);
    if (record_is(message, F_MEMBER, access->grant.member))
        return true;
    access_refuse(access, "member");
    return false;
}

static void on_changed(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    const struct absence *absence = arg;
    if (!intake_answer_failure(absence->request, status, reply))
        intake_answer_json(absence->request, 200, json_from_record(record_row(reply, F_ROWS, 0), NULL, 0));
}

static void on_listed(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    const struct absence *absence = arg;
    if (!intake_answer_failure(absence->request, status, reply))
        intake_answer_json(absence->request, 200, json_from_record(reply, NULL, 0));
}

static void ask(struct absence *absence, enum message_type type, const struct record *message, const char *idempotency,
                answer_fn *done)
{
    service_call(absence->intake->service, absence->access->county, "", type, message, idempotency,
                 intake_call_ms(absence->intake), done, absence);
}

static void get_absences(void *arg, struct http_request *request)
{
    struct absence *absence = absence_new(arg, request);
    const char *member = http_query(request, "member");
    RECORD *question = record_new();
    struct fault fault;
    if (member && *member)
        record_set(question, F_MEMBER, member);
    if (record_check(question, MSG_LIST_ABSENCES, &fault) < 0)
        intake_answer_error(request, 400, fault.error, fault.field, fault.detail);
    else if (set_member(absence->access, question))
        ask(absence, MSG_LIST_ABSENCES, question, NULL, on_listed);
}

static const enum field reserved[] = {F_ACTOR, F_VIA, FIELD_COUNT};

/* Enters or ends one. */
static void post_absence(void *arg, struct http_request *request)
{
    struct absence *absence = absence_new(arg, request);
    const struct access *access = absence->access;
    const struct api_about *about = http_about(request);
    enum message_type type = about->takes;
    RECORD *message = record_new();
    struct fault fault;
    size_t size;
    const char *body = http_body(request, &size);
    int r = json_to_record(body, size, type, reserved, message, &fault);
    if (r == 0 && !set_member(access, message))
        return;
    record_set(message, F_ACTOR, access->grant.actor);
    if (r == 0)
        r = record_check(message, type, &fault);
    if (r < 0) {
        intake_answer_error(request, 400, fault.error, fault.field, fault.detail);
        return;
    }
    AUTOFREE char *detail =
        xasprintf("%s of %s", type == MSG_END_ABSENCE ? "an end" : "an entry", record_str(message, F_MEMBER));
    const struct audit entry = {.actor = access->grant.actor,
                                .action = permission_name(access->permission),
                                .result = "done",
                                .detail = detail};
    char idempotency[DIGEST_SIZE];
    if (!intake_read_idempotency(request, access->grant.actor, idempotency))
        return;
    if (audit_write(service_store(absence->intake->service), access->county, &entry) < 0)
        intake_answer_error(request, 503, "unavailable", NULL, NULL);
    else
        ask(absence, type, message, *idempotency ? idempotency : NULL, on_changed);
}

static const struct api_param member_params[] = {
    {.name = "member", .field = F_MEMBER, .meaning = "only those of this member; without it the caller's own, or all"},
    {0},
};

#define CHANGE(message, english, zh)                                                                                   \
    .method = "POST", .handle = post_absence, .max_body = MAX_BODY, .permission = PERMIT_ABSENCES,                     \
    ABOUT(.summary = (english), .chinese = (zh), .body = API_MESSAGE, .takes = MSG_##message, .reserved = reserved,    \
          .answer = "Absence")

const struct http_route absence_routes[] = {
    {.method = "GET",
     .path = "/api/v1/absences",
     .handle = get_absences,
     .permission = PERMIT_ABSENCES,
     ABOUT(.summary = "Times in which members take no orders", .chinese = "委员请假情况", .query = member_params,
           .answer = "Absences")},
    {.path = "/api/v1/absences",
     CHANGE(ENTER_ABSENCE, "Enters a time in which a member takes no orders", "登记委员请假")},
    {.path = "/api/v1/absences/end", CHANGE(END_ABSENCE, "Ends one, or takes it back", "销假，或取消请假")},
};
const size_t absence_route_count = sizeof absence_routes / sizeof *absence_routes;
