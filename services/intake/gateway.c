/*
 * gateway.c - what SMS gateways call back: receipts, and SMS that came in.
 *
 * The address carries a secret (gateway_token, looked at in access.c); without one the door does not exist. A gateway
 * is told 200 only after the call came back, so that it repeats what could not be stored; what can never be taken is
 * told 200 as well, because repeating it would not help. Kannel's receipt is a GET that we composed ourselves; its SMS
 * is a POST with the sender in a header, so that no number stands in an address.
 *
 * Codes of orders are short and every county has the same. Who is a member in several counties and sends a code that
 * may be any of two orders is asked back, by each county with the number of its own: nothing is claimed by chance.
 */
#include "services/intake/intake.h"
#include "services/intake/roles.h"

#include "common/alloc.h"
#include "common/contact.h"
#include "common/log.h"
#include "common/text.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <utf8proc.h>

static void answer_empty(struct http_request *request, int status)
{
    http_answer(request, status, "text/plain; charset=utf-8", "", 0);
}

static void on_taken(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct http_request *request = arg;
    if (status == ANSWER_REFUSED)
        log_warning("a callback of the gateway was refused: error=%s", record_str(reply, F_ERROR));
    answer_empty(request, status == ANSWER_UNAVAILABLE ? 503 : 200);
}

/* What can never be taken. */
static void drop(struct http_request *request, const char *cause)
{
    log_warning("dropped what a gateway brought: %s", cause);
    answer_empty(request, 200);
}

/* "990101-000123.<hex>.0", or "990101.<hex>.0" for an SMS that belongs to no order. order is "" then. */
static const struct county *owner_of_sms(struct intake *intake, const char *sms, char order[ORDER_ID_SIZE])
{
    AUTOFREE char *head = xstrndup(sms, strcspn(sms, "."));
    char county[7];
    order[0] = '\0';
    if (order_parse(head, county, NULL) < 0)
        return service_county(intake->service, head);
    snprintf(order, ORDER_ID_SIZE, "%s", head);
    return service_county(intake->service, county);
}

static void take_receipt(void *arg, struct http_request *request)
{
    struct intake *intake = arg;
    const char *sms = http_query(request, "sms"), *code = http_query(request, "type");
    char order[ORDER_ID_SIZE];
    int64_t receipt;
    const struct county *county = sms ? owner_of_sms(intake, sms, order) : NULL;
    if (!county || !code || parse_int(code, 0, INT32_MAX, &receipt) < 0) {
        drop(request, "a receipt that is about no SMS of ours, or has no code");
        return;
    }
    RECORD *message = record_new();
    struct fault fault;
    record_set(message, F_SMS, sms);
    record_set_int(message, F_RECEIPT, receipt);
    if (record_check(message, MSG_SMS_RECEIPT, &fault) < 0) {
        drop(request, fault.detail);
        return;
    }
    service_call(intake->service, county->id, order, MSG_SMS_RECEIPT, message, NULL, intake_call_ms(intake), on_taken,
                 request);
}

/* The text of an SMS as UTF-8; Chinese ones come as UTF-16BE. Owned by the caller; NULL when it cannot be read. */
static char *sms_text(const struct http_request *request)
{
    size_t size;
    const char *body = http_body(request, &size), *type = http_header(request, "Content-Type");
    if (!type || !strcasestr(type, "utf-16be"))
        return text_length(body, size) == SIZE_MAX ? NULL : xstrdup(body);
    iconv_t decoder = iconv_open("UTF-8", "UTF-16BE");
    size_t room = size * 2; /* two bytes become three at most */
    char *text = xcalloc(1, room + 1), *in = (char *)body, *out = text;
    bool good = iconv(decoder, &in, &size, &out, &room) != (size_t)-1;
    iconv_close(decoder);
    if (good && text_length(text, (size_t)(out - text)) != SIZE_MAX)
        return text;
    free(text);
    return NULL;
}

/* An ASCII letter or digit, or its full-width twin (U+FF10 0 to U+FF5A z). Returns the bytes it takes, else 0. */
static size_t code_character(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    if (isalnum(*c))
        return 1;
    if (c[0] != 0xEF || (c[1] != 0xBC && c[1] != 0xBD) || !c[2])
        return 0;
    return isalnum((c[1] - 0xBC) * 0x40 + (c[2] & 0x3F) + ' ') ? 3 : 0; /* U+FF00 stands for the space */
}

/* The first thing in a text that is a code: "3VK", "回复3VK", "3ＶＫ 受理". 0 or -ENOENT. */
static int find_code(const char *text, int64_t *ret_serial)
{
    while (*text) {
        size_t length = 0, step;
        while ((step = code_character(text + length)) > 0)
            length += step;
        AUTOFREE char *word = xstrndup(text, length);
        if (length > 0 && order_from_code(word, ret_serial) == 0)
            return 0;
        text += length > 0 ? length : 1;
    }
    return -ENOENT;
}

/* The first thing in a text that is an order's number: "990101-000123", in full-width characters, too. 0 or -ENOENT. */
static int find_number(const char *text, char ret_county[7], int64_t *ret_serial)
{
    static const char digits[] = "0123456789";
    AUTOFREE char *plain = (char *)utf8proc_NFKC((const utf8proc_uint8_t *)text);
    for (const char *c = plain ? plain + strcspn(plain, digits) : ""; *c; c += strcspn(c, digits)) {
        size_t length = strspn(c, "0123456789-");
        AUTOFREE char *word = xstrndup(c, length);
        if (order_parse(word, ret_county, ret_serial) == 0)
            return 0;
        c += length;
    }
    return -ENOENT;
}

/* -- replies ----------------------------------------------------------------------------------------------------- */

/* An SMS on its way to one county, or to several that ask back. Belongs to the request. */
struct reply {
    struct http_request *request;
    char *phone, *text;
    const char *id; /* the gateway's, by which a repetition is known */
    size_t calls;   /* under way */
    bool unavailable;
};

static void reply_destroy(void *data)
{
    struct reply *reply = data;
    free(reply->phone);
    free(reply->text);
    free(reply);
}

static void on_reply_taken(void *arg, enum answer_status status, enum message_type type, const struct record *answer)
{
    (void)type;
    struct reply *reply = arg;
    if (status == ANSWER_REFUSED)
        log_warning("a reply was refused: error=%s", record_str(answer, F_ERROR));
    reply->unavailable |= status == ANSWER_UNAVAILABLE;
    if (--reply->calls == 0)
        answer_empty(reply->request, reply->unavailable ? 503 : 200);
}

/* Tells notification. order: that it is about, "" for none. ask: whether to ask back if that is the one. */
static void pass_on(struct intake *intake, struct reply *reply, const struct county *county, const char *order,
                    bool ask)
{
    RECORD *message = record_new();
    char reference[DIGEST_SIZE]; /* of one SMS, the same when the gateway repeats it; tells nothing about the sender */
    intake_secret_digest(reference, county, (const char *const[]){"sms", reply->phone, reply->text, reply->id}, 4);
    record_set(message, F_FROM, reply->phone);
    record_set(message, F_BODY, reply->text);
    record_set(message, F_REF, reference);
    if (ask)
        record_set(message, F_ORDER, order);
    service_call(intake->service, county->id, ask ? "" : order, MSG_SMS_REPLY, message, reference,
                 intake_call_ms(intake), on_reply_taken, reply);
}

/* The orders that a code may stand for: in each county of the member the one with this number, of their groups if any.
 */
struct candidates {
    const struct county **counties;
    size_t count;
    bool theirs; /* they are of groups of the sender's */
};

/* Looks at one county. 0 or -EIO. */
static int consider(struct intake *intake, const struct county *county, const char *phone, int64_t serial,
                    struct candidates *candidates)
{
    const struct member *member = county_member_by_phone(county, phone);
    char id[ORDER_ID_SIZE];
    RECORD *order = record_new();
    order_id(id, county->id, serial);
    int r = member ? service_load_order(intake->service, county->id, id, order) : -ENOENT;
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    bool theirs = record_is(order, F_GROUP, member->group);
    if (theirs && !candidates->theirs)
        candidates->count = 0;
    if (theirs == (candidates->theirs |= theirs))
        candidates->counties[candidates->count++] = county;
    return 0;
}

/* By its code an order is found in whichever county it is; where that may be more than one, each asks back. */
static void pass_on_by_code(struct intake *intake, struct reply *reply, const struct county *home, int64_t serial)
{
    size_t count = service_county_count(intake->service);
    AUTOFREE const struct county **counties = xcalloc(count, sizeof *counties);
    struct candidates candidates = {.counties = counties};
    char order[ORDER_ID_SIZE];
    for (size_t i = 0; i < count; i++)
        if (consider(intake, service_county_at(intake->service, i), reply->phone, serial, &candidates) < 0) {
            answer_empty(reply->request, 503);
            return;
        }
    if (candidates.count == 0)
        counties[candidates.count++] = home; /* which knows what to say to that */
    reply->calls = candidates.count;
    for (size_t i = 0; i < candidates.count; i++) {
        order_id(order, counties[i]->id, serial);
        pass_on(intake, reply, counties[i], order, candidates.count > 1);
    }
}

/* The first county where the sender is a member; of a stranger the only one there is. */
static const struct county *home_of(struct intake *intake, const char *phone)
{
    for (size_t i = 0; i < service_county_count(intake->service); i++) {
        const struct county *county = service_county_at(intake->service, i);
        if (county_member_by_phone(county, phone))
            return county;
    }
    return intake_county(intake, NULL);
}

/* Decides which order an SMS is about: by its number, by its code, or about none. */
static void pass_on_reply(struct intake *intake, struct reply *reply, const struct county *home)
{
    char id[7], order[ORDER_ID_SIZE] = "";
    int64_t serial;
    bool numbered = find_number(reply->text, id, &serial) == 0;
    const struct county *named = numbered ? service_county(intake->service, id) : NULL;
    if (!numbered && find_code(reply->text, &serial) == 0) {
        pass_on_by_code(intake, reply, home, serial);
        return;
    }
    reply->calls = 1;
    if (named && (named == home || county_member_by_phone(named, reply->phone))) {
        home = named;
        order_id(order, named->id, serial);
    }
    pass_on(intake, reply, home, order, false);
}

static void take_reply(void *arg, struct http_request *request)
{
    struct intake *intake = arg;
    const char *from = http_header(request, "X-Kannel-From"), *time = http_header(request, "X-Kannel-Time");
    const char *id = http_query(request, "id");
    AUTOFREE char *text = sms_text(request);
    if (!from || !text) {
        drop(request, from ? "an SMS that is no text" : "an SMS without X-Kannel-From");
        return;
    }
    char plain[PHONE_SIZE];
    const char *phone = contact_phone(from, plain) == 0 ? plain : from; /* the number of a service is no phone */
    const struct county *home = home_of(intake, phone);
    if (!home) {
        drop(request, "an SMS of somebody who is no member");
        return;
    }
    RECORD *message = record_new();
    struct fault fault;
    record_set(message, F_FROM, phone);
    record_set(message, F_BODY, text);
    record_set(message, F_REF, "");
    if (record_check(message, MSG_SMS_REPLY, &fault) < 0) {
        drop(request, fault.detail);
        return;
    }
    struct reply *reply = xcalloc(1, sizeof *reply);
    *reply = (struct reply){.request = request,
                            .phone = xstrdup(phone),
                            .text = xstrdup(text),
                            .id = id && *id ? id
                                  : time    ? time
                                            : ""};
    http_attach(request, reply, reply_destroy);
    pass_on_reply(intake, reply, home);
}

const struct http_route gateway_routes[] = {
    {.method = "GET", .path = "/gateway/kannel/{token}/receipt", .handle = take_receipt, .permission = PERMIT_GATEWAY},
    {.method = "POST", .path = "/gateway/kannel/{token}/reply", .handle = take_reply, .permission = PERMIT_GATEWAY},
};
const size_t gateway_route_count = sizeof gateway_routes / sizeof *gateway_routes;
