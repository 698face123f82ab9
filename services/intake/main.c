/*
 * sidan-intake - the doors: native JSON API, Open311, imports, gateway callbacks; makes the orders.
 */
#include "services/intake/intake.h"

#include <string.h>

static const struct param params[] = {
    {"http_host", PARAM_STR, "127.0.0.1", 1, 100, "", "address on which HTTP is served (0.0.0.0 for all)"},
    {"http_port", PARAM_INT, "8311", 0, 65535, "", "port on which HTTP is served; 0: any free one"},
    {"http_connections", PARAM_INT, "2000", 10, 60000, "", "greatest number of HTTP connections at a time"},
    {"header_ms", PARAM_INT, "15000", 100, 600000, "ms", "time a client has to send the headers of a request"},
    {"body_ms", PARAM_INT, "30000", 100, 600000, "ms", "time a client has to send the body of a request"},
    {"piece_ms", PARAM_INT, "30000", 100, 600000, "ms", "longest silence during an import"},
    {"listen_ms", PARAM_INT, "50000", 100, 3600000, "ms",
     "for how long one answer of /api/v1/events goes on; then the client has to show again who it is"},
    {"call_ms", PARAM_INT, "5000", 100, 60000, "ms", "how long intake waits for another service"},
    {"import_bytes", PARAM_INT, "268435456", 1024, 4294967296, "bytes", "greatest size of an imported file"},
    {"attachments_dir", PARAM_STR, "var/attachments", 1, 500, "",
     "where photos and documents of orders are, sealed; the same for all instances"},
    {"web_dir", PARAM_STR, "", 0, 500, "", "where the built pages are; empty: this instance serves none"},
    {"attachment_bytes", PARAM_INT, "10485760", 1024, 20971520, "bytes", "greatest size of one of them"},
    {"attachments_max", PARAM_INT, "20", 0, 40, "", "how many an order may have"},
    {"attachments_grace_s", PARAM_INT, "3600", 60, 2592000, "s", "after which a file that no order names is deleted"},
    {"remember_days", PARAM_INT, "7", 1, 400, "days", "how long an Idempotency-Key is remembered"},
    {"session_s", PARAM_INT, "604800", 1, 7776000, "s", "after which a session ends, whatever is done until then"},
    {"session_idle_s", PARAM_INT, "43200", 1, 7776000, "s",
     "for which a session of the office or the city may be left alone"},
    {"codes_burst", PARAM_INT, "5", 1, 100000, "", "sign-in codes that one phone may be sent at once"},
    {"codes_per_hour", PARAM_INT, "3", 1, 3600, "", "sign-in codes that it may be sent in the long run"},
    {"guest_burst", PARAM_INT, "120", 1, 1000000, "",
     "what an address may ask at once without a key, and how often who is known may be refused"},
    {"guest_per_minute", PARAM_INT, "60", 0, 60000, "", "what it may in the long run, of this instance; 0: no limit"},
    {"proxies", PARAM_STR, "", 0, 1000, "", "addresses of your own proxies, whose X-Forwarded-For is believed"},
    {"gateway_token", PARAM_STR, "", 0, 100, "",
     "secret in the addresses that SMS gateways call back, at least 16 characters; empty: that door is closed"},
};

static const struct handler handlers[] = {
    {.type = MSG_PLACE_ORDER, .handle = place_order, .orderless = true},
};

static const struct service_spec intake = {
    .id = INTAKE,
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof *handlers,
    .start = intake_start,
    .stop = intake_stop,
    .drain = intake_drain,
    .busy = intake_busy,
};

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--routes") == 0)
        return intake_print_routes();
    if (argc == 2 && strcmp(argv[1], "--openapi") == 0)
        return intake_print_openapi();
    return service_main(argc, argv, &intake);
}
