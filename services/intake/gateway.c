/*
 * gateway.c - what SMS gateways call back: receipts, and SMS that came in.
 *
 * The address carries a secret (gateway_token, looked at in access.c); without one the door does not exist. Kannel's
 * receipt is a GET that we composed ourselves; its SMS is a POST with the sender in a header, so that no number stands
 * in an address. The clouds push JSON, several at a time, which they do not sign.
 */
#include "services/intake/gateway.h"
#include "services/intake/roles.h"

#include "common/alloc.h"
#include "common/text.h"

#include <iconv.h>
#include <string.h>

enum { RECEIPT_DELIVERED = 1, RECEIPT_FAILED = 2, PUSH_MAX = 256 * 1024 };

/* -- Kannel ------------------------------------------------------------------------------------------------------- */

static void take_receipt(void *arg, struct http_request *request)
{
    struct callback *callback = callback_new(arg, request, "");
    const char *sms = http_query(request, "sms"), *code = http_query(request, "type");
    int64_t receipt;
    if (sms && code && parse_int(code, 0, INT32_MAX, &receipt) == 0)
        callback_receipt(callback, sms, receipt);
    else
        callback_drop("a receipt that names no SMS, or has no code");
    callback_end(callback);
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

static void take_reply(void *arg, struct http_request *request)
{
    struct callback *callback = callback_new(arg, request, "");
    const char *from = http_header(request, "X-Kannel-From"), *time = http_header(request, "X-Kannel-Time");
    const char *id = http_query(request, "id");
    AUTOFREE char *text = sms_text(request);
    if (from && text)
        callback_reply(callback, from, text, id && *id ? id : time ? time : "");
    else
        callback_drop(from ? "an SMS that is no text" : "an SMS without X-Kannel-From");
    callback_end(callback);
}

/* -- clouds ------------------------------------------------------------------------------------------------------- */

/* A text, or a number as text, of what was pushed; "" when there is none. Written to `number` where it is one. */
static const char *pushed(const json_t *item, const char *name, char number[24])
{
    const json_t *value = json_object_get(item, name);
    if (json_is_integer(value)) {
        snprintf(number, 24, "%lld", (long long)json_integer_value(value));
        return number;
    }
    return json_is_string(value) ? json_string_value(value) : "";
}

static void aliyun_receipt(struct callback *callback, const json_t *item)
{
    char number[24];
    callback_receipt(callback, pushed(item, "out_id", number),
                     json_is_true(json_object_get(item, "success")) ? RECEIPT_DELIVERED : RECEIPT_FAILED);
}

static void aliyun_reply(struct callback *callback, const json_t *item)
{
    char from[24], text[24], id[24];
    callback_reply(callback, pushed(item, "phone_number", from), pushed(item, "content", text),
                   pushed(item, "sequence_id", id));
}

static void tencent_receipt(struct callback *callback, const json_t *item)
{
    char number[24];
    callback_receipt_by_serial(callback, pushed(item, "sid", number),
                               strcmp(pushed(item, "report_status", number), "SUCCESS") == 0 ? RECEIPT_DELIVERED
                                                                                             : RECEIPT_FAILED);
}

static void tencent_reply(struct callback *callback, const json_t *item)
{
    char from[24], text[24], id[24];
    callback_reply(callback, pushed(item, "mobile", from), pushed(item, "text", text), pushed(item, "time", id));
}

/* One of its two codes is the network's, the other its own; public descriptions differ in which is which. */
static void mas_receipt(struct callback *callback, const json_t *item)
{
    static const char good[] = "DELIVRD CM:0000";
    char number[24], code[24];
    bool delivered =
        words_have(good, pushed(item, "reportStatus", number)) && words_have(good, pushed(item, "errorCode", code));
    callback_receipt_by_serial(callback, pushed(item, "msgGroup", number),
                               delivered ? RECEIPT_DELIVERED : RECEIPT_FAILED);
}

static void mas_reply(struct callback *callback, const json_t *item)
{
    char from[24], text[24], id[24];
    callback_reply(callback, pushed(item, "mobile", from), pushed(item, "smsContent", text),
                   pushed(item, "sendTime", id));
}

/* Takes what was pushed: an array of objects, or one. */
static void take_push(struct intake *intake, struct http_request *request, const char *thanks,
                      void (*take)(struct callback *callback, const json_t *item))
{
    struct callback *callback = callback_new(intake, request, thanks);
    size_t size, index;
    const char *body = http_body(request, &size);
    json_t *json = json_loadb(body, size, 0, NULL), *item;
    if (json_is_object(json))
        take(callback, json);
    else if (!json_is_array(json))
        callback_drop("a body that is no JSON");
    json_array_foreach(json, index, item)
    {
        take(callback, item);
    }
    json_decref(json);
    callback_end(callback);
}

static const char aliyun_thanks[] = "{\"code\":0,\"msg\":\"接收成功\"}";
static const char tencent_thanks[] = "{\"result\":0,\"errmsg\":\"OK\"}";

static void take_aliyun_report(void *arg, struct http_request *request)
{
    take_push(arg, request, aliyun_thanks, aliyun_receipt);
}

static void take_aliyun_reply(void *arg, struct http_request *request)
{
    take_push(arg, request, aliyun_thanks, aliyun_reply);
}

static void take_tencent_report(void *arg, struct http_request *request)
{
    take_push(arg, request, tencent_thanks, tencent_receipt);
}

static void take_tencent_reply(void *arg, struct http_request *request)
{
    take_push(arg, request, tencent_thanks, tencent_reply);
}

static void take_mas_report(void *arg, struct http_request *request)
{
    take_push(arg, request, "", mas_receipt);
}

static void take_mas_reply(void *arg, struct http_request *request)
{
    take_push(arg, request, "", mas_reply);
}

#define PUSH(called, handler)                                                                                          \
    {                                                                                                                  \
        .method = "POST", .path = "/gateway/" called, .handle = (handler), .max_body = PUSH_MAX,                       \
        .permission = PERMIT_GATEWAY                                                                                   \
    }
const struct http_route gateway_routes[] = {
    {.method = "GET", .path = "/gateway/kannel/{token}/receipt", .handle = take_receipt, .permission = PERMIT_GATEWAY},
    {.method = "POST", .path = "/gateway/kannel/{token}/reply", .handle = take_reply, .permission = PERMIT_GATEWAY},
    PUSH("aliyun/{token}/report", take_aliyun_report),
    PUSH("aliyun/{token}/reply", take_aliyun_reply),
    PUSH("tencent/{token}/report", take_tencent_report),
    PUSH("tencent/{token}/reply", take_tencent_reply),
    PUSH("mas/{token}/report", take_mas_report),
    PUSH("mas/{token}/reply", take_mas_reply),
};
const size_t gateway_route_count = sizeof gateway_routes / sizeof *gateway_routes;
