// links: services/assignment
/*
 * test_entries.c - what the office enters, withdraws, and cannot withdraw any more; absences that are counted, and told
 * of once.
 */
#include "tests/unit/assignment_fixture.h"

#include "common/alloc.h"
#include "common/job.h"
#include "common/text.h"

#include <stdlib.h>

static const char *const members = "id,name,phone,group,communities,skills,leader,sector\n"
                                   "M1,顾怀谷,10000004001,G1,,,yes,教育界\nM2,温静姝,10000004002,G1,C1,,,教育界\n"
                                   "M3,俞知白,10000004003,G1,C1,,,\nM4,骆见微,10000004004,G2,,,yes,工商联\n";

/* The book of absences: fields and values in turn. */
static redisReply cells[16], *elements[16], hash;
static struct aux aux[AUX_MAX];

static void book(const char *const values[], size_t count)
{
    hash = (redisReply){.type = REDIS_REPLY_ARRAY, .elements = count, .element = elements};
    for (size_t i = 0; i < count; i++) {
        cells[i] = (redisReply){.type = REDIS_REPLY_STRING, .str = (char *)values[i]};
        elements[i] = &cells[i];
    }
    aux[0] = (struct aux){&hash};
    context.aux = aux;
}

static int set_up(void **state)
{
    (void)state;
    begin("", 0, "");
    county_destroy(&county);
    const char *files[COUNTY_FILE_COUNT];
    memcpy(files, fixture_files, sizeof files);
    files[FILE_MEMBERS] = members;
    files[FILE_PLAN] = "sector,task,wanted\n教育界,benefit,1\n";
    if (county_parse("990101", files, fixture_fault, NULL, &county) < 0)
        return -1;
    context = fixture_context(county);
    context.order_id = "990101-L000056";
    record_clear(order);
    book(NULL, 0);
    record_set(message, F_ACTOR, "office:O1");
    record_set(message, F_KIND, "activity");
    record_set(message, F_TITLE, "春季视察");
    record_set_int(message, F_HELD_AT, fixture_now - 1);
    return 0;
}

/* The arguments of the outcome's writes by a command, "missed 2026/M1 1" each, with a comma between; the caller frees
 * them. */
static char *written(const char *command)
{
    char *text = xstrdup("");
    for (size_t i = 0; i < outcome->write_count; i++) {
        const struct write *write = &outcome->writes[i];
        if (strcmp(write->command, command) != 0)
            continue;
        char *more = xasprintf("%s%s%s %s %s", text, *text ? ", " : "", write->key, write->arguments[0],
                               write->argument_count > 1 ? write->arguments[1] : "");
        free(text);
        text = more;
    }
    return text;
}

static void assert_written(const char *command, const char *expected)
{
    AUTOFREE char *text = written(command);
    assert_string_equal(text, expected);
}

static void assert_refused(const char *field)
{
    enum message_type type;
    handle(handle_enter_entry);
    assert_string_equal(fixture_error(outcome), "invalid");
    assert_string_equal(record_str(outcome_answer(outcome, &type), F_FIELD), field);
}

static void lists_hold_each_member_once(void **state)
{
    (void)state;
    record_set(message, F_PRESENT, "group:G1 sector:工商联 member:M4");
    record_set(message, F_EXCUSED, "member:M2");
    record_set(message, F_ABSENT, "member:M3 member:M3");
    handle(handle_enter_entry);
    assert_string_equal(outcome_step_name(outcome), "entered");
    assert_string_equal(changed(F_STATE), STATE_ENTERED);
    assert_string_equal(changed(F_PRESENT), "member:M1 member:M4");
    assert_string_equal(changed(F_EXCUSED), "member:M2");
    assert_string_equal(changed(F_ABSENT), "member:M3");
    assert_written("ZADD", "clock 1827021600000 990101-L000056|books|0");
    record_set(message, F_PRESENT, "group:G9");
    assert_refused("present");
    record_set(message, F_PRESENT, "sector:");
    assert_refused("present");
    record_set(message, F_PRESENT, "department:D1");
    assert_refused("present");
}

static void tasks_are_of_the_plan(void **state)
{
    (void)state;
    record_set(message, F_KIND, "task");
    record_set(message, F_SECTOR, "教育界");
    record_set(message, F_TASK, "benefit");
    handle(handle_enter_entry);
    assert_string_equal(changed(F_TASK), "benefit");
    record_set(message, F_TASK, "report");
    assert_refused("task");
}

static void donations_have_a_sum(void **state)
{
    (void)state;
    record_set(message, F_KIND, "donation");
    record_set(message, F_PRESENT, "member:M1");
    assert_refused("amount");
    record_set_int(message, F_AMOUNT, INT64_MAX); /* sums stay numbers */
    assert_refused("amount");
    record_set_int(message, F_AMOUNT, 1);
    record_set(message, F_PRESENT, "group:G1");
    assert_refused("present");
    record_set(message, F_PRESENT, "group:G2");
    handle(handle_enter_entry);
    assert_int_equal(record_int(outcome_changed(outcome), F_AMOUNT), 1);
}

static void it_is_withdrawn_or_closed_and_that_is_all(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_ENTERED);
    record_set(order, F_ABSENT, "member:M2");
    record_set_int(order, F_HELD_AT, fixture_now);
    handle(handle_withdraw_entry);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set(message, F_REASON, "登记有误");
    handle(handle_withdraw_entry);
    assert_string_equal(changed(F_STATE), STATE_WITHDRAWN);
    assert_string_equal(changed(F_REASON), "登记有误");
    assert_written("HINCRBY", "missed 2026/M2 -1, missed turn 1");
    assert_written("ZREM", "clock 990101-L000056|books|0 ");

    record_set(message, F_CLOCK, CLOCK_BOOKS);
    handle(handle_clock);
    assert_string_equal(changed(F_STATE), STATE_CLOSED);
    assert_string_equal(outcome_step_name(outcome), "closed");
    assert_written("HINCRBY", "");
    static const char *const over[] = {STATE_CLOSED, STATE_WITHDRAWN};
    for (size_t i = 0; i < 2; i++) {
        record_set(order, F_STATE, over[i]);
        handle(handle_withdraw_entry);
        assert_string_equal(fixture_error(outcome), "state");
        handle(handle_clock);
        assert_null(outcome_step_name(outcome));
        assert_written("ZREM", "clock 990101-L000056|books|0 ");
    }
}

static void the_office_hears_of_the_fifth_absence_once(void **state)
{
    (void)state;
    static const char *const four[] = {"2026/M2", "4", "2025/M3", "9", "turn", "17"};
    static const char *const heard[] = {"2026/M2", "4", "told/2026/M2", "1", "2024/M2", "7", "told/2024/M2", "1"};
    record_set(message, F_ABSENT, "member:M2 member:M3");
    book(four, 6);
    handle(handle_enter_entry);
    assert_written("HINCRBY", "missed 2026/M2 1, missed 2026/M3 1, missed turn 1");
    assert_written("HSET", "missed told/2026/M2 1");
    assert_string_equal(fixture_notified(outcome, "absences_reached"), "office");
    assert_string_equal(record_str(outcome_message(outcome, 0), F_MEMBERS), "M2");
    assert_int_equal(record_int(outcome_message(outcome, 0), F_TOTAL), 5);
    assert_string_equal(outcome->expected.field, "turn"); /* or two who count at the same time both see four */
    assert_int_equal(outcome->expected.value, 17);

    book(heard, 8);
    handle(handle_enter_entry);
    assert_null(fixture_notified(outcome, "absences_reached"));
    assert_written("HDEL", "missed 2024/M2 , missed told/2024/M2 ");

    book(four, 6);
    record_set_int(message, F_HELD_AT, fixture_now - 366LL * FIXTURE_DAY); /* last year's */
    handle(handle_enter_entry);
    assert_written("HINCRBY", "missed 2025/M2 1, missed 2025/M3 1, missed turn 1");
    assert_string_equal(record_str(outcome_message(outcome, 0), F_MEMBERS), "M3");
    record_set_int(message, F_HELD_AT, fixture_now - 800LL * FIXTURE_DAY); /* too long ago for anybody to be told */
    handle(handle_enter_entry);
    assert_written("HINCRBY", "");
}

static void one_notice_is_about_ten_members(void **state)
{
    (void)state;
    char people[1000] = "", who[32];
    county->absences_told = 1;
    for (int i = 1; i <= 11; i++) {
        snprintf(who, sizeof who, "member:X%d", i);
        words_append(people, sizeof people, who);
    }
    outcome_clear(outcome);
    attendance_count(&context, fixture_now, people, 1, outcome);
    assert_int_equal(outcome_message_count(outcome), 2);
    assert_string_equal(record_str(outcome_message(outcome, 1), F_MEMBERS), "X11");
}

static void a_meeting_counts_when_it_is_closed(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_HELD);
    record_set(order, F_INVITED, "member:M1 member:M2 member:M3 department:D1 resident:990101-000001");
    record_set(order, F_EXCUSED, "member:M1");
    record_set(order, F_PRESENT, "member:M2");
    record_set_int(order, F_MEETS_AT, fixture_now);
    handle(handle_close_meeting);
    assert_written("HINCRBY", "missed 2026/M3 1, missed turn 1");
    record_set(order, F_PRESENT, "member:M2 member:M3");
    handle(handle_close_meeting);
    assert_written("HINCRBY", "");
    assert_null(outcome->expected.key);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_hold_each_member_once),
        TEST(tasks_are_of_the_plan),
        TEST(donations_have_a_sum),
        TEST(it_is_withdrawn_or_closed_and_that_is_all),
        TEST(the_office_hears_of_the_fifth_absence_once),
        TEST(one_notice_is_about_ten_members),
        TEST(a_meeting_counts_when_it_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
