/*
 * gateway.c - what SMS gateways call back: receipts, and SMS that came in.
 *
 * The address carries a secret (gateway_token, looked at in access.c); without one the door does not exist. A gateway
 * is told 200 only after the call came back, so that it repeats what could not be stored; what can never be taken is
 * told 200 as well, because repeating it would not help. Kannel's receipt is a GET that we composed ourselves; its SMS
 * is a POST with the sender in a header, so that no number stands in an address.
 */
#include "services/intake/intake.h"
#include "services/intake/roles.h"

#include "common/alloc.h"
#include "common/contact.h"
#include "common/log.h"
#include "common/text.h"

#include <ctype.h>
#include <iconv.h>
#include <string.h>

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

/* The county of the member who wrote; of a stranger the only one there is. */
static const struct county *county_of_sender(struct intake *intake, const char *phone)
{
    for (size_t i = 0; i < service_county_count(intake->service); i++) {
        const struct county *county = service_county_at(intake->service, i);
        if (county_member_by_phone(county, phone))
            return county;
    }
    return intake_county(intake, NULL);
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
    const struct county *county = county_of_sender(intake, phone);
    RECORD *message = record_new();
    char reference[DIGEST_SIZE]; /* of one SMS, the same when the gateway repeats it; tells nothing about the sender */
    record_set(message, F_FROM, phone);
    record_set(message, F_BODY, text);
    if (!county) {
        drop(request, "an SMS of somebody who is no member");
        return;
    }
    intake_secret_digest(reference, county,
                         (const char *const[]){"sms", phone, text,
                                               id && *id ? id
                                               : time    ? time
                                                         : ""},
                         4);
    record_set(message, F_REF, reference);
    struct fault fault;
    if (record_check(message, MSG_SMS_REPLY, &fault) < 0) {
        drop(request, fault.detail);
        return;
    }
    int64_t serial;
    char order[ORDER_ID_SIZE] = "";
    if (find_code(text, &serial) == 0)
        order_id(order, county->id, serial);
    service_call(intake->service, county->id, order, MSG_SMS_REPLY, message, reference, intake_call_ms(intake),
                 on_taken, request);
}

const struct http_route gateway_routes[] = {
    {.method = "GET", .path = "/gateway/kannel/{token}/receipt", .handle = take_receipt, .permission = PERMIT_GATEWAY},
    {.method = "POST", .path = "/gateway/kannel/{token}/reply", .handle = take_reply, .permission = PERMIT_GATEWAY},
};
const size_t gateway_route_count = sizeof gateway_routes / sizeof *gateway_routes;
