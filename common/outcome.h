/*
 * outcome.h - what a handler decides: changed fields, a step for the journal,
 * messages to others, entries of indexes, an answer. It is only written down
 * here; commit.c makes it happen, all of it or nothing.
 */
#ifndef SIDAN_OUTCOME_H
#define SIDAN_OUTCOME_H

#include "common/record.h"

enum verdict {
    VERDICT_OK,
    VERDICT_REFUSED, /* an event goes aside, a call is answered with a REFUSAL */
    VERDICT_LATER,   /* not now: an event is sent again, a call is answered "unavailable" */
};

struct outcome;
struct outcome *outcome_new(void);
void outcome_destroy(struct outcome **outcome);
void outcome_clear(struct outcome *outcome);

/* The order's fields that change. An empty string or a 0 is stored as such. */
struct record *outcome_changes(struct outcome *outcome);

/*
 * Names what happened. Every outcome that changes the order has a step, even one that changes no field: it
 * raises the version and goes to the archive's journal by itself. note may be
 * NULL. actor: resident, member:M1, convener:T1, department:D2, clock, routing, ...
 */
void outcome_step(struct outcome *outcome, const char *step, const char *actor, const char *note);

/* Adds an event; the caller fills its body. Owned by the outcome. F_AT is set by the commit. */
struct record *outcome_send(struct outcome *outcome, enum message_type type);

/*
 * The same about another order of the county, in whose turn it is sent: no step of this order waits for it. Without
 * that order the whole commit is refused as "gone" if it `must` be there; else nothing is sent.
 */
struct record *outcome_send_about(struct outcome *outcome, enum message_type type, const char *order, bool must);

/* The same to the handler that makes another matter of the county; nobody else has its number. */
struct record *outcome_send_to_make(struct outcome *outcome, enum message_type type, const char *matter);

/* Adds a NOTIFY event. recipients as F_RECIPIENTS has them; nothing is sent when it is "". Returns its body to add to.
 */
struct record *outcome_notify(struct outcome *outcome, const char *template_name, const char *recipients);

/*
 * Writes to one of the county's other keys in the same commit. key is the
 * name without the county ("pool:G1"): a zset, hash or plain key.
 */
void outcome_zadd(struct outcome *outcome, const char *key, int64_t score, const char *member);
void outcome_zrem(struct outcome *outcome, const char *key, const char *member);
void outcome_hset(struct outcome *outcome, const char *key, const char *field, const char *value);
void outcome_hincr(struct outcome *outcome, const char *key, const char *field, int64_t by);
void outcome_hdel(struct outcome *outcome, const char *key, const char *field);
void outcome_expire(struct outcome *outcome, const char *key, int64_t seconds);
/* Adds to a number that is kept with the order but is no step of its life (F_SMS_OPEN). */
void outcome_count(struct outcome *outcome, enum field field, int64_t by);

/*
 * The commit happens only while the number in this hash field is below
 * `below` (absent counts as 0); else it is a stale effect, and nothing is
 * written. This is how states only move forward. Of several all must hold.
 */
void outcome_guard(struct outcome *outcome, const char *key, const char *field, int64_t below);

/*
 * The commit happens only while the number in this hash field is still this one (absent counts as 0); else the handler
 * decides again on what there is now. This is how decisions that build on each other follow each other.
 */
void outcome_expect(struct outcome *outcome, const char *key, const char *field, int64_t value);
/*
 * Likewise, while the order is as the handler has read it. A step implies that; a write without one says so where it
 * would be wrong after another step, as an entry among the clocks would.
 */
void outcome_if_unchanged(struct outcome *outcome);
/* Whether both build on one number, so that only one of them can be committed. */
bool outcome_rivals(const struct outcome *one, const struct outcome *other);

/*
 * The commit happens only while there were fewer than `burst` such ones at a time, and one more for each interval; else
 * it is refused as "limited". key: where that is counted, without the county.
 */
void outcome_limit(struct outcome *outcome, const char *key, int64_t burst, int64_t interval_ms);

/* The answer to a call; the caller fills the body. Without one a call is answered DONE with order, state and ver. */
struct record *outcome_reply(struct outcome *outcome, enum message_type type);

/* Refuses. error is a stable word for programs, detail a sentence for people; field may be NULL. */
void outcome_refuse(struct outcome *outcome, const char *error, const char *field, const char *detail, ...)
    __attribute__((format(printf, 4, 5)));

/* Asks for another try later, with the cause for the log. */
void outcome_later(struct outcome *outcome, const char *cause);

/* Of an event that is wanted later: not before so many seconds, instead of after its sender's usual pause. */
void outcome_wait(struct outcome *outcome, int64_t seconds);

/* What was decided. */
enum verdict outcome_verdict(const struct outcome *outcome);
int64_t outcome_waits(const struct outcome *outcome); /* seconds; 0 without */
const struct record *outcome_changed(const struct outcome *outcome);
const char *outcome_step_name(const struct outcome *outcome); /* NULL without a step */
const char *outcome_actor(const struct outcome *outcome);     /* whose step it is */
size_t outcome_message_count(const struct outcome *outcome);
enum message_type outcome_message_type(const struct outcome *outcome, size_t index);
const struct record *outcome_message(const struct outcome *outcome, size_t index);
/* The reply or, after a refusal, the REFUSAL. NULL when there is none. */
const struct record *outcome_answer(const struct outcome *outcome, enum message_type *ret_type);

#endif
