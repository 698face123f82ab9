/*
 * test_archive_contacts.c - the archive keeps who placed an order apart from its journal, and gives it up for good.
 */
// links: services/archive
#include "tests/unit/archive_fixture.h"

enum { CLOSED_AT = 5000 };

/* Delivers the first step of an order, with a contact. */
static enum verdict place(const char *order, const char *message_id, const char *person, const char *sealed)
{
    step(1, "placed");
    record_set(message, F_CONTACT, sealed);
    if (person)
        record_set(message, F_PERSON, person);
    return take_as(message_id, MSG_ORDER_STEP, COUNTY, order);
}

/* Closes it and lets it leave Redis. */
static void close_and_retire(const char *order)
{
    struct waiting waiting = {.ver = 2};
    step(2, "closed");
    record_set_int(message, F_CLOSED_AT, CLOSED_AT);
    assert_int_equal(take_step(order), VERDICT_OK);
    snprintf(waiting.order, sizeof waiting.order, "%s", order);
    assert_int_equal(cases_retired(archive_at(archive, 0), &waiting, now), 0);
}

/* The sealed contact; "" when there is none, NULL when there is no such order. Valid until the next call. */
static const char *contact_of(const char *order)
{
    record_clear(message);
    record_set(message, F_ORDER, order);
    const struct record *listing = ask(MSG_READ_CONTACT);
    return record_rows(listing, F_ROWS) ? record_str(record_row(listing, F_ROWS, 0), F_CONTACT) : NULL;
}

static int64_t found(const char *person)
{
    record_clear(message);
    record_set(message, F_PERSON, person);
    return record_int(ask(MSG_LIST_ORDERS), F_TOTAL);
}

static int erase(int64_t closed_before)
{
    char orders[10][ORDER_ID_SIZE] = {""};
    int count = contacts_erase(archive_at(archive, 0), closed_before, orders, 10);
    if (count == 1)
        assert_string_equal(orders[0], ORDER);
    return count;
}

static void it_is_kept_and_found_and_in_no_list(void **state)
{
    (void)state;
    assert_int_equal(place(ORDER, "a", "hash-1", "v1.1.sealed"), VERDICT_OK);
    assert_int_equal(place(COUNTY "-000002", "b", NULL, "v1.1.other"), VERDICT_OK);
    assert_string_equal(contact_of(ORDER), "v1.1.sealed");
    assert_null(contact_of(COUNTY "-000003"));
    assert_int_equal(found("hash-1"), 1);
    assert_int_equal(found("hash-2"), 0);
    const struct record *row = listed(ORDER);
    assert_false(record_has(row, F_CONTACT) || record_has(row, F_PERSON));
    row = record_row(history(ORDER), F_ROWS, 0);
    assert_false(record_has(row, F_CONTACT) || record_has(row, F_PERSON));
}

/* Its hash is a part of the first row: one that came later would look like one that somebody put in. */
static void it_comes_with_the_first_step(void **state)
{
    (void)state;
    step(2, "opened");
    record_set(message, F_CONTACT, "v1.1.other");
    assert_int_equal(take_step(ORDER), VERDICT_REFUSED);
    assert_int_equal(place(ORDER, "a", NULL, "v1.1.sealed"), VERDICT_OK);
    assert_string_equal(contact_of(ORDER), "v1.1.sealed");
}

static void it_is_erased_when_its_time_is_over_and_not_before(void **state)
{
    (void)state;
    place(ORDER, "a", "hash-1", "v1.1.sealed");
    place(COUNTY "-000002", "b", "hash-1", "v1.1.other");
    assert_int_equal(erase(INT64_MAX), 0); /* nothing is closed */
    close_and_retire(ORDER);
    assert_int_equal(erase(CLOSED_AT - 1), 0);
    assert_int_equal(erase(CLOSED_AT), 1);
    assert_string_equal(contact_of(ORDER), "");
    assert_int_equal(found("hash-1"), 1);
    assert_string_equal(contact_of(COUNTY "-000002"), "v1.1.other");
    assert_string_equal(record_str(listed(ORDER), F_STATE), "closed");
}

static void what_comes_again_does_not_bring_it_back(void **state)
{
    (void)state;
    place(ORDER, "a", "hash-1", "v1.1.sealed");
    close_and_retire(ORDER);
    assert_int_equal(erase(CLOSED_AT), 1);
    assert_int_equal(place(ORDER, "a", "hash-1", "v1.1.sealed"), VERDICT_OK); /* the same event, once more */
    assert_string_equal(contact_of(ORDER), "");
    assert_int_equal(found("hash-1"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_kept_and_found_and_in_no_list),
        TEST(it_comes_with_the_first_step),
        TEST(it_is_erased_when_its_time_is_over_and_not_before),
        TEST(what_comes_again_does_not_bring_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
