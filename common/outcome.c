/*
 * outcome.c - writes down what a handler decides; see outcome.h.
 */
#include "common/outcome_private.h"

#include "common/alloc.h"
#include "common/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct outcome *outcome_new(void)
{
    struct outcome *outcome = xcalloc(1, sizeof *outcome);
    outcome->changes = record_new();
    outcome->reply = record_new();
    return outcome;
}

/* Frees everything but the two records, which are kept for the next use. */
static void release(struct outcome *outcome)
{
    for (size_t i = 0; i < outcome->message_count; i++) {
        record_destroy(&outcome->messages[i].body);
        free(outcome->messages[i].order);
    }
    for (size_t i = 0; i < outcome->write_count; i++) {
        free(outcome->writes[i].key);
        for (size_t k = 0; k < outcome->writes[i].argument_count; k++)
            free(outcome->writes[i].arguments[k]);
    }
    free(outcome->messages);
    free(outcome->writes);
    for (size_t i = 0; i < outcome->guard_count; i++) {
        free(outcome->guards[i].key);
        free(outcome->guards[i].field);
    }
    free(outcome->guards);
    free(outcome->expected.key);
    free(outcome->expected.field);
    free(outcome->limit.key);
    free(outcome->cause);
    free(outcome->step);
    free(outcome->actor);
    free(outcome->note);
}

void outcome_clear(struct outcome *outcome)
{
    release(outcome);
    record_clear(outcome->changes);
    record_clear(outcome->reply);
    *outcome = (struct outcome){.changes = outcome->changes, .reply = outcome->reply};
}

void outcome_destroy(struct outcome **outcome)
{
    if (!*outcome)
        return;
    release(*outcome);
    record_destroy(&(*outcome)->changes);
    record_destroy(&(*outcome)->reply);
    free(*outcome);
    *outcome = NULL;
}

struct record *outcome_changes(struct outcome *outcome)
{
    return outcome->changes;
}

void outcome_step(struct outcome *outcome, const char *step, const char *actor, const char *note)
{
    free(outcome->step);
    free(outcome->actor);
    free(outcome->note);
    outcome->step = xstrdup(step);
    outcome->actor = xstrdup(actor);
    outcome->note = note && *note ? xstrdup(note) : NULL;
}

struct record *outcome_send(struct outcome *outcome, enum message_type type)
{
    outcome->messages = xrealloc(outcome->messages, (outcome->message_count + 1) * sizeof *outcome->messages);
    struct record *body = record_new();
    outcome->messages[outcome->message_count++] = (struct sending){.type = type, .body = body};
    return body;
}

struct record *outcome_send_about(struct outcome *outcome, enum message_type type, const char *order, bool must)
{
    struct record *body = outcome_send(outcome, type);
    outcome->messages[outcome->message_count - 1].order = xstrdup(order);
    outcome->messages[outcome->message_count - 1].must = must;
    return body;
}

struct record *outcome_send_to_make(struct outcome *outcome, enum message_type type, const char *matter)
{
    struct record *body = outcome_send_about(outcome, type, matter, false);
    outcome->messages[outcome->message_count - 1].makes = true;
    return body;
}

struct record *outcome_notify(struct outcome *outcome, const char *template_name, const char *recipients)
{
    struct record *body = outcome_send(outcome, MSG_NOTIFY);
    record_set(body, F_TEMPLATE, template_name);
    record_set(body, F_RECIPIENTS, recipients);
    return body;
}

static void add_write(struct outcome *outcome, const char *command, const char *key, size_t count, const char *first,
                      const char *second)
{
    outcome->writes = xrealloc(outcome->writes, (outcome->write_count + 1) * sizeof *outcome->writes);
    struct write *write = &outcome->writes[outcome->write_count++];
    *write = (struct write){.command = command, .key = key ? xstrdup(key) : NULL, .argument_count = count};
    write->arguments[0] = xstrdup(first);
    if (count > 1)
        write->arguments[1] = xstrdup(second);
}

/* cppcheck-suppress unusedFunction ; it does not see calls with a compound literal */
static const char *decimal(char text[24], int64_t number)
{
    snprintf(text, 24, "%" PRId64, number);
    return text;
}

void outcome_zadd(struct outcome *outcome, const char *key, int64_t score, const char *member)
{
    add_write(outcome, "ZADD", key, 2, decimal((char[24]){0}, score), member);
}

void outcome_zrem(struct outcome *outcome, const char *key, const char *member)
{
    add_write(outcome, "ZREM", key, 1, member, NULL);
}

void outcome_hset(struct outcome *outcome, const char *key, const char *field, const char *value)
{
    add_write(outcome, "HSET", key, 2, field, value);
}

void outcome_hincr(struct outcome *outcome, const char *key, const char *field, int64_t by)
{
    add_write(outcome, "HINCRBY", key, 2, field, decimal((char[24]){0}, by));
}

void outcome_hdel(struct outcome *outcome, const char *key, const char *field)
{
    add_write(outcome, "HDEL", key, 1, field, NULL);
}

void outcome_expire(struct outcome *outcome, const char *key, int64_t seconds)
{
    add_write(outcome, "EXPIRE", key, 1, decimal((char[24]){0}, seconds), NULL);
}

void outcome_count(struct outcome *outcome, enum field field, int64_t by)
{
    add_write(outcome, "HINCRBY", NULL, 2, field_info(field)->name, decimal((char[24]){0}, by));
}

void outcome_guard(struct outcome *outcome, const char *key, const char *field, int64_t below)
{
    outcome->guards = xrealloc(outcome->guards, (outcome->guard_count + 1) * sizeof *outcome->guards);
    outcome->guards[outcome->guard_count++] = (struct guard){xstrdup(key), xstrdup(field), below};
}

void outcome_expect(struct outcome *outcome, const char *key, const char *field, int64_t value)
{
    free(outcome->expected.key);
    free(outcome->expected.field);
    outcome->expected = (struct expected){xstrdup(key), xstrdup(field), value};
}

void outcome_if_unchanged(struct outcome *outcome)
{
    outcome->if_unchanged = true;
}

bool outcome_rivals(const struct outcome *one, const struct outcome *other)
{
    return one->expected.key && other->expected.key && strcmp(one->expected.key, other->expected.key) == 0 &&
           strcmp(one->expected.field, other->expected.field) == 0;
}

void outcome_limit(struct outcome *outcome, const char *key, int64_t burst, int64_t interval_ms)
{
    free(outcome->limit.key);
    outcome->limit = (struct limit){xstrdup(key), burst, interval_ms};
}

struct record *outcome_reply(struct outcome *outcome, enum message_type type)
{
    outcome->has_reply = true;
    outcome->reply_type = type;
    return outcome->reply;
}

void outcome_refuse(struct outcome *outcome, const char *error, const char *field, const char *detail, ...)
{
    va_list arguments;
    char text[400];
    va_start(arguments, detail);
    vsnprintf(text, sizeof text, detail, arguments);
    va_end(arguments);
    text_mend_end(text);

    outcome_clear(outcome);
    outcome->verdict = VERDICT_REFUSED;
    struct record *refusal = outcome_reply(outcome, MSG_REFUSAL);
    record_set(refusal, F_ERROR, error);
    record_set(refusal, F_DETAIL, text);
    if (field)
        record_set(refusal, F_FIELD, field);
}

void outcome_later(struct outcome *outcome, const char *cause)
{
    outcome_clear(outcome);
    outcome->verdict = VERDICT_LATER;
    outcome->cause = xstrdup(cause);
}

void outcome_wait(struct outcome *outcome, int64_t seconds)
{
    outcome->wait = seconds;
}

int64_t outcome_waits(const struct outcome *outcome)
{
    return outcome->wait;
}

enum verdict outcome_verdict(const struct outcome *outcome)
{
    return outcome->verdict;
}

const struct record *outcome_changed(const struct outcome *outcome)
{
    return outcome->changes;
}

const char *outcome_step_name(const struct outcome *outcome)
{
    return outcome->step;
}

const char *outcome_actor(const struct outcome *outcome)
{
    return outcome->actor;
}

size_t outcome_message_count(const struct outcome *outcome)
{
    return outcome->message_count;
}

enum message_type outcome_message_type(const struct outcome *outcome, size_t index)
{
    return outcome->messages[index].type;
}

const struct record *outcome_message(const struct outcome *outcome, size_t index)
{
    return outcome->messages[index].body;
}

const struct record *outcome_answer(const struct outcome *outcome, enum message_type *ret_type)
{
    if (!outcome->has_reply)
        return NULL;
    *ret_type = outcome->reply_type;
    return outcome->reply;
}
