/*
 * api.h - what the parts of the native API share. Written by api.c.
 */
#ifndef SIDAN_INTAKE_API_H
#define SIDAN_INTAKE_API_H

#include "services/intake/ask.h"
#include "services/intake/intake.h"

#include "common/order.h"

/* Takes the body of a request as such a message, in the caller's name. False after answering what is wrong. */
bool ask_body(struct ask *ask, enum message_type type, struct record *ret_message);

/* Answers with the order that was placed, or why it was not. */
void api_answer_placed(const struct ask *ask, const struct placement *placed);

/* Has assignment make a matter, under the next number of its kind, and answers where it is. */
void make_matter(struct ask *ask, enum matter matter, enum message_type type, const struct record *message);

/* Answers with what of a list of orders or matters, as the archive gives it, the caller may see. */
void answer_rows(struct ask *ask, enum answer_status status, const struct record *reply, enum permission permission);

/* An order, meeting, suggestion or entry as JSON, with its light while a clock runs. fields as in json_from_record().
 */
json_t *shown(const struct access *access, const struct record *order, const enum field *fields, size_t count);

/* Whether a row of an order's history is told its resident, too: a step, and none about what is not for them: a file, a
 * department's reply. */
bool resident_sees(const struct record *row);

/* Handlers of routes: the matter as it stands; what happened to it. */
void get_order(void *arg, struct http_request *request);
void get_history(void *arg, struct http_request *request);

/* Of rows in tables of routes. */
#define ACTION(message, english, zh, ...)                                                                              \
    .method = "POST", .handle = post_action, .max_body = API_BODY_MAX,                                                 \
    ABOUT(.summary = (english), .chinese = (zh), .body = API_MESSAGE, .takes = MSG_##message, .answer = "Done",        \
          .step = true, __VA_ARGS__)

#endif
