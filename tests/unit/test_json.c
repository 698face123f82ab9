/*
 * test_json.c - JSON bodies into records, and what is said about those that are wrong.
 */
// links: services/intake
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/text.h"
#include "services/intake/json.h"

#include <errno.h>
#include <string.h>

static const enum field reserved[] = {F_SOURCE, FIELD_COUNT};

static struct fault refused(const char *body)
{
    RECORD *record = record_new();
    struct fault fault = {0};
    assert_int_equal(json_to_record(body, strlen(body), MSG_PLACE_ORDER, reserved, record, &fault), -EINVAL);
    assert_true(text_length(fault.field, strlen(fault.field)) != SIZE_MAX);
    return fault;
}

static void a_body_becomes_a_record(void **state)
{
    (void)state;
    static const char body[] = "{\"title\":\"路灯\",\"lat\":29.5,\"public\":true,\"text\":null}";
    RECORD *record = record_new();
    struct fault fault;
    assert_int_equal(json_to_record(body, strlen(body), MSG_PLACE_ORDER, reserved, record, &fault), 0);
    assert_string_equal(record_str(record, F_TITLE), "路灯");
    assert_true(record_real(record, F_LAT) == 29.5);
    assert_int_equal(record_int(record, F_PUBLIC), 1);
    assert_false(record_has(record, F_TEXT));
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    assert_string_equal(refused("{\"source\":\"api\"}").error, "unknown_field");
    assert_string_equal(refused("{\"title\":1}").field, "title");
    assert_string_equal(refused("{\"title\":\"a\",\"title\":\"b\"}").error, "syntax");
    assert_string_equal(refused("{\"lat\":1e999}").error, "syntax");
    assert_string_equal(refused("[]").error, "syntax");
}

/* The name goes back to the caller: a cut in the middle of a character would make an answer that is no JSON. */
static void a_long_name_is_cut_between_characters(void **state)
{
    (void)state;
    assert_string_equal(refused("{\"a路路路路路路路路路路路路路路\":1}").field, "a路路路路路路路路路路路路");
}

/* Rows of lists, which name no fields: whatever else should have been left out before has one more guard here. */
static void what_is_personal_is_told_by_name_only(void **state)
{
    (void)state;
    static const enum field fields[] = {F_PHONE};
    RECORD *record = record_new();
    record_set(record, F_TITLE, "路灯");
    record_set(record, F_NAME, "周小雨");
    record_set(record, F_PHONE, "10000000001");
    record_set(record, F_CONTACT, "v1.1.x");
    record_set(record, F_PERSON, "x");
    json_t *row = json_from_record(record, NULL, 0), *contact = json_from_record(record, fields, 1);
    assert_int_equal(json_object_size(row), 1);
    assert_string_equal(json_string_value(json_object_get(row, "title")), "路灯");
    assert_string_equal(json_string_value(json_object_get(contact, "phone")), "10000000001");
    json_decref(row);
    json_decref(contact);
}

/* A closed order has nothing that is due: a program must not read that it was due in 1970. */
static void times_are_told_as_texts_and_none_as_nothing(void **state)
{
    (void)state;
    RECORD *record = record_new();
    record_set_int(record, F_PLACED_AT, 1795942850000);
    record_set_int(record, F_DUE, 0);
    record_set_int(record, F_RUNG, 0);
    json_t *told = json_from_record(record, NULL, 0);
    assert_string_equal(json_string_value(json_object_get(told, "placed_at")), "2026-11-29T17:00:50+08:00");
    assert_null(json_object_get(told, "due"));
    assert_non_null(json_object_get(told, "rung"));
    json_decref(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_becomes_a_record),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(a_long_name_is_cut_between_characters),
        cmocka_unit_test(what_is_personal_is_told_by_name_only),
        cmocka_unit_test(times_are_told_as_texts_and_none_as_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
