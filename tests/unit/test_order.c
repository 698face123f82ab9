/*
 * test_order.c - numbers and codes, there and back; which state may follow which.
 */
#include "common/order.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void numbers_there_and_back(void **state)
{
    static const char *const bad[] = {"",
                                      "341022",
                                      "341022-",
                                      "341022-12345",
                                      "34102-000123",
                                      "341022-00012x",
                                      "341022-0000123", /* one number, one spelling */
                                      "341022-000000",
                                      "341022_000123",
                                      "341022-99999999999999999999999"};
    static const int64_t serials[] = {1, 123, 999999, 1000000, 123456789012};
    (void)state;
    for (size_t i = 0; i < sizeof serials / sizeof *serials; i++) {
        char id[ORDER_ID_SIZE], county[7];
        int64_t serial = 0;
        order_id(id, "341022", serials[i]);
        assert_int_equal(order_parse(id, county, &serial), 0);
        assert_string_equal(county, "341022");
        assert_int_equal(serial, serials[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(order_parse(bad[i], NULL, NULL), -EINVAL);
}

static void a_letter_tells_other_matters(void **state)
{
    static const struct {
        const char *id;
        enum matter matter;
        int64_t serial;
    } rows[] = {{"341022-H000012", MATTER_MEETING, 12}, {"341022-J000034", MATTER_SUGGESTION, 34},
                {"341022-000012", MATTER_ORDER, 12},    {"341022-J1234567", MATTER_SUGGESTION, 1234567},
                {"341022-L000056", MATTER_ENTRY, 56},   {"341022-K000012", MATTER_NONE, 0},
                {"341022-h000012", MATTER_NONE, 0},     {"341022-HJ00012", MATTER_NONE, 0},
                {"341022-H00012", MATTER_NONE, 0},      {"341022-H0000012", MATTER_NONE, 0},
                {"341022-H000000", MATTER_NONE, 0},     {"341022-H", MATTER_NONE, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char county[7] = "", order[ORDER_ID_SIZE], clock[17], entry[CLOCK_ENTRY_SIZE];
        enum matter matter = MATTER_NONE;
        int64_t serial = 0, rung;
        bool known = rows[i].matter != MATTER_NONE;
        assert_int_equal(matter_parse(rows[i].id, county, &matter, &serial), known ? 0 : -EINVAL);
        assert_int_equal(matter, rows[i].matter);
        assert_int_equal(matter_of(rows[i].id), rows[i].matter);
        assert_int_equal(serial, rows[i].serial);
        assert_int_equal(order_parse(rows[i].id, NULL, NULL), matter == MATTER_ORDER ? 0 : -EINVAL);
        order_clock_entry(entry, rows[i].id, "follow", 1);
        assert_int_equal(order_parse_clock_entry(entry, order, clock, &rung), known ? 0 : -EINVAL);
        if (known) {
            char again[ORDER_ID_SIZE];
            matter_id(again, county, matter, serial);
            assert_string_equal(again, rows[i].id);
        }
    }
}

static void lives_of_meetings_and_suggestions(void **state)
{
    static const char *const states[] = {
        "", STATE_CALLED, STATE_HELD, STATE_CANCELLED, STATE_FOLLOWED, STATE_SETTLED, STATE_CLOSED};
    static const char *const legal[] = {"xx..x..", ".xxx...", "..x...x", "...x...", "....xxx", "....xxx", "......x"};
    (void)state;
    for (size_t from = 0; from < 7; from++)
        for (size_t to = 0; to < 7; to++)
            if (order_may_become(states[from], states[to]) != (legal[from][to] == 'x'))
                fail_msg("\"%s\" to \"%s\"", states[from], states[to]);
    for (size_t i = 1; i < 7; i++)
        assert_int_equal(order_owner(states[i]) == 0, order_is_final(states[i]));
}

static void claim_codes_there_and_back(void **state)
{
    (void)state;
    for (int64_t serial = 1; serial < 3000000; serial = serial * 7 / 4 + 1) {
        char code[CLAIM_CODE_SIZE];
        int64_t back = 0;
        order_claim_code(code, serial);
        assert_true(strlen(code) >= 3);
        assert_null(strpbrk(code, "0125ILOSZ")); /* none that is mistaken for another */
        assert_int_equal(order_from_code(code, &back), 0);
        assert_int_equal(back, serial);
    }
    static const struct {
        const char *text;
        int result;
    } cases[] = {{" 34a ", 0}, {"３４ａ", 0}, {"3", -EINVAL}, {"34O", -EINVAL}, {"", -EINVAL}, {"34a x", -EINVAL}};
    int64_t plain, serial;
    assert_int_equal(order_from_code("34A", &plain), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(order_from_code(cases[i].text, &serial), cases[i].result);
        if (cases[i].result == 0)
            assert_int_equal(serial, plain);
    }
}

static void access_codes_depend_on_order_and_secret(void **state)
{
    static const unsigned char secret[32] = {1}, other[32] = {2};
    char a[ACCESS_CODE_SIZE], again[ACCESS_CODE_SIZE], b[ACCESS_CODE_SIZE], c[ACCESS_CODE_SIZE];
    (void)state;
    order_access_code(a, "341022-000123", secret);
    order_access_code(again, "341022-000123", secret);
    order_access_code(b, "341022-000124", secret);
    order_access_code(c, "341022-000123", other);
    assert_int_equal(strspn(a, "0123456789"), 6);
    assert_string_equal(a, again);
    assert_string_not_equal(a, b);
    assert_string_not_equal(a, c);
}

static void only_legal_transitions(void **state)
{
    static const char *const states[] = {"",
                                         STATE_PLACED,
                                         STATE_SCREENING,
                                         STATE_RETURNED,
                                         STATE_OPEN,
                                         STATE_ASSIGNED,
                                         STATE_CONSULTING,
                                         STATE_ANSWERED,
                                         STATE_EVALUATED,
                                         STATE_CLOSED,
                                         STATE_MERGED,
                                         STATE_WITHDRAWN};
    /* Row: from; column: to, in the order above. */
    static const char *const legal[] = {"xx..........", ".xx.x.....x.", "..xxx.....xx", "...x........",
                                        "..x.xx....xx", "..x..xxx..xx", "..x..xxx..xx", "......xxxx..",
                                        "......x.xx..", ".........x..", "..x....x..xx", "...........x"};
    (void)state;
    for (size_t from = 0; from < 12; from++)
        for (size_t to = 0; to < 12; to++)
            if (order_may_become(states[from], states[to]) != (legal[from][to] == 'x'))
                fail_msg("\"%s\" to \"%s\"", states[from], states[to]);
    for (size_t i = 1; i < 12; i++) /* every state has an owner or is an end */
        assert_int_equal(order_owner(states[i]) == 0, order_is_final(states[i]));
}

static void clock_entries_there_and_back(void **state)
{
    char entry[CLOCK_ENTRY_SIZE], order[ORDER_ID_SIZE], clock[17];
    int64_t rung;
    (void)state;
    order_clock_entry(entry, "341022-000123", "handover", 2);
    assert_string_equal(entry, "341022-000123|handover|2");
    assert_int_equal(order_parse_clock_entry(entry, order, clock, &rung), 0);
    assert_string_equal(order, "341022-000123");
    assert_string_equal(clock, "handover");
    assert_int_equal(rung, 2);
    assert_int_equal(order_parse_clock_entry("341022-000123|handover", order, clock, &rung), -EINVAL);
    assert_int_equal(order_parse_clock_entry("x|handover|1", order, clock, &rung), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_there_and_back),
        cmocka_unit_test(a_letter_tells_other_matters),
        cmocka_unit_test(lives_of_meetings_and_suggestions),
        cmocka_unit_test(claim_codes_there_and_back),
        cmocka_unit_test(access_codes_depend_on_order_and_secret),
        cmocka_unit_test(only_legal_transitions),
        cmocka_unit_test(clock_entries_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
