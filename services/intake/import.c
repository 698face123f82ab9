/*
 * import.c - orders from a CSV file, as hotlines and offices export them.
 *
 * The file is read as it arrives, so its size costs no memory: rows are
 * submitted as they come, and the client is paused while OUTSTANDING_MAX of them wait for their
 * commit, or while rows come faster than the services can handle them (admission.h). Every row has an idempotency key
 * made from its number at the source, or from its content: sending a file again adds nothing, and an import that broke
 * off goes on by being sent again. The report accounts for every row. A struct import belongs to the request and to the
 * rows under way: the last of them frees it, because a client may go away while rows are being placed.
 */
#include "services/intake/access.h"
#include "services/intake/intake.h"
#include "services/intake/openapi.h"
#include "services/intake/redact.h"

#include "common/alloc.h"
#include "common/csv.h"
#include "common/text.h"

#include <errno.h>
#include <string.h>

enum {
    OUTSTANDING_MAX = 256,
    OUTSTANDING_LOW = 64,
    ROW_MAX = 256 * 1024, /* bytes */
    COLUMNS_MAX = 200,
    TITLE_FROM_TEXT = 30, /* characters */
    LISTED_MAX = 10000,   /* refused rows that are listed; all are counted */
    REMEMBER = 400 * 24 * 3600,
};

struct import {
    struct intake *intake;
    struct http_request *request; /* NULL: the client has gone */
    char county[7], actor[64];    /* of which, and who sends the file */
    struct csv *csv;
    int columns[COLUMNS_MAX]; /* an enum field each, or -1 */
    size_t column_count;      /* 0 until the header is read */
    json_t *ignored, *refused;
    json_int_t rows, accepted, repeated, refused_count;
    size_t outstanding;
    int timer; /* ends a wait for admission; -1: none runs */
    bool paused, complete;
};

/* One row under way. */
struct import_row {
    struct import *import;
    int line;
    char words[DIGEST_SIZE]; /* of one with a number; else "" */
};

static const struct column {
    const char *name;
    enum field field;
} column_names[] = {
    {"title", F_TITLE},
    {"标题", F_TITLE},
    {"text", F_TEXT},
    {"内容", F_TEXT},
    {"place", F_PLACE},
    {"地点", F_PLACE},
    {"地址", F_PLACE},
    {"community", F_COMMUNITY},
    {"社区", F_COMMUNITY},
    {"name", F_NAME},
    {"姓名", F_NAME},
    {"phone", F_PHONE},
    {"电话", F_PHONE},
    {"手机", F_PHONE},
    {"email", F_EMAIL},
    {"邮箱", F_EMAIL},
    {"category", F_CATEGORY},
    {"类别", F_CATEGORY},
    {"lat", F_LAT},
    {"纬度", F_LAT},
    {"long", F_LONG},
    {"经度", F_LONG},
    {"media_url", F_MEDIA_URL},
    {"public", F_PUBLIC},
    {"公开", F_PUBLIC},
    {"id", F_SOURCE_REF},
    {"source_ref", F_SOURCE_REF},
    {"编号", F_SOURCE_REF},
};

static void import_free(struct import *import)
{
    if (import->timer >= 0)
        zloop_timer_end(service_loop(import->intake->service), import->timer);
    csv_destroy(&import->csv);
    json_decref(import->ignored);
    json_decref(import->refused);
    free(import);
}

/* The request is gone: answered, or given up by its client. */
static void on_request_gone(void *data)
{
    struct import *import = data;
    import->request = NULL;
    if (import->outstanding == 0)
        import_free(import);
}

static void report(struct import *import)
{
    json_t *refused = import->refused, *ignored = import->ignored;
    json_t *answer = json_pack("{s:I, s:I, s:I, s:I, s:O, s:O, s:s}", "rows", import->rows, "accepted",
                               import->accepted, "repeated", import->repeated, "refused_count", import->refused_count,
                               "refused", refused, "ignored_columns", ignored, "encoding", csv_encoding(import->csv));
    intake_answer_json(import->request, 200, answer);
}

static void refuse_row(struct import *import, int line, const char *word, const char *field, const char *detail)
{
    import->refused_count++;
    if (!import->request || json_array_size(import->refused) >= LISTED_MAX)
        return;
    json_array_append_new(import->refused, json_pack("{s:i, s:o, s:s, s:s}", "line", line, "field",
                                                     field && *field ? json_string(field) : json_null(), "code", word,
                                                     "message", intake_message(import->request, word, field, detail)));
}

/* Takes more from the client when there is nothing left to wait for. */
static void go_on(struct import *import)
{
    if (!import->paused || import->timer >= 0 || import->outstanding > OUTSTANDING_LOW)
        return;
    import->paused = false;
    http_resume(import->request);
}

static int on_admitted(zloop_t *loop, int timer, void *arg)
{
    (void)loop, (void)timer;
    struct import *import = arg;
    import->timer = -1;
    if (import->request)
        go_on(import);
    return 0;
}

static void digest_words(char digest[DIGEST_SIZE], const struct record *order)
{
    intake_digest(
        digest,
        (const char *const[]){record_str(order, F_TITLE), record_str(order, F_TEXT), record_str(order, F_PLACE)}, 3);
}

/* Whether the order that has the row's number says something else: 1, 0 or -EIO. Of one that is archived nobody asks.
 */
static int is_another(const struct import_row *row, const char *id)
{
    char words[DIGEST_SIZE];
    RECORD *order = record_new();
    if (!*row->words || !row->import->request)
        return 0;
    int r = service_load_order(row->import->intake->service, row->import->county, id, order);
    if (r < 0)
        return r == -ENOENT ? 0 : -EIO;
    digest_words(words, order);
    return strcmp(words, row->words) != 0;
}

static void on_placed(void *arg, const struct placement *placed)
{
    struct import_row *row = arg;
    struct import *import = row->import;
    int another = placed->status == ANSWER_OK && placed->repeated ? is_another(row, placed->order) : 0;
    import->outstanding--;
    if (placed->status == ANSWER_REFUSED)
        refuse_row(import, row->line, placed->error, placed->field, placed->detail);
    else if (placed->status != ANSWER_OK || another < 0)
        refuse_row(import, row->line, "unavailable", NULL, "could not be stored now: send the file again");
    else if (another > 0)
        refuse_row(import, row->line, "exists", field_info(F_SOURCE_REF)->name,
                   "an order with this id and other words is known: give this one an id of its own");
    else if (placed->repeated)
        import->repeated++;
    else
        import->accepted++;
    free(row);
    if (!import->request) {
        if (import->outstanding == 0)
            import_free(import);
        return;
    }
    go_on(import);
    if (import->complete && import->outstanding == 0)
        report(import);
}

/* -- rows -------------------------------------------------------------------------------------------------------- */

/* Spreadsheets leave spaces around names and put a star behind required ones. */
static int field_of_column(const char *name)
{
    name += strspn(name, " \t");
    size_t length = strcspn(name, " \t*");
    for (size_t i = 0; i < sizeof column_names / sizeof *column_names; i++) {
        if (strlen(column_names[i].name) == length && strncasecmp(column_names[i].name, name, length) == 0)
            return (int)column_names[i].field;
    }
    return -1;
}

/* Answers and returns -1 when no column can give a title. */
static int take_header(struct import *import, char *const fields[], size_t count, const char *error)
{
    bool titled = false;
    import->column_count = count < COLUMNS_MAX ? count : COLUMNS_MAX;
    for (size_t i = 0; i < import->column_count; i++) {
        import->columns[i] = field_of_column(fields[i]);
        titled = titled || import->columns[i] == F_TITLE || import->columns[i] == F_TEXT;
        if (import->columns[i] >= 0 || !*fields[i])
            continue;
        AUTOFREE char *name = redact(fields[i]); /* without a row of names this is what somebody wrote */
        json_array_append_new(import->ignored, json_string(name));
    }
    if (titled)
        return 0;
    intake_answer_error(import->request, 400, "header", "title",
                        error ? error : "the first row must name the columns, among them title (标题) or text (内容)");
    return -1;
}

/* Sets one field from a cell. False when it is no number where one is needed. */
static bool take_cell(struct record *message, enum field field, const char *cell)
{
    int64_t whole;
    double real;
    if (!*cell)
        return true;
    switch (field_info(field)->type) {
    case FIELD_INT:
        if (parse_int(cell, INT64_MIN, INT64_MAX, &whole) < 0)
            return false;
        record_set_int(message, field, whole);
        return true;
    case FIELD_REAL:
        if (parse_real(cell, -1e9, 1e9, &real) < 0)
            return false;
        record_set_real(message, field, real);
        return true;
    default:
        record_set(message, field, cell);
        return true;
    }
}

/* The first characters of the text, up to its first line's end. */
static void title_from_text(struct record *message)
{
    const char *text = record_str(message, F_TEXT);
    text += strspn(text, " \t\r\n");
    size_t size = 0, characters = 0;
    for (; text[size] && text[size] != '\n' && text[size] != '\r'; size++) {
        bool begins = ((unsigned char)text[size] & 0xC0) != 0x80;
        if (begins && characters++ == TITLE_FROM_TEXT)
            break;
    }
    record_set_n(message, F_TITLE, text, size);
}

/* By its number at the source, else by its content. */
static char *row_key(const struct import *import, const struct record *message)
{
    if (record_has(message, F_SOURCE_REF))
        return xasprintf("import:%s:%s", import->county, record_str(message, F_SOURCE_REF));
    char digest[DIGEST_SIZE];
    intake_digest(digest,
                  (const char *const[]){record_str(message, F_TITLE), record_str(message, F_TEXT),
                                        record_str(message, F_PLACE), record_str(message, F_NAME),
                                        record_str(message, F_PHONE)},
                  5);
    return xasprintf("import:%s:=%s", import->county, digest);
}

static bool is_empty(char *const fields[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (*fields[i])
            return false;
    }
    return true;
}

static void submit_row(struct import *import, int line, const struct record *message)
{
    const struct county *county = service_county(import->intake->service, import->county);
    struct import_row *row = xcalloc(1, sizeof *row);
    *row = (struct import_row){.import = import, .line = line};
    if (record_has(message, F_SOURCE_REF))
        digest_words(row->words, message);
    import->outstanding++;
    AUTOFREE char *key = row_key(import, message);
    intake_submit_order(import->intake, county, message, "import", key, REMEMBER, on_placed, row);
}

static int on_row(void *arg, int line, char *const fields[], size_t count, const char *error)
{
    struct import *import = arg;
    if (import->column_count == 0)
        return take_header(import, fields, count, error);
    if (!error && is_empty(fields, count))
        return 0;
    import->rows++;
    if (error || count > import->column_count) {
        refuse_row(import, line, error ? "unreadable" : "columns", NULL, error);
        return 0;
    }
    RECORD *message = record_new();
    for (size_t i = 0; i < count; i++) {
        if (import->columns[i] >= 0 && !take_cell(message, (enum field)import->columns[i], fields[i])) {
            refuse_row(import, line, "type", field_info((enum field)import->columns[i])->name, "must be a number");
            return 0;
        }
    }
    if (!record_has(message, F_TITLE))
        title_from_text(message);
    record_set(message, F_VIA, import->actor);
    submit_row(import, line, message);
    return 0;
}

/* -- the request ------------------------------------------------------------------------------------------------- */

/* Answers and returns NULL when it may not begin. */
static struct import *begin(struct intake *intake, struct http_request *request)
{
    const char *type = http_header(request, "Content-Type");
    if (type && strncasecmp(type, "multipart/", 10) == 0) {
        intake_answer_error(request, 415, "media_type", NULL, NULL);
        return NULL;
    }
    struct import *import = xcalloc(1, sizeof *import);
    import->intake = intake;
    import->request = request;
    import->timer = -1;
    memcpy(import->county, access_of(request)->county, sizeof import->county);
    memcpy(import->actor, access_of(request)->grant.actor, sizeof import->actor);
    import->csv = csv_new(ROW_MAX, on_row, import);
    import->ignored = json_array();
    import->refused = json_array();
    http_attach(request, import, on_request_gone);
    return import;
}

static int take_piece(void *arg, struct http_request *request, const char *data, size_t size)
{
    struct import *import = http_attached(request);
    if (!import)
        import = begin(arg, request);
    if (!import || csv_feed(import->csv, data, size) != 0)
        return -1;
    if (import->intake->draining) {
        intake_answer_error(request, 503, "stopping", NULL, "the service is being restarted: send the file again");
        return -1;
    }
    int64_t wait = admission_wait(&import->intake->admission, mono_ms());
    if (wait > 0)
        import->timer = zloop_timer(service_loop(import->intake->service), (size_t)wait, 1, on_admitted, import);
    if (wait > 0 || import->outstanding > OUTSTANDING_MAX) {
        import->paused = true;
        http_pause(request);
    }
    return 0;
}

static void finish(void *arg, struct http_request *request)
{
    struct import *import = http_attached(request);
    if (!import)
        import = begin(arg, request);
    if (!import || csv_finish(import->csv) != 0)
        return;
    if (import->column_count == 0 && take_header(import, NULL, 0, NULL) < 0)
        return;
    import->complete = true;
    if (import->outstanding == 0)
        report(import);
}

const struct http_route import_routes[] = {
    {.method = "POST",
     .path = "/api/v1/imports",
     .handle = finish,
     .piece = take_piece,
     .permission = PERMIT_IMPORT,
     ABOUT(.summary = "Imports a file of orders; its first row names the columns",
           .chinese = "导入事项文件，第一行是列名", .body = API_CSV, .answer = "Report")},
};
const size_t import_route_count = sizeof import_routes / sizeof *import_routes;
