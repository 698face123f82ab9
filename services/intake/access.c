/*
 * access.c - decides whether a request may go on; see access.h.
 *
 * Whoever is known and turned away is written down in the trail of their county, as often as the limits allow;
 * strangers are only counted, because they could flood it. An order of another county answers like one that does not
 * exist. Who brings an order's code and is wrong hears the same whether the order exists or not, so nobody learns which
 * numbers exist. Without Redis nobody is let in.
 */
#include "services/intake/access.h"

#include "common/alloc.h"
#include "common/audit.h"
#include "common/metrics.h"
#include "common/resident.h"
#include "common/store.h"
#include "common/text.h"
#include "services/intake/code.h"
#include "services/intake/limits.h"
#include "services/intake/page.h"
#include "services/intake/qr.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static void access_destroy(void *data)
{
    struct access *access = data;
    record_destroy(&access->record);
    free(access);
}

const struct access *access_of(const struct http_request *request)
{
    return http_caller(request);
}

/* -- turning away ------------------------------------------------------------------------------------------------ */

/* Without Redis the refusal stands all the same. */
static void write_down(struct intake *intake, const char *county, const char *actor, enum permission permission,
                       const char *order, const char *why)
{
    audit_write(
        service_store(intake->service), county,
        &(struct audit){
            .actor = actor, .action = permission_name(permission), .order = order, .result = "refused", .detail = why});
}

/* Answers an error; always false. */
static bool refuse(const struct access *access, const char *word, const char *field)
{
    static const char *const who[] = {"nobody", "person", "key"};
    char label[20];
    snprintf(label, sizeof label, "who=\"%s\"", who[access->caller.kind]);
    metric_add("sidan_refused_total", "Requests that were turned away for who made them", label, 1);
    intake_answer_error(access->request, intake_status_of(word), word, field, NULL);
    return false;
}

static bool unavailable(const struct access *access)
{
    intake_answer_error(access->request, 503, "unavailable", NULL, NULL);
    return false;
}

/*
 * Counts what may not go on for ever: requests of strangers, by their address, and refusals of somebody who is known,
 * by their name. caller: NULL for a stranger. 0, or for how many seconds they have to wait.
 */
static int64_t charge(struct intake *intake, const struct http_request *request, const struct caller *caller, int cost)
{
    char address[HTTP_ADDRESS_SIZE];
    AUTOFREE char *name =
        caller ? xasprintf("%s %s", caller->county, *caller->key ? caller->key : caller->phone) : NULL;
    if (!caller)
        limits_address(intake->limits, request, address);
    return limits_take(intake->limits, name ? name : address, cost, mono_ms());
}

/* False after answering that there are too many. */
static bool within_limits(const struct access *access, int cost)
{
    bool known = access->caller.kind != CALLER_NOBODY;
    int64_t wait = charge(access->intake, access->request, known ? &access->caller : NULL, cost);
    if (wait == 0)
        return true;
    intake_answer_wait(access->request, wait);
    return false;
}

/* The same for somebody who is known. why: for the trail. */
static bool refuse_known(const struct access *access, const char *word, const char *field, const char *why)
{
    if (!within_limits(access, 1))
        return false;
    write_down(access->intake, access->caller.county, access->grant.actor, access->permission, access->order, why);
    return refuse(access, word, field);
}

void access_refuse(const struct access *access, const char *field)
{
    if (access->caller.kind == CALLER_NOBODY)
        refuse(access, "forbidden", field);
    else
        refuse_known(access, "forbidden", field, "in somebody else's name");
}

/* -- who asks ---------------------------------------------------------------------------------------------------- */

static bool is_safe(const struct http_request *request)
{
    return strcmp(http_method(request), "GET") == 0 || strcmp(http_method(request), "HEAD") == 0;
}

const char *access_request_key(const struct http_request *request)
{
    static const char scheme[] = "Bearer ";
    const char *authorization = http_header(request, "Authorization");
    if (authorization && strncasecmp(authorization, scheme, sizeof scheme - 1) == 0)
        return authorization + sizeof scheme - 1;
    return http_header(request, "X-Api-Key");
}

/* The code that a request brings, NULL without. */
static const char *request_code(const struct http_request *request)
{
    const char *code = http_header(request, "X-Order-Code");
    if (!code)
        code = http_query(request, "code");
    return code && *code ? code : NULL;
}

bool access_is_foreign(const struct http_request *request)
{
    const char *origin = http_header(request, "Origin"), *host = http_header(request, "Host");
    const char *authority = origin ? strstr(origin, "://") : NULL;
    return origin && !(authority && host && strcasecmp(authority + 3, host) == 0);
}

static const struct api_key *valid_key(const struct county *county, const char *key)
{
    const struct api_key *known = county_key(county, key);
    return known && (known->expires == 0 || now_ms() < known->expires) ? known : NULL;
}

const struct api_key *access_county_key(const struct http_request *request, const struct county *county)
{
    const char *key = access_request_key(request);
    return key ? valid_key(county, key) : NULL;
}

/* Whose key it is: of the county that is asked about, else of any other. */
static bool find_key(struct intake *intake, const struct county *wanted, const char *key, struct caller *ret_caller)
{
    const struct county *county = wanted;
    const struct api_key *known = county ? valid_key(county, key) : NULL;
    for (size_t i = 0; !known && i < service_county_count(intake->service); i++) {
        county = service_county_at(intake->service, i);
        known = valid_key(county, key);
    }
    if (!known)
        return false;
    *ret_caller = (struct caller){.kind = CALLER_KEY};
    memcpy(ret_caller->county, county->id, sizeof ret_caller->county);
    snprintf(ret_caller->key, sizeof ret_caller->key, "%s", known->name);
    return true;
}

/* Whether a page of ours made the request, not another site's that has the browser send the cookie along. */
static bool is_genuine(const struct access *access)
{
    const char *token = http_header(access->request, "X-CSRF-Token"), *right = access->session.csrf;
    return token && strlen(token) == strlen(right) && sodium_memcmp(token, right, strlen(right)) == 0 &&
           !access_is_foreign(access->request);
}

/* What the caller is called, and whether there is still somebody of that name. */
static bool name_caller(struct access *access)
{
    const struct county *county = service_county(access->intake->service, access->caller.county);
    permission_decide(county, &access->caller, PERMIT_SIGNED_IN, NULL, &access->grant);
    return *access->grant.actor;
}

static bool find_person(struct access *access)
{
    struct caller *caller = &access->caller;
    int r = session_find(access->intake, access->request, &access->session);
    if (r == -EIO)
        return unavailable(access);
    if (r < 0)
        return true;
    *caller = caller_person(service_county(access->intake->service, access->session.county), access->session.phone);
    bool named = name_caller(access), genuine = is_safe(access->request) || is_genuine(access);
    if (named && !genuine && !request_code(access->request))
        return refuse_known(access, "csrf", NULL, "without the session's X-CSRF-Token, or from another site");
    if (!named || !genuine) /* off the roster; or not what the person meant: only the order's code counts */
        *caller = (struct caller){.kind = CALLER_NOBODY};
    return true;
}

/* Finds out who asks; that may be nobody. False after answering that it cannot be told, or a forged request. */
static bool find_caller(struct access *access, const struct county *wanted)
{
    const char *key = access_request_key(access->request);
    if (!key)
        return find_person(access);
    if (find_key(access->intake, wanted, key, &access->caller))
        name_caller(access);
    else
        access->wrong_key = true;
    return true;
}

/* -- an order's code --------------------------------------------------------------------------------------------- */

/* Whether the code or the token was right; otherwise answers, what is wrong with `word`. */
static bool is_right(const struct access *access, enum code_result result, const char *word)
{
    switch (result) {
    case CODE_RIGHT:
        return true;
    case CODE_WRONG:
        return within_limits(access, 1) && refuse(access, word, NULL);
    case CODE_LOCKED: /* which Redis has counted on its disk, too */
        return within_limits(access, 1) && refuse(access, "too_many_tries", NULL);
    default:
        return unavailable(access);
    }
}

static void grant_to_resident(struct access *access)
{
    access->grant = (struct grant){.granted = true, .relations = RESIDENT, .actor = "resident"};
}

/* What the order's code grants: false after answering that it does not. */
static bool admit_resident(struct access *access)
{
    const char *code = request_code(access->request);
    const struct county *county = service_county(access->intake->service, access->county);
    if (!code || !permission_of_resident(access->permission))
        return refuse(access, access->wrong_key ? "forbidden" : "unauthorized", NULL);
    if (!within_limits(access, is_safe(access->request) ? 0 : 1))
        return false;
    if (!is_right(access, code_of_order(service_store(access->intake->service), county, access->order, code),
                  "forbidden"))
        return false;
    grant_to_resident(access);
    return true;
}

/* -- an order ---------------------------------------------------------------------------------------------------- */

/* The order is loaded, and whoever has only its code has shown it. False after answering. */
static bool decide(struct access *access)
{
    const struct county *county = service_county(access->intake->service, access->county);
    if (access->caller.kind == CALLER_NOBODY)
        return true;
    const struct record *order = *access->order ? access->record : NULL;
    permission_decide(county, &access->caller, access->permission, order, &access->grant);
    if (access->grant.granted)
        return true;
    if (request_code(access->request) && permission_of_resident(access->permission) && !access->grant.forbidden)
        return admit_resident(access);
    return refuse_known(access, "forbidden", NULL, "none of their roles grants it");
}

/* The answer for every order that is not there, or not this county's. A stranger who hears it has shown its code. */
static bool unknown_order(const struct access *access)
{
    if (access->caller.kind == CALLER_NOBODY || within_limits(access, 1))
        intake_answer_error(access->request, 404, "unknown", "order", NULL);
    return false;
}

static void on_archived(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct access *access = arg;
    if (status != ANSWER_OK) {
        unavailable(access);
    } else if (record_rows(reply, F_ROWS) == 0) {
        unknown_order(access);
    } else {
        record_copy_all(access->record, record_row(reply, F_ROWS, 0));
        access->archived = true;
        if (decide(access))
            http_handle(access->request);
    }
}

/* By which call the archive lists matters of a kind. */
static enum message_type list_of(enum matter matter)
{
    return matter == MATTER_MEETING      ? MSG_LIST_MEETINGS
           : matter == MATTER_SUGGESTION ? MSG_LIST_SUGGESTIONS
           : matter == MATTER_ENTRY      ? MSG_LIST_ENTRIES
                                         : MSG_LIST_ORDERS;
}

/* Loads the order, from the archive if need be, and decides. */
static bool load(struct access *access)
{
    struct service *service = access->intake->service;
    int r = service_load_order(service, access->county, access->order, access->record);
    if (r == 0)
        return decide(access);
    if (r != -ENOENT)
        return unavailable(access);
    if (access->permission == PERMIT_ORDER_ATTACH) /* its body is being sent, so nothing can be waited for */
        return unknown_order(access);
    RECORD *question = record_new();
    record_set(question, F_ORDERS, access->order);
    service_call(service, access->county, "", list_of(permission_matter(access->permission)), question, NULL,
                 intake_call_ms(access->intake), on_archived, access);
    return false;
}

static bool admit_to_order(struct access *access)
{
    int64_t serial;
    enum matter matter;
    const struct county *county = NULL;
    if (matter_parse(http_segment(access->request, "id"), access->county, &matter, &serial) == 0 &&
        matter == permission_matter(access->permission))
        county = service_county(access->intake->service, access->county);
    if (!county)
        return unknown_order(access);
    matter_id(access->order, county->id, matter, serial);
    if (!find_caller(access, county))
        return false;
    bool elsewhere = access->caller.kind != CALLER_NOBODY && strcmp(access->caller.county, county->id) != 0;
    if (elsewhere && !request_code(access->request))
        return refuse_known(access, "unknown", "order", "it is of another county");
    if (elsewhere)
        access->caller = (struct caller){.kind = CALLER_NOBODY};
    if (access->caller.kind == CALLER_NOBODY && !admit_resident(access))
        return false;
    return load(access);
}

/* -- the link to an answer --------------------------------------------------------------------------------------- */

/* Whether a browser brings the session of somebody who handles the order, whatever page it comes from. */
static bool is_handler(struct access *access, const struct county *county, bool *ret_handles)
{
    int r = session_find(access->intake, access->request, &access->session);
    if (r == -EIO)
        return unavailable(access);
    if (r == 0 && strcmp(access->session.county, county->id) == 0) {
        access->caller = caller_person(county, access->session.phone);
        permission_decide(county, &access->caller, access->permission, access->record, &access->grant);
    }
    *ret_handles = access->grant.forbidden;
    return true;
}

/*
 * The token says which answer of which order it is about. While that waits for its rating, and until it is closed,
 * whoever has the link may what the resident may, unless they are known to handle the order. A link that was right once
 * is no guess, so it may be opened as often as somebody likes; its page then says what became of the answer.
 */
static bool admit_link(struct access *access)
{
    struct service *service = access->intake->service;
    const char *token = http_segment(access->request, "token");
    const struct county *county = NULL;
    int64_t round = 0;
    bool handles = false;
    if (!within_limits(access, is_safe(access->request) ? 0 : 1))
        return false;
    if (rating_token_parse(token, access->county, access->order, &round) == 0)
        county = service_county(service, access->county);
    if (!is_right(access,
                  county ? code_of_link(service_store(service), county, access->order, round, token) : CODE_WRONG,
                  "unknown"))
        return false;
    int r = service_load_order(service, access->county, access->order, access->record);
    if (r == -EIO)
        return unavailable(access);
    const char *state = record_str(access->record, F_STATE);
    access->ended =
        record_int(access->record, F_ROUND) != round || !words_have(STATE_ANSWERED " " STATE_EVALUATED, state);
    if (access->ended)
        return page_is_at(http_path(access->request)) || refuse(access, "ended", NULL);
    if (!is_handler(access, county, &handles))
        return false;
    if (handles)
        return refuse_known(access, "forbidden", "actor", "who handles an order does not rate it");
    grant_to_resident(access);
    return true;
}

/* -- the ways into a meeting ------------------------------------------------------------------------------------- */

/* The same for the invitation of an order's resident, while the meeting is ahead, or held and not closed yet. */
static bool admit_invited(struct access *access)
{
    struct service *service = access->intake->service;
    const char *token = http_segment(access->request, "token");
    const struct county *county = NULL;
    char order[ORDER_ID_SIZE], who[64];
    if (!within_limits(access, is_safe(access->request) ? 0 : 1))
        return false;
    if (invitation_token_parse(token, access->county, access->order, order) == 0)
        county = service_county(service, access->county);
    if (!is_right(access,
                  county ? code_of_invitation(service_store(service), county, access->order, order, token) : CODE_WRONG,
                  "unknown"))
        return false;
    int r = service_load_order(service, access->county, access->order, access->record);
    if (r == -EIO)
        return unavailable(access);
    snprintf(who, sizeof who, "resident:%s", order);
    if (!words_have(STATE_CALLED " " STATE_HELD, record_str(access->record, F_STATE)) ||
        !words_have(record_str(access->record, F_INVITED), who))
        return refuse(access, "ended", "meeting");
    grant_to_resident(access);
    snprintf(access->grant.actor, sizeof access->grant.actor, "%s", who);
    return true;
}

/* Who opens the address that a meeting's QR code shows: somebody who is signed in, and on the list of the invited. */
static bool admit_by_qr(struct access *access)
{
    struct service *service = access->intake->service;
    const char *token = http_segment(access->request, "token");
    const struct county *county = NULL;
    if (!within_limits(access, 0))
        return false;
    if (qr_token_parse(token, access->county, access->order) == 0)
        county = service_county(service, access->county);
    enum qr_token known = county ? qr_token_judge(token, county->vault, access->order, now_ms()) : QR_WRONG;
    if (known == QR_WRONG)
        return within_limits(access, 1) && refuse(access, "unknown", NULL);
    if (known == QR_OLD)
        return refuse(access, "ended", "qr");
    if (!find_person(access))
        return false;
    if (access->caller.kind == CALLER_NOBODY || strcmp(access->caller.county, county->id) != 0)
        return refuse(access, "unauthorized", "qr");
    int r = service_load_order(service, access->county, access->order, access->record);
    if (r == -EIO)
        return unavailable(access);
    if (r < 0 || !words_have(STATE_CALLED " " STATE_HELD, record_str(access->record, F_STATE)))
        return refuse(access, "ended", "meeting");
    permission_decide(county, &access->caller, PERMIT_QR, access->record, &access->grant);
    return access->grant.granted || refuse_known(access, "forbidden", "qr", "not on the list of the invited");
}

/* -- everything else --------------------------------------------------------------------------------------------- */

/* Whether somebody of the city, who has signed in elsewhere, asks for what they may see of this county. */
static bool may_as_city(struct access *access, const struct county *county)
{
    const struct county *home = service_county(access->intake->service, access->caller.county);
    return access->permission == PERMIT_FIGURES_READ && home &&
           city_reads(home, &access->caller, county, &access->grant);
}

static bool admit_to_county(struct access *access)
{
    const char *id = http_query(access->request, "county");
    const struct county *county = intake_county(access->intake, id);
    if (!find_caller(access, county))
        return false;
    if (access->caller.kind == CALLER_NOBODY && !access->wrong_key)
        return refuse(access, "unauthorized", NULL);
    if (access->wrong_key)
        return refuse(access, "forbidden", NULL);
    if (!county && !(id && *id))
        county = service_county(access->intake->service, access->caller.county);
    if (!county) {
        if (within_limits(access, 1))
            intake_answer_error(access->request, 404, "unknown", "county", "no county has this code: give ?county=");
        return false;
    }
    memcpy(access->county, county->id, sizeof access->county);
    if (strcmp(access->caller.county, county->id) != 0)
        return may_as_city(access, county) || refuse_known(access, "forbidden", NULL, "it is another county's");
    return decide(access);
}

int64_t access_charge(struct intake *intake, const struct http_request *request, const char *key, int cost)
{
    struct caller caller;
    return key && find_key(intake, NULL, key, &caller) ? 0 : charge(intake, request, NULL, cost);
}

static bool admit_anybody(const struct access *access)
{
    const char *key = access_request_key(access->request);
    int64_t wait = is_safe(access->request) ? 0 : access_charge(access->intake, access->request, key, 1);
    if (wait > 0)
        intake_answer_wait(access->request, wait);
    return wait == 0;
}

static bool admit_gateway(const struct access *access)
{
    const char *token = param_str(service_params(access->intake->service), "gateway_token");
    const char *given = http_segment(access->request, "token");
    if (*token && strlen(given) == strlen(token) && sodium_memcmp(given, token, strlen(token)) == 0)
        return true;
    return refuse(access, "no_such_path", NULL);
}

bool access_admit(void *arg, struct http_request *request, int permission)
{
    struct access *access = xcalloc(1, sizeof *access);
    access->intake = arg;
    access->request = request;
    access->permission = (enum permission)permission;
    access->record = record_new();
    http_set_caller(request, access, access_destroy);
    switch (access->permission) {
    case PERMIT_ANYBODY:
        return admit_anybody(access);
    case PERMIT_GATEWAY:
        return admit_gateway(access);
    case PERMIT_LINK:
        return admit_link(access);
    case PERMIT_INVITATION:
        return admit_invited(access);
    case PERMIT_QR:
        return admit_by_qr(access);
    case PERMIT_OF_RESOURCE:
        return true;
    default:
        return permission_is_of_order(access->permission) ? admit_to_order(access) : admit_to_county(access);
    }
}

bool access_may(const struct access *access, enum permission permission)
{
    const struct county *county = service_county(access->intake->service, access->county);
    struct grant grant;
    permission_decide(county, &access->caller, permission, access->record, &grant);
    return grant.granted;
}

const struct api_key *access_key(struct intake *intake, const struct county *county, const char *key,
                                 enum permission permission, int64_t *ret_wait)
{
    struct caller caller;
    struct grant grant;
    *ret_wait = 0;
    if (!key || !find_key(intake, county, key, &caller))
        return NULL;
    permission_decide(county, &caller, permission, NULL, &grant);
    if (grant.granted)
        return county_key(county, key);
    *ret_wait = charge(intake, NULL, &caller, 1);
    if (*ret_wait > 0)
        return NULL;
    AUTOFREE char *actor = xasprintf("key:%s", caller.key);
    write_down(intake, caller.county, actor, permission, "", "none of its scopes grants it, or not in this county");
    return NULL;
}
