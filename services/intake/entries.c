/*
 * entries.c - the native API of what the office enters (履职登记), and of the plan of the sectors (四个一), which goes
 * by the entries of kind task.
 */
#include "services/intake/api.h"
#include "services/intake/json.h"
#include "services/intake/records.h"

#include "common/alloc.h"
#include "common/calendar.h"
#include "common/text.h"

#include <string.h>

static void post_entry(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    RECORD *message = record_new();
    if (ask_body(ask, MSG_ENTER_ENTRY, message))
        make_matter(ask, MATTER_ENTRY, MSG_ENTER_ENTRY, message);
}

static void on_entries(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    answer_rows(arg, status, reply, PERMIT_ENTRY_READ);
}

static void get_entries(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    RECORD *question = record_new();
    ask_within(ask, question);
    ask_list(ask, MSG_LIST_ENTRIES, question, on_entries);
}

/* -- the plan ----------------------------------------------------------------------------------------------------- */

static bool is_task(const json_t *row, const char *sector, const char *task)
{
    return strcmp(json_string_value(json_object_get(row, "sector")), sector) == 0 &&
           strcmp(json_string_value(json_object_get(row, "task")), task) == 0;
}

/* The row of a task of a sector, which is added where there is none. Borrowed. */
static json_t *row_of(json_t *rows, const char *sector, const char *task, int wanted)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (is_task(row, sector, task))
            return row;
    }
    row =
        json_pack("{s:s, s:s, s:i, s:i, s:[]}", "sector", sector, "task", task, "wanted", wanted, "done", 0, "orders");
    json_array_append_new(rows, row);
    return row;
}

json_t *plan_rows(const struct county *county, const struct record *done)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < county->plan_count; i++)
        row_of(rows, county->plan[i].sector, county->plan[i].task, county->plan[i].wanted);
    for (size_t i = 0; i < record_rows(done, F_ROWS); i++) {
        const struct record *task = record_row(done, F_ROWS, i);
        json_t *row = row_of(rows, record_str(task, F_SECTOR), record_str(task, F_TASK), 0);
        json_object_set_new(row, "orders", json_words(record_str(task, F_ORDERS)));
        json_object_set_new(row, "done", json_integer(record_int(task, F_COUNT)));
    }
    return rows;
}

static void on_tasks(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct ask *ask = arg;
    if (intake_answer_failure(ask->request, status, reply))
        return;
    json_t *rows = plan_rows(service_county(ask->intake->service, ask->access->county), reply);
    intake_answer_json(ask->request, 200,
                       json_pack("{s:I, s:o}", "total", (json_int_t)json_array_size(rows), "rows", rows));
}

enum { FIRST_YEAR = 2000, LAST_YEAR = 2100 };

static void get_plan(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    RECORD *question = record_new();
    const char *given = http_query(request, "year");
    int64_t year = calendar_year(now_ms());
    if (given && *given && parse_int(given, FIRST_YEAR, LAST_YEAR, &year) < 0) {
        intake_answer_error(request, 400, "invalid", "year", "give a year such as 2026");
        return;
    }
    record_set_int(question, F_START, calendar_year_start((int)year));
    record_set_int(question, F_END, calendar_year_start((int)year + 1) - 1);
    service_call(ask->intake->service, ask->access->county, "", MSG_READ_PLAN, question, NULL,
                 intake_call_ms(ask->intake), on_tasks, ask);
}

/* -- routes ------------------------------------------------------------------------------------------------------- */

static const struct api_param entry_params[] = {
    PARAM("state", F_STATES, .list = true,
          .meaning = "only those in this state: entered, closed (cannot be withdrawn any more), withdrawn"),
    PARAM("kind", F_KIND),
    PARAM("member", F_MEMBER, .meaning = "only those in which this member is"),
    PARAM("sector", F_SECTOR),
    PARAM("task", F_TASK),
    PARAM("from", F_START, .meaning = "only of what took place then or later"),
    PARAM("until", F_END, .meaning = "only of what took place then or before"),
    LIMIT,
    CURSOR,
    {0},
};
static const struct api_param plan_params[] = {
    PARAM("year", F_YEAR, .min = FIRST_YEAR, .max = LAST_YEAR, .meaning = "which year; this one unless given"), {0}};

#define ENTRIES "/api/v1/entries"
#define ENTRY ENTRIES "/{id}"

const struct http_route entry_routes[] = {
    {.method = "POST",
     .path = ENTRIES,
     .handle = post_entry,
     .max_body = API_BODY_MAX,
     .permission = PERMIT_ENTRIES_ENTER,
     ABOUT(.summary = "Enters an activity, an honour, a donation, or a task that a sector has done",
           .chinese = "履职登记：活动、表彰、捐赠、界别任务", .body = API_MESSAGE, .takes = MSG_ENTER_ENTRY,
           .answer = "Raised", .status = 201)},
    {GET, .path = ENTRIES, .handle = get_entries, .permission = PERMIT_ENTRIES_LIST,
     ABOUT(.summary = "What the office entered; members see that in which they are",
           .chinese = "履职登记列表，委员只看自己的", .query = entry_params, .takes = MSG_LIST_ENTRIES,
           .answer = "Registry")},
    {GET, .path = ENTRY, .handle = get_order, .permission = PERMIT_ENTRY_READ,
     ABOUT(.summary = "An entry of the office", .chinese = "查看履职登记", .answer = "Registered", .etag = true)},
    {GET, .path = ENTRY "/history", .handle = get_history, .permission = PERMIT_ENTRY_READ,
     ABOUT(.summary = "Who entered it, and whether it was withdrawn", .chinese = "登记与撤回的经过",
           .answer = "History")},
    {.path = ENTRY "/withdraw",
     .permission = PERMIT_ENTRY_WITHDRAW,
     ACTION(WITHDRAW_ENTRY, "Takes an entry back: it stays, and does not count any more", "撤回登记：保留，不再计入")},
    {GET, .path = "/api/v1/plan", .handle = get_plan, .permission = PERMIT_RECORDS_READ,
     ABOUT(.summary = "What each sector is to do in a year, and has done", .chinese = "界别任务（四个一）完成情况",
           .query = plan_params, .answer = "Plan")},
};
const size_t entry_route_count = sizeof entry_routes / sizeof *entry_routes;
