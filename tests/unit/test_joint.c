/*
 * test_joint.c - an order that is handled jointly with another county: who its partners are, and the handlers.
 */
// links: services/assignment
#include "tests/unit/assignment_fixture.h"

#include "common/joint.h"
#include "common/question.h"

#define TWIN "990102-000007"

/* An order that M1 and M2 have, which 990102 handles jointly. */
static int set_up(void **state)
{
    (void)state;
    begin(STATE_CONSULTING, 5, "answer");
    record_set(order, F_MEMBERS, "M1 M2");
    record_set(order, F_PERSON, "0123456789abcdef0123456789abcdef");
    record_set(order, F_JOINT, TWIN "/assigned/0/4");
    record_set(message, F_SECONDARY, TWIN);
    record_set(message, F_RETURN_TO, "云州市政协");
    record_set(message, F_STATE, "consulting");
    record_set_int(message, F_ANSWERED_AT, 0);
    record_set_int(message, F_VER, 5);
    return 0;
}

/* The notice that the handler made. */
static const struct record *told(void)
{
    assert_int_equal(outcome_message_count(outcome), 1);
    return outcome_message(outcome, 0);
}

static void partners_are_listed(void **state)
{
    (void)state;
    struct partner partner = {.order = TWIN, .state = "answered", .answered_at = 1795399200000, .ver = 9}, found;
    char after[JOINT_SIZE], before[JOINT_SIZE];
    assert_true(partner_put("990104-000001//0", &partner, after)); /* as an earlier version wrote it */
    assert_string_equal(after, "990104-000001//0/0 " TWIN "/answered/1795399200000/9");
    const char *rest = after;
    assert_true(partner_next(&rest, &found));
    assert_string_equal(found.order, "990104-000001");
    assert_string_equal(found.state, "");
    assert_true(partner_next(&rest, &found));
    assert_string_equal(found.state, "answered");
    assert_int_equal(found.answered_at, 1795399200000);
    assert_int_equal(found.ver, 9);
    assert_false(partner_next(&rest, &found));
    assert_true(partner_find(after, "990104-000001", &found));
    assert_false(partner_find(after, "990104-00000", &found));
    assert_string_equal(found.order, "990104-000001");
    assert_true(partner_is_active(after, "990102"));
    assert_true(partner_is_active(after, "990104"));
    assert_false(partner_is_active(after, "990103"));
    strcpy(partner.state, STATE_CLOSED);
    assert_true(partner_put(after, &partner, before));
    assert_false(partner_is_active(before, "990102"));
    const char *const odd[] = {"x", "x/", "x/y", "/", "//", "x//y"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        rest = odd[i];
        assert_true(partner_next(&rest, &found));
    }
}

/* Whatever becomes of each there is room for what is heard of it, or it would be heard again and again. */
static void as_many_are_taken_as_there_is_room_for(void **state)
{
    (void)state;
    struct partner partner = {.state = STATE_PLACED};
    char after[JOINT_SIZE], before[JOINT_SIZE] = "";
    int count = 0;
    for (bool put = true; put; count += put) {
        assert_in_range(count, 0, PARTNERS_MAX);
        snprintf(partner.order, sizeof partner.order, "990105-%017d", 100000 + count);
        put = partner_put(before, &partner, after);
        if (put)
            snprintf(before, sizeof before, "%s", after);
    }
    assert_int_equal(count, PARTNERS_MAX);
    strcpy(partner.state, "longest of words");
    partner.answered_at = partner.ver = INT64_MAX;
    for (int i = 0; i < PARTNERS_MAX; i++) {
        snprintf(partner.order, sizeof partner.order, "990105-%017d", 100000 + i);
        assert_true(partner_put(before, &partner, after));
        snprintf(before, sizeof before, "%s", after);
    }
    assert_in_range(strlen(before), 80 * PARTNERS_MAX, JOINT_SIZE - 1);
}

static void another_county_is_asked(void **state)
{
    (void)state;
    record_set(message, F_COUNTY, "990104");
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_SECONDARY, "990104-000001");
    handle(handle_joint);
    assert_string_equal(fixture_error(outcome), "invalid"); /* why? */
    record_set(message, F_REASON, "市管道路");
    handle(handle_joint);
    assert_string_equal(changed(F_JOINT), TWIN "/assigned/0/4 990104-000001/placed/0/0");
    assert_string_equal(outcome_step_name(outcome), "joint_asked");
    assert_string_equal(outcome->note, "市管道路");
    assert_string_equal(fixture_notified(outcome, "joint_asked"), "resident");
    assert_true(writes("ZADD", JOINT_KEY, "990101-000123"));
    assert_false(record_has(outcome_changed(outcome), F_CLOCK)); /* its clock runs on */
    record_set_int(message, F_SHARE, 1);
    handle(handle_joint);
    assert_string_equal(fixture_notified(outcome, "joint_shared"), "resident");
}

/* The other county's order is there: it must not be left alone by what came in between. */
static void its_order_becomes_the_partner_whatever_came_between(void **state)
{
    (void)state;
    static const char *const between[] = {STATE_OPEN, STATE_ANSWERED, STATE_EVALUATED, STATE_MERGED};
    record_set(message, F_COUNTY, "990102");
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_REASON, "市管道路");
    handle(handle_joint);
    assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
    assert_null(outcome_step_name(outcome)); /* it is known */
    record_set(message, F_SECONDARY, "990102-000008");
    for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
        record_set(order, F_STATE, between[i]);
        handle(handle_joint);
        assert_string_equal(fixture_error(outcome), "");
        assert_string_equal(changed(F_JOINT), TWIN "/assigned/0/4 990102-000008/placed/0/0");
        assert_true(writes("ZADD", JOINT_KEY, "990101-000123"));
    }
    static const char *const too_late[] = {STATE_SCREENING, STATE_CLOSED, STATE_RETURNED};
    for (size_t i = 0; i < sizeof too_late / sizeof *too_late; i++) {
        record_set(order, F_STATE, too_late[i]);
        handle(handle_joint);
        assert_string_equal(fixture_error(outcome), "state");
    }
}

static void each_change_is_told_once(void **state)
{
    (void)state;
    handle(handle_joint_news);
    assert_string_equal(outcome_step_name(outcome), "joint_moved");
    assert_string_equal(outcome_actor(outcome), "county:990102");
    assert_string_equal(changed(F_JOINT), TWIN "/consulting/0/5");
    assert_int_equal(outcome_message_count(outcome), 0);
    assert_false(writes("ZREM", JOINT_KEY, "990101-000123"));

    record_set(order, F_JOINT, TWIN "/consulting/0/4");
    handle(handle_joint_news);
    assert_null(outcome_step_name(outcome)); /* it is known */
    assert_int_equal(outcome_verdict(outcome), VERDICT_OK);

    /* It was answered and closed before anybody looked. */
    record_set(message, F_STATE, STATE_CLOSED);
    record_set_int(message, F_ANSWERED_AT, fixture_now);
    record_set(message, F_ANSWER, "已重铺");
    record_set(message, F_REASON, "同意延期"); /* of a decision that is not this one's matter */
    handle(handle_joint_news);
    assert_string_equal(outcome_step_name(outcome), "joint_answered");
    assert_string_equal(outcome->note, "已重铺");
    assert_string_equal(fixture_notified(outcome, "joint_answered"), "member:M1 member:M2");
    assert_true(record_is(told(), F_ANSWER, "已重铺"));
    assert_false(record_has(told(), F_REASON));
    assert_true(writes("ZREM", JOINT_KEY, "990101-000123"));

    /* The answer was told; that it is closed now is no other one. */
    record_printf(order, F_JOINT, TWIN "/answered/%lld/4", (long long)fixture_now);
    handle(handle_joint_news);
    assert_string_equal(outcome_step_name(outcome), "joint_moved");

    record_set(order, F_JOINT, TWIN "/screening/0/4");
    record_set(order, F_MEMBERS, "");
    record_set(message, F_STATE, STATE_RETURNED);
    record_set_int(message, F_ANSWERED_AT, 0);
    record_set(message, F_REASON, "县管道路");
    handle(handle_joint_news);
    assert_string_equal(outcome_step_name(outcome), "joint_refused");
    assert_string_equal(outcome->note, "县管道路");
    assert_string_equal(fixture_notified(outcome, "joint_refused"), "convener:T1"); /* nobody has it yet */
    assert_true(record_is(told(), F_REASON, "县管道路"));
    assert_false(record_has(told(), F_ANSWER));
    record_set(order, F_SOURCE, SOURCE_JOINT);
    handle(handle_joint_news); /* the one that asked does not refuse */
    assert_string_equal(outcome_step_name(outcome), "joint_ended");
    assert_string_equal(fixture_notified(outcome, "joint_ended"), "convener:T1");

    record_set(message, F_SECONDARY, "990102-000008");
    handle(handle_joint_news);
    assert_string_equal(fixture_error(outcome), "unknown");
}

/* One that was held up on its way must not undo what is known since: the version says which is later. */
static void news_that_come_late_change_nothing(void **state)
{
    (void)state;
    static const char *const known[] = {"/answered/1795399200000/6", "/assigned/0/5", "/returned/0/7"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        record_printf(order, F_JOINT, TWIN "%s", known[i]);
        handle(handle_joint_news);
        assert_null(outcome_step_name(outcome));
        assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
    }
    record_set(order, F_JOINT, TWIN "/answered/1795399200000/4"); /* the resident was not satisfied */
    handle(handle_joint_news);
    assert_string_equal(changed(F_JOINT), TWIN "/consulting/0/5");
    record_unset(message, F_VER); /* an earlier version of intake looked: a later one will again */
    handle(handle_joint_news);
    assert_null(outcome_step_name(outcome));
}

/* The resident of an order that another county asked for is asked by that county: for nothing, by nobody here. */
static void its_resident_is_not_asked(void **state)
{
    (void)state;
    record_set(order, F_SOURCE, SOURCE_JOINT);
    record_set(message, F_ACTOR, "member:M1");
    record_set(message, F_OUTCOME, "solved");
    record_set(message, F_ANSWER, "修好了");
    handle(handle_answer);
    assert_string_equal(changed(F_STATE), STATE_ANSWERED);
    assert_string_equal(changed(F_CLOCK), ""); /* no callback */
    assert_null(fixture_notified(outcome, "answered"));
    record_set(order, F_STATE, STATE_ANSWERED);
    record_set(order, F_CLOCK, "");
    record_set(message, F_CLOCK, "close");
    handle(handle_clock);
    assert_string_equal(changed(F_STATE), STATE_CLOSED);
    assert_true(order_may_become(STATE_ANSWERED, STATE_CLOSED));
    record_set(order, F_SOURCE, "api");
    handle(handle_clock);
    assert_false(record_has(outcome_changed(outcome), F_STATE)); /* that one is rated first */

    record_set(order, F_SOURCE, SOURCE_JOINT);
    record_set(message, F_ACTOR, "office:O1");
    record_set(message, F_RATING, "satisfied");
    handle(handle_rate);
    assert_string_equal(fixture_error(outcome), "state");
    record_set(message, F_ACTOR, "member:M1");
    record_set(order, F_STATE, STATE_CONSULTING);
    record_set(message, F_QUESTION, "哪一栋？");
    handle(handle_ask);
    assert_string_equal(fixture_error(outcome), "state");
    record_set(order, F_SOURCE, "api");
    handle(handle_ask);
    assert_string_equal(fixture_error(outcome), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partners_are_listed),
        cmocka_unit_test(as_many_are_taken_as_there_is_room_for),
        cmocka_unit_test_setup_teardown(another_county_is_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(its_order_becomes_the_partner_whatever_came_between, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_change_is_told_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(news_that_come_late_change_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(its_resident_is_not_asked, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
