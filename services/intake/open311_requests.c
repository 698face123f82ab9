/*
 * open311_requests.c - reading service requests: one, many, or the number that
 * a token stands for.
 *
 * Orders are read from the archive. One that is asked for by number and is too
 * new for the archive is read from Redis, so that whoever posted it can read
 * it at once. Only orders whose residents agreed to publication are shown.
 * When the archive cannot be asked and Redis does not know, the answer is 503.
 */
#include "common/alloc.h"
#include "common/text.h"
#include "services/intake/open311.h"
#include "services/intake/open311_format.h"
#include "services/intake/open311_token.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static bool is_listed(const json_t *rows, const char *order)
{
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(rows, i), "service_request_id")), order) == 0)
            return true;
    return false;
}

/* Adds those orders that were asked for by number and are in Redis only, so far. */
static void add_newest(const struct open311_call *call, const struct county *county, json_t *rows)
{
    char id[ORDER_ID_SIZE];
    RECORD *order = record_new();

    for (const char *cursor = call->orders; words_next(&cursor, id, sizeof id);) {
        if (is_listed(rows, id) || service_load_order(call->intake->service, county->id, id, order) < 0 ||
            record_int(order, F_PUBLIC) != 1)
            continue;
        record_set(order, F_ORDER, id);
        json_array_append_new(rows, open311_request(county, order));
    }
}

static void listed(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    struct open311_call *call = arg;
    const struct county *county = open311_county(call);

    (void)type;
    if (!county) {
        open311_fail_unavailable(call);
        return;
    }
    json_t *rows = json_array();
    for (size_t i = 0; status == ANSWER_OK && i < record_rows(reply, F_ROWS); i++)
        json_array_append_new(rows, open311_request(county, record_row(reply, F_ROWS, i)));
    if (call->orders)
        add_newest(call, county, rows);
    if (json_array_size(rows) > 0 || (status == ANSWER_OK && !*call->name)) {
        open311_answer(call, 200, ROOT_REQUESTS, rows);
        return;
    }
    json_decref(rows);
    if (status == ANSWER_OK)
        open311_fail(call, 404, "service_request_id", "没有这个单", "there is no such request");
    else
        open311_fail_unavailable(call);
}

static void ask_archive(struct open311_call *call, struct record *message, answer_fn *done)
{
    struct fault fault;

    record_set_int(message, F_LIMIT, OPEN311_ROWS);
    if (record_check(message, MSG_LIST_ORDERS, &fault) < 0)
        open311_fail_refused(call, fault.error,
                             strcmp(fault.field, "orders") == 0 ? "service_request_id" : "service_code", fault.detail);
    else
        service_call(call->intake->service, call->county, "", MSG_LIST_ORDERS, message, NULL,
                     intake_call_ms(call->intake), done, call);
}

/* "a,b" → "a b". The caller frees it. */
static char *words_of(const char *list)
{
    char *words = xstrdup(list);
    for (char *comma = words; (comma = strchr(comma, ',')) != NULL;)
        *comma = ' ';
    return words;
}

/* Those of a list that can be numbers of the county's orders, space between. The caller frees it. */
static char *orders_of(const struct county *county, const char *list)
{
    char id[64], of[7], *orders = xstrdup("");
    AUTOFREE char *words = words_of(list);

    for (const char *cursor = words; words_next(&cursor, id, sizeof id);) {
        if (order_parse(id, of, NULL) < 0 || strcmp(of, county->id) != 0)
            continue;
        char *longer = xasprintf("%s%s%s", orders, *orders ? " " : "", id);
        free(orders);
        orders = longer;
    }
    return orders;
}

/* Adds the states that a status stands for. False when there is no such status. */
static bool add_states(struct record *message, const char *status)
{
    static const struct {
        const char *status, *states;
    } table[] = {
        {"open", STATE_PLACED " " STATE_SCREENING " " STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING
                              " " STATE_ANSWERED " " STATE_EVALUATED " " STATE_MERGED},
        {"closed", STATE_CLOSED " " STATE_RETURNED " " STATE_WITHDRAWN},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        if (strcmp(status, table[i].status) == 0) {
            record_printf(message, F_STATES, "%s %s", record_str(message, F_STATES), table[i].states);
            return true;
        }
    return false;
}

/* Reads the filters of a list. False after answering what is wrong. */
static bool take_filters(struct open311_call *call, struct record *message)
{
    const char *status = open311_param(call, "status"), *codes = open311_param(call, "service_code");
    char word[16];

    if (!open311_window(call, message))
        return false;
    if (codes) {
        AUTOFREE char *words = words_of(codes);
        record_set(message, F_CATEGORIES, words);
    }
    AUTOFREE char *statuses = words_of(status ? status : "");
    for (const char *cursor = statuses; words_next(&cursor, word, sizeof word);)
        if (!add_states(message, word)) {
            open311_fail(call, 400, "status", "只能是 open 或 closed", "is neither open nor closed");
            return false;
        }
    return true;
}

void open311_list_requests(struct open311_call *call, const struct county *county)
{
    const char *ids = open311_param(call, "service_request_id");
    RECORD *message = record_new();

    record_set_int(message, F_PUBLIC, 1);
    if (ids) { /* "This overrides all other arguments." */
        call->orders = orders_of(county, ids);
        record_set(message, F_ORDERS, call->orders);
    } else if (!take_filters(call, message)) {
        return;
    }
    ask_archive(call, message, listed);
}

void open311_get_request(struct open311_call *call, const struct county *county)
{
    RECORD *message = record_new();

    record_set_int(message, F_PUBLIC, 1);
    call->orders = orders_of(county, call->name);
    record_set(message, F_ORDERS, call->orders);
    ask_archive(call, message, listed);
}

/* -- tokens ------------------------------------------------------------------------------------------------------ */

static void answer_token(struct open311_call *call)
{
    open311_answer(call, 200, ROOT_REQUESTS,
                   json_pack("[{ss ss}]", "service_request_id", call->orders, "token", call->name));
}

static void fail_token(struct open311_call *call)
{
    open311_fail(call, 404, "token", "没有这个凭证", "there is no such token");
}

static void token_looked_up(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    struct open311_call *call = arg;

    (void)type;
    if (status != ANSWER_OK)
        open311_fail_unavailable(call);
    else if (record_rows(reply, F_ROWS) > 0)
        answer_token(call);
    else
        fail_token(call);
}

void open311_get_token(struct open311_call *call, const struct county *county)
{
    char id[ORDER_ID_SIZE];
    RECORD *message = record_new();
    RECORD *order = record_new();

    if (open311_token_order(county, call->name, id) < 0) {
        fail_token(call);
        return;
    }
    call->orders = xstrdup(id);
    if (service_load_order(call->intake->service, county->id, id, order) == 0) {
        answer_token(call);
        return;
    }
    record_set(message, F_ORDERS, id);
    ask_archive(call, message, token_looked_up);
}
