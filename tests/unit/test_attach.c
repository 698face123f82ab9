/*
 * test_attach.c - which attachments an order has.
 */
#include "common/attach.h"
#include "tests/unit/fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FILE_1 "111111111111111111111111/jpg/12345/" HASH "/all/路灯.jpg"
#define FILE_2 "222222222222222222222222/pdf/1/" HASH "/staff/a.pdf"

static const char *handle(handler_fn *handler, const char *state, const char *files, const char *file,
                          struct outcome *outcome)
{
    RECORD *order = record_new(), *message = record_new();
    struct context context = fixture_context(NULL);
    record_set(order, F_STATE, state);
    record_set(order, F_FILES, files);
    record_set(message, F_ACTOR, "resident");
    record_set(message, F_FILE, file);
    record_set_int(message, F_LIMIT, 2);
    outcome_clear(outcome);
    handler(&context, order, message, outcome);
    return fixture_error(outcome);
}

static void an_order_gets_what_it_has_room_for(void **state)
{
    (void)state;
    struct outcome *outcome = outcome_new();
    assert_string_equal(handle(attach, "open", FILE_1, FILE_2, outcome), "");
    assert_string_equal(outcome_step_name(outcome), "attached");
    assert_string_equal(record_str(outcome_changed(outcome), F_FILES), FILE_1 " " FILE_2);

    assert_string_equal(handle(attach, "open", FILE_1 " " FILE_2, FILE_2, outcome), ""); /* the same again */
    assert_null(outcome_step_name(outcome));
    assert_string_equal(handle(attach, "open", FILE_1 " 3/jpg/1/" HASH "/all/b.jpg", FILE_2, outcome), "full");
    assert_string_equal(handle(attach, "closed", "", FILE_1, outcome), "state");
    assert_string_equal(handle(attach, "open", "", "../../x/jpg/1/" HASH "/all/b.jpg", outcome), "invalid");
    handle(attach, "screening", "", FILE_1, outcome);
    assert_int_equal(outcome_verdict(outcome), VERDICT_LATER);
    assert_string_equal(handle(attach_early, "screening", "", FILE_1, outcome), "");
    assert_string_equal(outcome_step_name(outcome), "attached");
    outcome_destroy(&outcome);
}

static void a_list_is_read_as_it_was_written(void **state)
{
    (void)state;
    const char *rest = FILE_1 " nonsense " FILE_2;
    struct attachment attachment;
    assert_true(attachment_next(&rest, &attachment));
    assert_string_equal(attachment.name, "路灯.jpg");
    assert_string_equal(attachment.hash, HASH);
    assert_string_equal(attachment.audience, FOR_ALL);
    assert_int_equal(attachment.size, 12345);
    assert_true(attachment_next(&rest, &attachment));
    assert_string_equal(attachment.id, "222222222222222222222222");
    assert_string_equal(attachment.audience, FOR_STAFF);
    assert_false(attachment_next(&rest, &attachment));
    assert_false(attachment_find(FILE_1, "1111", &attachment));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_gets_what_it_has_room_for),
        cmocka_unit_test(a_list_is_read_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
