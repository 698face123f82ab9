/*
 * test_remark.c - who may record a remark, and when.
 */
#include "common/alloc.h"
#include "common/order.h"
#include "common/remark.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *state;
    handler_fn *handler;
    enum verdict verdict;
} cases[] = {
    {STATE_PLACED, remark_early, VERDICT_OK},
    {STATE_SCREENING, remark_early, VERDICT_OK},
    {STATE_OPEN, remark_early, VERDICT_LATER},
    {STATE_RETURNED, remark_early, VERDICT_REFUSED},
    {STATE_CLOSED, remark_early, VERDICT_REFUSED},
    {STATE_SCREENING, remark, VERDICT_LATER},
    {STATE_OPEN, remark, VERDICT_OK},
    {STATE_ASSIGNED, remark, VERDICT_OK},
    {STATE_CONSULTING, remark, VERDICT_OK},
    {STATE_ANSWERED, remark, VERDICT_OK},
    {STATE_EVALUATED, remark, VERDICT_OK},
    {STATE_RETURNED, remark, VERDICT_REFUSED},
    {STATE_CLOSED, remark, VERDICT_REFUSED},
};

static void the_owner_alone_records_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD *order = record_new();
        RECORD *message = record_new();
        struct outcome *outcome = outcome_new();
        record_set(order, F_STATE, cases[i].state);
        record_set(message, F_ACTOR, "open311:fms");
        record_set(message, F_NOTE, "又坏了");
        cases[i].handler(&(struct context){0}, order, message, outcome);
        assert_int_equal(outcome_verdict(outcome), cases[i].verdict);
        if (cases[i].verdict == VERDICT_OK) {
            assert_string_equal(outcome_step_name(outcome), "remarked");
            assert_true(record_is(outcome_changed(outcome), F_STATE, cases[i].state));
            assert_int_equal(record_count(outcome_changed(outcome)), 1);
        }
        outcome_destroy(&outcome);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_owner_alone_records_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
