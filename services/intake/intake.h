/*
 * intake.h - what the doors of intake share.
 *
 * Every route's handler gets `struct intake *` as its arg. A door is a table
 * of routes (struct http_route of common/http.h): the native API, imports,
 * gateway callbacks, Open311. intake.c joins the tables and starts the server.
 */
#ifndef SIDAN_INTAKE_H
#define SIDAN_INTAKE_H

#include "common/http.h"
#include "common/order.h"
#include "common/service.h"
#include "common/vault.h"
#include "services/intake/admission.h"

#include <jansson.h>

struct serials; /* order numbers reserved in blocks; see submit.c */
struct limits;  /* see limits.h */
struct feed;    /* see feed.h */
struct sweep;   /* see files.h */
struct joint;   /* see joint.c */
struct web;     /* see web.h */
struct upload;  /* see attachments.c */

struct intake {
    struct service *service;
    struct http_server *http;
    struct http_config config;
    struct http_route *routes; /* all doors' routes, joined */
    char *document;            /* what openapi.h makes of them */
    struct serials *serials;
    struct limits *limits; /* of strangers' requests */
    struct feed *feed;
    struct sweep *sweep;    /* see files.h */
    struct joint *joint;    /* see joint.c */
    struct web *web;        /* see web.h */
    struct upload *uploads; /* attachments that are being sent, and are in memory; see attachments.c */
    struct admission admission;
    bool draining; /* imports break off, to be sent again */
};

/* The doors. Each route names its permission (roles.h). Routes are tried in this order. */
extern const struct http_route contact_routes[], split_routes[], transfer_routes[], absence_routes[], record_routes[],
    api_routes[], library_routes[], attachment_routes[], matter_routes[], feed_routes[], link_routes[], page_routes[],
    rating_page_routes[], meeting_page_routes[], sign_in_routes[], import_routes[], problem_routes[], openapi_routes[],
    gateway_routes[], open311_routes[], entry_routes[], directory_routes[], web_routes[], table_routes[],
    alike_routes[], template_routes[], again_routes[];
extern const size_t contact_route_count, split_route_count, transfer_route_count, absence_route_count,
    record_route_count, api_route_count, library_route_count, attachment_route_count, matter_route_count,
    feed_route_count, link_route_count, page_route_count, rating_page_route_count, meeting_page_route_count,
    sign_in_route_count, import_route_count, problem_route_count, openapi_route_count, gateway_route_count,
    open311_route_count, entry_route_count, directory_route_count, web_route_count, table_route_count,
    alike_route_count, template_route_count, again_route_count;

/* All doors' routes, joined, in that order; the caller frees them. */
struct http_route *intake_routes(size_t *ret_count);

/* A resource of a door that finds its way below a route with a * by itself; permission as in struct http_route. */
struct intake_resource {
    const char *method, *path;
    int permission;
};

/* The one at an index of Open311's; false behind the last. */
bool open311_resource(size_t index, struct intake_resource *ret_resource);

/* Prints every route: method, path, permission, to whom it is granted; with tabs between. For main(). */
int intake_print_routes(void);

/* Prints the description of the native API (openapi.h). For main(). */
int intake_print_openapi(void);

int intake_start(struct service *service);
void intake_drain(struct service *service);
bool intake_busy(struct service *service);
void intake_stop(struct service *service);

/*
 * Answers an error of the HTTP level (404 for no route, 405, 408, 413, ...)
 * on a path under /open311/, in Open311's format (XML or JSON by the path's
 * ending). word is a stable word, detail a sentence in English. Written by
 * open311.c; must end in http_answer().
 */
void open311_error(struct intake *intake, struct http_request *request, int status, const char *word,
                   const char *detail);

/* -- placing an order, the same for every door ------------------------------------------------------------------ */

/* What became of it. Strings live as long as the callback. */
struct placement {
    enum answer_status status;   /* ANSWER_OK, ANSWER_REFUSED or ANSWER_UNAVAILABLE */
    char order[ORDER_ID_SIZE];   /* OK: its number */
    char code[ACCESS_CODE_SIZE]; /* OK: the resident's access code */
    bool repeated;               /* OK: the idempotency key was known; this is the first result */
    const char *error;  /* REFUSED: stable word (missing, long, utf8, invalid, ...); UNAVAILABLE: busy or unavailable */
    const char *field;  /* REFUSED: the field it is about, or "" */
    const char *detail; /* REFUSED: for people, in English */
    int64_t wait;       /* REFUSED: for how many seconds; 0: for ever */
};
typedef void placed_fn(void *arg, const struct placement *placement);

/*
 * Checks the message, gives the order a number and submits MSG_PLACE_ORDER.
 * given: its fields, F_VIA among them unless it is a guest's; F_COUNTY and
 * F_SOURCE are set here. It is copied.
 * source: "api", "open311", "import", "split", "transfer", "joint" or "again"; also keeps the doors' idempotency
 * keys apart. idempotency: NULL, or a text of any length; the same text from
 * the same source gives the first result for `remember` seconds. done is
 * called exactly once, perhaps before this returns.
 */
void intake_submit_order(struct intake *intake, const struct county *county, const struct record *given,
                         const char *source, const char *idempotency, int64_t remember, placed_fn *done, void *arg);

/*
 * Gives an order of an older one's fields, ended by FIELD_COUNT, those that it does not have itself. A community or
 * category that the county has no more is left out: routing finds another.
 */
void intake_inherit(const struct county *county, const struct record *from, const enum field *fields,
                    struct record *order);

/* The next number of the county for a meeting or a suggestion. 0, or -EIO when Redis does not give one. */
int intake_number(struct intake *intake, const struct county *county, enum matter matter, char ret_id[ORDER_ID_SIZE]);

struct serials *serials_new(struct store *store);
void serials_destroy(struct serials **serials);

/* A hash of several texts, as lower-case hex: for idempotency keys. */
enum { DIGEST_SIZE = VAULT_DIGEST_SIZE };
void intake_digest(char digest[DIGEST_SIZE], const char *const parts[], size_t count);

/* Likewise, keyed with the county's secret: for what gets stored. Who sees it in Redis cannot try out phone numbers. */
void intake_secret_digest(char digest[DIGEST_SIZE], const struct county *county, const char *const parts[],
                          size_t count);

/* The handler of MSG_PLACE_ORDER, in place.c. */
handler_fn place_order;

/* Looks after orders that are handled jointly with another county, a part a turn; in joint.c. */
void joint_turn(struct intake *intake);
void joint_destroy(struct joint **joint);

/* A county by its id; for NULL or "" the only one that is configured. NULL when there is no such one. */
const struct county *intake_county(struct intake *intake, const char *id);

/* A handler of routes whose body becomes a message about the order, to the service that owns it; in api.c. */
enum { API_BODY_MAX = 128 * 1024 };
void post_action(void *arg, struct http_request *request);

/* -- answers of the native API ----------------------------------------------------------------------------------- */

/*
 * Problem details (RFC 9457) in the caller's language: type, title, status, detail, and the word and the field as
 * members `code` and `field`. field and detail (English) may be NULL.
 */
void intake_answer_error(struct http_request *request, int status, const char *word, const char *field,
                         const char *detail);

/* Answers what a call ended in when it is no reply. False when it is ANSWER_OK: then nothing was answered. */
bool intake_answer_failure(struct http_request *request, enum answer_status status, const struct record *reply);
/* Answers 429: too many requests, to be sent again after so many seconds. */
void intake_answer_wait(struct http_request *request, int64_t seconds);

/* All words that have a type of their own, by index; NULL behind the last. */
const char *intake_word(size_t index);

/* What to say about a word and a field, in the caller's language. field and detail may be NULL. */
const char *intake_message(const struct http_request *request, const char *word, const char *field, const char *detail);

/*
 * The caller's Idempotency-Key together with what is asked, and by whom: somebody else's
 * key, guessed or the same by chance, must not lead to somebody else's answer.
 * Writes "" when there is none. False after answering 400.
 */
bool intake_read_idempotency(struct http_request *request, const char *actor, char digest[DIGEST_SIZE]);

/* Answers a JSON value, which is taken over. */
void intake_answer_json(struct http_request *request, int status, json_t *json);

/* Whether the caller would rather read English than Chinese. */
bool intake_prefers_english(const struct http_request *request);

/* Adds to the coming answer when to come again: in a few seconds, not all at the same; or in so many. */
void intake_retry_after(struct http_request *request);
void intake_retry_in(struct http_request *request, int64_t seconds);

/* The HTTP status of a refusal's error word: 404 unknown, 400 invalid and the like, 403 forbidden, else 409. */
int intake_status_of(const char *word);

/* How long intake waits for another service: the parameter call_ms. */
int64_t intake_call_ms(const struct intake *intake);

/* Remembering an Idempotency-Key of the native API and Open311, in seconds: the parameter remember_days. */
int64_t intake_remember(const struct intake *intake);

#endif
