/*
 * alike.c - orders that are being handled and may be the same matter as one that is not placed yet; see alike.h.
 *
 * Everybody may ask, so little is told: of an order whose resident agreed to publication the title, redacted as
 * Open311's are; of any other of that community its category, its place and the month alone. It is called by a token,
 * its number sealed with the county's key, which is good for nothing but being placed beside.
 */
#include "services/intake/alike.h"
#include "services/intake/api.h"
#include "services/intake/json.h"
#include "services/intake/redact.h"

#include "common/alloc.h"
#include "common/text.h"

#include <errno.h>
#include <string.h>

#define OWNER "alike" /* of sealed numbers */
#define HANDLED STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING
#define JOINABLE HANDLED " " STATE_ANSWERED " " STATE_EVALUATED

enum { SHOWN = 3, MONTH = sizeof "2026-11" - 1 };

static json_t *row_of(const struct county *county, const struct record *order)
{
    static const enum field open[] = {F_CATEGORY, F_COMMUNITY, F_STATE}, placed_at[] = {F_PLACED_AT};
    const char *number = record_str(order, F_ORDER);
    AUTOFREE char *token = vault_seal(county->vault, OWNER, number, strlen(number));
    AUTOFREE char *title = redact(record_str(order, F_TITLE));
    json_t *row = json_from_record(order, open, sizeof open / sizeof *open),
           *at = json_from_record(order, placed_at, 1);
    json_object_set_new(row, "same_as", json_string(token));
    json_object_set_new(row, "month", json_stringn(json_string_value(json_object_get(at, "placed_at")), MONTH));
    if (record_int(order, F_PUBLIC) == 1)
        json_object_set_new(row, "title", json_string(title));
    json_decref(at);
    return row;
}

static json_t *list_of(json_t *rows)
{
    return json_pack("{s:I, s:o}", "total", (json_int_t)json_array_size(rows), "rows", rows);
}

static void on_alike(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    const struct ask *ask = arg;
    const struct county *county = service_county(ask->intake->service, ask->county);
    if (intake_answer_failure(ask->request, status, reply))
        return;
    json_t *rows = json_array();
    for (size_t i = 0; county && i < record_rows(reply, F_ROWS); i++)
        json_array_append_new(rows, row_of(county, record_row(reply, F_ROWS, i)));
    intake_answer_json(ask->request, 200, list_of(rows));
}

static const enum field reserved[] = {F_TOWN, F_PUBLIC, F_STATES, F_LIMIT, FIELD_COUNT};

static void post_alike(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    RECORD *question = record_new();
    struct fault fault;
    size_t size;
    const char *body = http_body(request, &size);
    if (json_to_record(body, size, MSG_FIND_ALIKE, reserved, question, &fault) < 0 ||
        record_check(question, MSG_FIND_ALIKE, &fault) < 0) {
        ask_answer_fault(ask, &fault);
        return;
    }
    const struct county *county = service_county(ask->intake->service, record_str(question, F_COUNTY));
    const struct community *community = county ? county_community(county, record_str(question, F_COMMUNITY)) : NULL;
    if (!county) {
        intake_answer_error(request, 404, "unknown", "county", NULL);
    } else if (!community) {
        intake_answer_error(request, 400, "invalid", "community", "the county has no community with this id");
    } else if (strcmp(county->similar, "no") == 0) {
        intake_answer_json(request, 200, list_of(json_array()));
    } else {
        memcpy(ask->county, county->id, sizeof ask->county);
        record_set(question, F_TOWN, community->town->id);
        record_set(question, F_STATES, HANDLED);
        record_set_int(question, F_PUBLIC, strcmp(county->similar, "public") == 0);
        record_set_int(question, F_LIMIT, SHOWN);
        service_call(ask->intake->service, county->id, "", MSG_FIND_ALIKE, question, NULL, intake_call_ms(ask->intake),
                     on_alike, ask);
    }
}

bool alike_set_primary(struct intake *intake, struct http_request *request, const struct county *county,
                       struct record *message)
{
    AUTOFREE char *number = NULL;
    size_t size;
    RECORD *primary = record_new();
    if (!record_has(message, F_SAME_AS))
        return true;
    int r = vault_open(county->vault, OWNER, record_str(message, F_SAME_AS), &number, &size);
    if (r == -EBADMSG) {
        intake_answer_error(request, 400, "invalid", "same_as", "give same_as of a row of orders/alike, as it is");
        return false;
    }
    if (r == 0)
        r = service_load_order(intake->service, county->id, number, primary);
    if (r < 0 && r != -ENOENT) {
        intake_answer_error(request, 503, "unavailable", NULL, NULL);
        return false;
    }
    record_unset(message, F_SAME_AS);
    if (r == 0 && words_have(JOINABLE, record_str(primary, F_STATE)) && record_len(primary, F_PRIMARY) == 0)
        record_set(message, F_PRIMARY, number);
    return true;
}

const struct http_route alike_routes[] = {
    {.method = "POST",
     .path = ORDERS "/alike",
     .handle = post_alike,
     .max_body = API_BODY_MAX,
     .permission = PERMIT_ANYBODY,
     ABOUT(.summary = "Orders nearby that are being handled and may be the same matter as one that is to be placed",
           .chinese = "附近可能是同一件事、正在办理的事项", .body = API_MESSAGE, .takes = MSG_FIND_ALIKE,
           .reserved = reserved, .answer = "Alike")},
};
const size_t alike_route_count = sizeof alike_routes / sizeof *alike_routes;
