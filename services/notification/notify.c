/*
 * notify.c - who is told by SMS, and in which words; all of it pure.
 *
 * A NOTIFY becomes one queued SMS per person. What cannot be decided is refused
 * with its cause; nobody's number or words are ever part of that.
 */
#include "services/notification/notify.h"

#include "common/contact.h"
#include "common/metrics.h"
#include "common/resident.h"
#include "common/text.h"
#include "services/notification/people.h"
#include "services/notification/sms.h"
#include "services/notification/templates.h"
#include "services/notification/wording.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { RECIPIENTS_SIZE = 8001 }; /* F_RECIPIENTS, of which no character has more than four bytes */

/* What its person asked for just now, and what is urgent. An order that an office imports is no doing of its resident.
 */
static bool goes_at_once(const struct record *order, const char *template, const char *ref)
{
    if (template_flags(template) & AT_ONCE)
        return strcmp(template, "placed") != 0 || !record_is(order, F_SOURCE, "import");
    return record_is(order, F_URGENCY, "urgent") && strcmp(ref, "resident") != 0;
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
    char recipients[RECIPIENTS_SIZE];
    snprintf(recipients, sizeof recipients, "%s", record_str(message, F_RECIPIENTS));
    if (!resident_is_told(order))
        words_remove(recipients, "resident"); /* who hears from the county that asked for it, or wants nothing more */
    int r = words_have(recipients, "resident")
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
    size_t skipped, count = people_find(context->county, record_str(contact, F_PHONE), recipients, people, &skipped);
    for (size_t i = 0; i < count; i++)
        sms_queue(context, outcome,
                  &(struct notice){.order = context->order_id,
                                   .n = i + 1,
                                   .person = &people[i],
                                   .template = template,
                                   .wording = &wording,
                                   .at_once = goes_at_once(order, template, people[i].ref),
                                   .clock = record_str(message, F_CLOCK)});
    if (count > 0)
        outcome_count(outcome, F_SMS_OPEN, (int64_t)count);
    if (skipped > 0)
        metric_add("sidan_sms_skipped_total", "People who could not be told: no phone, or no longer there", "",
                   (double)skipped);
}

void tell_now(const struct context *context, struct outcome *outcome, const struct person *person, const char *template,
              const struct record *message)
{
    struct occasion occasion = {.county = context->county,
                                .order_id = record_str(message, F_ORDER),
                                .order = message,
                                .message = message,
                                .now = context->now};
    struct wording wording WORDING_CLEAR = {0};
    template_word(template, &occasion, &wording);
    sms_queue(context, outcome,
              &(struct notice){.order = "",
                               .n = 1,
                               .person = person,
                               .template = template,
                               .wording = &wording,
                               .expires = record_int(message, F_EXPIRES),
                               .at_once = true});
}

void send_code(const struct context *context, const struct record *order, const struct record *message,
               struct outcome *outcome)
{
    struct roster_entry entry = {0};
    struct person person = {.phone = record_str(message, F_PHONE)};
    (void)order;
    if (!county_roster_of(context->county, person.phone, &(size_t){0}, &entry))
        return;
    snprintf(person.ref, sizeof person.ref, "%s:%s", entry.kind, entry.id);
    tell_now(context, outcome, &person, "code", message);
}

/* An operator tries the way to a phone, an address or a chat; what becomes of it is read from the SMS. */
void test_sms(const struct context *context, const struct record *order, const struct record *message,
              struct outcome *outcome)
{
    static const enum field fields[CHANNELS] = {
        [CHANNEL_SMS] = F_PHONE, [CHANNEL_MAIL] = F_EMAIL, [CHANNEL_CHAT] = F_RECIPIENT};
    struct person person = {.ref = "operator", .phone = ""};
    (void)order;
    for (enum channel channel = 0; channel < CHANNELS; channel++)
        if (record_has(message, fields[channel])) {
            person.phone = record_str(message, fields[channel]);
            person.channel = channel;
        }
    if (*context->order_id || !*person.phone) {
        outcome_refuse(outcome, "invalid", "order", "a test is about no order, and goes to somebody");
        return;
    }
    if (person.channel == CHANNEL_CHAT && !county_robot(context->county, person.phone)) {
        outcome_refuse(outcome, "invalid", "recipient", "robots.csv has no robot of this name");
        return;
    }
    tell_now(context, outcome, &person, "test", message);
    record_printf(outcome_reply(outcome, MSG_DONE), F_SMS, "%s.%s.1", context->county->id, context->message_id);
}
