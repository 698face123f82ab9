/*
 * gathering.c - finds reminders that are due, and has those to one person go together.
 *
 * They wait in the zset smsgather, also between two tries, so that before each of them it is looked at whether what
 * they remind of is still to be done. What is found here is decided by sms_gather(), in one commit; whoever finds the
 * same at the same time finds it done. What a person is reminded of within SMS_GATHER_MS goes together.
 */
#include "services/notification/gathering.h"

#include "common/commit.h"
#include "common/order.h"
#include "common/store.h"
#include "common/text.h"
#include "services/notification/quiet.h"
#include "services/notification/reminders.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { GATHER_MAX = 256 }; /* reminders of a county that are looked at together */

/* A reminder that waits. */
struct waiting {
    char *group, *id; /* group: "TEMPLATE|PERSON" */
    char *recipient, *template, *clock;
    int64_t till; /* when it may go, ms since 1970 */
    bool due, taken;
};

/* Those of a county. */
struct gathering {
    struct service *service;
    const struct county *county;
    struct waiting *list;
    size_t count;
};

static void clear(struct gathering *gathering)
{
    for (size_t i = 0; i < gathering->count; i++) {
        struct waiting *waiting = &gathering->list[i];
        free(waiting->group);
        free(waiting->id);
        free(waiting->recipient);
        free(waiting->template);
        free(waiting->clock);
    }
    free(gathering->list);
}

/* What smsgather has, with scores; also what is due soon, to go along with what is due now. */
static void note_entries(struct gathering *gathering, const redisReply *reply, int64_t now)
{
    gathering->list = xcalloc(reply->elements / 2 + 1, sizeof *gathering->list);
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const char *entry = reply->element[i]->str, *bar = strrchr(entry, '|');
        if (!bar || strlen(bar + 1) >= SMS_ID_SIZE)
            continue;
        gathering->list[gathering->count++] =
            (struct waiting){.group = xstrndup(entry, (size_t)(bar - entry)),
                             .id = xstrdup(bar + 1),
                             .due = strtoll(reply->element[i + 1]->str, NULL, 10) <= now};
    }
}

static bool group_is_due(const struct gathering *gathering, const char *group)
{
    for (size_t i = 0; i < gathering->count; i++)
        if (gathering->list[i].due && strcmp(gathering->list[i].group, group) == 0)
            return true;
    return false;
}

/*
 * When a reminder may go: what is not urgent waits for the morning, and once for another day when its person has had
 * enough. In the morning all reminders of a person go as one, however many other SMS wait: these would always be first.
 */
static int64_t may_go(const struct county *county, bool counted, int64_t created, int64_t told, int64_t now)
{
    int64_t till = quiet_end(county, now);
    bool fresh = created >= quiet_day_began(now);
    bool enough = fresh && !counted && county->sms_per_day > 0 && told >= county->sms_per_day;
    return till == now && enough ? quiet_next_day(county, now) : till;
}

/* Reads the SMS: `clock` stays NULL where one does not wait any more. 0 or -EIO. */
static int read_sms(struct gathering *gathering, int64_t now)
{
    struct store *store = service_store(gathering->service);
    char key[KEY_SIZE], name[SMS_KEY_SIZE], day[DAY_SIZE], told[KEY_SIZE];
    quiet_day(now, day);
    AUTOFREE char *told_name = xasprintf(SMS_TOLD "%s", day);
    store_key(told, gathering->county->id, told_name);
    for (size_t i = 0; i < gathering->count; i++) {
        const struct waiting *waiting = &gathering->list[i];
        sms_key(name, waiting->id);
        store_key(key, gathering->county->id, name);
        store_append(store, 9,
                     (const char *[]){"HMGET", key, SMS_FIELD_STATE, SMS_FIELD_RECIPIENT, SMS_FIELD_TEMPLATE,
                                      SMS_FIELD_CLOCK, SMS_FIELD_CREATED, SMS_FIELD_PATIENT, SMS_FIELD_COUNTED},
                     NULL);
        store_append(store, 3, (const char *[]){"HGET", told, waiting->group + strcspn(waiting->group, "|") + 1}, NULL);
    }
    if (store_run(store) < 0)
        return -EIO;
    for (size_t i = 0; i < gathering->count; i++) {
        struct waiting *waiting = &gathering->list[i];
        const redisReply *reply = store_reply(store, 2 * i), *count = store_reply(store, 2 * i + 1);
        bool there = reply->type == REDIS_REPLY_ARRAY && reply->elements == 7;
        for (size_t k = 0; there && k < 5; k++)
            there = reply->element[k]->type == REDIS_REPLY_STRING;
        if (!there || strcmp(reply->element[0]->str, SMS_QUEUED) != 0)
            continue;
        waiting->recipient = xstrdup(reply->element[1]->str);
        waiting->template = xstrdup(reply->element[2]->str);
        waiting->clock = xstrdup(reply->element[3]->str);
        int64_t created = strtoll(reply->element[4]->str, NULL, 10);
        bool patient = reply->element[5]->type == REDIS_REPLY_STRING;
        bool counted = reply->element[6]->type == REDIS_REPLY_STRING;
        int64_t had = count->type == REDIS_REPLY_STRING ? strtoll(count->str, NULL, 10) : 0;
        waiting->till = patient ? may_go(gathering->county, counted, created, had, now) : now;
    }
    return 0;
}

/* What is to be done about one: it leaves, it waits on, or its order is looked at. */
static void append_look(const struct gathering *gathering, const struct waiting *waiting, int64_t now)
{
    struct store *store = service_store(gathering->service);
    AUTOFREE char *entry = xasprintf("%s|%s", waiting->group, waiting->id);
    AUTOFREE char *order = xstrndup(waiting->id, strcspn(waiting->id, "."));
    char key[KEY_SIZE], till[24];
    store_key(key, gathering->county->id, SMS_GATHER);
    snprintf(till, sizeof till, "%" PRId64, waiting->till);
    if (!waiting->clock)
        store_append(store, 3, (const char *[]){"ZREM", key, entry}, NULL);
    else if (waiting->till > now)
        store_append(store, 5, (const char *[]){"ZADD", key, "XX", till, entry}, NULL);
    else
        order_append_load(store, gathering->county->id, order);
}

/* The row of one, by its order as it stands. */
static void add_row(const struct gathering *gathering, size_t index, int64_t now, struct record *message)
{
    const struct waiting *waiting = &gathering->list[index];
    AUTOFREE char *id = xstrndup(waiting->id, strcspn(waiting->id, "."));
    RECORD *order = record_new();
    order_read(store_reply(service_store(gathering->service), index), order);
    struct record *row = record_add_row(message, F_ROWS);
    record_set(row, F_SMS, waiting->id);
    record_set(row, F_RECIPIENT, waiting->recipient);
    record_set(row, F_TEMPLATE, waiting->template);
    record_set(row, F_ORDER, id);
    record_copy(row, order, F_TITLE);
    record_set(row, F_DETAIL, reminder_moot(order, waiting->recipient, waiting->clock, now));
}

/* Submits those that go together with the first. */
static void submit_group(struct gathering *gathering, size_t first, int64_t now)
{
    const char *group = gathering->list[first].group;
    RECORD *message = record_new();
    record_set(message, F_REF, group);
    for (size_t i = first; i < gathering->count && record_rows(message, F_ROWS) < SMS_CARRIED_MAX; i++) {
        struct waiting *waiting = &gathering->list[i];
        if (waiting->taken || strcmp(waiting->group, group) != 0)
            continue;
        waiting->taken = true;
        add_row(gathering, i, now, message);
    }
    service_submit(gathering->service, gathering->county->id, record_str(record_row(message, F_ROWS, 0), F_ORDER),
                   MSG_SMS_GATHER, message, NULL, 0, NULL, NULL);
}

static void gather(struct gathering *gathering, int64_t now)
{
    struct store *store = service_store(gathering->service);
    if (read_sms(gathering, now) < 0)
        return;
    for (size_t i = 0; i < gathering->count; i++)
        append_look(gathering, &gathering->list[i], now);
    if (store_run(store) < 0)
        return;
    for (size_t i = 0; i < gathering->count; i++) {
        struct waiting *waiting = &gathering->list[i];
        waiting->taken = !waiting->clock || waiting->till > now || !group_is_due(gathering, waiting->group);
    }
    for (size_t i = 0; i < gathering->count; i++)
        if (!gathering->list[i].taken)
            submit_group(gathering, i, now);
}

void gathering_turn(struct service *service)
{
    struct store *store = service_store(service);
    size_t counties = service_county_count(service);
    int64_t now = now_ms();
    char till[24], limit[24], key[KEY_SIZE];
    snprintf(till, sizeof till, "%" PRId64, now + SMS_GATHER_MS);
    snprintf(limit, sizeof limit, "%d", GATHER_MAX);
    for (size_t i = 0; i < counties; i++) {
        store_key(key, service_county_at(service, i)->id, SMS_GATHER);
        store_append(store, 8, (const char *[]){"ZRANGEBYSCORE", key, "-inf", till, "WITHSCORES", "LIMIT", "0", limit},
                     NULL);
    }
    if (counties == 0 || store_run(store) < 0)
        return;
    struct gathering *gatherings = xcalloc(counties, sizeof *gatherings);
    for (size_t i = 0; i < counties; i++) {
        gatherings[i] = (struct gathering){.service = service, .county = service_county_at(service, i)};
        note_entries(&gatherings[i], store_reply(store, i), now);
    }
    for (size_t i = 0; i < counties; i++) {
        if (gatherings[i].count > 0)
            gather(&gatherings[i], now);
        clear(&gatherings[i]);
    }
    free(gatherings);
}
