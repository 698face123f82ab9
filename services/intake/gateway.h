/*
 * gateway.h - what an SMS gateway calls back, and its answer.
 *
 * A gateway is told that all is well only after everything it brought has been stored, so that it repeats what could
 * not be; what can never be taken is dropped, because repeating it would not help.
 */
#ifndef SIDAN_INTAKE_GATEWAY_H
#define SIDAN_INTAKE_GATEWAY_H

#include "services/intake/intake.h"

struct callback;

/* Of a request; lives as long as that. thanks: the JSON that the gateway wants to hear, or "". */
struct callback *callback_new(struct intake *intake, struct http_request *request, const char *thanks);
struct intake *callback_intake(const struct callback *callback);

/* A receipt, by our id of the SMS or by the gateway's; code as Kannel has them. */
void callback_receipt(struct callback *callback, const char *sms, int64_t code);
void callback_receipt_by_serial(struct callback *callback, const char *serial, int64_t code);

/* An SMS that somebody sent; in gateway_reply.c. id: what the gateway calls it, "" when nothing. */
void callback_reply(struct callback *callback, const char *from, const char *text, const char *id);

/* An SMS that came in. Strings are borrowed. */
struct reply {
    struct callback *callback;
    const char *phone, *text;
    const char *id; /* the gateway's, by which a repetition is known */
};

/* What it is called in a county, the same when the gateway repeats it; tells nothing about who sent it. */
void reply_reference(char reference[DIGEST_SIZE], const struct reply *reply, const struct county *county);

/*
 * What its sender was asked as a resident; in resident_reply.c. False when it is about nothing of that.
 * named_elsewhere: it names an order, which is another one unless that waits for the sender.
 */
bool resident_reply(const struct reply *reply, bool named_elsewhere);
void resident_reply_ignored(void); /* counts one of a stranger that was about nothing */

/* Asks another service for it. idempotency may be NULL. */
void callback_call(struct callback *callback, const char *county, const char *order, enum message_type type,
                   const struct record *message, const char *idempotency);
/* Something could not be stored just now: the gateway shall repeat the whole. */
void callback_fail(struct callback *callback);
/* Says in the log what can never be taken. */
void callback_drop(const char *cause);

/* All has been read: answers, once everything is stored. */
void callback_end(struct callback *callback);

#endif
