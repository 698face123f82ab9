/*
 * reminders.c - several reminders to one person become one SMS; all of it pure.
 *
 * A rung of the ladder is an SMS of its own until gathering.c finds it due. Then the first of those to a person says it
 * for all that still have a reason, and carries the others: they end as it ends, and wait again, each for itself, when
 * it has to. Those without a reason end as muted. All of it is one commit, before anything is sent, guarded by the rank
 * of each: so each rung is told once, whoever finds them.
 */
#include "services/notification/reminders.h"

#include "common/alloc.h"
#include "common/text.h"
#include "services/notification/notify.h"
#include "services/notification/people.h"
#include "services/notification/sms.h"
#include "services/notification/templates.h"
#include "services/notification/wording.h"

#include <string.h>

const char *reminder_moot(const struct record *order, const char *recipient, const char *clock, int64_t now)
{
    static const char member[] = "member:";
    if (!record_has(order, F_VER))
        return "the order is closed";
    if (!record_is(order, F_CLOCK, clock))
        return "what was overdue is done";
    if (record_int(order, F_DUE) > now)
        return "its deadline has moved";
    bool is_member = strncmp(recipient, member, strlen(member)) == 0 && !record_is(order, F_HOST, recipient);
    if (is_member && !words_have(record_str(order, F_MEMBERS), recipient + strlen(member)))
        return "the order is with others now";
    return "";
}

/* The first one says it for all. */
static void reword(const struct context *context, const struct record *lead, const struct record *digest,
                   struct outcome *outcome)
{
    bool handlers = strncmp(record_str(lead, F_TEMPLATE), "reminder", strlen("reminder")) == 0;
    const char *template = handlers ? "reminders" : "escalations", *id = record_str(lead, F_SMS);
    struct occasion occasion = {
        .county = context->county, .order_id = "", .order = digest, .message = digest, .now = context->now};
    struct wording wording WORDING_CLEAR = {0};
    char key[SMS_KEY_SIZE];
    template_word(template, &occasion, &wording);
    sms_key(key, id);
    outcome_hset(outcome, key, SMS_FIELD_TEMPLATE, template);
    sms_set_sealed(context, outcome, id, SMS_FIELD_TEXT, wording.text);
    sms_set_sealed(context, outcome, id, SMS_FIELD_VALUES, wording.values);
}

/* One that says nothing itself. */
static void end(const struct context *context, struct outcome *outcome, const struct fate *fate)
{
    char key[SMS_KEY_SIZE];
    sms_key(key, fate->id);
    outcome_hset(outcome, key, SMS_FIELD_STATE, fate->state);
    sms_set_int(outcome, key, SMS_FIELD_RANK, RANK_SETTLED);
    outcome_hset(outcome, key, SMS_FIELD_DETAIL, fate->detail);
    sms_end(context, outcome, fate);
}

static void mute(const struct context *context, const struct record *row, struct outcome *outcome)
{
    end(context, outcome,
        &(struct fate){.id = record_str(row, F_SMS),
                       .order = record_str(row, F_ORDER),
                       .recipient = record_str(row, F_RECIPIENT),
                       .template = record_str(row, F_TEMPLATE),
                       .state = SMS_MUTED,
                       .detail = record_str(row, F_DETAIL)});
}

void sms_gather(const struct context *context, const struct record *order, const struct record *message,
                struct outcome *outcome)
{
    RECORD *digest = record_new();
    const struct record *lead = NULL;
    char *carried = xstrdup(""), key[SMS_KEY_SIZE];
    (void)order;
    for (size_t i = 0; i < record_rows(message, F_ROWS); i++) {
        const struct record *row = record_row(message, F_ROWS, i);
        const char *id = record_str(row, F_SMS);
        AUTOFREE char *entry = xasprintf("%s|%s", record_str(message, F_REF), id);
        sms_key(key, id);
        outcome_guard(outcome, key, SMS_FIELD_RANK, RANK_QUEUED);
        outcome_zrem(outcome, SMS_GATHER, entry);
        if (record_len(row, F_DETAIL) > 0) {
            mute(context, row, outcome);
            continue;
        }
        record_copy_all(record_add_row(digest, F_ROWS), row);
        sms_set_int(outcome, key, SMS_FIELD_RANK, RANK_QUEUED);
        if (!lead) {
            lead = row;
            outcome_zadd(outcome, SMS_QUEUE, context->now, id);
        } else {
            char *more = xasprintf("%s%s%s|%s", carried, *carried ? " " : "", id, record_str(row, F_RECIPIENT));
            free(carried);
            carried = more;
        }
    }
    record_set_int(digest, F_TOTAL, (int64_t)record_rows(digest, F_ROWS));
    if (lead && (*carried || !(template_flags(record_str(lead, F_TEMPLATE)) & GATHERED)))
        reword(context, lead, digest, outcome);
    if (lead) {
        sms_key(key, record_str(lead, F_SMS));
        outcome_hset(outcome, key, SMS_FIELD_CARRIES, carried);
    }
    free(carried);
}

/* The next of those that one carries: its id, and in ret_recipient who it is to. NULL at the end. The caller frees it.
 */
static char *next_carried(const char **cursor, const char **ret_recipient)
{
    char item[SMS_ID_SIZE + REF_SIZE];
    if (!words_next(cursor, item, sizeof item))
        return NULL;
    char *id = xstrdup(item), *bar = strchr(id, '|');
    if (bar)
        *bar = '\0';
    *ret_recipient = bar ? bar + 1 : "";
    return id;
}

void reminders_end(const struct context *context, const struct fate *lead, struct outcome *outcome)
{
    const char *carried = aux_get(context->aux, SMS_FIELD_CARRIES), *recipient;
    AUTOFREE char *detail = xasprintf("said by %s", lead->id);
    for (char *id; carried && (id = next_carried(&carried, &recipient)); free(id)) {
        AUTOFREE char *order = xstrndup(id, strcspn(id, "."));
        end(context, outcome,
            &(struct fate){.id = id,
                           .order = order,
                           .recipient = recipient,
                           .template = lead->template,
                           .state = lead->state,
                           .detail = detail});
    }
}

void reminders_part(const struct context *context, int64_t at, struct outcome *outcome)
{
    const char *carried = aux_get(context->aux, SMS_FIELD_CARRIES), *recipient;
    for (char *id; carried && (id = next_carried(&carried, &recipient)); free(id))
        sms_wait(outcome, id, CHANNEL_SMS, aux_get(context->aux, SMS_FIELD_GATHER), at);
}
