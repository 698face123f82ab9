/*
 * gateways.c - the gateways of a deployment, in the order in which they are tried; see gateways.h.
 */
#include "services/notification/gateways.h"

#include "common/alloc.h"
#include "common/keys.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/store.h"
#include "common/text.h"
#include "services/notification/breaker.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { GATEWAYS_MAX = 8, REPORT_S = 20 };

struct gateway {
    struct gateways *all;
    char name[33];
    json_t *settings; /* of its file; NULL without one */
    const struct driver *driver;
    void *state;
    struct breaker breaker;
};

struct gateways {
    struct service *service;
    sms_result_fn *result;
    void *arg;
    struct gateway list[GATEWAYS_MAX];
    size_t count;
};

/* -- sending ------------------------------------------------------------------------------------------------------ */

static void send_from(struct gateways *gateways, struct sms *sms, size_t first, const struct answer *before);

/* Somebody is to know: of a stop at once, because nobody else will mend it. */
static void raise_alarm(const struct gateway *gateway)
{
    char labels[60];
    snprintf(labels, sizeof labels, "gateway=\"%s\"", gateway->name);
    metric_add("sidan_gateway_rests_total", "How often a gateway was left alone for a while", labels, 1);
    log_write(gateway->breaker.stopped ? LEVEL_ERROR : LEVEL_WARNING, "gateway=%s %s cause=\"%s\"", gateway->name,
              breaker_state(&gateway->breaker), gateway->breaker.cause);
}

static void on_answer(void *arg, struct sms *sms, const struct answer *answer)
{
    struct gateway *gateway = arg;
    struct gateways *gateways = gateway->all;
    bool rested = gateway->breaker.rests_to > 0;
    if (breaker_note(&gateway->breaker, answer, now_ms(),
                     param_int(service_params(gateways->service), "gateway_rest_ms")))
        raise_alarm(gateway);
    else if (rested && gateway->breaker.rests_to == 0)
        log_info("gateway=%s takes SMS again", gateway->name);
    if (answer->result == RESULT_LATER || answer->result == RESULT_STOPPED || answer->result == RESULT_UNFIT)
        send_from(gateways, sms, sms->gateway + 1, answer);
    else
        gateways->result(gateways->arg, sms, answer);
}

/* Gives an SMS to the first gateway from this one on that can be asked. before: what the last one said; NULL: none was
 * asked yet. */
static void send_from(struct gateways *gateways, struct sms *sms, size_t first, const struct answer *before)
{
    for (size_t i = first; i < gateways->count; i++) {
        struct gateway *gateway = &gateways->list[i];
        if (gateway->driver->channel != sms->channel || breaker_room(&gateway->breaker, now_ms()) == 0)
            continue;
        sms->gateway = i;
        breaker_begin(&gateway->breaker);
        gateway->driver->send(gateway->state, sms);
        if (before && gateway->driver->flush)
            gateway->driver->flush(gateway->state);
        return;
    }
    struct answer answer;
    answer_set(&answer, RESULT_LATER, before ? before->detail : "no gateway takes SMS just now");
    gateways->result(gateways->arg, sms, &answer);
}

static bool has_gateway(const struct gateways *gateways, enum channel channel)
{
    for (size_t i = 0; i < gateways->count; i++)
        if (gateways->list[i].driver->channel == channel)
            return true;
    return false;
}

void gateways_send(struct gateways *gateways, struct sms *sms)
{
    struct answer answer;
    answer_set(&answer, RESULT_MUTED, "the parameter gateway names none that takes it");
    if (has_gateway(gateways, sms->channel))
        send_from(gateways, sms, 0, NULL);
    else
        gateways->result(gateways->arg, sms, &answer);
}

void gateways_flush(struct gateways *gateways)
{
    for (size_t i = 0; i < gateways->count; i++)
        if (gateways->list[i].driver->flush)
            gateways->list[i].driver->flush(gateways->list[i].state);
}

enum sms_result gateways_lookup(struct gateways *gateways, const struct sms *sms)
{
    enum sms_result result = RESULT_LATER;
    for (size_t i = 0; i < gateways->count; i++) {
        const struct gateway *gateway = &gateways->list[i];
        if (gateway->driver->channel != sms->channel)
            continue;
        enum sms_result found = gateway->driver->lookup ? gateway->driver->lookup(gateway->state, sms) : RESULT_UNKNOWN;
        if (found == RESULT_DELIVERED)
            return RESULT_DELIVERED;
        if (found == RESULT_UNKNOWN)
            result = RESULT_UNKNOWN;
    }
    return result;
}

size_t gateways_room(const struct gateways *gateways, enum channel channel)
{
    size_t most = has_gateway(gateways, channel) ? 0 : SIZE_MAX;
    for (size_t i = 0; i < gateways->count; i++) {
        if (gateways->list[i].driver->channel != channel)
            continue;
        size_t room = breaker_room(&gateways->list[i].breaker, now_ms());
        most = room > most ? room : most;
    }
    return most;
}

const char *gateways_name(const struct gateways *gateways, const struct sms *sms)
{
    return sms->gateway < gateways->count ? gateways->list[sms->gateway].name : "";
}

/* -- what others see ----------------------------------------------------------------------------------------------- */

void gateways_report(struct gateways *gateways)
{
    struct store *store = service_store(gateways->service);
    char key[KEY_SIZE], seconds[16];
    snprintf(key, sizeof key, GATEWAYS_KEY "%s", service_instance(gateways->service));
    snprintf(seconds, sizeof seconds, "%d", REPORT_S);
    for (size_t i = 0; i < gateways->count; i++) {
        const struct gateway *gateway = &gateways->list[i];
        const struct breaker *breaker = &gateway->breaker;
        char labels[60], state[200];
        snprintf(labels, sizeof labels, "gateway=\"%s\"", gateway->name);
        metric_set("sidan_gateway_open", "1 while a gateway is given SMS, 0 while it rests", labels,
                   breaker->rests_to == 0);
        snprintf(state, sizeof state, "%zu %s %" PRId64 " %s", i + 1, breaker_state(breaker), breaker->since,
                 breaker->cause);
        store_append(store, 4, (const char *[]){"HSET", key, gateway->name, state}, NULL);
    }
    store_append(store, 3, (const char *[]){"EXPIRE", key, seconds}, NULL);
    store_run(store); /* when Redis is away, nobody reads it either */
}

/* -- the beginning and the end ------------------------------------------------------------------------------------- */

static json_t *kannel_of_parameters(const struct params *params)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "driver", "kannel", "url", param_str(params, "kannel_url"),
                     "user", param_str(params, "kannel_user"), "password", param_str(params, "kannel_password"), "from",
                     param_str(params, "kannel_from"), "receipt_url", param_str(params, "kannel_receipt_url"),
                     "timeout_ms", (json_int_t)param_int(params, "kannel_timeout_ms"));
}

/* The gateway's file: 0 and ret_settings, or -errno after logging why. It holds secrets, so none of it is logged. */
static int read_settings(const struct params *params, const char *name, json_t **ret_settings)
{
    AUTOFREE char *file = xasprintf("%s.json", name), *text = NULL, *fault = NULL;
    json_error_t error;
    int r = keys_read_file(param_str(params, "gateways_dir"), file, true, &text, &fault);
    if (r == -ENOENT && strcmp(name, "kannel") == 0) {
        if (!*param_str(params, "kannel_receipt_url"))
            log_warning("kannel_receipt_url is empty: no receipts will come, and no SMS will be known as delivered");
        *ret_settings = kannel_of_parameters(params);
        return 0;
    }
    if (r < 0) {
        log_error("gateway %s: %s", name, fault);
        return r;
    }
    json_t *settings = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(settings)) {
        json_decref(settings);
        log_error("gateway %s: line %d of %s is no JSON, or the whole is no object", name, error.line, file);
        return -EINVAL;
    }
    *ret_settings = settings;
    return 0;
}

/* NULL: the name is that of a file. */
static const struct driver *driver_without_file(const char *name)
{
    static const struct driver *const drivers[] = {&spool_driver, &robots_driver};
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (strcmp(drivers[i]->name, name) == 0)
            return drivers[i];
    return NULL;
}

static const struct driver *driver_of_file(const json_t *settings)
{
    const char *driver = json_string_value(json_object_get(settings, "driver"));
    return driver && strcmp(driver, smtp_driver.name) == 0 ? &smtp_driver : &http_driver;
}

static int open_gateway(struct gateways *gateways, const char *name)
{
    const struct params *params = service_params(gateways->service);
    if (gateways->count == GATEWAYS_MAX || !is_id(name)) {
        log_error("gateway = \"%s\": at most %d names of A-Z a-z 0-9 _ -", param_str(params, "gateway"), GATEWAYS_MAX);
        return -EINVAL;
    }
    for (size_t i = 0; i < gateways->count; i++)
        if (strcmp(gateways->list[i].name, name) == 0) {
            log_error("gateway %s is there twice", name);
            return -EINVAL;
        }
    struct gateway *gateway = &gateways->list[gateways->count];
    *gateway = (struct gateway){.all = gateways};
    snprintf(gateway->name, sizeof gateway->name, "%.32s", name); /* is_id() has seen that it fits */
    const struct driver *known = driver_without_file(name);
    int r = known ? 0 : read_settings(params, name, &gateway->settings);
    gateway->driver = known ? known : driver_of_file(gateway->settings);
    if (r == 0)
        r = gateway->driver->open(gateways->service, gateway->name, gateway->settings, on_answer, gateway,
                                  &gateway->state);
    if (r == 0)
        gateways->count++;
    else
        json_decref(gateway->settings);
    return r;
}

int gateways_open(struct service *service, sms_result_fn *result, void *arg, struct gateways **ret_gateways)
{
    const char *names = param_str(service_params(service), "gateway");
    struct gateways *gateways = xcalloc(1, sizeof *gateways);
    *gateways = (struct gateways){.service = service, .result = result, .arg = arg};
    char name[64];
    int r = words_count(names) > 0 ? 0 : -EINVAL;
    if (r < 0)
        log_error("gateway is empty: it names the ways by which SMS leave");
    while (r == 0 && words_next(&names, name, sizeof name))
        r = open_gateway(gateways, name);
    if (r < 0)
        gateways_close(&gateways);
    else
        *ret_gateways = gateways;
    return r;
}

void gateways_close(struct gateways **gateways)
{
    for (size_t i = (*gateways)->count; i-- > 0;) {
        struct gateway *gateway = &(*gateways)->list[i];
        gateway->driver->close(&gateway->state);
        json_decref(gateway->settings);
    }
    free(*gateways);
    *gateways = NULL;
}
