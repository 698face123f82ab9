/*
 * test_meetings.c - the handlers of meetings and visits.
 */
// links: services/assignment
#include "tests/unit/assignment_fixture.h"

#include "common/contact.h"
#include "common/resident.h"

enum { HOUR_MS = 3600000 };

#define NUMBER "990101-H000012"

/* A meeting that M1 called for the day after tomorrow at ten, to which M2, D1 and a resident are invited. */
static int set_up(void **state)
{
    (void)state;
    begin(STATE_CALLED, 1, "");
    context.order_id = NUMBER;
    record_set(order, F_HOST, "member:M1");
    record_set(order, F_TITLE, "路灯怎么修");
    record_set(order, F_PLACE, "会议室");
    record_set_int(order, F_MEETS_AT, fixture_now + 2 * (int64_t)FIXTURE_DAY);
    record_set(order, F_ABOUT, "990101-000123");
    record_set(order, F_INVITED, "member:M1 member:M2 department:D1 resident:990101-000123");
    record_set(order, F_COMING, "member:M1");
    record_set(message, F_ACTOR, "member:M1");
    return 0;
}

/* The messages of the outcome that tell somebody with a template, about the meeting or about an order. */
static size_t count_told(const char *template, const char *about)
{
    size_t count = 0;
    for (size_t i = 0; i < outcome->message_count; i++) {
        const struct sending *sending = &outcome->messages[i];
        const char *of = sending->order ? sending->order : NUMBER;
        count +=
            sending->type == MSG_NOTIFY && record_is(sending->body, F_TEMPLATE, template) && strcmp(of, about) == 0;
    }
    return count;
}

/* The write of the outcome with this command and last argument; NULL when there is none. */
static const struct write *find_write(const char *command, const char *last)
{
    for (size_t i = 0; i < outcome->write_count; i++) {
        const struct write *write = &outcome->writes[i];
        if (strcmp(write->command, command) == 0 && strcmp(write->arguments[write->argument_count - 1], last) == 0)
            return write;
    }
    return NULL;
}

static bool waits_for(const char *phone, const char *command)
{
    char person[VAULT_DIGEST_SIZE], key[ASKED_KEY_SIZE];
    contact_person(county->vault, phone, person);
    asked_key(key, person);
    for (size_t i = 0; i < outcome->write_count; i++)
        if (strcmp(outcome->writes[i].command, command) == 0 && outcome->writes[i].key &&
            strcmp(outcome->writes[i].key, key) == 0)
            return true;
    return false;
}

static void a_meeting_is_called(void **state)
{
    (void)state;
    record_clear(order);
    record_set(message, F_KIND, "micro");
    record_set(message, F_TITLE, "路灯怎么修");
    record_set(message, F_PLACE, "会议室");
    record_set_int(message, F_MEETS_AT, fixture_now + 2 * (int64_t)FIXTURE_DAY);
    record_set(message, F_ABOUT, "990101-000123");
    record_set(message, F_INVITED, "group:G1 department:D1 resident:990101-000123 convener:T2 committee:K1");
    handle(handle_call_meeting);
    assert_string_equal(fixture_error(outcome), "");
    assert_string_equal(changed(F_STATE), STATE_CALLED);
    assert_string_equal(changed(F_HOST), "member:M1");
    assert_string_equal(changed(F_INVITED),
                        "member:M1 member:M2 member:M3 department:D1 resident:990101-000123 convener:T2 committee:K1");
    assert_string_equal(changed(F_COMING), "member:M1"); /* who calls it is there */
    assert_string_equal(fixture_notified(outcome, "meeting_invited"), "resident");
    assert_int_equal(count_told("meeting_invited", "990101-000123"), 1);
    assert_int_equal(count_told("meeting_invited", NUMBER), 1);
    assert_true(waits_for("10000004002", "ZADD"));
    assert_true(waits_for("10000003001", "ZADD"));
    assert_true(waits_for("10000001002", "ZADD"));
    assert_true(waits_for("10000002001", "ZADD"));
    assert_false(waits_for("10000004001", "ZADD"));
    const struct write *entry = find_write("ZADD", NUMBER "|meeting|0");
    assert_non_null(entry);
    /* The midnight before tomorrow: the fixture's county is always at work. 2026-11-24T00:00:00+08:00. */
    assert_string_equal(entry->arguments[0], "1795449600000");
    assert_string_equal(changed(F_CLOCK), "");

    record_set_int(message, F_MEETS_AT, fixture_now + HOUR_MS);
    handle(handle_call_meeting);
    assert_null(find_write("ZADD", NUMBER "|meeting|0")); /* they have just been told */
    assert_non_null(find_write("ZREM", NUMBER "|meeting|0"));
    assert_string_equal(changed(F_CLOCK), "conclude");
    assert_int_equal(record_int(outcome_changed(outcome), F_CLOCK_AT), fixture_now + HOUR_MS);
    assert_non_null(find_write("ZADD", NUMBER "|conclude|0"));
}

static void a_meeting_is_what_it_should_be(void **state)
{
    (void)state;
    static const struct {
        enum field field;
        const char *value, *wrong;
    } rows[] = {{F_KIND, "party", "kind"},
                {F_TITLE, " ", "title"},
                {F_PLACE, "", "place"},
                {F_INVITED, "member:M9", "invited"},
                {F_INVITED, "group:G9", "invited"},
                {F_INVITED, "department:D9", "invited"},
                {F_INVITED, "convener:T9", "invited"},
                {F_INVITED, "office:O1", "invited"},
                {F_INVITED, "resident:990101-000124", "invited"}, /* it is not about that order */
                {F_INVITED, "M1", "invited"}};
    record_clear(order);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        record_set(message, F_KIND, "online");
        record_set(message, F_TITLE, "路灯怎么修");
        record_set(message, F_PLACE, "https://meet.example.cn/1");
        record_set(message, F_ABOUT, "990101-000123");
        record_set(message, F_INVITED, "");
        record_set_int(message, F_MEETS_AT, fixture_now + 1);
        handle(handle_call_meeting);
        assert_string_equal(fixture_error(outcome), "");
        record_set(message, rows[i].field, rows[i].value);
        handle(handle_call_meeting);
        assert_string_equal(fixture_error(outcome), "invalid");
        assert_string_equal(record_str(outcome_answer(outcome, &(enum message_type){0}), F_FIELD), rows[i].wrong);
    }
    record_set(message, F_INVITED, "");
    record_set_int(message, F_MEETS_AT, fixture_now);
    handle(handle_call_meeting);
    assert_string_equal(fixture_error(outcome), "invalid");
}

/* Several hundred members are told in several notices. */
static void a_large_meeting_is_told_to_all(void **state)
{
    (void)state;
    char invited[400] = "";
    for (int i = 0; i < 23; i++)
        snprintf(invited + strlen(invited), sizeof invited - strlen(invited), "%smember:X%d", i ? " " : "", i);
    record_set(order, F_INVITED, invited);
    record_set(message, F_REASON, "下雨");
    handle(handle_cancel_meeting);
    assert_int_equal(count_told("meeting_cancelled", NUMBER), 3);
}

static void who_is_invited_answers(void **state)
{
    (void)state;
    record_set(message, F_ACTOR, "member:M2");
    record_set(message, F_WHO, "member:M2");
    record_set(message, F_REPLY, "excused");
    handle(handle_answer_invitation);
    assert_string_equal(fixture_error(outcome), "invalid"); /* without a reason */
    record_set(message, F_REASON, "出差");
    record_set(message, F_VIA, VIA_SMS);
    handle(handle_answer_invitation);
    assert_string_equal(outcome_step_name(outcome), "invitation_answered");
    assert_string_equal(changed(F_EXCUSED), "member:M2");
    assert_string_equal(changed(F_WHO), "member:M2");
    assert_string_equal(changed(F_REPLY), "excused");
    assert_string_equal(changed(F_REASON), ""); /* a note of the step: not for all who see the meeting */
    assert_string_equal(outcome->note, "出差");
    assert_string_equal(fixture_notified(outcome, "meeting_taken"), "member:M2");

    record_set(order, F_EXCUSED, "member:M2");
    record_set(message, F_REPLY, "comes");
    handle(handle_answer_invitation);
    assert_string_equal(changed(F_EXCUSED), "");
    assert_string_equal(changed(F_COMING), "member:M1 member:M2");

    record_set(order, F_COMING, "member:M1 member:M2");
    handle(handle_answer_invitation);
    assert_null(outcome_step_name(outcome)); /* it is known */

    record_set(message, F_REPLY, "perhaps");
    handle(handle_answer_invitation);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set(message, F_REPLY, "comes");
    record_set(message, F_WHO, "member:M3");
    handle(handle_answer_invitation);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set(message, F_WHO, "member:M2");
    record_set(order, F_STATE, STATE_HELD);
    handle(handle_answer_invitation);
    assert_string_equal(fixture_error(outcome), "state");
}

static void another_time_asks_anew(void **state)
{
    (void)state;
    record_set(order, F_EXCUSED, "member:M2");
    record_set(order, F_CLOCK, "conclude");
    record_set_int(order, F_RUNG, 1);
    record_set_int(message, F_MEETS_AT, fixture_now + 3 * (int64_t)FIXTURE_DAY);
    handle(handle_move_meeting);
    assert_string_equal(fixture_error(outcome), "invalid"); /* without a reason */
    record_set(message, F_REASON, "下雨");
    handle(handle_move_meeting);
    assert_string_equal(changed(F_COMING), "member:M1");
    assert_true(record_has(outcome_changed(outcome), F_EXCUSED));
    assert_string_equal(changed(F_EXCUSED), "");
    assert_int_equal(record_int(outcome_changed(outcome), F_RUNG), 0);
    assert_string_equal(changed(F_CLOCK), "");
    assert_non_null(find_write("ZREM", NUMBER "|conclude|1"));
    assert_string_equal(find_write("ZADD", NUMBER "|meeting|0")->arguments[0], "1795536000000");
    assert_int_equal(count_told("meeting_moved", "990101-000123"), 1);
    assert_true(waits_for("10000004002", "ZADD"));

    handle(handle_cancel_meeting);
    assert_string_equal(changed(F_STATE), STATE_CANCELLED);
    assert_int_equal(count_told("meeting_cancelled", "990101-000123"), 1);
    assert_true(waits_for("10000004002", "ZREM"));
    assert_non_null(find_write("ZREM", NUMBER "|meeting|0"));
    assert_non_null(find_write("ZREM", NUMBER "|conclude|1"));
}

static void the_reminder_comes_once(void **state)
{
    (void)state;
    record_set(order, F_EXCUSED, "department:D1");
    record_set(message, F_CLOCK, CLOCK_MEETING);
    handle(handle_clock); /* it was moved to later meanwhile */
    assert_null(outcome_step_name(outcome));
    assert_non_null(find_write("ZADD", NUMBER "|meeting|0"));
    context.now = record_int(order, F_MEETS_AT) - 3600000;
    handle(handle_clock);
    assert_string_equal(outcome_step_name(outcome), "reminded");
    assert_string_equal(fixture_notified(outcome, "meeting_reminder"), "resident");
    assert_int_equal(count_told("meeting_reminder", NUMBER), 1);
    for (size_t i = 0; i < outcome->message_count; i++)
        assert_null(strstr(record_str(outcome->messages[i].body, F_RECIPIENTS), "department:D1"));
    assert_string_equal(changed(F_CLOCK), "conclude"); /* until it is held */
    record_set(order, F_CLOCK, "conclude");
    handle(handle_clock);
    assert_null(outcome_step_name(outcome));
    record_set(order, F_CLOCK, "");
    record_set(order, F_STATE, STATE_CANCELLED);
    handle(handle_clock);
    assert_null(outcome_step_name(outcome));
    assert_non_null(find_write("ZREM", NUMBER "|meeting|0"));
}

/* Its host is told, then the convener; or the office, where the convener has been told already. */
static void a_meeting_that_nobody_holds_is_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *host, *told[MATTER_RUNGS];
    } rows[] = {{"member:M1", {"member:M1", "convener:T1"}},
                {"convener:T1", {"convener:T1", "office"}},
                {"convener:T2", {"convener:T2", "convener:T1"}},
                {"office:O1", {"office:O1", "convener:T1"}},
                {"key:desk", {"convener:T1", "office"}}};
    record_set(order, F_CLOCK, "conclude");
    record_set_int(order, F_CLOCK_AT, fixture_now - 5 * (int64_t)FIXTURE_DAY);
    record_set_int(order, F_DUE, fixture_now - (int64_t)FIXTURE_DAY);
    record_set(message, F_CLOCK, "conclude");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int rung = 0; rung < MATTER_RUNGS; rung++) {
            record_set(order, F_HOST, rows[i].host);
            record_set_int(order, F_RUNG, rung);
            record_set_int(message, F_RUNG, rung);
            handle(handle_clock);
            assert_string_equal(outcome_step_name(outcome), rung == 0 ? "reminded" : "escalated");
            assert_string_equal(fixture_notified(outcome, rung == 0 ? "reminder" : "escalated"), rows[i].told[rung]);
        }
    assert_null(find_write("ZADD", NUMBER "|conclude|2")); /* there is no third */
}

static void who_is_there_signs_in_once(void **state)
{
    (void)state;
    record_set(message, F_WHO, "member:M2");
    handle(handle_attend);
    assert_string_equal(fixture_error(outcome), "state"); /* two days before */
    record_set_int(order, F_MEETS_AT, fixture_now + HOUR_MS / 2);
    handle(handle_attend);
    assert_string_equal(outcome_step_name(outcome), "signed_in");
    assert_string_equal(changed(F_PRESENT), "member:M2");
    assert_string_equal(changed(F_WHO), "member:M2");
    assert_string_equal(outcome_actor(outcome), "member:M1"); /* by hand, as the step says */
    record_set(order, F_PRESENT, "member:M2");
    handle(handle_attend);
    assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
    assert_null(outcome_step_name(outcome));
    record_set(message, F_WHO, "member:M3");
    handle(handle_attend);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set(message, F_WHO, "member:M1");
    record_set(order, F_STATE, STATE_CLOSED);
    handle(handle_attend);
    assert_string_equal(fixture_error(outcome), "state");
}

static void minutes_end_it(void **state)
{
    (void)state;
    record_set(message, F_MINUTES, "同意");
    handle(handle_hold_meeting);
    assert_string_equal(fixture_error(outcome), "state"); /* it has not begun */
    record_set_int(order, F_MEETS_AT, fixture_now);
    handle(handle_hold_meeting);
    assert_string_equal(changed(F_STATE), STATE_HELD);
    assert_string_equal(changed(F_PRESENT), "member:M1"); /* the host, whom nobody signs in */
    assert_true(waits_for("10000004002", "ZREM"));
    assert_string_equal(changed(F_CLOCK), "conclude"); /* until it is closed */
    handle(handle_close_meeting);
    assert_string_equal(fixture_error(outcome), "state");
    record_set(order, F_STATE, STATE_HELD);
    record_set(order, F_CLOCK, "conclude");
    handle(handle_hold_meeting);
    assert_false(record_has(outcome_changed(outcome), F_CLOCK)); /* other minutes give no more time */
    handle(handle_close_meeting);
    assert_string_equal(changed(F_STATE), STATE_CLOSED);
    assert_true(record_has(outcome_changed(outcome), F_CLOCK));
    assert_string_equal(changed(F_CLOCK), "");
}

static void a_visit_names_members_and_what_it_brought(void **state)
{
    (void)state;
    static const struct {
        const char *who, *note, *error;
        int64_t at;
    } rows[] = {{"member:M1 member:M2", "看了现场", "", -HOUR_MS},
                {"member:M9", "看了现场", "invalid", 0},
                {"office:O1", "看了现场", "invalid", 0},
                {"", "看了现场", "invalid", 0},
                {"member:M1", "", "invalid", 0},
                {"member:M1", "看了现场", "invalid", 1}};
    context.order_id = "990101-000123";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        record_set(order, F_STATE, STATE_CONSULTING);
        record_set(message, F_WHO, rows[i].who);
        record_set(message, F_NOTE, rows[i].note);
        record_set_int(message, F_VISITED_AT, fixture_now + rows[i].at);
        handle(handle_visit);
        assert_string_equal(fixture_error(outcome), rows[i].error);
        if (!*rows[i].error) {
            assert_string_equal(outcome_step_name(outcome), "visited");
            assert_string_equal(changed(F_WHO), rows[i].who);
            assert_int_equal(record_int(outcome_changed(outcome), F_VISITED_AT), fixture_now - HOUR_MS);
        }
    }
    record_set(order, F_STATE, STATE_CLOSED);
    record_set_int(message, F_VISITED_AT, fixture_now);
    handle(handle_visit);
    assert_string_equal(fixture_error(outcome), "state");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_meeting_is_called, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_meeting_is_what_it_should_be, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_meeting_is_told_to_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_invited_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_time_asks_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_reminder_comes_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_meeting_that_nobody_holds_is_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_there_signs_in_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(minutes_end_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_visit_names_members_and_what_it_brought, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
