/*
 * access.h - the one place where it is decided whether a request may go on.
 *
 * Every route names a permission. Before its handler runs, access_admit() finds out who asks (an API key, a session, an
 * order's code), loads the order that it is about, and asks the table in roles.c. So a handler finds the decision made,
 * and in whose name it acts.
 */
#ifndef SIDAN_INTAKE_ACCESS_H
#define SIDAN_INTAKE_ACCESS_H

#include "services/intake/intake.h"
#include "services/intake/roles.h"
#include "services/intake/session.h"

/* Belongs to the request. */
struct access {
    struct intake *intake;
    struct http_request *request;
    enum permission permission;
    struct caller caller;
    struct session session;    /* of a person */
    struct grant grant;        /* RESIDENT alone, with the actor "resident", for the order's code */
    bool wrong_key;            /* a key was brought that nobody has */
    char county[7];            /* that it is about; "" where that is not known from the address */
    char order[ORDER_ID_SIZE]; /* that it is about; "" for none */
    struct record *record;     /* the order as it stands; empty for none */
    bool archived;             /* it has left Redis: nothing can be done to it any more */
    bool ended;                /* of a link: it was right, and its answer is not to be rated any more */
};

/* For struct http_config. */
bool access_admit(void *arg, struct http_request *request, int permission);

/* What was decided about a request that is being handled. */
const struct access *access_of(const struct http_request *request);

/* Whether the same caller has another permission, too. */
bool access_may(const struct access *access, enum permission permission);

/* Answers 403 in the middle of handling, because of a field (may be NULL), and writes it down. */
void access_refuse(const struct access *access, const char *field);

/*
 * The county's API key with this text, if it grants a permission; else NULL,
 * and somebody else's key has been written down, or was too often: then
 * *ret_wait is for how many seconds it has to wait, else 0. key may be NULL.
 * For a door with resources and errors of its own.
 */
const struct api_key *access_key(struct intake *intake, const struct county *county, const char *key,
                                 enum permission permission, int64_t *ret_wait);

/* Counts a request that anybody may make as `cost` of its address, unless it brings a key that somebody has (NULL:
 * none). 0, or for how many seconds it has to wait. */
int64_t access_charge(struct intake *intake, const struct http_request *request, const char *key, int cost);

/* The key that a request brings in `Authorization: Bearer KEY` or `X-Api-Key`, else NULL. */
const char *access_request_key(const struct http_request *request);

/* The county's key among those, whatever it may be used for; NULL when it is none. */
const struct api_key *access_county_key(const struct http_request *request, const struct county *county);

/* Whether a browser says that another site's page made the request. */
bool access_is_foreign(const struct http_request *request);

#endif
