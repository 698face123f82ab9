/*
 * job.c - the making and the ends of jobs, with their log line; see job.h.
 */
#include "common/job.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/text.h"

#include <stdio.h>
#include <string.h>

const struct aux *aux_at(const struct context *context, size_t index)
{
    return context->aux ? &context->aux[index] : NULL;
}

bool aux_next(const struct aux *aux, size_t *index, const char **ret_field, const char **ret_value)
{
    if (!aux || !aux->hash || 2 * *index + 1 >= aux->hash->elements)
        return false;
    *ret_field = aux->hash->element[2 * *index]->str;
    *ret_value = aux->hash->element[2 * *index + 1]->str;
    ++*index;
    return true;
}

const char *aux_get(const struct aux *aux, const char *field)
{
    for (size_t i = 0; aux && aux->hash && i + 1 < aux->hash->elements; i += 2)
        if (strcmp(aux->hash->element[i]->str, field) == 0)
            return aux->hash->element[i + 1]->str;
    return NULL;
}

int64_t aux_int(const struct aux *aux, const char *field)
{
    const char *text = aux_get(aux, field);
    return text ? strtoll(text, NULL, 10) : 0;
}

struct job *job_new(int kind, enum message_type type, struct record *message)
{
    struct job *job = xcalloc(1, sizeof *job);
    *job = (struct job){.kind = kind,
                        .type = type,
                        .message = message,
                        .order = record_new(),
                        .outcome = outcome_new(),
                        .arrived = mono_seconds()};
    return job;
}

void job_destroy(struct job *job)
{
    record_destroy(&job->message);
    record_destroy(&job->order);
    outcome_destroy(&job->outcome);
    if (job->committing)
        commit_plan_release(&job->plan);
    free(job);
}

/* Answers over the link: an ack for an event, a reply for a call. */
static void answer(struct link *link, const struct sender *sender, const struct envelope *request,
                   enum wire_status status, const char *text, const char *body, size_t size)
{
    struct envelope envelope = *request;
    envelope.kind = request->kind == ENVELOPE_EVENT ? ENVELOPE_ACK : ENVELOPE_REPLY;
    envelope.status = (int)status;
    snprintf(envelope.text, sizeof envelope.text, "%s", text);
    text_mend_end(envelope.text);
    link_answer(link, sender, &envelope, body, size);
}

/* Answers with a refusal that no handler made. */
void job_refuse_request(struct link *link, const struct sender *sender, const struct envelope *request,
                        const char *error, const char *detail)
{
    RECORD *refusal = record_new();
    record_set(refusal, F_ERROR, error);
    record_set(refusal, F_DETAIL, detail);
    msgpack_sbuffer body;
    msgpack_sbuffer_init(&body);
    wire_pack(&body, MSG_REFUSAL, refusal);
    answer(link, sender, request, STATUS_REFUSED, detail, body.data, body.size);
    msgpack_sbuffer_destroy(&body);
}

static void note_result(const struct job *job, const char *result)
{
    const char *name = message_info(job->type)->name;
    double wait = (double)(now_ms() - job->envelope.at) / 1e3 - (job->committed - job->arrived);
    if (job->kind == ENVELOPE_CALL)
        wait = 0; /* a call says when it ends, not when it began */
    const double stages[] = {wait > 0 ? wait : 0, job->loaded - job->arrived, job->handled - job->loaded,
                             job->committed - job->handled};
    static const char *const stage_names[] = {"link", "load", "handle", "commit"};
    char labels[100];
    snprintf(labels, sizeof labels, "type=\"%s\",result=\"%s\"", name, result);
    metric_add("sidan_messages_total", "Messages handled, by outcome", labels, 1);
    for (size_t i = 0; i < 4; i++) {
        snprintf(labels, sizeof labels, "stage=\"%s\"", stage_names[i]);
        metric_observe("sidan_stage_seconds", "Time in each stage of handling a message", labels, stages[i]);
    }
    const char *step = outcome_step_name(job->outcome);
    log_info("order=%s msg=%s result=%s%s%s delays=%.1f/%.1f/%.1f/%.1f",
             *job->envelope.order ? job->envelope.order : "-", name, result, step ? " step=" : "", step ? step : "",
             stages[0] * 1e3, stages[1] * 1e3, stages[2] * 1e3, stages[3] * 1e3);
}

/* Ends a job: acks it, answers it or calls back. bytes: the packed reply; NULL: none. */
void job_finish(struct link *link, struct job *job, enum wire_status status, const char *result,
                const msgpack_sbuffer *bytes)
{
    static const enum answer_status statuses[] = {[STATUS_OK] = ANSWER_OK,
                                                  [STATUS_DUPLICATE] = ANSWER_OK,
                                                  [STATUS_LATER] = ANSWER_UNAVAILABLE,
                                                  [STATUS_REFUSED] = ANSWER_REFUSED,
                                                  [STATUS_STALE] = ANSWER_STALE};
    RECORD *reply = record_new();
    enum message_type type = MSG_DONE;
    struct fault fault;

    job->committed = mono_seconds();
    note_result(job, result);
    if (job->kind == JOB_LOCAL) {
        if (job->done) {
            if (bytes && wire_unpack(bytes->data, bytes->size, &type, reply, &fault) < 0)
                status = STATUS_LATER;
            job->done(job->arg, type == MSG_REFUSAL ? ANSWER_REFUSED : statuses[status], type, reply);
        }
    } else {
        const char *text = "";
        if (status == STATUS_REFUSED && job->kind == ENVELOPE_EVENT && bytes &&
            wire_unpack(bytes->data, bytes->size, &type, reply, &fault) == 0)
            text = record_str(reply, F_DETAIL);
        answer(link, &job->sender, &job->envelope, status, text, bytes ? bytes->data : "", bytes ? bytes->size : 0);
    }
    job_destroy(job);
}

void job_refuse(struct link *link, struct job *job, const char *error, const char *detail)
{
    if (error)
        outcome_refuse(job->outcome, error, NULL, "%s", detail);
    enum message_type type;
    const struct record *refusal = outcome_answer(job->outcome, &type);
    msgpack_sbuffer bytes;
    msgpack_sbuffer_init(&bytes);
    wire_pack(&bytes, type, refusal);
    job_finish(link, job, STATUS_REFUSED, record_str(refusal, F_ERROR), &bytes);
    msgpack_sbuffer_destroy(&bytes);
}
