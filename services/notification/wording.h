/*
 * wording.h - a text for an occasion, out of a template and its values.
 */
#ifndef SIDAN_NOTIFICATION_WORDING_H
#define SIDAN_NOTIFICATION_WORDING_H

#include "services/notification/values.h"

enum { SMS_TEXT_MAX = 500 }; /* characters */

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

#endif
