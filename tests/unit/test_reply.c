/*
 * test_reply.c - what residents write in reply to an SMS, and how it is understood.
 */
// links: services/intake
#include "services/intake/reply_text.h"

#include "common/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text, *rating; /* NULL: it is none */
    const char *note;
} ratings[] = {
    {"1", "satisfied", ""},
    {"2", "basically", ""},
    {"3", "dissatisfied", ""},
    {"１", "satisfied", ""},
    {"③", "dissatisfied", ""},
    {" 1 ", "satisfied", ""},
    {"1。", "satisfied", ""},
    {"2！", "basically", ""},
    {"3 …", "dissatisfied", ""},
    {"满意", "satisfied", ""},
    {"满意！谢谢。", "satisfied", "谢谢。"},
    {"基本满意", "basically", ""},
    {"不满意", "dissatisfied", ""},
    {"不满意，还是不亮", "dissatisfied", "还是不亮"},
    {"1满意", "satisfied", ""},
    {"2、基本满意", "basically", ""},
    {"3：不满意 灯还是不亮", "dissatisfied", "灯还是不亮"},
    {"【1】", "satisfied", ""},
    {"回复1", "satisfied", ""},
    {"3 还是不亮", "dissatisfied", "还是不亮"},
    {"1不满意", NULL, NULL},
    {"3满意", NULL, NULL},
    {"12", NULL, NULL},
    {"1栋的灯", NULL, NULL},
    {"4", NULL, NULL},
    {"0", NULL, NULL},
    {"满意吗", NULL, NULL},
    {"不太满意", NULL, NULL},
    {"谢谢", NULL, NULL},
    {"", NULL, NULL},
    {"。", NULL, NULL},
};

static void ratings_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ratings / sizeof *ratings; i++) {
        AUTOFREE char *plain = reply_plain(ratings[i].text);
        const char *note = NULL, *rating = reply_rating(plain, &note);
        assert_string_equal(rating ? rating : "none", ratings[i].rating ? ratings[i].rating : "none");
        assert_string_equal(note ? note : "none", ratings[i].note ? ratings[i].note : "none");
    }
}

static void an_order_is_named_by_its_number_the_end_of_that_or_its_code(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rest; /* NULL: it does not name the order */
    } rows[] = {
        {"990101-000123 1", "              1"},
        {"１ ９９０１０１－０００１２３", "1              "},
        {"3 000123", "3       "},
        {"3，424242", "3,      "},
        {"000123", "      "},
        {"1 990101-000124", NULL},
        {"1 0001234", NULL},
        {"1", NULL},
        {"1 123", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTOFREE char *plain = reply_plain(rows[i].text);
        AUTOFREE char *rest = reply_without_names(plain, "990101-000123", "424242");
        assert_string_equal(rest ? rest : "none", rows[i].rest ? rows[i].rest : "none");
    }
}

static const struct {
    const char *text, *reply; /* NULL: it is none */
    const char *note;
} attendances[] = {
    {"1", "comes", ""},
    {"１", "comes", ""},
    {"1 参加", "comes", ""},
    {"参加", "comes", ""},
    {"能来", "comes", ""},
    {"来！", "comes", ""},
    {"回复1", "comes", ""},
    {"2 出差", "excused", "出差"},
    {"2出差", "excused", "出差"},
    {"2，请假，家里有事", "excused", "家里有事"},
    {"请假 住院", "excused", "住院"},
    {"不来了", "excused", "了"},
    {"不能参加，要出差", "excused", "要出差"},
    {"2", "excused", ""},
    {"1 不来", NULL, NULL},
    {"12", NULL, NULL},
    {"3", NULL, NULL},
    {"收到", NULL, NULL},
    {"", NULL, NULL},
};

static void answers_to_invitations_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof attendances / sizeof *attendances; i++) {
        AUTOFREE char *plain = reply_plain(attendances[i].text);
        const char *note = NULL, *reply = reply_attendance(plain, &note);
        assert_string_equal(reply ? reply : "none", attendances[i].reply ? attendances[i].reply : "none");
        assert_string_equal(note ? note : "none", attendances[i].note ? attendances[i].note : "none");
    }
}

static void a_meeting_is_named_by_its_number_the_end_of_that_or_a_short_one(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rest; /* NULL: it does not name the meeting */
    } rows[] = {
        {"H12 1", "    1"},
        {"h12 2 出差", "    2 出差"},
        {"Ｈ１２ 1", "    1"},
        {"H000012，1", "       ,1"},
        {"990101-H000012 来", "               来"},
        {"1 H12", "1    "},
        {"H123 1", NULL},
        {"AH12 1", NULL},
        {"12 1", NULL},
        {"990101-000012 1", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTOFREE char *plain = reply_plain(rows[i].text);
        AUTOFREE char *rest = reply_without_meeting(plain, "990101-H000012");
        assert_string_equal(rest ? rest : "none", rows[i].rest ? rows[i].rest : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratings_are_read),
        cmocka_unit_test(an_order_is_named_by_its_number_the_end_of_that_or_its_code),
        cmocka_unit_test(answers_to_invitations_are_read),
        cmocka_unit_test(a_meeting_is_named_by_its_number_the_end_of_that_or_a_short_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
