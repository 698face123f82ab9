/*
 * test_clock.c - the running clock of an order: when it is due, how it moves, stands still and goes on.
 *
 * Working hours are 09:00 to 17:00, Monday to Friday; Monday, 7 December 2026 is a holiday.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/outcome_private.h"
#include "tests/unit/fixture.h"

static struct county *county;
static struct context context;
static struct record *order;
static struct outcome *outcome;

static int set_up(void **state)
{
    (void)state;
    county = fixture_county();
    if (!county)
        return -1;
    county->work_start = 9 * 60;
    county->work_end = 17 * 60;
    county->work_weekday[0] = county->work_weekday[6] = false;
    county->escalate = (struct span){.working_days = 1};
    for (int urgent = 0; urgent < 2; urgent++)
        county->clocks[urgent][CLOCK_ANSWER] = (struct span){.working_days = urgent ? 1 : 3};
    calendar_set(county->calendar, "2026-12-07", false, "县庆");
    context = fixture_context(county);
    order = record_new();
    record_set(order, F_STATE, STATE_ASSIGNED);
    outcome = outcome_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    outcome_destroy(&outcome);
    record_destroy(&order);
    county_destroy(&county);
    return 0;
}

static int64_t at(const char *text)
{
    int64_t moment;
    assert_int_equal(time_parse(text, &moment), 0);
    return moment;
}

static void assert_time(int64_t moment, const char *expected)
{
    char text[TIME_SIZE];
    time_format(text, moment);
    assert_memory_equal(text, expected, 16);
}

/* What was decided becomes the order; the next decision is made then. */
static void commit_until(const char *next)
{
    record_copy_all(order, outcome_changed(outcome));
    outcome_clear(outcome);
    context.now = at(next);
}

static void begin(const char *start)
{
    context.now = at(start);
    start_clock(&context, order, CLOCK_ANSWER, outcome);
}

/* The moment of the order's entry in the zset of clocks; -1 when it is taken away, 0 when it is not touched. */
static int64_t entry(int64_t rung)
{
    char wanted[CLOCK_ENTRY_SIZE];
    int64_t moment = 0;
    order_clock_entry(wanted, context.order_id, "answer", rung);
    for (size_t i = 0; i < outcome->write_count; i++) {
        const struct write *write = &outcome->writes[i];
        if (strcmp(write->command, "ZADD") == 0 && strcmp(write->arguments[1], wanted) == 0)
            moment = strtoll(write->arguments[0], NULL, 10);
        else if (strcmp(write->command, "ZREM") == 0 && strcmp(write->arguments[0], wanted) == 0)
            moment = -1;
    }
    return moment;
}

static void a_clock_starts_with_all_that_it_is_computed_from(void **state)
{
    (void)state;
    begin("2026-12-03T10:00:00"); /* Thursday; then Friday, and after the holiday Tuesday and Wednesday */
    assert_string_equal(record_str(outcome_changed(outcome), F_CLOCK), "answer");
    assert_time(record_int(outcome_changed(outcome), F_CLOCK_AT), "2026-12-03T10:00");
    assert_time(record_int(outcome_changed(outcome), F_DUE), "2026-12-09T10:00");
    assert_time(entry(0), "2026-12-09T10:00");

    commit_until("2026-12-04T10:00:00");
    record_set(order, F_PAUSES, "1-2");
    record_set_int(order, F_EXTENDED, 2);
    start_clock(&context, order, CLOCK_CALLBACK, outcome); /* another begins with nothing of the old one */
    assert_int_equal(entry(0), -1);
    assert_string_equal(record_str(outcome_changed(outcome), F_PAUSES), "");
    assert_int_equal(record_int(outcome_changed(outcome), F_EXTENDED), 0);
}

static void a_changed_calendar_moves_it(void **state)
{
    (void)state;
    begin("2026-12-03T10:00:00");
    commit_until("2026-12-04T10:00:00");
    assert_false(move_clock(&context, order, outcome));
    assert_int_equal(outcome->write_count, 0);
    calendar_set(county->calendar, "2026-12-05", true, "县庆调休");
    assert_true(move_clock(&context, order, outcome));
    assert_time(record_int(outcome_changed(outcome), F_DUE), "2026-12-08T10:00");
    assert_time(entry(0), "2026-12-08T10:00");
    commit_until("2026-12-04T11:00:00");

    record_set(order, F_URGENCY, "urgent"); /* so does the urgency */
    record_set_int(order, F_RUNG, 1);
    assert_true(move_clock(&context, order, outcome));
    assert_time(record_int(outcome_changed(outcome), F_DUE), "2026-12-04T10:00");
    assert_int_equal(entry(0), 0); /* it has sounded */
    assert_time(entry(1), "2026-12-05T10:00");
    commit_until("2026-12-04T11:00:00");

    record_unset(order, F_CLOCK_AT); /* by an earlier version: nobody knows when it started */
    record_set(order, F_URGENCY, "normal");
    assert_false(move_clock(&context, order, outcome));
}

static void a_paused_clock_stands_still(void **state)
{
    (void)state;
    assert_false(pause_clock(&context, order, outcome)); /* none runs */
    begin("2026-12-01T10:00:00");                        /* due on Friday at ten */
    commit_until("2026-12-02T16:00:00");
    assert_false(resume_clock(&context, order, outcome));
    assert_false(clock_is_paused(order));
    assert_true(pause_clock(&context, order, outcome));
    assert_int_equal(entry(0), -1);
    commit_until("2026-12-03T11:00:00");
    assert_true(clock_is_paused(order));
    assert_false(pause_clock(&context, order, outcome));

    calendar_set(county->calendar, "2026-12-04", false, "县庆"); /* moved meanwhile: it has no entry to be found by */
    assert_true(move_clock(&context, order, outcome));
    assert_int_equal(entry(0), 0);
    assert_true(resume_clock(&context, order, outcome)); /* one hour on Wednesday, two on Thursday */
    commit_until("2026-12-03T11:00:00");
    assert_false(clock_is_paused(order));
    assert_time(record_int(order, F_DUE), "2026-12-08T13:00");

    assert_true(pause_clock(&context, order, outcome)); /* over the weekend; only Tuesday morning was work */
    commit_until("2026-12-08T10:00:00");
    assert_true(resume_clock(&context, order, outcome));
    assert_time(record_int(outcome_changed(outcome), F_DUE), "2026-12-09T12:00");
    assert_time(entry(0), "2026-12-09T12:00");
}

/* Days around the clock stand still around the clock. */
static void a_pause_of_a_clock_that_does_not_count_work(void **state)
{
    (void)state;
    county->clocks[0][CLOCK_ANSWER] = (struct span){.ms = 7 * (int64_t)FIXTURE_DAY};
    begin("2026-12-01T10:00:00");
    commit_until("2026-12-04T18:00:00");
    pause_clock(&context, order, outcome);
    commit_until("2026-12-06T20:00:00");
    resume_clock(&context, order, outcome);
    assert_time(record_int(outcome_changed(outcome), F_DUE), "2026-12-10T12:00");
}

static void there_is_an_end_to_pauses(void **state)
{
    int pauses = 0;
    (void)state;
    begin("2026-12-01T10:00:00");
    commit_until("2026-12-01T11:00:00");
    for (; pauses < 100 && pause_clock(&context, order, outcome); pauses++) {
        record_copy_all(order, outcome_changed(outcome));
        assert_true(resume_clock(&context, order, outcome));
        record_copy_all(order, outcome_changed(outcome));
        outcome_clear(outcome);
    }
    assert_in_range(pauses, 60, 80);
    assert_in_range(record_len(order, F_PAUSES), 1, field_info(F_PAUSES)->max);
}

static void an_extension_is_added_to_what_there_is(void **state)
{
    (void)state;
    begin("2026-12-01T10:00:00"); /* due on Friday */
    commit_until("2026-12-02T10:00:00");
    record_set_int(outcome_changes(outcome), F_EXTENDED, 2);
    assert_true(move_clock(&context, order, outcome));
    assert_time(record_int(outcome_changed(outcome), F_DUE), "2026-12-09T10:00");
}

static void rungs_sound_at_work(void **state)
{
    (void)state;
    static const char *const moments[] = {"2026-12-04T16:30", "2026-12-08T16:30", "2026-12-09T16:30",
                                          "2026-12-10T16:30"};
    for (int64_t rung = 0; rung < RUNGS; rung++)
        assert_time(clock_rung(county, at("2026-12-04T16:30:00"), rung), moments[rung]);
    assert_time(clock_rung(county, at("2026-12-04T17:00:00"), 0), "2026-12-08T09:00");
    county->escalate = (struct span){.ms = 3600000};
    assert_time(clock_rung(county, at("2026-12-04T16:30:00"), 1), "2026-12-08T09:00");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_clock_starts_with_all_that_it_is_computed_from),
        TEST(a_changed_calendar_moves_it),
        TEST(a_paused_clock_stands_still),
        TEST(a_pause_of_a_clock_that_does_not_count_work),
        TEST(there_is_an_end_to_pauses),
        TEST(an_extension_is_added_to_what_there_is),
        TEST(rungs_sound_at_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
