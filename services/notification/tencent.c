/*
 * tencent.c - SMS through Tencent Cloud (SMS 2021-01-11, SendSms), signed with TC3-HMAC-SHA256.
 *
 * It takes codes of templates, whose parameters have an order and no names. Receipts name the SerialNo of the answer.
 */
#include "services/notification/contract.h"

#include "common/alloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char action[] = "SendSms", version[] = "2021-01-11", algorithm[] = "TC3-HMAC-SHA256";
static const char service[] = "sms", type[] = "application/json; charset=utf-8";
static const char signed_headers[] = "content-type;host;x-tc-action";

static void tc3_date(char date[11], int64_t timestamp)
{
    time_t seconds = (time_t)timestamp;
    struct tm tm;
    strftime(date, 11, "%Y-%m-%d", gmtime_r(&seconds, &tm));
}

void tc3_sign(const struct tc3 *tc3, char ret_hash[SHA256_HEX_SIZE], char ret_signature[SHA256_HEX_SIZE])
{
    char date[11], body_hash[SHA256_HEX_SIZE], lower[32] = "";
    unsigned char key[32];
    tc3_date(date, tc3->timestamp);
    sha256_hex(body_hash, tc3->body);
    for (size_t i = 0; tc3->action[i] && i + 1 < sizeof lower; i++)
        lower[i] = (char)(tc3->action[i] >= 'A' && tc3->action[i] <= 'Z' ? tc3->action[i] + 'a' - 'A' : tc3->action[i]);
    AUTOFREE char *canonical = xasprintf("POST\n/\n\ncontent-type:%s\nhost:%s\nx-tc-action:%s\n\n%s\n%s", type,
                                         tc3->host, lower, signed_headers, body_hash);
    sha256_hex(ret_hash, canonical);
    AUTOFREE char *to_sign =
        xasprintf("%s\n%" PRId64 "\n%s/%s/tc3_request\n%s", algorithm, tc3->timestamp, date, tc3->service, ret_hash);
    AUTOFREE char *secret = xasprintf("TC3%s", tc3->secret);
    hmac_sha256(key, secret, strlen(secret), date);
    hmac_sha256(key, key, sizeof key, tc3->service);
    hmac_sha256(key, key, sizeof key, "tc3_request");
    hmac_sha256_hex(ret_signature, key, sizeof key, to_sign);
}

/* The caller frees it. */
static char *body_of(const struct posting *posting)
{
    AUTOFREE char *phone = xasprintf("%s%s", posting->sms->phone[0] == '+' ? "" : "+86", posting->sms->phone);
    json_t *body = json_pack("{s:[s], s:s, s:s, s:s, s:o, s:s}", "PhoneNumberSet", phone, "SmsSdkAppId",
                             setting(posting->settings, "app"), "TemplateId", posting->code, "SignName", posting->sign,
                             "TemplateParamSet", values_in_order(posting), "SessionContext", posting->sms->id);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

static void tencent_ask(const struct posting *posting, struct request *request)
{
    const json_t *settings = posting->settings;
    const char *url = setting(settings, "url"), *region = setting(settings, "region");
    char date[11], timestamp[24], hash[SHA256_HEX_SIZE], signature[SHA256_HEX_SIZE];
    int64_t seconds = posting->now / 1000;
    request->method = "POST";
    request->url = xstrdup(*url ? url : "https://sms.tencentcloudapi.com/");
    request->body = body_of(posting);
    AUTOFREE char *host = url_authority(request->url);
    tc3_sign(&(struct tc3){.host = host,
                           .service = service,
                           .action = action,
                           .body = request->body,
                           .secret = setting(settings, "secret"),
                           .timestamp = seconds},
             hash, signature);
    tc3_date(date, seconds);
    snprintf(timestamp, sizeof timestamp, "%" PRId64, seconds);
    AUTOFREE char *authorization =
        xasprintf("%s Credential=%s/%s/%s/tc3_request, SignedHeaders=%s, Signature=%s", algorithm,
                  setting(settings, "key"), date, service, signed_headers, signature);
    request_header(request, "Authorization", authorization);
    request_header(request, "Content-Type", type);
    request_header(request, "X-TC-Action", action);
    request_header(request, "X-TC-Version", version);
    request_header(request, "X-TC-Timestamp", timestamp);
    request_header(request, "X-TC-Region", *region ? region : "ap-guangzhou");
}

static void tencent_understand(const json_t *settings, long status, const char *body, struct answer *answer)
{
    static const struct meaning meanings[] = {
        {"Ok", RESULT_ACCEPTED},
        {"RequestLimitExceeded*", RESULT_LATER},
        {"LimitExceeded.PhoneNumber*", RESULT_DEFERRED},
        {"LimitExceeded.DeliveryFrequencyLimit", RESULT_DEFERRED},
        {"LimitExceeded.AppDailyLimit", RESULT_DEFERRED},
        {"FailedOperation.InsufficientBalanceInSmsPackage", RESULT_STOPPED},
        {"UnauthorizedOperation*", RESULT_STOPPED},
        {"AuthFailure*", RESULT_STOPPED},
        {"FailedOperation.PhoneNumberInBlacklist", RESULT_REFUSED},
        {"FailedOperation.SignatureIncorrectOrUnapproved", RESULT_REFUSED},
        {"FailedOperation.TemplateIncorrectOrUnapproved", RESULT_REFUSED},
        {"FailedOperation.ContainSensitiveWord", RESULT_REFUSED},
        {"InvalidParameter*", RESULT_REFUSED},
    };
    (void)settings;
    (void)status;
    json_t *json = json_loads(body, 0, NULL), *response = json_object_get(json, "Response");
    const json_t *sent = json_array_get(json_object_get(response, "SendStatusSet"), 0);
    const json_t *error = json_object_get(response, "Error");
    understand_code(meanings, sizeof meanings / sizeof *meanings, setting(error ? error : sent, "Code"), answer);
    if (answer->result == RESULT_ACCEPTED) {
        answer_set(answer, RESULT_ACCEPTED, "");
        snprintf(answer->serial, sizeof answer->serial, "%s", setting(sent, "SerialNo"));
    }
    json_decref(json);
}

const struct contract tencent_contract = {.name = "tencent",
                                          .required = "key secret app",
                                          .optional = "url region",
                                          .wants_sign = true,
                                          .wants_code = true,
                                          .ask = tencent_ask,
                                          .understand = tencent_understand};
