/*
 * library.c - the libraries as people use them: an order as a story, the public text of its case, earlier cases to
 * learn from, classes of matters (一类事).
 *
 * A case is a draft until the office has reviewed it. Whatever is published goes through the same redaction as the
 * draft, so that an edit cannot bring back what it took out. To know its resident's name the contact is opened here; it
 * is shown to nobody, so it is no look. Once it is erased the name is not known any more, and the reviewer has to see
 * it.
 */
#include "services/intake/api.h"
#include "services/intake/json.h"
#include "services/intake/redact.h"

#include "common/alloc.h"
#include "common/calendar.h"
#include "common/contact.h"
#include "common/log.h"
#include "common/story.h"
#include "common/text.h"

#include <errno.h>
#include <string.h>

/* What a look at the public cases counts of an address's allowance, as Open311's lists. */
enum { PUBLIC_COST = 5, MAX_BODY = 128 * 1024 };

/* -- the public text of a case ----------------------------------------------------------------------------------- */

/* A case that is looked at, or published. Belongs to the request. */
struct review {
    struct ask ask;
    struct record *history; /* of who reads it as a story */
    struct record *text;    /* that is to be published */
    void (*then)(struct review *review, const char *name);
};

static void review_destroy(void *data)
{
    struct review *review = data;
    record_destroy(&review->history);
    record_destroy(&review->text);
    free(review);
}

static struct review *review_new(struct intake *intake, struct http_request *request,
                                 void (*then)(struct review *review, const char *name))
{
    struct review *review = xcalloc(1, sizeof *review);
    *review = (struct review){.ask = {.intake = intake, .request = request, .access = access_of(request)},
                              .history = record_new(),
                              .text = record_new(),
                              .then = then};
    http_attach(request, review, review_destroy);
    return review;
}

static void call_archive(struct review *review, enum message_type type, const struct record *message, answer_fn *done)
{
    const struct ask *ask = &review->ask;
    service_call(ask->intake->service, ask->access->county, "", type, message, NULL, intake_call_ms(ask->intake), done,
                 review);
}

/* Goes on with the name in a sealed contact, "" without one. */
static void go_on(struct review *review, const char *sealed)
{
    const struct access *access = review->ask.access;
    const struct county *county = service_county(access->intake->service, access->county);
    RECORD *contact = record_new();
    int r = !*sealed ? 0 : county ? contact_open(county->vault, access->order, sealed, contact) : -ENOKEY;
    if (r == -ENOKEY) {
        intake_answer_error(access->request, 503, "unavailable", NULL, NULL);
    } else if (r < 0) {
        log_error("order=%s its contact does not open: it was changed or moved", access->order);
        intake_answer_error(access->request, 500, "sealed", NULL, NULL);
    } else {
        review->then(review, record_str(contact, F_NAME));
    }
}

static void on_contact(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct review *review = arg;
    if (!intake_answer_failure(review->ask.request, status, reply))
        go_on(review, record_rows(reply, F_ROWS) > 0 ? record_str(record_row(reply, F_ROWS, 0), F_CONTACT) : "");
}

/* Goes on with the name of who placed the order. */
static void with_name(struct review *review)
{
    const struct access *access = review->ask.access;
    if (!access->archived) {
        go_on(review, record_str(access->record, F_CONTACT));
        return;
    }
    RECORD *question = record_new();
    record_set(question, F_ORDER, access->order);
    call_archive(review, MSG_READ_CONTACT, question, on_contact);
}

static json_t *public_text(const char *title, const char *text)
{
    return json_pack("{s:s, s:s}", "title", title, "text", text);
}

/* The text that is public now, NULL when none is. */
static json_t *published_text(const struct record *history)
{
    const struct record *latest = NULL;
    for (size_t i = 0; i < record_rows(history, F_ROWS); i++)
        if (record_is(record_row(history, F_ROWS, i), F_SERVICE, service_name(ARCHIVE)))
            latest = record_row(history, F_ROWS, i);
    return latest && record_is(latest, F_STEP, "published")
               ? public_text(record_str(latest, F_TITLE), record_str(latest, F_TEXT))
               : NULL;
}

/* name: NULL for who may not publish it, and gets no draft. */
static void answer_story(struct review *review, const char *name)
{
    const struct access *access = review->ask.access;
    const struct county *county = service_county(access->intake->service, access->county);
    AUTOFREE char *title = NULL;
    AUTOFREE char *text = story_tell(county, review->history, intake_prefers_english(access->request), &title);
    AUTOFREE char *draft_title = name ? redact_case(title, name) : NULL;
    AUTOFREE char *draft_text = name ? redact_case(text, name) : NULL;
    intake_answer_json(access->request, 200,
                       json_pack("{s:s, s:s, s:s, s:o*, s:o*}", "order", access->order, "title", title, "text", text,
                                 "draft", name ? public_text(draft_title, draft_text) : NULL, "published",
                                 published_text(review->history)));
}

/* What its resident does not see in an order's history is for those who handle it. */
static void take_history(struct review *review, const struct record *reply)
{
    bool whole = access_may(review->ask.access, PERMIT_ORDER_NOTES);
    for (size_t i = 0; i < record_rows(reply, F_ROWS); i++) {
        const struct record *row = record_row(reply, F_ROWS, i);
        if (whole || resident_sees(row))
            record_copy_all(record_add_row(review->history, F_ROWS), row);
    }
}

static void on_history(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct review *review = arg;
    if (intake_answer_failure(review->ask.request, status, reply))
        return;
    take_history(review, reply);
    if (access_may(review->ask.access, PERMIT_CASE_PUBLISH))
        with_name(review);
    else
        answer_story(review, NULL);
}

static void get_story(void *arg, struct http_request *request)
{
    struct review *review = review_new(arg, request, answer_story);
    RECORD *question = record_new();
    record_set(question, F_ORDER, review->ask.access->order);
    call_archive(review, MSG_READ_HISTORY, question, on_history);
}

static void on_published(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    const struct review *review = arg;
    const struct record *text = review->text;
    if (intake_answer_failure(review->ask.request, status, reply))
        return;
    json_t *answer = public_text(record_str(text, F_TITLE), record_str(text, F_TEXT));
    json_object_set_new(answer, "order", json_string(record_str(text, F_ORDER)));
    intake_answer_json(review->ask.request, 200, answer);
}

static void publish(struct review *review, const char *name)
{
    struct record *text = review->text;
    AUTOFREE char *title = redact_case(record_str(text, F_TITLE), name);
    AUTOFREE char *whole = redact_case(record_str(text, F_TEXT), name);
    record_set(text, F_TITLE, title);
    record_set(text, F_TEXT, whole);
    call_archive(review, MSG_PUBLISH_CASE, text, on_published);
}

static const enum field reserved[] = {F_ORDER, F_CLASS, F_ACTOR, F_WITHIN, FIELD_COUNT};

/* Reads a body into a message in the name of who asks. False after answering what is wrong with it. */
static bool read_body(const struct ask *ask, enum message_type type, struct record *message)
{
    struct fault fault;
    size_t size;
    const char *body = http_body(ask->request, &size), *class = http_segment(ask->request, "class");
    int r = json_to_record(body, size, type, reserved, message, &fault);
    record_set(message, F_ACTOR, ask->access->grant.actor);
    if (*ask->access->order)
        record_set(message, F_ORDER, ask->access->order);
    if (class)
        record_set(message, F_CLASS, class);
    if (r == 0)
        r = record_check(message, type, &fault);
    if (r < 0)
        ask_answer_fault(ask, &fault);
    return r == 0;
}

static void post_publish(void *arg, struct http_request *request)
{
    struct review *review = review_new(arg, request, publish);
    if (read_body(&review->ask, MSG_PUBLISH_CASE, review->text))
        with_name(review);
}

/* What becomes a call to the archive as it is. */
static void post_change(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    const struct api_about *about = http_about(request);
    RECORD *message = record_new();
    if (!read_body(ask, about->takes, message))
        return;
    if (message_field(message_info(about->takes), F_WITHIN))
        ask_within(ask, message);
    service_call(ask->intake->service, ask->county, "", about->takes, message, NULL, intake_call_ms(ask->intake),
                 ask_answer, ask);
}

/* -- for everybody ----------------------------------------------------------------------------------------------- */

/* An ask about the county that the address names. NULL after answering that there is none, or that it was too often. */
static struct ask *public_ask(struct intake *intake, struct http_request *request)
{
    const struct county *county = service_county(intake->service, http_segment(request, "county"));
    int64_t wait = access_charge(intake, request, access_request_key(request), PUBLIC_COST);
    if (wait > 0) {
        intake_answer_wait(request, wait);
        return NULL;
    }
    if (!county) {
        intake_answer_error(request, 404, "unknown", "county", "no county has this code");
        return NULL;
    }
    struct ask *ask = ask_new(intake, request);
    memcpy(ask->county, county->id, sizeof ask->county);
    return ask;
}

/* Anybody's browser, and what stands before it, may keep them for a while. */
static void on_figures(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    const struct ask *ask = arg;
    if (status == ANSWER_OK)
        http_answer_header(ask->request, "Cache-Control", "public, max-age=600");
    ask_answer(arg, status, type, reply);
}

static void get_public_figures(void *arg, struct http_request *request)
{
    struct ask *ask = public_ask(arg, request);
    RECORD *question = record_new();
    record_set_int(question, F_YEAR, calendar_year(now_ms()));
    if (ask)
        ask_list(ask, MSG_READ_PUBLIC_FIGURES, question, on_figures);
}

static void get_published(void *arg, struct http_request *request)
{
    struct ask *ask = public_ask(arg, request);
    RECORD *question = record_new();
    if (ask)
        ask_list(ask, MSG_LIST_PUBLISHED, question, ask_answer);
}

static void answer_unknown_case(const struct ask *ask)
{
    intake_answer_error(ask->request, 404, "unknown", "order", "no case with this number is published");
}

static void on_case(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    const struct ask *ask = arg;
    if (intake_answer_failure(ask->request, status, reply))
        return;
    if (record_rows(reply, F_ROWS) == 0)
        answer_unknown_case(ask);
    else
        intake_answer_json(ask->request, 200, json_from_record(record_row(reply, F_ROWS, 0), NULL, 0));
}

static void get_case(void *arg, struct http_request *request)
{
    struct ask *ask = public_ask(arg, request);
    const char *id = http_segment(request, "id");
    RECORD *question = record_new();
    char county[7];
    if (!ask)
        return;
    if (order_parse(id, county, NULL) < 0 || strcmp(county, ask->county) != 0) {
        answer_unknown_case(ask);
        return;
    }
    record_set(question, F_ORDER, id);
    service_call(ask->intake->service, ask->county, "", MSG_LIST_PUBLISHED, question, NULL, intake_call_ms(ask->intake),
                 on_case, ask);
}

/* -- for who handles orders -------------------------------------------------------------------------------------- */

/* What a resident wrote, or was answered, has no phone in it when it is shown for another matter. */
static void on_precedents(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    static const enum field told[] = {F_TITLE, F_ANSWER, F_SHARED};
    (void)type;
    const struct ask *ask = arg;
    if (intake_answer_failure(ask->request, status, reply))
        return;
    json_t *answer = json_from_record(reply, NULL, 0), *row;
    size_t index;
    json_array_foreach(json_object_get(answer, "rows"), index, row)
    {
        for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
            const char *name = field_info(told[i])->name, *text = json_string_value(json_object_get(row, name));
            AUTOFREE char *plain = text ? redact(text) : NULL;
            if (plain)
                json_object_set_new(row, name, json_string(plain));
        }
    }
    intake_answer_json(ask->request, 200, answer);
}

static void get_precedents(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    RECORD *question = record_new();
    record_set(question, F_ORDER, ask->access->order);
    ask_within(ask, question);
    ask_list(ask, MSG_FIND_PRECEDENTS, question, on_precedents);
}

static void get_classes(void *arg, struct http_request *request)
{
    RECORD *question = record_new();
    ask_list(ask_new(arg, request), MSG_LIST_CLASSES, question, ask_answer);
}

/* -- routes ------------------------------------------------------------------------------------------------------ */

static const struct api_param published_params[] = {
    PARAM("q", F_QUERY, .meaning = "words that all stand in the case"), LIMIT, CURSOR, {0}};
static const struct api_param year_params[] = {
    PARAM("year", F_YEAR, .min = 2000, .max = 2999, .meaning = "of which the months are told; this one unless given"),
    {0}};
static const struct api_param precedent_params[] = {
    PARAM("limit", F_LIMIT, .min = 1, .max = 100, .meaning = "greatest number of rows; 10 unless given"), {0}};
static const struct api_param class_params[] = {PARAM("class", F_CLASS, .meaning = "only this one"),
                                                PARAM("order", F_ORDER, .meaning = "only those that have this order"),
                                                LIMIT,
                                                CURSOR,
                                                {0}};

#define PUBLIC_CASES "/api/v1/counties/{county}/cases"
#define CLASSES "/api/v1/classes"
#define POST .method = "POST", .max_body = MAX_BODY

const struct http_route library_routes[] = {
    {GET, .path = ORDER "/story", .handle = get_story, .permission = PERMIT_ORDER_READ,
     ABOUT(.summary = "An order as a story; with the draft of its public text for who may publish it",
           .chinese = "事项的办理故事；有权公开的人可看到公开稿草稿", .answer = "Story")},
    {POST, .path = ORDER "/publish", .handle = post_publish, .permission = PERMIT_CASE_PUBLISH,
     ABOUT(.summary = "Publishes the case of an order with this reviewed text, once more redacted",
           .chinese = "案例公开：审核后发布，再次脱敏", .body = API_MESSAGE, .takes = MSG_PUBLISH_CASE,
           .reserved = reserved, .answer = "PublicText")},
    {POST, .path = ORDER "/withdraw", .handle = post_change, .permission = PERMIT_CASE_PUBLISH,
     ABOUT(.summary = "Takes a published case back", .chinese = "案例停止公开", .body = API_MESSAGE,
           .takes = MSG_WITHDRAW_CASE, .reserved = reserved, .answer = "Done")},
    {GET, .path = ORDER "/precedents", .handle = get_precedents, .permission = PERMIT_ORDER_NOTES,
     ABOUT(.summary = "Closed orders to learn from: outcome, answer and rating, and why they are alike",
           .chinese = "以往类似案例：结果、答复和评价", .query = precedent_params, .answer = "Precedents")},
    {GET, .path = PUBLIC_CASES, .handle = get_published, .permission = PERMIT_ANYBODY,
     ABOUT(.summary = "The published cases of a county", .chinese = "公开的案例", .query = published_params,
           .answer = "PublishedCases")},
    {GET, .path = PUBLIC_CASES "/{id}", .handle = get_case, .permission = PERMIT_ANYBODY,
     ABOUT(.summary = "A published case", .chinese = "查看公开的案例", .answer = "PublishedCase")},
    {GET, .path = "/api/v1/counties/{county}/figures", .handle = get_public_figures, .permission = PERMIT_ANYBODY,
     ABOUT(.summary = "Numbers of a county's orders for everybody, by year and month; none of fewer than five",
           .chinese = "公开的统计数据，少于 5 件的不列出", .query = year_params, .answer = "PublicFigures")},
    {GET, .path = CLASSES, .handle = get_classes, .permission = PERMIT_ORDERS_LIST,
     ABOUT(.summary = "Classes of matters, the latest first", .chinese = "一类事，新的在前", .query = class_params,
           .answer = "Classes")},
    {POST, .path = CLASSES, .handle = post_change, .permission = PERMIT_CLASSES,
     ABOUT(.summary = "Declares orders one class of matters; or those of a hot topic, by town, category and period",
           .chinese = "设立一类事：列出事项，或由高频事项转来", .body = API_MESSAGE, .takes = MSG_OPEN_CLASS,
           .reserved = reserved, .answer = "Done")},
    {POST, .path = CLASSES "/{class}", .handle = post_change, .permission = PERMIT_CLASSES,
     ABOUT(.summary = "Changes a class of matters: its title, its note, which orders it has",
           .chinese = "修改一类事：标题、说明、事项", .body = API_MESSAGE, .takes = MSG_CHANGE_CLASS,
           .reserved = reserved, .answer = "Done")},
};
const size_t library_route_count = sizeof library_routes / sizeof *library_routes;
