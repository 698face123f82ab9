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
    for (int rung = 0; rung < RUNGS - 1; rung++)
        county->escalate[rung] = (struct span){.working_days = 1};
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
    record_set_int(order, F_ASKED_DAYS, 3);
    start_clock(&context, order, CLOCK_CALLBACK, outcome); /* another begins with nothing of the old one */
    assert_int_equal(entry(0), -1);
    static const enum field old[] = {F_PAUSES, F_EXTENDED, F_ASKED_DAYS};
    for (size_t i = 0; i < sizeof old / sizeof *old; i++)
        assert_true(record_has(outcome_changed(outcome), old[i]));
    commit_until("2026-12-04T10:00:00");
    assert_string_equal(record_str(order, F_PAUSES), "");
    assert_int_equal(record_int(order, F_EXTENDED) + record_int(order, F_ASKED_DAYS), 0);
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

static void the_light(void **state)
{
    static const struct {
        const char *now, *light;
    } moments[] = {{"2026-12-01T10:00:00", "green"},  {"2026-12-03T11:59:00", "green"},
                   {"2026-12-03T12:00:00", "yellow"}, {"2026-12-04T09:59:00", "yellow"},
                   {"2026-12-04T10:00:00", "red"},    {"2026-12-09T10:00:00", "red"}};
    (void)state;
    assert_string_equal(clock_light(county, order, context.now), "");
    begin("2026-12-01T10:00:00"); /* 24 hours of work, of which 18 are used up on Thursday at noon */
    commit_until("2026-12-03T11:00:00");
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
        assert_string_equal(clock_light(county, order, at(moments[i].now)), moments[i].light);

    pause_clock(&context, order, outcome);
    commit_until("2026-12-04T11:00:00");
    assert_string_equal(clock_light(county, order, context.now), "green"); /* as it was when it was paused */
    resume_clock(&context, order, outcome);
    commit_until("2026-12-04T11:59:00"); /* 17 hours used up before, and one less a minute since */
    assert_string_equal(clock_light(county, order, context.now), "green");
    assert_string_equal(clock_light(county, order, at("2026-12-04T12:00:00")), "yellow");

    record_unset(order, F_CLOCK_AT); /* by an earlier version: only what is overdue is known */
    record_set(order, F_PAUSES, "");
    assert_string_equal(clock_light(county, order, at("2026-12-04T12:00:00")), "green");
    assert_string_equal(clock_light(county, order, record_int(order, F_DUE)), "red");

    county->clocks[0][CLOCK_CALLBACK] = (struct span){.ms = 14400000};
    context.now = at("2026-12-05T10:00:00"); /* on a Saturday, around the clock */
    start_clock(&context, order, CLOCK_CALLBACK, outcome);
    commit_until("2026-12-05T13:00:00");
    assert_string_equal(clock_light(county, order, context.now - 1), "green");
    assert_string_equal(clock_light(county, order, context.now), "yellow");
}

/* What explains a deadline is told by what computes it. */
struct told {
    char text[2000];
};

static void tell(void *arg, const char *what, int64_t moment)
{
    struct told *told = arg;
    char text[TIME_SIZE];
    size_t used = strlen(told->text);
    time_format(text, moment);
    snprintf(told->text + used, sizeof told->text - used, "%s %.16s\n", what, text);
}

static void tell_day(void *arg, int64_t midnight, enum day_kind kind, const char *name)
{
    static const char *const kinds[] = {"work", "rest", "make-up", "holiday"};
    tell(arg, *name ? name : kinds[kind], midnight);
}

static void tell_span(void *arg, int64_t start, struct span span, int64_t due)
{
    (void)start;
    (void)span;
    tell(arg, "span", due);
}

static void tell_pause(void *arg, int64_t from, int64_t to, int64_t due)
{
    (void)from;
    (void)to;
    tell(arg, "pause", due);
}

static void tell_extension(void *arg, int64_t working_days, int64_t due)
{
    (void)working_days;
    tell(arg, "extension", due);
}

static void a_deadline_tells_how_it_is_computed(void **state)
{
    struct told told = {""};
    struct clock_trace trace = {{tell_day, &told}, tell_span, tell_pause, tell_extension, &told};
    (void)state;
    begin("2026-12-03T10:00:00");
    commit_until("2026-12-04T10:00:00");
    record_printf(order, F_PAUSES, "%lld-%lld %lld-", (long long)at("2026-12-03T11:00:00"),
                  (long long)at("2026-12-03T12:00:00"), (long long)at("2026-12-03T13:00:00"));
    record_set_int(order, F_EXTENDED, 1);
    int64_t due = clock_due(county, order, &trace);
    assert_int_equal(due, clock_due(county, order, NULL));
    assert_string_equal(told.text, "work 2026-12-04T00:00\nrest 2026-12-05T00:00\nrest 2026-12-06T00:00\n"
                                   "县庆 2026-12-07T00:00\nwork 2026-12-08T00:00\nwork 2026-12-09T00:00\n"
                                   "span 2026-12-09T10:00\npause 2026-12-09T11:00\npause 2026-12-09T11:00\n"
                                   "work 2026-12-10T00:00\nextension 2026-12-10T11:00\n");
}

static void rungs_sound_at_work(void **state)
{
    (void)state;
    static const char *const moments[] = {"2026-12-04T16:30", "2026-12-08T16:30", "2026-12-09T16:30",
                                          "2026-12-10T16:30"};
    for (int64_t rung = 0; rung < RUNGS; rung++)
        assert_time(clock_rung(county, at("2026-12-04T16:30:00"), rung), moments[rung]);
    assert_time(clock_rung(county, at("2026-12-04T17:00:00"), 0), "2026-12-08T09:00");
    county->escalate[0] = (struct span){.ms = 3600000};
    county->escalate[2] = (struct span){.working_days = 2};
    assert_time(clock_rung(county, at("2026-12-04T16:30:00"), 1), "2026-12-08T09:00");
    assert_time(clock_rung(county, at("2026-12-04T16:30:00"), 3), "2026-12-11T09:00");
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
        TEST(the_light),
        TEST(a_deadline_tells_how_it_is_computed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
