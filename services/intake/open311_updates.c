/*
 * open311_updates.c - the service-request-updates extension, as FixMyStreet
 * and open311-adapter speak it.
 *
 * Reading gives the steps of public orders by the time at which the archive
 * learned of them, so a client that asks window after window misses none.
 * Posting adds a remark to an order; the service that owns the order records
 * it, once per update_id. The status that comes with it is the caller's own
 * opinion and changes nothing here.
 */
#include "common/alloc.h"
#include "common/text.h"
#include "services/intake/open311.h"
#include "services/intake/open311_format.h"

#include <errno.h>
#include <string.h>

/* -- reading ----------------------------------------------------------------------------------------------------- */

static void listed(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    struct open311_call *call = arg;
    const struct county *county = open311_county(call);

    (void)type;
    if (status != ANSWER_OK || !county) {
        open311_fail_unavailable(call);
        return;
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < record_rows(reply, F_ROWS); i++) {
        const struct record *step = record_row(reply, F_ROWS, i);
        if (record_has(step, F_STATE)) /* other steps, such as a reminder, are the office's own affair */
            json_array_append_new(rows, open311_update(county, step));
    }
    open311_answer(call, 200, ROOT_UPDATES, rows);
}

void open311_list_updates(struct open311_call *call, const struct county *county)
{
    RECORD *message = record_new();

    (void)county;
    if (!open311_window(call, message))
        return;
    record_set_int(message, F_PUBLIC, 1);
    record_set_int(message, F_LIMIT, OPEN311_ROWS);
    service_call(call->intake->service, call->county, "", MSG_LIST_UPDATES, message, NULL, intake_call_ms(call->intake),
                 listed, call);
}

/* -- posting ----------------------------------------------------------------------------------------------------- */

static void fail_unknown(struct open311_call *call)
{
    open311_fail(call, 404, "service_request_id", "没有这个单", "there is no such request");
}

static void fail_closed(struct open311_call *call)
{
    open311_fail(call, 400, "service_request_id", "此单已办结，不能再补充", "is closed and takes no more updates");
}

static void looked_up(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    struct open311_call *call = arg;

    (void)type;
    if (status != ANSWER_OK)
        open311_fail_unavailable(call);
    else if (record_rows(reply, F_ROWS) > 0)
        fail_closed(call);
    else
        fail_unknown(call);
}

/* The order is not in Redis: only the archive can tell whether it ever was. */
static void look_up(struct open311_call *call)
{
    RECORD *message = record_new();

    record_set_int(message, F_PUBLIC, 1);
    record_set(message, F_ORDERS, open311_param(call, "service_request_id"));
    service_call(call->intake->service, call->county, "", MSG_LIST_ORDERS, message, NULL, intake_call_ms(call->intake),
                 looked_up, call);
}

static void remarked(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    struct open311_call *call = arg;

    (void)type;
    if (status == ANSWER_OK) {
        AUTOFREE char *id = open311_update_id(reply);
        open311_answer(call, 200, ROOT_UPDATES, json_pack("[{ss}]", "update_id", id));
    } else if (status != ANSWER_REFUSED) {
        open311_fail_unavailable(call);
    } else if (record_is(reply, F_ERROR, "gone")) {
        look_up(call);
    } else if (record_is(reply, F_ERROR, "closed")) {
        fail_closed(call);
    } else {
        open311_fail_refused(call, record_str(reply, F_ERROR), "description", record_str(reply, F_DETAIL));
    }
}

/* Reads the update that is posted. False after answering what is wrong. */
static bool take_update(struct open311_call *call, const struct county *county, struct record *message)
{
    const char *order = open311_param(call, "service_request_id"), *text = open311_param(call, "description");
    char of[7];

    if (!order || !open311_param(call, "update_id")) {
        open311_fail(call, 400, order ? "update_id" : "service_request_id", "缺少", "is missing");
        return false;
    }
    if (!text) {
        open311_fail(call, 400, "description", "缺少", "is missing");
        return false;
    }
    size_t length = text_length(text, strlen(text));
    if (length > field_info(F_NOTE)->max) {
        if (length == SIZE_MAX)
            open311_fail(call, 400, "description", "不是有效的 UTF-8", "is not valid UTF-8");
        else
            open311_fail(call, 400, "description", "超过 4000 个字符", "has more than 4000 characters");
        return false;
    }
    if (order_parse(order, of, NULL) < 0 || strcmp(of, county->id) != 0) {
        fail_unknown(call);
        return false;
    }
    record_set(message, F_NOTE, text);
    record_printf(message, F_ACTOR, "open311:%.40s", call->writer->name);
    return true;
}

void open311_post_update(struct open311_call *call, const struct county *county)
{
    const char *id = open311_param(call, "service_request_id");
    RECORD *message = record_new();
    RECORD *order = record_new();

    if (!take_update(call, county, message))
        return;
    int loaded = service_load_order(call->intake->service, county->id, id, order);
    if (loaded < 0 && loaded != -ENOENT) {
        open311_fail_unavailable(call);
        return;
    }
    if (loaded == 0 && record_int(order, F_PUBLIC) != 1) {
        fail_unknown(call);
        return;
    }
    /* Asked even about an order that has ended: a repeated update must get its first answer. */
    enum message_type type = order_owner(record_str(order, F_STATE)) == ROUTING ? MSG_REMARK_EARLY : MSG_REMARK;
    char once[DIGEST_SIZE];
    open311_idempotency(once, call->writer, id, open311_param(call, "update_id"));
    service_call(call->intake->service, call->county, id, type, message, once, intake_call_ms(call->intake), remarked,
                 call);
}
