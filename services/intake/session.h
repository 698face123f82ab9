/*
 * session.h - who has signed in.
 *
 * A session belongs to a county and a phone, of which Redis has only hashes; any instance of intake knows it. The
 * browser has a token of 32 random bytes in a cookie that no script can read. What the person may is not part of it:
 * see roles.h.
 */
#ifndef SIDAN_INTAKE_SESSION_H
#define SIDAN_INTAKE_SESSION_H

#include "services/intake/intake.h"
#include "services/intake/roles.h"

#define SESSION_COOKIE "__Host-sidan"

struct session {
    char county[7];
    char id[VAULT_DIGEST_SIZE];    /* a keyed hash of the token */
    char phone[VAULT_DIGEST_SIZE]; /* person_digest() */
    char csrf[VAULT_DIGEST_SIZE];  /* what X-CSRF-Token has to be; computed from the token, stored nowhere */
    int64_t end;                   /* ms since 1970, whatever is done until then */
};

/* The session of a request's cookie: 0, -ENOENT when there is none (any more), -EIO when Redis does not answer. */
int session_find(struct intake *intake, const struct http_request *request, struct session *ret_session);

/*
 * These append to the store's pipeline and set the answer's cookie; they count
 * after store_run(). A session that the request brings already is ended by
 * the begin of a new one, whose token is always new.
 */
void session_begin(struct intake *intake, struct http_request *request, const struct county *county, const char *phone,
                   struct session *ret_session);
void session_end(struct intake *intake, struct http_request *request, const struct session *session);

/* The same for all sessions of a session's person, in all instances. 0, or -EIO with nothing appended. */
int session_end_all(struct intake *intake, struct http_request *request, const struct session *session);

#endif
