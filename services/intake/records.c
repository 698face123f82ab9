/*
 * records.c - the calls about what members, groups and departments did in a period: rows, the formula of the portrait,
 * and the bulletin as a workbook and as a page to be printed.
 */
#include "services/intake/records.h"
#include "services/intake/sheets.h"

#include "common/alloc.h"
#include "common/calendar.h"
#include "services/intake/api.h"
#include "services/intake/json.h"
#include "services/intake/page.h"

#include <stdlib.h>
#include <string.h>

/* -- rows -------------------------------------------------------------------------------------------------------- */

/* The row of the listing about somebody; an empty one where there is none. */
static const struct record *find(const struct record *listing, enum field whose, const char *id,
                                 const struct record *none)
{
    for (size_t i = 0; i < record_rows(listing, F_ROWS); i++)
        if (record_is(record_row(listing, F_ROWS, i), whose, id))
            return record_row(listing, F_ROWS, i);
    return none;
}

static void add(json_t *rows, const struct record *listing, enum field whose, const char *id, const char *name,
                const struct member *member, const struct county *county)
{
    RECORD *none = record_new();
    const struct record *record = find(listing, whose, id, none);
    json_t *row = json_from_record(record, NULL, 0);
    json_object_set_new(row, field_info(whose)->name, json_string(id));
    json_object_set_new(row, "name", json_string(name));
    if (member) {
        int score = 0;
        json_t *portrait = portrait_of(county, record, &score);
        json_object_set_new(row, "group", json_string(member->group));
        if (*member->sector)
            json_object_set_new(row, "sector", json_string(member->sector));
        if (portrait) {
            json_object_set_new(row, "score", json_integer(score));
            json_object_set_new(row, "portrait", portrait);
        }
    }
    json_array_append_new(rows, row);
}

static bool is_known(const struct county *county, const struct record *row)
{
    return county_member(county, record_str(row, F_MEMBER)) || county_group(county, record_str(row, F_GROUP)) ||
           county_department(county, record_str(row, F_DEPARTMENT));
}

json_t *records_rows(const struct county *county, const struct record *listing)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < county->member_count; i++)
        add(rows, listing, F_MEMBER, county->members[i].id, county->members[i].name, &county->members[i], county);
    for (size_t i = 0; i < county->group_count; i++)
        add(rows, listing, F_GROUP, county->groups[i].id, county->groups[i].name, NULL, county);
    for (size_t i = 0; i < county->department_count; i++)
        add(rows, listing, F_DEPARTMENT, county->departments[i].id, county->departments[i].name, NULL, county);
    for (size_t i = 0; i < record_rows(listing, F_ROWS); i++)
        if (!is_known(county, record_row(listing, F_ROWS, i)))
            json_array_append_new(rows, json_from_record(record_row(listing, F_ROWS, i), NULL, 0));
    return rows;
}

static const struct county *county_of(const struct ask *ask)
{
    return service_county(ask->intake->service, ask->access->county);
}

static void on_records(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct ask *ask = arg;
    if (intake_answer_failure(ask->request, status, reply))
        return;
    json_t *rows = records_rows(county_of(ask), reply);
    intake_answer_json(ask->request, 200,
                       json_pack("{s:I, s:o}", "total", (json_int_t)json_array_size(rows), "rows", rows));
}

static void get_records(void *arg, struct http_request *request)
{
    RECORD *question = record_new();
    ask_list(ask_new(arg, request), MSG_READ_RECORDS, question, on_records);
}

/* Everybody may know by what members are measured. */
static void get_portrait(void *arg, struct http_request *request)
{
    const struct county *county = intake_county(arg, http_query(request, "county"));
    if (!county) {
        intake_answer_error(request, 404, "unknown", "county",
                            "no county has this code: use its 6-digit division code");
        return;
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < county->portrait_count; i++) {
        const struct portrait_row *row = &county->portrait[i];
        json_array_append_new(rows, json_pack("{s:s, s:s, s:i, s:i}", "dimension", row->dimension, "measure",
                                              row->measure, "points", row->points, "most", row->most));
    }
    intake_answer_json(request, 200, json_pack("{s:I, s:o}", "total", (json_int_t)json_array_size(rows), "rows", rows));
}

/* -- the bulletin ------------------------------------------------------------------------------------------------- */

/* What a bulletin is made of comes by some calls, one after the other; part: of the one that is under way. */
struct gathering {
    struct ask ask;
    struct bulletin bulletin;
    size_t part;
    void (*answer)(struct http_request *request, const struct bulletin *bulletin);
};

static void gathering_free(void *arg)
{
    struct gathering *gathering = arg;
    struct bulletin *bulletin = &gathering->bulletin;
    json_decref(bulletin->records);
    json_decref(bulletin->year);
    json_decref(bulletin->plan);
    json_decref(bulletin->topics);
    json_decref(bulletin->figures);
    free(gathering);
}

static json_t *rows_of(const struct county *county, const struct record *listing)
{
    (void)county;
    json_t *rows = json_array();
    for (size_t i = 0; i < record_rows(listing, F_ROWS); i++)
        json_array_append_new(rows, json_from_record(record_row(listing, F_ROWS, i), NULL, 0));
    return rows;
}

static const struct part {
    enum message_type type;
    bool of_year; /* from the beginning of the year on */
    json_t *(*rows)(const struct county *county, const struct record *reply);
    size_t offset; /* of where they go in struct bulletin */
} parts[] = {
    {MSG_READ_RECORDS, false, records_rows, offsetof(struct bulletin, records)},
    {MSG_READ_RECORDS, true, records_rows, offsetof(struct bulletin, year)},
    {MSG_READ_PLAN, true, plan_rows, offsetof(struct bulletin, plan)},
    {MSG_LIST_TOPICS, false, rows_of, offsetof(struct bulletin, topics)},
    {MSG_READ_FIGURES, false, rows_of, offsetof(struct bulletin, figures)},
};
enum { PARTS = sizeof parts / sizeof *parts };

static void on_part(void *arg, enum answer_status status, enum message_type type, const struct record *reply);

/* Asks for the next part, or answers when there is none. */
static void go_on(struct gathering *gathering)
{
    const struct ask *ask = &gathering->ask;
    const struct bulletin *bulletin = &gathering->bulletin;
    if (gathering->part == PARTS) {
        gathering->answer(ask->request, bulletin);
        return;
    }
    const struct part *part = &parts[gathering->part];
    int64_t year = calendar_year_start(calendar_year(bulletin->end - 1));
    RECORD *question = record_new();
    record_set_int(question, F_START, part->of_year ? year : bulletin->start);
    record_set_int(question, F_END, bulletin->end);
    service_call(ask->intake->service, ask->access->county, "", part->type, question, NULL, intake_call_ms(ask->intake),
                 on_part, gathering);
}

static void on_part(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct gathering *gathering = arg;
    struct bulletin *bulletin = &gathering->bulletin;
    if (intake_answer_failure(gathering->ask.request, status, reply))
        return;
    bulletin->county = county_of(&gathering->ask); /* it may have a new revision by now */
    const struct part *part = &parts[gathering->part++];
    *(json_t **)((char *)bulletin + part->offset) = part->rows(bulletin->county, reply);
    go_on(gathering);
}

static void gather(struct intake *intake, struct http_request *request,
                   void (*answer)(struct http_request *request, const struct bulletin *bulletin))
{
    struct gathering *gathering = xcalloc(1, sizeof *gathering);
    RECORD *period = record_new();
    gathering->answer = answer;
    gathering->ask = (struct ask){.intake = intake, .request = request, .access = access_of(request)};
    http_attach(request, gathering, gathering_free);
    if (!ask_parameters(&gathering->ask, MSG_READ_RECORDS, period))
        return;
    gathering->bulletin.start = record_int(period, F_START);
    gathering->bulletin.end = record_int(period, F_END);
    go_on(gathering);
}

static void answer_sheets(struct http_request *request, const struct bulletin *bulletin)
{
    bool english = intake_prefers_english(request);
    AUTOFREE char *title = bulletin_title(bulletin, english);
    json_t *tables = bulletin_tables(bulletin, english);
    char *data;
    size_t size;
    if (sheets_make(title, tables, &data, &size) < 0) {
        intake_answer_error(request, 503, "unavailable", NULL, NULL);
    } else {
        http_answer_header(request, "Content-Disposition", "attachment; filename=\"bulletin.xlsx\"");
        http_answer(request, 200, SHEETS_TYPE, data, size);
        free(data);
    }
    json_decref(tables);
}

static void get_sheets(void *arg, struct http_request *request)
{
    gather(arg, request, answer_sheets);
}

static void put_cell(const struct page *page, const char *tag, const json_t *cell)
{
    fprintf(page->out, "<%s>", tag);
    if (json_is_integer(cell))
        fprintf(page->out, "%" JSON_INTEGER_FORMAT, json_integer_value(cell));
    else if (json_is_real(cell))
        fprintf(page->out, "%.1f", json_real_value(cell));
    else if (json_is_string(cell))
        put_escaped(page, json_string_value(cell));
    fprintf(page->out, "</%s>", tag);
}

static void put_row(const struct page *page, const char *tag, const json_t *row)
{
    size_t i;
    json_t *cell;
    fputs("<tr>", page->out);
    json_array_foreach((json_t *)row, i, cell)
    {
        put_cell(page, tag, cell);
    }
    fputs("</tr>\n", page->out);
}

static bool is_idle(const json_t *cell)
{
    return json_is_string(cell) ? json_string_length(cell) == 0 : json_number_value(cell) == 0;
}

/* On paper, in a table that is wide, what nobody did takes no room; the workbook has it. */
static void drop_idle_columns(json_t *table)
{
    enum { WIDE = 9 };
    json_t *head = json_object_get(table, "head"), *rows = json_object_get(table, "rows"), *row;
    size_t k;
    if (json_array_size(head) < WIDE)
        return;
    for (size_t column = json_array_size(head); column-- > 1;) {
        bool idle = true;
        json_array_foreach(rows, k, row)
        {
            idle &= is_idle(json_array_get(row, column));
        }
        if (!idle)
            continue;
        json_array_remove(head, column);
        json_array_foreach(rows, k, row)
        {
            json_array_remove(row, column);
        }
    }
}

static void answer_page(struct http_request *request, const struct bulletin *bulletin)
{
    struct page page;
    page_begin(&page, request, "履职情况通报", "Bulletin");
    AUTOFREE char *title = bulletin_title(bulletin, page.english);
    json_t *tables = bulletin_tables(bulletin, page.english), *table, *row;
    size_t i, k;
    put(&page, "<h1>", title, "</h1>\n");
    json_array_foreach(tables, i, table)
    {
        if (json_array_size(json_object_get(table, "rows")) == 0)
            continue;
        drop_idle_columns(table);
        put(&page, "<h2>", json_string_value(json_object_get(table, "title")),
            "</h2>\n<div class=\"wide\"><table>\n<thead>");
        put_row(&page, "th", json_object_get(table, "head"));
        fputs("</thead>\n<tbody>\n", page.out);
        json_array_foreach(json_object_get(table, "rows"), k, row)
        {
            put_row(&page, "td", row);
        }
        fputs("</tbody>\n</table></div>\n", page.out);
    }
    json_decref(tables);
    page_answer(&page, request, 200);
}

static void get_page(void *arg, struct http_request *request)
{
    gather(arg, request, answer_page);
}

/* -- routes ------------------------------------------------------------------------------------------------------- */

static const struct api_param period_params[] = {
    PARAM("from", F_START, .required = true, .meaning = "begin of the period, such as 2026-07-01T00:00:00"),
    PARAM("until", F_END, .required = true, .meaning = "its end"),
    {0},
};
static const struct api_param county_params[] = {
    PARAM("county", F_COUNTY, .meaning = "which one; may be missing where there is one only"), {0}};

const struct http_route record_routes[] = {
    {GET, .path = "/api/v1/records", .handle = get_records, .permission = PERMIT_RECORDS_READ,
     ABOUT(.summary = "What each member, group and department did in a period, and members' portraits",
           .chinese = "履职档案与画像", .query = period_params, .takes = MSG_READ_RECORDS, .answer = "Records")},
    {GET, .path = "/api/v1/portrait", .handle = get_portrait, .permission = PERMIT_ANYBODY,
     ABOUT(.summary = "By what members are measured: the county's formula of the portrait", .chinese = "履职画像的算法",
           .query = county_params, .answer = "Portrait")},
    {GET, .path = "/api/v1/bulletin.xlsx", .handle = get_sheets, .permission = PERMIT_RECORDS_READ,
     ABOUT(.summary = "The bulletin of a period as a workbook", .chinese = "履职情况通报（表格）",
           .query = period_params, .takes = MSG_READ_RECORDS,
           .answer = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")},
    {GET, .path = BULLETIN_PAGE "bulletin", .handle = get_page, .permission = PERMIT_RECORDS_READ,
     ABOUT(.summary = "The bulletin of a period as a page to be printed", .chinese = "履职情况通报（网页，可打印）",
           .query = period_params)},
};
const size_t record_route_count = sizeof record_routes / sizeof *record_routes;
