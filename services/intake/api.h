/*
 * api.h - what the parts of the native API share. Written by api.c.
 */
#ifndef SIDAN_INTAKE_API_H
#define SIDAN_INTAKE_API_H

#include "services/intake/access.h"
#include "services/intake/intake.h"
#include "services/intake/openapi.h"

/* What a request needs while it waits; attached to it and freed with it. */
struct ask {
    struct intake *intake;
    struct http_request *request;
    const struct access *access;
};
struct ask *ask_new(struct intake *intake, struct http_request *request);

/* Takes the body of a request as such a message, in the caller's name. False after answering what is wrong. */
bool ask_body(struct ask *ask, enum message_type type, struct record *ret_message);

/* Takes the parameters that the route says it has. False after answering what is wrong with them. */
bool ask_parameters(struct ask *ask, enum message_type type, struct record *question);

/* Asks for a list with the parameters that the route says it has; `question` is filled further. */
void ask_list(struct ask *ask, enum message_type type, struct record *question, answer_fn *done);

/* Adds what a person may list at all. */
void set_within(const struct ask *ask, struct record *question);

/* An order, meeting or suggestion as JSON, with its light while a clock runs. fields as in json_from_record(). */
json_t *shown(const struct access *access, const struct record *order, const enum field *fields, size_t count);

/* Handlers of routes: the matter as it stands; what happened to it. */
void get_order(void *arg, struct http_request *request);
void get_history(void *arg, struct http_request *request);

/* Of rows in tables of routes. */
#define PARAM(word, into, ...)                                                                                         \
    {                                                                                                                  \
        .name = (word), .field = (into), __VA_ARGS__                                                                   \
    }

/* Of every list. */
enum { LIMIT_MAX = 1000 };
#define LIMIT                                                                                                          \
    PARAM("limit", F_LIMIT, .min = 1, .max = LIMIT_MAX, .meaning = "greatest number of rows; 100 unless given")
#define CURSOR PARAM("cursor", F_CURSOR)

#define GET .method = "GET"
#define ACTION(message, english, zh, ...)                                                                              \
    .method = "POST", .handle = post_action, .max_body = API_BODY_MAX,                                                 \
    ABOUT(.summary = (english), .chinese = (zh), .body = API_MESSAGE, .takes = MSG_##message, .answer = "Done",        \
          .step = true, __VA_ARGS__)

#endif
