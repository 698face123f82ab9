/*
 * ask.h - a request of the native API that another service is asked about, and lists by the parameters of their route.
 *
 * What a request needs while it waits is a struct ask, attached to the request and freed with it.
 */
#ifndef SIDAN_INTAKE_ASK_H
#define SIDAN_INTAKE_ASK_H

#include "services/intake/access.h"
#include "services/intake/openapi.h"

struct ask {
    struct intake *intake;
    struct http_request *request;
    const struct access *access;
    char county[7]; /* whose services are asked: that of the access, unless the handler says otherwise */
};
struct ask *ask_new(struct intake *intake, struct http_request *request);

/* Takes the parameters that the route says it has. False after answering what is wrong with one. */
bool ask_parameters(struct ask *ask, enum message_type type, struct record *question);

/* Asks the service with the parameters that the route says it has; answers what is wrong with one. */
void ask_list(struct ask *ask, enum message_type type, struct record *question, answer_fn *done);

/* Only what of the county's orders the caller may see. */
void ask_within(const struct ask *ask, struct record *question);

/* Answers with the reply of the service as it is. An answer_fn; arg: the ask. */
void ask_answer(void *arg, enum answer_status status, enum message_type type, const struct record *reply);

/* Answers what is wrong with the body. */
void ask_answer_fault(const struct ask *ask, const struct fault *fault);

/* -- in tables of routes ----------------------------------------------------------------------------------------- */

#define PARAM(word, into, ...)                                                                                         \
    {                                                                                                                  \
        .name = (word), .field = (into), __VA_ARGS__                                                                   \
    }

/* Of every list. */
#define LIMIT PARAM("limit", F_LIMIT, .min = 1, .max = 1000, .meaning = "greatest number of rows; 100 unless given")
#define CURSOR PARAM("cursor", F_CURSOR)

#define ORDERS "/api/v1/orders"
#define ORDER ORDERS "/{id}"
#define GET .method = "GET"

#endif
