/*
 * notify.c - what notification decides; all of it pure.
 *
 * A NOTIFY becomes one queued SMS per person. Outcomes and receipts move an
 * SMS forward: each is guarded by the SMS's rank, so one that comes late or
 * twice changes nothing, and the order's count of open SMS falls exactly once.
 * What cannot be decided is refused with its cause; nobody's number or words
 * are ever part of that.
 */
#include "services/notification/notify.h"

#include "common/alloc.h"
#include "common/contact.h"
#include "common/metrics.h"
#include "common/order.h"
#include "common/serial.h"
#include "common/text.h"
#include "services/notification/people.h"
#include "services/notification/sms.h"
#include "services/notification/templates.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void sms_key(char *key, size_t size, const char *id)
{
    snprintf(key, size, "sms:%s", id);
}

void sms_aux(const struct record *message, char *key, size_t size)
{
    sms_key(key, size, record_str(message, F_SMS));
}

static void set_int(struct outcome *outcome, const char *key, const char *field, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    outcome_hset(outcome, key, field, text);
}

static void set_sealed(const struct context *context, struct outcome *outcome, const char *id, const char *field,
                       const char *value)
{
    char key[SMS_ID_SIZE + 8];
    AUTOFREE char *owner = sms_owner(id, field);
    AUTOFREE char *sealed = vault_seal(context->county->vault, owner, value, strlen(value));
    sms_key(key, sizeof key, id);
    outcome_hset(outcome, key, field, sealed);
}

/* Queues the n-th SMS of a message; order is "" where it is about none. expires: when it is of no use any more, or 0.
 */
static void queue_sms(const struct context *context, struct outcome *outcome, const char *order, size_t n,
                      const struct person *person, const char *template, const struct wording *wording, int64_t expires)
{
    char id[SMS_ID_SIZE], key[SMS_ID_SIZE + 8];
    snprintf(id, sizeof id, "%s.%s.%zu", *order ? order : context->county->id, context->message_id, n);
    sms_key(key, sizeof key, id);
    outcome_hset(outcome, key, SMS_FIELD_STATE, SMS_QUEUED);
    set_int(outcome, key, SMS_FIELD_RANK, RANK_QUEUED);
    outcome_hset(outcome, key, SMS_FIELD_ORDER, order);
    outcome_hset(outcome, key, SMS_FIELD_RECIPIENT, person->ref);
    outcome_hset(outcome, key, SMS_FIELD_TEMPLATE, template);
    set_sealed(context, outcome, id, SMS_FIELD_PHONE, person->phone);
    set_sealed(context, outcome, id, SMS_FIELD_TEXT, wording->text);
    set_sealed(context, outcome, id, SMS_FIELD_VALUES, wording->values);
    set_int(outcome, key, SMS_FIELD_CREATED, context->now);
    if (expires > 0)
        set_int(outcome, key, SMS_FIELD_EXPIRES, expires);
    outcome_zadd(outcome, SMS_QUEUE, context->now, id);
}

void notify(const struct context *context, const struct record *order, const struct record *message,
            struct outcome *outcome)
{
    const char *template = record_str(message, F_TEMPLATE);
    struct occasion occasion = {.county = context->county,
                                .order_id = context->order_id,
                                .serial = context->serial,
                                .order = order,
                                .message = message,
                                .now = context->now};
    struct wording wording WORDING_CLEAR = {0};
    if (template_word(template, &occasion, &wording) < 0) {
        outcome_refuse(outcome, "template", "template", "there is no template %s", template);
        return;
    }
    RECORD *contact = record_new();
    const char *sealed = record_str(order, F_CONTACT);
    int r = words_have(record_str(message, F_RECIPIENTS), "resident")
                ? contact_open(context->county->vault, context->order_id, sealed, contact)
                : 0;
    if (r == -ENOKEY) {
        outcome_later(outcome, "the county has a new key that was not read yet");
        return;
    }
    if (r < 0) {
        outcome_refuse(outcome, "sealed", "contact", "the contact of the order does not open: it was changed or moved");
        return;
    }
    struct person people[PEOPLE_MAX];
    size_t skipped, count = people_find(context->county, record_str(contact, F_PHONE),
                                        record_str(message, F_RECIPIENTS), people, &skipped);
    for (size_t i = 0; i < count; i++)
        queue_sms(context, outcome, context->order_id, i + 1, &people[i], template, &wording, 0);
    if (count > 0)
        outcome_count(outcome, F_SMS_OPEN, (int64_t)count);
    if (skipped > 0)
        metric_add("sidan_sms_skipped_total", "People who could not be told: no phone, or no longer there", "",
                   (double)skipped);
}

/* An SMS that an outcome or a receipt is about, as it stands. */
struct subject {
    const struct context *context;
    const struct record *order;
    const char *id;
    char key[SMS_ID_SIZE + 8];
};

/* False, and a refusal, when there is no such SMS of this order. */
static bool find_subject(struct subject *subject, const struct context *context, const struct record *order,
                         const struct record *message, struct outcome *outcome)
{
    *subject = (struct subject){.context = context, .order = order, .id = record_str(message, F_SMS)};
    const char *of = aux_get(context->aux, SMS_FIELD_ORDER);
    if (!of || strcmp(of, context->order_id) != 0 || strlen(subject->id) >= SMS_ID_SIZE) {
        outcome_refuse(outcome, "unknown", "sms", "there is no such SMS");
        return false;
    }
    sms_key(subject->key, sizeof subject->key, subject->id);
    return true;
}

/* The fate of an SMS is sealed: the archive learns of it, and what is personal goes. */
static void settle(const struct subject *subject, struct outcome *outcome, const char *state, const char *detail)
{
    const struct aux *aux = subject->context->aux;
    outcome_zrem(outcome, SMS_WAITING, subject->id);
    outcome_zrem(outcome, SMS_UNKNOWN_LIST, subject->id);
    outcome_hdel(outcome, subject->key, SMS_FIELD_PHONE);
    outcome_hdel(outcome, subject->key, SMS_FIELD_TEXT);
    outcome_hdel(outcome, subject->key, SMS_FIELD_VALUES);
    outcome_expire(outcome, subject->key, SMS_KEEP_S);
    if (!record_has(subject->order, F_VER))
        return; /* about no order: nobody counts it */
    outcome_count(outcome, F_SMS_OPEN, -1);
    struct record *settled = outcome_send(outcome, MSG_SMS_SETTLED);
    record_set(settled, F_SMS, subject->id);
    record_set(settled, F_SMS_STATE, state);
    record_set(settled, F_RECIPIENT, aux_get(aux, SMS_FIELD_RECIPIENT));
    record_set(settled, F_TEMPLATE, aux_get(aux, SMS_FIELD_TEMPLATE));
    if (*detail)
        record_set(settled, F_DETAIL, detail);
}

/* Moves an SMS forward to a state; a rank that is not higher than the one it has is stale. */
static void advance(const struct subject *subject, struct outcome *outcome, const char *state, enum sms_rank rank,
                    const char *detail)
{
    const struct context *context = subject->context;
    outcome_guard(outcome, subject->key, SMS_FIELD_RANK, rank);
    outcome_hset(outcome, subject->key, SMS_FIELD_STATE, state);
    set_int(outcome, subject->key, SMS_FIELD_RANK, rank);
    if (*detail)
        outcome_hset(outcome, subject->key, SMS_FIELD_DETAIL, detail);
    outcome_zrem(outcome, SMS_QUEUE, subject->id);
    if (rank == RANK_SETTLED) {
        settle(subject, outcome, state, detail);
        return;
    }
    outcome_zadd(outcome, SMS_WAITING, aux_int(context->aux, SMS_FIELD_WAIT), subject->id);
    if (rank == RANK_UNKNOWN)
        outcome_zadd(outcome, SMS_UNKNOWN_LIST, context->now, subject->id);
    else
        outcome_zrem(outcome, SMS_UNKNOWN_LIST, subject->id);
}

/* The one step back: a gateway said "not now", so the SMS waits for its next try, if it has one left. */
static void queue_again(const struct subject *subject, struct outcome *outcome, const char *detail, bool deferred)
{
    int64_t attempt = aux_int(subject->context->aux, SMS_FIELD_ATTEMPT);
    if (attempt >= SMS_TRIES) {
        advance(subject, outcome, SMS_FAILED, RANK_SETTLED, detail);
        return;
    }
    outcome_guard(outcome, subject->key, SMS_FIELD_RANK, RANK_SENDING + 1);
    outcome_hset(outcome, subject->key, SMS_FIELD_STATE, SMS_QUEUED);
    set_int(outcome, subject->key, SMS_FIELD_RANK, RANK_QUEUED);
    outcome_hset(outcome, subject->key, SMS_FIELD_DETAIL, detail);
    int64_t pause = deferred ? SMS_DEFER_MS : sms_pause_ms(attempt);
    outcome_zadd(outcome, SMS_QUEUE, subject->context->now + pause, subject->id);
}

/* Which gateway had it, and what its receipt will call the SMS. */
static void note_gateway(const struct subject *subject, const struct record *message, struct outcome *outcome)
{
    const char *serial = record_str(message, F_SERIAL);
    if (*record_str(message, F_GATEWAY))
        outcome_hset(outcome, subject->key, SMS_FIELD_GATEWAY, record_str(message, F_GATEWAY));
    if (!*serial)
        return;
    char key[SERIAL_KEY_SIZE];
    serial_key(key, serial);
    outcome_hset(outcome, key, SERIAL_FIELD, subject->id);
    outcome_expire(outcome, key, SMS_KEEP_S);
}

void sms_outcome(const struct context *context, const struct record *order, const struct record *message,
                 struct outcome *outcome)
{
    static const struct {
        const char *state;
        enum sms_rank rank;
    } ends[] = {{SMS_UNKNOWN, RANK_UNKNOWN},
                {SMS_ACCEPTED, RANK_ACCEPTED},
                {SMS_DELIVERED, RANK_SETTLED},
                {SMS_FAILED, RANK_SETTLED}};
    const char *state = record_str(message, F_SMS_STATE), *detail = record_str(message, F_DETAIL);
    struct subject subject;
    if (!find_subject(&subject, context, order, message, outcome))
        return;
    note_gateway(&subject, message, outcome);
    if (strcmp(state, SMS_QUEUED) == 0 || strcmp(state, SMS_DEFERRED) == 0) {
        queue_again(&subject, outcome, detail, strcmp(state, SMS_DEFERRED) == 0);
        return;
    }
    if (strcmp(state, SMS_OVERDUE) == 0) {
        advance(&subject, outcome, aux_get(context->aux, SMS_FIELD_STATE), RANK_SETTLED, "no receipt came in time");
        return;
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (strcmp(state, ends[i].state) == 0) {
            advance(&subject, outcome, state, ends[i].rank, detail);
            return;
        }
    outcome_refuse(outcome, "invalid", "sms_state", "%s is not what becomes of an SMS", state);
}

void sms_receipt(const struct context *context, const struct record *order, const struct record *message,
                 struct outcome *outcome)
{
    /* Kannel's codes. 1 may come before 8: a state only moves forward. */
    static const struct {
        int64_t code;
        const char *state;
        enum sms_rank rank;
        const char *detail;
    } receipts[] = {{1, SMS_DELIVERED, RANK_SETTLED, ""},
                    {2, SMS_FAILED, RANK_SETTLED, "the network could not deliver it"},
                    {4, SMS_ACCEPTED, RANK_ACCEPTED, "the network holds it back for now"},
                    {8, SMS_ACCEPTED, RANK_ACCEPTED, ""},
                    {16, SMS_FAILED, RANK_SETTLED, "the network rejected it"}};
    struct subject subject;
    if (!find_subject(&subject, context, order, message, outcome))
        return;
    for (size_t i = 0; i < sizeof receipts / sizeof *receipts; i++) {
        if (receipts[i].code != record_int(message, F_RECEIPT))
            continue;
        char label[20];
        snprintf(label, sizeof label, "code=\"%" PRId64 "\"", receipts[i].code);
        metric_add("sidan_receipts_total", "Receipts of the gateway", label, 1);
        /* An operator who settles an unknown SMS says why; a gateway's code says it by itself. */
        const char *detail = record_has(message, F_DETAIL) ? record_str(message, F_DETAIL) : receipts[i].detail;
        advance(&subject, outcome, receipts[i].state, receipts[i].rank, detail);
        return;
    }
    outcome_refuse(outcome, "invalid", "receipt", "no receipt has this code");
}

/* Tells somebody we know how a reply should look, or has them say which order they mean. */
static void queue_help(const struct context *context, const struct record *message, const char *template,
                       const char *ref, struct outcome *outcome)
{
    RECORD *none = record_new();
    struct occasion occasion = {.county = context->county,
                                .order_id = record_str(message, F_ORDER),
                                .order = none,
                                .message = message,
                                .now = context->now};
    struct wording wording WORDING_CLEAR = {0};
    template_word(template, &occasion, &wording);
    struct person person = {.phone = record_str(message, F_FROM)};
    snprintf(person.ref, sizeof person.ref, "%s", ref);
    queue_sms(context, outcome, "", 1, &person, template, &wording, 0);
}

void send_code(const struct context *context, const struct record *order, const struct record *message,
               struct outcome *outcome)
{
    RECORD *none = record_new();
    struct occasion occasion = {
        .county = context->county, .order_id = "", .order = none, .message = message, .now = context->now};
    struct roster_entry entry;
    struct person person = {.phone = record_str(message, F_PHONE)};
    (void)order;
    for (size_t i = 0; county_roster(context->county, i, &entry); i++) {
        if (strcmp(entry.phone, person.phone) != 0)
            continue;
        struct wording wording WORDING_CLEAR = {0};
        template_word("code", &occasion, &wording);
        snprintf(person.ref, sizeof person.ref, "%s:%s", entry.kind, entry.id);
        queue_sms(context, outcome, "", 1, &person, "code", &wording, record_int(message, F_EXPIRES));
        return;
    }
}

/* An operator tries the way to a phone; what becomes of it is read from the SMS. */
void test_sms(const struct context *context, const struct record *order, const struct record *message,
              struct outcome *outcome)
{
    struct occasion occasion = {
        .county = context->county, .order_id = "", .order = order, .message = order, .now = context->now};
    struct wording wording WORDING_CLEAR = {0};
    struct person person = {.ref = "operator", .phone = record_str(message, F_PHONE)};
    if (*context->order_id) {
        outcome_refuse(outcome, "invalid", "order", "a test is about no order");
        return;
    }
    template_word("test", &occasion, &wording);
    queue_sms(context, outcome, "", 1, &person, "test", &wording, 0);
    record_printf(outcome_reply(outcome, MSG_DONE), F_SMS, "%s.%s.1", context->county->id, context->message_id);
}

/* Whether all of these are numbers of the county's orders. */
static bool are_ours(const struct context *context, const char *orders)
{
    char order[ORDER_ID_SIZE], county[7];
    while (words_next(&orders, order, sizeof order))
        if (order_parse(order, county, NULL) < 0 || strcmp(county, context->county->id) != 0)
            return false;
    return true;
}

void sms_reply(const struct context *context, const struct record *order, const struct record *message,
               struct outcome *outcome)
{
    char ref[REF_SIZE];
    const struct member *member = people_by_phone(context->county, record_str(message, F_FROM), ref);
    const char *what = "stranger";
    if (!are_ours(context, record_str(message, F_ORDERS))) {
        outcome_refuse(outcome, "invalid", "orders", "a county asks about orders of its own");
        return;
    }
    if (record_has(message, F_ORDERS)) {
        what = "unclear";
        queue_help(context, message, what, "resident", outcome);
    } else if (*ref && record_has(message, F_ORDER)) {
        what = "which";
        queue_help(context, message, what, ref, outcome);
    } else if (member && record_has(order, F_VER)) {
        what = "claim";
        record_set(outcome_send(outcome, MSG_CLAIM_REPLIED), F_MEMBER, member->id);
    } else if (*ref) {
        what = "help";
        queue_help(context, message, what, ref, outcome);
    }
    char label[30];
    snprintf(label, sizeof label, "what=\"%s\"", what);
    metric_add("sidan_replies_total", "SMS that came in, by what they led to", label, 1);
}
