// links: services/assignment
/*
 * test_passing.c - an order goes from one member to another: who declines it, who is absent, who is silent.
 */
#include "tests/unit/assignment_fixture.h"

#include "common/job.h"
#include "common/text.h"

/* M1 and M2 of three in the group have the order. */
static int set_up(void **state)
{
    (void)state;
    begin(STATE_ASSIGNED, 5, "answer");
    record_set_int(order, F_DUE, fixture_now + FIXTURE_DAY);
    record_set_int(order, F_PLACES, 2);
    record_set(order, F_MEMBERS, "M1 M2");
    record_set(message, F_ACTOR, "member:M1");
    record_set(message, F_REASON, "与我单位有关");
    return county ? 0 : -1;
}

static void decide(handler_fn *handler)
{
    handle(handler);
    if (outcome_verdict(outcome) == VERDICT_OK)
        note_seen(&context, order, outcome);
}

/* The hashes load and absences, of which the first is empty. values: of the second, field and value in turn. */
static struct aux *away(const char *const values[], size_t count)
{
    static redisReply cells[8], *elements[8], none, hash;
    static struct aux aux[AUX_MAX];
    for (size_t i = 0; i < count; i++) {
        cells[i] = (redisReply){.type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)values[i]};
        elements[i] = &cells[i];
    }
    none = (redisReply){.type = REDIS_REPLY_ARRAY};
    hash = (redisReply){.type = REDIS_REPLY_ARRAY, .elements = count, .element = elements};
    aux[0] = (struct aux){&none};
    aux[1] = (struct aux){&hash};
    return aux;
}

static void who_declines_gives_way_to_the_next(void **state)
{
    (void)state;
    decide(handle_decline);
    assert_string_equal(outcome_step_name(outcome), "declined");
    assert_string_equal(outcome->note, "与我单位有关; chosen: M3 (load 0); not chosen: M1 (declined)");
    assert_string_equal(changed(F_MEMBERS), "M2 M3");
    assert_string_equal(changed(F_DECLINED), "M1");
    assert_false(record_has(outcome_changed(outcome), F_STATE));
    assert_false(record_has(outcome_changed(outcome), F_DUE)); /* the resident has waited since the first assignment */
    assert_int_equal(load_of("M1"), -1);
    assert_int_equal(load_of("M2"), 0);
    assert_int_equal(load_of("M3"), 1);
    assert_string_equal(fixture_notified(outcome, "assigned"), "member:M3");
    assert_string_equal(fixture_notified(outcome, "reassigned"), "member:M2");
    assert_null(fixture_notified(outcome, "unfilled"));
    apply();

    decide(handle_decline); /* it is not theirs any more */
    assert_string_equal(fixture_error(outcome), "forbidden");
    record_set(message, F_ACTOR, "member:M3");
    decide(handle_decline); /* not back to M1, who declined it: nobody is left */
    assert_string_equal(changed(F_MEMBERS), "M2");
    assert_string_equal(changed(F_DECLINED), "M1 M3");
    assert_string_equal(fixture_notified(outcome, "assigned"), "");
    assert_string_equal(fixture_notified(outcome, "unfilled"), "convener:T1");
    apply();
    record_set(message, F_ACTOR, "member:M2");
    decide(handle_decline);
    assert_string_equal(changed(F_MEMBERS), "");
    assert_string_equal(fixture_notified(outcome, "unfilled"), "convener:T1");
}

/* Who is new is asked to confirm, so they hear of it as everybody does who is given an order. */
static void the_convener_gives_it_to_others(void **state)
{
    (void)state;
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_MEMBERS, "M2 M3");
    for (int open = 0; open < 2; open++) {
        record_set(order, F_STATE, open ? STATE_OPEN : STATE_ASSIGNED);
        decide(handle_reassign);
        assert_string_equal(outcome_step_name(outcome), "reassigned");
        assert_string_equal(changed(F_MEMBERS), "M2 M3");
        assert_string_equal(fixture_notified(outcome, "passed_on"), "member:M1");
        assert_string_equal(fixture_notified(outcome, "assigned"), open ? "member:M2 member:M3" : "member:M3");
        assert_int_equal(load_of("M1"), -1);
        assert_int_equal(load_of("M3"), 1);
        if (!open) {
            assert_string_equal(fixture_notified(outcome, "reassigned"), "member:M2");
            assert_string_equal(record_str(fixture_notice(outcome, "reassigned"), F_REASON), "与我单位有关");
        }
    }
    record_set(order, F_STATE, STATE_ASSIGNED); /* all who had it have given it back */
    record_set(order, F_MEMBERS, "");
    decide(handle_reassign);
    assert_string_equal(fixture_notified(outcome, "assigned_resident"), "resident");
}

static void while_it_is_open_the_place_is_free_again(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_OPEN);
    record_set(order, F_MEMBERS, "M1");
    decide(handle_decline);
    assert_string_equal(changed(F_MEMBERS), "");
    assert_string_equal(changed(F_DECLINED), "M1");
    assert_int_equal(load_of("M1"), -1);
    assert_int_equal(outcome_message_count(outcome), 0);
    apply();
    record_set(message, F_CLOCK, "claim"); /* the window ends: others are chosen */
    decide(handle_clock);
    assert_string_equal(changed(F_MEMBERS), "M2 M3");
}

static void who_may_decline(void **state)
{
    static const struct {
        const char *state, *actor, *reason, *error;
    } refused[] = {{STATE_ANSWERED, "member:M1", "忙", "state"},
                   {STATE_ASSIGNED, "member:M3", "忙", "forbidden"},
                   {STATE_ASSIGNED, "office:O1", "忙", "invalid"},
                   {STATE_ASSIGNED, "member:M1", "", "invalid"}};
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        record_set(order, F_STATE, refused[i].state);
        record_set(message, F_ACTOR, refused[i].actor);
        record_set(message, F_REASON, refused[i].reason);
        decide(handle_decline);
        assert_string_equal(fixture_error(outcome), refused[i].error);
    }
}

/* M1 from an hour ago to in an hour; M3 yesterday. */
static const char *const absences[] = {"M1/1795395600000", "1795402800000", "M3/1795312800000", "1795399200000"};

static void who_is_absent_gets_no_order(void **state)
{
    static const struct {
        const char *member;
        int64_t after;
        bool absent;
    } cases[] = {{"M1", -3600001, false}, {"M1", -3600000, true}, {"M1", 3599999, true}, {"M1", 3600000, false},
                 {"M3", 0, false},        {"M3", -1, true},       {"M", 0, false},       {"M2", 0, false}};
    struct aux *aux = away(absences, 4);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(is_absent(&aux[1], cases[i].member, fixture_now + cases[i].after), cases[i].absent);

    struct choice choice;
    context.aux = aux;
    choose(&context, order, "", 3, &choice);
    assert_string_equal(choice.members, "M2 M3");
    assert_non_null(strstr(choice.why, "; not chosen: M1 (absent)"));

    context.aux = &aux[1]; /* of these handlers it is the only hash */
    record_set(order, F_STATE, STATE_OPEN);
    record_set(order, F_MEMBERS, "");
    record_set(message, F_MEMBER, "M1");
    decide(handle_claim);
    assert_string_equal(fixture_error(outcome), "absent");
    decide(handle_replied);
    assert_string_equal(fixture_notified(outcome, "claim_refused"), "member:M1");
    record_set(message, F_MEMBERS, "M2 M1");
    decide(handle_reassign);
    assert_string_equal(fixture_error(outcome), "absent");
    record_unset(message, F_MEMBERS);
    record_set(message, F_MEMBER, "M2");
    decide(handle_claim);
    assert_string_equal(fixture_error(outcome), "");
}

static void orders_of_who_is_absent_go_to_the_next_once(void **state)
{
    (void)state;
    record_set(message, F_MEMBER, "M1");
    decide(handle_hand_on); /* nobody is absent */
    assert_null(outcome_step_name(outcome));
    context.aux = away(absences, 4);
    record_set(order, F_STATE, STATE_ANSWERED);
    decide(handle_hand_on); /* there is nothing left to do */
    assert_null(outcome_step_name(outcome));
    record_set(order, F_STATE, STATE_CONSULTING);
    decide(handle_hand_on);
    assert_string_equal(outcome_step_name(outcome), "handed_on");
    assert_string_equal(changed(F_MEMBERS), "M2 M3");
    assert_false(record_has(outcome_changed(outcome), F_DECLINED)); /* it may come back another time */
    assert_string_equal(fixture_notified(outcome, "passed_on"), "member:M1");
    assert_string_equal(fixture_notified(outcome, "assigned"), "member:M3");
    apply();
    decide(handle_hand_on); /* another instance has looked, too */
    assert_null(outcome_step_name(outcome));
    assert_int_equal(outcome_message_count(outcome), 0);
}

static void an_absence_is_looked_at_until_it_ends(void **state)
{
    (void)state;
    context.aux = &away(absences, 4)[1];
    record_set(message, F_MEMBER, "M1");
    record_set_int(message, F_START, 1795395600000);
    decide(handle_absence_due);
    assert_string_equal(outcome->writes[0].command, "ZADD");
    assert_string_equal(outcome->writes[0].arguments[0], "1795399260000"); /* in a minute */
    context.now = 1795402790000;
    decide(handle_absence_due);
    assert_string_equal(outcome->writes[0].arguments[0], "1795402800000"); /* at its end */
    context.now = 1795402800000;
    decide(handle_absence_due);
    assert_string_equal(outcome->writes[0].command, "HDEL");
    assert_string_equal(outcome->writes[1].command, "ZREM");
}

static void what_may_be_entered(void **state)
{
    static const struct {
        const char *member;
        int64_t start, end;
        const char *error, *id;
    } cases[] = {
        {"M9", 0, fixture_now + 1, "invalid", NULL},
        {"M1", 0, fixture_now, "invalid", NULL},
        {"M1", fixture_now + 2, fixture_now + 1, "invalid", NULL},
        {"M1", 0, fixture_now + 401 * (int64_t)FIXTURE_DAY, "invalid", NULL},
        {"M1", 0, fixture_now + 1, "", "M1/1795399200000"},
        {"M1", fixture_now - 5, fixture_now + 1, "", "M1/1795399200000"},
        {"M1", fixture_now + 5, fixture_now + 1001, "", "M1/1795399201000"}, /* to the second */
        {"M1", fixture_now + 5, fixture_now + 1000, "invalid", NULL},
    };
    (void)state;
    record_set(message, F_NOTE, "住院");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        record_set(message, F_MEMBER, cases[i].member);
        record_set_int(message, F_START, cases[i].start);
        record_set_int(message, F_END, cases[i].end);
        decide(handle_enter_absence);
        assert_string_equal(fixture_error(outcome), cases[i].error);
        if (!cases[i].id)
            continue;
        assert_string_equal(outcome->writes[0].key, ABSENCES_KEY);
        assert_string_equal(outcome->writes[0].arguments[0], cases[i].id);
        assert_null(strstr(outcome->writes[0].arguments[1], "住院")); /* sealed */
        const char *kept[] = {outcome->writes[0].arguments[0], outcome->writes[0].arguments[1]};
        struct outcome *listed = outcome_new();
        enum message_type type;
        context.aux = &away(kept, 2)[1];
        handle_list_absences(&context, order, message, listed);
        const struct record *row = record_row(outcome_answer(listed, &type), F_ROWS, 0);
        assert_string_equal(record_str(row, F_NOTE), "住院");
        assert_int_equal(record_int(row, F_END), cases[i].end);
        outcome_destroy(&listed);
    }
}

/* The county gives a day to confirm; M1 and M2 were given the order an hour ago. */
static void let_them_confirm(void)
{
    county->clocks[0][CLOCK_CONFIRM] = (struct span){.ms = FIXTURE_DAY};
    record_printf(order, F_UNSEEN, "M1/%lld M2/%lld", (long long)fixture_now - 3600000,
                  (long long)fixture_now - 3600000);
    record_set(message, F_CLOCK, "confirm");
}

static const char *const confirm_entry = "990101-000123|confirm|0";

static const char *entry_score(const char *command)
{
    for (size_t i = outcome->write_count; i-- > 0;) {
        const struct write *write = &outcome->writes[i];
        if (strcmp(write->command, command) == 0 &&
            strcmp(write->arguments[write->argument_count - 1], confirm_entry) == 0)
            return write->arguments[0];
    }
    return "";
}

static void whatever_a_member_does_shows_that_they_have_seen_it(void **state)
{
    (void)state;
    let_them_confirm();
    decide(handle_confirm);
    assert_string_equal(outcome_step_name(outcome), "confirmed");
    assert_string_equal(changed(F_UNSEEN), "M2/1795395600000");
    assert_string_equal(entry_score("ZADD"), "1795482000000");
    apply();
    decide(handle_confirm); /* again: nothing happens */
    assert_null(outcome_step_name(outcome));
    assert_int_equal(outcome_verdict(outcome), VERDICT_OK);

    record_set(message, F_ACTOR, "member:M2");
    record_set(message, F_QUESTION, "是哪一栋");
    record_set(order, F_PERSON, "0123456789abcdef");
    decide(handle_ask);
    assert_true(record_has(outcome_changed(outcome), F_UNSEEN));
    assert_string_equal(changed(F_UNSEEN), "");
    assert_string_equal(entry_score("ZREM"), confirm_entry);

    record_set(message, F_ACTOR, "member:M3"); /* does not have it */
    decide(handle_confirm);
    assert_string_equal(fixture_error(outcome), "forbidden");
    record_set(message, F_ACTOR, "office:O1");
    decide(handle_confirm);
    assert_string_equal(fixture_error(outcome), "invalid");
}

static void nobody_has_to_confirm_what_is_answered(void **state)
{
    (void)state;
    let_them_confirm();
    record_set(message, F_OUTCOME, "solved");
    record_set(message, F_ANSWER, "修好了");
    decide(handle_answer);
    assert_string_equal(outcome_step_name(outcome), "answered");
    assert_true(record_has(outcome_changed(outcome), F_UNSEEN));
    assert_string_equal(changed(F_UNSEEN), ""); /* of M2 neither */
    assert_string_equal(entry_score("ZREM"), confirm_entry);
}

static void a_reply_by_sms_confirms(void **state)
{
    (void)state;
    let_them_confirm();
    record_set(message, F_MEMBER, "M1");
    decide(handle_replied);
    assert_string_equal(outcome_step_name(outcome), "confirmed");
    assert_string_equal(changed(F_UNSEEN), "M2/1795395600000");
    assert_string_equal(fixture_notified(outcome, "claimed"), "member:M1");
    apply();
    decide(handle_replied);
    assert_null(outcome_step_name(outcome));
    assert_string_equal(fixture_notified(outcome, "claimed"), "member:M1");
}

static void who_is_silent_loses_it_to_the_next(void **state)
{
    (void)state;
    let_them_confirm();
    decide(handle_clock); /* not yet */
    assert_null(outcome_step_name(outcome));
    assert_string_equal(entry_score("ZADD"), "1795482000000");

    context.now = 1795482000000;
    decide(handle_clock); /* one is left in the group: M1 gives way, M2 keeps it */
    assert_string_equal(outcome_step_name(outcome), "passed_over");
    assert_string_equal(changed(F_MEMBERS), "M2 M3");
    assert_string_equal(changed(F_DECLINED), "M1");
    assert_string_equal(changed(F_UNSEEN), "M3/1795482000000"); /* whose time begins now; M2's is over */
    assert_string_equal(fixture_notified(outcome, "passed_on"), "member:M1");
    assert_string_equal(fixture_notified(outcome, "assigned"), "member:M3");
    assert_string_equal(fixture_notified(outcome, "silent"), "convener:T1");
    assert_string_equal(record_str(fixture_notice(outcome, "silent"), F_MEMBERS), "M2"); /* not who was replaced */
    assert_string_equal(entry_score("ZADD"), "1795568400000");
    apply();
    decide(handle_clock); /* another instance saw the same entry */
    assert_null(outcome_step_name(outcome));

    context.now = 1795568400000;
    decide(handle_clock); /* nobody is left: M3 keeps it, and the convener hears of it once */
    assert_string_equal(outcome_step_name(outcome), "silent");
    assert_false(record_has(outcome_changed(outcome), F_MEMBERS));
    assert_string_equal(changed(F_UNSEEN), "");
    assert_string_equal(fixture_notified(outcome, "silent"), "convener:T1");
    assert_string_equal(record_str(fixture_notice(outcome, "silent"), F_MEMBERS), "M3");
    assert_string_equal(entry_score("ZREM"), confirm_entry);
}

/* Given by the leader while others may still claim: the place is free again. */
static void who_is_silent_loses_an_open_order_too(void **state)
{
    (void)state;
    let_them_confirm();
    record_set(order, F_STATE, STATE_OPEN);
    context.now = 1795482000000;
    decide(handle_clock);
    assert_string_equal(outcome_step_name(outcome), "passed_over");
    assert_string_equal(changed(F_MEMBERS), "M2");
    assert_string_equal(fixture_notified(outcome, "passed_on"), "member:M1");
}

static void silence_counts_where_the_county_says_so_and_at_work_alone(void **state)
{
    (void)state;
    let_them_confirm();
    context.now = 1795482000000;
    county->clocks[0][CLOCK_CONFIRM] = (struct span){0};
    decide(handle_clock);
    assert_null(outcome_step_name(outcome));
    assert_string_equal(entry_score("ZREM"), confirm_entry);

    county->clocks[0][CLOCK_CONFIRM] = (struct span){.ms = 12 * INT64_C(3600000)}; /* 21:00 */
    county->work_start = 9 * 60;
    county->work_end = 17 * 60;
    assert_int_equal(confirmation_end(county, order), 1795395600000 + FIXTURE_DAY); /* the next morning */
}

static void who_is_given_it_has_to_confirm(void **state)
{
    (void)state;
    record_set(message, F_MEMBERS, "M2 M3");
    decide(handle_reassign);
    assert_string_equal(changed(F_UNSEEN), "M3/1795399200000"); /* M2 had it before */
    record_set(order, F_STATE, STATE_OPEN);
    record_set(order, F_MEMBERS, "");
    record_unset(message, F_MEMBERS);
    record_set(message, F_MEMBER, "M2");
    decide(handle_claim);
    assert_string_equal(changed(F_UNSEEN), ""); /* who claims has seen it */
    record_set(message, F_VIA, "member:M1");
    decide(handle_claim);
    assert_string_equal(changed(F_UNSEEN), "M2/1795399200000");
}

static void a_leader_claims_for_several(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_OPEN);
    record_set(order, F_MEMBERS, "");
    record_set(message, F_VIA, "member:M1");
    record_set(message, F_MEMBER, "M2");
    record_set(message, F_MEMBERS, "M2 M4");
    decide(handle_claim); /* all or none */
    assert_string_equal(fixture_error(outcome), "forbidden");
    record_set(message, F_MEMBERS, "M1 M2 M3");
    decide(handle_claim);
    assert_string_equal(fixture_error(outcome), "full");
    record_set(message, F_MEMBERS, "M2 M3 M2");
    decide(handle_claim);
    assert_string_equal(outcome_actor(outcome), "member:M1");
    assert_string_equal(outcome->note, "M2 M3");
    assert_string_equal(changed(F_MEMBERS), "M2 M3");
    assert_string_equal(changed(F_STATE), STATE_ASSIGNED);
    assert_int_equal(load_of("M2"), 1);
    assert_int_equal(load_of("M3"), 1);
    assert_string_equal(fixture_notified(outcome, "claimed"), "member:M2 member:M3");
    apply();
    decide(handle_claim);
    assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
    assert_null(outcome_step_name(outcome));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(who_declines_gives_way_to_the_next),
        TEST(the_convener_gives_it_to_others),
        TEST(while_it_is_open_the_place_is_free_again),
        TEST(who_may_decline),
        TEST(who_is_absent_gets_no_order),
        TEST(orders_of_who_is_absent_go_to_the_next_once),
        TEST(an_absence_is_looked_at_until_it_ends),
        TEST(what_may_be_entered),
        TEST(whatever_a_member_does_shows_that_they_have_seen_it),
        TEST(nobody_has_to_confirm_what_is_answered),
        TEST(a_reply_by_sms_confirms),
        TEST(who_is_silent_loses_it_to_the_next),
        TEST(who_is_silent_loses_an_open_order_too),
        TEST(silence_counts_where_the_county_says_so_and_at_work_alone),
        TEST(who_is_given_it_has_to_confirm),
        TEST(a_leader_claims_for_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
