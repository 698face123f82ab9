/*
 * A file of orders: the report accounts for every row.
 */
// links: services/intake
#include "tests/fuzz/door.h"

static json_int_t number(const char *name)
{
    return json_integer_value(json_object_get(door.json, name));
}

static void fuzz(const char *data, size_t size)
{
    door_open();
    http_pairs_add(&door.headers, xstrdup("X-Api-Key"), xstrdup(door_keys[0]));
    http_pairs_add(&door.query, xstrdup("county"), xstrdup("990101"));
    door_request(xstrdup("POST"), xstrdup("/api/v1/imports"), data, size);
    if (json_object_get(door.json, "rows"))
        PROMISE(number("rows") == number("accepted") + number("repeated") + number("refused_count"));
}
