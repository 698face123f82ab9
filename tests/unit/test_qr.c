/*
 * test_qr.c - tokens and pictures of the QR codes by which people sign in at meetings.
 */
// links: services/intake
#include "services/intake/qr.h"

#include "common/alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const int64_t now = 1795399200000; /* the begin of a period */

static void a_token_is_good_for_a_moment(void **state)
{
    (void)state;
    static const struct {
        int64_t later;
        enum qr_token judged;
    } rows[] = {{0, QR_RIGHT},   {19999, QR_RIGHT},  {20000, QR_RIGHT}, {39999, QR_RIGHT},
                {40000, QR_OLD}, {86400000, QR_OLD}, {-1, QR_OLD}};
    assert_true(sodium_init() >= 0);
    VAULT *vault = vault_new(NULL), *other = vault_new(NULL);
    char token[QR_TOKEN_SIZE], county[7], meeting[ORDER_ID_SIZE], next[QR_TOKEN_SIZE];
    qr_token(token, vault, "990101-H000012", now);
    assert_int_equal(qr_token_parse(token, county, meeting), 0);
    assert_string_equal(county, "990101");
    assert_string_equal(meeting, "990101-H000012");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(qr_token_judge(token, vault, meeting, now + rows[i].later), rows[i].judged);
    qr_token(next, vault, meeting, now + QR_PERIOD_MS);
    assert_string_not_equal(token, next);
    assert_int_equal(qr_token_judge(token, other, meeting, now), QR_WRONG);
    assert_int_equal(qr_token_judge(token, vault, "990101-H000013", now), QR_WRONG);
}

static void what_is_no_token_is_wrong(void **state)
{
    (void)state;
    assert_true(sodium_init() >= 0);
    VAULT *vault = vault_new(NULL);
    char county[7], meeting[ORDER_ID_SIZE], token[QR_TOKEN_SIZE];
    static const char *const bad[] = {"",
                                      "990101-H000012",
                                      "990101-H000012-1",
                                      "990101-000012-1-ab",
                                      "990101-J000012-1-ab",
                                      "990101-H000012-x-ab",
                                      "990101-H000012--ab"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(qr_token_parse(bad[i], county, meeting), -EINVAL);
        assert_int_equal(qr_token_judge(bad[i], vault, "990101-H000012", now), QR_WRONG);
    }
    qr_token(token, vault, "990101-H000012", now);
    token[strlen(token) - 1] ^= 1;
    assert_int_equal(qr_token_judge(token, vault, "990101-H000012", now), QR_WRONG);
}

static void a_picture_has_a_margin(void **state)
{
    (void)state;
    AUTOFREE char *svg = qr_svg("https://sidan.example.cn/s/990101-H000012-89769960-0123456789abcdef");
    assert_non_null(svg);
    assert_memory_equal(svg, "<svg ", 5);
    assert_non_null(strstr(svg, "M4 4h1v1h-1z")); /* the corner of the first finder */
    assert_null(strstr(svg, "M3 "));
    char *longer = xcalloc(1, 5001);
    memset(longer, 'x', 5000);
    assert_null(qr_svg(longer));
    free(longer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_good_for_a_moment),
        cmocka_unit_test(what_is_no_token_is_wrong),
        cmocka_unit_test(a_picture_has_a_margin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
