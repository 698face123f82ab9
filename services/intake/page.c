/*
 * page.c - writes pages; see page.h.
 */
#include "services/intake/page.h"

#include "common/resident.h"
#include "services/intake/intake.h"
#include "services/intake/qr.h"
#include "services/intake/records.h"
#include "services/intake/roles.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

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
    "a{color:var(--accent);display:inline-block;padding:.6rem 0}"
    ".small{font-size:1rem}.wide{overflow-x:auto}main:has(table){max-width:none}"
    "table{border-collapse:collapse;font-size:1rem;background:var(--card)}"
    "th,td{border:1px solid var(--line);padding:.3rem .6rem;text-align:left;white-space:nowrap}"
    "@media print{@page{size:A4 landscape;margin:1cm}body{font-size:8pt;background:#fff;color:#000}main{padding:0}"
    "table{font-size:7pt}th,td{padding:.1rem .2rem;white-space:normal;overflow-wrap:normal}.wide{overflow:visible}"
    "h2{break-after:avoid}tr{break-inside:avoid}thead{display:table-header-group}}";

const char *either(const struct page *page, const char *chinese, const char *english)
{
    return page->english ? english : chinese;
}

void put_escaped(const struct page *page, const char *text)
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

void put(const struct page *page, const char *before, const char *text, const char *after)
{
    fputs(before, page->out);
    put_escaped(page, text);
    fputs(after, page->out);
}

void page_begin(struct page *page, const struct http_request *request, const char *chinese, const char *english)
{
    *page = (struct page){.english = intake_prefers_english(request)};
    page->out = open_memstream(&page->text, &page->size);
    fprintf(page->out,
            "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<link rel=\"stylesheet\" href=\".." RATING_PAGE "style.css\">\n",
            either(page, "zh-CN", "en"));
    put(page, "<title>", either(page, chinese, english), "</title>\n</head>\n<body>\n<main>\n");
}

void page_answer(struct page *page, struct http_request *request, int status)
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

void put_time(const struct page *page, const char *before, int64_t at, const char *after)
{
    char text[40];
    time_t china = (time_t)(at / 1000 + 8 * 3600L);
    struct tm tm;
    gmtime_r(&china, &tm);
    strftime(text, sizeof text, either(page, "%Y年%-m月%-d日 %H:%M", "%-d %B %Y %H:%M"), &tm);
    put(page, before, text, after);
}

bool page_is_at(const char *path)
{
    static const char *const pages[] = {RATING_PAGE, INVITATION_PAGE, SIGN_IN_PAGE, BULLETIN_PAGE,
                                        "/c/",       "/o/",           "/w/",        "/assets/"};
    if (strcmp(path, "/") == 0)
        return true;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strncmp(path, pages[i], strlen(pages[i])) == 0)
            return true;
    return false;
}

void put_progress(const struct page *page, const char *order)
{
    put(page, "<p><a href=\"/o/", order, "\">");
    put(page, "", either(page, "查看这件事的进展", "See how it stands"), "</a></p>\n");
}

void page_error(struct http_request *request, int status, const char *text)
{
    struct page page;
    char county[7], order[ORDER_ID_SIZE];
    int64_t round;
    const char *token = http_segment(request, "token");
    page_begin(&page, request, "四单", "sidan");
    put(&page, "<h1>", text, "</h1>\n");
    if (token && rating_token_parse(token, county, order, &round) == 0) {
        put_progress(&page, order); /* whose page asks for its code */
    } else if (status == 401 && token && qr_token_parse(token, county, order) == 0) {
        put(&page, "<p><a href=\"/w/", county, "\">");
        put(&page, "", either(&page, "去登录", "Sign in"), "</a></p>\n");
    }
    page_answer(&page, request, status);
}

static void get_style(void *arg, struct http_request *request)
{
    (void)arg;
    http_answer_header(request, "Cache-Control", "max-age=3600");
    http_answer(request, 200, "text/css; charset=utf-8", style, sizeof style - 1);
}

const struct http_route page_routes[] = {
    {.method = "GET", .path = RATING_PAGE "style.css", .handle = get_style, .permission = PERMIT_ANYBODY},
};
const size_t page_route_count = sizeof page_routes / sizeof *page_routes;
