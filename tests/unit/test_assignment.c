// links: services/assignment
/*
 * test_assignment.c - claims, answers, ratings, and who takes over.
 */
#include "tests/unit/assignment_fixture.h"

#include "common/alloc.h"
#include "common/resident.h"

static void an_opened_order_asks_its_group(void **state)
{
    (void)state;
    handle(handle_opened);
    assert_string_equal(fixture_notified(outcome, "opened"), "group:G1");
    assert_true(writes("ZADD", "clock", "990101-000123|claim|0"));
    assert_int_equal(record_count(outcome_changed(outcome)), 0);

    record_set_int(message, F_AT, fixture_now - 1000); /* since when it was opened anew, or given to another group */
    record_set_int(order, F_OPENED_AT, fixture_now);
    handle(handle_opened);
    assert_int_equal(outcome_message_count(outcome), 0);
    record_set_int(message, F_AT, fixture_now);
    handle(handle_opened);
    assert_int_equal(outcome_message_count(outcome), 1);

    record_set(order, F_STATE, STATE_ASSIGNED); /* claims were quicker than the message */
    handle(handle_opened);
    assert_int_equal(outcome_message_count(outcome), 0);
}

static void members_claim_until_the_places_are_taken(void **state)
{
    (void)state;
    record_set(message, F_MEMBER, "M1");
    handle(handle_claim);
    assert_string_equal(changed(F_MEMBERS), "M1");
    assert_string_equal(changed(F_STATE), "");
    assert_string_equal(fixture_notified(outcome, "claimed"), "member:M1");
    assert_true(writes("HINCRBY", LOAD_KEY, "M1"));
    apply();

    handle(handle_claim); /* once more: no second place, no second load */
    assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
    assert_int_equal(record_count(outcome_changed(outcome)), 0);
    assert_int_equal(outcome->write_count, 0);

    record_set(message, F_MEMBER, "M2");
    handle(handle_claim);
    assert_string_equal(changed(F_MEMBERS), "M1 M2");
    assert_string_equal(changed(F_STATE), STATE_ASSIGNED);
    assert_string_equal(changed(F_CLOCK), "answer");
    assert_int_equal(record_int(outcome_changed(outcome), F_DUE), fixture_now + 7 * (int64_t)FIXTURE_DAY);
    assert_string_equal(fixture_notified(outcome, "assigned"), "member:M1 member:M2");
    assert_string_equal(fixture_notified(outcome, "assigned_resident"), "resident");
    assert_true(writes("ZREM", "clock", "990101-000123|handover|0"));
    assert_true(writes("ZREM", "clock", "990101-000123|claim|0"));
    assert_true(writes("ZADD", "clock", "990101-000123|answer|0"));
    apply();

    record_set(message, F_MEMBER, "M3");
    handle(handle_claim);
    assert_string_equal(fixture_error(outcome), "full");
    handle(handle_replied); /* by SMS the refusal is an SMS */
    assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
    assert_string_equal(fixture_notified(outcome, "full"), "member:M3");
}

static void who_may_not_claim(void **state)
{
    static const struct {
        const char *state, *member, *error;
    } cases[] = {
        {STATE_OPEN, "M4", "forbidden"},  {STATE_OPEN, "M9", "invalid"}, {STATE_SCREENING, "M1", "state"},
        {STATE_CONSULTING, "M1", "full"}, {STATE_OPEN, "M1", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        record_set(order, F_STATE, cases[i].state);
        record_set(message, F_MEMBER, cases[i].member);
        handle(handle_claim);
        assert_string_equal(fixture_error(outcome), cases[i].error);
    }
}

static void the_claim_window_ends(void **state)
{
    (void)state;
    record_set(order, F_MEMBERS, "M1");
    record_set(message, F_CLOCK, "claim");
    handle(handle_clock);
    assert_string_equal(changed(F_STATE), STATE_ASSIGNED);
    assert_string_equal(changed(F_MEMBERS), "M1 M2");
    assert_true(writes("HINCRBY", LOAD_KEY, "M2"));
    assert_false(writes("HINCRBY", LOAD_KEY, "M1"));
    apply();
    handle(handle_clock); /* a second instance saw the same entry */
    assert_int_equal(record_count(outcome_changed(outcome)), 0);
    assert_int_equal(outcome_message_count(outcome), 0);
}

static void answers_and_ratings(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_ASSIGNED);
    record_set(order, F_MEMBERS, "M1 M2");
    record_set(order, F_CLOCK, "answer");

    record_set(message, F_ACTOR, "member:M1");
    record_set(message, F_DEPARTMENT, "D9");
    handle(handle_handover);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set(message, F_DEPARTMENT, "D1");
    record_set(message, F_ACTOR, "member:M3");
    handle(handle_handover);
    assert_string_equal(fixture_error(outcome), "forbidden");
    record_set(message, F_ACTOR, "member:M1");
    handle(handle_handover);
    assert_string_equal(changed(F_STATE), STATE_CONSULTING);
    assert_string_equal(fixture_notified(outcome, "handed_over"), "department:D1");
    apply();

    record_set(message, F_OUTCOME, "ignored");
    record_set(message, F_ANSWER, "已修好");
    handle(handle_answer);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set(message, F_OUTCOME, "solved");
    handle(handle_answer);
    assert_string_equal(changed(F_STATE), STATE_ANSWERED);
    assert_string_equal(changed(F_CLOCK), "callback");
    assert_string_equal(fixture_notified(outcome, "answered"), "resident");
    apply();

    record_set(message, F_RATING, "satisfied");
    handle(handle_rate); /* M1 handled it */
    assert_string_equal(fixture_error(outcome), "forbidden");
    record_set(message, F_ACTOR, "resident");
    record_set(message, F_RATING, "unreachable");
    handle(handle_rate);
    assert_string_equal(fixture_error(outcome), "invalid");

    record_set(message, F_RATING, "dissatisfied");
    handle(handle_rate);
    assert_string_equal(outcome_step_name(outcome), "reopened");
    assert_string_equal(changed(F_STATE), STATE_CONSULTING);
    assert_string_equal(changed(F_CLOCK), "answer");
    assert_string_equal(fixture_notified(outcome, "reopened"), "convener:T1 member:M1 member:M2 department:D1");
    apply();

    record_set(message, F_ACTOR, "member:M2");
    handle(handle_answer);
    apply();
    record_set(message, F_ACTOR, "resident");
    handle(handle_rate); /* dissatisfied again: the committee decides, nothing closes by itself */
    assert_string_equal(changed(F_STATE), STATE_EVALUATED);
    assert_string_equal(fixture_notified(outcome, "decide"), "committee:K1");
    assert_string_equal(changed(F_CLOCK), "handover");
    apply();
    record_set(message, F_CLOCK, "handover"); /* and is reminded */
    context.now = record_int(order, F_DUE);
    handle(handle_clock);
    assert_string_equal(fixture_notified(outcome, "reminder"), "committee:K1");
    AUTOFREE char *group = xstrdup(record_str(order, F_GROUP));
    record_set(order, F_GROUP, "G9"); /* a group without a committee: the office may decide, too */
    handle(handle_clock);
    assert_string_equal(fixture_notified(outcome, "reminder"), "office");
    record_set(order, F_GROUP, group);
    handle(handle_clock);
    apply();
    record_set(message, F_CLOCK, "close");
    handle(handle_clock);
    assert_int_equal(record_count(outcome_changed(outcome)), 0);

    record_set(message, F_ACTOR, "committee:K1");
    record_set(message, F_DECISION, "close");
    record_set(message, F_REASON, "已尽责");
    handle(handle_decide);
    assert_string_equal(changed(F_STATE), STATE_CLOSED);
    assert_true(record_has(outcome_changed(outcome), F_CLOCK) && *changed(F_CLOCK) == '\0');
    assert_true(writes("HINCRBY", LOAD_KEY, "M1"));
    assert_string_equal(fixture_notified(outcome, "closed"), "resident");
}

static void a_satisfied_resident_closes_the_order(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_ANSWERED);
    record_set(order, F_MEMBERS, "M1");
    record_set(order, F_CLOCK, "callback");
    record_set(message, F_ACTOR, "resident");
    record_set(message, F_RATING, "basically");
    handle(handle_rate);
    assert_string_equal(changed(F_STATE), STATE_EVALUATED);
    assert_true(writes("ZADD", "clock", "990101-000123|close|0"));
    apply();
    record_set(message, F_CLOCK, "close");
    handle(handle_clock);
    assert_string_equal(changed(F_STATE), STATE_CLOSED);
    assert_int_equal(record_int(outcome_changed(outcome), F_CLOSED_AT), fixture_now);
}

static void three_calls_in_vain_end_the_callback(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_ANSWERED);
    record_set(order, F_MEMBERS, "M1");
    record_set(order, F_CLOCK, "callback");
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_RATING, "unreachable");
    record_set(order, F_PERSON, "p");
    handle(handle_rate); /* the resident is still being asked by SMS */
    assert_string_equal(fixture_error(outcome), "state");
    record_set_int(order, F_TO_CALL, 1);
    for (int try = 1; try <= 2; try++) {
        handle(handle_rate);
        assert_string_equal(changed(F_STATE), "");
        assert_int_equal(record_int(outcome_changed(outcome), F_TRIES), try);
        apply();
    }
    handle(handle_rate);
    assert_string_equal(changed(F_STATE), STATE_EVALUATED);
    assert_string_equal(changed(F_RATING), "unreachable");
}

static void reassigning_moves_the_load(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_CONSULTING);
    record_set(order, F_MEMBERS, "M1 M2");
    record_set(order, F_CLOCK, "answer");
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_MEMBERS, "M2 M4");
    record_set(message, F_REASON, "外出学习");
    handle(handle_reassign);
    assert_string_equal(changed(F_STATE), STATE_ASSIGNED);
    assert_string_equal(changed(F_MEMBERS), "M2 M4");
    assert_string_equal(changed(F_CLOCK), ""); /* the clock runs on */
    assert_true(writes("HINCRBY", LOAD_KEY, "M1") && writes("HINCRBY", LOAD_KEY, "M4"));
    assert_false(writes("HINCRBY", LOAD_KEY, "M2"));
    static const char *const refused[] = {"M2 M9", "M2 M4 M2", " "}; /* who is named twice would count twice as load */
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        record_set(message, F_MEMBERS, refused[i]);
        handle(handle_reassign);
        assert_string_equal(fixture_error(outcome), "invalid");
    }
}

/* But not that its resident did it, where somebody undoes what they had split off; the office may do it for them. */
static void who_has_it_hears_that_it_is_taken_back(void **state)
{
    static const struct {
        const char *actor, *via, *step, *template;
    } cases[] = {{"resident", "", "taken_back", "taken_back"},
                 {"office:he", "", "taken_back", "taken_back"},
                 {"convener:T1", VIA_PART, "undone", "passed_on"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        record_set(order, F_MEMBERS, "M1");
        record_set(message, F_ACTOR, cases[i].actor);
        record_set(message, F_VIA, cases[i].via);
        handle(handle_take_back);
        assert_string_equal(outcome_step_name(outcome), cases[i].step);
        assert_string_equal(changed(F_STATE), STATE_WITHDRAWN);
        assert_string_equal(fixture_notified(outcome, cases[i].template), "member:M1");
        assert_int_equal(outcome_message_count(outcome), 1);
    }
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin_open, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_opened_order_asks_its_group),
        TEST(members_claim_until_the_places_are_taken),
        TEST(who_may_not_claim),
        TEST(the_claim_window_ends),
        TEST(answers_and_ratings),
        TEST(a_satisfied_resident_closes_the_order),
        TEST(three_calls_in_vain_end_the_callback),
        TEST(reassigning_moves_the_load),
        TEST(who_has_it_hears_that_it_is_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
