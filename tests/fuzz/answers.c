/*
 * What a gateway or a robot answers. The first line says which contract it has and the HTTP status, with a space
 * between; the rest is the body. Or, after "http", a gateway's file, which is checked, and then asked as it says.
 */
// links: services/notification
#include "tests/fuzz/fuzz.h"

#include "common/alloc.h"
#include "services/notification/contract.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PHONE "13800138000"

static const char rules[] = "{\"answers\":[{\"status\":200,\"at\":\"/code\",\"is\":\"0 00\",\"result\":\"accepted\"},"
                            "{\"at\":\"/list/0/code\",\"is\":\"7\",\"result\":\"permanent\"},"
                            "{\"begins\":\"BUSY\",\"result\":\"retry\"}]}";

/* Nothing that is personal is in the cause, and a serial can be part of a key. */
static void understand(const struct contract *contract, const json_t *settings, long status, const char *body)
{
    struct answer answer;
    contract_understand(contract, settings, status, body, &answer);
    PROMISE(answer.result >= RESULT_DELIVERED && answer.result <= RESULT_UNKNOWN && answer.result != RESULT_UNFIT);
    /* A gateway of SMS reports later, a robot never does. */
    bool robot = contract == &wecom_contract || contract == &dingtalk_contract || contract == &feishu_contract;
    PROMISE(answer.result != (robot ? RESULT_ACCEPTED : RESULT_DELIVERED));
    PROMISE(!strstr(answer.detail, PHONE));
    PROMISE(!*answer.serial || (is_serial(answer.serial) && answer.result == RESULT_ACCEPTED));
    PROMISE(!*body || answer.result != RESULT_ACCEPTED || !*answer.detail);
}

/* A file that passes its check asks in a way that no text breaks: no header has a second line. */
static void ask(const char *file)
{
    char phone[] = PHONE, text[] = "【县】\"a\\<b>&'\r\nX: y{phone}%";
    json_t *settings = json_loads(file, 0, NULL), *parameters = json_pack("{s:s}", "title", "\"x\r\n");
    struct sms sms = {.id = "990101.x.1", .phone = phone, .text = text};
    struct posting posting = {
        .settings = settings, .sms = &sms, .sign = "\"s\n", .code = "c", .parameters = parameters};
    struct request request = {0};
    char *fault = NULL;
    if (json_is_object(settings) && file_contract.check(settings, &fault)) {
        file_contract.ask(&posting, &request);
        for (size_t i = 0; request.headers[i]; i++)
            PROMISE(!strpbrk(request.headers[i], "\r\n"));
        understand(&file_contract, settings, 200, "{\"code\":0}");
        request_clear(&request);
    }
    free(fault);
    json_decref(parameters);
    json_decref(settings);
}

static void fuzz(const char *data, size_t size)
{
    static const struct contract *const contracts[] = {&aliyun_contract,   &tencent_contract, &mas_contract,
                                                       &kannel_contract,   &file_contract,    &wecom_contract,
                                                       &dingtalk_contract, &feishu_contract};
    char name[16], *text = xstrndup(data, size), *body = strchr(text, '\n');
    long status = 0;
    PROMISE(sodium_init() >= 0);
    if (body && sscanf(text, "%15[a-z] %3ld", name, &status) >= 1) {
        json_t *settings = json_loads(rules, 0, NULL);
        if (strcmp(name, "http") == 0 && status == 0)
            ask(body + 1);
        for (size_t i = 0; i < sizeof contracts / sizeof *contracts && status > 0; i++)
            if (strcmp(contracts[i]->name, name) == 0)
                understand(contracts[i], settings, status, body + 1);
        json_decref(settings);
    }
    free(text);
}
