/*
 * place.c - 点单: the handler that makes an order. Pure.
 *
 * All doors lead here, so what an order must look like beyond the schema is
 * checked here and nowhere else. A refusal names the field.
 */
#include "services/intake/intake.h"

#include "common/clock.h"
#include "common/contact.h"
#include "common/joint.h"

#include <stdio.h>
#include <string.h>

static bool is_gone(const struct county *county, enum field field, const char *id)
{
    return (field == F_COMMUNITY && !county_community(county, id)) ||
           (field == F_CATEGORY && !county_category(county, id));
}

void intake_inherit(const struct county *county, const struct record *from, const enum field *fields,
                    struct record *order)
{
    for (; *fields != FIELD_COUNT; fields++)
        if (!record_has(order, *fields) && !is_gone(county, *fields, record_str(from, *fields)))
            record_copy(order, from, *fields);
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* What the schema cannot say. Returns the field that is wrong and ret_detail, or NULL. */
static const char *find_fault(const struct county *county, const struct record *message, const char **ret_detail)
{
    const char *media = record_str(message, F_MEDIA_URL);
    char phone[PHONE_SIZE];
    if (is_blank(record_str(message, F_TITLE))) {
        *ret_detail = "the title is empty: say in one line what it is about";
        return "title";
    }
    if (record_has(message, F_COMMUNITY) && !county_community(county, record_str(message, F_COMMUNITY))) {
        *ret_detail = "the county has no community with this id: leave it out, or give one of the county's ids";
        return "community";
    }
    if (record_has(message, F_CATEGORY) && !county_category(county, record_str(message, F_CATEGORY))) {
        *ret_detail = "the county has no category with this code: leave it out, or give one of the county's codes";
        return "category";
    }
    if (!is_blank(record_str(message, F_PHONE)) && contact_phone(record_str(message, F_PHONE), phone) < 0) {
        *ret_detail = "this is no Chinese phone number: give 11 digits of a mobile, or area code and number";
        return "phone";
    }
    if (!is_blank(record_str(message, F_EMAIL)) && !strchr(record_str(message, F_EMAIL), '@')) {
        *ret_detail = "this is no mail address: leave it out, or give one like name@example.cn";
        return "email";
    }
    if (record_has(message, F_LAT) != record_has(message, F_LONG)) {
        *ret_detail = "lat and long go together: give both or none";
        return record_has(message, F_LAT) ? "long" : "lat";
    }
    if (!(record_real(message, F_LAT) >= -90 && record_real(message, F_LAT) <= 90)) {
        *ret_detail = "a latitude lies between -90 and 90";
        return "lat";
    }
    if (!(record_real(message, F_LONG) >= -180 && record_real(message, F_LONG) <= 180)) {
        *ret_detail = "a longitude lies between -180 and 180";
        return "long";
    }
    if (*media && strncmp(media, "https://", 8) != 0 && strncmp(media, "http://", 7) != 0) {
        *ret_detail = "the address of a picture begins with https:// or http://";
        return "media_url";
    }
    if (record_int(message, F_PUBLIC) != 0 && record_int(message, F_PUBLIC) != 1) {
        *ret_detail = "public is 0 or 1";
        return "public";
    }
    return NULL;
}

enum { DAY_MS = 24 * 3600 * 1000 };

/* SMS go to a phone that a guest has named, so there is a limit to it. Who brings a key answers for that. */
static void limit_guests(const struct county *county, const char *person, struct outcome *outcome)
{
    char key[80];
    snprintf(key, sizeof key, "placed:%s", person);
    if (county->phone_orders > 0)
        outcome_limit(outcome, key, county->phone_orders, DAY_MS / county->phone_orders);
}

/* Name, phone and mail address leave the changes for the sealed contact. Whether there is a phone to reach. */
static bool set_contact(const struct context *context, const struct record *message, struct record *changes)
{
    RECORD *given = record_new();
    char phone[PHONE_SIZE];
    bool reachable = contact_phone(record_str(message, F_PHONE), phone) == 0;
    record_copy_all(given, message);
    if (reachable)
        record_set(given, F_PHONE, phone);
    else
        record_unset(given, F_PHONE);
    contact_seal(context->county->vault, context->order_id, given, changes);
    for (int field = 0; field < FIELD_COUNT; field++)
        if ((field_info((enum field)field)->flags & (PERSONAL | SEALED)) == PERSONAL)
            record_unset(changes, (enum field)field);
    return reachable;
}

/* The order of the county that asked for this one is looked after from now on. */
static void set_partner(const struct context *context, const struct record *message, struct outcome *outcome)
{
    struct partner partner = {.state = ""};
    char joint[JOINT_SIZE];
    snprintf(partner.order, sizeof partner.order, "%s", record_str(message, F_SOURCE_REF));
    if (partner_put("", &partner, joint))
        record_set(outcome_changes(outcome), F_JOINT, joint);
    outcome_zadd(outcome, JOINT_KEY, context->now, context->order_id);
}

void place_order(const struct context *context, const struct record *order, const struct record *message,
                 struct outcome *outcome)
{
    const char *detail, *field = find_fault(context->county, message, &detail);
    if (field) {
        outcome_refuse(outcome, "invalid", field, "%s", detail);
        return;
    }
    if (record_count(order) > 0) {
        outcome_refuse(outcome, "exists", NULL, "order %s exists already", context->order_id);
        return;
    }
    struct record *changes = outcome_changes(outcome);
    record_copy_all(changes, message);
    record_unset(changes, F_VIA);
    record_unset(changes, F_PRIMARY); /* until it is merged */
    record_set(changes, F_ORDER, context->order_id);
    record_set(changes, F_STATE, STATE_PLACED);
    record_set_int(changes, F_PLACED_AT, context->now);
    if (record_has(message, F_COMMUNITY))
        record_set(changes, F_TOWN, county_community(context->county, record_str(message, F_COMMUNITY))->town->id);
    if (is_for_another(message))
        set_partner(context, message, outcome);
    bool reachable = set_contact(context, message, changes);
    if (reachable && !record_has(message, F_VIA))
        limit_guests(context->county, record_str(changes, F_PERSON), outcome);

    start_clock(context, order, CLOCK_HANDOVER, outcome);
    outcome_step(outcome, "placed", "resident", NULL);
    record_copy(outcome_send(outcome, MSG_ORDER_PLACED), message, F_PRIMARY);
    if (reachable)
        outcome_notify(outcome, "placed", "resident");
}
