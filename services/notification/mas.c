/*
 * mas.c - SMS through China Mobile's 云MAS: norsubmit takes free text, tmpsubmit a template's code and parameters.
 *
 * A template that the county has registered there goes by its code, the others as text; the gateway puts the signature
 * in front itself. Receipts name the msgGroup of the answer. The secret is never posted, it goes into an MD5 only.
 */
#include "services/notification/contract.h"

#include "common/alloc.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Base64 of a JSON value, which is taken over; the caller frees it. */
static char *encode(json_t *json)
{
    AUTOFREE char *text = json_dumps(json, JSON_COMPACT);
    size_t size = strlen(text), room = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL);
    char *encoded = xmalloc(room);
    sodium_bin2base64(encoded, room, (const unsigned char *)text, size, sodium_base64_VARIANT_ORIGINAL);
    json_decref(json);
    return encoded;
}

static void mas_ask(const struct posting *posting, struct request *request)
{
    const char *company = setting(posting->settings, "ec_name"), *key = setting(posting->settings, "key");
    const char *secret = setting(posting->settings, "secret"), *serial = setting(posting->settings, "add_serial");
    const char *phone = posting->sms->phone, *sign = posting->sign, *code = posting->code;
    char mac[MD5_HEX_SIZE];
    json_t *values = values_in_order(posting);
    AUTOFREE char *parameters = json_dumps(values, JSON_COMPACT);
    json_decref(values);
    const char *content = *code ? parameters : text_unsigned(posting->sms->text);
    AUTOFREE char *to_hash = xasprintf("%s%s%s%s%s%s%s%s", company, key, secret, code, phone, content, sign, serial);
    md5_hex(mac, to_hash);
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "ecName", company, "apId", key, "mobiles", phone,
                             *code ? "params" : "content", content, "sign", sign, "addSerial", serial, "mac", mac);
    if (*code)
        json_object_set_new(body, "templateId", json_string(code));
    request->method = "POST";
    request->url = xasprintf("%s/sms/%s", setting(posting->settings, "url"), *code ? "tmpsubmit" : "norsubmit");
    request->body = encode(body);
    request_header(request, "Content-Type", "application/json");
}

static void mas_understand(const json_t *settings, long status, const char *body, struct answer *answer)
{
    static const struct meaning meanings[] = {
        {"success", RESULT_ACCEPTED},       {"IllegalMac", RESULT_STOPPED}, {"InvalidUsrOrPwd", RESULT_STOPPED},
        {"IllegalSignId", RESULT_REFUSED},  {"NoSignId", RESULT_REFUSED},   {"InvalidMessage", RESULT_REFUSED},
        {"TooManyMobiles", RESULT_REFUSED},
    };
    (void)settings;
    json_t *json = json_loads(body, 0, NULL);
    understand_code(meanings, sizeof meanings / sizeof *meanings, setting(json, "rspcod"), answer);
    if (answer->result == RESULT_ACCEPTED) {
        answer_set(answer, RESULT_UNKNOWN, "the gateway's answer is not understood");
        if (status == 200 && json_is_true(json_object_get(json, "success"))) {
            answer_set(answer, RESULT_ACCEPTED, "");
            snprintf(answer->serial, sizeof answer->serial, "%s", setting(json, "msgGroup"));
        }
    }
    json_decref(json);
}

const struct contract mas_contract = {.name = "mas",
                                      .required = "url ec_name key secret",
                                      .optional = "add_serial",
                                      .wants_sign = true,
                                      .ask = mas_ask,
                                      .understand = mas_understand};
