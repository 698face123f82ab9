/*
 * api.h - what the parts of the native API share. Written by api.c.
 */
#ifndef SIDAN_INTAKE_API_H
#define SIDAN_INTAKE_API_H

#include "services/intake/ask.h"
#include "services/intake/intake.h"

/* Takes the body of a request as such a message, in the caller's name. False after answering what is wrong. */
bool ask_body(struct ask *ask, enum message_type type, struct record *ret_message);

/* An order, meeting or suggestion as JSON, with its light while a clock runs. fields as in json_from_record(). */
json_t *shown(const struct access *access, const struct record *order, const enum field *fields, size_t count);

/* Handlers of routes: the matter as it stands; what happened to it. */
void get_order(void *arg, struct http_request *request);
void get_history(void *arg, struct http_request *request);

/* Of rows in tables of routes. */
#define ACTION(message, english, zh, ...)                                                                              \
    .method = "POST", .handle = post_action, .max_body = API_BODY_MAX,                                                 \
    ABOUT(.summary = (english), .chinese = (zh), .body = API_MESSAGE, .takes = MSG_##message, .answer = "Done",        \
          .step = true, __VA_ARGS__)

#endif
