/*
 * test_gateways.c - what gateways are asked, how it is signed, what their answers mean, and when they are left alone.
 */
// links: services/notification
#include "tests/unit/fixture.h"

#include "common/alloc.h"
#include "services/notification/breaker.h"
#include "services/notification/contract.h"
#include "services/notification/wording.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* -- signatures, as the gateways' own documents have them ---------------------------------------------------------- */

static void alibabas_signature_is_that_of_its_document(void **state)
{
    (void)state;
    char hash[SHA256_HEX_SIZE], signature[SHA256_HEX_SIZE];
    acs3_sign(
        &(struct acs3){.host = "ecs.cn-shanghai.aliyuncs.com",
                       .query = "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai",
                       .action = "RunInstances",
                       .version = "2014-05-26",
                       .date = "2023-10-26T10:22:32Z",
                       .nonce = "3156853299f313e23d1673dc12e1703d",
                       .body = "",
                       .secret = "YourAccessKeySecret"},
        hash, signature);
    assert_string_equal(hash, "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259");
    assert_string_equal(signature, "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0");
}

static void tencents_signature_is_that_of_its_document(void **state)
{
    (void)state;
    char hash[SHA256_HEX_SIZE], signature[SHA256_HEX_SIZE];
    tc3_sign(&(struct tc3){.host = "cvm.tencentcloudapi.com",
                           .service = "cvm",
                           .action = "DescribeInstances",
                           .body = "{\"Limit\": 1, \"Filters\": [{\"Values\": [\"\\u672a\\u547d\\u540d\"], \"Name\": "
                                   "\"instance-name\"}]}",
                           .secret = "********************************",
                           .timestamp = 1551113065},
             hash, signature);
    assert_string_equal(hash, "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84");
    assert_string_equal(signature, "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f");
}

/* -- requests ------------------------------------------------------------------------------------------------------ */

/* A posting whose settings and parameters are JSON texts; posting_done() takes it down. */
static struct posting make_posting(const char *settings, struct sms *sms, const char *parameters)
{
    struct posting posting = {.settings = json_loads(settings, 0, NULL),
                              .sms = sms,
                              .sign = "SIGNCODE1",
                              .code = "",
                              .parameters = json_loads(parameters, 0, NULL),
                              .now = 1795399200000,
                              .nonce = "0123456789abcdef0123456789abcdef"};
    assert_non_null(posting.settings);
    assert_non_null(posting.parameters);
    return posting;
}

static void posting_done(struct posting *posting, struct request *request)
{
    json_decref((json_t *)(uintptr_t)posting->settings);
    json_decref((json_t *)(uintptr_t)posting->parameters);
    request_clear(request);
}

/* The value of a header; "" when there is none. */
static const char *header(const struct request *request, const char *name)
{
    for (size_t i = 0; request->headers[i]; i++)
        if (strncmp(request->headers[i], name, strlen(name)) == 0 && request->headers[i][strlen(name)] == ':')
            return request->headers[i] + strlen(name) + 2;
    return "";
}

/* The body of 云MAS: base64 of JSON. */
static json_t *decoded(const char *body)
{
    char text[2000] = "";
    size_t size;
    assert_int_equal(sodium_base642bin((unsigned char *)text, sizeof text - 1, body, strlen(body), NULL, &size, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

static struct sms make_sms(char *phone, char *text)
{
    return (struct sms){.county = "990101", .id = "990101-000123.0123.1", .phone = phone, .text = text};
}

#define MAS_SETTINGS "{\"url\":\"http://mas.test\",\"ec_name\":\"某县政协\",\"key\":\"apid01\",\"secret\":\"s3cret\"}"

static void mas_is_asked_as_its_document_says(void **state)
{
    (void)state;
    char phone[] = "13800138000,13900139000", text[] = "【某县政协】您有新的提案待办理,回复1受理";
    struct sms sms = make_sms(phone, text);
    struct request request = {0};
    struct posting posting = make_posting(MAS_SETTINGS, &sms, "{}");
    mas_contract.ask(&posting, &request);
    json_t *body = decoded(request.body);
    assert_string_equal(request.url, "http://mas.test/sms/norsubmit");
    assert_string_equal(setting(body, "mac"), "1822c10d67828c6093de5c8b8ec6441d");
    assert_string_equal(setting(body, "content"), "您有新的提案待办理,回复1受理");
    assert_string_equal(setting(body, "sign"), "SIGNCODE1");
    AUTOFREE char *plain = json_dumps(body, 0);
    assert_null(strstr(plain, "s3cret"));
    assert_false(json_object_get(body, "secretKey"));
    json_decref(body);
    posting_done(&posting, &request);

    posting = make_posting(MAS_SETTINGS, &sms, "{\"title\":\"路灯\",\"order\":\"990101-000123\"}");
    posting.code = "TPL9";
    mas_contract.ask(&posting, &request);
    body = decoded(request.body);
    char mac[MD5_HEX_SIZE];
    md5_hex(mac, "某县政协apid01s3cretTPL913800138000,13900139000[\"路灯\",\"990101-000123\"]SIGNCODE1");
    assert_string_equal(request.url, "http://mas.test/sms/tmpsubmit");
    assert_string_equal(setting(body, "mac"), mac);
    assert_string_equal(setting(body, "params"), "[\"路灯\",\"990101-000123\"]");
    json_decref(body);
    posting_done(&posting, &request);
}

static void clouds_are_given_codes_and_values_and_no_phone_in_the_url(void **state)
{
    (void)state;
    char phone[] = "13800138000", text[] = "【县】x";
    struct sms sms = make_sms(phone, text);
    struct request request = {0};
    struct posting posting = make_posting("{\"key\":\"K\",\"secret\":\"S\",\"app\":\"A\"}", &sms,
                                          "{\"title\":\"a&b=\\\"c\\\"\",\"order\":\"1\"}");
    posting.code = "SMS_1";
    aliyun_contract.ask(&posting, &request);
    assert_string_equal(request.url, "https://dysmsapi.aliyuncs.com/");
    assert_string_equal(request.body,
                        "PhoneNumbers=13800138000&SignName=SIGNCODE1&TemplateCode=SMS_1&TemplateParam=%7B%22title%22%3A"
                        "%22a%26b%3D%5C%22c%5C%22%22%2C%22order%22%3A%221%22%7D&OutId=990101-000123.0123.1");
    assert_non_null(strstr(header(&request, "Authorization"), "Credential=K,"));
    assert_string_equal(header(&request, "x-acs-date"), "2026-11-23T02:00:00Z");
    request_clear(&request);

    tencent_contract.ask(&posting, &request);
    json_t *body = json_loads(request.body, 0, NULL);
    assert_string_equal(request.url, "https://sms.tencentcloudapi.com/");
    assert_string_equal(json_string_value(json_array_get(json_object_get(body, "PhoneNumberSet"), 0)),
                        "+8613800138000");
    assert_string_equal(json_string_value(json_array_get(json_object_get(body, "TemplateParamSet"), 0)), "a&b=\"c\"");
    assert_string_equal(json_string_value(json_array_get(json_object_get(body, "TemplateParamSet"), 1)), "1");
    assert_non_null(strstr(header(&request, "Authorization"), "Credential=K/2026-11-23/sms/tc3_request,"));
    json_decref(body);
    posting_done(&posting, &request);
}

/* -- answers ------------------------------------------------------------------------------------------------------- */

static const struct {
    const struct contract *contract;
    long status;
    const char *body;
    enum sms_result result;
    const char *serial;
} answer_cases[] = {
    {&aliyun_contract, 200, "{\"Code\":\"OK\",\"BizId\":\"9\"}", RESULT_ACCEPTED, ""},
    {&aliyun_contract, 502, "{\"Code\":\"OK\"}", RESULT_UNKNOWN, ""},
    {&aliyun_contract, 200, "{\"Code\":\"isp.SYSTEM_ERROR\"}", RESULT_LATER, ""},
    {&aliyun_contract, 429, "", RESULT_LATER, ""},
    {&aliyun_contract, 503, "{\"Code\":\"ServiceUnavailable\"}", RESULT_LATER, ""},
    {&aliyun_contract, 502, "<html>Bad Gateway</html>", RESULT_UNKNOWN, ""},
    {&aliyun_contract, 200, "{\"Code\":\"isv.BUSINESS_LIMIT_CONTROL\"}", RESULT_DEFERRED, ""},
    {&aliyun_contract, 200, "{\"Code\":\"isv.OUT_OF_SERVICE\"}", RESULT_STOPPED, ""},
    {&aliyun_contract, 200, "{\"Code\":\"isv.AMOUNT_NOT_ENOUGH\"}", RESULT_STOPPED, ""},
    {&aliyun_contract, 200, "{\"Code\":\"isv.DAY_LIMIT_CONTROL\"}", RESULT_STOPPED, ""},
    {&aliyun_contract, 200, "{\"Code\":\"isv.MONTH_LIMIT_CONTROL\"}", RESULT_STOPPED, ""},
    {&aliyun_contract, 200, "{\"Code\":\"isv.DENY_IP_RANGE\"}", RESULT_STOPPED, ""},
    {&aliyun_contract, 200, "{\"Code\":\"isp.RAM_PERMISSION_DENY\"}", RESULT_STOPPED, ""},
    {&aliyun_contract, 400, "{\"Code\":\"SignatureDoesNotMatch\"}", RESULT_STOPPED, ""},
    {&aliyun_contract, 404, "{\"Code\":\"InvalidAccessKeyId.NotFound\"}", RESULT_STOPPED, ""},
    {&aliyun_contract, 200, "{\"Code\":\"isv.MOBILE_NUMBER_ILLEGAL\"}", RESULT_REFUSED, ""},
    {&aliyun_contract, 200, "{\"Code\":\"isv.SMS_SIGN_ILLEGAL\"}", RESULT_REFUSED, ""},
    {&aliyun_contract, 200, "{\"Code\":\"isv.TEMPLATE_MISSING_PARAMETERS\"}", RESULT_REFUSED, ""},
    {&aliyun_contract, 200, "{\"Code\":\"Something\"}", RESULT_UNKNOWN, ""},
    {&aliyun_contract, 200, "{\"Code\":7}", RESULT_UNKNOWN, ""},
    {&aliyun_contract, 200, "", RESULT_UNKNOWN, ""},
#define STATUS_SET(code) "{\"Response\":{\"SendStatusSet\":[{\"Code\":\"" code "\",\"SerialNo\":\"5000:1\"}]}}"
#define ERROR(code) "{\"Response\":{\"Error\":{\"Code\":\"" code "\",\"Message\":\"13800138000\"}}}"
    {&tencent_contract, 200, STATUS_SET("Ok"), RESULT_ACCEPTED, "5000:1"},
    {&tencent_contract, 200, STATUS_SET("LimitExceeded.PhoneNumberDailyLimit"), RESULT_DEFERRED, ""},
    {&tencent_contract, 200, STATUS_SET("LimitExceeded.DeliveryFrequencyLimit"), RESULT_DEFERRED, ""},
    {&tencent_contract, 200, STATUS_SET("LimitExceeded.AppDailyLimit"), RESULT_DEFERRED, ""},
    {&tencent_contract, 200, ERROR("RequestLimitExceeded.IPLimitExceeded"), RESULT_LATER, ""},
    {&tencent_contract, 200, STATUS_SET("InternalError.Timeout"), RESULT_UNKNOWN, ""},
    {&tencent_contract, 200, ERROR("InternalError.SendAndRecvFail"), RESULT_UNKNOWN, ""},
    {&tencent_contract, 200, ERROR("InternalError.OtherError"), RESULT_UNKNOWN, ""},
    {&tencent_contract, 200, STATUS_SET("FailedOperation.InsufficientBalanceInSmsPackage"), RESULT_STOPPED, ""},
    {&tencent_contract, 200, ERROR("UnauthorizedOperation.SdkAppIdIsDisabled"), RESULT_STOPPED, ""},
    {&tencent_contract, 200, ERROR("AuthFailure.SignatureFailure"), RESULT_STOPPED, ""},
    {&tencent_contract, 200, STATUS_SET("FailedOperation.PhoneNumberInBlacklist"), RESULT_REFUSED, ""},
    {&tencent_contract, 200, STATUS_SET("FailedOperation.ContainSensitiveWord"), RESULT_REFUSED, ""},
    {&tencent_contract, 200, STATUS_SET("InvalidParameterValue.IncorrectPhoneNumber"), RESULT_REFUSED, ""},
    {&tencent_contract, 200, "{\"Response\":{}}", RESULT_UNKNOWN, ""},
    {&mas_contract, 200, "{\"msgGroup\":\"0105\",\"rspcod\":\"success\",\"success\":true}", RESULT_ACCEPTED, "0105"},
    {&mas_contract, 200, "{\"msgGroup\":\"a} b\",\"rspcod\":\"success\",\"success\":true}", RESULT_ACCEPTED, ""},
    {&mas_contract, 200, "{\"rspcod\":\"success\",\"success\":false}", RESULT_UNKNOWN, ""},
    {&mas_contract, 200, "{\"rspcod\":\"IllegalMac\",\"success\":false}", RESULT_STOPPED, ""},
    {&mas_contract, 200, "{\"rspcod\":\"InvalidUsrOrPwd\",\"success\":false}", RESULT_STOPPED, ""},
    {&mas_contract, 200, "{\"rspcod\":\"NoSignId\",\"success\":false}", RESULT_REFUSED, ""},
    {&mas_contract, 200, "{\"rspcod\":\"InvalidMessage\",\"success\":false}", RESULT_REFUSED, ""},
    {&mas_contract, 500, "", RESULT_UNKNOWN, ""},
    {&kannel_contract, 202, "0: Accepted for delivery", RESULT_ACCEPTED, ""},
    {&kannel_contract, 403, "Authorization failed for sendsms", RESULT_STOPPED, ""},
    {&kannel_contract, 403, "4: Not routable. Do not try again.", RESULT_REFUSED, ""},
    {&kannel_contract, 503, "", RESULT_LATER, ""},
    {&kannel_contract, 500, "", RESULT_UNKNOWN, ""},
};

static void each_code_has_its_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answer_cases / sizeof *answer_cases; i++) {
        struct answer answer;
        contract_understand(answer_cases[i].contract, NULL, answer_cases[i].status, answer_cases[i].body, &answer);
        if (answer.result != answer_cases[i].result)
            fail_msg("%s %ld %s: %d", answer_cases[i].contract->name, answer_cases[i].status, answer_cases[i].body,
                     (int)answer.result);
        assert_string_equal(answer.serial, answer_cases[i].serial);
        assert_null(strstr(answer.detail, "13800138000"));
    }
    struct answer answer;
    understand_code(NULL, 0, "13800138000", &answer); /* where a code should be: it is not shown */
    assert_string_equal(answer.detail, "the gateway's answer is not understood");
}

/* -- a gateway by its file ----------------------------------------------------------------------------------------- */

#define RULES                                                                                                          \
    "\"answers\":[{\"status\":200,\"at\":\"/code\",\"is\":\"0 00\",\"result\":\"accepted\"},"                          \
    "{\"at\":\"/list/0/code\",\"is\":\"7\",\"result\":\"permanent\"},{\"begins\":\"BUSY\",\"result\":\"retry\"},"      \
    "{\"status\":429,\"result\":\"defer\"},{\"status\":401,\"result\":\"stop\"}]"
#define FILE_OF(type, body)                                                                                            \
    "{\"url\":\"http://g.test/send?to={phone}&w={content}\",\"headers\":{\"Content-Type\":\"" type                     \
    "\",\"X-Word\":\"{word} {content}\"},\"values\":{\"word\":\"s3cret\"},\"body\":\"" body "\"," RULES "}"

static const struct {
    const char *file, *body;
} body_cases[] = {
    {FILE_OF("application/json; charset=utf-8", "{\\\"m\\\":\\\"{phone}\\\",\\\"t\\\":\\\"{content}\\\"}"),
     "{\"m\":\"138\",\"t\":\"a\\\"b\\\\c&d<e>{word}\\n'\"}"},
    {FILE_OF("application/x-www-form-urlencoded", "m={phone}&t={content}"),
     "m=138&t=a%22b%5Cc%26d%3Ce%3E%7Bword%7D%0A%27"},
    {FILE_OF("text/xml", "<t>{content}</t>"), "<t>a&#34;b\\c&#38;d&#60;e&#62;{word}\n&#39;</t>"},
    {FILE_OF("text/plain", "{content}"), "a\"b\\c&d<e>{word}\n'"},
};

static void no_text_breaks_out_of_its_place(void **state)
{
    (void)state;
    char phone[] = "138", text[] = "【县】a\"b\\c&d<e>{word}\n'";
    struct sms sms = make_sms(phone, text);
    for (size_t i = 0; i < sizeof body_cases / sizeof *body_cases; i++) {
        struct request request = {0};
        struct posting posting = make_posting(body_cases[i].file, &sms, "{}");
        char *fault = NULL;
        assert_true(file_contract.check(posting.settings, &fault));
        file_contract.ask(&posting, &request);
        assert_string_equal(request.body, body_cases[i].body);
        assert_string_equal(request.url, "http://g.test/send?to=138&w=a%22b%5Cc%26d%3Ce%3E%7Bword%7D%0A%27");
        assert_string_equal(header(&request, "X-Word"), "s3cret a\"b\\c&d<e>{word} '");
        posting_done(&posting, &request);
    }
}

static const struct {
    long status;
    const char *body;
    enum sms_result result;
} rule_cases[] = {
    {200, "{\"code\":0,\"data\":{\"id\":77}}", RESULT_ACCEPTED},
    {200, "{\"code\":\"00\"}", RESULT_ACCEPTED},
    {500, "{\"code\":0}", RESULT_UNKNOWN},
    {200, "{\"code\":\"\"}", RESULT_UNKNOWN},
    {200, "{\"list\":[{\"code\":7}]}", RESULT_REFUSED},
    {200, "BUSY, sorry", RESULT_LATER},
    {429, "", RESULT_DEFERRED},
    {401, "", RESULT_STOPPED},
    {200, "", RESULT_UNKNOWN},
};

static void the_first_rule_that_fits_counts(void **state)
{
    (void)state;
    json_t *settings = json_loads(body_cases[0].file, 0, NULL);
    for (size_t i = 0; i < sizeof rule_cases / sizeof *rule_cases; i++) {
        struct answer answer;
        contract_understand(&file_contract, settings, rule_cases[i].status, rule_cases[i].body, &answer);
        assert_int_equal(answer.result, rule_cases[i].result);
    }
    json_decref(settings);
}

static const struct {
    const char *file, *fault;
} file_cases[] = {
    {FILE_OF("application/json", "{\\\"m\\\":{phone}}"), "must stand inside a string"},
    {FILE_OF("application/json", "{\\\"m\\\":\\\"{phnoe}\\\"}"), "{phnoe}"},
    {FILE_OF("multipart/form-data", "{phone}"), "Content-Type"},
    {"{\"url\":\"http://g\",\"method\":\"PUT\"," RULES "}", "method"},
    {"{\"url\":\"http://g\",\"answers\":[{\"status\":401,\"result\":\"stop\"}]}", "accepted"},
    {"{\"url\":\"http://g\",\"answers\":[{\"result\":\"accepted\"}]}", "any answer"},
    {"{\"url\":\"http://g\",\"answers\":[{\"status\":200,\"result\":\"fine\"}]}", "result"},
};

static void a_file_that_would_do_harm_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof file_cases / sizeof *file_cases; i++) {
        json_t *settings = json_loads(file_cases[i].file, 0, NULL);
        char *fault = NULL;
        assert_false(file_contract.check(settings, &fault));
        assert_non_null(strstr(fault, file_cases[i].fault));
        free(fault);
        json_decref(settings);
    }
}

/* -- when a gateway is left alone ---------------------------------------------------------------------------------- */

static bool note(struct breaker *breaker, enum sms_result result, int64_t now)
{
    struct answer answer;
    answer_set(&answer, result, "cause");
    return breaker_note(breaker, &answer, now, 60000);
}

static void a_gateway_that_fails_rests_and_is_tried_by_one(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    for (int i = 0; i + 1 < BREAKER_FAILURES; i++)
        assert_false(note(&breaker, i % 2 ? RESULT_UNKNOWN : RESULT_LATER, 1000));
    assert_int_equal(breaker_room(&breaker, 1000), SIZE_MAX);
    assert_true(note(&breaker, RESULT_LATER, 1000));
    assert_int_equal(breaker_room(&breaker, 1000 + BREAKER_REST_MS - 1), 0);
    assert_int_equal(breaker_room(&breaker, 1000 + BREAKER_REST_MS), 1);
    breaker_begin(&breaker);
    assert_int_equal(breaker_room(&breaker, 1000 + BREAKER_REST_MS), 0);
    struct answer unasked = {.result = RESULT_REFUSED,
                             .unasked = true}; /* a phone that is none: the next one tries it */
    assert_false(breaker_note(&breaker, &unasked, 7000, 60000));
    assert_int_equal(breaker_room(&breaker, 7000), 1);
    breaker_begin(&breaker);
    assert_false(note(&breaker, RESULT_LATER, 7000));
    assert_int_equal(breaker_room(&breaker, 7000 + BREAKER_REST_MS - 1), 0);
    assert_string_equal(breaker_state(&breaker), "resting");
    breaker_begin(&breaker);
    assert_false(note(&breaker, RESULT_REFUSED, 13000)); /* it works: it looks at what it is given */
    assert_int_equal(breaker_room(&breaker, 13000), SIZE_MAX);
    assert_string_equal(breaker_state(&breaker), "open");
}

static void one_success_forgives_failures(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    for (int i = 0; i < 3 * BREAKER_FAILURES; i++)
        assert_false(note(&breaker, i % 5 ? RESULT_LATER : RESULT_ACCEPTED, 1000));
}

static void a_gateway_that_stops_rests_for_long(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    assert_true(note(&breaker, RESULT_STOPPED, 1000));
    assert_false(note(&breaker, RESULT_STOPPED, 1000));
    assert_string_equal(breaker_state(&breaker), "stopped");
    assert_int_equal(breaker_room(&breaker, 60999), 0);
    assert_int_equal(breaker_room(&breaker, 61000), 1);
    breaker_begin(&breaker);
    assert_false(note(&breaker, RESULT_DELIVERED, 61000));
    assert_int_equal(breaker_room(&breaker, 61000), SIZE_MAX);
}

/* -- a county's templates ------------------------------------------------------------------------------------------ */

static void values_are_those_in_the_text(void **state)
{
    (void)state;
    struct county *county = fixture_county();
    RECORD *order = record_new(), *message = record_new();
    record_set(order, F_TITLE, "路灯\"不亮");
    struct occasion occasion = {
        .county = county, .order_id = "990101-000123", .serial = 123, .order = order, .message = message};
    struct wording wording WORDING_CLEAR = {0};
    assert_int_equal(template_word("opened", &occasion, &wording), 0);
    json_t *values = json_loads(wording.values, 0, NULL);
    assert_int_equal(json_object_size(values), 4);
    assert_string_equal(setting(values, "title"), "路灯\"不亮");
    assert_non_null(strstr(wording.text, setting(values, "code")));
    assert_string_equal(setting(values, "place"), "");
    assert_string_equal(setting(values, "work"), "");
    json_decref(values);
    struct wording none WORDING_CLEAR = {0};
    assert_true(template_word("nothing", &occasion, &none) < 0);
    county_destroy(&county);
}

static void collect(void *arg, const struct county_fault *fault)
{
    char *faults = arg;
    snprintf(faults + strlen(faults), 400 - strlen(faults), "%s:%d: %s\n", fault->file, fault->line, fault->english);
}

static void a_countys_codes_are_for_templates_that_there_are(void **state)
{
    (void)state;
    const char *files[COUNTY_FILE_COUNT];
    char faults[400] = "";
    struct county *county = NULL;
    memcpy(files, fixture_files, sizeof files);
    files[FILE_SMS_TEMPLATES] = "template,gateway,code,parameters\nplaced,ali,SMS_1,title access\n"
                                "plaecd,ali,SMS_2,title\nopened,ali,SMS_3,title access\n";
    files[FILE_SMS_SIGNATURES] = "gateway,sign\nali,云溪政协\n";
    assert_int_equal(county_parse("990101", files, fixture_fault, NULL, &county), 0);
    assert_string_equal(county_sms_template(county, "ali", "placed")->code, "SMS_1");
    assert_null(county_sms_template(county, "qq", "placed"));
    assert_string_equal(county_sms_sign(county, "ali"), "云溪政协");
    assert_string_equal(county_sms_sign(county, "qq"), "");
    assert_true(templates_check(county, collect, faults) < 0);
    assert_string_equal(faults, "sms_templates.csv:3: there is no template \"plaecd\"\n"
                                "sms_templates.csv:4: the template \"opened\" has no value \"access\"\n");
    county_destroy(&county);
}

static void a_long_text_makes_several_sms(void **state)
{
    (void)state;
    assert_int_equal(sms_segments(70), 1);
    assert_int_equal(sms_segments(71), 2);
    assert_int_equal(sms_segments(134), 2);
    assert_int_equal(sms_segments(135), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alibabas_signature_is_that_of_its_document),
        cmocka_unit_test(tencents_signature_is_that_of_its_document),
        cmocka_unit_test(mas_is_asked_as_its_document_says),
        cmocka_unit_test(clouds_are_given_codes_and_values_and_no_phone_in_the_url),
        cmocka_unit_test(each_code_has_its_meaning),
        cmocka_unit_test(no_text_breaks_out_of_its_place),
        cmocka_unit_test(the_first_rule_that_fits_counts),
        cmocka_unit_test(a_file_that_would_do_harm_is_refused),
        cmocka_unit_test(a_gateway_that_fails_rests_and_is_tried_by_one),
        cmocka_unit_test(one_success_forgives_failures),
        cmocka_unit_test(a_gateway_that_stops_rests_for_long),
        cmocka_unit_test(values_are_those_in_the_text),
        cmocka_unit_test(a_countys_codes_are_for_templates_that_there_are),
        cmocka_unit_test(a_long_text_makes_several_sms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
