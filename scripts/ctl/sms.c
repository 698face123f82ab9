/*
 * sms.c - SMS whose fate is not known: the gateway's answer was lost, and no
 * receipt came.
 *
 * Such an SMS is never sent again by the system. A person finds out what
 * became of it and settles it, through notification, like a receipt would.
 */
#include "scripts/ctl/ctl.h"

#include "common/alloc.h"
#include "common/order.h"
#include "common/text.h"
#include "services/notification/sms.h"

#include <string.h>

/* What a gateway says in a receipt; see services/notification. */
enum { RECEIPT_DELIVERED = 1, RECEIPT_FAILED = 2 };

/* Who it was for: what the SMS itself says, next to its row. The phone number and the text stay where they are. */
static bool add_details(struct ctl *ctl, const char *county, json_t *rows)
{
    static const char *const fields[] = {SMS_FIELD_ORDER, SMS_FIELD_RECIPIENT, SMS_FIELD_TEMPLATE};
    enum { FIELDS = sizeof fields / sizeof *fields };
    size_t index;
    json_t *row;
    json_array_foreach(rows, index, row)
    {
        char key[KEY_SIZE], name[KEY_SIZE];
        snprintf(name, sizeof name, "sms:%s", json_string_value(json_object_get(row, "sms")));
        store_key(key, county, name);
        store_append(ctl->store, 2 + FIELDS, (const char *[]){"HMGET", key, fields[0], fields[1], fields[2]}, NULL);
    }
    if (!ask(ctl))
        return false;
    json_array_foreach(rows, index, row)
    {
        const redisReply *values = store_reply(ctl->store, index);
        for (size_t i = 0; i < FIELDS; i++)
            json_object_set_new(
                row, fields[i],
                json_text(values->element[i]->str ? values->element[i]->str : "", (size_t)values->element[i]->len));
    }
    return true;
}

/* Adds a county's to the rows. False after saying why not. */
static bool read_unknown(struct ctl *ctl, const char *county, json_t *all)
{
    char key[KEY_SIZE];
    store_key(key, county, SMS_UNKNOWN_LIST);
    store_appendf(ctl->store, "ZRANGE %s 0 -1 WITHSCORES", key);
    if (!ask(ctl))
        return false;
    const redisReply *members = store_reply(ctl->store, 0);
    json_t *rows = json_array();
    for (size_t i = 0; i + 1 < members->elements; i += 2) {
        int64_t since = (int64_t)strtod(members->element[i + 1]->str, NULL);
        json_array_append_new(rows,
                              json_pack("{s:s, s:s, s:o, s:I}", "county", county, "sms", members->element[i]->str,
                                        "since", json_time(since), "age_s", (json_int_t)((now_ms() - since) / 1000)));
    }
    bool good = add_details(ctl, county, rows);
    json_array_extend(all, rows);
    json_decref(rows);
    return good;
}

int sms_unknown(struct ctl *ctl, size_t argc, char *const argv[])
{
    json_t *counties = county_ids(ctl, argc > 0 ? argv[0] : NULL), *rows = json_array(), *county;
    size_t index;
    bool good = counties != NULL;
    json_array_foreach(counties, index, county)
    {
        good = good && read_unknown(ctl, json_string_value(county), rows);
    }
    json_decref(counties);
    json_t *report = json_pack("{s:o}", "sms_unknown", rows);
    if (good)
        report_print(report, ctl->json);
    json_decref(report);
    return good ? DONE : FAILED;
}

/* The order that an SMS is about, "" when about none. False after saying that there is no such SMS. */
static bool read_order(struct ctl *ctl, const char *county, const char *sms, char order[ORDER_ID_SIZE])
{
    AUTOFREE char *name = xasprintf("sms:%s", sms);
    char key[KEY_SIZE];
    store_key(key, county, name);
    store_appendf(ctl->store, "HGET %s %s", key, SMS_FIELD_ORDER);
    if (!ask(ctl))
        return false;
    const redisReply *reply = store_reply(ctl->store, 0);
    if (reply->type != REDIS_REPLY_STRING) {
        fail("county %s has no SMS %s", county, sms);
        return false;
    }
    snprintf(order, ORDER_ID_SIZE, "%s", reply->str);
    return true;
}

int sms_settle(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    const char *county = argv[0], *sms = argv[1], *fate = argv[2];
    bool delivered = strcmp(fate, SMS_DELIVERED) == 0;
    if (!delivered && strcmp(fate, SMS_FAILED) != 0)
        return misused("an SMS is settled as delivered or as failed, not as \"%s\"", fate);

    RECORD *receipt = record_new(), *reply = record_new();
    struct fault fault;
    record_set(receipt, F_SMS, sms);
    record_set_int(receipt, F_RECEIPT, delivered ? RECEIPT_DELIVERED : RECEIPT_FAILED);
    record_set(receipt, F_DETAIL, ctl->reason);
    if (record_check(receipt, MSG_SMS_RECEIPT, &fault) < 0)
        return misused("%s", fault.detail);
    char order[ORDER_ID_SIZE];
    if (!read_order(ctl, county, sms, order) ||
        call(ctl, NOTIFICATION, county, order, MSG_SMS_RECEIPT, receipt, reply) != DONE)
        return FAILED;
    printf("settled %s as %s\n", sms, fate);
    return DONE;
}
