/*
 * place.c - 点单: the handler that makes an order. Pure.
 *
 * All doors lead here, so what an order must look like beyond the schema is
 * checked here and nowhere else. A refusal names the field.
 */
#include "services/intake/intake.h"

#include "common/calendar.h"
#include "common/text.h"

#include <ctype.h>
#include <string.h>

int intake_phone(const char *text, char ret_phone[PHONE_SIZE])
{
    char digits[PHONE_SIZE] = "";
    size_t count = 0;
    for (const char *c = *text == '+' ? text + 1 : text; *c; c++) {
        if (*c == ' ' || *c == '-' || *c == '(' || *c == ')')
            continue;
        if (!isdigit((unsigned char)*c) || count == sizeof digits - 1)
            return -EINVAL;
        digits[count++] = *c;
    }
    const char *number = digits;
    if (strncmp(number, "0086", 4) == 0)
        number += 4;
    else if (strncmp(number, "86", 2) == 0 && count > 11)
        number += 2;
    size_t length = strlen(number);
    bool mobile = length == 11 && number[0] == '1';
    bool landline = length >= 10 && length <= 12 && number[0] == '0' && number[1] != '0';
    if (!mobile && !landline)
        return -EINVAL;
    snprintf(ret_phone, PHONE_SIZE, "%s", number);
    return 0;
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
    if (!is_blank(record_str(message, F_PHONE)) && intake_phone(record_str(message, F_PHONE), phone) < 0) {
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
    record_set(changes, F_ORDER, context->order_id);
    record_set(changes, F_STATE, STATE_PLACED);
    record_set_int(changes, F_PLACED_AT, context->now);
    if (record_has(message, F_COMMUNITY))
        record_set(changes, F_TOWN, county_community(context->county, record_str(message, F_COMMUNITY))->town->id);
    char phone[PHONE_SIZE];
    bool reachable = intake_phone(record_str(message, F_PHONE), phone) == 0;
    if (reachable)
        record_set(changes, F_PHONE, phone);

    int64_t due = calendar_end(context->county, context->now, county_clock(context->county, "", CLOCK_HANDOVER));
    record_set(changes, F_CLOCK, clock_name(CLOCK_HANDOVER));
    record_set_int(changes, F_DUE, due);
    record_set_int(changes, F_RUNG, 0);
    char entry[CLOCK_ENTRY_SIZE];
    order_clock_entry(entry, context->order_id, clock_name(CLOCK_HANDOVER), 0);
    outcome_zadd(outcome, CLOCKS_KEY, due, entry);

    outcome_step(outcome, "placed", "resident", NULL);
    outcome_send(outcome, MSG_ORDER_PLACED);
    if (reachable)
        outcome_notify(outcome, "placed", "resident");
}
