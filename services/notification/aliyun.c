/*
 * aliyun.c - SMS through Alibaba Cloud (Dysmsapi 2017-05-25, SendSms), signed with ACS3-HMAC-SHA256.
 *
 * It takes codes of templates and signatures that it has approved. Our id goes along as OutId and comes back with the
 * receipt. It has no idempotency key: an answer that was lost stays unknown.
 */
#include "services/notification/contract.h"

#include "common/alloc.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char action[] = "SendSms", version[] = "2017-05-25", algorithm[] = "ACS3-HMAC-SHA256";
static const char form[] = "application/x-www-form-urlencoded";

void acs3_sign(const struct acs3 *acs3, char ret_hash[SHA256_HEX_SIZE], char ret_signature[SHA256_HEX_SIZE])
{
    char body_hash[SHA256_HEX_SIZE];
    const char *type = acs3->content_type;
    sha256_hex(body_hash, acs3->body);
    AUTOFREE char *canonical = xasprintf(
        "POST\n/\n%s\n%s%s%shost:%s\nx-acs-action:%s\nx-acs-content-sha256:%s\nx-acs-date:%s\n"
        "x-acs-signature-nonce:%s\nx-acs-version:%s\n\n"
        "%shost;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version\n%s",
        acs3->query, type ? "content-type:" : "", type ? type : "", type ? "\n" : "", acs3->host, acs3->action,
        body_hash, acs3->date, acs3->nonce, acs3->version, type ? "content-type;" : "", body_hash);
    sha256_hex(ret_hash, canonical);
    AUTOFREE char *to_sign = xasprintf("%s\n%s", algorithm, ret_hash);
    hmac_sha256_hex(ret_signature, acs3->secret, strlen(acs3->secret), to_sign);
}

/* The parameters of SendSms as a form: in the body, because a URL would show the phone. The caller frees it. */
static char *form_of(const struct posting *posting)
{
    AUTOFREE char *sign = percent_encode(posting->sign), *code = percent_encode(posting->code);
    AUTOFREE char *values = json_dumps(posting->parameters, JSON_COMPACT);
    AUTOFREE char *parameters = percent_encode(values), *id = percent_encode(posting->sms->id);
    return xasprintf("PhoneNumbers=%s&SignName=%s&TemplateCode=%s&TemplateParam=%s&OutId=%s", posting->sms->phone, sign,
                     code, parameters, id);
}

static void aliyun_ask(const struct posting *posting, struct request *request)
{
    const char *url = setting(posting->settings, "url");
    char date[24], body_hash[SHA256_HEX_SIZE], hash[SHA256_HEX_SIZE], signature[SHA256_HEX_SIZE];
    time_t seconds = (time_t)(posting->now / 1000);
    struct tm tm;
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
    request->method = "POST";
    request->url = xstrdup(*url ? url : "https://dysmsapi.aliyuncs.com/");
    request->body = form_of(posting);
    AUTOFREE char *host = url_authority(request->url);
    acs3_sign(&(struct acs3){.host = host,
                             .query = "",
                             .action = action,
                             .version = version,
                             .date = date,
                             .nonce = posting->nonce,
                             .content_type = form,
                             .body = request->body,
                             .secret = setting(posting->settings, "secret")},
              hash, signature);
    sha256_hex(body_hash, request->body);
    AUTOFREE char *authorization =
        xasprintf("%s Credential=%s,SignedHeaders=content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;"
                  "x-acs-signature-nonce;x-acs-version,Signature=%s",
                  algorithm, setting(posting->settings, "key"), signature);
    request_header(request, "Authorization", authorization);
    request_header(request, "Content-Type", form);
    request_header(request, "x-acs-action", action);
    request_header(request, "x-acs-version", version);
    request_header(request, "x-acs-date", date);
    request_header(request, "x-acs-signature-nonce", posting->nonce);
    request_header(request, "x-acs-content-sha256", body_hash);
}

static void aliyun_understand(const json_t *settings, long status, const char *body, struct answer *answer)
{
    static const struct meaning meanings[] = {
        {"OK", RESULT_ACCEPTED},
        {"isp.SYSTEM_ERROR", RESULT_LATER},
        {"Throttling*", RESULT_LATER},
        {"isv.BUSINESS_LIMIT_CONTROL", RESULT_DEFERRED},
        {"isv.OUT_OF_SERVICE", RESULT_STOPPED},
        {"isv.AMOUNT_NOT_ENOUGH", RESULT_STOPPED},
        {"isv.DAY_LIMIT_CONTROL", RESULT_STOPPED},
        {"isv.MONTH_LIMIT_CONTROL", RESULT_STOPPED},
        {"isv.DENY_IP_RANGE", RESULT_STOPPED},
        {"isp.RAM_PERMISSION_DENY", RESULT_STOPPED},
        /* Our key or our clock: no SMS would pass. */
        {"InvalidAccessKeyId*", RESULT_STOPPED},
        {"SignatureDoesNotMatch", RESULT_STOPPED},
        {"IncompleteSignature", RESULT_STOPPED},
        {"InvalidTimeStamp*", RESULT_STOPPED},
        {"Forbidden*", RESULT_STOPPED},
        {"isv.*", RESULT_REFUSED},
    };
    (void)settings;
    json_t *json = json_loads(body, 0, NULL);
    const char *code = setting(json, "Code");
    bool known = understand_code(meanings, sizeof meanings / sizeof *meanings, code, answer);
    if (status == 429 || (!known && *code && status >= 500))
        answer->result =
            RESULT_LATER; /* an error that it names itself: a proxy's own 502 may hide an SMS that went out */
    else if (answer->result == RESULT_ACCEPTED)
        answer_set(answer, status == 200 ? RESULT_ACCEPTED : RESULT_UNKNOWN, "");
    json_decref(json);
}

const struct contract aliyun_contract = {.name = "aliyun",
                                         .required = "key secret",
                                         .optional = "url",
                                         .wants_sign = true,
                                         .wants_code = true,
                                         .ask = aliyun_ask,
                                         .understand = aliyun_understand};
