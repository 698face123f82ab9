// links: services/assignment
/*
 * test_dispatch.c - what the convener gives to whom: members by name, groups, weights, departments and their
 * objections.
 */
#include "tests/unit/assignment_fixture.h"

#include "common/text.h"

/* M1 and M2 of three in the group have the order. */
static int set_up(void **state)
{
    (void)state;
    begin(STATE_ASSIGNED, 5, "answer");
    record_set_int(order, F_DUE, fixture_now + FIXTURE_DAY);
    record_set_int(order, F_PLACES, 2);
    record_set(order, F_MEMBERS, "M1 M2");
    record_set(order, F_CATEGORY, "roads");
    record_set(order, F_WEIGHT, "simple");
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_REASON, "理由");
    return county ? 0 : -1;
}

static void members_are_named_when_it_is_accepted(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_OPEN);
    record_set(order, F_MEMBERS, "");
    record_set(message, F_MEMBERS, "M4 M3"); /* of whichever group */
    handle(handle_opened);
    assert_string_equal(outcome_step_name(outcome), "dispatched");
    assert_string_equal(changed(F_STATE), STATE_ASSIGNED);
    assert_string_equal(changed(F_MEMBERS), "M4 M3");
    assert_int_equal(load_of("M4"), 1);
    assert_int_equal(load_of("M3"), 1);
    assert_string_equal(fixture_notified(outcome, "assigned"), "member:M4 member:M3");
    assert_null(fixture_notified(outcome, "opened"));

    record_set(order, F_MEMBERS, "M1"); /* who was quicker stays, and counts once */
    handle(handle_opened);
    assert_string_equal(changed(F_MEMBERS), "M1 M4 M3");
    assert_int_equal(load_of("M1"), 0);
    record_set(order, F_MEMBERS, "");
    record_set(message, F_MEMBERS, "M9 M2"); /* M9 has left the roster meanwhile: another one is chosen */
    handle(handle_opened);
    assert_string_equal(changed(F_MEMBERS), "M2 M1");
    assert_int_equal(load_of("M1"), 1);
    record_set(order, F_DECLINED, "M1 M2 M3");
    record_set(message, F_MEMBERS, "M9"); /* and nobody else can: it waits in the pool */
    handle(handle_opened);
    assert_string_equal(outcome_step_name(outcome), "unfilled");
    assert_string_equal(fixture_notified(outcome, "unfilled"), "convener:T1");
    assert_false(record_has(outcome_changed(outcome), F_STATE));
}

static void an_open_order_goes_to_the_pool_of_another_group(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_OPEN);
    record_set(order, F_MEMBERS, "M1");
    record_set(order, F_DECLINED, "M3");
    record_set(message, F_GROUP, "G2");
    handle(handle_dispatch);
    assert_string_equal(changed(F_GROUP), "G2");
    assert_string_equal(changed(F_MEMBERS), "");
    assert_string_equal(changed(F_DECLINED), "");
    assert_int_equal(record_int(outcome_changed(outcome), F_PLACES), 1); /* the group has no more */
    assert_int_equal(record_int(outcome_changed(outcome), F_OPENED_AT), fixture_now);
    assert_int_equal(load_of("M1"), -1);
    assert_string_equal(fixture_notified(outcome, "opened"), "group:G2");
    assert_string_equal(fixture_notified(outcome, "passed_on"), "member:M1");
}

static void one_that_is_handled_goes_to_members_of_another_group(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_CONSULTING);
    record_set(message, F_GROUP, "G2");
    record_set(message, F_WEIGHT, "hard");
    handle(handle_dispatch);
    assert_string_equal(changed(F_STATE), STATE_ASSIGNED);
    assert_string_equal(changed(F_MEMBERS), "M4");
    assert_string_equal(changed(F_WEIGHT), "hard");
    assert_string_equal(outcome->note, "理由; chosen: M4 (load 0)");
    assert_int_equal(load_of("M1"), -1);
    assert_int_equal(load_of("M4"), 1);
    assert_string_equal(fixture_notified(outcome, "assigned"), "member:M4");
    assert_string_equal(fixture_notified(outcome, "passed_on"), "member:M1 member:M2");
    assert_false(record_has(outcome_changed(outcome), F_DUE));
}

static void the_weight_says_how_many(void **state)
{
    (void)state;
    record_set(message, F_WEIGHT, "everybody");
    handle(handle_dispatch);
    assert_int_equal(record_int(outcome_changed(outcome), F_PLACES), 3);
    assert_string_equal(changed(F_MEMBERS), "M1 M2 M3");
    assert_int_equal(load_of("M3"), 1);
    assert_string_equal(fixture_notified(outcome, "assigned"), "member:M3");
    apply();
    record_set(message, F_WEIGHT, "simple"); /* nobody loses it */
    handle(handle_dispatch);
    assert_int_equal(record_int(outcome_changed(outcome), F_PLACES), 2);
    assert_false(record_has(outcome_changed(outcome), F_MEMBERS));

    record_set(order, F_STATE, STATE_OPEN); /* as many have claimed it as it needs now */
    record_set(order, F_MEMBERS, "M1 M2");
    handle(handle_dispatch);
    assert_string_equal(changed(F_STATE), STATE_ASSIGNED);
}

static void what_cannot_be_dispatched(void **state)
{
    static const struct {
        const char *state, *group, *weight, *reason, *error, *field;
    } cases[] = {
        {STATE_ANSWERED, "G2", "", "理由", "state", ""},        {STATE_OPEN, "G9", "", "理由", "invalid", "group"},
        {STATE_OPEN, "G1", "", "理由", "invalid", "group"},     {STATE_OPEN, "", "", "理由", "invalid", "weight"},
        {STATE_OPEN, "", "light", "理由", "invalid", "weight"}, {STATE_OPEN, "G2", "", "", "invalid", "reason"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum message_type type;
        record_set(order, F_STATE, cases[i].state);
        record_set(message, F_GROUP, cases[i].group);
        record_set(message, F_WEIGHT, cases[i].weight);
        record_set(message, F_REASON, cases[i].reason);
        handle(handle_dispatch);
        assert_string_equal(fixture_error(outcome), cases[i].error);
        assert_string_equal(record_str(outcome_answer(outcome, &type), F_FIELD), cases[i].field);
    }
}

static void one_department_leads_and_others_assist(void **state)
{
    (void)state;
    record_set(message, F_DEPARTMENT, "D1");
    record_set(message, F_ASSISTING, "D1");
    handle(handle_handover);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set(message, F_ASSISTING, "D9");
    handle(handle_handover);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set(message, F_ASSISTING, "D2");
    handle(handle_handover);
    assert_string_equal(changed(F_STATE), STATE_CONSULTING);
    assert_string_equal(changed(F_ASSISTING), "D2");
    assert_string_equal(fixture_notified(outcome, "handed_over"), "department:D1");
    assert_string_equal(fixture_notified(outcome, "assisting"), "department:D2");

    record_set(order, F_STATE, STATE_OPEN); /* members may claim it all the same */
    handle(handle_handover);
    assert_false(record_has(outcome_changed(outcome), F_STATE));
    assert_int_equal(record_int(outcome_changed(outcome), F_HANDED_AT), fixture_now);
}

/* D1 leads, D2 assists, since a moment ago. */
static void hand_over(void)
{
    record_set(order, F_STATE, STATE_CONSULTING);
    record_set(order, F_DEPARTMENT, "D1");
    record_set(order, F_ASSISTING, "D2");
    record_set_int(order, F_HANDED_AT, fixture_now - 1000);
    record_set(message, F_ACTOR, "department:D1");
}

static void a_department_objects_once_and_the_ruling_settles_it(void **state)
{
    (void)state;
    hand_over();
    handle(handle_object);
    assert_string_equal(outcome_step_name(outcome), "objected");
    assert_string_equal(fixture_notified(outcome, "objection"), "convener:T1");
    apply();
    record_set(message, F_ACTOR, "department:D2");
    handle(handle_object);
    assert_string_equal(fixture_error(outcome), "pending");
    record_set(message, F_ACTOR, "convener:T1"); /* nobody takes the question away by handing it over anew */
    record_set(message, F_DEPARTMENT, "D1");
    handle(handle_handover);
    assert_string_equal(fixture_error(outcome), "pending");
    record_unset(message, F_DEPARTMENT);

    record_set(message, F_DECISION, "perhaps");
    handle(handle_rule);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set(message, F_DECISION, "stay");
    handle(handle_rule);
    assert_string_equal(outcome_step_name(outcome), "objection_refused");
    assert_string_equal(fixture_notified(outcome, "objection_refused"), "department:D1");
    assert_false(record_has(outcome_changed(outcome), F_DEPARTMENT));
    apply();
    handle(handle_rule); /* there is nothing left to rule */
    assert_string_equal(fixture_error(outcome), "state");
    record_set(message, F_ACTOR, "department:D1");
    handle(handle_object);
    assert_string_equal(fixture_error(outcome), "settled");

    record_set(message, F_ACTOR, "department:D2"); /* about this one nobody has ruled */
    handle(handle_object);
    assert_string_equal(fixture_error(outcome), "");
}

static void handing_over_again_gives_no_other_day(void **state)
{
    (void)state;
    hand_over();
    record_set(order, F_ASSISTING, "");
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_DEPARTMENT, "D1");
    handle(handle_handover);
    assert_string_equal(changed(F_DEPARTMENT), "D1");
    assert_false(record_has(outcome_changed(outcome), F_HANDED_AT));
    record_set(message, F_ASSISTING, "D2"); /* who has not had it */
    handle(handle_handover);
    assert_int_equal(record_int(outcome_changed(outcome), F_HANDED_AT), fixture_now);
}

static void who_loses_it_is_told(void **state)
{
    (void)state;
    hand_over();
    record_set(order, F_ASSISTING, "D2");
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_DEPARTMENT, "D2");
    handle(handle_handover);
    assert_string_equal(fixture_notified(outcome, "passed_on"), "department:D1");
    record_set(message, F_DEPARTMENT, "D1");
    record_set(message, F_ASSISTING, "D2");
    handle(handle_handover);
    assert_null(fixture_notice(outcome, "passed_on"));
    record_set_int(order, F_HANDED_AT, 0); /* it was meant for them, and never given */
    record_set(message, F_DEPARTMENT, "D2");
    record_set(message, F_ASSISTING, "");
    handle(handle_handover);
    assert_null(fixture_notice(outcome, "passed_on"));
}

static void an_answer_ends_an_objection(void **state)
{
    (void)state;
    hand_over();
    record_set(order, F_OBJECTED, "D1");
    record_set(message, F_OUTCOME, "solved");
    record_set(message, F_ANSWER, "已修好");
    handle(handle_answer);
    assert_string_equal(changed(F_STATE), STATE_ANSWERED);
    apply();
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_DECISION, "stay");
    handle(handle_rule);
    assert_string_equal(fixture_error(outcome), "state");
}

static void it_goes_to_another_department(void **state)
{
    (void)state;
    hand_over();
    record_set(order, F_ASSISTING, "");
    record_set(order, F_OBJECTED, "D1");
    record_set(message, F_DECISION, "move");
    record_set(message, F_ACTOR, "convener:T1");
    static const char *const wrong[] = {"", "D9", "D1"};
    for (size_t i = 0; i < 3; i++) {
        record_set(message, F_DEPARTMENT, wrong[i]);
        handle(handle_rule);
        assert_string_equal(fixture_error(outcome), "invalid");
    }
    record_set(message, F_DEPARTMENT, "D2");
    handle(handle_rule);
    assert_string_equal(outcome_step_name(outcome), "objection_granted");
    assert_string_equal(changed(F_DEPARTMENT), "D2");
    assert_string_equal(changed(F_RULED), "D1");
    assert_string_equal(fixture_notified(outcome, "objection_granted"), "department:D1 member:M1 member:M2");
    assert_string_equal(fixture_notified(outcome, "handed_over"), "department:D2");
    apply();
    record_set(message, F_ACTOR, "department:D2"); /* which may object in its turn; D1 never again */
    handle(handle_object);
    assert_string_equal(fixture_error(outcome), "");
    record_set(order, F_DEPARTMENT, "D1");
    record_set(message, F_ACTOR, "department:D1");
    handle(handle_object);
    assert_string_equal(fixture_error(outcome), "settled");
}

static void one_that_assists_gives_way_to_another(void **state)
{
    (void)state;
    hand_over();
    record_set(order, F_DEPARTMENT, "D9"); /* which the county had */
    record_set(order, F_OBJECTED, "D2");
    record_set(message, F_DECISION, "move");
    record_set(message, F_DEPARTMENT, "D1");
    handle(handle_rule);
    assert_string_equal(changed(F_ASSISTING), "D1");
    assert_false(record_has(outcome_changed(outcome), F_DEPARTMENT));
    assert_string_equal(fixture_notified(outcome, "assisting"), "department:D1");
}

static void who_may_object_and_until_when(void **state)
{
    static const struct {
        const char *actor, *reason;
        int64_t after;
        const char *error;
    } cases[] = {{"department:D1", "不属职责", FIXTURE_DAY - 1000, ""}, {"department:D2", "不属职责", 0, ""},
                 {"department:D1", "不属职责", FIXTURE_DAY, "expired"}, {"department:D1", "", 0, "invalid"},
                 {"department:D9", "不属职责", 0, "forbidden"},         {"office:O1", "不属职责", 0, "forbidden"}};
    (void)state;
    hand_over();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        context.now = fixture_now + cases[i].after;
        record_set(message, F_ACTOR, cases[i].actor);
        record_set(message, F_REASON, cases[i].reason);
        handle(handle_object);
        assert_string_equal(fixture_error(outcome), cases[i].error);
    }
    county->work_weekday[2] = false; /* handed over on a Monday: Tuesday does not count */
    context.now = fixture_now + FIXTURE_DAY;
    record_set(message, F_ACTOR, "department:D1");
    record_set(message, F_REASON, "不属职责");
    handle(handle_object);
    assert_string_equal(fixture_error(outcome), "");
    record_set_int(order, F_HANDED_AT, 0);
    handle(handle_object);
    assert_string_equal(fixture_error(outcome), "forbidden");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(members_are_named_when_it_is_accepted),
        TEST(an_open_order_goes_to_the_pool_of_another_group),
        TEST(one_that_is_handled_goes_to_members_of_another_group),
        TEST(the_weight_says_how_many),
        TEST(what_cannot_be_dispatched),
        TEST(one_department_leads_and_others_assist),
        TEST(a_department_objects_once_and_the_ruling_settles_it),
        TEST(handing_over_again_gives_no_other_day),
        TEST(who_loses_it_is_told),
        TEST(an_answer_ends_an_objection),
        TEST(it_goes_to_another_department),
        TEST(one_that_assists_gives_way_to_another),
        TEST(who_may_object_and_until_when),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
