/*
 * replies.c - what people write back: claims, and that they want no more SMS; all of it pure.
 *
 * Who has a duty cannot opt out of its SMS, and is told so. A resident can, of what is not NECESSARY
 * (templates.c), until they write anything else. That is kept for the county, by a keyed hash of the phone, since it is
 * about the phone and not about one order.
 */
#include "services/notification/notify.h"

#include "common/metrics.h"
#include "common/opt_out.h"
#include "common/order.h"
#include "common/text.h"
#include "common/vault.h"
#include "services/notification/people.h"
#include "services/notification/sms.h"

#include <stdio.h>
#include <string.h>

/* Whether the phone is that of somebody who is told because of a duty. */
static bool has_duty(const struct county *county, const char *phone, char ref[REF_SIZE])
{
    struct roster_entry entry;
    for (size_t i = 0; county_roster(county, i, &entry); i++)
        if (strcmp(entry.phone, phone) == 0) {
            snprintf(ref, REF_SIZE, "%s:%s", entry.kind, entry.id);
            return true;
        }
    return false;
}

/* "T" and the like; "stranger" for anything else, by which whoever had opted out is back. */
static const char *opt_out(const struct context *context, const struct record *message, struct outcome *outcome)
{
    struct person person = {.ref = "resident", .phone = record_str(message, F_FROM)};
    char digest[VAULT_DIGEST_SIZE];
    vault_digest(context->county->vault, "told", person.phone, digest);
    if (!is_opt_out(record_str(message, F_BODY))) {
        outcome_hdel(outcome, SMS_OPTED_OUT, digest);
        return "stranger";
    }
    if (has_duty(context->county, person.phone, person.ref)) {
        tell_now(context, outcome, &person, "duty", message);
        return "duty";
    }
    sms_set_int(outcome, SMS_OPTED_OUT, digest, context->now);
    return "opted_out";
}

/* Whether all of these are numbers of the county's orders or meetings. */
static bool are_ours(const struct context *context, const char *orders)
{
    char order[ORDER_ID_SIZE], county[7];
    while (words_next(&orders, order, sizeof order))
        if (matter_parse(order, county, NULL, NULL) < 0 || strcmp(county, context->county->id) != 0)
            return false;
    return true;
}

/* Whether all of them are meetings. */
static bool asks_about_meetings(const char *orders)
{
    char order[ORDER_ID_SIZE];
    while (words_next(&orders, order, sizeof order))
        if (matter_of(order) != MATTER_MEETING)
            return false;
    return true;
}

void sms_reply(const struct context *context, const struct record *order, const struct record *message,
               struct outcome *outcome)
{
    struct person person = {.phone = record_str(message, F_FROM)};
    const struct member *member = people_by_phone(context->county, person.phone, person.ref);
    const char *what;
    if (!are_ours(context, record_str(message, F_ORDERS))) {
        outcome_refuse(outcome, "invalid", "orders", "a county asks about orders of its own");
        return;
    }
    if (record_has(message, F_ORDERS)) {
        bool meetings = asks_about_meetings(record_str(message, F_ORDERS));
        what = meetings ? "meeting_unclear" : "unclear";
        if (!meetings || !*person.ref)
            snprintf(person.ref, sizeof person.ref, "resident");
        tell_now(context, outcome, &person, what, message);
    } else if (!*person.ref || is_opt_out(record_str(message, F_BODY))) {
        what = opt_out(context, message, outcome);
    } else if (record_has(message, F_ORDER)) {
        what = "which";
        tell_now(context, outcome, &person, what, message);
    } else if (member && record_has(order, F_VER)) {
        what = "claim";
        record_set(outcome_send(outcome, MSG_CLAIM_REPLIED), F_MEMBER, member->id);
    } else {
        what = "help";
        tell_now(context, outcome, &person, what, message);
    }
    char label[30];
    snprintf(label, sizeof label, "what=\"%s\"", what);
    metric_add("sidan_replies_total", "SMS that came in, by what they led to", label, 1);
}
