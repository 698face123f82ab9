// links: services/assignment
/*
 * test_passing.c - an order goes from one member to another: who declines it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/outcome_private.h"
#include "common/text.h"
#include "services/assignment/assignment.h"
#include "tests/unit/fixture.h"

static struct county *county;
static struct context context;
static struct record *order, *message;
static struct outcome *outcome;

/* M1 and M2 of three in the group have the order. */
static int set_up(void **state)
{
    (void)state;
    county = fixture_county();
    context = fixture_context(county);
    outcome = outcome_new();
    message = record_new();
    order = record_new();
    record_set_int(order, F_VER, 5);
    record_set(order, F_STATE, STATE_ASSIGNED);
    record_set(order, F_GROUP, "G1");
    record_set(order, F_TOWN, "T1");
    record_set(order, F_URGENCY, "normal");
    record_set(order, F_CLOCK, "answer");
    record_set_int(order, F_DUE, fixture_now + FIXTURE_DAY);
    record_set_int(order, F_PLACES, 2);
    record_set(order, F_MEMBERS, "M1 M2");
    record_set(message, F_ACTOR, "member:M1");
    record_set(message, F_REASON, "与我单位有关");
    return county ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    outcome_destroy(&outcome);
    record_destroy(&message);
    record_destroy(&order);
    county_destroy(&county);
    return 0;
}

static void decide(handler_fn *handle)
{
    outcome_clear(outcome);
    handle(&context, order, message, outcome);
}

static const char *changed(enum field field)
{
    return record_str(outcome_changed(outcome), field);
}

/* By how much the outcome changes the load of a member. */
static int load_of(const char *member)
{
    int by = 0;
    for (size_t i = 0; i < outcome->write_count; i++)
        if (strcmp(outcome->writes[i].command, "HINCRBY") == 0 && strcmp(outcome->writes[i].arguments[0], member) == 0)
            by += atoi(outcome->writes[i].arguments[1]);
    return by;
}

static void apply(void)
{
    record_copy_all(order, outcome_changed(outcome));
}

static void who_declines_gives_way_to_the_next(void **state)
{
    (void)state;
    decide(handle_decline);
    assert_string_equal(outcome_step_name(outcome), "declined");
    assert_string_equal(outcome->note, "与我单位有关; chosen: M3 (load 0); not chosen: M1 (declined)");
    assert_string_equal(changed(F_MEMBERS), "M2 M3");
    assert_string_equal(changed(F_DECLINED), "M1");
    assert_false(record_has(outcome_changed(outcome), F_STATE));
    assert_false(record_has(outcome_changed(outcome), F_DUE)); /* the resident has waited since the first assignment */
    assert_int_equal(load_of("M1"), -1);
    assert_int_equal(load_of("M2"), 0);
    assert_int_equal(load_of("M3"), 1);
    assert_string_equal(fixture_notified(outcome, "assigned"), "member:M3");
    assert_string_equal(fixture_notified(outcome, "reassigned"), "member:M2");
    assert_null(fixture_notified(outcome, "unfilled"));
    apply();

    decide(handle_decline); /* it is not theirs any more */
    assert_string_equal(fixture_error(outcome), "forbidden");
    record_set(message, F_ACTOR, "member:M3");
    decide(handle_decline); /* not back to M1, who declined it: nobody is left */
    assert_string_equal(changed(F_MEMBERS), "M2");
    assert_string_equal(changed(F_DECLINED), "M1 M3");
    assert_string_equal(fixture_notified(outcome, "assigned"), "");
    assert_string_equal(fixture_notified(outcome, "unfilled"), "convener:T1");
    apply();
    record_set(message, F_ACTOR, "member:M2");
    decide(handle_decline);
    assert_string_equal(changed(F_MEMBERS), "");
    assert_string_equal(fixture_notified(outcome, "unfilled"), "convener:T1");
}

static void while_it_is_open_the_place_is_free_again(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_OPEN);
    record_set(order, F_MEMBERS, "M1");
    decide(handle_decline);
    assert_string_equal(changed(F_MEMBERS), "");
    assert_string_equal(changed(F_DECLINED), "M1");
    assert_int_equal(load_of("M1"), -1);
    assert_int_equal(outcome_message_count(outcome), 0);
    apply();
    record_set(message, F_CLOCK, "claim"); /* the window ends: others are chosen */
    decide(handle_clock);
    assert_string_equal(changed(F_MEMBERS), "M2 M3");
}

static void who_may_decline(void **state)
{
    static const struct {
        const char *state, *actor, *reason, *error;
    } refused[] = {{STATE_ANSWERED, "member:M1", "忙", "state"},
                   {STATE_ASSIGNED, "member:M3", "忙", "forbidden"},
                   {STATE_ASSIGNED, "office:O1", "忙", "invalid"},
                   {STATE_ASSIGNED, "member:M1", "", "invalid"}};
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        record_set(order, F_STATE, refused[i].state);
        record_set(message, F_ACTOR, refused[i].actor);
        record_set(message, F_REASON, refused[i].reason);
        decide(handle_decline);
        assert_string_equal(fixture_error(outcome), refused[i].error);
    }
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(who_declines_gives_way_to_the_next),
        TEST(while_it_is_open_the_place_is_free_again),
        TEST(who_may_decline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
