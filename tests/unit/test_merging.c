// links: services/assignment
/*
 * test_merging.c - 并单: into a primary and out of it, and that nobody's resident is left out.
 */
#include "tests/unit/assignment_fixture.h"

#include "common/job.h"
#include "common/merge.h"

#define ORDER "990101-000123"
#define OTHER "990101-000124"
#define THIRD "990101-000125"

static int set_up(void **state)
{
    (void)state;
    begin(STATE_ASSIGNED, 3, "answer");
    record_set(order, F_MEMBERS, "M1 M2");
    record_set(message, F_ACTOR, "convener:T1");
    return county ? 0 : -1;
}

static void decide(handler_fn *handler)
{
    handle(handler);
    if (outcome_verdict(outcome) == VERDICT_OK)
        tell_merged(&context, order, outcome);
}

/* The n-th message of a type that is sent about another order; NULL when there are not so many. */
static const struct sending *sent(enum message_type type, size_t n)
{
    for (size_t i = 0; i < outcome->message_count; i++)
        if (outcome->messages[i].type == type && outcome->messages[i].order && n-- == 0)
            return &outcome->messages[i];
    return NULL;
}

/* By how much a member's load changes. */
static int load(const char *member)
{
    int sum = 0;
    for (size_t i = 0; i < outcome->write_count; i++)
        if (strcmp(outcome->writes[i].command, "HINCRBY") == 0 && strcmp(outcome->writes[i].arguments[0], member) == 0)
            sum += atoi(outcome->writes[i].arguments[1]);
    return sum;
}

static void merging_frees_the_members_and_asks_the_primary(void **state)
{
    (void)state;
    record_set(message, F_PRIMARY, OTHER);
    record_set(order, F_OBJECTED, "D1");
    record_set(order, F_DEPARTMENT, "D1");
    record_set(order, F_ASSISTING, "D2");
    record_set_int(order, F_HANDED_AT, fixture_now);
    decide(handle_merge);
    assert_true(record_has(outcome_changed(outcome), F_OBJECTED) && !*changed(F_OBJECTED)); /* nothing is to be ruled */
    assert_string_equal(changed(F_STATE), STATE_MERGED);
    assert_string_equal(changed(F_PRIMARY), OTHER);
    assert_true(record_has(outcome_changed(outcome), F_MEMBERS) && !*changed(F_MEMBERS));
    assert_int_equal(load("M1"), -1);
    assert_string_equal(fixture_notified(outcome, "merged_members"), "member:M1 member:M2 department:D1 department:D2");
    assert_int_equal(record_int(outcome_changed(outcome), F_HANDED_AT), 0); /* else it would be the primary's that */
    assert_true(record_has(outcome_changed(outcome), F_HANDED_AT));         /* has it, which nobody handed to them */
    assert_true(record_has(outcome_changed(outcome), F_ASSISTING) && !*changed(F_ASSISTING));
    const struct sending *joined = sent(MSG_ORDER_JOINED, 0);
    assert_non_null(joined);
    assert_string_equal(joined->order, OTHER);
    assert_true(joined->must);
    assert_string_equal(record_str(joined->body, F_SECONDARY), ORDER);
}

static void what_cannot_be_merged_is_refused(void **state)
{
    static const struct {
        const char *primary, *state, *merged, *error;
    } cases[] = {{OTHER, STATE_ANSWERED, "", "state"}, {OTHER, STATE_MERGED, "", "state"},
                 {ORDER, STATE_OPEN, "", "invalid"},   {"990102-000124", STATE_OPEN, "", "invalid"},
                 {"none", STATE_OPEN, "", "invalid"},  {OTHER, STATE_OPEN, THIRD, "state"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        record_set(message, F_PRIMARY, cases[i].primary);
        record_set(order, F_STATE, cases[i].state);
        record_set(order, F_MERGED, cases[i].merged);
        decide(handle_merge);
        assert_string_equal(fixture_error(outcome), cases[i].error);
    }
}

static void a_primary_takes_orders_until_it_is_closed(void **state)
{
    char primary[] = ORDER;
    redisReply cells[] = {{.type = REDIS_REPLY_STRING, .str = (char[]){"ver"}},
                          {.type = REDIS_REPLY_STRING, .str = (char[]){"4"}},
                          {.type = REDIS_REPLY_STRING, .str = (char[]){"state"}},
                          {.type = REDIS_REPLY_STRING, .str = (char[]){STATE_MERGED}},
                          {.type = REDIS_REPLY_STRING, .str = (char[]){"primary"}},
                          {.type = REDIS_REPLY_STRING, .str = primary}};
    redisReply *elements[] = {&cells[0], &cells[1], &cells[2], &cells[3], &cells[4], &cells[5]};
    redisReply hash = {.type = REDIS_REPLY_ARRAY, .elements = 6, .element = elements};
    struct aux third[AUX_MAX] = {{&hash}};
    (void)state;
    record_set(order, F_MERGED, OTHER);
    record_set(message, F_SECONDARY, THIRD);
    decide(handle_joined); /* which has left again, and from Redis, too */
    assert_int_equal(record_count(outcome_changed(outcome)), 0);
    assert_int_equal(outcome_message_count(outcome), 0);

    context.aux = third;
    decide(handle_joined);
    assert_string_equal(outcome->expected.key, "order:" THIRD); /* it counts only while that one does not move */
    assert_int_equal(outcome->expected.value, 4);
    assert_string_equal(changed(F_MERGED), OTHER " " THIRD);
    assert_string_equal(sent(MSG_PRIMARY_STEP, 0)->order, THIRD);
    assert_string_equal(record_str(sent(MSG_PRIMARY_STEP, 0)->body, F_MEMBERS), "M1 M2");
    assert_null(sent(MSG_PRIMARY_STEP, 1)); /* those that are there have nothing to learn from it */

    record_set(order, F_MERGED, OTHER " " THIRD);
    decide(handle_joined); /* taken out and merged again, of which this one hears in the other order */
    assert_false(record_has(outcome_changed(outcome), F_MERGED));
    assert_string_equal(record_str(sent(MSG_PRIMARY_STEP, 0)->body, F_STEP), "joined");
    decide(handle_left);
    assert_null(outcome_step_name(outcome));
    record_set(order, F_MERGED, OTHER);

    record_set(order, F_STATE, STATE_ANSWERED); /* what its answer promised concerns that one, too */
    record_set(order, F_FOLLOWED, "990101-J000034");
    decide(handle_joined);
    assert_string_equal(sent(MSG_ORDER_JOINED, 0)->order, "990101-J000034");
    assert_string_equal(record_str(sent(MSG_ORDER_JOINED, 0)->body, F_SECONDARY), THIRD);
    record_set(order, F_STATE, STATE_CONSULTING); /* it gets another answer */
    decide(handle_joined);
    assert_null(sent(MSG_ORDER_JOINED, 0));

    record_set(order, F_STATE, STATE_CLOSED);
    decide(handle_joined);
    assert_int_equal(record_count(outcome_changed(outcome)), 0);
    assert_string_equal(record_str(sent(MSG_PRIMARY_STEP, 0)->body, F_STEP), "rejected");

    strcpy(primary, OTHER); /* merged into another one meanwhile */
    decide(handle_joined);
    assert_int_equal(outcome_message_count(outcome), 0);
    context.aux = NULL;
}

static void every_word_to_the_resident_goes_to_those_of_the_merged_too(void **state)
{
    (void)state;
    record_set(order, F_MERGED, OTHER " " THIRD);
    record_set(message, F_ACTOR, "member:M1");
    record_set(message, F_OUTCOME, "solved");
    record_set(message, F_ANSWER, "路灯修好了");
    decide(handle_answer);
    for (size_t i = 0; i < 2; i++) {
        const struct sending *step = sent(MSG_PRIMARY_STEP, i);
        assert_string_equal(step->order, i == 0 ? OTHER : THIRD);
        assert_false(step->must); /* one that is closed already holds up nobody */
        assert_string_equal(record_str(step->body, F_STATE), STATE_ANSWERED);
        assert_string_equal(record_str(step->body, F_ANSWER), "路灯修好了");
        assert_string_equal(record_str(step->body, F_TEMPLATE), "answered");
        assert_string_equal(record_str(step->body, F_ACTOR), "member:M1");
    }
    assert_null(sent(MSG_PRIMARY_STEP, 2));

    record_set(order, F_PERSON,
               "somebody"); /* what is asked of one resident, or concerns one order, is no news to all */
    record_set(message, F_QUESTION, "是哪一栋");
    decide(handle_ask);
    assert_string_equal(fixture_notified(outcome, "asked"), "resident");
    assert_null(sent(MSG_PRIMARY_STEP, 0));
    record_set(message, F_SECONDARY, "990101-000126");
    record_set(message, F_TITLE, "垃圾没有人收");
    decide(handle_split);
    assert_null(sent(MSG_PRIMARY_STEP, 0));
}

static void a_deadline_that_moves_is_that_of_all(void **state)
{
    (void)state;
    record_set(order, F_MERGED, OTHER);
    record_set_int(order, F_CLOCK_AT, fixture_now);
    record_set_int(order, F_DUE, fixture_now + FIXTURE_DAY);
    record_set(message, F_CLOCK, "answer");
    record_set_int(message, F_DUE, fixture_now + FIXTURE_DAY);
    county->clocks[0][CLOCK_ANSWER] = (struct span){.ms = 2 * (int64_t)FIXTURE_DAY};
    decide(handle_check);
    const struct sending *step = sent(MSG_PRIMARY_STEP, 0);
    assert_non_null(step);
    assert_string_equal(record_str(step->body, F_STEP), "deadline_moved");
    assert_int_equal(record_int(step->body, F_DUE), fixture_now + 2 * (int64_t)FIXTURE_DAY);
    assert_string_equal(record_str(step->body, F_TEMPLATE), "");
}

/* A step of the primary, as this order hears of it. */
static void hear(const char *step, const char *state)
{
    record_set(message, F_PRIMARY, OTHER);
    record_set(message, F_STEP, step);
    record_set(message, F_STATE, state);
    record_set(message, F_MEMBERS, "M1 M3");
    decide(handle_primary_step);
}

static void a_merged_order_follows_its_primary(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_MERGED);
    record_set(order, F_PRIMARY, OTHER);
    record_set(order, F_MEMBERS, "");
    hear("joined", STATE_OPEN);
    assert_string_equal(changed(F_MEMBERS), "M1 M3");
    assert_string_equal(fixture_notified(outcome, "merged"), "resident");
    assert_int_equal(load("M1"), 0); /* one matter is one load */

    record_set(message, F_TEMPLATE, "assigned_resident");
    hear("assigned", STATE_ASSIGNED);
    assert_string_equal(outcome_step_name(outcome), "assigned");
    assert_string_equal(changed(F_STATE), "");
    assert_string_equal(fixture_notified(outcome, "assigned_resident"), "resident");

    record_set(message, F_OUTCOME, "solved");
    record_set(message, F_ANSWER, "路灯修好了");
    record_set(message, F_ACTOR, "member:M1");
    hear("answered", STATE_ANSWERED);
    assert_string_equal(outcome_actor(outcome), "member:M1");
    assert_string_equal(changed(F_STATE), STATE_ANSWERED);
    assert_string_equal(changed(F_CLOCK), "callback");
    assert_string_equal(fixture_notified(outcome, "answered"), "resident");
    record_set(message, F_ACTOR, "resident");
    hear("joined", STATE_ANSWERED); /* it has the answer already, which is not that of who joins */
    assert_string_equal(outcome_step_name(outcome), "answered");
    assert_string_equal(outcome_actor(outcome), "order:" OTHER);

    record_set(order, F_STATE, STATE_EVALUATED); /* rated: what happens to the primary now is none of its resident's */
    hear("answered", STATE_ANSWERED);
    assert_null(outcome_step_name(outcome));
    record_set(order, F_STATE, STATE_MERGED);
    record_set(order, F_PRIMARY, THIRD); /* it was merged into another meanwhile */
    hear("answered", STATE_ANSWERED);
    assert_null(outcome_step_name(outcome));
}

static void a_dissatisfied_resident_reopens_their_own_order(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_ANSWERED);
    record_set(order, F_PRIMARY, OTHER);
    record_set(message, F_ACTOR, "resident");
    record_set(message, F_RATING, "dissatisfied");
    decide(handle_rate);
    assert_string_equal(changed(F_STATE), STATE_CONSULTING);
    assert_true(record_has(outcome_changed(outcome), F_PRIMARY) && !*changed(F_PRIMARY));
    assert_int_equal(load("M1"), 1);
    assert_string_equal(sent(MSG_ORDER_LEFT, 0)->order, OTHER);

    record_set(order, F_STATE, STATE_EVALUATED); /* a satisfied one's leaves no load behind that was never counted */
    outcome_clear(outcome);
    close_order(&context, order, NULL, outcome);
    assert_int_equal(load("M1"), 0);
    record_set(order, F_PRIMARY, "");
    outcome_clear(outcome);
    close_order(&context, order, NULL, outcome);
    assert_int_equal(load("M1"), -1);
}

static void undoing_brings_it_back_to_the_convener(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_MERGED);
    record_set(order, F_PRIMARY, OTHER);
    record_set(message, F_REASON, "不是同一盏灯");
    decide(handle_unmerge);
    assert_null(fixture_notified(outcome, "screening")); /* the convener did it */
    record_set(message, F_ACTOR, "office:O1");
    decide(handle_unmerge);
    assert_string_equal(changed(F_STATE), STATE_SCREENING);
    assert_string_equal(changed(F_CLOCK), "handover");
    assert_string_equal(fixture_notified(outcome, "screening"), "convener:T1");
    assert_string_equal(fixture_notified(outcome, "unmerged"), "resident");
    assert_string_equal(sent(MSG_ORDER_LEFT, 0)->order, OTHER);
    assert_int_equal(load("M1"), 0);

    hear("rejected", STATE_CLOSED); /* by the primary: its resident never heard that it was merged */
    assert_string_equal(changed(F_STATE), STATE_SCREENING);
    assert_null(fixture_notified(outcome, "unmerged"));

    record_set(order, F_STATE, STATE_ANSWERED);
    decide(handle_unmerge);
    assert_string_equal(fixture_error(outcome), "state");
}

static void a_primary_forgets_who_left(void **state)
{
    (void)state;
    record_set(order, F_MERGED, OTHER " " THIRD);
    record_set(message, F_SECONDARY, OTHER);
    decide(handle_left);
    assert_string_equal(changed(F_MERGED), THIRD);
    record_set(order, F_STATE, STATE_CLOSED); /* a case is not touched any more */
    decide(handle_left);
    assert_null(outcome_step_name(outcome));
}

static void only_the_owner_splits_and_only_before_the_answer(void **state)
{
    (void)state;
    record_set(message, F_SECONDARY, OTHER);
    record_set(message, F_TITLE, "垃圾没有人收");
    decide(handle_split);
    assert_string_equal(outcome_step_name(outcome), "split");
    assert_string_equal(fixture_notified(outcome, "split"), "resident");
    record_set(order, F_STATE, STATE_SCREENING); /* routing's */
    decide(handle_split);
    assert_int_equal(outcome_verdict(outcome), VERDICT_LATER);
    record_set(order, F_STATE, STATE_ANSWERED);
    decide(handle_split);
    assert_string_equal(fixture_error(outcome), "state");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(merging_frees_the_members_and_asks_the_primary, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_merged_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_primary_takes_orders_until_it_is_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_word_to_the_resident_goes_to_those_of_the_merged_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_deadline_that_moves_is_that_of_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_merged_order_follows_its_primary, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_dissatisfied_resident_reopens_their_own_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(undoing_brings_it_back_to_the_convener, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_primary_forgets_who_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_the_owner_splits_and_only_before_the_answer, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
