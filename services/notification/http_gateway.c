/*
 * http_gateway.c - SMS and robots of chat groups over HTTP.
 *
 * What is asked and what an answer means says the gateway's contract; here it is sent, once. When no byte of a request
 * has left, the SMS is certainly not sent; when the answer was lost it is unknown, and only a receipt can tell.
 */
#include "services/notification/contract.h"
#include "services/notification/curl_loop.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { CONNECT_MS = 3000, TIMEOUT_MS = 10000, ANSWER_SIZE = 16384 };

struct http_gateway {
    struct service *service;
    const char *name;
    const struct contract *contract; /* NULL of robots, each of which has its own */
    const json_t *settings;
    struct curl_loop *curl_loop;
    sms_result_fn *result;
    void *arg;
    struct transfer *transfers;
};

/* One request under way. */
struct transfer {
    struct transfer *next, **place; /* place: what points here */
    struct http_gateway *gateway;
    const struct contract *contract;
    json_t *settings; /* of the gateway or the robot */
    struct sms *sms;
    CURL *easy;
    struct request request;
    struct curl_slist *headers;
    char answer[ANSWER_SIZE]; /* the body of the answer, as far as there is room */
    size_t answer_size;
};

static void transfer_destroy(struct transfer *transfer)
{
    curl_loop_remove(transfer->gateway->curl_loop, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    request_clear(&transfer->request);
    json_decref(transfer->settings);
    *transfer->place = transfer->next;
    if (transfer->next)
        transfer->next->place = transfer->place;
    free(transfer);
}

static void conclude(void *arg, CURLcode code)
{
    struct transfer *transfer = arg;
    struct http_gateway *gateway = transfer->gateway;
    struct sms *sms = transfer->sms;
    long status = 0, sent = 0;
    struct answer answer;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &sent);
    if (code == CURLE_OK)
        contract_understand(transfer->contract, transfer->settings, status, transfer->answer, &answer);
    else
        answer_set(&answer, sent == 0 ? RESULT_LATER : RESULT_UNKNOWN, curl_easy_strerror(code));
    transfer_destroy(transfer);
    gateway->result(gateway->arg, sms, &answer);
}

/* --- one SMS --- */

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    (void)size; /* always 1 */
    struct transfer *transfer = arg;
    size_t room = ANSWER_SIZE - 1 - transfer->answer_size, kept = count < room ? count : room;
    memcpy(transfer->answer + transfer->answer_size, bytes, kept);
    transfer->answer_size += kept;
    return count;
}

static void set_options(struct transfer *transfer)
{
    const json_t *timeout = json_object_get(transfer->settings, "timeout_ms");
    const struct request *request = &transfer->request;
    CURL *easy = transfer->easy;
    for (size_t i = 0; request->headers[i]; i++) {
        struct curl_slist *headers = curl_slist_append(transfer->headers, request->headers[i]);
        if (!headers)
            abort();
        transfer->headers = headers;
    }
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, setting(transfer->settings, "proxy"));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    if (strcmp(request->method, "GET") == 0) {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    } else {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body));
    }
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout ? (long)json_integer_value(timeout) : (long)TIMEOUT_MS);
    /* On a connection that was used before, curl sends again by itself when no answer came: an SMS would go twice. */
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

static void reject(const struct http_gateway *gateway, struct sms *sms, enum sms_result result, const char *detail)
{
    struct answer answer;
    answer_set(&answer, result, detail);
    answer.unasked = true;
    gateway->result(gateway->arg, sms, &answer);
}

/* The values that a county's file names for a template at this gateway, in that order; one that is empty has a word,
 * because gateways refuse an empty parameter. */
static json_t *parameters_of(const struct county *county, const struct sms *sms, const char *names)
{
    json_t *values = json_loads(sms->values, 0, NULL), *parameters = json_object();
    char name[64];
    while (words_next(&names, name, sizeof name)) {
        const char *value = setting(values, name);
        const char *none = strcmp(county->language, "en") == 0 ? "none" : "无";
        json_object_set_new(parameters, name, json_string(*value ? value : none));
    }
    json_decref(values);
    return parameters;
}

/* Asks as the posting's settings say. */
static void start_transfer(struct http_gateway *gateway, const struct contract *contract, struct sms *sms,
                           struct posting *posting)
{
    unsigned char chance[(NONCE_SIZE - 1) / 2];
    randombytes_buf(chance, sizeof chance);
    sodium_bin2hex(posting->nonce, sizeof posting->nonce, chance, sizeof chance);
    posting->sms = sms;
    posting->now = now_ms();
    struct transfer *transfer = xcalloc(1, sizeof *transfer);
    transfer->next = gateway->transfers;
    transfer->place = &gateway->transfers;
    transfer->gateway = gateway;
    transfer->contract = contract;
    transfer->settings = json_incref((json_t *)(uintptr_t)posting->settings);
    transfer->sms = sms;
    transfer->easy = curl_easy_init();
    if (!transfer->easy)
        abort();
    if (transfer->next)
        transfer->next->place = &transfer->next;
    gateway->transfers = transfer;
    contract->ask(posting, &transfer->request);
    set_options(transfer);
    curl_loop_add(gateway->curl_loop, transfer->easy);
}

static void http_send(void *state, struct sms *sms)
{
    struct http_gateway *gateway = state;
    const struct county *county = service_county(gateway->service, sms->county);
    const struct sms_template *template =
        county ? county_sms_template(county, gateway->name, sms->template_name) : NULL;
    if (template && *template->parameters && !*sms->values)
        template = NULL; /* an older version queued it: with nothing but its text */
    const char *sign = county ? county_sms_sign(county, gateway->name) : "";
    if (!*sms->phone || sms->phone[strspn(sms->phone, "+0123456789")]) {
        reject(gateway, sms, RESULT_REFUSED, "this is no phone number");
        return;
    }
    if (gateway->contract->wants_sign && !*sign) {
        reject(gateway, sms, RESULT_UNFIT, "sms_signatures.csv has no signature of the county for this gateway");
        return;
    }
    if (gateway->contract->wants_code && !template) {
        reject(gateway, sms, RESULT_UNFIT, "sms_templates.csv has no code of this template for this gateway");
        return;
    }
    json_t *parameters = template ? parameters_of(county, sms, template->parameters) : json_object();
    struct posting posting = {
        .settings = gateway->settings, .sign = sign, .code = template ? template->code : "", .parameters = parameters};
    start_transfer(gateway, gateway->contract, sms, &posting);
    json_decref(parameters);
}

/* The robot's address and key are those that the county has now. */
static void robots_send(void *state, struct sms *sms)
{
    static const struct contract *const kinds[] = {&wecom_contract, &dingtalk_contract, &feishu_contract};
    struct http_gateway *gateway = state;
    const struct county *county = service_county(gateway->service, sms->county);
    const struct robot *robot = county ? county_robot(county, sms->phone) : NULL;
    if (!robot) {
        reject(gateway, sms, RESULT_REFUSED, "robots.csv has no such robot any more");
        return;
    }
    json_t *settings = json_pack("{s:s, s:s}", "url", robot->url, "secret", robot->secret);
    struct posting posting = {.settings = settings, .sign = "", .code = ""};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i]->name, robot->kind) == 0)
            start_transfer(gateway, kinds[i], sms, &posting);
    json_decref(settings);
}

/* --- the driver --- */

static const struct contract *const contracts[] = {&aliyun_contract, &tencent_contract, &mas_contract, &kannel_contract,
                                                   &file_contract};

/* NULL after logging why the file cannot be used. */
static const struct contract *find_contract(const char *name, const json_t *settings)
{
    const struct contract *contract = NULL;
    char *fault = NULL;
    for (size_t i = 0; i < sizeof contracts / sizeof *contracts; i++)
        if (strcmp(contracts[i]->name, setting(settings, "driver")) == 0)
            contract = contracts[i];
    if (!contract) {
        log_error("gateway %s: \"driver\" is none of aliyun, tencent, mas, kannel, http, smtp", name);
        return NULL;
    }
    char word[32];
    for (const char *required = contract->required; words_next(&required, word, sizeof word);)
        if (!*setting(settings, word)) {
            log_error("gateway %s: \"%s\" is missing", name, word);
            return NULL;
        }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)settings, key, value)
    {
        if (words_have("driver timeout_ms proxy headers values answers", key) || words_have(contract->required, key) ||
            words_have(contract->optional, key))
            continue;
        log_error("gateway %s: there is no setting \"%s\"", name, key);
        return NULL;
    }
    json_int_t timeout = json_integer_value(json_object_get(settings, "timeout_ms"));
    if (timeout && (timeout < 100 || timeout > TIMEOUT_MS)) {
        log_error("gateway %s: \"timeout_ms\" is not a number from 100 to %d", name, TIMEOUT_MS);
        return NULL;
    }
    if (contract->check && !contract->check(settings, &fault)) {
        log_error("gateway %s: %s", name, fault);
        free(fault);
        return NULL;
    }
    return contract;
}

static int open_transport(struct service *service, const char *name, const struct contract *contract,
                          const json_t *settings, sms_result_fn *result, void *arg, void **ret_state)
{
    struct curl_loop *curl_loop = curl_loop_new(service, conclude);
    if (!curl_loop)
        return -EIO;
    struct http_gateway *gateway = xcalloc(1, sizeof *gateway);
    *gateway = (struct http_gateway){.service = service,
                                     .name = name,
                                     .contract = contract,
                                     .settings = settings,
                                     .curl_loop = curl_loop,
                                     .result = result,
                                     .arg = arg};
    *ret_state = gateway;
    return 0;
}

static int http_open(struct service *service, const char *name, const json_t *settings, sms_result_fn *result,
                     void *arg, void **ret_state)
{
    const struct contract *contract = find_contract(name, settings);
    return contract ? open_transport(service, name, contract, settings, result, arg, ret_state) : -EINVAL;
}

static int robots_open(struct service *service, const char *name, const json_t *settings, sms_result_fn *result,
                       void *arg, void **ret_state)
{
    return open_transport(service, name, NULL, settings, result, arg, ret_state);
}

static void http_close(void **state)
{
    struct http_gateway *gateway = *state;
    while (gateway->transfers)
        transfer_destroy(gateway->transfers); /* NOLINT(clang-analyzer-unix.Malloc): it leaves the list */
    curl_loop_destroy(&gateway->curl_loop);
    free(gateway);
    *state = NULL;
}

const struct driver http_driver = {.name = "http", .open = http_open, .close = http_close, .send = http_send};
const struct driver robots_driver = {
    .name = "robots", .channel = CHANNEL_CHAT, .open = robots_open, .close = http_close, .send = robots_send};
