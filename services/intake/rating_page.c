/*
 * rating_page.c - the page behind the link in the SMS that tells an answer: the answer, and three buttons to rate it.
 *
 * A look changes nothing; only a button does, and pressed twice it counts once. What is wrong is said on a page, too.
 * Opened again when the answer is not to be rated any more, it says how that was rated and what came of it.
 */
#include "services/intake/access.h"
#include "services/intake/page.h"

#include "common/alloc.h"
#include "common/resident.h"
#include "common/story.h"
#include "common/text.h"

#include <stdio.h>
#include <string.h>

/* -- what it shows ----------------------------------------------------------------------------------------------- */

static const struct rating {
    const char *word, *chinese, *english;
} ratings[] = {
    {"satisfied", "满意", "Satisfied"},
    {"basically", "基本满意", "Basically satisfied"},
    {"dissatisfied", "不满意", "Dissatisfied"},
};
enum { RATINGS = sizeof ratings / sizeof *ratings };

/* The rating behind words that begin its heading. False where the resident gave none. */
static bool put_rating(const struct page *page, const char *before, const char *rating)
{
    for (int i = 0; i < RATINGS; i++) {
        if (strcmp(rating, ratings[i].word) != 0)
            continue;
        put(page, before, either(page, ratings[i].chinese, ratings[i].english), "</h2>\n");
        return true;
    }
    return false;
}

static void put_thanks(const struct page *page, const char *before, const char *order, const char *rating)
{
    bool dissatisfied = strcmp(rating, "dissatisfied") == 0;
    put_rating(page, before, rating);
    put(page, "<p>",
        dissatisfied ? either(page, "这件事会再次研究办理，有结果了用短信告诉您。谢谢您。",
                              "It will be looked at again, and you will be told by SMS what came of it. Thank you.")
                     : either(page, "谢谢您。", "Thank you."),
        "</p>\n");
    put_progress(page, order);
}

static void put_form(const struct page *page)
{
    put(page, "<form method=\"post\">\n<h2>", either(page, "您满意吗？", "Are you satisfied?"), "</h2>\n");
    put(page, "<p><label for=\"note\">", either(page, "想说的话（可以不写）", "In your words (may be empty)"),
        "</label><textarea id=\"note\" name=\"note\" rows=\"3\" maxlength=\"1000\"></textarea></p>\n");
    for (int i = 0; i < RATINGS; i++) {
        fprintf(page->out, "<button name=\"rating\" value=\"%s\">", ratings[i].word);
        put(page, "", either(page, ratings[i].chinese, ratings[i].english), "</button>\n");
    }
    fputs("</form>\n", page->out);
}

static void put_handlers(const struct page *page, const struct county *county, const struct access *access)
{
    const struct record *order = access->record;
    const struct office *department = county_department(county, record_str(order, F_DEPARTMENT));
    const char *members = record_str(order, F_MEMBERS);
    char id[40];
    put(page, "<p class=\"small\">", either(page, "办理的委员：", "Members: "), "");
    for (bool first = true; words_next(&members, id, sizeof id); first = false) {
        const struct member *member = county_member(county, id);
        put(page, first ? "" : either(page, "、", ", "), member ? member->name : id, "");
    }
    if (department && record_int(order, F_HANDED_AT) > 0)
        put(page, either(page, "；承办单位：", "; department: "), department->name, "");
    put(page, either(page, "</p>\n<p class=\"small\">单号：", "</p>\n<p class=\"small\">Number: "), access->order,
        "</p>\n");
}

static void begin(struct page *page, const struct http_request *request)
{
    page_begin(page, request, "对您反映事项的答复", "The answer to your concern");
}

static void put_title(const struct page *page, const struct record *order)
{
    put(page, either(page, "<h1>您反映的“", "<h1>Your concern \""), record_str(order, F_TITLE),
        either(page, "”</h1>\n", "\"</h1>\n"));
}

static const char *rated_before(const struct page *page)
{
    return either(page, "<h2>您已经评价过了：", "<h2>You have rated it: ");
}

/* -- a link that has ended --------------------------------------------------------------------------------------- */

/* How the answer was rated, and what came of it. */
static void answer_ended(struct http_request *request, const struct record *order)
{
    bool closed = record_is(order, F_STATE, STATE_CLOSED), anew = record_is(order, F_STATE, STATE_ANSWERED);
    struct page page;
    begin(&page, request);
    put_title(&page, order);
    put_rating(&page,
               anew ? either(&page, "<h2>您评价过上一次的答复：", "<h2>You have rated the answer before: ")
                    : rated_before(&page),
               record_str(order, F_RATING));
    put(&page, "<p>",
        closed ? either(&page, "这件事已经办结。", "It is closed.")
        : anew ? either(&page, "现在有了新的答复，请看新的短信，在那里评价。",
                        "There is a new answer: please see the new SMS, and rate it there.")
               : either(&page, "这件事正在重新办理，有了新的答复再发短信告诉您。",
                        "It is being handled again; you will be told by SMS when there is a new answer."),
        "</p>\n");
    put_progress(&page, access_of(request)->order);
    page_answer(&page, request, 410);
}

static void on_archived(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct http_request *request = arg;
    if (intake_answer_failure(request, status, reply))
        return;
    if (record_rows(reply, F_ROWS) == 0)
        intake_answer_error(request, 410, "ended", NULL, NULL);
    else
        answer_ended(request, record_row(reply, F_ROWS, 0));
}

/* What is closed is in the archive alone. */
static void tell_ended(struct intake *intake, struct http_request *request)
{
    const struct access *access = access_of(request);
    if (record_has(access->record, F_STATE)) {
        answer_ended(request, access->record);
        return;
    }
    RECORD *question = record_new();
    record_set(question, F_ORDERS, access->order);
    service_call(intake->service, access->county, "", MSG_LIST_ORDERS, question, NULL, intake_call_ms(intake),
                 on_archived, request);
}

/* -- a look ------------------------------------------------------------------------------------------------------ */

static void get_page(void *arg, struct http_request *request)
{
    struct intake *intake = arg;
    const struct access *access = access_of(request);
    const struct record *order = access->record;
    struct page page;
    if (access->ended) {
        tell_ended(intake, request);
        return;
    }
    begin(&page, request);
    put_title(&page, order);
    const char *outcome = story_word(record_str(order, F_OUTCOME), page.english);
    put(&page, either(&page, "<h2>答复", "<h2>The answer"), "", "");
    if (outcome)
        put(&page, either(&page, "：", ": "), outcome, "");
    put(&page, "</h2>\n<p class=\"answer\">", record_str(order, F_ANSWER), "</p>\n");
    if (record_int(order, F_PROMISED_AT) > 0)
        put_time(&page, either(&page, "<p>答应办好的时间：", "<p>It will be done by: "),
                 record_int(order, F_PROMISED_AT), "</p>\n");
    put_handlers(&page, service_county(intake->service, access->county), access);
    if (record_is(order, F_STATE, STATE_EVALUATED))
        put_thanks(&page, rated_before(&page), access->order, record_str(order, F_RATING));
    else
        put_form(&page);
    page_answer(&page, request, 200);
}

/* -- rating ------------------------------------------------------------------------------------------------------ */

static void on_rated(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct http_request *request = arg;
    if (intake_answer_failure(request, status, reply))
        return;
    struct page page;
    begin(&page, request);
    put_thanks(&page, either(&page, "<h2>您的评价收到了：", "<h2>We have your rating: "), access_of(request)->order,
               http_form(request, "rating"));
    page_answer(&page, request, 200);
}

static void post_page(void *arg, struct http_request *request)
{
    struct intake *intake = arg;
    const struct access *access = access_of(request);
    const char *rating = http_form(request, "rating"), *note = http_form(request, "note");
    char digest[DIGEST_SIZE];
    RECORD *message = record_new();
    struct fault fault;
    if (access->ended) {
        tell_ended(intake, request);
        return;
    }
    if (rating)
        record_set(message, F_RATING, rating);
    if (note && *note)
        record_set(message, F_NOTE, note);
    record_set(message, F_ACTOR, access->grant.actor);
    record_set(message, F_VIA, VIA_LINK);
    record_set_int(message, F_ROUND, record_int(access->record, F_ROUND));
    if (record_check(message, MSG_RATE, &fault) < 0) {
        intake_answer_error(request, 400, fault.error, fault.field, fault.detail);
        return;
    }
    intake_digest(digest, (const char *const[]){"page", http_path(request), rating ? rating : "", note ? note : ""}, 4);
    service_call(intake->service, access->county, access->order, MSG_RATE, message, digest, intake_call_ms(intake),
                 on_rated, request);
}

const struct http_route rating_page_routes[] = {
    {.method = "GET", .path = RATING_PAGE "{token}", .handle = get_page, .permission = PERMIT_LINK},
    {.method = "POST",
     .path = RATING_PAGE "{token}",
     .handle = post_page,
     .max_body = PAGE_BODY_MAX,
     .permission = PERMIT_LINK},
};
const size_t rating_page_route_count = sizeof rating_page_routes / sizeof *rating_page_routes;
