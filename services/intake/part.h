/*
 * part.h - a request that places an order beside the one that it is about (a split, a transfer, joint handling), and
 * then tells that one's owner of it.
 *
 * Whatever fails in between, no matter is lost, and the same request again finds the new order and goes on. Both are
 * done once under one Idempotency-Key: which order was placed is noted before the owner is told, so that a repetition
 * only tells it, and gets its first answer. Where the owner refuses, because the order has moved on meanwhile, the new
 * one is withdrawn, and the caller hears of the refusal: nothing was done.
 */
#ifndef SIDAN_PART_H
#define SIDAN_PART_H

#include "services/intake/access.h"
#include "services/intake/intake.h"

/* Belongs to the request. */
struct part {
    struct intake *intake;
    struct http_request *request;
    const struct access *access;
    const char *source;        /* of the new order */
    enum message_type type;    /* of what the owner is told */
    bool stays;                /* the new order, whatever the owner says: it hears of that one by itself */
    struct record *message;    /* to the owner; F_SECONDARY is set here */
    char order[ORDER_ID_SIZE]; /* the new one */
    char name[DIGEST_SIZE];    /* what is asked by the same one is the same order */
    char once[DIGEST_SIZE];    /* the request's Idempotency-Key, as intake_read_idempotency() gives it */
    struct record *refusal;
    int tries;
};

struct part *part_new(struct intake *intake, struct http_request *request, const char *source, enum message_type type);

/* Whether the same request has placed it before: 0, -ENOENT or -EIO. */
int part_recall(struct part *part, const struct county *county);

/* Places it in a county. Then the owner is told, and the caller. */
void part_place(struct part *part, const struct county *county, const struct record *order);

/* It is there: tells the owner, and the caller. */
void part_tell(struct part *part);

#endif
