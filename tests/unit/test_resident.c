/*
 * test_resident.c - the token of the link by which an answer is rated; who handles their own order.
 */
#include "common/contact.h"
#include "common/resident.h"
#include "tests/unit/fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void tokens_are_of_one_answer_of_one_county(void **state)
{
    (void)state;
    VAULT *vault = vault_new(NULL), *other = vault_new(NULL);
    char token[RATING_TOKEN_SIZE], again[RATING_TOKEN_SIZE], county[7], order[ORDER_ID_SIZE];
    int64_t round;
    rating_token(token, vault, "990101-000123", 2);
    assert_int_equal(strlen(token), strlen("990101-000123-2-") + 16);
    assert_int_equal(rating_token_parse(token, county, order, &round), 0);
    assert_string_equal(county, "990101");
    assert_string_equal(order, "990101-000123");
    assert_int_equal(round, 2);
    rating_token(again, vault, "990101-000123", 2);
    assert_string_equal(again, token);
    rating_token(again, vault, "990101-000123", 1);
    assert_string_not_equal(strrchr(again, '-'), strrchr(token, '-'));
    rating_token(again, vault, "990101-000124", 2);
    assert_string_not_equal(strrchr(again, '-'), strrchr(token, '-'));
    rating_token(again, other, "990101-000123", 2);
    assert_string_not_equal(again, token);
    rating_token(token, vault, "990101-9223372036854775807", INT64_MAX);
    assert_int_equal(rating_token_parse(token, county, order, &round), -EINVAL); /* longer than a number may be */

    static const char *const bad[] = {"",
                                      "-",
                                      "990101-000123",
                                      "990101-000123-1",
                                      "990101-000123--ab",
                                      "990101-000123-x-ab",
                                      "990101-00123-1-ab",
                                      "990101-000123--1-ab"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(rating_token_parse(bad[i], county, order, &round), -EINVAL);
}

static void invitations_are_of_one_meeting_and_one_order(void **state)
{
    (void)state;
    VAULT *vault = vault_new(NULL), *other = vault_new(NULL);
    char token[INVITATION_TOKEN_SIZE], again[INVITATION_TOKEN_SIZE], county[7], meeting[ORDER_ID_SIZE],
        order[ORDER_ID_SIZE];
    invitation_token(token, vault, "990101-H000012", "990101-000123");
    assert_int_equal(strlen(token), strlen("990101-H000012-000123-") + 16);
    assert_int_equal(invitation_token_parse(token, county, meeting, order), 0);
    assert_string_equal(county, "990101");
    assert_string_equal(meeting, "990101-H000012");
    assert_string_equal(order, "990101-000123");
    const struct {
        const struct vault *vault;
        const char *meeting, *order;
    } others[] = {{vault, "990101-H000013", "990101-000123"},
                  {vault, "990101-H000012", "990101-000124"},
                  {other, "990101-H000012", "990101-000123"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        invitation_token(again, others[i].vault, others[i].meeting, others[i].order);
        assert_string_not_equal(strrchr(again, '-'), strrchr(token, '-'));
    }
    static const char *const bad[] = {"",
                                      "990101-H000012-000123",
                                      "990101-000012-000123-ab",
                                      "990101-H000012-H00123-ab",
                                      "990101-H000012--ab",
                                      "99010-H000012-000123-ab",
                                      "990101-H00012-000123-ab"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(invitation_token_parse(bad[i], county, meeting, order), -EINVAL);
}

static void who_handles_their_own_order_is_known_by_the_phone(void **state)
{
    (void)state;
    struct county *county = fixture_county();
    RECORD *order = record_new();
    char person[VAULT_DIGEST_SIZE];
    record_set(order, F_MEMBERS, "M1 M2");
    record_set(order, F_DEPARTMENT, "D1");
    record_set(order, F_ASSISTING, "D2");
    assert_false(resident_handles(county, order)); /* nobody knows who placed it */
    static const struct {
        const char *phone;
        bool handles, handed; /* before it was handed over to the departments, and then */
    } rows[] = {{"10000004002", true, true},
                {"10000004003", false, false},
                {"10000003001", false, true},
                {"10000003002", false, true},
                {"10000000001", false, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        contact_person(county->vault, rows[i].phone, person);
        record_set(order, F_PERSON, person);
        record_set_int(order, F_HANDED_AT, 0);
        assert_int_equal(resident_handles(county, order), rows[i].handles);
        record_set_int(order, F_HANDED_AT, fixture_now);
        assert_int_equal(resident_handles(county, order), rows[i].handed);
    }
    county_destroy(&county);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_of_one_answer_of_one_county),
        cmocka_unit_test(invitations_are_of_one_meeting_and_one_order),
        cmocka_unit_test(who_handles_their_own_order_is_known_by_the_phone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
