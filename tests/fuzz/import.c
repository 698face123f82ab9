/*
 * A file of orders: the report accounts for every row.
 */
// links: services/intake
// wraps: MHD_lookup_connection_value http_answer http_answer_header store_appendf store_run store_reply
// wraps: service_params service_store service_county service_county_count service_county_at service_load_order
// wraps: service_call service_submit
#include "tests/fuzz/door.h"

static json_int_t number(const char *name)
{
    return json_integer_value(json_object_get(door.json, name));
}

static void fuzz(const char *data, size_t size)
{
    door_open();
    http_pairs_add(&door.headers, xstrdup("X-Api-Key"), xstrdup(DOOR_KEY));
    http_pairs_add(&door.query, xstrdup("county"), xstrdup("990101"));
    door_request(xstrdup("POST"), xstrdup("/api/v1/imports"), data, size);
    if (json_object_get(door.json, "rows"))
        PROMISE(number("rows") == number("accepted") + number("repeated") + number("refused_count"));
}
