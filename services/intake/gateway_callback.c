/*
 * gateway_callback.c - stores what a gateway brought, and then answers; see gateway.h.
 */
#include "services/intake/gateway.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/serial.h"
#include "common/store.h"

#include <string.h>

struct callback {
    struct intake *intake;
    struct http_request *request;
    const char *thanks;
    size_t open; /* calls under way, and one for the reading */
    bool failed;
};

struct callback *callback_new(struct intake *intake, struct http_request *request, const char *thanks)
{
    struct callback *callback = xcalloc(1, sizeof *callback);
    *callback = (struct callback){.intake = intake, .request = request, .thanks = thanks, .open = 1};
    http_attach(request, callback, free);
    return callback;
}

struct intake *callback_intake(const struct callback *callback)
{
    return callback->intake;
}

void callback_fail(struct callback *callback)
{
    callback->failed = true;
}

void callback_drop(const char *cause)
{
    log_warning("dropped what a gateway brought: %s", cause);
}

void callback_end(struct callback *callback)
{
    if (--callback->open > 0)
        return;
    const char *thanks = callback->failed ? "" : callback->thanks;
    http_answer(callback->request, callback->failed ? 503 : 200,
                *thanks ? "application/json" : "text/plain; charset=utf-8", thanks, strlen(thanks));
}

static void on_taken(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct callback *callback = arg;
    if (status == ANSWER_REFUSED)
        log_warning("a callback of the gateway was refused: error=%s", record_str(reply, F_ERROR));
    callback->failed |= status == ANSWER_UNAVAILABLE;
    callback_end(callback);
}

void callback_call(struct callback *callback, const char *county, const char *order, enum message_type type,
                   const struct record *message, const char *idempotency)
{
    callback->open++;
    service_call(callback->intake->service, county, order, type, message, idempotency, intake_call_ms(callback->intake),
                 on_taken, callback);
}

/* "990101-000123.<hex>.0", or "990101.<hex>.0" for an SMS that belongs to no order. order is "" then. */
static const struct county *owner_of_sms(struct intake *intake, const char *sms, char order[ORDER_ID_SIZE])
{
    AUTOFREE char *head = xstrndup(sms, strcspn(sms, "."));
    char county[7];
    order[0] = '\0';
    if (matter_parse(head, county, NULL, NULL) < 0)
        return service_county(intake->service, head);
    snprintf(order, ORDER_ID_SIZE, "%s", head);
    return service_county(intake->service, county);
}

void callback_receipt(struct callback *callback, const char *sms, int64_t code)
{
    char order[ORDER_ID_SIZE];
    const struct county *county = owner_of_sms(callback->intake, sms, order);
    if (!county) {
        callback_drop("a receipt that is about no SMS of ours");
        return;
    }
    RECORD *message = record_new();
    struct fault fault;
    record_set(message, F_SMS, sms);
    record_set_int(message, F_RECEIPT, code);
    if (record_check(message, MSG_SMS_RECEIPT, &fault) < 0) {
        callback_drop(fault.detail);
        return;
    }
    callback_call(callback, county->id, order, MSG_SMS_RECEIPT, message, NULL);
}

void callback_receipt_by_serial(struct callback *callback, const char *serial, int64_t code)
{
    struct service *service = callback->intake->service;
    struct store *store = service_store(service);
    size_t counties = service_county_count(service);
    char name[SERIAL_KEY_SIZE], key[KEY_SIZE];
    if (!is_serial(serial)) {
        callback_drop("a receipt that names no SMS");
        return;
    }
    serial_key(name, serial);
    for (size_t i = 0; i < counties; i++) {
        store_key(key, service_county_at(service, i)->id, name);
        store_append(store, 3, (const char *[]){"HGET", key, SERIAL_FIELD}, NULL);
    }
    AUTOFREE char *sms = NULL;
    if (counties > 0 && store_run(store) == 0)
        for (size_t i = 0; i < counties && !sms; i++)
            if (store_reply(store, i)->type == REDIS_REPLY_STRING)
                sms = xstrdup(store_reply(store, i)->str);
    if (sms)
        callback_receipt(callback, sms, code);
    else
        callback_fail(callback); /* it may have come before the gateway's answer was stored */
}
