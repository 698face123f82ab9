// links: services/assignment
/*
 * test_callback.c - how a resident is asked for a rating, three times, and then left to a person.
 */
#include "tests/unit/assignment_fixture.h"

#include "common/contact.h"
#include "common/resident.h"

static const int64_t HOUR = 3600000;

static char asked[ASKED_KEY_SIZE];

/* An order that waits for its answer, placed with this phone. */
static void place_with(const char *phone)
{
    char person[VAULT_DIGEST_SIZE];
    contact_person(county->vault, phone, person);
    record_set(order, F_PERSON, person);
    asked_key(asked, person);
}

static int set_up(void **state)
{
    (void)state;
    begin(STATE_ASSIGNED, 3, "");
    record_set(order, F_MEMBERS, "M1 M2");
    place_with("10000000001");
    record_set(message, F_ACTOR, "member:M1");
    record_set(message, F_OUTCOME, "solved");
    record_set(message, F_ANSWER, "灯修好了");
    return 0;
}

/* What the outcome decided becomes the order's new state. */
static void decide(handler_fn *handler)
{
    handle(handler);
    assert_string_equal(fixture_error(outcome), "");
    record_copy_all(order, outcome_changed(outcome));
}

/* The score that is written with this member; -1: none is. */
static int64_t score_of(const char *key, const char *member)
{
    for (size_t i = 0; i < outcome->write_count; i++)
        if (strcmp(outcome->writes[i].command, "ZADD") == 0 && strcmp(outcome->writes[i].key, key) == 0 &&
            strcmp(outcome->writes[i].arguments[1], member) == 0)
            return strtoll(outcome->writes[i].arguments[0], NULL, 10);
    return -1;
}

static bool removes(const char *key, const char *member)
{
    for (size_t i = 0; i < outcome->write_count; i++)
        if (strcmp(outcome->writes[i].command, "ZREM") == 0 && strcmp(outcome->writes[i].key, key) == 0 &&
            strcmp(outcome->writes[i].arguments[0], member) == 0)
            return true;
    return false;
}

static void clock_says(const char *clock, int64_t rung, int64_t now)
{
    context.now = now;
    record_set(message, F_CLOCK, clock);
    record_set_int(message, F_RUNG, rung);
    decide(handle_clock);
}

/* The callback clock has three days: a fourth of that is 18 hours. */
static void asked_three_times_spread_over_the_clock_and_then_called(void **state)
{
    (void)state;
    int64_t start = context.now;
    decide(handle_answer);
    assert_int_equal(record_int(order, F_ROUND), 1);
    assert_int_equal(record_int(order, F_ASKS), 1);
    assert_int_equal(score_of(asked, context.order_id), start);
    assert_int_equal(score_of(CLOCKS_KEY, "990101-000123|ask|1"), start + 18 * HOUR);
    assert_string_equal(fixture_notified(outcome, "answered"), "resident");

    for (int64_t asks = 1; asks < 3; asks++) {
        char entry[CLOCK_ENTRY_SIZE], next[CLOCK_ENTRY_SIZE];
        order_clock_entry(entry, context.order_id, CLOCK_ASK, asks);
        order_clock_entry(next, context.order_id, CLOCK_ASK, asks + 1);
        clock_says(CLOCK_ASK, asks, start + asks * 18 * HOUR);
        assert_string_equal(outcome_step_name(outcome), "asked_again");
        assert_string_equal(fixture_notified(outcome, "ask_again"), "resident");
        assert_true(removes(CLOCKS_KEY, entry));
        assert_int_equal(score_of(CLOCKS_KEY, next), start + (asks + 1) * 18 * HOUR);
        clock_says(CLOCK_ASK, asks, context.now); /* another instance saw the same entry */
        assert_null(outcome_step_name(outcome));
        assert_true(removes(CLOCKS_KEY, entry));
    }
    clock_says(CLOCK_ASK, 3, start + 54 * HOUR);
    assert_string_equal(outcome_step_name(outcome), "to_call");
    assert_string_equal(fixture_notified(outcome, "to_call"), "convener:T1");
    assert_null(fixture_notified(outcome, "ask_again"));
    assert_int_equal(record_int(order, F_TO_CALL), 1);
    clock_says(CLOCK_ASK, 3, context.now);
    assert_null(outcome_step_name(outcome));

    record_set(message, F_ACTOR, "resident");
    record_set(message, F_RATING, "satisfied");
    decide(handle_rate);
    assert_int_equal(record_int(order, F_TO_CALL), 0);
    assert_true(removes(asked, context.order_id));
    clock_says(CLOCK_ASK, 3, context.now);
    assert_null(outcome_step_name(outcome));
}

static void nobody_is_asked_outside_working_hours(void **state)
{
    (void)state;
    county->work_start = 9 * 60;
    county->work_end = 17 * 60;
    decide(handle_answer); /* Monday 10:00: 18 hours later it is four in the morning */
    assert_int_equal(score_of(CLOCKS_KEY, "990101-000123|ask|1"), fixture_now + 23 * HOUR);

    clock_says(CLOCK_ASK, 1, fixture_now + 18 * HOUR); /* the hours have changed since */
    assert_null(outcome_step_name(outcome));
    assert_int_equal(score_of(CLOCKS_KEY, "990101-000123|ask|1"), fixture_now + 23 * HOUR);
    clock_says(CLOCK_ASK, 1, fixture_now + 23 * HOUR);
    assert_string_equal(outcome_step_name(outcome), "asked_again");
    assert_int_equal(score_of(CLOCKS_KEY, "990101-000123|ask|2"), fixture_now + 47 * HOUR); /* not at five, at nine */
}

/* An instance hung after it saw that the first answer's rating was due, and there is another answer by now. */
static void nobody_is_asked_at_once_about_a_new_answer(void **state)
{
    (void)state;
    int64_t again = context.now + 19 * HOUR;
    decide(handle_answer);
    record_set(message, F_ACTOR, "resident");
    record_set(message, F_RATING, "dissatisfied");
    decide(handle_rate);
    context.now = again;
    record_set(message, F_ACTOR, "member:M1");
    decide(handle_answer);
    clock_says(CLOCK_ASK, 1, again + HOUR);
    assert_null(outcome_step_name(outcome));
    assert_int_equal(score_of(CLOCKS_KEY, "990101-000123|ask|1"), again + 18 * HOUR);
    assert_true(outcome->if_unchanged); /* or it would be due when it has been rated */
    clock_says(CLOCK_ASK, 1, again + 18 * HOUR);
    assert_string_equal(outcome_step_name(outcome), "asked_again");
}

/* A clock of four working days of eight hours: each part is one of them. */
static void a_clock_of_working_days_is_cut_by_working_time(void **state)
{
    (void)state;
    county->work_start = 9 * 60;
    county->work_end = 17 * 60;
    county->clocks[0][CLOCK_CALLBACK] = (struct span){.working_days = 4};
    decide(handle_answer);
    assert_int_equal(score_of(CLOCKS_KEY, "990101-000123|ask|1"), fixture_now + 24 * HOUR);
}

static void whoever_left_no_phone_is_not_asked(void **state)
{
    (void)state;
    record_set(order, F_PERSON, "");
    decide(handle_answer);
    assert_int_equal(score_of(CLOCKS_KEY, "990101-000123|ask|1"), -1);
    assert_int_equal(record_int(order, F_TO_CALL), 0);
    assert_string_equal(record_str(order, F_CLOCK), "callback");
}

/* Who handles their own order is not asked, and cannot rate; the convener is told at once. */
static void nobody_rates_what_they_handled(void **state)
{
    (void)state;
    place_with("10000004002"); /* of M2 */
    decide(handle_answer);
    assert_string_equal(fixture_notified(outcome, "answered_own"), "resident");
    assert_string_equal(fixture_notified(outcome, "to_call"), "convener:T1");
    assert_null(fixture_notified(outcome, "answered"));
    assert_int_equal(record_int(order, F_TO_CALL), 1);
    assert_int_equal(score_of(asked, context.order_id), -1);
    assert_int_equal(score_of(CLOCKS_KEY, "990101-000123|ask|1"), -1);

    static const char *const ways[] = {"", VIA_LINK, VIA_SMS};
    for (size_t i = 0; i < 3; i++) {
        record_set(message, F_ACTOR, "resident");
        record_set(message, F_VIA, ways[i]);
        record_set(message, F_RATING, "satisfied");
        outcome_clear(outcome);
        handle_rate(&context, order, message, outcome);
        assert_string_equal(fixture_error(outcome), "forbidden");
    }
    record_set(message, F_ACTOR, "office:O1");
    record_set(message, F_VIA, "");
    decide(handle_rate);
    assert_string_equal(record_str(order, F_STATE), STATE_EVALUATED);
}

/* Whoever placed the primary: the residents of the orders merged into it get its answer, and are asked by themselves.
 */
static void residents_of_merged_orders_are_asked_by_themselves(void **state)
{
    (void)state;
    static const char *const phones[] = {"10000000001", "10000004002"};
    for (size_t i = 0; i < 2; i++) {
        const struct record *step = NULL;
        place_with(phones[i]);
        record_set(order, F_STATE, STATE_ASSIGNED);
        record_set(order, F_MERGED, "990101-000124");
        decide(handle_answer);
        tell_merged(&context, order, outcome);
        for (size_t k = 0; k < outcome_message_count(outcome); k++)
            if (outcome_message_type(outcome, k) == MSG_PRIMARY_STEP)
                step = outcome_message(outcome, k);
        assert_non_null(step);

        RECORD *secondary = record_new(), *told = record_new();
        record_copy_all(told, step);
        record_set_int(secondary, F_VER, 3);
        record_set(secondary, F_STATE, STATE_MERGED);
        record_set(secondary, F_PRIMARY, context.order_id);
        char person[VAULT_DIGEST_SIZE];
        contact_person(county->vault, phones[1 - i], person);
        record_set(secondary, F_PERSON, person);
        struct context theirs = context;
        theirs.order_id = "990101-000124";
        outcome_clear(outcome);
        handle_primary_step(&theirs, secondary, told, outcome);
        assert_string_equal(fixture_notified(outcome, i == 0 ? "answered_own" : "answered"), "resident");
        asked_key(asked, person);
        assert_int_equal(score_of(asked, "990101-000124") > 0, i == 1);
    }
}

static void a_rating_is_of_the_answer_that_was_seen(void **state)
{
    (void)state;
    decide(handle_answer);
    record_set(message, F_ACTOR, "resident");
    record_set(message, F_RATING, "satisfied");
    for (int64_t round = 0; round < 3; round++) {
        record_set_int(message, F_ROUND, round);
        outcome_clear(outcome);
        handle_rate(&context, order, message, outcome);
        assert_string_equal(fixture_error(outcome), round == 1 ? "" : "state");
    }
}

/* What came by SMS is confirmed by SMS; of what ends the order its end is told, which says so, too. */
static void a_rating_by_sms_is_confirmed(void **state)
{
    (void)state;
    decide(handle_answer);
    record_set(message, F_ACTOR, "resident");
    record_set(message, F_RATING, "dissatisfied");
    record_set(message, F_VIA, VIA_SMS);
    decide(handle_rate);
    assert_string_equal(fixture_notified(outcome, "rating_taken"), "resident");
    assert_string_equal(record_str(order, F_STATE), STATE_CONSULTING);

    record_set(message, F_ACTOR, "member:M1");
    decide(handle_answer);
    assert_int_equal(record_int(order, F_ROUND), 2);
    record_set(message, F_ACTOR, "resident");
    record_set(message, F_RATING, "satisfied");
    decide(handle_rate);
    assert_null(fixture_notified(outcome, "rating_taken"));
}

/* Flagged with a reason, taken back with one; the rating stays, and the next one has no flag. */
static void a_rating_is_flagged_and_never_changed(void **state)
{
    (void)state;
    record_set(message, F_REASON, "要求超出政策");
    record_set(message, F_DECISION, "flag");
    outcome_clear(outcome);
    handle_flag(&context, order, message, outcome); /* nobody has rated it */
    assert_string_equal(fixture_error(outcome), "state");
    decide(handle_answer);
    record_set(message, F_ACTOR, "resident");
    record_set(message, F_RATING, "dissatisfied");
    decide(handle_rate);
    for (int twice = 0; twice < 2; twice++) {
        record_set(message, F_ACTOR, "convener:T1");
        record_set(message, F_DECISION, "flag");
        decide(handle_flag);
        assert_string_equal(outcome_step_name(outcome), "flagged");
        assert_string_equal(record_str(order, F_FLAG), "要求超出政策");
        assert_int_equal(record_count(outcome_changed(outcome)), 1);
        outcome_clear(outcome);
        handle_flag(&context, order, message, outcome);
        assert_string_equal(fixture_error(outcome), "state");
        record_set(message, F_DECISION, "withdraw");
        decide(handle_flag);
        assert_string_equal(outcome_step_name(outcome), "unflagged");
        assert_string_equal(record_str(order, F_FLAG), "");
    }
    assert_string_equal(record_str(order, F_RATING), "dissatisfied");
    outcome_clear(outcome);
    handle_flag(&context, order, message, outcome); /* there is none to take back */
    assert_string_equal(fixture_error(outcome), "state");
    record_set(message, F_DECISION, "flag");
    record_set(message, F_REASON, " ");
    outcome_clear(outcome);
    handle_flag(&context, order, message, outcome);
    assert_string_equal(fixture_error(outcome), "invalid");

    record_set(message, F_REASON, "要求超出政策");
    decide(handle_flag);
    record_set(message, F_ACTOR, "member:M1");
    decide(handle_answer);
    assert_string_equal(record_str(order, F_FLAG), "要求超出政策");
    record_set(message, F_ACTOR, "resident");
    decide(handle_rate);
    assert_string_equal(record_str(order, F_FLAG), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(asked_three_times_spread_over_the_clock_and_then_called),
        TEST(nobody_is_asked_outside_working_hours),
        TEST(nobody_is_asked_at_once_about_a_new_answer),
        TEST(a_clock_of_working_days_is_cut_by_working_time),
        TEST(whoever_left_no_phone_is_not_asked),
        TEST(nobody_rates_what_they_handled),
        TEST(residents_of_merged_orders_are_asked_by_themselves),
        TEST(a_rating_is_of_the_answer_that_was_seen),
        TEST(a_rating_by_sms_is_confirmed),
        TEST(a_rating_is_flagged_and_never_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
