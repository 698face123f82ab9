/*
 * openapi.h - the description of the native API (OpenAPI 3.1), made of what the program goes by: the routes, the table
 * of permissions, the schema, and what each route says about itself in its door's table.
 *
 * Handlers read parameters and bodies by the same rows, so the description cannot say anything else than they do.
 */
#ifndef SIDAN_INTAKE_OPENAPI_H
#define SIDAN_INTAKE_OPENAPI_H

#include "common/http.h"
#include "common/schema.h"

#include <jansson.h>

/* A parameter of the query. */
struct api_param {
    const char *name;
    enum field field;    /* that it is taken into, whose type it has */
    const char *meaning; /* NULL: the field's */
    bool required;
    bool list;        /* several with commas between */
    int64_t min, max; /* of a number; max 0: no bounds */
};

/* What a route takes as its body. */
enum api_body {
    API_NONE,
    API_MESSAGE, /* the fields of the message that it becomes, but those that the door sets */
    API_FIELDS,  /* these, all of them required */
    API_CSV,
    API_FILE,
};

/* What a route says about itself. */
struct api_about {
    const char *summary, *chinese;
    const struct api_param *query; /* behind the last is one without a name; NULL: none */
    enum api_body body;
    enum message_type takes;    /* of API_MESSAGE, or of a list that is asked for by its parameters alone */
    enum message_type early;    /* likewise, with the same fields, while routing owns the order; 0: the same */
    const enum field *reserved; /* of API_MESSAGE: that the door sets, with FIELD_COUNT behind; NULL: api_reserved */
    const enum field *fields;   /* of API_FIELDS; behind the last is FIELD_COUNT */
    const char *answer;         /* a name of openapi_answers.c, or a media type */
    int status;                 /* of that answer; 0: 200 */
    bool etag;                  /* that answer has one, and If-None-Match is heeded */
    bool step;                  /* it changes an order, and If-Match is heeded */
};
#define ABOUT(...)                                                                                                     \
    .about = &(const struct api_about)                                                                                 \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

/* Fields of messages that a door sets by itself; behind the last is FIELD_COUNT. Nobody may give them. */
extern const enum field api_reserved[];

/* The document; the caller owns it. NULL after logging which route says too little about itself. */
json_t *openapi_make(const struct http_route *routes, size_t count);

#endif
