/*
 * test_contact.c - an order that is placed carries name, phone and mail address sealed, and in no other way.
 */
// links: services/intake
#include "tests/unit/fixture.h"

#include "common/alloc.h"
#include "common/contact.h"
#include "common/outcome_private.h"
#include "services/intake/intake.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ORDER "990101-000123"

static struct county *county;

static int make_county(void **state)
{
    (void)state;
    county = fixture_county();
    return county ? 0 : -1;
}

static int drop_county(void **state)
{
    (void)state;
    county_destroy(&county);
    return 0;
}

/* What becomes of an order with these; NULL is left out. The caller destroys it. */
static struct outcome *place(const char *name, const char *phone, const char *email)
{
    RECORD *order = record_new(), *message = record_new();
    record_set(message, F_COUNTY, "990101");
    record_set(message, F_TITLE, "路灯不亮");
    if (name)
        record_set(message, F_NAME, name);
    if (phone)
        record_set(message, F_PHONE, phone);
    if (email)
        record_set(message, F_EMAIL, email);
    struct context context = fixture_context(county);
    struct outcome *outcome = outcome_new();
    place_order(&context, order, message, outcome);
    return outcome;
}

static void assert_nothing_open(const struct record *changes)
{
    assert_false(record_has(changes, F_NAME));
    assert_false(record_has(changes, F_PHONE));
    assert_false(record_has(changes, F_EMAIL));
}

static void name_phone_and_address_are_sealed_together(void **state)
{
    (void)state;
    struct outcome *outcome = place("周小雨", "+86 100-0000-0001", "yu@example.cn");
    struct outcome *again = place("周小雨", "10000000001", "yu@example.cn");
    assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
    const struct record *changes = outcome_changed(outcome);
    assert_nothing_open(changes);
    assert_string_equal(record_str(changes, F_TITLE), "路灯不亮");
    RECORD *contact = record_new();
    assert_int_equal(contact_open(county->vault, ORDER, record_str(changes, F_CONTACT), contact), 0);
    assert_string_equal(record_str(contact, F_NAME), "周小雨");
    assert_string_equal(record_str(contact, F_PHONE), "10000000001");
    assert_string_equal(record_str(contact, F_EMAIL), "yu@example.cn");
    assert_string_equal(fixture_notified(outcome, "placed"), "resident");
    /* Handlers are pure, and one phone has one spelling. */
    assert_string_equal(record_str(changes, F_CONTACT), record_str(outcome_changed(again), F_CONTACT));
    assert_string_equal(record_str(changes, F_PERSON), record_str(outcome_changed(again), F_PERSON));
    assert_int_equal(contact_open(county->vault, "990101-000124", record_str(changes, F_CONTACT), contact), -EBADMSG);
    outcome_destroy(&outcome);
    outcome_destroy(&again);
}

static void what_was_not_given_is_not_there(void **state)
{
    (void)state;
    struct outcome *nothing = place(NULL, NULL, NULL), *name = place("周小雨", " ", NULL);
    assert_nothing_open(outcome_changed(nothing));
    assert_false(record_has(outcome_changed(nothing), F_CONTACT));
    assert_false(record_has(outcome_changed(nothing), F_PERSON));
    assert_null(fixture_notified(nothing, "placed"));

    RECORD *contact = record_new();
    assert_int_equal(contact_open(county->vault, ORDER, record_str(outcome_changed(name), F_CONTACT), contact), 0);
    assert_true(record_has(contact, F_NAME));
    assert_false(record_has(contact, F_PHONE));
    assert_false(record_has(outcome_changed(name), F_PERSON));
    assert_null(fixture_notified(name, "placed"));
    outcome_destroy(&nothing);
    outcome_destroy(&name);
}

static void phones_have_one_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *given, *phone; /* NULL: it is none */
    } cases[] = {
        {"13800000000", "13800000000"},
        {"+86 138-0000-0000", "13800000000"},
        {"0086 13800000000", "13800000000"},
        {"8613800000000", "13800000000"},
        {"013800000000", "13800000000"},
        {"+86 0138 0000 0000", "13800000000"},
        {"(0559) 2512345", "05592512345"},
        {"010-12345678", "01012345678"},
        {"12345", NULL},
        {"1380000000", NULL},
        {"138000000000", NULL},
        {"1380000000x", NULL},
        {"", NULL},
        {"0012345678901", NULL},
        {"13800000000123456789", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char phone[PHONE_SIZE] = "untouched";
        assert_int_equal(contact_phone(cases[i].given, phone), cases[i].phone ? 0 : -EINVAL);
        assert_string_equal(phone, cases[i].phone ? cases[i].phone : "untouched");
    }
}

static void another_message_in_a_contact_is_refused(void **state)
{
    (void)state;
    RECORD *contact = record_new();
    AUTOFREE char *sealed = vault_seal(county->vault, "order/" ORDER "/contact", "\xc0", 1);
    assert_int_equal(contact_open(county->vault, ORDER, sealed, contact), -EBADMSG);
    assert_int_equal(contact_open(county->vault, ORDER, "周小雨", contact), -EBADMSG);
    assert_int_equal(contact_open(county->vault, ORDER, "", contact), 0);
    assert_int_equal(record_count(contact), 0);
}

/* The phone of a caller or of a row is in it; without the secret nobody can try out all phones. */
static void digests_that_are_stored_need_the_secret(void **state)
{
    (void)state;
    const char *const parts[] = {"sms", "10000000001", "3VK", ""};
    char one[DIGEST_SIZE], again[DIGEST_SIZE], other[DIGEST_SIZE];
    intake_secret_digest(one, county, parts, 4);
    intake_secret_digest(again, county, parts, 4);
    VAULT *strange = vault_new(NULL);
    struct county elsewhere = *county;
    elsewhere.vault = strange;
    intake_secret_digest(other, &elsewhere, parts, 4);
    assert_string_equal(one, again);
    assert_string_not_equal(one, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_phone_and_address_are_sealed_together),
        cmocka_unit_test(what_was_not_given_is_not_there),
        cmocka_unit_test(phones_have_one_spelling),
        cmocka_unit_test(another_message_in_a_contact_is_refused),
        cmocka_unit_test(digests_that_are_stored_need_the_secret),
    };
    return cmocka_run_group_tests(tests, make_county, drop_county);
}
