/*
 * extension.c - 督单: who handles an order asks, before it is due, for more working days to answer it; the convener
 * grants them or not. One request at a time; none outlives the clock that it is about.
 */
#include "common/order.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <stdio.h>
#include <string.h>

enum { MOST_DAYS = 30 };

void handle_extend(const struct context *context, const struct record *order, const struct record *message,
                   struct outcome *outcome)
{
    int64_t days = record_int(message, F_DAYS);
    int64_t reached = clock_is_paused(order) ? clock_paused_at(order) : context->now;
    char convener[64];
    if (!state_is(order, STATE_ASSIGNED " " STATE_CONSULTING, "extended", outcome) ||
        !may_act(order, message, outcome) || !has_reason(message, outcome))
        return;
    if (days < 1 || days > MOST_DAYS) {
        outcome_refuse(outcome, "invalid", "days", "days is a whole number of working days from 1 to %d", MOST_DAYS);
    } else if (reached >= record_int(order, F_DUE)) {
        outcome_refuse(outcome, "expired", "days",
                       "the deadline has passed: more time can be asked for before it only");
    } else if (record_int(order, F_ASKED_DAYS) > 0) {
        outcome_refuse(outcome, "pending", "days", "more time has been asked for already: the convener has to decide");
    } else {
        outcome_step(outcome, "extension_asked", record_str(message, F_ACTOR), record_str(message, F_REASON));
        record_set_int(outcome_changes(outcome), F_ASKED_DAYS, days);
        supervising_convener(context, order, convener, sizeof convener);
        struct record *notice = outcome_notify(outcome, "extension_asked", convener);
        record_copy(notice, message, F_REASON);
        record_copy(notice, message, F_DAYS);
        record_copy(notice, order, F_DUE);
    }
}

static void grant(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    static const char *const templates[] = {"extended", "extended_resident"};
    struct record *changes = outcome_changes(outcome);
    char recipients[2001];
    record_set_int(changes, F_EXTENDED, record_int(order, F_EXTENDED) + record_int(order, F_ASKED_DAYS));
    outcome_step(outcome, "extension_granted", record_str(message, F_ACTOR), record_str(message, F_REASON));
    move_clock(context, order, outcome);
    handler_recipients(order, recipients, sizeof recipients);
    for (int i = 0; i < 2; i++) {
        struct record *notice = outcome_notify(outcome, templates[i], i == 0 ? recipients : "resident");
        record_copy(notice, message, F_REASON);
        record_copy(notice, changes, F_DUE);
    }
}

void handle_extend_decide(const struct context *context, const struct record *order, const struct record *message,
                          struct outcome *outcome)
{
    bool granted = record_is(message, F_DECISION, "grant");
    char recipients[2001];
    if (record_int(order, F_ASKED_DAYS) == 0) {
        outcome_refuse(outcome, "state", NULL, "nobody has asked for more time; there is nothing to decide");
        return;
    }
    if (strncmp(record_str(message, F_ACTOR), "member:", 7) == 0) {
        outcome_refuse(outcome, "forbidden", "actor", "those who handle an order do not decide about its extension");
        return;
    }
    if (!granted && !record_is(message, F_DECISION, "refuse")) {
        outcome_refuse(outcome, "invalid", "decision", "decision is grant or refuse");
        return;
    }
    if (!has_reason(message, outcome))
        return;
    record_set_int(outcome_changes(outcome), F_ASKED_DAYS, 0);
    if (granted) {
        grant(context, order, message, outcome);
        return;
    }
    outcome_step(outcome, "extension_refused", record_str(message, F_ACTOR), record_str(message, F_REASON));
    handler_recipients(order, recipients, sizeof recipients);
    struct record *notice = outcome_notify(outcome, "extension_refused", recipients);
    record_copy(notice, message, F_REASON);
    record_copy(notice, order, F_DUE);
}
