/*
 * sidan-notification - SMS to people, and what comes back.
 */
#include "services/notification/notify.h"
#include "services/notification/queue.h"

static const struct param params[] = {
    {"gateway", PARAM_STR, "spool", 1, 200, "",
     "how SMS, mail and lines to chats leave: names in the order in which they are tried; spool is files"},
    {"gateways_dir", PARAM_STR, "etc/gateways", 1, 400, "",
     "directory of the gateways' files: NAME.json, with its secrets"},
    {"gateway_rest_ms", PARAM_INT, "60000", 100, 86400000, "ms",
     "until a gateway that has stopped (credit, rights) is tried again"},
    {"sms_in_flight", PARAM_INT, "128", 1, 1024, "", "greatest number of SMS under way to the gateway"},
    {"sms_lease_ms", PARAM_INT, "30000", 15000, 600000, "ms",
     "after which an SMS is doubtful whose sender says nothing more"},
    {"receipt_wait_s", PARAM_INT, "259200", 1, 2592000, "s", "for which a gateway's receipt is waited for"},
    {"spool_dir", PARAM_STR, "var/spool", 1, 400, "", "spool: directory of the files; all instances share it"},
    {"kannel_url", PARAM_STR, "http://127.0.0.1:13013/cgi-bin/sendsms", 0, 400, "", "kannel: sendsms of the smsbox"},
    {"kannel_user", PARAM_STR, "", 0, 100, "", "kannel: username of the sendsms-user"},
    {"kannel_password", PARAM_SECRET, "", 0, 100, "", "kannel: its password"},
    {"kannel_from", PARAM_STR, "", 0, 20, "", "kannel: number that SMS come from; empty: the smsbox's own"},
    {"kannel_receipt_url", PARAM_STR, "", 0, 400, "",
     "kannel: where it reports receipts: http://INTAKE/gateway/kannel/TOKEN; empty: no receipts"},
    {"kannel_timeout_ms", PARAM_INT, "10000", 100, 10000, "ms", "kannel: patience with an answer; then it is unknown"},
};

static const struct handler handlers[] = {
    {.type = MSG_NOTIFY, .handle = notify},
    {.type = MSG_SEND_CODE, .handle = send_code, .orderless = true},
    {.type = MSG_TEST_SMS, .handle = test_sms, .orderless = true},
    {.type = MSG_LIST_TEMPLATES, .handle = list_templates, .orderless = true},
    {.type = MSG_SMS_OUTCOME, .handle = sms_outcome, .aux = sms_aux, .orderless = true, .shares = true},
    {.type = MSG_SMS_GATHER, .handle = sms_gather, .orderless = true, .shares = true},
    {.type = MSG_SMS_RECEIPT, .handle = sms_receipt, .aux = sms_aux, .orderless = true},
    {.type = MSG_SMS_REPLY, .handle = sms_reply, .orderless = true},
};

static const struct service_spec spec = {
    .id = NOTIFICATION,
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof *handlers,
    .start = queue_start,
    .stop = queue_stop,
    .drain = queue_drain,
    .busy = queue_busy,
    .committed = queue_turn,
};

int main(int argc, char **argv)
{
    return service_main(argc, argv, &spec);
}
