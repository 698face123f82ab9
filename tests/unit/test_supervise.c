// links: services/assignment
/*
 * test_supervise.c - the ladder of reminders, deadlines that move, and more time.
 */
#include "tests/unit/assignment_fixture.h"

static void each_rung_sounds_once(void **state)
{
    static const char *const told[][2] = {
        {"reminder", "member:M1"}, {"escalated", "convener:T1"}, {"escalated", "committee:K1"}, {"escalated", "chair"}};
    (void)state;
    record_set(order, F_STATE, STATE_ASSIGNED);
    record_set(order, F_MEMBERS, "M1");
    record_set(order, F_CLOCK, "answer");
    record_set(message, F_CLOCK, "answer");
    for (int64_t rung = 0; rung < 4; rung++) {
        record_set_int(message, F_RUNG, rung);
        handle(handle_clock);
        assert_string_equal(fixture_notified(outcome, told[rung][0]), told[rung][1]);
        assert_int_equal(record_int(outcome_changed(outcome), F_RUNG), rung + 1);
        apply();
        handle(handle_clock); /* the same entry, seen by another instance */
        assert_int_equal(outcome_message_count(outcome), 0);
        assert_int_equal(record_count(outcome_changed(outcome)), 0);
    }
    record_set_int(message, F_RUNG, 4);
    handle(handle_clock);
    assert_int_equal(outcome_message_count(outcome), 0);

    /* Nobody has it yet: the convener is reminded in the handlers' place. */
    record_set(order, F_STATE, STATE_SCREENING);
    record_set(order, F_MEMBERS, "");
    record_set_int(order, F_RUNG, 0);
    record_set_int(message, F_RUNG, 0);
    handle(handle_clock);
    assert_string_equal(fixture_notified(outcome, "reminder"), "convener:T1");
}

static void no_rung_sounds_at_night(void **state)
{
    (void)state;
    county->work_start = 9 * 60;
    county->work_end = 17 * 60;
    record_set(order, F_STATE, STATE_ASSIGNED);
    record_set(order, F_MEMBERS, "M1");
    record_set(order, F_CLOCK, "answer");
    record_set(message, F_CLOCK, "answer");
    context.now = fixture_now + FIXTURE_DAY / 2; /* 22:00 */
    handle(handle_clock);
    assert_int_equal(outcome_message_count(outcome), 0);
    assert_int_equal(record_count(outcome_changed(outcome)), 0);
    assert_true(writes("ZADD", "clock", "990101-000123|answer|0")); /* put off until the morning */
}

/* An order whose answer clock of seven days began an hour ago. */
static void let_the_answer_clock_run(void)
{
    record_set(order, F_STATE, STATE_ASSIGNED);
    record_set(order, F_MEMBERS, "M1");
    record_set(order, F_CLOCK, "answer");
    record_set_int(order, F_CLOCK_AT, fixture_now - 3600000);
    record_set_int(order, F_DUE, fixture_now - 3600000 + 7 * (int64_t)FIXTURE_DAY);
    record_set(message, F_CLOCK, "answer");
    record_set_int(message, F_DUE, record_int(order, F_DUE));
}

static void a_changed_span_moves_the_deadline_once(void **state)
{
    (void)state;
    let_the_answer_clock_run();
    handle(handle_check); /* nothing has changed: no step, no write */
    assert_null(outcome_step_name(outcome));
    assert_int_equal(outcome->write_count, 0);

    county->clocks[0][CLOCK_ANSWER] = (struct span){.ms = 9 * (int64_t)FIXTURE_DAY};
    handle(handle_check);
    assert_string_equal(outcome_step_name(outcome), "deadline_moved");
    assert_string_equal(outcome->note, "2026-11-30T09:00:00+08:00 → 2026-12-02T09:00:00+08:00");
    assert_int_equal(record_int(outcome_changed(outcome), F_DUE), fixture_now - 3600000 + 9 * (int64_t)FIXTURE_DAY);
    assert_true(writes("ZADD", "clock", "990101-000123|answer|0"));
    apply();
    record_set_int(message, F_DUE, record_int(order, F_DUE));
    handle(handle_check); /* another instance sees the same revision */
    assert_null(outcome_step_name(outcome));
    assert_int_equal(outcome->write_count, 0);
}

/* An entry that comes due before anybody swept: it is moved, and sounds at its new moment alone. */
static void what_is_not_due_any_more_is_moved_and_not_sounded(void **state)
{
    (void)state;
    let_the_answer_clock_run();
    context.now = record_int(order, F_DUE);
    county->clocks[0][CLOCK_ANSWER] = (struct span){.ms = 9 * (int64_t)FIXTURE_DAY};
    handle(handle_clock);
    assert_string_equal(outcome_step_name(outcome), "deadline_moved");
    assert_int_equal(outcome_message_count(outcome), 0);
    apply();
    context.now = record_int(order, F_DUE);
    handle(handle_clock);
    assert_string_equal(fixture_notified(outcome, "reminder"), "member:M1");
    apply();

    /* What has sounded stays so; what is earlier now is overdue, and moving it would not help. */
    county->clocks[0][CLOCK_ANSWER] = (struct span){.ms = 8 * (int64_t)FIXTURE_DAY};
    record_set_int(message, F_RUNG, 1);
    handle(handle_clock);
    assert_string_equal(fixture_notified(outcome, "escalated"), "convener:T1");
}

static void other_entries_are_checked(void **state)
{
    (void)state;
    record_set_int(order, F_OPENED_AT, fixture_now);
    record_set(message, F_CLOCK, "claim");
    record_set_int(message, F_DUE, fixture_now + 3600000);
    handle(handle_check);
    assert_int_equal(outcome->write_count, 0);
    county->clocks[0][CLOCK_CLAIM] = (struct span){.ms = 7200000};
    handle(handle_check); /* the claim window is no deadline of the order: no step */
    assert_null(outcome_step_name(outcome));
    assert_true(writes("ZADD", "clock", "990101-000123|claim|0"));

    let_the_answer_clock_run();
    record_set_int(message, F_DUE,
                   record_int(order, F_DUE) - 60000); /* the work hours moved only the moment to sound */
    handle(handle_check);
    assert_null(outcome_step_name(outcome));
    assert_true(writes("ZADD", "clock", "990101-000123|answer|0"));
    record_set_int(order, F_RUNG, 1); /* an entry that was overtaken meanwhile */
    handle(handle_check);
    assert_int_equal(outcome->write_count, 0);
}

/* Another instance saw the entry when it was due, and hung until it had been set anew. */
static void what_was_set_anew_meanwhile_waits_for_its_own_time(void **state)
{
    (void)state;
    let_the_answer_clock_run();
    handle(handle_clock); /* answered, rated badly, and reopened since */
    assert_null(outcome_step_name(outcome));
    assert_int_equal(outcome_message_count(outcome), 0);
    assert_true(writes("ZADD", "clock", "990101-000123|answer|0"));

    record_set(order, F_STATE, STATE_OPEN); /* and given to another group, which is being asked */
    record_set_int(order, F_OPENED_AT, fixture_now - 1000);
    record_set(message, F_CLOCK, "claim");
    handle(handle_clock);
    assert_null(outcome_step_name(outcome));
    assert_true(writes("ZADD", "clock", "990101-000123|claim|0"));
    assert_true(outcome->if_unchanged);
}

static void nothing_sounds_while_the_clock_is_paused(void **state)
{
    (void)state;
    let_the_answer_clock_run();
    context.now = record_int(order, F_DUE);
    record_printf(order, F_PAUSES, "%lld-", (long long)fixture_now);
    handle(handle_clock);
    assert_int_equal(outcome_message_count(outcome), 0);
    assert_int_equal(record_count(outcome_changed(outcome)), 0);
    assert_true(writes("ZREM", "clock", "990101-000123|answer|0"));
    county->clocks[0][CLOCK_ANSWER] = (struct span){.ms = 9 * (int64_t)FIXTURE_DAY};
    handle(handle_check);
    assert_int_equal(outcome->write_count, 0);
}

static void more_time_is_asked_for_and_granted(void **state)
{
    static const struct {
        const char *actor, *reason;
        int64_t days;
        const char *error;
    } refused[] = {{"member:M3", "等材料", 5, "forbidden"},
                   {"member:M1", "", 5, "invalid"},
                   {"member:M1", "等材料", 0, "invalid"},
                   {"member:M1", "等材料", 31, "invalid"}};
    (void)state;
    let_the_answer_clock_run();
    record_set(order, F_STATE, STATE_CONSULTING);
    record_set(order, F_DEPARTMENT, "D1");
    record_set_int(order, F_HANDED_AT, fixture_now);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        record_set(message, F_ACTOR, refused[i].actor);
        record_set(message, F_REASON, refused[i].reason);
        record_set_int(message, F_DAYS, refused[i].days);
        handle(handle_extend);
        assert_string_equal(fixture_error(outcome), refused[i].error);
    }
    handle(handle_extend_decide); /* nobody has asked */
    assert_string_equal(fixture_error(outcome), "state");

    record_set_int(message, F_DAYS, 2);
    handle(handle_extend);
    assert_string_equal(outcome_step_name(outcome), "extension_asked");
    assert_string_equal(fixture_notified(outcome, "extension_asked"), "convener:T1");
    assert_false(record_has(outcome_changed(outcome), F_DUE));
    apply();
    handle(handle_extend);
    assert_string_equal(fixture_error(outcome), "pending");

    record_set(message, F_DECISION, "grant");
    handle(handle_extend_decide); /* M1 has it */
    assert_string_equal(fixture_error(outcome), "forbidden");
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_DECISION, "perhaps");
    handle(handle_extend_decide);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set(message, F_DECISION, "grant");
    handle(handle_extend_decide);
    assert_string_equal(outcome_step_name(outcome), "extension_granted");
    assert_string_equal(fixture_notified(outcome, "extended"), "member:M1 department:D1");
    assert_string_equal(fixture_notified(outcome, "extended_resident"), "resident");
    assert_int_equal(record_int(outcome_changed(outcome), F_DUE), record_int(order, F_DUE) + 2 * (int64_t)FIXTURE_DAY);
    assert_true(writes("ZADD", "clock", "990101-000123|answer|0"));
    apply();
    assert_int_equal(record_int(order, F_ASKED_DAYS), 0);
    assert_int_equal(record_int(order, F_EXTENDED), 2);
}

static void more_time_is_refused(void **state)
{
    (void)state;
    let_the_answer_clock_run();
    record_set(message, F_ACTOR, "member:M1");
    record_set(message, F_REASON, "等材料");
    record_set_int(message, F_DAYS, 2);
    handle(handle_extend);
    apply();
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_DECISION, "refuse");
    handle(handle_extend_decide);
    assert_string_equal(outcome_step_name(outcome), "extension_refused");
    assert_string_equal(fixture_notified(outcome, "extension_refused"), "member:M1");
    assert_null(fixture_notified(outcome, "extended_resident"));
    assert_false(record_has(outcome_changed(outcome), F_DUE));
    apply();

    context.now = record_int(order, F_DUE); /* it may be asked for again, but not when it is too late */
    handle(handle_extend);
    assert_string_equal(fixture_error(outcome), "expired");
    context.now--;
    handle(handle_extend);
    assert_string_equal(fixture_error(outcome), "");
    record_printf(order, F_PAUSES, "%lld-", (long long)context.now); /* its resident is asked something */
    context.now += FIXTURE_DAY;
    handle(handle_extend);
    assert_string_equal(fixture_error(outcome), "");
    record_printf(order, F_PAUSES, "%lld-", (long long)record_int(order, F_DUE)); /* when it was too late already */
    handle(handle_extend);
    assert_string_equal(fixture_error(outcome), "expired");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin_open, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_rung_sounds_once),
        TEST(no_rung_sounds_at_night),
        TEST(a_changed_span_moves_the_deadline_once),
        TEST(what_is_not_due_any_more_is_moved_and_not_sounded),
        TEST(other_entries_are_checked),
        TEST(what_was_set_anew_meanwhile_waits_for_its_own_time),
        TEST(nothing_sounds_while_the_clock_is_paused),
        TEST(more_time_is_asked_for_and_granted),
        TEST(more_time_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
