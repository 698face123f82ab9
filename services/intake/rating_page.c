/*
 * rating_page.c - the page behind the link in the SMS that tells an answer: the answer, and three buttons to rate it.
 *
 * Plain HTML without a script, so that it works in whatever opens the link. It is made here, whole, in the language
 * that the browser asks for; everything that came from people is escaped. A look changes nothing; only a button does,
 * and pressed twice it counts once. What is wrong is said on a page, too.
 */
#include "services/intake/access.h"

#include "common/alloc.h"
#include "common/resident.h"
#include "common/text.h"

#include <stdio.h>
#include <string.h>

enum { MAX_BODY = 16 * 1024 };

static const char style[] =
    ":root{color-scheme:light dark;--back:#f7f5f0;--text:#1f1c18;--card:#fff;--line:#8a8378;--accent:#9c1f1f}"
    "@media(prefers-color-scheme:dark){:root{--back:#1c1a17;--text:#f2eee6;--card:#282520;--line:#a39b8e;"
    "--accent:#ffb4a8}}"
    "body{margin:0;background:var(--back);color:var(--text);font:1.25rem/1.6 system-ui,sans-serif}"
    "main{max-width:34rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere}"
    "h1{font-size:1.4rem;color:var(--accent);line-height:1.4}h2{font-size:1.25rem}"
    ".answer{background:var(--card);border-left:.3rem solid var(--accent);padding:.8rem 1rem;white-space:pre-line}"
    "textarea{box-sizing:border-box;width:100%;font:inherit;color:inherit;background:var(--card);"
    "border:1px solid var(--line);border-radius:.4rem;padding:.5rem}"
    "button{display:block;width:100%;min-height:3.5rem;margin:.8rem 0;font:inherit;font-weight:bold;color:inherit;"
    "background:var(--card);border:2px solid var(--line);border-radius:.6rem}"
    "button:focus-visible,textarea:focus-visible{outline:3px solid var(--accent);outline-offset:2px}"
    ".small{font-size:1rem}";

/* -- HTML -------------------------------------------------------------------------------------------------------- */

/* A page that is being written. */
struct page {
    FILE *out;
    char *text;
    size_t size;
    bool english;
};

static const char *either(const struct page *page, const char *chinese, const char *english)
{
    return page->english ? english : chinese;
}

static void put_escaped(const struct page *page, const char *text)
{
    for (; *text; text++) {
        const char *escaped = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : NULL;
        if (!escaped && (*text == '"' || *text == '\''))
            escaped = *text == '"' ? "&quot;" : "&#39;";
        if (escaped)
            fputs(escaped, page->out);
        else
            fputc(*text, page->out);
    }
}

/* before and after are ours, and HTML. */
static void put(const struct page *page, const char *before, const char *text, const char *after)
{
    fputs(before, page->out);
    put_escaped(page, text);
    fputs(after, page->out);
}

static void page_begin(struct page *page, const struct http_request *request, const char *title)
{
    *page = (struct page){.english = intake_prefers_english(request)};
    page->out = open_memstream(&page->text, &page->size);
    fprintf(page->out,
            "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<link rel=\"stylesheet\" href=\"style.css\">\n",
            either(page, "zh-CN", "en"));
    put(page, "<title>", title ? title : either(page, "对您反映事项的答复", "The answer to your concern"),
        "</title>\n</head>\n<body>\n<main>\n");
}

static void page_answer(struct page *page, struct http_request *request, int status)
{
    fputs("</main>\n</body>\n</html>\n", page->out);
    fclose(page->out);
    http_answer_header(request, "Content-Security-Policy",
                       "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
                       "frame-ancestors 'none'");
    http_answer_header(request, "X-Robots-Tag", "noindex");
    http_answer(request, status, "text/html; charset=utf-8", page->text, page->size);
    free(page->text);
}

void rating_page_error(struct http_request *request, int status, const char *text)
{
    struct page page;
    page_begin(&page, request, NULL);
    put(&page, "<h1>", text, "</h1>\n");
    page_answer(&page, request, status);
}

/* -- what it shows ----------------------------------------------------------------------------------------------- */

static const struct rating {
    const char *word, *chinese, *english;
} ratings[] = {
    {"satisfied", "满意", "Satisfied"},
    {"basically", "基本满意", "Basically satisfied"},
    {"dissatisfied", "不满意", "Dissatisfied"},
};
enum { RATINGS = sizeof ratings / sizeof *ratings };

static void put_thanks(const struct page *page, const char *rating)
{
    bool dissatisfied = strcmp(rating, "dissatisfied") == 0;
    for (int i = 0; i < RATINGS; i++)
        if (strcmp(rating, ratings[i].word) == 0)
            put(page, either(page, "<h2>您的评价收到了：", "<h2>We have your rating: "),
                either(page, ratings[i].chinese, ratings[i].english), "</h2>\n");
    put(page, "<p>",
        dissatisfied
            ? either(page, "怎么处理，会用短信告诉您。谢谢您。", "You will be told by SMS what follows. Thank you.")
            : either(page, "谢谢您。", "Thank you."),
        "</p>\n");
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

static void get_page(void *arg, struct http_request *request)
{
    const struct intake *intake = arg;
    const struct access *access = access_of(request);
    const struct record *order = access->record;
    struct page page;
    page_begin(&page, request, NULL);
    put(&page, either(&page, "<h1>您反映的“", "<h1>Your concern \""), record_str(order, F_TITLE),
        either(&page, "”</h1>\n", "\"</h1>\n"));
    put(&page, either(&page, "<h2>答复</h2>\n<p class=\"answer\">", "<h2>The answer</h2>\n<p class=\"answer\">"),
        record_str(order, F_ANSWER), "</p>\n");
    put_handlers(&page, service_county(intake->service, access->county), access);
    if (record_is(order, F_STATE, STATE_EVALUATED))
        put_thanks(&page, record_str(order, F_RATING));
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
    page_begin(&page, request, NULL);
    put_thanks(&page, http_form(request, "rating"));
    page_answer(&page, request, 200);
}

static void post_page(void *arg, struct http_request *request)
{
    const struct intake *intake = arg;
    const struct access *access = access_of(request);
    const char *rating = http_form(request, "rating"), *note = http_form(request, "note");
    char digest[DIGEST_SIZE];
    RECORD *message = record_new();
    struct fault fault;
    record_set(message, F_RATING, rating ? rating : "");
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

static void get_style(void *arg, struct http_request *request)
{
    (void)arg;
    http_answer_header(request, "Cache-Control", "max-age=3600");
    http_answer(request, 200, "text/css; charset=utf-8", style, sizeof style - 1);
}

const struct http_route rating_page_routes[] = {
    {.method = "GET", .path = RATING_PAGE "style.css", .handle = get_style, .permission = PERMIT_ANYBODY},
    {.method = "GET", .path = RATING_PAGE "{token}", .handle = get_page, .permission = PERMIT_LINK},
    {.method = "POST",
     .path = RATING_PAGE "{token}",
     .handle = post_page,
     .max_body = MAX_BODY,
     .permission = PERMIT_LINK},
};
const size_t rating_page_route_count = sizeof rating_page_routes / sizeof *rating_page_routes;
