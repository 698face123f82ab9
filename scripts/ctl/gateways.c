/*
 * gateways.c - the ways by which SMS, mails and lines to chats leave: how they are, a test through them, and what they
 * say.
 */
#include "scripts/ctl/ctl.h"

#include "common/alloc.h"
#include "common/contact.h"
#include "common/order.h"
#include "common/registry.h"
#include "common/text.h"
#include "services/notification/gateways.h"
#include "services/notification/mail.h"
#include "services/notification/samples.h"
#include "services/notification/wording.h"

#include <string.h>
#include <unistd.h>

/* As gateways_report() has written it: "PLACE STATE SINCE CAUSE". New reference; NULL when it is not so. */
static json_t *gateway_row(const char *instance, const char *name, const char *text)
{
    char state[16];
    long long place, since;
    int cause = 0;
    if (sscanf(text, "%lld %15s %lld %n", &place, state, &since, &cause) < 3 || cause == 0)
        return NULL;
    return json_pack("{s:s, s:I, s:s, s:s, s:o, s:o}", "instance", instance, "place", (json_int_t)place, "gateway",
                     name, "state", state, "since", since > 0 ? json_time(since) : json_string(""), "cause",
                     json_text(text + cause, strlen(text + cause)));
}

json_t *gateway_rows(struct ctl *ctl)
{
    AUTOFREE struct registry *registry = xcalloc(1, sizeof *registry);
    if (registry_refresh(ctl->store, 0, NULL, NOTIFICATION, registry) < 0) {
        fail("Redis: %s", store_error(ctl->store));
        return NULL;
    }
    const struct entry *entries = registry->entries[registry_index(NOTIFICATION)];
    size_t count = registry->counts[registry_index(NOTIFICATION)];
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        AUTOFREE char *key = xasprintf(GATEWAYS_KEY "%s", entries[i].instance);
        store_append(ctl->store, 2, (const char *[]){"HGETALL", key}, NULL);
    }
    if (count > 0 && !ask(ctl)) {
        json_decref(rows);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const redisReply *reply = store_reply(ctl->store, i);
        for (size_t k = 0; k + 1 < reply->elements; k += 2) {
            json_t *row = gateway_row(entries[i].instance, reply->element[k]->str, reply->element[k + 1]->str);
            if (row)
                json_array_append_new(rows, row);
        }
    }
    return rows;
}

int sms_gateways(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    (void)argv;
    json_t *rows = gateway_rows(ctl);
    if (!rows)
        return FAILED;
    json_t *report = json_pack("{s:o}", "gateways", rows);
    report_print(report, ctl->json);
    json_decref(report);
    return DONE;
}

/* -- a test ------------------------------------------------------------------------------------------------------- */

enum { TEST_MS = 30000, LOOK_MS = 200 };

/* Waits until a gateway has answered: what became of the SMS, in words; NULL after saying why not. Caller frees. */
static char *wait_for_answer(struct ctl *ctl, const char *county, const char *sms)
{
    AUTOFREE char *name = xasprintf("sms:%s", sms);
    char key[KEY_SIZE];
    store_key(key, county, name);
    for (int64_t end = mono_ms() + TEST_MS; mono_ms() < end; usleep(LOOK_MS * 1000)) {
        store_append(ctl->store, 5,
                     (const char *[]){"HMGET", key, SMS_FIELD_STATE, SMS_FIELD_GATEWAY, SMS_FIELD_DETAIL}, NULL);
        if (!ask(ctl))
            return NULL;
        const redisReply *values = store_reply(ctl->store, 0);
        const char *state = values->element[0]->str, *gateway = values->element[1]->str;
        const char *detail = values->element[2]->str;
        bool waiting = !state || strcmp(state, SMS_SENDING) == 0 || (strcmp(state, SMS_QUEUED) == 0 && !detail);
        if (!waiting)
            return xasprintf("%s%s%s%s%s", state, gateway ? " by " : "", gateway ? gateway : "", detail ? ": " : "",
                             detail ? detail : "");
    }
    fail("no gateway has answered yet; the SMS is %s", sms);
    return NULL;
}

int sms_test(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    const char *county = argv[0];
    char phone[PHONE_SIZE];
    RECORD *body = record_new(), *reply = record_new();
    if (contact_phone(argv[1], phone) == 0 && is_mobile(phone))
        record_set(body, F_PHONE, phone);
    else if (is_mail_address(argv[1]))
        record_set(body, F_EMAIL, argv[1]);
    else if (is_id(argv[1]) && strspn(argv[1], "0123456789") < strlen(argv[1]))
        record_set(body, F_RECIPIENT, argv[1]);
    else
        return misused("TO is a mobile number of 11 digits, a mail address, or the name of a robot");
    if (call(ctl, NOTIFICATION, county, "", MSG_TEST_SMS, body, reply) != DONE)
        return FAILED;
    AUTOFREE char *fate = wait_for_answer(ctl, county, record_str(reply, F_SMS));
    if (!fate)
        return FAILED;
    printf("%s: %s\n", record_str(reply, F_SMS), fate);
    bool taken = strncmp(fate, SMS_ACCEPTED, strlen(SMS_ACCEPTED)) == 0 ||
                 strncmp(fate, SMS_DELIVERED, strlen(SMS_DELIVERED)) == 0;
    return taken ? DONE : FAILED;
}

/* -- what they say ------------------------------------------------------------------------------------------------ */

static json_t *preview(const struct county *county)
{
    json_t *rows = json_array();
    const struct template *template;
    for (size_t i = 0; (template = template_at(i)); i++) {
        AUTOFREE char *text = sample_text(county, template, strcmp(county->language, "en") == 0, now_ms());
        size_t length = text_length(text, strlen(text));
        AUTOFREE char *subject = mail_subject(text);
        json_array_append_new(rows, json_pack("{s:s, s:I, s:I, s:s, s:s}", "template", template->name, "characters",
                                              (json_int_t)length, "segments", (json_int_t)sms_segments(length), "text",
                                              text, "subject", subject));
    }
    return rows;
}

int sms_preview(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    struct counties *counties = counties_open(ctl);
    if (!counties)
        return FAILED;
    const struct county *county = counties_find(counties, argv[0]);
    int code = county ? DONE : fail("there is no county %s", argv[0]);
    if (county) {
        json_t *report = json_pack("{s:o}", "templates", preview(county));
        report_print(report, ctl->json);
        json_decref(report);
    }
    counties_destroy(&counties);
    return code;
}
