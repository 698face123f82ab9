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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratings_are_read),
        cmocka_unit_test(an_order_is_named_by_its_number_the_end_of_that_or_its_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
