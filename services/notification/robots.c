/*
 * robots.c - robots of chat groups: 企业微信 (wecom), 钉钉 (dingtalk) and 飞书 (feishu).
 *
 * Whoever has a robot's address may write into its group, so the address is a secret; the last two also have a key,
 * with which each request is signed for its moment. All answer 200 and say in the body what became of it. Nobody
 * reports later whether it was read: taken is delivered.
 */
#include "services/notification/contract.h"

#include "common/alloc.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static char *base64(const unsigned char mac[32])
{
    char *text = xmalloc(sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL));
    return sodium_bin2base64(text, sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL), mac, 32,
                             sodium_base64_VARIANT_ORIGINAL);
}

char *dingtalk_sign(int64_t now, const char *secret)
{
    unsigned char mac[32];
    AUTOFREE char *text = xasprintf("%" PRId64 "\n%s", now, secret);
    hmac_sha256(mac, secret, strlen(secret), text);
    return base64(mac);
}

/* What is signed elsewhere is the key here, and nothing is signed. */
char *feishu_sign(int64_t now, const char *secret)
{
    unsigned char mac[32];
    AUTOFREE char *key = xasprintf("%" PRId64 "\n%s", now, secret);
    hmac_sha256(mac, key, strlen(key), "");
    return base64(mac);
}

/* Takes the body over. */
static void post(struct request *request, json_t *body)
{
    request->method = "POST";
    request->body = json_dumps(body, JSON_COMPACT);
    request_header(request, "Content-Type", "application/json; charset=utf-8");
    json_decref(body);
}

static void wecom_ask(const struct posting *posting, struct request *request)
{
    request->url = xstrdup(setting(posting->settings, "url"));
    post(request, json_pack("{s:s, s:{s:s}}", "msgtype", "text", "text", "content", posting->sms->text));
}

static void dingtalk_ask(const struct posting *posting, struct request *request)
{
    const char *url = setting(posting->settings, "url"), *secret = setting(posting->settings, "secret");
    AUTOFREE char *sign = dingtalk_sign(posting->now, secret), *encoded = percent_encode(sign);
    request->url = *secret ? xasprintf("%s%ctimestamp=%" PRId64 "&sign=%s", url, strchr(url, '?') ? '&' : '?',
                                       posting->now, encoded)
                           : xstrdup(url);
    post(request, json_pack("{s:s, s:{s:s}}", "msgtype", "text", "text", "content", posting->sms->text));
}

static void feishu_ask(const struct posting *posting, struct request *request)
{
    const char *secret = setting(posting->settings, "secret");
    int64_t seconds = posting->now / 1000;
    json_t *body = json_pack("{s:s, s:{s:s}}", "msg_type", "text", "content", "text", posting->sms->text);
    if (*secret) {
        AUTOFREE char *sign = feishu_sign(seconds, secret), *timestamp = xasprintf("%" PRId64, seconds);
        json_object_set_new(body, "timestamp", json_string(timestamp));
        json_object_set_new(body, "sign", json_string(sign));
    }
    request->url = xstrdup(setting(posting->settings, "url"));
    post(request, body);
}

/* By a number of the answer's JSON. That a robot is asked too often is about its chat alone, as is a wrong key. */
static void understand(const char *name, const struct meaning *meanings, size_t count, long status, const char *body,
                       struct answer *answer)
{
    char code[24] = "";
    json_t *json = json_loads(body, 0, NULL);
    const json_t *number = json_object_get(json, name);
    if (json_is_integer(number))
        snprintf(code, sizeof code, "%lld", (long long)json_integer_value(number));
    else if (status == 429)
        snprintf(code, sizeof code, "429");
    json_decref(json);
    if (understand_code(meanings, count, code, answer) && answer->result == RESULT_DELIVERED)
        answer_set(answer, RESULT_DELIVERED, "");
}

static void wecom_understand(const json_t *settings, long status, const char *body, struct answer *answer)
{
    static const struct meaning meanings[] = {
        {"0", RESULT_DELIVERED},   {"-1", RESULT_LATER},      {"45009", RESULT_DEFERRED}, {"45033", RESULT_DEFERRED},
        {"429", RESULT_DEFERRED},  {"93000", RESULT_REFUSED}, {"93004", RESULT_REFUSED},  {"93008", RESULT_REFUSED},
        {"93017", RESULT_REFUSED}, {"40008", RESULT_REFUSED}, {"40058", RESULT_REFUSED},  {"44004", RESULT_REFUSED},
        {"45002", RESULT_REFUSED},
    };
    (void)settings;
    understand("errcode", meanings, sizeof meanings / sizeof *meanings, status, body, answer);
}

static void dingtalk_understand(const json_t *settings, long status, const char *body, struct answer *answer)
{
    static const struct meaning meanings[] = {
        {"0", RESULT_DELIVERED},     {"-1", RESULT_LATER},       {"130101", RESULT_DEFERRED},
        {"410100", RESULT_DEFERRED}, {"90030", RESULT_DEFERRED}, {"429", RESULT_DEFERRED},
        {"310000", RESULT_REFUSED},  {"300001", RESULT_REFUSED}, {"300005", RESULT_REFUSED},
        {"400013", RESULT_REFUSED},  {"400101", RESULT_REFUSED}, {"400102", RESULT_REFUSED},
        {"400105", RESULT_REFUSED},  {"400106", RESULT_REFUSED}, {"430101", RESULT_REFUSED},
        {"430102", RESULT_REFUSED},  {"430103", RESULT_REFUSED}, {"430104", RESULT_REFUSED},
    };
    (void)settings;
    understand("errcode", meanings, sizeof meanings / sizeof *meanings, status, body, answer);
}

static void feishu_understand(const json_t *settings, long status, const char *body, struct answer *answer)
{
    static const struct meaning meanings[] = {
        {"0", RESULT_DELIVERED},   {"11232", RESULT_DEFERRED}, {"99991400", RESULT_DEFERRED}, {"429", RESULT_DEFERRED},
        {"9499", RESULT_REFUSED},  {"19001", RESULT_REFUSED},  {"19002", RESULT_REFUSED},     {"19007", RESULT_REFUSED},
        {"19021", RESULT_REFUSED}, {"19022", RESULT_REFUSED},  {"19024", RESULT_REFUSED},
    };
    (void)settings;
    understand("code", meanings, sizeof meanings / sizeof *meanings, status, body, answer);
}

const struct contract wecom_contract = {.name = "wecom", .ask = wecom_ask, .understand = wecom_understand};
const struct contract dingtalk_contract = {.name = "dingtalk", .ask = dingtalk_ask, .understand = dingtalk_understand};
const struct contract feishu_contract = {.name = "feishu", .ask = feishu_ask, .understand = feishu_understand};
