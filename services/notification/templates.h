/*
 * templates.h - the words of every SMS, in Chinese and English.
 */
#ifndef SIDAN_NOTIFICATION_TEMPLATES_H
#define SIDAN_NOTIFICATION_TEMPLATES_H

#include "common/county.h"
#include "common/record.h"

enum { SMS_TEXT_MAX = 500 }; /* characters */

/* What a text may draw on. order and message may be empty records. */
struct occasion {
    const struct county *county; /* its language is the text's */
    const char *order_id;
    int64_t serial;
    const struct record *order;
    const struct record *message; /* the NOTIFY: what it says goes before what the order says */
    int64_t now;                  /* ms since 1970 */
};

/*
 * The text of a template for an occasion: it begins with the county's name in
 * 【】, holds no control characters and at most SMS_TEXT_MAX characters. The
 * caller frees it. NULL when there is no such template.
 */
char *template_text(const char *name, const struct occasion *occasion);

/* The names, for tests and tools; NULL behind the last. */
const char *template_name(size_t index);

#endif
