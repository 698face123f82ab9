/*
 * test_redact.c - what leaves a public text and what stays.
 */
// links: services/intake
#include "services/intake/redact.h"

#include "common/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *text, *redacted;
} cases[] = {
    {"", ""},
    {"路灯不亮已有3天，门牌88号", "路灯不亮已有3天，门牌88号"},
    {"请拨12345或110", "请拨12345或110"},
    {"电话13805591234，谢谢", "电话***，谢谢"},
    {"电话138-0559-1234谢谢", "电话***谢谢"},
    {"电话 138 0559 1234", "电话 ***"},
    {"座机(0559) 2512345", "座机(***"},
    {"1 . - 23456 78 9", "1 . - ***"},
    {"座机0559—2512345", "座机***"},
    {"电话１３８０５５９１２３４", "电话***"},
    {"电话１３８　０５５９　１２３４。", "电话***。"},
    {"+8613805591234", "+***"},
    {"身份证34102219700101123X号", "身份证***号"},
    {"身份证341022197001011234", "身份证***"},
    {"卡6222 0213 0400 1234 567", "卡***"},
    {"信箱zhang.san+x@mail.example.cn回复", "信箱***回复"},
    {"信箱zhangsan＠qq.com", "信箱***"},
    {"12345678@qq.com", "***"},
    {"a@", "a@"},
    {"@某人", "@某人"},
    {"123456", "123456"},
    {"12345，67", "12345，67"},
    {"12 . - 34567", "12 . - 34567"},
    {"abc1234567def", "abc***def"},
    {"1\n2\n3\n4\n5\n6\n7", "1\n2\n3\n4\n5\n6\n7"},
    {"1234567", "***"},
    {"1-2-3-4-5-6-7", "***"},
};

static void hides_what_leads_to_a_person(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTOFREE char *redacted = redact(cases[i].text);
        assert_string_equal(redacted, cases[i].redacted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hides_what_leads_to_a_person)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
