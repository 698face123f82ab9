/*
 * page.h - the pages that intake makes itself, for people who follow a link from an SMS or a QR code.
 *
 * Plain HTML without a script, so that it works in whatever opens the link, in the language that the browser asks for.
 * Everything that came from people is escaped.
 */
#ifndef SIDAN_INTAKE_PAGE_H
#define SIDAN_INTAKE_PAGE_H

#include "common/http.h"

#include <stdio.h>

/* A page that is being written. */
struct page {
    FILE *out;
    char *text;
    size_t size;
    bool english;
};

void page_begin(struct page *page, const struct http_request *request, const char *chinese, const char *english);
/* Answers it and takes it down. */
void page_answer(struct page *page, struct http_request *request, int status);

const char *either(const struct page *page, const char *chinese, const char *english);
void put_escaped(const struct page *page, const char *text);
/* before and after are ours, and HTML. */
void put(const struct page *page, const char *before, const char *text, const char *after);

/* A moment, as people in China write it. */
void put_time(const struct page *page, const char *before, int64_t at, const char *after);

/* A link to the page of an order, where its resident sees how it stands. */
void put_progress(const struct page *page, const char *order);

/* Whether what went wrong at this path is told on a page; and that page. text: for people, in their language. */
bool page_is_at(const char *path);
void page_error(struct http_request *request, int status, const char *text);

/* The body of a form on a page is no larger than this. */
enum { PAGE_BODY_MAX = 16 * 1024 };

#endif
