/*
 * test_channels.c - who is told by mail and in chats, and in which form; what servers and robots mean by their answers.
 */
// links: services/notification
#include "tests/unit/fixture.h"

#include "common/alloc.h"
#include "common/text.h"
#include "services/notification/contract.h"
#include "services/notification/mail.h"
#include "services/notification/people.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct county *county;

static int make_county(void **state)
{
    (void)state;
    const char *texts[COUNTY_FILE_COUNT];
    memcpy(texts, fixture_files, sizeof texts);
    texts[FILE_COMMITTEES] = "id,name,phone,email\nK1,提案委,10000002001,k1@example.cn\n";
    texts[FILE_DEPARTMENTS] =
        "id,name,phone,email\nD1,住建局,10000003001,d.1+office@mail.example.cn\nD2,水务局,10000003002,\n";
    texts[FILE_ROBOTS] = "name,kind,url,secret,tells\n"
                         "south,wecom,https://example.cn/hook?key=K,,convener:T1 committee:K1\n"
                         "all,feishu,https://example.cn/hook/ID,S,group:G1 convener:T1 chair\n";
    texts[FILE_STAFF] = "id,name,phone,role\nO1,何知微,10000005001,office\nO2,池望舒,10000005002,office\n"
                        "C1,安若素,10000005901,city\n";
    AUTOFREE char *settings = xasprintf("%soffice_email,office@example.cn\n", fixture_files[FILE_SETTINGS]);
    texts[FILE_SETTINGS] = settings;
    int r = sodium_init() < 0 ? -1 : county_parse("990101", texts, fixture_fault, NULL, &county);
    return r;
}

static int drop_county(void **state)
{
    (void)state;
    county_destroy(&county);
    return 0;
}

/* SMS as ever, with the same places; behind them mails, then chats, each address and each chat once. */
static void mails_and_chats_come_behind_sms(void **state)
{
    (void)state;
    static const struct {
        const char *recipients, *people;
    } rows[] = {
        {"resident", "sms resident=10000000001"},
        {"department:D1", "sms department:D1=10000003001 mail department:D1=d.1+office@mail.example.cn"},
        {"department:D2", "sms department:D2=10000003002"},
        {"committee:K1", "sms committee:K1=10000002001 mail committee:K1=k1@example.cn chat committee:K1=south"},
        {"convener:T1 committee:K1",
         "sms convener:T1=10000001001 sms committee:K1=10000002001 mail committee:K1=k1@example.cn "
         "chat convener:T1=south chat convener:T1=all"},
        {"chair", "sms chair=10000009001 mail chair=office@example.cn chat chair=all"},
        {"office", "sms office:O1=10000005001 sms office:O2=10000005002 mail office=office@example.cn"},
        {"office:O2 office:C1", "sms office:O2=10000005002"},
        {"convener:T2", "sms convener:T2=10000001002"},
        {"member:M1", "sms member:M1=10000004001"},
        {"group:G2", "sms member:M4=10000004004"},
        {"department: committee chairs", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct person people[PEOPLE_MAX];
        char found[2000] = "";
        size_t end = 0, skipped, count = people_find(county, "10000000001", rows[i].recipients, people, &skipped);
        for (size_t k = 0; k < count; k++)
            end += (size_t)snprintf(found + end, sizeof found - end, "%s%s %s=%s", k ? " " : "",
                                    channel_name(people[k].channel), people[k].ref, people[k].phone);
        assert_string_equal(found, rows[i].people);
    }
}

static void channels_have_names_and_queues(void **state)
{
    (void)state;
    for (enum channel channel = 0; channel < CHANNELS; channel++)
        assert_int_equal(channel_by_name(channel_name(channel)), channel);
    assert_int_equal(channel_by_name(NULL), CHANNEL_SMS);
    assert_int_equal(channel_by_name("pigeon"), CHANNEL_SMS);
    assert_string_equal(channel_queue(CHANNEL_SMS), "smsq");
}

/* --- mail --- */

static void mail_addresses(void **state)
{
    (void)state;
    static const char *const good[] = {"a@example.cn", "a.b-c_d+e=1@mail.example.com.cn", "1@1.cn"};
    static const char *const bad[] = {"",
                                      "a",
                                      "@example.cn",
                                      "a@",
                                      "a@b",
                                      "a@b..cn",
                                      "a..b@c.cn",
                                      "-a@b.cn",
                                      "a@-b.cn",
                                      "a@b.cn-",
                                      "a b@c.cn",
                                      "a@b.cn\r\nBcc: x@y.cn",
                                      "a@b.cn, c@d.cn",
                                      "<a@b.cn>",
                                      "\"a\"@b.cn",
                                      "a@b@c.cn",
                                      "李@example.cn",
                                      "a@例子.cn"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(is_mail_address(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(is_mail_address(bad[i]));
}

/* What encoded words say, which each must stand for itself: a character is never cut. The caller frees it. */
static char *decoded(const char *encoded)
{
    static const char begin[] = "=?UTF-8?B?", end[] = "?=";
    char *text = xstrdup("");
    while (*encoded) {
        unsigned char bytes[100];
        size_t size;
        const char *stop;
        assert_int_equal(strncmp(encoded, begin, strlen(begin)), 0);
        encoded += strlen(begin);
        assert_int_equal(sodium_base642bin(bytes, sizeof bytes, encoded, strcspn(encoded, "?"), NULL, &size, &stop,
                                           sodium_base64_VARIANT_ORIGINAL),
                         0);
        assert_true(text_length((const char *)bytes, size) != SIZE_MAX);
        assert_true((size_t)(stop - encoded) + strlen("Subject: ") + strlen(begin) + strlen(end) <= 76);
        assert_int_equal(strncmp(stop, end, strlen(end)), 0);
        char *more = xasprintf("%s%.*s", text, (int)size, bytes);
        free(text);
        text = more;
        encoded = stop + strlen(end);
        if (*encoded) {
            assert_int_equal(strncmp(encoded, "\r\n ", 3), 0);
            encoded += 3;
        }
    }
    return text;
}

static void no_text_ends_a_header(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "a",
        "【云溪县政协】请贵单位办理：“东门小区路灯不亮”，地点：东门社区东大街三号楼门口，单号990101-000001。",
        "x\r\nBcc: everybody@example.cn\r\n\r\nbody",
        "=?UTF-8?B?eA==?= x",
        "𠀀𠀁𠀂𠀃𠀄𠀅𠀆𠀇𠀈𠀉𠀊𠀋𠀌𠀍"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        AUTOFREE char *encoded = mail_encode(texts[i]), *back = decoded(encoded);
        assert_string_equal(back, texts[i]);
        AUTOFREE char *subject = mail_subject(texts[i]);
        assert_true(text_length(subject, strlen(subject)) <= 41);
        assert_int_equal(strncmp(subject, texts[i], strlen(subject) < 41 ? strlen(subject) : 40), 0);
    }
    AUTOFREE char *id = mail_message_id("990101-000001.0123456789abcdef01234567.2", "office@example.cn");
    assert_string_equal(id, "<990101-000001.0123456789abcdef01234567.2@example.cn>");
}

static void what_a_mail_server_means(void **state)
{
    (void)state;
    static const struct {
        long reply;
        bool begun;
        enum sms_result result;
    } rows[] = {{0, false, RESULT_LATER},    {220, false, RESULT_LATER},   {421, false, RESULT_LATER},
                {450, false, RESULT_LATER},  {550, false, RESULT_REFUSED}, {535, false, RESULT_STOPPED},
                {354, true, RESULT_UNKNOWN}, {0, true, RESULT_UNKNOWN},    {250, true, RESULT_UNKNOWN},
                {451, true, RESULT_LATER},   {554, true, RESULT_REFUSED}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(mail_meaning(rows[i].reply, rows[i].begun), rows[i].result);
}

/* --- robots --- */

static void robots_sign_as_their_makers_say(void **state)
{
    (void)state;
    AUTOFREE char *dingtalk = dingtalk_sign(1700000000000, "SECabc"), *feishu = feishu_sign(1599360473, "demo");
    assert_string_equal(dingtalk, "jcUpW0QmtKduN03n4JqQ0PBosVjqnM8gU7fIIvsDmCM=");
    assert_string_equal(feishu, "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=");
}

static void robots_are_asked(void **state)
{
    (void)state;
    static const struct {
        const struct contract *contract;
        const char *url, *secret, *asked, *body;
    } rows[] = {
        {&wecom_contract, "https://e.cn/send?key=K", "", "https://e.cn/send?key=K",
         "{\"msgtype\":\"text\",\"text\":{\"content\":\"a\\\"\\nb\"}}"},
        {&dingtalk_contract, "https://e.cn/send?access_token=T", "SECabc",
         "https://e.cn/send?access_token=T&timestamp=1700000000000&sign=jcUpW0QmtKduN03n4JqQ0PBosVjqnM8gU7fIIvsDmCM%3D",
         "{\"msgtype\":\"text\",\"text\":{\"content\":\"a\\\"\\nb\"}}"},
        {&dingtalk_contract, "https://e.cn/send?access_token=T", "", "https://e.cn/send?access_token=T",
         "{\"msgtype\":\"text\",\"text\":{\"content\":\"a\\\"\\nb\"}}"},
        {&feishu_contract, "https://e.cn/hook/ID", "", "https://e.cn/hook/ID",
         "{\"msg_type\":\"text\",\"content\":{\"text\":\"a\\\"\\nb\"}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[] = "a\"\nb";
        struct sms sms = {.text = text};
        json_t *settings = json_pack("{s:s, s:s}", "url", rows[i].url, "secret", rows[i].secret);
        struct posting posting = {.settings = settings, .sms = &sms, .now = 1700000000000};
        struct request request = {0};
        rows[i].contract->ask(&posting, &request);
        assert_string_equal(request.url, rows[i].asked);
        assert_string_equal(request.body, rows[i].body);
        assert_string_equal(request.method, "POST");
        request_clear(&request);
        json_decref(settings);
    }
}

static void what_robots_mean(void **state)
{
    (void)state;
    static const struct {
        const struct contract *contract;
        long status;
        const char *body;
        enum sms_result result;
    } rows[] = {
        {&wecom_contract, 200, "{\"errcode\":0,\"errmsg\":\"ok\"}", RESULT_DELIVERED},
        {&wecom_contract, 200, "{\"errcode\":45009,\"errmsg\":\"api freq out of limit\"}", RESULT_DEFERRED},
        {&wecom_contract, 200, "{\"errcode\":93000}", RESULT_REFUSED},
        {&wecom_contract, 200, "{\"errcode\":-1}", RESULT_LATER},
        {&wecom_contract, 200, "{\"errcode\":\"0\"}", RESULT_UNKNOWN},
        {&wecom_contract, 429, "", RESULT_DEFERRED},
        {&wecom_contract, 502, "<html>", RESULT_UNKNOWN},
        {&wecom_contract, 200, "{\"errcode\":12345}", RESULT_UNKNOWN},
        {&dingtalk_contract, 200, "{\"errcode\":0}", RESULT_DELIVERED},
        {&dingtalk_contract, 200, "{\"errcode\":130101}", RESULT_DEFERRED},
        {&dingtalk_contract, 200, "{\"errcode\":310000,\"errmsg\":\"sign not match\"}", RESULT_REFUSED},
        {&feishu_contract, 200, "{\"code\":0,\"msg\":\"success\",\"StatusCode\":0}", RESULT_DELIVERED},
        {&feishu_contract, 400, "{\"code\":9499,\"msg\":\"too many request\"}", RESULT_REFUSED},
        {&feishu_contract, 200, "{\"code\":11232}", RESULT_DEFERRED},
        {&feishu_contract, 200, "{\"code\":19021}", RESULT_REFUSED},
        {&feishu_contract, 200, "", RESULT_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer answer;
        contract_understand(rows[i].contract, NULL, rows[i].status, rows[i].body, &answer);
        assert_int_equal(answer.result, rows[i].result);
        assert_null(strstr(answer.detail, "match"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mails_and_chats_come_behind_sms),
        cmocka_unit_test(channels_have_names_and_queues),
        cmocka_unit_test(mail_addresses),
        cmocka_unit_test(no_text_ends_a_header),
        cmocka_unit_test(what_a_mail_server_means),
        cmocka_unit_test(robots_sign_as_their_makers_say),
        cmocka_unit_test(robots_are_asked),
        cmocka_unit_test(what_robots_mean),
    };
    return cmocka_run_group_tests(tests, make_county, drop_county);
}
