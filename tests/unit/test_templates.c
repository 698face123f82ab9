/*
 * test_templates.c - what SMS say, in both languages, whatever people have written.
 */
// links: services/notification
#include "tests/unit/notification_fixture.h"

#include "common/alloc.h"
#include "common/contact.h"
#include "common/order.h"
#include "common/text.h"
#include "services/notification/templates.h"
#include "services/notification/wording.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const expected_names[] = {
    "placed",
    "screening",
    "returned",
    "transferred",
    "merged",
    "merged_members",
    "recalled",
    "recalled_resident",
    "unmerged",
    "split",
    "asked",
    "replied",
    "added",
    "taken_back",
    "taken_back_shared",
    "unanswered",
    "opened",
    "claimed",
    "full",
    "claim_refused",
    "assigned",
    "assigned_resident",
    "handed_over",
    "assisting",
    "responded",
    "objection",
    "objection_refused",
    "objection_granted",
    "answered",
    "answered_own",
    "ask_again",
    "to_call",
    "reopened",
    "rated",
    "rating_taken",
    "reply_taken",
    "unclear",
    "closed",
    "reminder",
    "escalated",
    "extension_asked",
    "extended",
    "extended_resident",
    "extension_refused",
    "reassigned",
    "passed_on",
    "silent",
    "unfilled",
    "decide",
    "joint_asked",
    "joint_shared",
    "joint_answered",
    "joint_refused",
    "joint_ended",
    "meeting_invited",
    "meeting_moved",
    "meeting_cancelled",
    "meeting_reminder",
    "meeting_taken",
    "meeting_unclear",
    "suggestion_raised",
    "suggestion_proposed",
    "suggestion_settled",
    "suggestion_not_kept",
    "absences_reached",
    "promise_settled",
    "promise_kept",
    "promise_not_kept",
    "code",
    "test",
    "which",
    "help",
    "reminders",
    "escalations",
    "duty",
};

static void fill_order(struct record *order, const char *words)
{
    static const enum field fields[] = {F_TITLE, F_PLACE, F_ANSWER, F_REASON, F_RETURN_TO, F_NOTE};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        record_set(order, fields[i], words);
    record_set(order, F_STATE, STATE_RETURNED);
    record_set(order, F_OUTCOME, "supervision");
    record_set(order, F_RATING, "dissatisfied");
    record_set(order, F_CLOCK, "handover");
    record_set(order, F_MEMBERS, "M1 M2 M3 M4");
    record_set_int(order, F_DUE, fixture_now);
}

static bool is_clean(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == '{' || *text == '}' || *text == '[' || *text == ']')
            return false;
    return true;
}

#define LINK "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/.#-"

/* Every template, in both languages, with nothing to say, with ordinary words, and with the longest and worst. */
static void every_text_is_bounded_and_clean(void **state)
{
    (void)state;
    char longest[4000] = "";
    for (size_t i = 0, end = 0; i < 200; i++)
        end += (size_t)snprintf(longest + end, sizeof longest - end, "路灯\r\n坏\t了 \x01");
    /* The reversing of text is meant. NOLINTNEXTLINE(misc-misleading-bidirectional) */
    const char *const words[] = {"", "路灯不亮。", longest, "】诈骗【", "\xff\xfe broken", "\u202e反向\u200b\u2028"};
    static const char *const languages[] = {"zh", "en"};
    for (size_t t = 0; t < sizeof expected_names / sizeof *expected_names; t++)
        for (size_t l = 0; l < 2; l++)
            for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
                struct county copy = *county;
                copy.language = languages[l];
                copy.contact = words[w];
                copy.public_url = "https://sidan.example.cn";
                RECORD *order = record_new(), *message = record_new();
                if (*words[w])
                    fill_order(order, words[w]);
                record_copy(message, order, F_NOTE);
                if (*words[w])
                    record_set(message, F_ORDERS,
                               "990101-000123 990101-000124 990101-000125 990101-000126 "
                               "990101-000127 990101-000128 990101-000129 990101-000130 x");
                struct occasion occasion = {&copy, "990101-000123", 123, order, message, fixture_now};
                AUTOFREE char *text = template_text(expected_names[t], &occasion);
                assert_non_null(text);
                assert_true(is_clean(text));
                assert_true(strncmp(text, "【云溪县政协】", strlen("【云溪县政协】")) == 0);
                assert_null(strstr(text + strlen("【"), "【"));
                assert_true(text_length(text, strlen(text)) <= SMS_TEXT_MAX);
                assert_null(strstr(text, "。。"));
                /* No phone takes for a part of a link what follows it, and none is cut. */
                const char *link = strstr(text, "https://");
                assert_true(!link || strspn(link, LINK) == strlen(link));
            }
    assert_null(template_at(sizeof expected_names / sizeof *expected_names));
    for (size_t i = 0; i < sizeof expected_names / sizeof *expected_names; i++)
        assert_string_equal(template_at(i)->name, expected_names[i]);
}

static const struct {
    const char *name, *language, *text; /* %c: the resident's access code */
} text_cases[] = {
    {"placed", "zh",
     "【云溪县政协】您好，您反映的“东门小区路灯不亮”我们收到了。单号990101-000123，查询码%c，请保存好。"
     "凭单号和查询码可以在网上查看办理情况。有疑问请联系：0000-1234567。"},
    {"opened", "zh", "【云溪县政协】有居民反映：“东门小区路灯不亮”，地点：东门。愿意办理，请回复 38K 接单。"},
    {"opened", "en",
     "【云溪县政协】A resident's concern: \"东门小区路灯不亮\", place: 东门. To take it on, reply 38K."},
    {"reminder", "zh",
     "【云溪县政协】提醒您：“东门小区路灯不亮”（单号990101-000123）的答复期限是11月23日11:00，请抓紧办理。"},
    {"escalated", "en",
     "【云溪县政协】Please step in: the answer of \"东门小区路灯不亮\" (number 990101-000123) is due on 23 November "
     "11:00 and is not done. Members: 顾怀谷, 温静姝."},
    {"answered", "zh",
     "【云溪县政协】您反映的“东门小区路灯不亮”（单号990101-000123）有答复了（已经解决）：灯修好了。您满意吗？"
     "请直接回复：1满意，2基本满意，3不满意。也可以凭单号和查询码%c在网上评价"},
    {"claim_refused", "zh",
     "【云溪县政协】您要接的单（单号990101-000123）没有接成。原因：这件事由别的小组办理。"
     "有疑问请联系：0000-1234567。"},
    {"assigned_resident", "zh",
     "【云溪县政协】您反映的“东门小区路灯不亮”（单号990101-000123）已有政协委员接单：顾怀谷、温静姝。"
     "他们会与您联系，最迟11月23日11:00答复您。请放心。"},
};

static void texts_say_what_people_need(void **state)
{
    (void)state;
    RECORD *order = make_order(), *message = record_new();
    record_set(order, F_PLACE, "东门");
    record_set(order, F_CLOCK, "answer");
    record_set(order, F_OUTCOME, "solved");
    record_set(order, F_ANSWER, "灯修好了。\n");
    record_set(order, F_MEMBERS, "M1 M2");
    record_set_int(message, F_DUE, fixture_now + 3600000);
    record_set(message, F_REASON, "forbidden");
    struct county copy = *county;
    copy.contact = "0000-1234567";
    char access[ACCESS_CODE_SIZE];
    order_access_code(access, "990101-000123", vault_secret(county->vault));
    for (size_t i = 0; i < sizeof text_cases / sizeof *text_cases; i++) {
        copy.language = text_cases[i].language;
        struct occasion occasion = {&copy, "990101-000123", 123, order, message, fixture_now};
        AUTOFREE char *text = template_text(text_cases[i].name, &occasion);
        const char *mark = strstr(text_cases[i].text, "%c");
        AUTOFREE char *expected =
            mark ? xasprintf("%.*s%s%s", (int)(mark - text_cases[i].text), text_cases[i].text, access, mark + 2)
                 : xstrdup(text_cases[i].text);
        assert_string_equal(text, expected);
    }
}

static void a_link_leads_to_the_order(void **state)
{
    (void)state;
    RECORD *order = make_order(), *message = record_new();
    char access[ACCESS_CODE_SIZE];
    order_access_code(access, "990101-000123", vault_secret(county->vault));
    struct county copy = *county;
    copy.public_url = "https://sidan.example.cn";
    struct occasion occasion = {&copy, "990101-000123", 123, order, message, fixture_now};
    AUTOFREE char *to_resident = template_text("placed", &occasion), *to_members = template_text("opened", &occasion);
    AUTOFREE char *track = xasprintf("打开就能看：https://sidan.example.cn/o/990101-000123#%s", access);
    assert_string_equal(to_resident + strlen(to_resident) - strlen(track), track);
    static const char work[] = "办理请打开：https://sidan.example.cn/w/990101-000123";
    assert_string_equal(to_members + strlen(to_members) - strlen(work), work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_is_bounded_and_clean),
        cmocka_unit_test(texts_say_what_people_need),
        cmocka_unit_test(a_link_leads_to_the_order),
    };
    return cmocka_run_group_tests(tests, make_county, drop_county);
}
