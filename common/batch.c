/*
 * batch.c - handles messages, batch by batch; see batch.h.
 *
 * Each message is a job (job.h). A job whose commit met a conflict goes back
 * into the queue and decides again on the new state of its order.
 */
#include "common/batch.h"

#include "common/alloc.h"
#include "common/crash.h"
#include "common/job.h"
#include "common/log.h"
#include "common/order.h"
#include "common/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* So long a job is decided again after conflicts: whoever made them has got on, so all come to their turn. */
static const double PATIENCE_S = 5;

struct batch {
    struct batch_config config;
    struct job *first, **last;
    struct job **again; /* where the next one goes that is to be decided again: before the others, in their order */
    size_t waiting;
};

struct batch *batch_new(const struct batch_config *config)
{
    struct batch *batch = xcalloc(1, sizeof *batch);
    batch->config = *config;
    batch->last = &batch->first;
    return batch;
}

void batch_destroy(struct batch **batch)
{
    if (!*batch)
        return;
    while ((*batch)->first) {
        struct job *next = (*batch)->first->next;
        if ((*batch)->first->done)
            (*batch)->first->done((*batch)->first->arg, ANSWER_UNAVAILABLE, MSG_DONE, NULL);
        job_destroy((*batch)->first);
        (*batch)->first = next;
    }
    free(*batch);
    *batch = NULL;
}

size_t batch_waiting(const struct batch *batch)
{
    return batch->waiting;
}

static const struct handler *find_handler(const struct service_spec *spec, enum message_type type)
{
    for (size_t i = 0; i < spec->handler_count; i++)
        if (spec->handlers[i].type == type)
            return &spec->handlers[i];
    return NULL;
}

static void push(struct batch *batch, struct job *job)
{
    job->handler = find_handler(batch->config.spec, job->type);
    job->next = NULL;
    *batch->last = job;
    batch->last = &job->next;
    batch->waiting++;
}

static void push_again(struct batch *batch, struct job *job)
{
    job->next = *batch->again;
    if (!job->next)
        batch->last = &job->next;
    *batch->again = job;
    batch->again = &job->next;
    batch->waiting++;
}

static bool is_for_us(const struct batch *batch, const struct envelope *envelope, enum message_type type,
                      const struct record *body)
{
    const struct message_info *message = message_info(type);
    return (message->kind == KIND_EVENT) == (envelope->kind == ENVELOPE_EVENT) &&
           (message->kind == KIND_CALL) == (envelope->kind == ENVELOPE_CALL) &&
           message->to == (int)batch->config.spec->id && envelope->destination == message->to &&
           (message->from & envelope->source) != 0 && /* the link lets through one that is known */
           /* a step is told by the service that committed it, and no other may sign it */
           (!record_has(body, F_SERVICE) || record_is(body, F_SERVICE, service_name(envelope->source)));
}

void batch_request(struct batch *batch, const struct sender *sender, const struct envelope *envelope, const char *body,
                   size_t size)
{
    if (envelope->kind != ENVELOPE_EVENT && envelope->kind != ENVELOPE_CALL)
        return;
    struct record *message = record_new();
    enum message_type type;
    struct fault fault = {0};
    if (wire_unpack(body, size, &type, message, &fault) == 0 && !is_for_us(batch, envelope, type, message))
        fault = (struct fault){.error = "misdirected", .detail = "this service does not take this message from there"};
    if (fault.error) {
        log_warning("order=%s source=%d destination=%d seq=%" PRId64 " result=refused cause=\"%s\"", envelope->order,
                    envelope->source, envelope->destination, envelope->sequence, fault.detail);
        job_refuse_request(batch->config.link, sender, envelope, fault.error, fault.detail);
        record_destroy(&message);
        return;
    }
    struct job *job = job_new(envelope->kind, type, message);
    job->sender = *sender;
    job->envelope = *envelope;
    if (job->kind == ENVELOPE_CALL)
        make_id(job->envelope.id);
    push(batch, job);
    crash_point("request received");
}

void batch_submit(struct batch *batch, const char *county, const char *order, enum message_type type,
                  const struct record *message, const char *idempotency, int64_t remember, answer_fn *done, void *arg)
{
    struct record *copy = record_new();
    record_copy_all(copy, message);
    struct job *job = job_new(JOB_LOCAL, type, copy);
    snprintf(job->envelope.county, sizeof job->envelope.county, "%s", county);
    snprintf(job->envelope.order, sizeof job->envelope.order, "%s", order);
    snprintf(job->envelope.text, sizeof job->envelope.text, "%s", idempotency ? idempotency : "");
    make_id(job->envelope.id);
    job->envelope.remember = remember;
    job->envelope.at = now_ms();
    job->done = done;
    job->arg = arg;
    push(batch, job);
}

/* Whether only one of two jobs can be committed: known of such as have met a conflict, by what they decided then. */
static bool are_rivals(const struct job *one, const struct job *other)
{
    return outcome_rivals(one->outcome, other->outcome) && strcmp(one->envelope.county, other->envelope.county) == 0;
}

/* Takes the next jobs from the queue, no two of one order unless they may share a batch, and no rivals. */
static size_t take_jobs(struct batch *batch, struct job *jobs[BATCH_MAX], bool one_per_order)
{
    size_t count = 0;
    for (struct job **place = &batch->first; *place && count < BATCH_MAX;) {
        struct job *job = *place;
        bool alone = one_per_order && *job->envelope.order && !(job->handler && job->handler->shares);
        bool taken = false;
        for (size_t i = 0; i < count && !taken; i++)
            taken = (alone && strcmp(jobs[i]->envelope.order, job->envelope.order) == 0) || are_rivals(jobs[i], job);
        if (taken) {
            place = &job->next;
            continue;
        }
        *place = job->next;
        if (batch->last == &job->next)
            batch->last = place;
        batch->waiting--;
        job->loaded = job->handled = mono_seconds(); /* until it gets there, which it may not */
        jobs[count++] = job;
    }
    return count;
}

/* Those whose county is not known here are sent back; the others stay in jobs. */
static size_t find_counties(struct batch *batch, struct job *jobs[BATCH_MAX], size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct job *job = jobs[i];
        job->county = counties_find(batch->config.counties, job->envelope.county);
        if (job->county)
            jobs[kept++] = job;
        else
            job_finish(batch->config.link, job, STATUS_LATER, "county", NULL);
    }
    return kept;
}

/* Asks for the hashes that a handler wants. */
static void append_aux(struct store *store, struct job *job)
{
    char names[240] = "", name[120], key[KEY_SIZE];
    job->aux_count = 0;
    if (job->handler && job->handler->aux)
        job->handler->aux(job->message, names, sizeof names);
    for (const char *rest = names; job->aux_count < AUX_MAX && words_next(&rest, name, sizeof name);) {
        store_key(key, job->envelope.county, name);
        store_append(store, 2, (const char *[]){"HGETALL", key}, NULL);
        job->aux_count++;
    }
}

/* Loads orders and aux hashes in one pipeline. -EIO: nothing could be loaded. */
static int load(struct batch *batch, struct job *const jobs[], size_t count)
{
    struct store *store = batch->config.store;
    for (size_t i = 0; i < count; i++) {
        if (*jobs[i]->envelope.order)
            order_append_load(store, jobs[i]->envelope.county, jobs[i]->envelope.order);
        append_aux(store, jobs[i]);
    }
    if (store_run(store) < 0)
        return -EIO;
    for (size_t i = 0, reply = 0; i < count; i++) {
        /* An order that could not be read is not one that is gone: the job ends as one whose commit failed. */
        jobs[i]->result = COMMIT_APPLIED;
        if (*jobs[i]->envelope.order) {
            int r = order_read(store_reply(store, reply), jobs[i]->order);
            if (r == -EIO)
                jobs[i]->result = COMMIT_ERROR;
            else if (r == 0 && jobs[i]->kind == ENVELOPE_EVENT)
                jobs[i]->result = event_turn(store_reply(store, reply), &jobs[i]->envelope);
            reply++;
        }
        for (size_t k = 0; k < jobs[i]->aux_count; k++) {
            jobs[i]->aux[k].hash = store_reply(store, reply++);
            if (jobs[i]->aux[k].hash->type != REDIS_REPLY_ARRAY)
                jobs[i]->result = COMMIT_ERROR;
        }
        jobs[i]->loaded = mono_seconds();
    }
    return 0;
}

/* Runs the handler, and checks what every handler must keep to. */
static void decide(struct batch *batch, struct job *job)
{
    int64_t serial = 0;
    outcome_clear(job->outcome);
    if (!job->handler) {
        outcome_refuse(job->outcome, "unhandled", NULL, "%s is not handled by this service",
                       message_info(job->type)->name);
        return;
    }
    /* Whether it still is so when this is written, the commit sees to: it is decided on this version. */
    if (record_has(job->message, F_EXPECTED) && record_int(job->message, F_EXPECTED) != record_int(job->order, F_VER)) {
        outcome_refuse(job->outcome, "changed", NULL, "the order has moved on: load it again, and decide anew");
        return;
    }
    if (*job->envelope.order)
        matter_parse(job->envelope.order, NULL, NULL, &serial);
    struct context context = {.now = now_ms(),
                              .county = job->county,
                              .order_id = job->envelope.order,
                              .serial = serial,
                              .message_id = job->envelope.id,
                              .service = batch->config.service,
                              .aux = job->aux};
    job->handler->handle(&context, job->order, job->message, job->outcome);
    if (batch->config.spec->follow && outcome_verdict(job->outcome) == VERDICT_OK)
        batch->config.spec->follow(&context, job->order, job->outcome);

    const struct record *changes = outcome_changed(job->outcome);
    if (outcome_verdict(job->outcome) != VERDICT_OK || record_count(changes) == 0)
        return;
    if (!outcome_step_name(job->outcome))
        outcome_refuse(job->outcome, "step", NULL, "the handler of %s changed the order without naming a step",
                       message_info(job->type)->name);
    else if (record_has(changes, F_STATE) &&
             !order_may_become(record_str(job->order, F_STATE), record_str(changes, F_STATE)))
        outcome_refuse(job->outcome, "state", NULL, "an order that is %s cannot become %s",
                       record_str(job->order, F_STATE), record_str(changes, F_STATE));
}

/* Whether an order that should be there has left for the archive, so that there is nothing to handle. */
static bool is_gone(const struct job *job)
{
    return !record_has(job->order, F_VER) && job->handler && !job->handler->orderless;
}

/* Whether it is a request that says by an idempotency key whether it is a repetition. */
static bool has_key(const struct job *job)
{
    return job->kind != ENVELOPE_EVENT && *job->envelope.text;
}

/* A request that names an order which is not there, and neither makes it nor sends on its behalf, is about none. */
static bool is_about_none(const struct job *job)
{
    return job->kind != ENVELOPE_EVENT && !record_has(job->order, F_VER) && job->handler && job->handler->orderless &&
           record_count(outcome_changed(job->outcome)) == 0 && outcome_message_count(job->outcome) == 0;
}

static void append_commit(struct batch *batch, struct job *job)
{
    struct commit commit = {.county = job->envelope.county,
                            .order = is_about_none(job) ? "" : job->envelope.order,
                            .service = (int)batch->config.spec->id,
                            .now = now_ms(),
                            .version = record_int(job->order, F_VER),
                            .event = job->kind == ENVELOPE_EVENT ? &job->envelope : NULL,
                            .first = job->kind == ENVELOPE_EVENT ? "" : job->envelope.text,
                            .remember = job->envelope.remember > 0 ? job->envelope.remember : 86400,
                            .via = record_str(job->message, F_VIA)};
    if (job->committing)
        commit_plan_release(&job->plan);
    job->committing = true;
    commit_append(batch->config.store, &commit, job->outcome, &job->plan);
}

/* Sends the events that the commit put into the outbox and that may go now. */
static void send_posted(struct batch *batch, const struct job *job)
{
    for (size_t i = 0; i < job->plan.posted_count; i++) {
        const struct posted *posted = &job->plan.posted[i];
        if (!posted->head)
            continue;
        struct envelope event = {.kind = ENVELOPE_EVENT,
                                 .source = (int)batch->config.spec->id,
                                 .destination = posted->destination,
                                 .sequence = posted->sequence};
        memcpy(event.county, job->envelope.county, sizeof event.county);
        memcpy(event.order, posted->order, sizeof event.order);
        memcpy(event.id, posted->id, sizeof event.id);
        courier_post(batch->config.courier, &event, posted->body.data, posted->body.size);
    }
}

/* An event that was handled says how long it had to wait for that. */
static void note_lag(const struct batch *batch, const struct job *job)
{
    if (job->kind == ENVELOPE_EVENT && record_has(job->message, F_AT))
        service_lagged(batch->config.service, job->envelope.source, now_ms() - record_int(job->message, F_AT));
}

/*
 * Whether something has left since the order was loaded, without which all would have been handled as well: the order,
 * or of an event another one that it has to do with. What a request cannot be done with is for its caller to know.
 */
static bool left_meanwhile(const struct job *job)
{
    return record_has(job->order, F_VER) && (job->kind == ENVELOPE_EVENT || (job->handler && job->handler->orderless));
}

/* What the commit found was not what the handler saw: it is loaded and decided again. */
static void decide_again(struct batch *batch, struct job *job)
{
    if (mono_seconds() - job->arrived < PATIENCE_S)
        push_again(batch, job);
    else
        job_finish(batch->config.link, job, STATUS_LATER, commit_result_name(job->result), NULL);
}

static void finish_committed(struct batch *batch, struct job *job)
{
    const char *result = commit_result_name(job->result);
    const msgpack_sbuffer *reply = job->kind == ENVELOPE_EVENT ? NULL : &job->plan.answer;
    switch (job->result) {
    case COMMIT_APPLIED:
        note_lag(batch, job);
        send_posted(batch, job);
        crash_point("events sent, not answered");
        job_finish(batch->config.link, job, STATUS_OK, result, reply);
        break;
    case COMMIT_REPEAT:
        job_finish(batch->config.link, job, STATUS_OK, result, reply);
        break;
    case COMMIT_DUPLICATE:
        job_finish(batch->config.link, job, STATUS_DUPLICATE, result, NULL);
        break;
    case COMMIT_GONE:
        if (left_meanwhile(job))
            decide_again(batch, job);
        else if (job->kind == ENVELOPE_EVENT)
            job_finish(batch->config.link, job, STATUS_DUPLICATE, result, NULL);
        else
            job_refuse(batch->config.link, job, "gone",
                       "no order with this number is open: it is closed and archived, or was never placed");
        break;
    case COMMIT_STALE:
        job_finish(batch->config.link, job, job->kind == ENVELOPE_EVENT ? STATUS_OK : STATUS_STALE, result, NULL);
        break;
    case COMMIT_LIMITED:
        job_refuse(batch->config.link, job, "limited", "there were too many of these: send it again later");
        break;
    case COMMIT_CONFLICT:
        decide_again(batch, job);
        break;
    case COMMIT_FORK:
        job_refuse(batch->config.link, job, "fork", "another message with this number was applied before");
        break;
    case COMMIT_EXISTS:
        job_refuse(batch->config.link, job, "exists", "an order with this number exists");
        break;
    case COMMIT_EARLY:
    case COMMIT_ERROR:
        job_finish(batch->config.link, job, STATUS_LATER, result, NULL);
        break;
    }
}

/* An event that was applied before. It is acknowledged when the replicas have that, too: who applied it may wait still.
 */
static bool is_repeated(const struct job *job)
{
    return job->result == COMMIT_DUPLICATE;
}

/* Ends what needs no commit; the others stay in jobs with their commits appended. */
static size_t handle(struct batch *batch, struct job *jobs[], size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (jobs[i]->result == COMMIT_APPLIED && !is_gone(jobs[i]))
            decide(batch, jobs[i]);
        jobs[i]->handled = mono_seconds();
    }
    for (size_t i = 0; i < count; i++) {
        struct job *job = jobs[i];
        /* A repeated request must get its first answer, even where the order has moved on since. */
        if (job->result != COMMIT_APPLIED && !is_repeated(job)) {
            finish_committed(batch, job);
        } else if (is_gone(job) && !has_key(job)) {
            job->result = COMMIT_GONE;
            finish_committed(batch, job);
        } else if (outcome_verdict(job->outcome) == VERDICT_LATER) {
            job_finish(batch->config.link, job, STATUS_LATER, "later", NULL);
        } else {
            jobs[kept++] = job;
        }
    }
    return kept;
}

/* Refusals with an idempotency key: was it done before? Then the first answer counts. */
static void append_lookup(struct batch *batch, const struct job *job)
{
    AUTOFREE char *name = xasprintf("first:%s", job->envelope.text);
    char key[KEY_SIZE];
    store_key(key, job->envelope.county, name);
    store_append(batch->config.store, 2, (const char *[]){"GET", key}, NULL);
    store_confirm(batch->config.store); /* whoever hears it again must be able to rely on it */
}

static bool is_refused(const struct job *job)
{
    return !is_repeated(job) && (outcome_verdict(job->outcome) == VERDICT_REFUSED || is_gone(job));
}

static void finish_lookup(struct batch *batch, struct job *job, const msgpack_sbuffer *first)
{
    if (first->size > 0)
        job_finish(batch->config.link, job, STATUS_OK, commit_result_name(COMMIT_REPEAT), first);
    else if (is_gone(job))
        job_refuse(batch->config.link, job, "gone",
                   "no order with this number is open: it is closed and archived, or was never placed");
    else
        job_refuse(batch->config.link, job, NULL, NULL);
}

static void commit_all(struct batch *batch, struct job *jobs[], size_t count)
{
    struct store *store = batch->config.store;
    for (size_t i = 0; i < count; i++) {
        if (is_repeated(jobs[i])) {
            store_appendf(store, "PING"); /* one reply for each job; WAIT comes behind all of them */
            store_confirm(store);
        } else if (!is_refused(jobs[i])) {
            append_commit(batch, jobs[i]);
        } else if (has_key(jobs[i])) {
            append_lookup(batch, jobs[i]);
        }
    }
    crash_point("handled, not committed");
    bool asked = store_run(store) == 0;
    crash_point("committed, nobody told");

    /* All replies are read before anybody is told, because those who are told may use the store. */
    msgpack_sbuffer *firsts = xcalloc(count + 1, sizeof *firsts);
    for (size_t i = 0, next = 0; asked && i < count; i++) {
        if (is_refused(jobs[i]) && !has_key(jobs[i]))
            continue;
        const redisReply *reply = store_reply(store, next++);
        if (is_repeated(jobs[i]))
            continue;
        if (!is_refused(jobs[i]))
            jobs[i]->result = commit_read(reply, &jobs[i]->plan, &jobs[i]->version);
        else if (reply->type == REDIS_REPLY_STRING)
            msgpack_sbuffer_write(&firsts[i], reply->str, (size_t)reply->len);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_refused(jobs[i]) && (asked || !has_key(jobs[i])))
            finish_lookup(batch, jobs[i], &firsts[i]);
        else if (asked)
            finish_committed(batch, jobs[i]);
        else
            job_finish(batch->config.link, jobs[i], STATUS_LATER, "unavailable", NULL);
        msgpack_sbuffer_destroy(&firsts[i]);
    }
    free(firsts);
}

/* A service that commits to a store of its own takes the whole batch. */
static void hand_over(struct batch *batch, struct job *jobs[], size_t count)
{
    struct delivery deliveries[BATCH_MAX];
    for (size_t i = 0; i < count; i++) {
        jobs[i]->loaded = mono_seconds();
        deliveries[i] = (struct delivery){.type = jobs[i]->type,
                                          .county = jobs[i]->envelope.county,
                                          .order = jobs[i]->envelope.order,
                                          .id = jobs[i]->envelope.id,
                                          .message = jobs[i]->message,
                                          .outcome = jobs[i]->outcome};
    }
    batch->config.spec->take(batch->config.service, deliveries, count);
    crash_point("stored, not acknowledged");
    for (size_t i = 0; i < count; i++) {
        struct job *job = jobs[i];
        job->handled = mono_seconds();
        enum message_type type;
        const struct record *reply = outcome_answer(job->outcome, &type);
        msgpack_sbuffer bytes;
        msgpack_sbuffer_init(&bytes);
        if (reply)
            wire_pack(&bytes, type, reply);
        switch (outcome_verdict(job->outcome)) {
        case VERDICT_OK:
            note_lag(batch, job);
            job_finish(batch->config.link, job, STATUS_OK, "stored", reply ? &bytes : NULL);
            break;
        case VERDICT_LATER:
            job->envelope.remember = outcome_waits(job->outcome);
            job_finish(batch->config.link, job, STATUS_LATER, "later", NULL);
            break;
        case VERDICT_REFUSED:
            job_finish(batch->config.link, job, STATUS_REFUSED, record_str(reply, F_ERROR), &bytes);
            break;
        }
        msgpack_sbuffer_destroy(&bytes);
    }
}

void batch_run(struct batch *batch)
{
    const struct service_spec *spec = batch->config.spec;
    struct job *jobs[BATCH_MAX];
    size_t count = take_jobs(batch, jobs, !spec->take);
    batch->again = &batch->first;
    count = find_counties(batch, jobs, count);
    if (count == 0)
        return;
    if (spec->take) {
        hand_over(batch, jobs, count);
    } else if (load(batch, jobs, count) < 0) {
        for (size_t i = 0; i < count; i++)
            job_finish(batch->config.link, jobs[i], STATUS_LATER, "unavailable", NULL);
    } else {
        crash_point("orders loaded");
        count = handle(batch, jobs, count);
        commit_all(batch, jobs, count);
    }
    crash_point("batch answered");
    if (spec->committed)
        spec->committed(batch->config.service);
}
