/*
 * test_limits.c - a burst, then as much as fills up again; and whose address counts.
 */
// links: services/intake
#include "services/intake/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { START = 1000000 };

static void a_burst_and_then_one_by_one(void **state)
{
    (void)state;
    struct limits *limits = limits_new(3, 6, ""); /* one in ten seconds */
    for (int i = 0; i < 3; i++)
        assert_int_equal(limits_take(limits, "10.0.0.1", 1, START), 0);
    assert_int_equal(limits_take(limits, "10.0.0.1", 1, START), 11);
    assert_int_equal(limits_take(limits, "10.0.0.1", 0, START), 11); /* to ask is refused as well */
    assert_int_equal(limits_take(limits, "10.0.0.2", 1, START), 0);
    assert_int_equal(limits_take(limits, "10.0.0.1", 1, START + 9999), 1);
    assert_int_equal(limits_take(limits, "10.0.0.1", 1, START + 10000), 0);
    assert_int_equal(limits_take(limits, "10.0.0.1", 1, START + 10000), 11);
    for (int i = 0; i < 3; i++) /* full again, and not fuller than that */
        assert_int_equal(limits_take(limits, "10.0.0.1", 1, START + 1000000), 0);
    assert_int_equal(limits_take(limits, "10.0.0.1", 1, START + 1000000), 11);
    limits_destroy(&limits);
}

static void asking_costs_nothing(void **state)
{
    (void)state;
    struct limits *limits = limits_new(1, 1, "");
    for (int i = 0; i < 100; i++)
        assert_int_equal(limits_take(limits, "10.0.0.1", 0, START), 0);
    assert_int_equal(limits_take(limits, "10.0.0.1", 1, START), 0);
    assert_int_not_equal(limits_take(limits, "10.0.0.1", 0, START), 0);
    limits_destroy(&limits);
}

static void no_limit(void **state)
{
    (void)state;
    struct limits *limits = limits_new(1, 0, "");
    for (int i = 0; i < 1000; i++)
        assert_int_equal(limits_take(limits, "10.0.0.1", 1, START), 0);
    limits_destroy(&limits);
}

static void whose_address_counts(void **state)
{
    (void)state;
    static const struct {
        const char *peer, *forwarded, *counts;
    } rows[] = {
        {"192.0.2.7", "", "192.0.2.7"},
        {"192.0.2.7", "198.51.100.1", "192.0.2.7"}, /* it is no proxy of ours */
        {"10.0.0.1", "198.51.100.1", "198.51.100.1"},
        {"10.0.0.1", "6.6.6.6, 198.51.100.1",
         "198.51.100.1"}, /* what the client said comes first, and does not count */
        {"10.0.0.1", "6.6.6.6, 198.51.100.1 , 10.0.0.2", "198.51.100.1"},
        {"10.0.0.1", "10.0.0.2", "10.0.0.2"},
        {"10.0.0.1", "", "10.0.0.1"},
        {"10.0.0.1", ",,", "10.0.0.1"},
        {"2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"}, /* one household has many of them */
        {"10.0.0.1", "2001:db8:1:2:ffff::1", "2001:db8:1:2::"},
        {"10.0.0.1", "2001:0DB8:1:2::1", "2001:db8:1:2::"},
        {"10.0.0.1", "198.51.100.1:5678", "198.51.100.1"}, /* some proxies add the port */
        {"10.0.0.1", "6.6.6.6:1, 198.51.100.1:5678, 10.0.0.2:443", "198.51.100.1"},
        {"10.0.0.1", "[2001:db8:1:2:3::4]:443", "2001:db8:1:2::"},
        {"10.0.0.1", "[2001:db8:1:2:3::4]", "2001:db8:1:2::"},
        {"10.0.0.1", "[2001:db8:1:2:ffff:ffff:ffff:ffff]:65535", "2001:db8:1:2::"},
        {"10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"},
        {"10.0.0.1", "[::ffff:198.51.100.1]:80", "198.51.100.1"},
        {"::ffff:192.0.2.7", "", "192.0.2.7"},
        {"10.0.0.1", "[", "10.0.0.1"},
        {"10.0.0.1", "[]:80", "10.0.0.1"},
        {"10.0.0.1", ":80", "10.0.0.1"},
    };
    struct limits *limits = limits_new(1, 1, "10.0.0.1 10.0.0.2");
    char address[HTTP_ADDRESS_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        limits_address_of(limits, rows[i].peer, rows[i].forwarded, address);
        assert_string_equal(address, rows[i].counts);
    }
    char endless[4000];
    memset(endless, '9', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    limits_address_of(limits, "10.0.0.1", endless, address);
    assert_int_equal(strlen(address), HTTP_ADDRESS_SIZE - 1);
    limits_destroy(&limits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_and_then_one_by_one),
        cmocka_unit_test(asking_costs_nothing),
        cmocka_unit_test(no_limit),
        cmocka_unit_test(whose_address_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
