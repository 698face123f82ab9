/*
 * watch.c - looks every few seconds at SMS that wait; see watch.h.
 */
#include "services/notification/watch.h"

#include "common/metrics.h"
#include "common/store.h"
#include "common/text.h"
#include "services/notification/sms.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SWEEP_MAX = 100 }; /* SMS of one county that are settled in one sweep */

/* The replies about a county begin at `first`. */
static void sample(const struct store *store, size_t first, const char *county)
{
    char labels[50];
    for (enum channel channel = 0; channel < CHANNELS; channel++) {
        snprintf(labels, sizeof labels, "county=\"%s\",channel=\"%s\"", county, channel_name(channel));
        metric_set("sidan_sms_queued", "SMS that are to be sent or being sent", labels,
                   (double)store_reply(store, first + channel)->integer);
    }
    snprintf(labels, sizeof labels, "county=\"%s\"", county);
    metric_set("sidan_sms_unknown", "SMS of which nobody knows whether they arrived", labels,
               (double)store_reply(store, first + CHANNELS)->integer);
}

/* Settles as it stands an SMS whose receipt did not come in time. */
static void give_up(struct service *service, const char *county, const char *id)
{
    RECORD *message = record_new();
    record_set(message, F_SMS, id);
    record_set(message, F_SMS_STATE, SMS_OVERDUE);
    /* An id begins with the order's number, or with the county's where it is about no order. */
    AUTOFREE char *about = xstrndup(id, strcspn(id, "."));
    service_submit(service, county, strchr(about, '-') ? about : "", MSG_SMS_OUTCOME, message, NULL, 0, NULL, NULL);
}

void watch_sms(struct service *service)
{
    struct store *store = service_store(service);
    size_t counties = service_county_count(service);
    char now[24], limit[24], queued[KEY_SIZE], unknown[KEY_SIZE], waiting[KEY_SIZE];
    snprintf(now, sizeof now, "%" PRId64, now_ms());
    snprintf(limit, sizeof limit, "%d", SWEEP_MAX);
    for (size_t i = 0; i < counties; i++) {
        const char *county = service_county_at(service, i)->id;
        for (enum channel channel = 0; channel < CHANNELS; channel++) {
            store_key(queued, county, channel_queue(channel));
            store_append(store, 2, (const char *[]){"ZCARD", queued}, NULL);
        }
        store_key(unknown, county, SMS_UNKNOWN_LIST);
        store_key(waiting, county, SMS_WAITING);
        store_append(store, 2, (const char *[]){"ZCARD", unknown}, NULL);
        store_append(store, 7, (const char *[]){"ZRANGEBYSCORE", waiting, "-inf", now, "LIMIT", "0", limit}, NULL);
    }
    if (store_run(store) < 0)
        return;
    enum { REPLIES = CHANNELS + 2 };
    for (size_t i = 0; i < counties; i++) {
        const char *county = service_county_at(service, i)->id;
        sample(store, REPLIES * i, county);
        const redisReply *overdue = store_reply(store, REPLIES * i + CHANNELS + 1);
        for (size_t k = 0; k < overdue->elements; k++)
            give_up(service, county, overdue->element[k]->str);
    }
}
