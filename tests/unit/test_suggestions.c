/*
 * test_suggestions.c - what is followed until it is settled: raised by somebody, or by what an order's answer promises.
 */
// links: services/assignment
#include "tests/unit/assignment_fixture.h"

#include "common/job.h"
#include "common/text.h"

#define NUMBER "990101-J000034"

enum { DAY_MS = FIXTURE_DAY };

/* An opinion of M2 to department D1, which is being followed. */
static int set_up(void **state)
{
    (void)state;
    begin(STATE_FOLLOWED, 1, "follow");
    context.order_id = NUMBER;
    record_set(order, F_KIND, "opinion");
    record_set(order, F_TITLE, "路灯都换成节能灯");
    record_set(order, F_DEPARTMENT, "D1");
    record_set(order, F_MEMBERS, "M2");
    record_set_int(order, F_CLOCK_AT, fixture_now);
    record_set_int(order, F_DUE, fixture_now + 20 * (int64_t)DAY_MS);
    record_set(message, F_ACTOR, "member:M2");
    return 0;
}

/* An order of M1 and M2, handed over to D1, that is to be answered. */
static int set_up_order(void **state)
{
    (void)state;
    begin(STATE_CONSULTING, 3, "answer");
    record_set(order, F_TITLE, "东门路灯不亮");
    record_set(order, F_CATEGORY, "roads");
    record_set(order, F_MEMBERS, "M1 M2");
    record_set(order, F_DEPARTMENT, "D1");
    record_set_int(order, F_HANDED_AT, fixture_now);
    record_set(message, F_ACTOR, "member:M1");
    record_set(message, F_OUTCOME, "explained");
    record_set(message, F_ANSWER, "九月换灯");
    record_set(message, F_SECONDARY, NUMBER);
    return 0;
}

static int64_t changed_int(enum field field)
{
    return record_int(outcome_changed(outcome), field);
}

/* The event that makes what is followed; NULL when there is none. */
static const struct sending *followed(void)
{
    for (size_t i = 0; i < outcome->message_count; i++)
        if (outcome->messages[i].type == MSG_FOLLOW)
            return &outcome->messages[i];
    return NULL;
}

static void a_suggestion_is_raised(void **state)
{
    (void)state;
    record_clear(order);
    record_set(message, F_TITLE, "路灯都换成节能灯");
    record_set(message, F_ABOUT, "990101-000123");
    record_set(message, F_DEPARTMENT, "D1");
    handle(handle_raise);
    assert_string_equal(fixture_error(outcome), "");
    assert_string_equal(changed(F_STATE), STATE_FOLLOWED);
    assert_string_equal(changed(F_KIND), "opinion");
    assert_string_equal(changed(F_HOST), "member:M2");
    assert_string_equal(changed(F_MEMBERS), "M2");
    assert_string_equal(changed(F_CLOCK), "follow");
    assert_int_equal(changed_int(F_HANDED_AT), fixture_now);
    assert_int_equal(changed_int(F_DUE), fixture_now + 20 * (int64_t)DAY_MS); /* the county is always at work */
    assert_string_equal(fixture_notified(outcome, "suggestion_raised"), "department:D1");

    static const struct {
        const char *title, *department, *committee, *error;
    } rows[] = {{" ", "D1", "", "invalid"},    {"换灯", "", "", "invalid"},     {"换灯", "D9", "", "invalid"},
                {"换灯", "", "K9", "invalid"}, {"换灯", "D1", "K1", "invalid"}, {"换灯", "", "K1", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        record_set(message, F_TITLE, rows[i].title);
        record_set(message, F_DEPARTMENT, rows[i].department);
        record_set(message, F_COMMITTEE, rows[i].committee);
        handle(handle_raise);
        assert_string_equal(fixture_error(outcome), rows[i].error);
    }
}

static void who_had_to_do_it_does_not_settle_it(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *department, *committee, *actor, *error;
    } rows[] = {{"opinion", "D1", "", "member:M2", ""},
                {"opinion", "D1", "", "committee:K1", ""},
                {"opinion", "D1", "", "department:D2", ""}, /* which raised it, in a meeting */
                {"opinion", "D1", "", "department:D1", "forbidden"},
                {"opinion", "", "K1", "committee:K1", "forbidden"},
                {"opinion", "", "K1", "member:M2", ""},
                {"supervision", "", "K1", "committee:K1", ""},
                {"supervision", "", "K1", "department:D1", "forbidden"},
                {"supervision", "", "K1", "member:M2", "forbidden"},
                {"promise", "D1", "", "member:M2", "forbidden"},
                {"promise", "D1", "", "key:office", ""}};
    record_set(message, F_SETTLED, "adopted");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        record_set(order, F_KIND, rows[i].kind);
        record_set(order, F_DEPARTMENT, rows[i].department);
        record_set(order, F_COMMITTEE, rows[i].committee);
        record_set(message, F_ACTOR, rows[i].actor);
        handle(handle_settle);
        assert_string_equal(fixture_error(outcome), rows[i].error);
    }
}

static void what_is_adopted_is_rechecked(void **state)
{
    (void)state;
    record_set(message, F_SETTLED, "adopted");
    handle(handle_settle);
    assert_string_equal(changed(F_STATE), STATE_SETTLED);
    assert_string_equal(changed(F_SETTLED), "adopted");
    assert_string_equal(changed(F_CLOCK), "recheck");
    assert_int_equal(changed_int(F_DUE), fixture_now + 90 * (int64_t)DAY_MS);
    assert_string_equal(fixture_notified(outcome, "suggestion_settled"), "department:D1 member:M2");

    record_set(order, F_STATE, STATE_SETTLED);
    record_set(order, F_CLOCK, "recheck");
    record_set(order, F_SETTLED, "adopted");
    record_set_int(message, F_KEPT, 0);
    handle(handle_recheck);
    assert_string_equal(fixture_error(outcome), "invalid"); /* without a reason */
    record_set(message, F_REASON, "还没换");
    handle(handle_recheck);
    assert_string_equal(changed(F_STATE), STATE_FOLLOWED);
    assert_string_equal(changed(F_SETTLED), "");
    assert_string_equal(changed(F_CLOCK), "follow");
    assert_string_equal(fixture_notified(outcome, "suggestion_not_kept"), "department:D1 member:M2");
    record_set_int(message, F_KEPT, 2);
    handle(handle_recheck);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set_int(message, F_KEPT, 1);
    handle(handle_recheck);
    assert_string_equal(changed(F_STATE), STATE_CLOSED);
    assert_string_equal(changed(F_CLOCK), "");
    assert_true(record_has(outcome_changed(outcome), F_CLOCK));
    assert_int_equal(changed_int(F_KEPT), 1);
    record_set(order, F_STATE, STATE_FOLLOWED);
    handle(handle_recheck);
    assert_string_equal(fixture_error(outcome), "state");
}

static void what_is_not_adopted_is_struck_off_with_a_reason(void **state)
{
    (void)state;
    static const char *const results[] = {"partly", "not"};
    for (size_t i = 0; i < 2; i++) {
        record_set(message, F_SETTLED, results[i]);
        record_set(message, F_REASON, "");
        handle(handle_settle);
        assert_string_equal(fixture_error(outcome), "invalid");
        record_set(message, F_REASON, "没有预算");
        handle(handle_settle);
        assert_string_equal(changed(F_STATE), STATE_CLOSED);
        assert_string_equal(changed(F_SETTLED), results[i]);
        assert_string_equal(changed(F_REASON), "没有预算");
        assert_int_equal(changed_int(F_CLOSED_AT), fixture_now);
    }
    record_set(message, F_SETTLED, "perhaps");
    handle(handle_settle);
    assert_string_equal(fixture_error(outcome), "invalid");
}

static void the_department_says_what_became_of_it(void **state)
{
    (void)state;
    record_set(message, F_ACTOR, "department:D1");
    handle(handle_comment);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set(message, F_NOTE, "正在采购");
    handle(handle_comment);
    assert_string_equal(outcome_step_name(outcome), "commented");
    assert_null(fixture_notified(outcome, "suggestion_proposed"));
    record_set(message, F_PROPOSED, "adopted");
    handle(handle_comment);
    assert_string_equal(changed(F_PROPOSED), "adopted");
    assert_string_equal(fixture_notified(outcome, "suggestion_proposed"), "member:M2");
    record_set(order, F_KIND, "promise"); /* no member settles what they promised */
    handle(handle_comment);
    assert_string_equal(fixture_notified(outcome, "suggestion_proposed"), "committee:K1");
    record_set(order, F_GROUP, "");
    handle(handle_comment);
    assert_string_equal(fixture_notified(outcome, "suggestion_proposed"), "office");
    record_set(order, F_GROUP, "G1");
    record_set(order, F_KIND, "opinion");
    record_set(order, F_MEMBERS, "");
    handle(handle_comment);
    assert_string_equal(fixture_notified(outcome, "suggestion_proposed"), "committee:K1");
    record_set(message, F_PROPOSED, "perhaps");
    handle(handle_comment);
    assert_string_equal(fixture_error(outcome), "invalid");
}

static void more_days_move_the_deadline(void **state)
{
    (void)state;
    record_set(message, F_REASON, "等批复");
    record_set_int(message, F_DAYS, 31);
    handle(handle_extend_following);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set_int(message, F_DAYS, 5);
    handle(handle_extend_following);
    assert_int_equal(changed_int(F_EXTENDED), 5);
    assert_int_equal(changed_int(F_DUE), fixture_now + 25 * (int64_t)DAY_MS);
    context.now = fixture_now + 20 * (int64_t)DAY_MS;
    handle(handle_extend_following);
    assert_string_equal(fixture_error(outcome), "expired");
}

/* Who has it and who follows it; then the committee; then nobody else. */
static void two_rungs_sound(void **state)
{
    (void)state;
    context.now = record_int(order, F_DUE);
    record_set(message, F_CLOCK, "follow");
    handle(handle_clock);
    assert_string_equal(outcome_step_name(outcome), "reminded");
    assert_string_equal(fixture_notified(outcome, "reminder"), "department:D1 member:M2");
    assert_int_equal(changed_int(F_RUNG), 1);
    assert_int_equal(outcome->write_count, 2);
    record_set_int(order, F_RUNG, 1);
    record_set_int(message, F_RUNG, 1);
    handle(handle_clock);
    assert_string_equal(outcome_step_name(outcome), "escalated");
    assert_string_equal(fixture_notified(outcome, "escalated"), "committee:K1");
    assert_int_equal(outcome->write_count, 1); /* no entry for a further rung */
    record_set_int(order, F_RUNG, 2);
    record_set_int(message, F_RUNG, 2);
    handle(handle_clock);
    assert_null(outcome_step_name(outcome));

    /* What the committee has itself, the chair hears of. */
    record_set(order, F_DEPARTMENT, "");
    record_set(order, F_COMMITTEE, "K1");
    record_set_int(order, F_RUNG, 1);
    record_set_int(message, F_RUNG, 1);
    handle(handle_clock);
    assert_string_equal(fixture_notified(outcome, "escalated"), "chair");
}

static void a_promise_is_followed(void **state)
{
    (void)state;
    int64_t promised = fixture_now + 40 * (int64_t)DAY_MS;
    record_set_int(message, F_PROMISED_AT, promised);
    handle(handle_answer);
    assert_string_equal(fixture_error(outcome), "");
    assert_int_equal(changed_int(F_PROMISED_AT), promised);
    const struct sending *sending = followed();
    assert_non_null(sending);
    assert_string_equal(sending->order, NUMBER);
    assert_true(sending->makes);
    assert_true(record_is(sending->body, F_KIND, "promise"));
    assert_true(record_is(sending->body, F_DEPARTMENT, "D1"));

    assert_string_equal(changed(F_FOLLOWED), NUMBER);

    RECORD *body = record_new();
    record_copy_all(body, sending->body);
    record_set_int(body, F_AT, fixture_now);
    record_clear(order);
    record_clear(message);
    record_copy_all(message, body);
    context.order_id = NUMBER;
    handle(handle_follow);
    assert_string_equal(changed(F_KIND), "promise");
    assert_string_equal(changed(F_TEXT), "九月换灯");
    assert_string_equal(changed(F_ABOUT), "990101-000123");
    assert_string_equal(changed(F_MEMBERS), "M1 M2");
    assert_int_equal(changed_int(F_DUE), promised); /* not the county's time for opinions */
    record_set_int(order, F_VER, 1);
    handle(handle_follow);
    assert_string_equal(fixture_error(outcome), "exists");
    record_clear(order);
    static const char *const wrong[] = {"990101-000034", "990101-H000034", "990104-J000034"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        context.order_id = wrong[i];
        handle(handle_follow);
        assert_string_equal(fixture_error(outcome), "invalid");
    }
}

static void who_joins_what_was_promised_hears_of_it(void **state)
{
    (void)state;
    redisReply cells[] = {{.type = REDIS_REPLY_STRING, .str = (char[]){"ver"}},
                          {.type = REDIS_REPLY_STRING, .str = (char[]){"7"}},
                          {.type = REDIS_REPLY_STRING, .str = (char[]){"merged"}},
                          {.type = REDIS_REPLY_STRING, .str = (char[]){"990101-000124 990101-000125"}}};
    redisReply *elements[] = {&cells[0], &cells[1], &cells[2], &cells[3]};
    redisReply hash = {.type = REDIS_REPLY_ARRAY, .elements = 4, .element = elements};
    struct aux primary[AUX_MAX] = {{&hash}};
    record_clear(order);
    record_set(message, F_KIND, "promise");
    record_set(message, F_TITLE, "东门路灯不亮");
    record_set(message, F_ABOUT, "990101-000123 990101-000124");
    record_set(message, F_COMMITTEE, "K1");
    context.aux = primary;
    handle(handle_follow); /* one has come while it was being made */
    assert_string_equal(changed(F_ABOUT), "990101-000123 990101-000124 990101-000125");
    assert_string_equal(outcome->expected.key, "order:990101-000123"); /* and no other comes till then */
    assert_int_equal(outcome->expected.value, 7);
    context.aux = NULL;

    record_copy_all(order, outcome_changed(outcome));
    record_set(message, F_SECONDARY, "990101-000126");
    handle(handle_joined);
    assert_string_equal(changed(F_ABOUT), "990101-000123 990101-000124 990101-000125 990101-000126");
    record_set(message, F_SECONDARY, "990101-000125");
    handle(handle_joined);
    assert_null(outcome_step_name(outcome));
}

/* As many as an order can have: each of their residents was promised it. */
static void all_merged_orders_hear_of_a_promise(void **state)
{
    (void)state;
    char merged[4001] = "", id[ORDER_ID_SIZE];
    struct fault fault;
    size_t count = 0;
    for (bool added = true; added; count += added) {
        order_id(id, "990101", 200000 + (int64_t)count);
        added = words_append(merged, sizeof merged, id);
    }
    record_set(order, F_MERGED, merged);
    record_set_int(message, F_PROMISED_AT, fixture_now + 40 * (int64_t)DAY_MS);
    handle(handle_answer);
    RECORD *body = record_new();
    record_copy_all(body, followed()->body);
    record_set_int(body, F_AT, fixture_now);
    assert_int_equal(record_check(body, MSG_FOLLOW, &fault), 0);
    assert_int_equal(words_count(record_str(body, F_ABOUT)), count + 1);

    record_clear(order);
    record_set(order, F_STATE, STATE_FOLLOWED);
    record_set(order, F_KIND, "promise");
    record_copy(order, body, F_ABOUT);
    record_clear(message);
    record_set(message, F_ACTOR, "key:office");
    record_set(message, F_SETTLED, "adopted");
    context.order_id = NUMBER;
    handle(handle_settle);
    size_t told = 0;
    for (size_t i = 0; i < outcome_message_count(outcome); i++)
        told += record_is(outcome_message(outcome, i), F_TEMPLATE, "promise_settled");
    assert_int_equal(told, count + 1);
}

static void supervision_is_the_committees(void **state)
{
    (void)state;
    handle(handle_answer);
    assert_null(followed());
    record_set(message, F_OUTCOME, "supervision");
    handle(handle_answer);
    assert_true(record_is(followed()->body, F_KIND, "supervision"));
    assert_true(record_is(followed()->body, F_COMMITTEE, "K1"));
    assert_false(record_has(followed()->body, F_DEPARTMENT));
    record_unset(message, F_SECONDARY);
    handle(handle_answer);
    assert_int_equal(outcome_verdict(outcome), VERDICT_LATER);
}

/* Where a group has no committee the office is told what that would be. */
static void supervision_without_a_committee_is_the_offices(void **state)
{
    (void)state;
    record_clear(order);
    context.order_id = NUMBER;
    record_set(message, F_KIND, "supervision");
    record_set(message, F_GROUP, "G9");
    record_set(message, F_TITLE, "东门路灯不亮");
    record_set(message, F_ABOUT, "990101-000123");
    handle(handle_follow);
    assert_string_equal(changed(F_STATE), STATE_FOLLOWED);
    assert_string_equal(fixture_notified(outcome, "suggestion_raised"), "office");
    apply();
    context.now = record_int(order, F_DUE);
    record_set(message, F_CLOCK, "follow");
    handle(handle_clock);
    assert_string_equal(fixture_notified(outcome, "reminder"), "office");
}

/* What a convener has asked of the group's own committee is the office's to settle. */
static void a_committee_is_not_asked_to_settle_its_own(void **state)
{
    (void)state;
    record_set(order, F_DEPARTMENT, "");
    record_set(order, F_COMMITTEE, "K1");
    record_set(order, F_MEMBERS, "");
    record_set(order, F_HOST, "convener:T1");
    record_set(message, F_ACTOR, "committee:K1");
    record_set(message, F_NOTE, "办好了");
    record_set(message, F_PROPOSED, "adopted");
    handle(handle_comment);
    assert_string_equal(fixture_notified(outcome, "suggestion_proposed"), "office");
    context.now = record_int(order, F_DUE);
    record_set(message, F_CLOCK, "follow");
    handle(handle_clock);
    assert_string_equal(fixture_notified(outcome, "reminder"), "committee:K1 office");
}

static void promises_are_of_times_to_come(void **state)
{
    (void)state;
    record_set_int(message, F_PROMISED_AT, fixture_now);
    handle(handle_answer);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set_int(message, F_PROMISED_AT, fixture_now + 2000 * (int64_t)DAY_MS);
    handle(handle_answer);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set_int(message, F_PROMISED_AT, fixture_now + DAY_MS);
    record_set(message, F_OUTCOME, "supervision");
    handle(handle_answer);
    assert_string_equal(fixture_error(outcome), "invalid");
    /* Another answer that promises nothing takes the date away. */
    record_unset(message, F_PROMISED_AT);
    record_set(message, F_OUTCOME, "solved");
    record_set_int(order, F_PROMISED_AT, fixture_now - DAY_MS);
    handle(handle_answer);
    assert_true(record_has(outcome_changed(outcome), F_PROMISED_AT));
    assert_int_equal(changed_int(F_PROMISED_AT), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_suggestion_is_raised, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_had_to_do_it_does_not_settle_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_adopted_is_rechecked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_adopted_is_struck_off_with_a_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_department_says_what_became_of_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_days_move_the_deadline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_rungs_sound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_committee_is_not_asked_to_settle_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_promise_is_followed, set_up_order, tear_down),
        cmocka_unit_test_setup_teardown(who_joins_what_was_promised_hears_of_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_merged_orders_hear_of_a_promise, set_up_order, tear_down),
        cmocka_unit_test_setup_teardown(supervision_is_the_committees, set_up_order, tear_down),
        cmocka_unit_test_setup_teardown(supervision_without_a_committee_is_the_offices, set_up_order, tear_down),
        cmocka_unit_test_setup_teardown(promises_are_of_times_to_come, set_up_order, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
