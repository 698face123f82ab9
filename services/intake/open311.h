/*
 * open311.h - the parts of the Open311 door (GeoReport v2).
 *
 *   open311.c           the door itself: paths, counties, keys, errors; discovery and services
 *   open311_post.c      placing an order
 *   open311_requests.c  reading orders, exchanging tokens for their numbers
 *   open311_updates.c   the service-request-updates extension, both ways
 *   open311_token.c     what a token is
 *   open311_format.c    rows and their two spellings, XML and JSON
 */
#ifndef SIDAN_OPEN311_H
#define SIDAN_OPEN311_H

#include "services/intake/intake.h"

#include <jansson.h>

/* Roots of the answers. */
#define ROOT_REQUESTS "service_requests"
#define ROOT_UPDATES "service_request_updates"

/* The most rows of one answer, and the longest window of one question. */
enum { OPEN311_ROWS = 1000, OPEN311_DAYS = 90 };

/* One request on its way; it belongs to the HTTP request and is gone with the answer. */
struct open311_call {
    struct intake *intake;
    struct http_request *request;
    char county[7];               /* "" while none is known */
    const struct api_key *writer; /* whose key it brings; valid until the loop turns; NULL where none is needed */
    char *name;                   /* the last part of the path: a service's code, an order's number, a token */
    char *orders;                 /* numbers of the orders that were asked for, space between; NULL without */
    bool json, english;
};

typedef void open311_fn(struct open311_call *call, const struct county *county);

/* The resources that the other files serve. */
open311_fn open311_post_request, open311_list_requests, open311_get_request, open311_get_token;
open311_fn open311_post_update, open311_list_updates;

/* The county of a call, to be asked again after each wait. */
const struct county *open311_county(const struct open311_call *call);

/* A parameter: of the form in a POST, else of the query. NULL when it is missing or empty. */
const char *open311_param(const struct open311_call *call, const char *name);

/* An idempotency key for what this writer calls id. */
void open311_idempotency(char digest[DIGEST_SIZE], const struct api_key *writer, const char *what, const char *id);

/*
 * Reads start_date and end_date, the latest 90 days without them, into a
 * message. False after answering 400.
 */
bool open311_window(struct open311_call *call, struct record *message);

/* Answers; tree is taken over. The call must not be touched after any of these. */
void open311_answer(struct open311_call *call, int status, const char *root, json_t *tree);

/* Answers an error: "field: what is wrong with it", in the caller's language. */
void open311_fail(struct open311_call *call, int status, const char *field, const char *chinese, const char *english);

/* Answers what a service refused, or that it could not be asked. field as the caller knows it. */
void open311_fail_refused(struct open311_call *call, const char *word, const char *field, const char *detail);
void open311_fail_unavailable(struct open311_call *call);

#endif
