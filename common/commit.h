/*
 * commit.h - carries outcomes out in Redis, and keeps the outbox.
 *
 * Each function appends one script to the store's pipeline; after store_run()
 * the matching ..._result() reads its reply. So a whole batch costs one round
 * trip and one fsync.
 */
#ifndef SIDAN_COMMIT_H
#define SIDAN_COMMIT_H

#include "common/outcome.h"
#include "common/store.h"
#include "common/wire.h"

/* For how long the committing instance alone sends a new event; then anybody may. */
enum { SEND_LEASE_MS = 3000 };

enum commit_result {
    COMMIT_APPLIED,
    COMMIT_REPEAT,    /* a repeated request: its first answer is in the reply */
    COMMIT_DUPLICATE, /* the event was applied before */
    COMMIT_EARLY,     /* events before it are missing */
    COMMIT_CONFLICT,  /* the order changed meanwhile: load it and decide again */
    COMMIT_GONE,      /* the order has left for the archive */
    COMMIT_EXISTS,    /* the order that should be made is there */
    COMMIT_STALE,     /* the guard forbids it */
    COMMIT_LIMITED,   /* too many of these for now */
    COMMIT_FORK,      /* the same number with another id: two histories */
    COMMIT_ERROR,     /* Redis refused; nothing was written */
};

/* What a commit is about, besides the outcome. */
struct commit {
    const char *county;
    const char *order;            /* "" when about none */
    int service;                  /* who commits */
    int64_t now;                  /* ms since 1970 */
    int64_t version;              /* of the order as loaded; 0: it does not exist */
    const struct envelope *event; /* the event that is applied; NULL for calls and local work */
    const char *first;            /* idempotency key; "" without */
    int64_t remember;             /* seconds */
    const char *via;              /* F_VIA of the message; "" without */
};

/* An event that a commit put into the outbox. */
struct posted {
    int destination;
    char id[25];
    char order[25]; /* that it is about */
    bool must;      /* that order must be there */
    bool makes;     /* it is made by this event */
    msgpack_sbuffer body;
    int64_t sequence; /* known after the commit; 0: that order is not there, and nothing is sent */
    bool head;        /* nothing of its order and edge is before it: to be sent now */
};

struct commit_plan {
    struct posted *posted;
    size_t posted_count;
    enum message_type answer_type; /* of the answer to a call */
    msgpack_sbuffer answer;        /* packed */
};

/* Appends the commit. ret_plan is to be given to commit_result() and then released. */
void commit_append(struct store *store, const struct commit *commit, const struct outcome *outcome,
                   struct commit_plan *ret_plan);

/*
 * Reads the reply. After COMMIT_APPLIED the plan's posted events have their
 * numbers, and ret_version is the order's version. After COMMIT_REPEAT the plan's answer
 * is the first one.
 */
enum commit_result commit_read(const redisReply *reply, struct commit_plan *plan, int64_t *ret_version);
void commit_plan_release(struct commit_plan *plan);

/* The name of a commit's result, for logs and metrics. */
const char *commit_result_name(enum commit_result result);

/* The stream of a county that has the number of each order that was changed, as "order"; the latest thousands. */
#define CHANGES_KEY "changes"

/* Appends reading an order's hash; order_read() turns the reply into a record: 0, -ENOENT or -EIO. */
void order_append_load(struct store *store, const char *county, const char *order);
int order_read(const redisReply *reply, struct record *ret_order);

/*
 * What the order's hash says of an event before it is handled: COMMIT_APPLIED
 * when it is the next of its edge, else COMMIT_DUPLICATE, COMMIT_EARLY or
 * COMMIT_FORK. A handler must not judge what was applied already; the commit
 * checks again, because another instance may have been quicker.
 */
enum commit_result event_turn(const redisReply *reply, const struct envelope *event);

/* The keys of an edge's outbox. */
struct edge_keys {
    char name[40]; /* "intake>routing" */
    char outbox[KEY_SIZE], due[KEY_SIZE], attempts[KEY_SIZE];
};
void edge_keys(struct edge_keys *keys, const char *county, int source, int destination);

/* Appends: the event was applied. The reply: the next one of its order and edge, if any; see ack_read(). */
void ack_append(struct store *store, const struct envelope *event);
/* 1 and the next event's number, id and body (in the reply's memory), 0 when there is none, -EIO. */
int ack_read(const redisReply *reply, int64_t *ret_sequence, char ret_id[25], const char **ret_body, size_t *ret_size);

/* Appends taking up to `limit` overdue events of an edge; reply elements are name, content, attempts in turn. */
void claim_append(struct store *store, const char *county, int source, int destination, size_t limit, int base_ms,
                  int cap_ms);

/* Takes "341022-000123/7" and an outbox value apart: 0 or -EINVAL. */
int outbox_entry(const redisReply *name, const redisReply *content, char ret_order[25], int64_t *ret_sequence,
                 char ret_id[25], const char **ret_body, size_t *ret_size);

/* Appends setting an event aside. type may be "" when not known. */
void aside_append(struct store *store, const struct envelope *event, const char *type, const char *cause);

/* Appends making an event due in so many ms without an attempt being counted. */
void later_append(struct store *store, const struct envelope *event, int pause_ms);

#endif
