/*
 * openapi_answers.h - what the answers of the native API hold, as a table; openapi.c makes schemas of it.
 */
#ifndef SIDAN_INTAKE_OPENAPI_ANSWERS_H
#define SIDAN_INTAKE_OPENAPI_ANSWERS_H

#include <stddef.h>

struct answer {
    const char *name, *meaning; /* of the schema */
    const char *fields;         /* names of fields, and of messages for all of theirs; "*" for those of an order */
    const char *members;        /* that are no fields, each a name:type */
    const char *required;       /* which of all these are always there */
    const char *rows;           /* of a list: the name of what its rows are */
};

/*
 * A type is string, integer, boolean, object, time, words with | between, of which it is one, or the name of another
 * answer. Behind it, [] makes an array of it, and ? lets it be null.
 */
extern const struct answer answers[];
extern const size_t answer_count;

#endif
