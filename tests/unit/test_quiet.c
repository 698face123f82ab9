/*
 * test_quiet.c - what waits for the morning or for another day, and what several reminders to one person become.
 */
// links: services/notification
#include "tests/unit/fixture.h"

#include "common/alloc.h"
#include "common/contact.h"
#include "common/job.h"
#include "common/opt_out.h"
#include "common/outcome_private.h"
#include "services/notification/notify.h"
#include "services/notification/quiet.h"
#include "services/notification/reminders.h"
#include "services/notification/sms.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct county *county;

static int make_county(void **state)
{
    (void)state;
    county = fixture_county();
    return county ? 0 : -1;
}

static int drop_county(void **state)
{
    (void)state;
    county_destroy(&county);
    return 0;
}

/* The value of the last such write to a key; field: NULL for any. NULL when there is none. */
static const char *written(const struct outcome *outcome, const char *command, const char *key, const char *field)
{
    const char *value = NULL;
    for (size_t i = 0; i < outcome->write_count; i++) {
        const struct write *write = &outcome->writes[i];
        if (strcmp(write->command, command) == 0 && strcmp(write->key ? write->key : "", key) == 0 &&
            (!field || strcmp(write->arguments[0], field) == 0))
            value = write->arguments[write->argument_count - 1];
    }
    return value;
}

static void quiet_hours_end_in_the_morning(void **state)
{
    (void)state;
    static const struct {
        const char *at, *end, *next_day; /* end: "" when it is loud */
        int start, stop;                 /* minutes */
    } rows[] = {
        {"2026-11-23T20:59:59+08:00", "", "2026-11-24T08:00:00+08:00", 1260, 480},
        {"2026-11-23T21:00:00+08:00", "2026-11-24T08:00:00+08:00", "2026-11-24T08:00:00+08:00", 1260, 480},
        {"2026-12-31T23:59:59+08:00", "2027-01-01T08:00:00+08:00", "2027-01-01T08:00:00+08:00", 1260, 480},
        {"2026-11-24T00:00:00+08:00", "2026-11-24T08:00:00+08:00", "2026-11-25T08:00:00+08:00", 1260, 480},
        {"2026-11-24T07:59:59+08:00", "2026-11-24T08:00:00+08:00", "2026-11-25T08:00:00+08:00", 1260, 480},
        {"2026-11-24T08:00:00+08:00", "", "2026-11-25T08:00:00+08:00", 1260, 480},
        {"2026-11-24T12:45:00+08:00", "2026-11-24T14:00:00+08:00", "2026-11-25T00:00:00+08:00", 750, 840},
        {"2026-11-24T14:00:00+08:00", "", "2026-11-25T00:00:00+08:00", 750, 840},
        {"2026-11-24T03:00:00+08:00", "", "2026-11-25T00:00:00+08:00", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct county copy = *county;
        int64_t at, end, next;
        char day[DAY_SIZE], date[11];
        copy.quiet_start = rows[i].start;
        copy.quiet_end = rows[i].stop;
        assert_int_equal(time_parse(rows[i].at, &at), 0);
        assert_int_equal(time_parse(*rows[i].end ? rows[i].end : rows[i].at, &end), 0);
        assert_int_equal(time_parse(rows[i].next_day, &next), 0);
        assert_int_equal(quiet_end(&copy, at), end);
        assert_int_equal(quiet_next_day(&copy, at), next);
        quiet_day(at, day);
        snprintf(date, sizeof date, "%.4s-%.2s-%.2s", day, day + 4, day + 6);
        assert_memory_equal(date, rows[i].at, 10);
    }
}

static void who_opts_out_says_nothing_else(void **state)
{
    (void)state;
    static const char *const out[] = {"T", "t", "Ｔ", "TD", "td。", " 退订 ", "“退订”", "【退订】"};
    static const char *const in[] = {
        "", "。", "T3", "退订吧", "不退订", "TT", "3VK 接单", "谢谢", "TDTDTDTDTDTDTDTDTDTD"};
    for (size_t i = 0; i < sizeof out / sizeof *out; i++)
        assert_true(is_opt_out(out[i]));
    for (size_t i = 0; i < sizeof in / sizeof *in; i++)
        assert_false(is_opt_out(in[i]));
    assert_false(is_opt_out("\xff\xfe"));
}

/* Which SMS waits for the morning and counts, which a resident may do without, and which waits for others. */
static void each_kind_waits_as_it_should(void **state)
{
    (void)state;
    static const struct {
        const char *template, *recipient, *source, *urgency;
        bool patient, optional, gathered;
    } rows[] = {
        {"placed", "resident", "api", "normal", false, false, false},
        {"placed", "resident", "import", "normal", true, false, false},
        {"closed", "resident", "api", "normal", true, true, false},
        {"closed", "resident", "api", "urgent", true, true, false},
        {"answered", "resident", "api", "normal", true, false, false},
        {"assigned", "member:M1", "api", "normal", true, false, false},
        {"assigned", "member:M1", "api", "urgent", false, false, false},
        {"claimed", "member:M1", "api", "normal", false, false, false},
        {"reminder", "member:M1", "api", "normal", true, false, true},
        {"escalated", "convener:T1", "api", "normal", true, false, true},
    };
    static const char id[] = "990101-000123.0123456789abcdef01234567.1";
    static const char key[] = "sms:990101-000123.0123456789abcdef01234567.1";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RECORD *order = record_new(), *message = record_new(), *given = record_new();
        record_set_int(order, F_VER, 3);
        record_set(order, F_SOURCE, rows[i].source);
        record_set(order, F_URGENCY, rows[i].urgency);
        record_set(given, F_PHONE, "10000000001");
        contact_seal(county->vault, "990101-000123", given, order);
        record_set(message, F_TEMPLATE, rows[i].template);
        record_set(message, F_RECIPIENTS, rows[i].recipient);
        record_set(message, F_CLOCK, "answer");
        struct context context = fixture_context(county);
        struct outcome *outcome = outcome_new();
        notify(&context, order, message, outcome);
        assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
        assert_int_equal(written(outcome, "HSET", key, "patient") != NULL, rows[i].patient);
        assert_int_equal(written(outcome, "HSET", key, "optional") != NULL, rows[i].optional);
        assert_int_equal(strlen(written(outcome, "HSET", key, "person")), VAULT_DIGEST_SIZE - 1);
        if (rows[i].gathered) {
            AUTOFREE char *entry = xasprintf("%s|%s", written(outcome, "HSET", key, "gather"), id);
            assert_string_equal(written(outcome, "ZADD", "smsgather", NULL), entry);
            assert_string_equal(written(outcome, "HSET", key, "clock"), "answer");
            assert_string_equal(written(outcome, "HSET", key, "rank"), "0");
        } else {
            assert_string_equal(written(outcome, "ZADD", "smsq", NULL), id);
            assert_null(written(outcome, "ZADD", "smsgather", NULL));
        }
        outcome_destroy(&outcome);
    }
}

static void a_reminder_is_moot_when_its_reason_has_gone(void **state)
{
    (void)state;
    static const struct {
        const char *recipient, *clock, *members;
        int64_t due;
        bool there, moot;
    } rows[] = {
        {"member:M1", "answer", "M1 M2", -1, true, false},   {"member:M3", "answer", "M1 M2", -1, true, true},
        {"convener:T1", "answer", "M1 M2", -1, true, false}, {"member:M1", "callback", "M1 M2", -1, true, true},
        {"member:M1", "", "M1 M2", -1, true, true},          {"member:M1", "answer", "M1 M2", 1, true, true},
        {"convener:T1", "answer", "M1 M2", 1, true, true},   {"member:M1", "answer", "M1 M2", -1, false, true},
        {"committee:K1", "handover", "M1", -1, true, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RECORD *order = record_new();
        if (rows[i].there)
            record_set_int(order, F_VER, 5);
        record_set(order, F_CLOCK, rows[i].clock);
        record_set(order, F_MEMBERS, rows[i].members);
        record_set_int(order, F_DUE, fixture_now + rows[i].due);
        const char *why = reminder_moot(order, rows[i].recipient, "answer", fixture_now);
        assert_int_equal(*why != '\0', rows[i].moot);
    }
}

/* --- several --- */

static void add(struct record *message, const char *order, const char *template, const char *moot)
{
    struct record *row = record_add_row(message, F_ROWS);
    record_printf(row, F_SMS, "%s.a.1", order);
    record_set(row, F_RECIPIENT, "member:M1");
    record_set(row, F_TEMPLATE, template);
    record_set(row, F_ORDER, order);
    record_set(row, F_TITLE, "东门小区三号楼前的路灯已经坏了半个月没有人来修理真是太不方便");
    record_set(row, F_DETAIL, moot);
}

static struct outcome *gather(const struct record *message, const char *order)
{
    RECORD *none = record_new();
    struct context context = fixture_context(county);
    struct outcome *outcome = outcome_new();
    context.order_id = order;
    sms_gather(&context, none, message, outcome);
    assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
    return outcome;
}

static char *text_of(const struct outcome *outcome, const char *sms)
{
    AUTOFREE char *key = xasprintf("sms:%s", sms), *owner = sms_owner(sms, "text");
    const char *sealed = written(outcome, "HSET", key, "text");
    char *text = NULL;
    size_t size;
    if (sealed)
        assert_int_equal(vault_open(county->vault, owner, sealed, &text, &size), 0);
    return text;
}

/* One goes as it is; of several the first says it for all that have a reason, and each without one ends. */
static void several_become_one(void **state)
{
    (void)state;
    static const char title[] = "东门小区三号楼前的路灯已经坏了半个月没有人来修理…";
    RECORD *message = record_new();
    record_set(message, F_REF, "reminder|P");
    add(message, "990101-000001", "reminder", "");
    struct outcome *outcome = gather(message, "990101-000001");
    assert_null(text_of(outcome, "990101-000001.a.1"));
    assert_string_equal(written(outcome, "ZADD", "smsq", NULL), "990101-000001.a.1");
    assert_string_equal(written(outcome, "ZREM", "smsgather", NULL), "reminder|P|990101-000001.a.1");
    assert_string_equal(written(outcome, "HSET", "sms:990101-000001.a.1", "carries"), "");
    assert_int_equal(outcome_message_count(outcome), 0);
    outcome_destroy(&outcome);

    add(message, "990101-000002", "reminder", "");
    add(message, "990101-000003", "reminder", "what was overdue is done");
    add(message, "990101-000004", "reminder", "");
    outcome = gather(message, "990101-000001");
    AUTOFREE char *text = text_of(outcome, "990101-000001.a.1");
    AUTOFREE char *expected =
        xasprintf("【云溪县政协】提醒您：有3件事超期：“%s”（990101-000001）、“%s”（990101-000002）、"
                  "“%s”（990101-000004）。请抓紧办理。",
                  title, title, title);
    assert_string_equal(text, expected);
    assert_string_equal(written(outcome, "HSET", "sms:990101-000001.a.1", "carries"),
                        "990101-000002.a.1|member:M1 990101-000004.a.1|member:M1");
    assert_string_equal(written(outcome, "HSET", "sms:990101-000001.a.1", "template"), "reminders");
    assert_string_equal(written(outcome, "ZADD", "smsq", NULL), "990101-000001.a.1");
    assert_string_equal(written(outcome, "HSET", "sms:990101-000002.a.1", "rank"), "1");
    assert_null(written(outcome, "HSET", "sms:990101-000002.a.1", "state"));
    assert_string_equal(written(outcome, "HSET", "sms:990101-000003.a.1", "state"), "muted");
    assert_string_equal(written(outcome, "HINCRBY", "order:990101-000003", "sms_open"), "-1");
    assert_int_equal(outcome_message_count(outcome), 1);
    assert_string_equal(outcome->messages[0].order, "990101-000003");
    assert_true(record_is(outcome_message(outcome, 0), F_DETAIL, "what was overdue is done"));
    assert_int_equal(outcome->guard_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(outcome->guards[i].below, RANK_QUEUED);
    outcome_destroy(&outcome);
}

/* Who spoke for others before, and has lost the reason or is alone now, says nothing of what has gone. */
static void what_has_gone_is_left_out(void **state)
{
    (void)state;
    RECORD *message = record_new();
    record_set(message, F_REF, "escalated|P");
    add(message, "990101-000001", "escalations", "the order is closed");
    struct outcome *outcome = gather(message, "990101-000001");
    assert_null(written(outcome, "ZADD", "smsq", NULL));
    assert_string_equal(written(outcome, "HINCRBY", "", "sms_open"), "-1");
    assert_true(record_is(outcome_message(outcome, 0), F_SMS_STATE, "muted"));
    outcome_destroy(&outcome);

    add(message, "990101-000005", "escalations", "");
    outcome = gather(message, "990101-000001");
    AUTOFREE char *text = text_of(outcome, "990101-000005.a.1");
    assert_non_null(strstr(text, "请您督促：有1件事超期"));
    assert_non_null(strstr(text, "990101-000005"));
    assert_null(strstr(text, "990101-000001"));
    outcome_destroy(&outcome);
}

/* Those that one carries end as it does; when it has to wait they wait, too, each for itself. */
static void who_is_carried_shares_the_fate(void **state)
{
    (void)state;
    static const char *const values[] = {"state",     "sending",
                                         "order",     "990101-000123",
                                         "recipient", "member:M1",
                                         "template",  "reminders",
                                         "gather",    "reminder|P",
                                         "attempt",   "1",
                                         "carries",   "990101-000002.a.1|member:M1 990101-000004.b.2|convener:T1"};
    enum { COUNT = sizeof values / sizeof *values };
    static const struct {
        const char *outcome, *carried, *waits; /* states */
    } rows[] = {{"delivered", "delivered", NULL}, {"failed", "failed", NULL},  {"accepted", NULL, NULL},
                {"unknown", NULL, NULL},          {"queued", "queued", "yes"}, {"deferred", "queued", "yes"}};
    redisReply cells[COUNT], *elements[COUNT];
    redisReply hash = {.type = REDIS_REPLY_ARRAY, .elements = COUNT, .element = elements};
    struct aux aux = {.hash = &hash};
    for (size_t i = 0; i < COUNT; i++) {
        cells[i] = (redisReply){.type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)values[i]};
        elements[i] = &cells[i];
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RECORD *order = record_new(), *message = record_new();
        struct context context = fixture_context(county);
        struct outcome *outcome = outcome_new();
        context.aux = &aux;
        record_set_int(order, F_VER, 3);
        record_set(message, F_SMS, "990101-000123.a.1");
        record_set(message, F_SMS_STATE, rows[i].outcome);
        sms_outcome(&context, order, message, outcome);
        const char *carried = written(outcome, "HSET", "sms:990101-000004.b.2", "state");
        assert_string_equal(carried ? carried : "", rows[i].carried ? rows[i].carried : "");
        const char *waits = written(outcome, "ZADD", "smsgather", NULL);
        assert_string_equal(waits ? waits : "", rows[i].waits ? "reminder|P|990101-000004.b.2" : "");
        bool ended = rows[i].carried && !rows[i].waits;
        assert_int_equal(outcome_message_count(outcome), ended ? 3 : 0);
        if (ended) {
            assert_true(record_is(outcome_message(outcome, 2), F_RECIPIENT, "convener:T1"));
            assert_true(record_is(outcome_message(outcome, 2), F_DETAIL, "said by 990101-000123.a.1"));
            assert_string_equal(written(outcome, "HINCRBY", "order:990101-000004", "sms_open"), "-1");
        }
        outcome_destroy(&outcome);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_hours_end_in_the_morning),
        cmocka_unit_test(who_opts_out_says_nothing_else),
        cmocka_unit_test(each_kind_waits_as_it_should),
        cmocka_unit_test(a_reminder_is_moot_when_its_reason_has_gone),
        cmocka_unit_test(several_become_one),
        cmocka_unit_test(what_has_gone_is_left_out),
        cmocka_unit_test(who_is_carried_shares_the_fate),
    };
    return cmocka_run_group_tests(tests, make_county, drop_county);
}
