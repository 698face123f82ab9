/*
 * lifecycle.c - 解单: handed over to a department, answered honestly, rated by
 * the resident, closed. Dissatisfied once: it is reopened; twice: the
 * committee decides.
 */
#include "common/addition.h"
#include "common/order.h"
#include "common/question.h"
#include "common/resident.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <stdio.h>
#include <string.h>

enum { CALLBACK_TRIES = 3 };

void append_recipients(const char *kind, const char *ids, char *recipients, size_t size)
{
    char id[40];
    size_t length = strlen(recipients);
    while (words_next(&ids, id, sizeof id) && length < size)
        length += (size_t)snprintf(recipients + length, size - length, "%s%s:%s", length ? " " : "", kind, id);
}

void member_recipients(const char *members, char *ret_recipients, size_t size)
{
    ret_recipients[0] = '\0';
    append_recipients("member", members, ret_recipients, size);
}

static void append_departments(const struct record *order, char *recipients, size_t size)
{
    if (record_int(order, F_HANDED_AT) == 0)
        return;
    append_recipients("department", record_str(order, F_DEPARTMENT), recipients, size);
    append_recipients("department", record_str(order, F_ASSISTING), recipients, size);
}

void handler_recipients(const struct record *order, char *ret_recipients, size_t size)
{
    member_recipients(record_str(order, F_MEMBERS), ret_recipients, size);
    append_departments(order, ret_recipients, size);
}

void committee_recipient(const struct context *context, const struct record *order, char *ret_recipient, size_t size)
{
    const struct member_group *group = county_group(context->county, record_str(order, F_GROUP));
    if (group && *group->committee)
        snprintf(ret_recipient, size, "committee:%s", group->committee);
    else
        snprintf(ret_recipient, size, "office");
}

bool state_is(const struct record *order, const char *states, const char *verb, struct outcome *outcome)
{
    if (words_have(states, record_str(order, F_STATE)))
        return true;
    outcome_refuse(outcome, "state", NULL, "what is %s cannot be %s; it would have to be: %s",
                   record_str(order, F_STATE), verb, states);
    return false;
}

bool may_act(const struct record *order, const struct record *message, struct outcome *outcome)
{
    const char *actor = record_str(message, F_ACTOR);
    if (strncmp(actor, "member:", 7) != 0 || words_have(record_str(order, F_MEMBERS), actor + 7))
        return true;
    outcome_refuse(outcome, "forbidden", "actor", "this member has not claimed the order");
    return false;
}

bool may_be_made(const struct context *context, const struct record *matter, enum matter kind, struct outcome *outcome)
{
    char county[7] = "";
    matter_parse(context->order_id, county, NULL, NULL);
    if (record_count(matter) > 0)
        outcome_refuse(outcome, "exists", NULL, "%s exists already", context->order_id);
    else if (matter_of(context->order_id) != kind || strcmp(county, context->county->id) != 0)
        outcome_refuse(outcome, "invalid", "order", "this is no number of the county for it");
    else
        return true;
    return false;
}

bool has_reason(const struct record *message, struct outcome *outcome)
{
    if (record_len(message, F_REASON) > 0)
        return true;
    outcome_refuse(outcome, "invalid", "reason", "say why");
    return false;
}

/* Its resident is answered and asked by another county, or has taken it back: what is left is to close it, which is a
 * step of its own. */
static void end_unrated(const struct context *context, const struct record *order, struct outcome *outcome)
{
    char entry[CLOCK_ENTRY_SIZE];
    stop_clock(context, order, outcome);
    order_clock_entry(entry, context->order_id, "close", 0);
    outcome_zadd(outcome, CLOCKS_KEY, context->now, entry);
}

void record_answer(const struct context *context, const struct record *order, const struct record *answer,
                   const char *actor, struct outcome *outcome)
{
    struct record *changes = outcome_changes(outcome);
    outcome_step(outcome, "answered", actor, NULL);
    drop_question(context, order, outcome);
    record_set(changes, F_STATE, STATE_ANSWERED);
    record_copy(changes, answer, F_OUTCOME);
    record_copy(changes, answer, F_ANSWER);
    record_set_int(changes, F_ANSWERED_AT, context->now);
    record_set_int(changes, F_TRIES, 0);
    drop_objection(order, outcome);
    record_set_int(changes, F_ROUND, record_int(order, F_ROUND) + 1);
    if (!resident_is_told(order)) {
        end_unrated(context, order, outcome);
        return;
    }
    start_clock(context, order, CLOCK_CALLBACK, outcome);
    ask_for_rating(context, order, outcome);
}

void handle_answer(const struct context *context, const struct record *order, const struct record *message,
                   struct outcome *outcome)
{
    /* solved; explained (not solvable now, understanding won); supervision (a department shirks); learned. */
    static const char outcomes[] = "solved explained supervision learned";
    if (!state_is(order, STATE_ASSIGNED " " STATE_CONSULTING, "answered", outcome) || !may_act(order, message, outcome))
        return;
    if (!words_have(outcomes, record_str(message, F_OUTCOME))) {
        outcome_refuse(outcome, "invalid", "outcome", "outcome is one of: %s", outcomes);
        return;
    }
    if (record_len(message, F_ANSWER) == 0) {
        outcome_refuse(outcome, "invalid", "answer", "an answer has words");
        return;
    }
    if (!may_promise(context, message, outcome))
        return;
    record_answer(context, order, message, record_str(message, F_ACTOR), outcome);
    follow_up(context, order, message, outcome);
}

/* The rating is in; what is left is to close the order, which is a step of its own. */
static void evaluate(const struct context *context, const struct record *order, const char *rating,
                     struct outcome *outcome)
{
    char recipients[2001], entry[CLOCK_ENTRY_SIZE];
    record_set(outcome_changes(outcome), F_STATE, STATE_EVALUATED);
    record_set(outcome_changes(outcome), F_RATING, rating);
    stop_clock(context, order, outcome);
    ask_no_more(context, order, outcome);
    if (strcmp(rating, "dissatisfied") == 0) {
        start_clock(context, order, CLOCK_HANDOVER, outcome); /* of the committee's decision */
        committee_recipient(context, order, recipients, sizeof recipients);
        record_copy(outcome_notify(outcome, "decide", recipients), outcome_changes(outcome), F_DUE);
        return;
    }
    order_clock_entry(entry, context->order_id, "close", 0);
    outcome_zadd(outcome, CLOCKS_KEY, context->now, entry);
    member_recipients(record_str(order, F_MEMBERS), recipients, sizeof recipients);
    outcome_notify(outcome, "rated", recipients);
}

/* Back to the members: the answer clock starts again, and everybody who handles it hears so. */
static void reopen(const struct context *context, const struct record *order, const char *actor, const char *note,
                   struct outcome *outcome)
{
    char there[401], recipients[2001];
    struct record *changes = outcome_changes(outcome);
    outcome_step(outcome, "reopened", actor, note);
    record_set(changes, F_STATE, STATE_CONSULTING);
    record_set_int(changes, F_REOPENED, record_int(order, F_REOPENED) + 1);
    leave_primary(context, order, actor, outcome);
    start_clock(context, order, CLOCK_ANSWER, outcome);
    ask_no_more(context, order, outcome);
    look_for_absent(context, record_str(order, F_MEMBERS), there, sizeof there, outcome);
    supervising_convener(context, order, recipients, sizeof recipients);
    append_recipients("member", there, recipients, sizeof recipients);
    append_departments(order, recipients, sizeof recipients);
    struct record *notice = outcome_notify(outcome, "reopened", recipients);
    record_copy(notice, changes, F_DUE);
    if (note)
        record_set(notice, F_NOTE, note);
}

/* What a resident wrote by SMS was taken; and when they will hear more, if the order is handled again. */
static void tell_taken(const struct record *message, struct outcome *outcome)
{
    struct record *notice = outcome_notify(outcome, "rating_taken", "resident");
    record_copy(notice, message, F_NOTE);
    record_copy(notice, outcome_changes(outcome), F_DUE);
    if (record_is(outcome_changes(outcome), F_STATE, STATE_EVALUATED)) /* the deadline is the committee's */
        record_set_int(notice, F_DUE, 0);
}

void handle_rate(const struct context *context, const struct record *order, const struct record *message,
                 struct outcome *outcome)
{
    static const char ratings[] = "satisfied basically dissatisfied unreachable";
    const char *rating = record_str(message, F_RATING), *actor = record_str(message, F_ACTOR);
    const char *note = record_str(message, F_NOTE);
    if (!state_is(order, STATE_ANSWERED, "rated", outcome))
        return;
    if (!words_have(ratings, rating)) {
        outcome_refuse(outcome, "invalid", "rating", "rating is one of: %s", ratings);
        return;
    }
    if (!resident_is_told(order)) {
        outcome_refuse(outcome, "state", NULL,
                       "nobody is asked to rate it: its resident is another county's, or has taken it back");
        return;
    }
    bool handler = strncmp(actor, "member:", 7) == 0 || strncmp(actor, "department:", 11) == 0;
    if (handler || (strcmp(actor, "resident") == 0 && resident_handles(context->county, order))) {
        outcome_refuse(outcome, "forbidden", "actor", "those who handled an order do not rate it");
        return;
    }
    if (record_has(message, F_ROUND) && record_int(message, F_ROUND) != record_int(order, F_ROUND)) {
        outcome_refuse(outcome, "state", NULL, "there is another answer now: look at that one first");
        return;
    }
    bool unreachable = strcmp(rating, "unreachable") == 0;
    if (unreachable && strcmp(actor, "resident") == 0) {
        outcome_refuse(outcome, "invalid", "rating", "a resident who rates has been reached");
        return;
    }
    if (unreachable && record_len(order, F_PERSON) > 0 && record_int(order, F_TO_CALL) == 0) {
        outcome_refuse(outcome, "state", "rating",
                       "the resident is still being asked by SMS: call when that was in vain");
        return;
    }
    int64_t tries = record_int(order, F_TRIES) + 1;
    if (unreachable && tries < CALLBACK_TRIES) {
        outcome_step(outcome, "called", actor, note);
        record_set_int(outcome_changes(outcome), F_TRIES, tries);
        return;
    }
    if (record_len(order, F_FLAG) > 0) /* that was about the rating before */
        record_set(outcome_changes(outcome), F_FLAG, "");
    bool dissatisfied = strcmp(rating, "dissatisfied") == 0;
    if (dissatisfied && record_int(order, F_REOPENED) == 0) {
        record_set(outcome_changes(outcome), F_RATING, rating);
        reopen(context, order, actor, note, outcome);
    } else {
        if (unreachable)
            record_set_int(outcome_changes(outcome), F_TRIES, tries);
        outcome_step(outcome, "rated", actor, note);
        evaluate(context, order, rating, outcome);
    }
    if (dissatisfied && record_is(message, F_VIA, VIA_SMS)) /* else the order's end says so, which comes at once */
        tell_taken(message, outcome);
}

void close_order(const struct context *context, const struct record *order, const char *reason, struct outcome *outcome)
{
    char entry[CLOCK_ENTRY_SIZE];
    if (record_len(order, F_PRIMARY) == 0) /* else the primary is their work, and this one is not counted */
        change_load(context, record_str(order, F_MEMBERS), "", -1, outcome);
    record_set(outcome_changes(outcome), F_STATE, STATE_CLOSED);
    record_set_int(outcome_changes(outcome), F_CLOSED_AT, context->now);
    order_clock_entry(entry, context->order_id, "close", 0);
    outcome_zrem(outcome, CLOCKS_KEY, entry);
    struct record *notice = outcome_notify(outcome, "closed", "resident");
    if (reason)
        record_set(notice, F_REASON, reason);
}

void handle_decide(const struct context *context, const struct record *order, const struct record *message,
                   struct outcome *outcome)
{
    const char *actor = record_str(message, F_ACTOR), *reason = record_str(message, F_REASON);
    if (!state_is(order, STATE_EVALUATED, "decided", outcome))
        return;
    if (!record_is(order, F_RATING, "dissatisfied")) {
        outcome_refuse(outcome, "state", NULL, "the resident is not dissatisfied; there is nothing to decide");
    } else if (record_is(message, F_DECISION, "close")) {
        outcome_step(outcome, "decided", actor, reason);
        stop_clock(context, order, outcome);
        close_order(context, order, reason, outcome);
    } else if (record_is(message, F_DECISION, "reopen")) {
        reopen(context, order, actor, reason, outcome);
    } else {
        outcome_refuse(outcome, "invalid", "decision", "decision is close or reopen");
    }
}

void handle_ask(const struct context *context, const struct record *order, const struct record *message,
                struct outcome *outcome)
{
    ask_resident(ASSIGNMENT, context, order, message, outcome);
}

void handle_reply(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    take_answer(ASSIGNMENT, context, order, message, outcome);
}

void handle_add(const struct context *context, const struct record *order, const struct record *message,
                struct outcome *outcome)
{
    char recipients[2001];
    (void)context;
    handler_recipients(order, recipients, sizeof recipients);
    take_addition(ASSIGNMENT, recipients, order, message, outcome);
}

void after_each_step(const struct context *context, const struct record *order, struct outcome *outcome)
{
    note_seen(context, order, outcome);
    tell_merged(context, order, outcome);
}
