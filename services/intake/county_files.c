/*
 * county_files.c - the county's tables in the hands of its office: its people and places, settings, calendar, rules.
 *
 * They are the same files that an operator applies, checked by the same code and stored as a whole; every service takes
 * them within a second. What the office cannot do here is what needs secrets or an operator's knowledge: API keys,
 * robots, what SMS gateways call things. Which tables it has changed stays written down, so that nobody undoes it by
 * applying older files. Phones are in these tables: each look and each change is on record before it is done.
 */
#include "services/intake/access.h"
#include "services/intake/ask.h"
#include "services/intake/json.h"
#include "services/intake/sheets.h"

#include "common/alloc.h"
#include "common/audit.h"
#include "common/county_config.h"
#include "common/county_format.h"
#include "common/county_settings.h"
#include "common/csv.h"
#include "common/log.h"
#include "common/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_BODY = 1 << 20, MAX_ROW = 64 * 1024, FAULTS_LISTED = 100 };

static const enum county_file tables[] = {
    FILE_SETTINGS,   FILE_TOWNS,       FILE_COMMUNITIES, FILE_GROUPS,     FILE_MEMBERS,
    FILE_COMMITTEES, FILE_DEPARTMENTS, FILE_STAFF,       FILE_CATEGORIES, FILE_RULES,
    FILE_CLOCKS,     FILE_CALENDAR,    FILE_REASONS,     FILE_PORTRAIT,   FILE_PLAN,
};
enum { TABLES = sizeof tables / sizeof *tables };

/* A table is called as its file, without ".csv". The caller frees the name. */
static char *table_name(enum county_file file)
{
    const char *name = county_file_name(file);
    return xstrndup(name, strcspn(name, "."));
}

/* The table of the address. False after answering that there is none. */
static bool find_table(struct http_request *request, enum county_file *ret_file)
{
    for (size_t i = 0; i < TABLES; i++) {
        AUTOFREE char *name = table_name(tables[i]);
        *ret_file = tables[i];
        if (strcmp(name, http_segment(request, "table")) == 0)
            return true;
    }
    intake_answer_error(request, 404, "unknown", "table", "there is no such table, or it is the operator's");
    return false;
}

/* -- a file as rows ------------------------------------------------------------------------------------------------ */

struct reading {
    const struct county_format *format;
    int positions[MAX_COLUMNS]; /* field number by column, -1: not in the file */
    bool has_header;
    size_t header_count;
    json_t *rows, *lines; /* lines: where each row stands in the file */
    bool complete;        /* the rows are all that the file says: no column is unknown, no row unreadable */
};

static void read_header(struct reading *reading, char *const fields[], size_t count)
{
    const struct column *columns = reading->format->columns;
    size_t found = 0;
    reading->has_header = true;
    reading->header_count = count;
    for (size_t c = 0; columns[c].name; c++) {
        reading->positions[c] = -1;
        for (size_t i = 0; i < count; i++)
            if (column_is(&columns[c], fields[i]))
                reading->positions[c] = (int)i;
        found += reading->positions[c] >= 0;
        if (columns[c].flags & REQUIRED && reading->positions[c] < 0)
            reading->complete = false;
    }
    reading->complete &= found == count;
}

static int take_row(void *arg, int line, char *const fields[], size_t count, const char *error)
{
    struct reading *reading = arg;
    bool blank = true;
    for (size_t i = 0; i < count; i++)
        blank &= *text_tidy(fields[i]) == '\0';
    reading->complete &= !error;
    if (error || blank)
        return 0; /* county_parse() says what is wrong */
    if (!reading->has_header) {
        read_header(reading, fields, count);
        return 0;
    }
    json_t *row = json_array();
    reading->complete &= count <= reading->header_count;
    for (size_t c = 0; reading->format->columns[c].name; c++) {
        int at = reading->positions[c];
        json_t *cell = at >= 0 && (size_t)at < count ? json_string(fields[at]) : NULL;
        json_array_append_new(row, cell ? cell : json_string(""));
    }
    json_array_append_new(reading->rows, row);
    json_array_append_new(reading->lines, json_integer(line));
    return 0;
}

/* In the order of the table's columns, as texts; the caller owns rows and lines. */
static struct reading read_table(enum county_file file, const char *text)
{
    struct reading reading = {
        .format = &county_formats[file], .rows = json_array(), .lines = json_array(), .complete = true};
    struct csv *csv = csv_new(MAX_ROW, take_row, &reading);
    if (text)
        csv_feed(csv, text, strlen(text));
    csv_finish(csv);
    csv_destroy(&csv);
    return reading;
}

static json_t *rows_of(enum county_file file, const char *text)
{
    struct reading reading = read_table(file, text);
    json_decref(reading.lines);
    return reading.rows;
}

/* -- as CSV -------------------------------------------------------------------------------------------------------- */

/* What a spreadsheet would take for a formula is told as text. */
static bool is_formula(const char *text)
{
    double number;
    return *text && strchr("=+-@\t", *text) && parse_real(text, -1e9, 1e9, &number) < 0;
}

static void put_cell(FILE *out, const char *text, bool first)
{
    bool quoted = strpbrk(text, ",\"\r\n") || is_formula(text);
    if (!first)
        fputc(',', out);
    if (quoted)
        fputc('"', out);
    if (is_formula(text))
        fputc('\'', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    if (quoted)
        fputc('"', out);
}

static void put_row(FILE *out, json_t *row)
{
    size_t i;
    json_t *cell;
    json_array_foreach(row, i, cell)
    {
        put_cell(out, json_string_value(cell), i == 0);
    }
    fputs("\r\n", out);
}

static json_t *head_of(enum county_file file, bool english)
{
    json_t *head = json_array();
    for (const struct column *column = county_formats[file].columns; column->name; column++)
        json_array_append_new(head, json_string(english ? column->name : column->chinese));
    return head;
}

static void name_download(struct http_request *request, enum county_file file, const char *ending)
{
    AUTOFREE char *name = table_name(file);
    AUTOFREE char *header = xasprintf("attachment; filename=\"%s.%s\"", name, ending);
    http_answer_header(request, "Content-Disposition", header);
}

static void answer_csv(struct http_request *request, enum county_file file, json_t *rows)
{
    char *text = NULL;
    size_t size, i;
    json_t *head = head_of(file, intake_prefers_english(request)), *row;
    FILE *out = open_memstream(&text, &size);
    fputs("\xEF\xBB\xBF", out); /* without it a spreadsheet takes UTF-8 for something else */
    put_row(out, head);
    json_array_foreach(rows, i, row)
    {
        put_row(out, row);
    }
    fclose(out);
    name_download(request, file, "csv");
    http_answer(request, 200, "text/csv; charset=utf-8", text, size);
    free(text);
    json_decref(head);
}

static void answer_sheet(struct http_request *request, enum county_file file, json_t *rows)
{
    AUTOFREE char *name = table_name(file);
    json_t *table = json_pack("[{s:s, s:o, s:O}]", "title", name, "head",
                              head_of(file, intake_prefers_english(request)), "rows", rows);
    char *data;
    size_t size;
    if (sheets_make(NULL, table, &data, &size) < 0) {
        intake_answer_error(request, 503, "unavailable", NULL, NULL);
    } else {
        name_download(request, file, "xlsx");
        http_answer(request, 200, SHEETS_TYPE, data, size);
        free(data);
    }
    json_decref(table);
}

/* -- as JSON ------------------------------------------------------------------------------------------------------- */

static const char *kind_name(enum column_kind kind)
{
    switch (kind) {
    case ID:
        return "id";
    case WORDS:
        return "words";
    case PHONE:
        return "phone";
    case EMAIL:
        return "email";
    case CHOICE:
        return "choice";
    case REFERENCE:
    case TOWN:
        return "reference";
    case REFERENCES:
        return "references";
    case YES:
        return "yes";
    case PLACES:
    case POINTS:
    case COUNT:
    case WEIGHT:
        return "number";
    case DATE:
    case DAY:
        return "date";
    case CHOICES:
    case HASH:
    case URL:
    case SECTOR:
    case TEXT:
        break;
    }
    return "text";
}

static json_t *columns_of(enum county_file file, bool english)
{
    json_t *columns = json_array();
    for (const struct column *column = county_formats[file].columns; column->name; column++) {
        json_t *told =
            json_pack("{s:s, s:s, s:s, s:b}", "name", column->name, "label", english ? column->name : column->chinese,
                      "kind", kind_name(column->kind), "required", (column->flags & REQUIRED) != 0);
        AUTOFREE char *target = table_name(column->target);
        if (column->kind == REFERENCE || column->kind == REFERENCES || column->kind == TOWN)
            json_object_set_new(told, "target", json_string(target));
        if (column->choices)
            json_object_set_new(told, "choices", json_words(column->choices));
        json_array_append_new(columns, told);
    }
    return columns;
}

/* What may stand in the settings, of which a county needs few. */
static json_t *settings_of(bool english)
{
    json_t *settings = json_array();
    const struct setting_rule *rule;
    for (size_t i = 0; (rule = county_setting(i)); i++)
        json_array_append_new(settings, json_pack("{s:s, s:s, s:s}", "name", rule->name, "unset", rule->unset, "wanted",
                                                  english ? rule->wanted : rule->wanted_chinese));
    return settings;
}

static void answer_json(struct http_request *request, enum county_file file, int64_t revision, json_t *rows)
{
    bool english = intake_prefers_english(request);
    AUTOFREE char *name = table_name(file);
    json_t *answer = json_pack("{s:s, s:I, s:o, s:O}", "table", name, "revision", (json_int_t)revision, "columns",
                               columns_of(file, english), "rows", rows);
    if (file == FILE_SETTINGS)
        json_object_set_new(answer, "settings", settings_of(english));
    intake_answer_json(request, 200, answer);
}

/* -- reading ------------------------------------------------------------------------------------------------------- */

static const char *keys_dir(const struct intake *intake)
{
    return param_str(service_params(intake->service), "keys");
}

/* Reads the county's config. False after answering that this cannot be done now. */
static bool read_config(const struct ask *ask, struct county_config *ret_config)
{
    struct store *store = service_store(ask->intake->service);
    char *fault = NULL;
    int r = config_read(store, keys_dir(ask->intake), ask->access->county, ret_config, &fault);
    if (r == 0)
        r = config_open_files(store, ret_config, &fault);
    if (r == 0)
        return true;
    if (fault)
        log_error("county=%s %s", ask->access->county, fault);
    free(fault);
    intake_answer_error(ask->request, 503, "unavailable", NULL, NULL);
    return false;
}

/* What is done is on record before. False after answering that it cannot be. */
static bool put_on_record(const struct ask *ask, enum county_file file, const char *what)
{
    AUTOFREE char *detail = xasprintf("%s %s", what, county_file_name(file));
    if (audit_write(service_store(ask->intake->service), ask->access->county,
                    &(struct audit){.actor = ask->access->grant.actor,
                                    .action = permission_name(PERMIT_COUNTY_TABLES),
                                    .result = "done",
                                    .detail = detail}) == 0)
        return true;
    intake_answer_error(ask->request, 503, "unavailable", NULL, NULL);
    return false;
}

static void get_tables(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    CONFIG config = {0};
    if (!read_config(ask, &config))
        return;
    json_t *list = json_array();
    for (size_t i = 0; i < TABLES; i++) {
        AUTOFREE char *name = table_name(tables[i]);
        json_t *rows = rows_of(tables[i], config.texts[tables[i]]);
        bool changed = config.changed && words_have(config.changed, county_file_name(tables[i]));
        json_array_append_new(list, json_pack("{s:s, s:I, s:b}", "table", name, "count",
                                              (json_int_t)json_array_size(rows), "changed", changed));
        json_decref(rows);
    }
    intake_answer_json(request, 200, json_pack("{s:i, s:o}", "total", TABLES, "rows", list));
}

static void get_table(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    const char *as = http_query(request, "as");
    enum county_file file;
    CONFIG config = {0};
    if (!find_table(request, &file))
        return;
    if (as && !words_have("json csv xlsx", as)) {
        intake_answer_error(request, 400, "invalid", "as", "as is json, csv or xlsx");
        return;
    }
    if (!read_config(ask, &config) || !put_on_record(ask, file, "read"))
        return;
    json_t *rows = rows_of(file, config.texts[file]);
    if (as && strcmp(as, "csv") == 0)
        answer_csv(request, file, rows);
    else if (as && strcmp(as, "xlsx") == 0)
        answer_sheet(request, file, rows);
    else
        answer_json(request, file, config.revision, rows);
    json_decref(rows);
}

/* -- changing ------------------------------------------------------------------------------------------------------ */

struct checking {
    bool english;
    json_t *faults;
    size_t count;
};

static void add_fault(struct checking *checking, const struct county_fault *fault)
{
    if (checking->count++ < FAULTS_LISTED)
        json_array_append_new(checking->faults,
                              json_pack("{s:s, s:i, s:s}", "file", fault->file, "line", fault->line, "message",
                                        checking->english ? fault->english : fault->chinese));
}

static void on_fault(void *arg, const struct county_fault *fault)
{
    add_fault(arg, fault);
}

/* Whether the caller, if it is a person, is of the office in a county as it would be. */
static bool stays_in_office(const struct access *access, const struct vault *vault, const struct county *county)
{
    char digest[VAULT_DIGEST_SIZE];
    struct roster_entry entry;
    for (size_t i = 0; access->caller.kind == CALLER_PERSON && county_roster(county, i, &entry); i++) {
        vault_digest(vault, "sign-in", entry.phone, digest);
        if (strcmp(entry.kind, "office") == 0 && strcmp(digest, access->caller.phone) == 0)
            return true;
    }
    return access->caller.kind != CALLER_PERSON;
}

/* Of whom or what the faults of a file are: the first cells of its row, for who has no line numbers at hand. */
static void name_rows(json_t *faults, enum county_file file, const char *text)
{
    enum { TOLD = 2 };
    struct reading reading = {0};
    size_t f, i;
    json_t *fault, *line;
    json_array_foreach(faults, f, fault)
    {
        if (strcmp(json_string_value(json_object_get(fault, "file")), county_file_name(file)) != 0)
            continue;
        if (!reading.rows)
            reading = read_table(file, text);
        json_array_foreach(reading.lines, i, line)
        {
            if (!json_equal(line, json_object_get(fault, "line")))
                continue;
            json_t *row = json_array();
            for (size_t cell = 0; cell < TOLD; cell++)
                json_array_append(row, json_array_get(json_array_get(reading.rows, i), cell));
            json_object_set_new(fault, "row", row);
        }
    }
    json_decref(reading.rows);
    json_decref(reading.lines);
}

/* Checks the county as it would be with this table. */
static void check(const struct access *access, const struct county_config *config, struct checking *checking)
{
    struct county *county = NULL;
    county_parse(config->county, (const char *const *)config->texts, on_fault, checking, &county);
    if (county && !stays_in_office(access, config->vault, county))
        add_fault(checking,
                  &(struct county_fault){.file = county_file_name(FILE_STAFF),
                                         .english = "you would not be of the office any more, and could not undo it",
                                         .chinese = "这样改了，您自己就不再是办公室的人，也改不回来了"});
    county_destroy(&county);
    for (size_t i = 0; i < TABLES; i++)
        name_rows(checking->faults, tables[i], config->texts[tables[i]]);
}

/* Puts the table into the config, and on the list of what the office has changed. */
static void take_table(struct county_config *config, enum county_file file, const char *text)
{
    const char *name = county_file_name(file), *changed = config->changed ? config->changed : "";
    char *longer =
        words_have(changed, name) ? xstrdup(changed) : xasprintf("%s%s%s", changed, *changed ? " " : "", name);
    free(config->changed);
    config->changed = longer;
    free(config->texts[file]);
    config->texts[file] = xstrdup(text);
}

/* Stores the config. False after answering what came between. */
static bool store_config(const struct ask *ask, const struct county_config *config, int64_t *ret_revision)
{
    char *fault = NULL;
    int r = config_store(service_store(ask->intake->service), keys_dir(ask->intake), config, ret_revision, &fault);
    if (fault)
        log_error("county=%s %s", config->county, fault);
    free(fault);
    if (r == -EAGAIN)
        intake_answer_error(
            ask->request, 412, "changed", "revision",
            "somebody else has just changed the county's tables: look at your changes again, and store them anew");
    else if (r < 0)
        intake_answer_error(ask->request, 503, "unavailable", NULL, NULL);
    return r == 0;
}

/* With the revision that it is to replace, a table without faults is stored; without one it is checked only. */
static void post_table(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    const char *wanted = http_query(request, "revision");
    size_t size;
    const char *text = http_body(request, &size);
    int64_t revision = 0;
    enum county_file file;
    CONFIG config = {0};
    if (!find_table(request, &file))
        return;
    if (wanted && parse_int(wanted, 1, INT32_MAX, &revision) < 0) {
        intake_answer_error(request, 400, "invalid", "revision", "revision is that of the table as you read it");
        return;
    }
    if (size == 0) {
        intake_answer_error(request, 400, "missing", NULL,
                            "send the whole table as CSV, with the names of its columns");
        return;
    }
    if (memchr(text, '\0', size)) {
        intake_answer_error(request, 400, "unreadable", NULL, "this is not text: it holds a NUL");
        return;
    }
    if (!read_config(ask, &config))
        return;
    if (wanted && revision != config.revision) {
        intake_answer_error(
            request, 412, "changed", "revision",
            "somebody else has just changed the county's tables: look at your changes again, and store them anew");
        return;
    }
    struct checking checking = {.english = intake_prefers_english(request), .faults = json_array()};
    take_table(&config, file, text);
    check(ask->access, &config, &checking);
    bool stores = wanted && checking.count == 0;
    if (stores && !(put_on_record(ask, file, "change") && store_config(ask, &config, &config.revision))) {
        json_decref(checking.faults);
        return;
    }
    AUTOFREE char *name = table_name(file);
    struct reading reading = read_table(file, text);
    intake_answer_json(request, 200,
                       json_pack("{s:s, s:I, s:b, s:o, s:o, s:b, s:o}", "table", name, "revision",
                                 (json_int_t)config.revision, "stored", stores, "rows", reading.rows, "lines",
                                 reading.lines, "complete", reading.complete, "faults", checking.faults));
}

/* -- routes -------------------------------------------------------------------------------------------------------- */

static const struct api_param reading_params[] = {
    PARAM("as", F_KIND, .meaning = "json, csv or xlsx; json unless given"), {0}};
static const struct api_param changing_params[] = {
    PARAM("revision", F_VER, .min = 1, .max = INT32_MAX,
          .meaning = "the revision that this replaces; without it, it is only checked"),
    {0}};

const struct http_route table_routes[] = {
    {GET, .path = "/api/v1/tables", .handle = get_tables, .permission = PERMIT_COUNTY_TABLES,
     ABOUT(.summary = "The tables of people, places and rules that the office keeps",
           .chinese = "名册与设置：办公室维护的各张表", .answer = "Tables")},
    {GET, .path = "/api/v1/tables/{table}", .handle = get_table, .permission = PERMIT_COUNTY_TABLES,
     ABOUT(.summary = "One of them, row by row; every look is on record", .chinese = "查看或导出一张表（留痕）",
           .query = reading_params, .answer = "Table")},
    {.method = "POST",
     .path = "/api/v1/tables/{table}",
     .handle = post_table,
     .max_body = MAX_BODY,
     .permission = PERMIT_COUNTY_TABLES,
     ABOUT(.summary = "Checks a table, and stores it if it has no faults; the whole of it, as CSV",
           .chinese = "检查并更换一张表", .body = API_CSV, .query = changing_params, .answer = "TableChange")},
};
const size_t table_route_count = sizeof table_routes / sizeof *table_routes;
