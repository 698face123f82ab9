/*
 * job.h - one message on its way through a batch, with all that belongs to it,
 * and how it ends: an event is acknowledged, a call is answered, the done
 * function of local work is called.
 */
#ifndef SIDAN_JOB_H
#define SIDAN_JOB_H

#include "common/commit.h"
#include "common/link.h"
#include "common/service.h"

/* The kind of a job that came over no link; the others are ENVELOPE_EVENT and ENVELOPE_CALL. */
enum { JOB_LOCAL = -1 };

/* What handler.aux asked for: the reply to HGETALL, NULL without. */
struct aux {
    const redisReply *hash;
};

struct job {
    struct job *next;
    int kind; /* ENVELOPE_EVENT, ENVELOPE_CALL or JOB_LOCAL */
    struct sender sender;
    struct envelope envelope;
    enum message_type type;
    struct record *message, *order;
    struct outcome *outcome;
    const struct handler *handler;
    const struct county *county;
    struct aux aux[AUX_MAX];
    size_t aux_count;
    answer_fn *done;
    void *arg;
    bool committing;
    struct commit_plan plan;
    enum commit_result result;
    int64_t version;
    double arrived, loaded, handled, committed; /* seconds, monotonic */
};

/* Takes the message over. */
struct job *job_new(int kind, enum message_type type, struct record *message);
void job_destroy(struct job *job);

/* Ends the job, and destroys it. result: for log and metrics. bytes: the packed reply; NULL: none. */
void job_finish(struct link *link, struct job *job, enum wire_status status, const char *result,
                const msgpack_sbuffer *bytes);

/* Ends it with the refusal that its handler made or, with an error, with this one. */
void job_refuse(struct link *link, struct job *job, const char *error, const char *detail);

/* Refuses a request that has not become a job. */
void job_refuse_request(struct link *link, const struct sender *sender, const struct envelope *request,
                        const char *error, const char *detail);

#endif
