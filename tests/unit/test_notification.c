/*
 * test_notification.c - who gets an SMS, and that its state only moves forward.
 */
// links: services/notification
#include "tests/unit/notification_fixture.h"

#include "common/alloc.h"
#include "common/contact.h"
#include "common/job.h"
#include "common/outcome_private.h"
#include "common/text.h"
#include "services/notification/driver.h"
#include "services/notification/notify.h"
#include "services/notification/people.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The value of a write to a hash field of this key; NULL when there is none. */
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

/* What a field of an SMS, which is written sealed, opens to in this SMS alone; the caller frees it. */
static char *opened(const struct outcome *outcome, const char *sms, const char *field)
{
    AUTOFREE char *key = xasprintf("sms:%s", sms), *owner = sms_owner(sms, field), *elsewhere = sms_owner("x", field);
    char *value = NULL;
    size_t size;
    const char *sealed = written(outcome, "HSET", key, field);
    assert_non_null(sealed);
    assert_int_equal(vault_open(county->vault, elsewhere, sealed, &value, &size), -EBADMSG);
    assert_int_equal(vault_open(county->vault, owner, sealed, &value, &size), 0);
    assert_null(strstr(sealed, value));
    return value;
}

static void assert_written_sealed(const struct outcome *outcome, const char *sms, const char *field, const char *value)
{
    AUTOFREE char *found = opened(outcome, sms, field);
    assert_string_equal(found, value);
}

/* --- who is told --- */

static const struct {
    const char *recipients, *refs;
    size_t skipped;
} people_cases[] = {
    {"resident", "resident=10000000001", 0},
    {"member:M2", "member:M2=10000004002", 0},
    {"group:G1", "member:M1=10000004001 member:M2=10000004002 member:M3=10000004003", 0},
    {"leader:G1", "member:M1=10000004001", 0},
    {"convener:T2", "convener:T2=10000001002", 0},
    {"department:D2", "department:D2=10000003002", 0},
    {"committee:K1", "committee:K1=10000002001", 0},
    {"chair", "chair=10000009001", 0},
    {"member:M1 leader:G1 group:G1", "member:M1=10000004001 member:M2=10000004002 member:M3=10000004003", 0},
    {"member:M9 resident", "resident=10000000001", 1},
    {"member: nobody:X group:G9 convener:T9", "", 3},
    {"", "", 0},
};

static void recipients_become_people(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof people_cases / sizeof *people_cases; i++) {
        struct person people[PEOPLE_MAX];
        size_t end = 0, skipped,
               count = people_find(county, "10000000001", people_cases[i].recipients, people, &skipped);
        char refs[2000] = "";
        for (size_t k = 0; k < count; k++)
            end += (size_t)snprintf(refs + end, sizeof refs - end, "%s%s=%s", k ? " " : "", people[k].ref,
                                    people[k].phone);
        assert_string_equal(refs, people_cases[i].refs);
        assert_int_equal(skipped, people_cases[i].skipped);
    }
}

static void a_resident_without_a_phone_is_passed_over(void **state)
{
    (void)state;
    struct person people[PEOPLE_MAX];
    size_t skipped;
    assert_int_equal(people_find(county, "", "resident member:M1", people, &skipped), 1);
    assert_int_equal(skipped, 1);
}

/* All of the office, or one of it; never who is of the city. */
static void the_office_is_told(void **state)
{
    (void)state;
    static struct staff staff[] = {{"O1", "何知微", "10000005001", "office"},
                                   {"C1", "安若素", "10000005901", "city"},
                                   {"O2", "秦望舒", "10000005002", "office"}};
    struct county copy = *county;
    struct person people[PEOPLE_MAX];
    size_t skipped;
    copy.staff = staff;
    copy.staff_count = sizeof staff / sizeof *staff;
    assert_int_equal(people_find(&copy, "", "office", people, &skipped), 2);
    assert_string_equal(people[1].ref, "office:O2");
    assert_int_equal(people_find(&copy, "", "office:O1", people, &skipped), 1);
    assert_string_equal(people[0].phone, "10000005001");
    assert_int_equal(people_find(&copy, "", "office:C1", people, &skipped), 0);
}

static void people_are_known_by_their_phones(void **state)
{
    (void)state;
    static const struct {
        const char *phone, *ref;
    } cases[] = {
        {"10000004002", "member:M2"},
        {"10000004003", "member:M3"},
        {"10000001001", "convener:T1"},
        {"10000000001", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char ref[REF_SIZE];
        people_by_phone(county, cases[i].phone, ref);
        assert_string_equal(ref, cases[i].ref);
    }
}

/* --- queueing --- */

static void one_sms_per_person_with_an_id_that_repeats(void **state)
{
    (void)state;
    RECORD *order = make_order(), *message = record_new();
    record_set(message, F_TEMPLATE, "opened");
    record_set(message, F_RECIPIENTS, "group:G1");
    struct context context = fixture_context(county);
    for (int round = 0; round < 2; round++) {
        struct outcome *outcome = outcome_new();
        notify(&context, order, message, outcome);
        assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
        static const char key[] = "sms:990101-000123.0123456789abcdef01234567.2";
        assert_string_equal(written(outcome, "HSET", key, "state"), "queued");
        assert_string_equal(written(outcome, "HSET", key, "rank"), "1");
        assert_string_equal(written(outcome, "HSET", key, "order"), "990101-000123");
        assert_string_equal(written(outcome, "HSET", key, "recipient"), "member:M2");
        assert_written_sealed(outcome, "990101-000123.0123456789abcdef01234567.2", "phone", "10000004002");
        assert_string_equal(written(outcome, "HINCRBY", "", "sms_open"), "3");
        assert_string_equal(written(outcome, "ZADD", "smsq", NULL), "990101-000123.0123456789abcdef01234567.3");
        assert_int_equal(record_count(outcome_changed(outcome)), 0);
        outcome_destroy(&outcome);
    }
}

/* Tells the resident of an order, whose contact is this. */
static struct outcome *tell_resident(const char *contact)
{
    RECORD *order = make_order(), *message = record_new();
    record_set(order, F_CONTACT, contact);
    record_set(message, F_TEMPLATE, "closed");
    record_set(message, F_RECIPIENTS, "resident");
    struct context context = fixture_context(county);
    struct outcome *outcome = outcome_new();
    notify(&context, order, message, outcome);
    return outcome;
}

static void the_resident_is_told_from_the_sealed_contact(void **state)
{
    (void)state;
    RECORD *order = make_order(), *given = record_new(), *other = record_new();
    struct outcome *outcome = tell_resident(record_str(order, F_CONTACT));
    assert_written_sealed(outcome, "990101-000123.0123456789abcdef01234567.1", "phone", "10000000001");
    outcome_destroy(&outcome);

    outcome = tell_resident(""); /* none was given */
    assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
    assert_int_equal(outcome->write_count, 0);
    outcome_destroy(&outcome);

    record_set(given, F_PHONE, "10000000002");
    contact_seal(county->vault, "990101-000124", given, other);
    outcome = tell_resident(record_str(other, F_CONTACT)); /* somebody moved it here */
    assert_string_equal(fixture_error(outcome), "sealed");
    outcome_destroy(&outcome);
}

static void a_key_that_is_not_known_yet_is_waited_for(void **state)
{
    (void)state;
    struct vault *vault = county->vault;
    RECORD *given = record_new(), *order = record_new();
    VAULT *before = vault_new(NULL);
    record_set(given, F_PHONE, "10000000001");
    vault_rekey(vault);
    contact_seal(county->vault, "990101-000123", given, order);
    county->vault = before; /* an instance that has not looked since */
    struct outcome *outcome = tell_resident(record_str(order, F_CONTACT));
    county->vault = vault;
    assert_int_equal(outcome_verdict(outcome), VERDICT_LATER);
    outcome_destroy(&outcome);
}

static void nobody_to_tell_is_no_error(void **state)
{
    (void)state;
    RECORD *order = make_order(), *message = record_new();
    record_set(message, F_TEMPLATE, "opened");
    record_set(message, F_RECIPIENTS, "member:M9");
    struct context context = fixture_context(county);
    struct outcome *outcome = outcome_new();
    notify(&context, order, message, outcome);
    assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
    assert_int_equal(outcome->write_count, 0);
    outcome_destroy(&outcome);
}

static void an_unknown_template_goes_aside(void **state)
{
    (void)state;
    RECORD *order = make_order(), *message = record_new();
    record_set(message, F_TEMPLATE, "none");
    record_set(message, F_RECIPIENTS, "resident");
    struct context context = fixture_context(county);
    struct outcome *outcome = outcome_new();
    notify(&context, order, message, outcome);
    assert_string_equal(fixture_error(outcome), "template");
    outcome_destroy(&outcome);
}

/* --- what becomes of an SMS --- */

/* An SMS's hash, as HGETALL would give it. */
struct stored {
    redisReply cells[12], *elements[12], hash;
    struct aux aux;
};

static void store_sms(struct stored *stored, const char *const values[12])
{
    *stored = (struct stored){.hash = {.type = REDIS_REPLY_ARRAY, .element = stored->elements}};
    for (size_t i = 0; i < 12 && values[i]; i++) {
        stored->cells[i] = (redisReply){.type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)values[i]};
        stored->elements[i] = &stored->cells[i];
        stored->hash.elements = i + 1;
    }
    stored->aux.hash = &stored->hash;
}

static const struct {
    const char *state;      /* what the outcome says; NULL: a receipt */
    int64_t receipt;        /* then its code */
    const char *attempt;    /* of the SMS */
    const char *error;      /* of the refusal; "" when none */
    const char *new_state;  /* that is written */
    int64_t below;          /* rank below which the SMS must be */
    const char *counted;    /* change of sms_open; NULL when none */
    const char *kept;       /* zset in which it goes on waiting; NULL when none */
    const char *settled_as; /* told to the archive; NULL when nothing */
} move_cases[] = {
    {"accepted", 0, "1", "", "accepted", 4, NULL, "smswait", NULL},
    {"delivered", 0, "1", "", "delivered", 5, "-1", NULL, "delivered"},
    {"failed", 0, "1", "", "failed", 5, "-1", NULL, "failed"},
    {"unknown", 0, "1", "", "unknown", 3, NULL, "smsunknown", NULL},
    {"queued", 0, "1", "", "queued", 3, NULL, "smsq", NULL},
    {"queued", 0, "100", "", "failed", 5, "-1", NULL, "failed"},
    {"deferred", 0, "1", "", "queued", 3, NULL, "smsq", NULL},
    {"overdue", 0, "1", "", "sending", 5, "-1", NULL, "sending"},
    {"lost", 0, "1", "invalid", NULL, 0, NULL, NULL, NULL},
    {NULL, 1, "1", "", "delivered", 5, "-1", NULL, "delivered"},
    {NULL, 2, "1", "", "failed", 5, "-1", NULL, "failed"},
    {NULL, 4, "1", "", "accepted", 4, NULL, "smswait", NULL},
    {NULL, 8, "1", "", "accepted", 4, NULL, "smswait", NULL},
    {NULL, 16, "1", "", "failed", 5, "-1", NULL, "failed"},
    {NULL, 3, "1", "invalid", NULL, 0, NULL, NULL, NULL},
};

static void states_only_move_forward(void **state)
{
    (void)state;
    static const char id[] = "990101-000123.0123456789abcdef01234567.1";
    for (size_t i = 0; i < sizeof move_cases / sizeof *move_cases; i++) {
        struct stored stored;
        store_sms(&stored,
                  (const char *const[12]){"state", "sending", "order", "990101-000123", "recipient", "resident",
                                          "template", "placed", "attempt", move_cases[i].attempt, "wait", "77"});
        struct context context = fixture_context(county);
        context.aux = &stored.aux;
        RECORD *order = make_order(), *message = record_new();
        record_set(message, F_SMS, id);
        struct outcome *outcome = outcome_new();
        if (move_cases[i].state) {
            record_set(message, F_SMS_STATE, move_cases[i].state);
            sms_outcome(&context, order, message, outcome);
        } else {
            record_set_int(message, F_RECEIPT, move_cases[i].receipt);
            sms_receipt(&context, order, message, outcome);
        }
        assert_string_equal(fixture_error(outcome), move_cases[i].error);
        if (!*move_cases[i].error) {
            AUTOFREE char *key = xasprintf("sms:%s", id);
            assert_string_equal(outcome->guards[0].key, key);
            assert_string_equal(outcome->guards[0].field, "rank");
            assert_int_equal(outcome->guards[0].below, move_cases[i].below);
            assert_string_equal(written(outcome, "HSET", key, "state"), move_cases[i].new_state);
            const char *counted = written(outcome, "HINCRBY", "", "sms_open");
            assert_string_equal(counted ? counted : "", move_cases[i].counted ? move_cases[i].counted : "");
            if (move_cases[i].kept)
                assert_string_equal(written(outcome, "ZADD", move_cases[i].kept, NULL), id);
            assert_int_equal(outcome_message_count(outcome), move_cases[i].settled_as != NULL);
            if (move_cases[i].settled_as) {
                assert_true(record_is(outcome_message(outcome, 0), F_SMS_STATE, move_cases[i].settled_as));
                assert_non_null(written(outcome, "HDEL", key, "phone"));
                assert_non_null(written(outcome, "HDEL", key, "text"));
                assert_non_null(written(outcome, "EXPIRE", key, NULL));
            }
        }
        outcome_destroy(&outcome);
    }
}

static void only_sms_of_the_same_order_are_found(void **state)
{
    (void)state;
    static const char *const orders[] = {NULL, "990101-000124"};
    for (size_t i = 0; i < 2; i++) {
        struct stored stored;
        store_sms(&stored, (const char *const[12]){orders[i] ? "order" : NULL, orders[i]});
        struct context context = fixture_context(county);
        context.aux = &stored.aux;
        RECORD *order = make_order(), *message = record_new();
        record_set(message, F_SMS, "990101-000123.0123456789abcdef01234567.1");
        record_set_int(message, F_RECEIPT, 1);
        struct outcome *outcome = outcome_new();
        sms_receipt(&context, order, message, outcome);
        assert_string_equal(fixture_error(outcome), "unknown");
        outcome_destroy(&outcome);
    }
}

/* What the gateway calls an SMS leads to its id; a phone that has had enough is left alone for an hour. */
static void an_outcome_names_the_gateway_and_its_serial(void **state)
{
    (void)state;
    static const char id[] = "990101-000123.0123456789abcdef01234567.1";
    struct stored stored;
    store_sms(&stored, (const char *const[12]){"state", "sending", "order", "990101-000123", "attempt", "1"});
    struct context context = fixture_context(county);
    context.aux = &stored.aux;
    RECORD *order = make_order(), *message = record_new();
    struct outcome *outcome = outcome_new();
    record_set(message, F_SMS, id);
    record_set(message, F_SMS_STATE, "accepted");
    record_set(message, F_GATEWAY, "qq");
    record_set(message, F_SERIAL, "5000:1");
    sms_outcome(&context, order, message, outcome);
    AUTOFREE char *key = xasprintf("sms:%s", id);
    assert_string_equal(written(outcome, "HSET", key, "gateway"), "qq");
    assert_string_equal(written(outcome, "HSET", "smsserial:5000:1", "sms"), id);
    assert_non_null(written(outcome, "EXPIRE", "smsserial:5000:1", NULL));
    outcome_clear(outcome);
    record_set(message, F_SMS_STATE, "deferred");
    sms_outcome(&context, order, message, outcome);
    AUTOFREE char *later = xasprintf("%lld", (long long)fixture_now + SMS_DEFER_MS);
    assert_string_equal(written(outcome, "ZADD", "smsq", later), id);
    outcome_destroy(&outcome);
}

static void an_operator_tries_the_way(void **state)
{
    (void)state;
    struct context context = fixture_context(county);
    context.order_id = "";
    RECORD *order = record_new(), *message = record_new();
    struct outcome *outcome = outcome_new();
    enum message_type type;
    record_set(message, F_PHONE, "10000009999");
    test_sms(&context, order, message, outcome);
    static const char id[] = "990101.0123456789abcdef01234567.1";
    assert_string_equal(record_str(outcome_answer(outcome, &type), F_SMS), id);
    assert_written_sealed(outcome, id, SMS_FIELD_PHONE, "10000009999");
    outcome_destroy(&outcome);
}

static void the_pause_grows_up_to_five_minutes(void **state)
{
    (void)state;
    assert_int_equal(sms_pause_ms(1), 2000);
    assert_int_equal(sms_pause_ms(3), 18000);
    assert_int_equal(sms_pause_ms(SMS_TRIES), 300000);
}

/* --- replies --- */

static const struct {
    const char *from;
    bool order_exists;
    const char *claims; /* the member whose claim is passed on; NULL when none */
    const char *helped; /* who is told how to reply; NULL when nobody */
    bool opts_out;      /* it says T */
    bool unclear;       /* it may be about another county's order: who sent it is asked, and nothing is done */
} reply_cases[] = {
    {"10000004002", true, NULL, "member:M2", .unclear = true},
    {"10000004002", false, NULL, "member:M2", .unclear = true},
    {"10000001001", true, NULL, "convener:T1", .unclear = true},
    {"10000000001", true, NULL, NULL, .unclear = true},
    {"10000004002", true, "M2", NULL, .unclear = false},
    {"10000004003", true, "M3", NULL, .unclear = false},
    {"10000004002", false, NULL, "member:M2", .unclear = false},
    {"10000001001", true, NULL, "convener:T1", .unclear = false},
    {"10000000001", true, NULL, NULL, .unclear = false}, /* a resident, or anybody */
    {"10000000001", false, NULL, NULL, .unclear = false},
    {"10000000001", false, NULL, NULL, .opts_out = true},
    {"10000004002", false, NULL, "member:M2", .opts_out = true}, /* who has a duty cannot */
    {"10000003001", false, NULL, "department:D1", .opts_out = true},
};

static void replies_claim_or_are_helped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof reply_cases / sizeof *reply_cases; i++) {
        RECORD *order = reply_cases[i].order_exists ? make_order() : record_new(), *message = record_new();
        record_set(message, F_FROM, reply_cases[i].from);
        record_set(message, F_BODY, reply_cases[i].opts_out ? " “退订”。" : "3Q7 接单");
        record_set(message, F_REF, "r1");
        if (reply_cases[i].unclear)
            record_set(message, F_ORDER, "990101-000123");
        struct context context = fixture_context(county);
        struct outcome *outcome = outcome_new();
        sms_reply(&context, order, message, outcome);
        assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
        assert_int_equal(outcome_message_count(outcome), reply_cases[i].claims != NULL);
        if (reply_cases[i].claims)
            assert_true(record_is(outcome_message(outcome, 0), F_MEMBER, reply_cases[i].claims));
        static const char key[] = "sms:990101.0123456789abcdef01234567.1";
        const char *helped = written(outcome, "HSET", key, "recipient");
        assert_string_equal(helped ? helped : "", reply_cases[i].helped ? reply_cases[i].helped : "");
        if (helped) {
            const char *template = reply_cases[i].opts_out ? "duty" : reply_cases[i].unclear ? "which" : "help";
            assert_string_equal(written(outcome, "HSET", key, "template"), template);
            assert_string_equal(written(outcome, "HSET", key, "order"), "");
            assert_null(written(outcome, "HINCRBY", "", "sms_open"));
        }
        bool stranger = strcmp(reply_cases[i].from, "10000000001") == 0, out = reply_cases[i].opts_out;
        char digest[VAULT_DIGEST_SIZE];
        vault_digest(county->vault, "told", reply_cases[i].from, digest);
        assert_int_equal(written(outcome, "HSET", "optout", digest) != NULL, stranger && out);
        assert_int_equal(written(outcome, "HDEL", "optout", digest) != NULL, stranger && !out);
        outcome_destroy(&outcome);
    }
}

/* A resident who is asked which order they mean is told the county's own numbers, and no other. */
static void residents_are_asked_back_about_orders_of_the_county(void **state)
{
    (void)state;
    static const struct {
        const char *orders, *error;
    } rows[] = {{"990101-000123 990101-000124", ""}, {"990101-000123 990102-000124", "invalid"}, {"x", "invalid"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RECORD *none = record_new(), *message = record_new();
        struct context context = fixture_context(county);
        struct outcome *outcome = outcome_new();
        context.order_id = "";
        record_set(message, F_FROM, "10000000001");
        record_set(message, F_BODY, "1");
        record_set(message, F_REF, "r1");
        record_set(message, F_ORDERS, rows[i].orders);
        sms_reply(&context, none, message, outcome);
        assert_string_equal(fixture_error(outcome), rows[i].error);
        static const char sms[] = "990101.0123456789abcdef01234567.1", key[] = "sms:990101.0123456789abcdef01234567.1";
        const char *template = written(outcome, "HSET", key, "template");
        assert_string_equal(template ? template : "", *rows[i].error ? "" : "unclear");
        if (template) {
            AUTOFREE char *text = opened(outcome, sms, "text");
            assert_non_null(strstr(text, "990101-000123、990101-000124"));
            assert_written_sealed(outcome, sms, "phone", "10000000001");
        }
        outcome_destroy(&outcome);
    }
}

/* Who is on the roster is sent the code, once, with the moment after which it must not go out any more. */
static void codes_go_to_those_on_the_roster(void **state)
{
    (void)state;
    static const struct {
        const char *phone, *recipient; /* NULL: nobody is told, and nothing is written */
    } rows[] = {
        {"10000004001", "member:M1"},
        {"10000001002", "convener:T2"},
        {"10000002001", "committee:K1"},
        {"10000003002", "department:D2"},
        {"10000009001", NULL},
        {"10000000001", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RECORD *none = record_new(), *message = record_new();
        record_set(message, F_PHONE, rows[i].phone);
        record_set(message, F_CODE, "012345");
        record_set_int(message, F_EXPIRES, fixture_now + 300000);
        struct context context = fixture_context(county);
        struct outcome *outcome = outcome_new();
        context.order_id = "";
        send_code(&context, none, message, outcome);
        assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
        assert_int_equal(outcome_message_count(outcome), 0);
        static const char sms[] = "990101.0123456789abcdef01234567.1", key[] = "sms:990101.0123456789abcdef01234567.1";
        const char *recipient = written(outcome, "HSET", key, "recipient");
        assert_string_equal(recipient ? recipient : "", rows[i].recipient ? rows[i].recipient : "");
        if (recipient) {
            AUTOFREE char *text = opened(outcome, sms, "text");
            assert_written_sealed(outcome, sms, "phone", rows[i].phone);
            assert_non_null(strstr(text, "012345"));
            assert_string_equal(written(outcome, "HSET", key, "expires"), "1795399500000");
            assert_string_equal(written(outcome, "HSET", key, "order"), "");
        }
        outcome_destroy(&outcome);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipients_become_people),
        cmocka_unit_test(a_resident_without_a_phone_is_passed_over),
        cmocka_unit_test(the_office_is_told),
        cmocka_unit_test(people_are_known_by_their_phones),
        cmocka_unit_test(one_sms_per_person_with_an_id_that_repeats),
        cmocka_unit_test(the_resident_is_told_from_the_sealed_contact),
        cmocka_unit_test(a_key_that_is_not_known_yet_is_waited_for),
        cmocka_unit_test(nobody_to_tell_is_no_error),
        cmocka_unit_test(an_unknown_template_goes_aside),
        cmocka_unit_test(states_only_move_forward),
        cmocka_unit_test(only_sms_of_the_same_order_are_found),
        cmocka_unit_test(an_outcome_names_the_gateway_and_its_serial),
        cmocka_unit_test(an_operator_tries_the_way),
        cmocka_unit_test(the_pause_grows_up_to_five_minutes),
        cmocka_unit_test(replies_claim_or_are_helped),
        cmocka_unit_test(residents_are_asked_back_about_orders_of_the_county),
        cmocka_unit_test(codes_go_to_those_on_the_roster),
    };
    return cmocka_run_group_tests(tests, make_county, drop_county);
}
