/*
 * sms.c - one SMS in the outcome of a handler: how it is queued, how it waits, how it ends; see sms.h.
 */
#include "services/notification/sms.h"

#include "common/text.h"
#include "common/vault.h"
#include "services/notification/people.h"
#include "services/notification/templates.h"
#include "services/notification/wording.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void sms_key(char key[SMS_KEY_SIZE], const char *id)
{
    snprintf(key, SMS_KEY_SIZE, "sms:%s", id);
}

void sms_set_int(struct outcome *outcome, const char *key, const char *field, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    outcome_hset(outcome, key, field, text);
}

void sms_set_sealed(const struct context *context, struct outcome *outcome, const char *id, const char *field,
                    const char *value)
{
    char key[SMS_KEY_SIZE];
    AUTOFREE char *owner = sms_owner(id, field);
    AUTOFREE char *sealed = vault_seal(context->county->vault, owner, value, strlen(value));
    sms_key(key, id);
    outcome_hset(outcome, key, field, sealed);
}

void sms_wait(struct outcome *outcome, const char *id, enum channel channel, const char *gather, int64_t at)
{
    char key[SMS_KEY_SIZE];
    sms_key(key, id);
    outcome_hset(outcome, key, SMS_FIELD_STATE, SMS_QUEUED);
    sms_set_int(outcome, key, SMS_FIELD_RANK, gather ? RANK_GATHERING : RANK_QUEUED);
    if (gather) {
        AUTOFREE char *entry = xasprintf("%s|%s", gather, id);
        outcome_zrem(outcome, SMS_QUEUE, id);
        outcome_zadd(outcome, SMS_GATHER, at, entry);
    } else {
        outcome_zadd(outcome, channel_queue(channel), at, id);
    }
}

void sms_queue(const struct context *context, struct outcome *outcome, const struct notice *notice)
{
    char id[SMS_ID_SIZE], key[SMS_KEY_SIZE], person[VAULT_DIGEST_SIZE];
    const char *order = notice->order, *template = notice->template, *ref = notice->person->ref;
    enum channel channel = notice->person->channel;
    snprintf(id, sizeof id, "%s.%s.%zu", *order ? order : context->county->id, context->message_id, notice->n);
    sms_key(key, id);
    vault_digest(context->county->vault, "told", notice->person->phone, person);
    outcome_hset(outcome, key, SMS_FIELD_ORDER, order);
    outcome_hset(outcome, key, SMS_FIELD_RECIPIENT, ref);
    outcome_hset(outcome, key, SMS_FIELD_TEMPLATE, template);
    outcome_hset(outcome, key, SMS_FIELD_PERSON, person);
    if (channel != CHANNEL_SMS)
        outcome_hset(outcome, key, SMS_FIELD_CHANNEL, channel_name(channel));
    sms_set_sealed(context, outcome, id, SMS_FIELD_PHONE, notice->person->phone);
    sms_set_sealed(context, outcome, id, SMS_FIELD_TEXT, notice->wording->text);
    sms_set_sealed(context, outcome, id, SMS_FIELD_VALUES, notice->wording->values);
    sms_set_int(outcome, key, SMS_FIELD_CREATED, context->now);
    if (notice->expires > 0)
        sms_set_int(outcome, key, SMS_FIELD_EXPIRES, notice->expires);
    if (!notice->at_once && channel != CHANNEL_MAIL) /* which wakes nobody */
        outcome_hset(outcome, key, SMS_FIELD_PATIENT, "1");
    if (strcmp(ref, "resident") == 0 && !(template_flags(template) & NECESSARY))
        outcome_hset(outcome, key, SMS_FIELD_OPTIONAL, "1");
    if (channel == CHANNEL_SMS && template_flags(template) & GATHERED) {
        AUTOFREE char *gather = xasprintf("%s|%s", template, person);
        outcome_hset(outcome, key, SMS_FIELD_GATHER, gather);
        outcome_hset(outcome, key, SMS_FIELD_CLOCK, notice->clock);
        outcome_hset(outcome, key, SMS_FIELD_HELD, "1");
        sms_wait(outcome, id, channel, gather, context->now + SMS_GATHER_MS);
    } else {
        sms_wait(outcome, id, channel, NULL, context->now);
    }
}

void sms_end(const struct context *context, struct outcome *outcome, const struct fate *fate)
{
    char key[SMS_KEY_SIZE];
    sms_key(key, fate->id);
    outcome_zrem(outcome, SMS_WAITING, fate->id);
    outcome_zrem(outcome, SMS_UNKNOWN_LIST, fate->id);
    outcome_hdel(outcome, key, SMS_FIELD_PHONE);
    outcome_hdel(outcome, key, SMS_FIELD_TEXT);
    outcome_hdel(outcome, key, SMS_FIELD_VALUES);
    outcome_expire(outcome, key, SMS_KEEP_S);
    if (!*fate->order)
        return; /* about no order: nobody counts it */
    struct record *settled;
    if (strcmp(fate->order, context->order_id) == 0) {
        outcome_count(outcome, F_SMS_OPEN, -1);
        settled = outcome_send(outcome, MSG_SMS_SETTLED);
    } else { /* which is still there, because it counts this SMS */
        AUTOFREE char *order = xasprintf("order:%s", fate->order);
        outcome_hincr(outcome, order, field_info(F_SMS_OPEN)->name, -1);
        settled = outcome_send_about(outcome, MSG_SMS_SETTLED, fate->order, true);
    }
    record_set(settled, F_SMS, fate->id);
    record_set(settled, F_SMS_STATE, fate->state);
    record_set(settled, F_RECIPIENT, fate->recipient);
    record_set(settled, F_TEMPLATE, fate->template);
    if (*fate->detail)
        record_set(settled, F_DETAIL, fate->detail);
}
