/*
 * fates.c - what becomes of an SMS: outcomes of an attempt and receipts, all of it pure.
 *
 * They move an SMS forward: each is guarded by the SMS's rank, so one that comes late or twice changes nothing, and the
 * order's count of open SMS falls exactly once.
 */
#include "services/notification/notify.h"

#include "common/metrics.h"
#include "common/serial.h"
#include "services/notification/reminders.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void sms_aux(const struct record *message, char *key, size_t size)
{
    snprintf(key, size, "sms:%s", record_str(message, F_SMS));
}

static enum channel channel_of(const struct aux *aux)
{
    return channel_by_name(aux_get(aux, SMS_FIELD_CHANNEL));
}

/* An SMS that an outcome or a receipt is about, as it stands. */
struct subject {
    const struct context *context;
    const struct record *order;
    const char *id;
    char key[SMS_KEY_SIZE];
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
    sms_key(subject->key, subject->id);
    return true;
}

/* Moves an SMS forward to a state; a rank that is not higher than the one it has is stale. */
static void advance(const struct subject *subject, struct outcome *outcome, const char *state, enum sms_rank rank,
                    const char *detail)
{
    const struct context *context = subject->context;
    outcome_guard(outcome, subject->key, SMS_FIELD_RANK, rank);
    outcome_hset(outcome, subject->key, SMS_FIELD_STATE, state);
    sms_set_int(outcome, subject->key, SMS_FIELD_RANK, rank);
    if (*detail)
        outcome_hset(outcome, subject->key, SMS_FIELD_DETAIL, detail);
    outcome_zrem(outcome, channel_queue(channel_of(context->aux)), subject->id);
    if (rank == RANK_SETTLED) {
        struct fate fate = {.id = subject->id,
                            .order = record_has(subject->order, F_VER) ? context->order_id : "",
                            .recipient = aux_get(context->aux, SMS_FIELD_RECIPIENT),
                            .template = aux_get(context->aux, SMS_FIELD_TEMPLATE),
                            .state = state,
                            .detail = detail};
        sms_end(context, outcome, &fate);
        reminders_end(context, &fate, outcome);
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
    outcome_hset(outcome, subject->key, SMS_FIELD_DETAIL, detail);
    const struct aux *aux = subject->context->aux;
    enum channel channel = channel_of(aux);
    int64_t rest = channel == CHANNEL_CHAT ? CHAT_DEFER_MS : SMS_DEFER_MS;
    int64_t at = subject->context->now + (deferred ? rest : sms_pause_ms(attempt));
    sms_wait(outcome, subject->id, channel, aux_get(aux, SMS_FIELD_GATHER), at);
    reminders_part(subject->context, at, outcome);
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
                {SMS_FAILED, RANK_SETTLED},
                {SMS_MUTED, RANK_SETTLED}};
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
