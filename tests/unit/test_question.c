// links: services/assignment
/*
 * test_question.c - asking a resident: the clock stands still, and whatever ends the question lets it go on.
 */
#include "tests/unit/assignment_fixture.h"

#include "common/clock.h"
#include "common/question.h"

static const int64_t WAIT = 5 * 3600000L; /* until the question is over */

static int set_up(void **state)
{
    (void)state;
    begin(STATE_ASSIGNED, 3, "answer");
    record_set(order, F_MEMBERS, "M1 M2");
    record_set(order, F_PERSON, "somebody");
    record_set_int(order, F_CLOCK_AT, fixture_now - FIXTURE_DAY);
    record_set_int(order, F_DUE, fixture_now + 6 * (int64_t)FIXTURE_DAY);
    record_set(message, F_ACTOR, "member:M1");
    record_set(message, F_QUESTION, "是哪一栋");
    return county ? 0 : -1;
}

/* What the outcome decided becomes the order's new state; time passes. */
static void pass(int64_t ms)
{
    apply();
    context.now += ms;
}

static void ask(void)
{
    handle(handle_ask);
    assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
    assert_string_equal(fixture_notified(outcome, "asked"), "resident");
    assert_true(writes("ZADD", CLOCKS_KEY, "990101-000123|question|0"));
    assert_true(writes("ZREM", CLOCKS_KEY, "990101-000123|answer|0"));
    pass(WAIT);
    assert_true(clock_is_paused(order));
}

/* The question is over, and the clock goes on by as much later as it stood still. */
static void assert_over(void)
{
    assert_true(record_has(outcome_changed(outcome), F_QUESTION) && !*changed(F_QUESTION));
    assert_true(writes("ZREM", CLOCKS_KEY, "990101-000123|question|0"));
    int64_t due = record_int(outcome_changed(outcome), F_DUE);
    apply();
    if (record_is(order, F_CLOCK, "answer")) {
        assert_false(clock_is_paused(order));
        assert_int_equal(due, fixture_now + 6 * (int64_t)FIXTURE_DAY + WAIT);
        assert_true(writes("ZADD", CLOCKS_KEY, "990101-000123|answer|0"));
    }
}

static void an_answer_ends_it(void **state)
{
    (void)state;
    ask();
    handle(handle_ask);
    assert_string_equal(fixture_error(outcome), "pending");
    record_set(message, F_ACTOR, "resident");
    record_set(message, F_NOTE, "三栋");
    handle(handle_reply);
    assert_string_equal(outcome_step_name(outcome), "replied");
    assert_string_equal(fixture_notified(outcome, "replied"), "member:M1");
    assert_over();
    handle(handle_reply);
    assert_string_equal(fixture_error(outcome), "state");
}

static void time_ends_it_once(void **state)
{
    (void)state;
    county->question = (struct span){.ms = WAIT};
    ask();
    record_set(message, F_CLOCK, CLOCK_QUESTION);
    record_set_int(message, F_RUNG, 0);
    context.now--;
    handle(handle_clock); /* an earlier question was due when an instance saw that, and hung */
    assert_null(outcome_step_name(outcome));
    assert_true(writes("ZADD", CLOCKS_KEY, "990101-000123|question|0"));
    context.now++;
    handle(handle_clock);
    assert_string_equal(outcome_step_name(outcome), "unanswered");
    assert_string_equal(fixture_notified(outcome, "unanswered"), "member:M1");
    assert_over();
    handle(handle_clock); /* another instance saw the same entry */
    assert_null(outcome_step_name(outcome));
    assert_int_equal(outcome_message_count(outcome), 0);
}

static void its_end_moves_with_the_calendar(void **state)
{
    (void)state;
    county->question = (struct span){.ms = 3 * (int64_t)FIXTURE_DAY};
    ask();
    record_set(message, F_CLOCK, CLOCK_QUESTION);
    record_set_int(message, F_RUNG, 0);
    record_set_int(message, F_DUE, fixture_now + 3 * (int64_t)FIXTURE_DAY);
    handle(handle_check);
    assert_int_equal(outcome->write_count, 0); /* nothing has changed */
    county->question = (struct span){.ms = 5 * (int64_t)FIXTURE_DAY};
    handle(handle_check);
    assert_true(writes("ZADD", CLOCKS_KEY, "990101-000123|question|0"));
    assert_int_equal(strtoll(outcome->writes[0].arguments[0], NULL, 10), fixture_now + 5 * (int64_t)FIXTURE_DAY);
    assert_null(outcome_step_name(outcome));
}

static void the_members_answer_ends_it(void **state)
{
    (void)state;
    ask();
    record_set(message, F_OUTCOME, "solved");
    record_set(message, F_ANSWER, "路灯修好了");
    handle(handle_answer);
    assert_string_equal(changed(F_CLOCK), "callback");
    assert_over();
    assert_false(clock_is_paused(order));
}

static void merging_ends_it(void **state)
{
    (void)state;
    ask();
    record_set(message, F_PRIMARY, "990101-000124");
    handle(handle_merge);
    assert_string_equal(changed(F_STATE), STATE_MERGED);
    assert_true(record_has(outcome_changed(outcome), F_QUESTION) && !*changed(F_QUESTION));
    assert_true(writes("ZREM", CLOCKS_KEY, "990101-000123|question|0"));
    assert_string_equal(changed(F_CLOCK), "");
}

static void who_asked_is_told_or_the_convener(void **state)
{
    static const struct {
        const char *actor, *told;
    } cases[] = {{"member:M2", "member:M2"},
                 {"convener:T2", "convener:T2"},
                 {"office:he", "office:he"},
                 {"member:M3", "member:M1 member:M2"}, /* has given the order back */
                 {"key:k1", "convener:T1"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        record_set(order, F_QUESTION, "是哪一栋");
        record_set(order, F_ASKED_BY, cases[i].actor);
        handle(handle_reply);
        assert_string_equal(fixture_notified(outcome, "replied"), cases[i].told);
    }
}

static void what_cannot_be_asked_is_refused(void **state)
{
    (void)state;
    record_set(message, F_ACTOR, "member:M3");
    handle(handle_ask);
    assert_string_equal(fixture_error(outcome), "forbidden");
    record_set(message, F_ACTOR, "member:M1");
    record_set(message, F_QUESTION, " \n");
    handle(handle_ask);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set(message, F_QUESTION, "是哪一栋");
    record_set(order, F_STATE, STATE_ANSWERED);
    handle(handle_ask);
    assert_string_equal(fixture_error(outcome), "state");
    record_set(order, F_STATE, STATE_SCREENING); /* routing's */
    handle(handle_ask);
    assert_int_equal(outcome_verdict(outcome), VERDICT_LATER);
    record_set(order, F_STATE, STATE_ASSIGNED);
    record_set(order, F_PERSON, "");
    handle(handle_ask);
    assert_string_equal(fixture_error(outcome), "no_contact");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_ends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(time_ends_it_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(its_end_moves_with_the_calendar, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_members_answer_ends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(merging_ends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_asked_is_told_or_the_convener, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_asked_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
