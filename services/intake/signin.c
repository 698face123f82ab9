/*
 * signin.c - signing in by a code sent to the registered phone, and out again.
 *
 * Nobody learns here which phones are registered: asking for a code does the same for every number and answers before
 * any SMS is on its way; whether there is somebody to send it to is looked at by notification. A number that nobody
 * on the roster has gets a code, too, which nobody ever sees. Trying a code costs the same commands for every number.
 */
#include "services/intake/access.h"
#include "services/intake/code.h"
#include "services/intake/intake.h"
#include "services/intake/json.h"
#include "services/intake/openapi.h"
#include "services/intake/session.h"

#include "common/alloc.h"
#include "common/audit.h"
#include "common/calendar.h"
#include "common/contact.h"
#include "common/metrics.h"
#include "common/store.h"
#include "common/text.h"

#include <string.h>

/* What the body says; each text is NULL when it is missing. */
struct form {
    json_t *json;
    const struct county *county;
    char phone[PHONE_SIZE];
    char digest[VAULT_DIGEST_SIZE]; /* of the phone */
    const char *code;
};

/* cppcheck-suppress unusedFunction ; FORM uses it */
static void form_end(struct form *form)
{
    json_decref(form->json);
}
#define FORM __attribute__((cleanup(form_end))) struct form

static bool refuse(struct http_request *request, const char *word, const char *field, const char *detail)
{
    intake_answer_error(request, intake_status_of(word), word, field, detail);
    return false;
}

/* Reads {"county","phone","code"}. False after answering what is wrong with it. */
static bool read_form(struct intake *intake, struct http_request *request, bool with_code, struct form *form)
{
    size_t size;
    const char *body = http_body(request, &size);
    form->json = json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL);
    const char *county = json_string_value(json_object_get(form->json, "county"));
    const char *phone = json_string_value(json_object_get(form->json, "phone"));
    form->code = json_string_value(json_object_get(form->json, "code"));
    if (access_is_foreign(request))
        return refuse(request, "csrf", NULL, NULL);
    if (!json_is_object(form->json))
        return refuse(request, "syntax", NULL, "the body must be a JSON object with county and phone");
    if (!phone || !county || (with_code && !form->code))
        return refuse(request, "missing", !county ? "county" : !phone ? "phone" : "code", NULL);
    form->county = service_county(intake->service, county);
    if (!form->county)
        return refuse(request, "unknown", "county", "no county has this code: use its 6-digit division code");
    if (contact_phone(phone, form->phone) < 0 || !is_mobile(form->phone))
        return refuse(request, "invalid", "phone", "this is no mobile number: give the 11 digits of yours");
    person_digest(form->digest, form->county, form->phone);
    return true;
}

static void post_code(void *arg, struct http_request *request)
{
    struct intake *intake = arg;
    const struct params *params = service_params(intake->service);
    FORM form = {0};
    char code[SIGN_IN_CODE_SIZE];
    if (!read_form(intake, request, false, &form))
        return;
    int64_t wait = code_new(service_store(intake->service), form.county, form.phone, param_int(params, "codes_burst"),
                            param_int(params, "codes_per_hour"), code);
    if (wait < 0) {
        refuse(request, "unavailable", NULL, NULL);
        return;
    }
    if (wait > 0) {
        intake_answer_wait(request, wait);
        return;
    }
    RECORD *message = record_new();
    record_set(message, F_PHONE, form.phone);
    record_set(message, F_CODE, code);
    record_set_int(message, F_EXPIRES, now_ms() + SIGN_IN_CODE_S * INT64_C(1000));
    service_call(intake->service, form.county->id, "", MSG_SEND_CODE, message, NULL, intake_call_ms(intake), NULL,
                 NULL);
    intake_answer_json(request, 202, json_pack("{s:i}", "expires_s", SIGN_IN_CODE_S));
}

/* The counties whose figures somebody of the city may read. */
static json_t *counties_of_city(struct intake *intake, const struct county *home, const struct caller *caller)
{
    struct grant grant;
    json_t *list = json_array();
    for (size_t i = 0; i < service_county_count(intake->service); i++) {
        const struct county *county = service_county_at(intake->service, i);
        if (city_reads(home, caller, county, &grant))
            json_array_append_new(list, json_string(county->id));
    }
    return list;
}

/* Who is signed in, for a page. */
static json_t *describe(struct intake *intake, const struct county *county, const struct session *session)
{
    AUTOFREE char *roles = person_roles(county, session->phone);
    struct caller caller = caller_person(county, session->phone);
    struct grant grant;
    char end[TIME_SIZE];
    permission_decide(county, &caller, PERMIT_SIGNED_IN, NULL, &grant);
    AUTOFREE char *granted = permissions_granted(MATTER_NONE, grant.relations);
    time_format(end, session->end);
    json_t *json = json_pack("{s:s, s:o, s:o, s:s, s:s}", "county", county->id, "roles", json_words(roles), "may",
                             json_words(granted), "csrf", session->csrf, "ends", end);
    json_t *counties = counties_of_city(intake, county, &caller);
    if (json_array_size(counties) > 0)
        json_object_set(json, "counties", counties);
    json_decref(counties);
    return json;
}

static void append_audit(struct intake *intake, const struct county *county, const char *roles, const char *action,
                         const char *result)
{
    AUTOFREE char *actor = xstrndup(roles, strcspn(roles, " "));
    audit_append(service_store(intake->service), county->id,
                 &(struct audit){.actor = actor, .action = action, .result = result, .detail = ""});
}

/* Somebody typed a wrong code. A stranger's tries are only counted: they could flood the trail. */
static void count_failure(struct intake *intake, const struct county *county, const char *roles)
{
    struct store *store = service_store(intake->service);
    char key[KEY_SIZE];
    store_key(key, county->id, "strangers");
    if (*roles)
        append_audit(intake, county, roles, "sign_in", "wrong_code");
    else
        store_appendf(store, "INCR %s", key);
    store_run(store);
    metric_add("sidan_sign_ins_total", "Codes that were tried to sign in with", "result=\"wrong\"", 1);
}

static void post_sign_in(void *arg, struct http_request *request)
{
    struct intake *intake = arg;
    struct store *store = service_store(intake->service);
    FORM form = {0};
    if (!read_form(intake, request, true, &form))
        return;
    bool signed_in = false;
    AUTOFREE char *roles = person_roles(form.county, form.digest);
    enum code_result result = code_use(store, form.county, form.phone, form.code);
    if (result == CODE_UNKNOWN) {
        refuse(request, "unavailable", NULL, NULL);
        return;
    }
    if (result != CODE_RIGHT || !*roles) {
        count_failure(intake, form.county, roles);
        refuse(request, "wrong_code", "code", NULL);
        return;
    }
    struct session session;
    append_audit(intake, form.county, roles, "sign_in", "done");
    if (store_run(store) == 0 && store_reply(store, 0)->type != REDIS_REPLY_ERROR) {
        session_begin(intake, request, form.county, form.digest, &session);
        signed_in = store_run(store) == 0;
    }
    if (!signed_in) {
        refuse(request, "unavailable", NULL, NULL);
        return;
    }
    metric_add("sidan_sign_ins_total", "Codes that were tried to sign in with", "result=\"right\"", 1);
    intake_answer_json(request, 200, describe(intake, form.county, &session));
}

static void get_me(void *arg, struct http_request *request)
{
    struct intake *intake = arg;
    const struct access *access = access_of(request);
    intake_answer_json(request, 200,
                       describe(intake, service_county(intake->service, access->county), &access->session));
}

/* Where the trail is full, out all the same. */
static void sign_out(struct intake *intake, struct http_request *request, bool everywhere)
{
    const struct access *access = access_of(request);
    const struct county *county = service_county(intake->service, access->county);
    int r = 0;
    if (everywhere)
        r = session_end_all(intake, request, &access->session);
    else
        session_end(intake, request, &access->session);
    append_audit(intake, county, access->grant.actor, everywhere ? "sign_out_everywhere" : "sign_out",
                 r == 0 ? "done" : "unavailable");
    if (store_run(service_store(intake->service)) < 0 || r < 0)
        refuse(request, "unavailable", NULL, NULL);
    else
        intake_answer_json(request, 200, json_object());
}

static void post_sign_out(void *arg, struct http_request *request)
{
    sign_out(arg, request, false);
}

static void post_sign_out_everywhere(void *arg, struct http_request *request)
{
    sign_out(arg, request, true);
}

const struct http_route sign_in_routes[] = {
    {.method = "POST",
     .path = "/api/v1/sign-in/code",
     .handle = post_code,
     .permission = PERMIT_ANYBODY,
     ABOUT(.summary = "Has a code sent to a phone, if it is registered", .chinese = "向已登记的手机发送验证码",
           .body = API_FIELDS, .fields = (const enum field[]){F_COUNTY, F_PHONE, FIELD_COUNT}, .answer = "Asked",
           .status = 202)},
    {.method = "POST",
     .path = "/api/v1/sign-in",
     .handle = post_sign_in,
     .permission = PERMIT_ANYBODY,
     ABOUT(.summary = "Signs in by a code; sets the session's cookie", .chinese = "用验证码登录", .body = API_FIELDS,
           .fields = (const enum field[]){F_COUNTY, F_PHONE, F_CODE, FIELD_COUNT}, .answer = "Session")},
    {.method = "GET",
     .path = "/api/v1/me",
     .handle = get_me,
     .permission = PERMIT_SIGNED_IN,
     ABOUT(.summary = "Who is signed in", .chinese = "当前登录者", .answer = "Session")},
    {.method = "POST",
     .path = "/api/v1/sign-out",
     .handle = post_sign_out,
     .permission = PERMIT_SIGNED_IN,
     ABOUT(.summary = "Ends the session", .chinese = "退出登录", .answer = "Nothing")},
    {.method = "POST",
     .path = "/api/v1/sign-out/everywhere",
     .handle = post_sign_out_everywhere,
     .permission = PERMIT_SIGNED_IN,
     ABOUT(.summary = "Ends all sessions of the same person", .chinese = "退出所有设备上的登录", .answer = "Nothing")},
};
const size_t sign_in_route_count = sizeof sign_in_routes / sizeof *sign_in_routes;
