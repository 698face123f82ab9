/*
 * inside.h - the other services, as intake sees them, for fuzz targets.
 *
 * What intake asks of them is looked at: it is of a right format, and nothing but what is for everybody is asked for a
 * caller who has not proved to be somebody, or for a page of another site.
 */
// wraps: service_params service_store service_county service_county_count service_county_at service_load_order
// wraps: service_call service_submit
#ifndef SIDAN_TESTS_INSIDE_H
#define SIDAN_TESTS_INSIDE_H

#include "tests/fuzz/outside.h"

#include "common/contact.h"
#include "common/resident.h"

enum { DOOR_ROUND = 1 };

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker wants these names */

/* -- the service ------------------------------------------------------------------------------------------------- */

const struct params *__wrap_service_params(const struct service *service);
const struct params *__wrap_service_params(const struct service *service)
{
    (void)service;
    return door.params;
}

struct store *__wrap_service_store(struct service *service);
struct store *__wrap_service_store(struct service *service)
{
    (void)service;
    return door.store;
}

const struct county *__wrap_service_county(struct service *service, const char *id);
const struct county *__wrap_service_county(struct service *service, const char *id)
{
    (void)service;
    return door_county(id);
}

size_t __wrap_service_county_count(const struct service *service);
size_t __wrap_service_county_count(const struct service *service)
{
    (void)service;
    return door.county_count;
}

const struct county *__wrap_service_county_at(const struct service *service, size_t index);
const struct county *__wrap_service_county_at(const struct service *service, size_t index)
{
    (void)service;
    return door.counties[index];
}

static const char *state_of(enum matter matter)
{
    static const char *const states[MATTERS][3] = {
        [MATTER_ORDER] = {STATE_ANSWERED, STATE_RETURNED, STATE_OPEN},
        [MATTER_MEETING] = {STATE_CALLED, STATE_CANCELLED, STATE_HELD},
        [MATTER_SUGGESTION] = {STATE_FOLLOWED, STATE_SETTLED, STATE_SETTLED},
        [MATTER_ENTRY] = {STATE_ENTERED, STATE_WITHDRAWN, STATE_WITHDRAWN},
    };
    if (wish('c'))
        return STATE_CLOSED;
    if (wish('f') && matter == MATTER_ORDER)
        return STATE_SCREENING;
    return states[matter][wish('t') ? 1 : wish('j') ? 2 : 0];
}

/* What meetings, suggestions, entries and the rows of other lists have besides. */
static void fill_beside(struct record *matter)
{
    record_set(matter, F_HOST, "member:M1");
    record_set(matter, F_ABOUT, DOOR_ORDER);
    record_set(matter, F_INVITED, "member:M1 member:M2 convener:T1 resident:" DOOR_ORDER);
    record_set(matter, wish('y') ? F_COMING : F_EXCUSED, "resident:" DOOR_ORDER);
    record_set(matter, F_PRESENT, "member:M1");
    record_set(matter, F_KIND, "opinion");
    record_set(matter, F_COMMITTEE, "K1");
    record_set(matter, F_SECTOR, "界别");
    record_set(matter, F_TASK, "report");
    record_set_int(matter, F_MEETS_AT, fixture_now);
    record_set_int(matter, F_COUNT, 2);
}

/* A matter as it may stand, with the words of the request in it. */
static void fill_order(struct record *order, const char *id)
{
    static const enum field texts[] = {F_TITLE, F_TEXT,   F_PLACE,   F_ANSWER,     F_REASON,  F_RETURN_TO, F_WRITTEN,
                                       F_NOTE,  F_DETAIL, F_MEMBERS, F_SOURCE_REF, F_MINUTES, F_SHARED};
    static const char files[] =
        DOOR_FILE_ID "/pdf/9/" DOOR_HASH "/all/图.pdf 111111111111111111111111/pdf/9/" DOOR_HASH "/staff/b.pdf";
    size_t length = text_length(door.words, strlen(door.words));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (length <= field_info(texts[i])->max)
            record_set(order, texts[i], door.words);
    record_set(order, F_ORDER, *id ? id : DOOR_ORDER);
    record_set(order, F_STATE, state_of(matter_of(record_str(order, F_ORDER))));
    if (matter_of(id) != MATTER_ORDER)
        fill_beside(order);
    record_set(order, F_STEP, wish('m') ? "remarked" : "answered");
    record_set(order, F_FILES, files);
    record_set(order, F_FLAG, "不合理");
    record_set(order, F_DECLINED, "M3");
    record_set(order, F_OUTCOME, "solved");
    if (wish('c'))
        record_set(order, F_RATING, "satisfied");
    record_set(order, F_CATEGORY, "roads");
    record_set(order, F_GROUP, "G1");
    record_set(order, F_TOWN, "T1");
    record_set(order, F_DEPARTMENT, "D1");
    if (wish('y'))
        record_set(order, F_MEMBERS, "M1 M2");
    record_set_int(order, F_HANDED_AT, fixture_now);
    record_set_int(order, F_PUBLIC, 1);
    record_set_int(order, F_VER, 4);
    record_set_int(order, F_ROUND, DOOR_ROUND);
    if (wish('h'))
        record_set(order, F_QUESTION, "是哪一栋");
    record_set_int(order, F_DUE, fixture_now);
    record_set_int(order, F_PLACED_AT, fixture_now);
    record_set_int(order, F_CLOSED_AT, fixture_now);
    record_set_int(order, F_PROMISED_AT, fixture_now);
    record_set(order, F_MEDIA_URL, "https://sidan.example.cn/1.jpg"); /* as it was looked at when it was placed */
    record_set_real(order, F_LAT, 29.788125);
    record_set_real(order, F_LONG, 118.3);
}

/* Who placed it, sealed. */
static void fill_contact(struct record *order, const char *id)
{
    char county[7];
    RECORD *contact = record_new();
    record_set(contact, F_NAME, "顾怀谷");
    record_set(contact, F_PHONE, DOOR_PHONE);
    PROMISE(matter_parse(id, county, NULL, NULL) == 0);
    contact_seal(door_county(county)->vault, id, contact, order);
    if (wish('x'))
        record_set(order, F_CONTACT, "v1.7.AAAA");
}

int __wrap_service_load_order(struct service *service, const char *county, const char *order, struct record *ret_order);
int __wrap_service_load_order(struct service *service, const char *county, const char *order, struct record *ret_order)
{
    (void)service;
    char of[7];
    bool known = matter_parse(order, of, NULL, NULL) == 0 && strcmp(of, county) == 0;
    record_clear(ret_order);
    if (wish('d') || wish('n') || wish('a') || !known)
        return wish('d') ? -5 : -2;
    fill_order(ret_order, order);
    if (matter_of(order) == MATTER_ORDER)
        fill_contact(ret_order, order);
    return 0;
}

/* -- what may be asked for whom ---------------------------------------------------------------------------------- */

/* Whether anybody may have it: a place to begin, what is public, what the gateway tells. */
static bool is_for_everybody(enum message_type type, const struct record *message, const char *path)
{
    if (type == MSG_PLACE_ORDER || type == MSG_SEND_CODE || type == MSG_LIST_PUBLISHED ||
        type == MSG_READ_PUBLIC_FIGURES)
        return true;
    if (type == MSG_FIND_ALIKE) /* a few that are being handled */
        return record_int(message, F_LIMIT) == 3 && !words_have(record_str(message, F_STATES), STATE_CLOSED);
    if (type == MSG_SMS_REPLY || type == MSG_SMS_RECEIPT || record_is(message, F_VIA, VIA_SMS))
        return strncmp(path, "/gateway/", strlen("/gateway/")) == 0 && strstr(path, "/" DOOR_TOKEN "/");
    return (type == MSG_LIST_ORDERS || type == MSG_LIST_UPDATES) &&
           (record_int(message, F_PUBLIC) == 1 || strstr(path, "/tokens/t"));
}

static bool is(const char *given, const char *right)
{
    return given && strcmp(given, right) == 0;
}

static bool brings_key(const struct http_request *request, const struct county *county)
{
    const char *key = door_keys[county == door.counties[1]], *given = access_request_key(request);
    return is(given, key) || is(http_query(request, "api_key"), key) || is(http_form(request, "api_key"), key);
}

/* Whether the path is that of the invitation of the resident whom the message names. */
static bool is_invited(const struct county *county, const char *meeting, const struct record *message, const char *path)
{
    static const char resident[] = "resident:";
    char token[INVITATION_TOKEN_SIZE];
    const char *who = record_str(message, F_WHO);
    bool named = strncmp(who, resident, strlen(resident)) == 0 && matter_of(who + strlen(resident)) == MATTER_ORDER;
    invitation_token(token, county->vault, meeting, named ? who + strlen(resident) : meeting);
    return named && strstr(path, token);
}

/* Its code; its link, for the answer that it has; or the gateway says that it is from the resident's phone. */
static bool is_resident(const struct county *county, const char *order, enum message_type type,
                        const struct record *message, const char *path)
{
    char code[ACCESS_CODE_SIZE], token[RATING_TOKEN_SIZE];
    rating_token(token, county->vault, order, DOOR_ROUND);
    if (type == MSG_LIST_ORDERS && strstr(path, token)) /* what became of it */
        return true;
    if (record_is(message, F_VIA, VIA_SMS))
        return wish('z') && (type == MSG_RATE || type == MSG_ANSWER_ASKED || type == MSG_ANSWER_EARLY);
    if (type == MSG_ANSWER_INVITATION && record_is(message, F_VIA, VIA_LINK))
        return is_invited(county, order, message, path);
    if (type == MSG_RATE && record_is(message, F_VIA, VIA_LINK))
        return record_int(message, F_ROUND) == DOOR_ROUND && strstr(path, token);
    order_access_code(code, order, vault_secret(county->vault));
    return is(door_header("X-Order-Code"), code) || is(http_pairs_get(&door.query, "code"), code);
}

/*
 * A session; and what is more than a look comes with its token, from a page of ours. The city reads figures of all
 * counties.
 */
static bool brings_session(const struct http_request *request, const struct county *county, enum message_type type)
{
    char csrf[VAULT_DIGEST_SIZE];
    const char *cookie = door_cookie(SESSION_COOKIE);
    if ((type == MSG_READ_FIGURES || type == MSG_LIST_TOPICS) && strstr(redis.roles, "city:"))
        county = door_county(redis.county);
    if (strcmp(redis.county, county->id) != 0 || !cookie || strncmp(cookie, county->id, 6) != 0)
        return false;
    vault_digest(county->vault, "csrf", cookie + 7, csrf);
    return is(http_method(request), "GET") || is(http_method(request), "HEAD") ||
           (is(door_header("X-CSRF-Token"), csrf) && !access_is_foreign(request));
}

/* What the office alone does needs somebody of it; who has a code or a link alone may do little. */
static bool is_granted(enum message_type type, bool session)
{
    static const char office[] = "case.publish case.withdraw entry.enter entry.withdraw order.transfer templates.list "
                                 "audit.list cases.search";
    static const char resident[] = "order.rate order.reply order.reply_early order.add order.add_early order.take_back "
                                   "order.take_back_early order.attach order.attach_early meeting.answer history.read "
                                   "contact.read orders.list";
    const char *name = message_info(type)->name;
    return session ? !words_have(office, name) || strstr(redis.roles, "office:") : words_have(resident, name);
}

/* Who sees some orders only asks for these, unless it is one that they are judged by when it is here. */
static bool is_within(enum message_type type, const struct record *message)
{
    bool narrowed = record_has(message, F_WITHIN) || matter_of(record_str(message, F_ORDERS)) != MATTER_NONE;
    return narrowed || !message_field(message_info(type), F_WITHIN) || strstr(redis.roles, "office:");
}

/* Only a key may act in the name of somebody else. In the audit trail an actor is what is looked for. */
static bool is_own_name(enum message_type type, const char *actor, bool code, bool session)
{
    return !*actor || type == MSG_LIST_AUDIT || (code && is(actor, "resident")) ||
           (session && words_have(redis.roles, actor));
}

static struct later *ask(const char *county_id, const char *order, enum message_type type, const struct record *message,
                         const char *idempotency, answer_fn *done, void *arg)
{
    struct fault fault;
    char of[7];
    const struct county *county = door_county(county_id);
    const struct http_request *request = door.connection.request;
    PROMISE(county);
    PROMISE(!*order || (matter_parse(order, of, NULL, NULL) == 0 && strcmp(of, county_id) == 0));
    PROMISE(record_check(message, type, &fault) == 0);
    PROMISE(!idempotency || (*idempotency && strlen(idempotency) <= 128));
    const char *about = *order                         ? order
                        : record_has(message, F_ORDER) ? record_str(message, F_ORDER)
                                                       : record_str(message, F_ORDERS);
    bool key = brings_key(request, county), code = is_resident(county, about, type, message, request->path);
    bool session = brings_session(request, county, type);
    /* What a request has placed it may take back, in another county, too. */
    bool placed = strcmp(order, door.placed) == 0 && (type == MSG_TAKE_BACK || type == MSG_TAKE_BACK_EARLY);
    bool open = is_for_everybody(type, message, request->path);
    PROMISE(open || key || code || session || placed);
    PROMISE(open || key || placed || is_granted(type, session));
    PROMISE(open || key || code || placed || is_within(type, message));
    PROMISE(key || placed || is_own_name(type, record_str(message, F_ACTOR), code, session));
    struct later *later = xcalloc(1, sizeof *later);
    *later = (struct later){.next = door.later, .done = done, .arg = arg, .type = type};
    if (matter_parse(about, of, NULL, NULL) == 0 && strcmp(of, county_id) == 0)
        snprintf(later->order, sizeof later->order, "%s", about);
    return door.later = later;
}

void __wrap_service_call(struct service *service, const char *county, const char *order, enum message_type type,
                         const struct record *message, const char *idempotency, int64_t deadline_ms, answer_fn *done,
                         void *arg);
void __wrap_service_call(struct service *service, const char *county, const char *order, enum message_type type,
                         const struct record *message, const char *idempotency, int64_t deadline_ms, answer_fn *done,
                         void *arg)
{
    (void)service;
    PROMISE(deadline_ms > 0);
    ask(county, order, type, message, idempotency, done, arg);
}

void __wrap_service_submit(struct service *service, const char *county, const char *order, enum message_type type,
                           const struct record *message, const char *idempotency, int64_t remember, answer_fn *done,
                           void *arg);
void __wrap_service_submit(struct service *service, const char *county, const char *order, enum message_type type,
                           const struct record *message, const char *idempotency, int64_t remember, answer_fn *done,
                           void *arg)
{
    (void)service;
    PROMISE(remember > 0);
    snprintf(door.placed, sizeof door.placed, "%s", order);
    struct later *later = ask(county, order, type, message, idempotency, done, arg);
    RECORD *none = record_new();
    struct outcome *outcome = outcome_new();
    struct context context = fixture_context(door_county(county));
    context.order_id = order;
    place_order(&context, none, message, outcome);
    struct fault fault;
    enum message_type answer;
    PROMISE(outcome_verdict(outcome) != VERDICT_LATER);
    for (size_t i = 0; i < outcome_message_count(outcome); i++) {
        RECORD *sent = record_new();
        record_copy_all(sent, outcome_message(outcome, i));
        record_set_int(sent, F_AT, 1);
        PROMISE(record_check(sent, outcome_message_type(outcome, i), &fault) == 0);
    }
    if (outcome_verdict(outcome) == VERDICT_REFUSED) {
        later->refusal = record_new();
        record_copy_all(later->refusal, outcome_answer(outcome, &answer));
    }
    outcome_destroy(&outcome);
}

/* NOLINTEND(bugprone-reserved-identifier) */

#endif
