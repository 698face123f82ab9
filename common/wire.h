/*
 * wire.h - messages and their envelopes as bytes (msgpack).
 *
 * On the wire a message is one frame: the envelope, an array in the order of
 * struct envelope, and behind it the body, a map
 *
 *     {"type": "order.placed", "v": 1, "at": 1795..., ...}
 *
 * The body alone is what the outbox keeps. A reader skips fields that it does
 * not know, and refuses: a type it does not know, a version higher than its
 * own, a required field that is missing, a field that is there twice, a value
 * of the wrong type or size, bytes left over.
 */
#ifndef SIDAN_WIRE_H
#define SIDAN_WIRE_H

#include "common/record.h"

#include <msgpack.h>

enum envelope_kind { ENVELOPE_EVENT, ENVELOPE_ACK, ENVELOPE_CALL, ENVELOPE_REPLY };

/* What an ack or a reply says. */
enum wire_status {
    STATUS_OK,
    STATUS_DUPLICATE, /* an ack: was applied before */
    STATUS_LATER,     /* not now; send again */
    STATUS_REFUSED,   /* an ack: set it aside; a reply: the body is a REFUSAL */
    STATUS_STALE,     /* a reply: a guard forbade it; no body */
};

/* The fields of an envelope; those that a kind does not need are "" or 0. */
struct envelope {
    int kind;
    char county[7];
    char order[25]; /* "" when about no order */
    int source;     /* service_id of the sender of the event or call */
    int destination;
    int64_t sequence; /* event, ack: per order and edge, from 1. call, reply: the caller's ticket */
    char id[25];      /* event, ack: of the message */
    int64_t at;       /* event: when it was sent; call: its deadline, ms since 1970 */
    int status;       /* ack, reply */
    char text[201];   /* ack: the reason of a refusal; call: its idempotency key */
    int64_t remember; /* call: for how long the key holds; ack "later": when to send again, 0 as usual; seconds */
};

/* Packs an envelope; appends to the buffer. */
void wire_pack_envelope(msgpack_sbuffer *buffer, const struct envelope *envelope);

/* 0 and where the body begins, or -EBADMSG when it is not an envelope. Further elements of it are skipped. */
int wire_unpack_envelope(const char *data, size_t size, struct envelope *ret_envelope, size_t *ret_body);

/* Packs those values of the record that the message has; appends to the buffer. */
void wire_pack(msgpack_sbuffer *buffer, enum message_type type, const struct record *body);

/* 0, or -EBADMSG with ret_fault saying what is wrong. body is cleared first; its content is undefined after a fault. */
int wire_unpack(const char *data, size_t size, enum message_type *ret_type, struct record *body,
                struct fault *ret_fault);

#endif
