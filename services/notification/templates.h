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

/* The same with its values, for gateways that have templates of their own. The caller clears it. */
struct wording {
    char *text;
    char *values; /* each value in the text, as a JSON object of texts; what is left out of the text is "" */
};
/* 0, or -ENOENT when there is no such template. */
int template_word(const char *name, const struct occasion *occasion, struct wording *ret_wording);
void wording_clear(struct wording *wording);
#define WORDING_CLEAR __attribute__((cleanup(wording_clear)))

/*
 * Checks what sms_templates.csv says: that the templates are there, and that each has the values that are named for it.
 * 0, or -EINVAL; each fault is reported.
 */
int templates_check(const struct county *county, county_fault_fn *fault, void *arg);

/* How many SMS a text makes: one up to 70 characters, else one for each 67 begun. */
size_t sms_segments(size_t characters);

/* What holds for a template; which has which is in the table of templates. */
enum template_flag {
    AT_ONCE = 1,   /* its person asked for it just now: it goes by night, too, and however many there were that day */
    NECESSARY = 2, /* a resident gets it in spite of having opted out */
    GATHERED = 4,  /* several to one person go as one */
};
/* Its flags; 0 for a name that is none. */
int template_flags(const char *name);

/* The names, for tests and tools; NULL behind the last. */
const char *template_name(size_t index);

#endif
