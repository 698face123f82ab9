/*
 * values.h - what a text says of its occasion: each {name} of a template.
 */
#ifndef SIDAN_NOTIFICATION_VALUES_H
#define SIDAN_NOTIFICATION_VALUES_H

#include "common/county.h"
#include "common/record.h"

/* What a text may draw on. order and message may be empty records. */
struct occasion {
    const struct county *county; /* its language is the text's */
    const char *order_id;
    int64_t serial;
    const struct record *order;
    const struct record *message; /* the NOTIFY: what it says goes before what the order says */
    int64_t now;                  /* ms since 1970 */
};

bool occasion_is_english(const struct occasion *occasion);

/* get() gives the value of `field` as a text that its caller frees, as somebody wrote it: it is not cut or cleaned. */
struct value {
    const char *name;
    size_t max; /* characters */
    char *(*get)(const struct occasion *occasion, enum field field);
    enum field field;
};

/* NULL behind the last. */
const struct value *value_at(size_t index);

#endif
