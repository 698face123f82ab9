/*
 * departments.c - 交办: an order is handed over to departments, of which one leads and others assist; and their
 * objections. All are told, the leading one answers.
 *
 * A department may object within one working day, with its reason; the convener rules whether it stays there or goes to
 * another one. That settles it: about this department and this order nobody objects again. Until then the order is not
 * handed over anew. Handed over to the same departments again it gives them no other working day; where one comes to
 * it, all may object to how it is divided now. An answer ends the objection.
 * Whoever has it may reply in writing (书面答复), for the members to use in their answer.
 */
#include "common/order.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <stdio.h>
#include <string.h>

#define HANDED STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING
static const struct span objection_time = {.working_days = 1};

static bool is_department(const struct context *context, const char *id, const char *field, struct outcome *outcome)
{
    if (county_department(context->county, id))
        return true;
    outcome_refuse(outcome, "invalid", field, "department \"%s\" is not configured in this county", id);
    return false;
}

/* Departments that assist: they are there, each once, and none of them leads. */
static bool may_assist(const struct context *context, const char *assisting, const char *leading,
                       struct outcome *outcome)
{
    char id[40];
    for (const char *rest = assisting; words_next(&rest, id, sizeof id);) {
        if (!is_department(context, id, "assisting", outcome))
            return false;
        if (strcmp(id, leading) == 0 || words_have(rest, id)) {
            outcome_refuse(outcome, "invalid", "assisting", "department \"%s\" is named twice", id);
            return false;
        }
    }
    return true;
}

/* Tells departments that they have the order now, as one that leads or as ones that assist. */
static void tell_departments(const struct record *order, const char *template, const char *told, const char *leading,
                             const char *note, struct outcome *outcome)
{
    char recipients[2001] = "";
    append_recipients("department", told, recipients, sizeof recipients);
    struct record *notice = outcome_notify(outcome, template, recipients);
    record_set_int(notice, F_DUE, record_is(order, F_STATE, STATE_OPEN) ? 0 : record_int(order, F_DUE)); /* members' */
    record_set(notice, F_DEPARTMENT, leading);
    if (*note)
        record_set(notice, F_NOTE, note);
}

/* Whether all of them have the order already, leading or assisting. */
static bool have_it(const struct record *order, const char *departments)
{
    char id[40];
    while (words_next(&departments, id, sizeof id))
        if (!record_is(order, F_DEPARTMENT, id) && !words_have(record_str(order, F_ASSISTING), id))
            return false;
    return record_int(order, F_HANDED_AT) > 0;
}

/* Whether it has the order still, or its phone is that of one that has. */
static bool is_among(const struct county *county, const char *id, const char *departments)
{
    const struct office *department = county_department(county, id);
    char other[40];
    while (words_next(&departments, other, sizeof other)) {
        const struct office *one = county_department(county, other);
        if (strcmp(other, id) == 0 || (department && one && strcmp(department->phone, one->phone) == 0))
            return true;
    }
    return false;
}

/* Who led or assisted, and does neither any more. */
static void tell_former(const struct context *context, const struct record *order, const char *leading,
                        const char *assisting, struct outcome *outcome)
{
    char before[401], after[401], id[40], recipients[2001] = "";
    const char *rest = before;
    if (record_int(order, F_HANDED_AT) == 0)
        return;
    snprintf(before, sizeof before, "%s %s", record_str(order, F_DEPARTMENT), record_str(order, F_ASSISTING));
    snprintf(after, sizeof after, "%s %s", leading, assisting);
    while (words_next(&rest, id, sizeof id))
        if (!is_among(context->county, id, after))
            append_recipients("department", id, recipients, sizeof recipients);
    if (*recipients)
        outcome_notify(outcome, "passed_on", recipients);
}

/* The convener need not wait for members: then the order stays open for them. */
void handle_handover(const struct context *context, const struct record *order, const struct record *message,
                     struct outcome *outcome)
{
    const char *department = record_str(message, F_DEPARTMENT), *assisting = record_str(message, F_ASSISTING);
    const char *note = record_str(message, F_NOTE);
    struct record *changes = outcome_changes(outcome);
    if (!state_is(order, HANDED, "handed over", outcome) || !may_act(order, message, outcome) ||
        !is_department(context, department, "department", outcome) ||
        !may_assist(context, assisting, department, outcome))
        return;
    if (record_len(order, F_OBJECTED) > 0) {
        outcome_refuse(outcome, "pending", "department", "an objection waits for the convener's ruling");
        return;
    }
    outcome_step(outcome, "handed_over", record_str(message, F_ACTOR), note);
    if (!record_is(order, F_STATE, STATE_OPEN))
        record_set(changes, F_STATE, STATE_CONSULTING);
    record_set(changes, F_DEPARTMENT, department);
    if (!record_is(order, F_ASSISTING, assisting))
        record_set(changes, F_ASSISTING, assisting);
    if (!have_it(order, department) || !have_it(order, assisting))
        record_set_int(changes, F_HANDED_AT, context->now);
    tell_departments(order, "handed_over", department, department, note, outcome);
    tell_departments(order, "assisting", assisting, department, note, outcome);
    tell_former(context, order, department, assisting, outcome);
}

void handle_object(const struct context *context, const struct record *order, const struct record *message,
                   struct outcome *outcome)
{
    const char *actor = record_str(message, F_ACTOR);
    const char *department = strncmp(actor, "department:", 11) == 0 ? actor + 11 : "";
    int64_t handed = record_int(order, F_HANDED_AT);
    char convener[64];
    if (!state_is(order, HANDED, "objected to", outcome) || !has_reason(message, outcome))
        return;
    if (handed == 0 || !*department ||
        (!record_is(order, F_DEPARTMENT, department) && !words_have(record_str(order, F_ASSISTING), department))) {
        outcome_refuse(outcome, "forbidden", "department", "a department objects to what was handed over to it");
    } else if (words_have(record_str(order, F_RULED), department)) {
        outcome_refuse(outcome, "settled", NULL, "the convener has ruled about this department: that settles it");
    } else if (record_len(order, F_OBJECTED) > 0) {
        outcome_refuse(outcome, "pending", "department", "an objection waits for the convener's ruling");
    } else if (context->now > calendar_end(context->county, handed, objection_time, NULL)) {
        outcome_refuse(outcome, "expired", "department", "an objection is raised within one working day");
    } else {
        outcome_step(outcome, "objected", actor, record_str(message, F_REASON));
        record_set(outcome_changes(outcome), F_OBJECTED, department);
        supervising_convener(context, order, convener, sizeof convener);
        struct record *notice = outcome_notify(outcome, "objection", convener);
        record_set(notice, F_DEPARTMENT, department);
        record_copy(notice, message, F_REASON);
    }
}

void drop_objection(const struct record *order, struct outcome *outcome)
{
    if (record_len(order, F_OBJECTED) > 0)
        record_set(outcome_changes(outcome), F_OBJECTED, "");
}

/* The order goes from one department to another, in the same part. Who handles it hears of it. */
static void move_department(const struct context *context, const struct record *order, const struct record *message,
                            struct outcome *outcome)
{
    const char *from = record_str(order, F_OBJECTED), *to = record_str(message, F_DEPARTMENT);
    bool leads = record_is(order, F_DEPARTMENT, from);
    struct record *changes = outcome_changes(outcome);
    char recipients[2001] = "";
    if (leads) {
        record_set(changes, F_DEPARTMENT, to);
    } else {
        char assisting[201];
        snprintf(assisting, sizeof assisting, "%s", record_str(order, F_ASSISTING));
        words_remove(assisting, from);
        words_append(assisting, sizeof assisting, to);
        record_set(changes, F_ASSISTING, assisting);
    }
    record_set_int(changes, F_HANDED_AT, context->now);
    outcome_step(outcome, "objection_granted", record_str(message, F_ACTOR), record_str(message, F_REASON));
    append_recipients("department", from, recipients, sizeof recipients);
    append_recipients("member", record_str(order, F_MEMBERS), recipients, sizeof recipients);
    struct record *notice = outcome_notify(outcome, "objection_granted", recipients);
    record_set(notice, F_DEPARTMENT, to);
    record_copy(notice, message, F_REASON);
    tell_departments(order, leads ? "handed_over" : "assisting", to, leads ? to : record_str(order, F_DEPARTMENT),
                     record_str(message, F_REASON), outcome);
}

void handle_rule(const struct context *context, const struct record *order, const struct record *message,
                 struct outcome *outcome)
{
    const char *objected = record_str(order, F_OBJECTED), *to = record_str(message, F_DEPARTMENT);
    bool moves = record_is(message, F_DECISION, "move");
    char ruled[201], recipient[64];
    if (!*objected) {
        outcome_refuse(outcome, "state", NULL, "no department objects; there is nothing to rule");
        return;
    }
    if (!moves && !record_is(message, F_DECISION, "stay")) {
        outcome_refuse(outcome, "invalid", "decision", "decision is stay or move");
        return;
    }
    if (!has_reason(message, outcome) || (moves && !is_department(context, to, "department", outcome)))
        return;
    if (moves && (record_is(order, F_DEPARTMENT, to) || words_have(record_str(order, F_ASSISTING), to))) {
        outcome_refuse(outcome, "invalid", "department", "department \"%s\" has the order already", to);
        return;
    }
    snprintf(ruled, sizeof ruled, "%s", record_str(order, F_RULED));
    words_append(ruled, sizeof ruled, objected);
    record_set(outcome_changes(outcome), F_RULED, ruled);
    record_set(outcome_changes(outcome), F_OBJECTED, "");
    if (moves) {
        move_department(context, order, message, outcome);
        return;
    }
    outcome_step(outcome, "objection_refused", record_str(message, F_ACTOR), record_str(message, F_REASON));
    snprintf(recipient, sizeof recipient, "department:%s", objected);
    record_copy(outcome_notify(outcome, "objection_refused", recipient), message, F_REASON);
}

/* The words are a note for those who handle the order; its resident sees them only where they are marked for that. */
void handle_respond(const struct context *context, const struct record *order, const struct record *message,
                    struct outcome *outcome)
{
    const char *actor = record_str(message, F_ACTOR), *note = record_str(message, F_NOTE);
    const char *department = strncmp(actor, "department:", 11) == 0 ? actor + 11 : "";
    char recipients[2001];
    (void)context;
    if (!state_is(order, HANDED, "replied about", outcome))
        return;
    if (note[strspn(note, " \t\r\n")] == '\0') {
        outcome_refuse(outcome, "invalid", "note", "a reply has words");
        return;
    }
    if (record_int(order, F_HANDED_AT) == 0 || !*department ||
        !(record_is(order, F_DEPARTMENT, department) || words_have(record_str(order, F_ASSISTING), department))) {
        outcome_refuse(outcome, "forbidden", "actor", "the order was not handed over to this department");
        return;
    }
    outcome_step(outcome, "responded", actor, note);
    if (record_int(message, F_SHOWN) == 1)
        record_set(outcome_changes(outcome), F_WRITTEN, note);
    else
        record_set(outcome_changes(outcome), F_STATE, record_str(order, F_STATE));
    member_recipients(record_str(order, F_MEMBERS), recipients, sizeof recipients);
    if (*recipients)
        record_set(outcome_notify(outcome, "responded", recipients), F_DEPARTMENT, department);
}
