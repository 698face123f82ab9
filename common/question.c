/*
 * question.c - asking a resident, and what ends that; see question.h. Pure.
 */
#include "common/question.h"

#include "common/calendar.h"
#include "common/clock.h"
#include "common/joint.h"
#include "common/order.h"
#include "common/resident.h"
#include "common/text.h"

#include <stdio.h>
#include <string.h>

enum { RECIPIENTS_SIZE = 2001 }; /* as F_RECIPIENTS has room for; F_MEMBERS never fills it */

#define ASKABLE STATE_SCREENING " " STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING

static void entry_of(char entry[CLOCK_ENTRY_SIZE], const struct context *context)
{
    order_clock_entry(entry, context->order_id, CLOCK_QUESTION, 0);
}

/* Who is told of the answer: who asked; whoever has the order, for a member who has it no more; else the convener. */
static void asker(const struct context *context, const struct record *order, char ret_recipients[RECIPIENTS_SIZE])
{
    static const char *const kinds[] = {"member:", "convener:", "department:", "committee:", "office:"};
    const char *actor = record_str(order, F_ASKED_BY);
    bool has_left = strncmp(actor, "member:", 7) == 0 && !words_have(record_str(order, F_MEMBERS), actor + 7);
    size_t used = 0;
    char member[40];
    for (const char *rest = has_left ? record_str(order, F_MEMBERS) : ""; words_next(&rest, member, sizeof member);)
        used +=
            (size_t)snprintf(ret_recipients + used, RECIPIENTS_SIZE - used, "%smember:%s", used > 0 ? " " : "", member);
    for (size_t i = 0; !has_left && i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(actor, kinds[i], strlen(kinds[i])) == 0)
            used = (size_t)snprintf(ret_recipients, RECIPIENTS_SIZE, "%s", actor);
    if (used == 0)
        snprintf(ret_recipients, RECIPIENTS_SIZE, "convener:%s",
                 county_convener(context->county, record_str(order, F_TOWN))->id);
}

/* Whether this service may do that now; otherwise says who, or why not. */
static bool is_ours(enum service_id owner, const struct record *order, const char *states, struct outcome *outcome)
{
    const char *state = record_str(order, F_STATE);
    if (!words_have(states, state))
        outcome_refuse(outcome, "state", NULL, "the order is %s: nobody waits for an answer of its resident", state);
    else if (order_owner(state) != (int)owner)
        outcome_later(outcome, "the order has passed to another service");
    else
        return true;
    return false;
}

void ask_resident(enum service_id owner, const struct context *context, const struct record *order,
                  const struct record *message, struct outcome *outcome)
{
    const char *question = record_str(message, F_QUESTION), *actor = record_str(message, F_ACTOR);
    const char *member = strncmp(actor, "member:", 7) == 0 ? actor + 7 : NULL;
    char entry[CLOCK_ENTRY_SIZE];
    if (!is_ours(owner, order, ASKABLE, outcome))
        return;
    if (question[strspn(question, " \t\r\n")] == '\0') {
        outcome_refuse(outcome, "invalid", "question", "a question has words");
    } else if (member && !words_have(record_str(order, F_MEMBERS), member)) {
        outcome_refuse(outcome, "forbidden", "actor", "this member has not claimed the order");
    } else if (is_for_another(order)) {
        outcome_refuse(outcome, "state", NULL, "its resident is asked by the county that has asked for the order");
    } else if (record_int(order, F_TAKEN_BACK) == 1) {
        outcome_refuse(outcome, "state", "taken_back", "its resident has taken it back: it goes on for others");
    } else if (record_len(order, F_PERSON) == 0) {
        outcome_refuse(outcome, "no_contact", NULL, "the resident left no phone: nobody can be asked");
    } else if (record_len(order, F_QUESTION) > 0) {
        outcome_refuse(outcome, "pending", "question",
                       "the resident has been asked something and has not answered yet");
    } else {
        int64_t until = calendar_end(context->county, context->now, context->county->question, NULL);
        outcome_step(outcome, "asked", actor, question);
        record_copy(outcome_changes(outcome), message, F_QUESTION);
        record_set(outcome_changes(outcome), F_ASKED_BY, actor);
        pause_clock(context, order, outcome);
        entry_of(entry, context);
        outcome_zadd(outcome, CLOCKS_KEY, until, entry);
        await_reply(context, order, outcome);
        struct record *notice = outcome_notify(outcome, "asked", "resident");
        record_copy(notice, message, F_QUESTION);
        record_set_int(notice, F_DUE, until);
    }
}

int64_t question_end(const struct county *county, const struct record *order)
{
    int64_t asked = record_len(order, F_QUESTION) > 0 ? clock_paused_at(order) : 0;
    return asked > 0 ? calendar_end(county, asked, county->question, NULL) : 0;
}

void drop_question(const struct context *context, const struct record *order, struct outcome *outcome)
{
    char entry[CLOCK_ENTRY_SIZE];
    if (record_len(order, F_QUESTION) == 0)
        return;
    entry_of(entry, context);
    outcome_zrem(outcome, CLOCKS_KEY, entry);
    await_no_reply(context, order, outcome);
    record_set(outcome_changes(outcome), F_QUESTION, "");
    resume_clock(context, order, outcome);
}

void take_answer(enum service_id owner, const struct context *context, const struct record *order,
                 const struct record *message, struct outcome *outcome)
{
    char recipients[RECIPIENTS_SIZE];
    if (!is_ours(owner, order, ASKABLE, outcome))
        return;
    if (record_len(order, F_QUESTION) == 0) {
        outcome_refuse(outcome, "state", NULL, "nothing was asked, or it has been answered");
        return;
    }
    outcome_step(outcome, "replied", record_str(message, F_ACTOR), record_str(message, F_NOTE));
    drop_question(context, order, outcome);
    asker(context, order, recipients);
    record_copy(outcome_notify(outcome, "replied", recipients), message, F_NOTE);
    if (record_is(message, F_VIA, VIA_SMS))
        record_copy(outcome_notify(outcome, "reply_taken", "resident"), message, F_NOTE);
}

void end_question(const struct context *context, const struct record *order, struct outcome *outcome)
{
    char recipients[RECIPIENTS_SIZE];
    outcome_step(outcome, "unanswered", "clock", NULL);
    drop_question(context, order, outcome);
    asker(context, order, recipients);
    record_copy(outcome_notify(outcome, "unanswered", recipients), order, F_QUESTION);
}
