/*
 * meetings.c - 解单: 协商会, called by somebody who has its matter, answered by those who are invited, held, closed.
 *
 * A meeting is a matter of its own, with a number, versions and steps like an order. Whom a step is about is named in
 * it (F_WHO): so who excused themselves with a reason can be told from who did not answer or did not come, and who
 * signed in by the QR code (F_VIA) from whom somebody else entered by hand.
 *
 * All others who are invited are told about the meeting. Its orders' residents are known to their orders alone, so they
 * are told about these: nobody needs their phone, and they answer by a link.
 *
 * A meeting has a clock, too: from its beginning until it is held, and from then on until it is closed. Two rungs of
 * the ladder sound: its host, then the convener, or the office where that is the host.
 */
#include "common/calendar.h"
#include "common/contact.h"
#include "common/order.h"
#include "common/resident.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <stdio.h>
#include <string.h>

enum {
    LIST_SIZE = 4001,
    NAME_SIZE = 64,
    TOGETHER = 10, /* who are told by one notice; each may have an SMS, a mail and chats */
};

static bool is_kind(const char *name, const char *kind, const char **ret_id)
{
    size_t length = strlen(kind);
    *ret_id = name + length;
    return strncmp(name, kind, length) == 0;
}

/* -- who is invited ---------------------------------------------------------------------------------------------- */

/* Of somebody who may be invited by name; "" of anybody else. */
static const char *phone_of(const struct county *county, const char *who)
{
    static const char invited[] = "member convener department committee";
    struct roster_entry entry;
    const char *id;
    for (size_t i = 0; county_roster(county, i, &entry); i++)
        if (is_kind(who, entry.kind, &id) && *id == ':' && strcmp(id + 1, entry.id) == 0 &&
            words_have(invited, entry.kind))
            return entry.phone;
    return "";
}

/* A reply from their phones is waited for, or not any more. */
static void await_replies(const struct context *context, const char *people, bool waits, struct outcome *outcome)
{
    char who[NAME_SIZE], person[VAULT_DIGEST_SIZE], key[ASKED_KEY_SIZE];
    while (words_next(&people, who, sizeof who)) {
        const char *phone = phone_of(context->county, who);
        if (!*phone)
            continue;
        contact_person(context->county->vault, phone, person);
        asked_key(key, person);
        if (waits)
            outcome_zadd(outcome, key, context->now, context->order_id);
        else
            outcome_zrem(outcome, key, context->order_id);
    }
}

static bool add(const char *who, char *invited, char *fresh)
{
    return words_have(invited, who) || (words_append(invited, LIST_SIZE, who) && words_append(fresh, LIST_SIZE, who));
}

static bool add_group(const struct county *county, const char *group, char *invited, char *fresh)
{
    char who[NAME_SIZE];
    bool any = false;
    for (size_t i = 0; i < county->member_count; i++) {
        if (strcmp(county->members[i].group, group) != 0)
            continue;
        snprintf(who, sizeof who, "member:%s", county->members[i].id);
        if (!add(who, invited, fresh))
            return false;
        any = true;
    }
    return any;
}

static bool add_named(const struct county *county, const char *about, const char *who, char *invited, char *fresh)
{
    const char *id;
    if (is_kind(who, "group:", &id))
        return add_group(county, id, invited, fresh);
    bool known = is_kind(who, "resident:", &id) ? words_have(about, id) : *phone_of(county, who) != '\0';
    return known && add(who, invited, fresh);
}

/* Adds those whom `given` names to the invited; ret_fresh: who they are. False after refusing. */
static bool invite(const struct context *context, const char *about, const char *given, char invited[LIST_SIZE],
                   char ret_fresh[LIST_SIZE], struct outcome *outcome)
{
    char who[NAME_SIZE];
    ret_fresh[0] = '\0';
    while (words_next(&given, who, sizeof who))
        if (!add_named(context->county, about, who, invited, ret_fresh)) {
            outcome_refuse(
                outcome, "invalid", "invited",
                "invited are member:ID, group:ID, convener:ID, department:ID, committee:ID of the county and "
                "resident:NUMBER of the orders that the meeting is about, as many as fit");
            return false;
        }
    return true;
}

/* -- telling ----------------------------------------------------------------------------------------------------- */

/* What a resident is told, about their order; the meeting as it is after this step. */
static void tell_resident(const struct context *context, const struct record *meeting, const char *template,
                          const char *order, struct outcome *outcome)
{
    static const enum field told[] = {F_TITLE, F_PLACE, F_MEETS_AT, F_REASON};
    struct record *notice = outcome_send_about(outcome, MSG_NOTIFY, order, false);
    record_set(notice, F_TEMPLATE, template);
    record_set(notice, F_RECIPIENTS, "resident");
    record_set(notice, F_MEETING, context->order_id);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        record_copy(notice, meeting, told[i]);
}

static void tell_some(const struct record *meeting, const char *template, const char *people, struct outcome *outcome)
{
    struct record *notice = outcome_notify(outcome, template, people);
    record_copy(notice, meeting, F_MEETS_AT);
    record_copy(notice, meeting, F_REASON);
}

static void tell(const struct context *context, const struct record *order, const char *template, const char *people,
                 struct outcome *outcome)
{
    RECORD *meeting = record_new();
    char who[NAME_SIZE], some[TOGETHER * NAME_SIZE] = "";
    const char *id;
    size_t count = 0;
    record_copy_all(meeting, order);
    record_unset(meeting, F_REASON); /* that was one of an earlier step */
    record_copy_all(meeting, outcome_changes(outcome));
    while (words_next(&people, who, sizeof who)) {
        if (is_kind(who, "resident:", &id)) {
            tell_resident(context, meeting, template, id, outcome);
            continue;
        }
        words_append(some, sizeof some, who);
        if (++count % TOGETHER == 0) {
            tell_some(meeting, template, some, outcome);
            some[0] = '\0';
        }
    }
    if (*some)
        tell_some(meeting, template, some, outcome);
}

/* -- reminding, and the clock -------------------------------------------------------------------------------------- */

int64_t meeting_reminder_at(const struct county *county, const struct record *meeting)
{
    return calendar_workday_before(county, record_int(meeting, F_MEETS_AT));
}

static void end_reminder(const struct context *context, struct outcome *outcome)
{
    char entry[CLOCK_ENTRY_SIZE];
    order_clock_entry(entry, context->order_id, CLOCK_MEETING, 0);
    outcome_zrem(outcome, CLOCKS_KEY, entry);
}

/* All have been told: what is left is to hold it. That its clock runs says that they were. */
static void await_holding(const struct context *context, const struct record *meeting, int64_t meets_at,
                          struct outcome *outcome)
{
    end_reminder(context, outcome);
    start_clock_at(context, meeting, CLOCK_CONCLUDE, meets_at, outcome);
}

/* On the working day before; who hears of it later than that has just been told. */
static void set_reminder(const struct context *context, const struct record *meeting, int64_t meets_at,
                         struct outcome *outcome)
{
    char entry[CLOCK_ENTRY_SIZE];
    int64_t at = calendar_workday_before(context->county, meets_at);
    if (at <= context->now) {
        await_holding(context, meeting, meets_at, outcome);
        return;
    }
    order_clock_entry(entry, context->order_id, CLOCK_MEETING, 0);
    stop_clock(context, meeting, outcome);
    outcome_zadd(outcome, CLOCKS_KEY, at, entry);
}

/* Those who have not excused themselves. */
static void likely(const struct record *meeting, char people[LIST_SIZE])
{
    const char *invited = record_str(meeting, F_INVITED);
    char who[NAME_SIZE];
    people[0] = '\0';
    while (words_next(&invited, who, sizeof who))
        if (!words_have(record_str(meeting, F_EXCUSED), who))
            words_append(people, LIST_SIZE, who);
}

void meeting_remind(const struct context *context, const struct record *meeting, struct outcome *outcome)
{
    char people[LIST_SIZE];
    if (!record_is(meeting, F_STATE, STATE_CALLED) || record_len(meeting, F_CLOCK) > 0) {
        end_reminder(context, outcome);
        return;
    }
    outcome_step(outcome, "reminded", "clock", CLOCK_MEETING);
    await_holding(context, meeting, record_int(meeting, F_MEETS_AT), outcome);
    likely(meeting, people);
    tell(context, meeting, "meeting_reminder", people, outcome);
}

void meeting_rung(const struct context *context, const struct record *meeting, int64_t rung, char *ret_recipients,
                  size_t size)
{
    const char *host = record_str(meeting, F_HOST), *key;
    char convener[NAME_SIZE];
    supervising_convener(context, meeting, convener, sizeof convener);
    bool has_phone = !is_kind(host, "key:", &key);
    if (rung == RUNG_HANDLERS && has_phone)
        snprintf(ret_recipients, size, "%s", host);
    else if (rung == RUNG_HANDLERS || (has_phone && strcmp(host, convener) != 0))
        snprintf(ret_recipients, size, "%s", convener);
    else
        snprintf(ret_recipients, size, "office");
}

/* -- calling ----------------------------------------------------------------------------------------------------- */

/* Whether a meeting may begin then; otherwise refuses. */
static bool is_ahead(const struct context *context, const struct record *message, struct outcome *outcome)
{
    if (record_int(message, F_MEETS_AT) > context->now)
        return true;
    outcome_refuse(outcome, "invalid", "meets_at", "a meeting is called for a time that is still to come");
    return false;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* Whether the message is one that a meeting can be made of; otherwise refuses. */
static bool is_callable(const struct context *context, const struct record *message, struct outcome *outcome)
{
    static const char kinds[] = "micro topic online"; /* 微协商, 专题协商, 网络协商 */
    static const enum field worded[] = {F_TITLE, F_PLACE};
    for (size_t i = 0; i < sizeof worded / sizeof *worded; i++)
        if (is_blank(record_str(message, worded[i]))) {
            outcome_refuse(outcome, "invalid", field_info(worded[i])->name,
                           "say what is to be consulted about, and where: a place or a link");
            return false;
        }
    if (!words_have(kinds, record_str(message, F_KIND))) {
        outcome_refuse(outcome, "invalid", "kind", "kind is one of: %s", kinds);
        return false;
    }
    return is_ahead(context, message, outcome);
}

void handle_call_meeting(const struct context *context, const struct record *order, const struct record *message,
                         struct outcome *outcome)
{
    static const enum field given[] = {F_KIND, F_TITLE, F_PLACE, F_MEETS_AT, F_ABOUT, F_GROUP, F_TOWN};
    const char *host = record_str(message, F_ACTOR);
    char invited[LIST_SIZE] = "", fresh[LIST_SIZE];
    if (!may_be_made(context, order, MATTER_MEETING, outcome))
        return;
    if (*phone_of(context->county, host)) /* is there without being asked */
        words_append(invited, sizeof invited, host);
    if (!is_callable(context, message, outcome) ||
        !invite(context, record_str(message, F_ABOUT), record_str(message, F_INVITED), invited, fresh, outcome))
        return;
    struct record *changes = outcome_changes(outcome);
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        record_copy(changes, message, given[i]);
    record_set(changes, F_ORDER, context->order_id);
    record_set(changes, F_STATE, STATE_CALLED);
    record_set(changes, F_HOST, host);
    record_set(changes, F_INVITED, invited);
    record_set(changes, F_COMING, words_have(invited, host) ? host : "");
    record_set(changes, F_EXCUSED, "");
    record_set(changes, F_PRESENT, "");
    record_set_int(changes, F_PLACED_AT, context->now);
    outcome_step(outcome, "called", host, NULL);
    set_reminder(context, order, record_int(message, F_MEETS_AT), outcome);
    await_replies(context, fresh, true, outcome);
    tell(context, order, "meeting_invited", fresh, outcome);
}

void handle_invite(const struct context *context, const struct record *meeting, const struct record *message,
                   struct outcome *outcome)
{
    char invited[LIST_SIZE], fresh[LIST_SIZE];
    if (!state_is(meeting, STATE_CALLED, "added to", outcome))
        return;
    snprintf(invited, sizeof invited, "%s", record_str(meeting, F_INVITED));
    if (!invite(context, record_str(meeting, F_ABOUT), record_str(message, F_INVITED), invited, fresh, outcome) ||
        !*fresh)
        return;
    record_set(outcome_changes(outcome), F_INVITED, invited);
    outcome_step(outcome, "invited", record_str(message, F_ACTOR), NULL);
    await_replies(context, fresh, true, outcome);
    tell(context, meeting, "meeting_invited", fresh, outcome);
}

/* -- answers ----------------------------------------------------------------------------------------------------- */

static bool is_invited(const struct record *meeting, const struct record *message, struct outcome *outcome)
{
    if (words_have(record_str(meeting, F_INVITED), record_str(message, F_WHO)))
        return true;
    outcome_refuse(outcome, "invalid", "who", "this one is not on the list of those who are invited");
    return false;
}

/* Sets one of the lists to itself with or without somebody. */
static void put(const struct record *meeting, enum field list, const char *who, bool in, struct outcome *outcome)
{
    char people[LIST_SIZE];
    snprintf(people, sizeof people, "%s", record_str(meeting, list));
    words_remove(people, who);
    if (in)
        words_append(people, sizeof people, who);
    record_set(outcome_changes(outcome), list, people);
}

void handle_answer_invitation(const struct context *context, const struct record *meeting, const struct record *message,
                              struct outcome *outcome)
{
    const char *who = record_str(message, F_WHO);
    bool comes = record_is(message, F_REPLY, "comes"), excused = record_is(message, F_REPLY, "excused");
    (void)context;
    if (!state_is(meeting, STATE_CALLED, "answered", outcome) || !is_invited(meeting, message, outcome))
        return;
    if (!comes && !excused) {
        outcome_refuse(outcome, "invalid", "reply", "reply is comes or excused");
        return;
    }
    if ((excused && !has_reason(message, outcome)) || (comes && words_have(record_str(meeting, F_COMING), who)))
        return; /* or it is known */
    put(meeting, F_COMING, who, comes, outcome);
    put(meeting, F_EXCUSED, who, excused, outcome);
    record_set(outcome_changes(outcome), F_WHO, who);
    record_copy(outcome_changes(outcome), message, F_REPLY);
    /* Why is a note: for those who lead the meeting, not for all who are invited. */
    outcome_step(outcome, "invitation_answered", record_str(message, F_ACTOR), record_str(message, F_REASON));
    if (record_is(message, F_VIA, VIA_SMS)) {
        struct record *notice = outcome_notify(outcome, "meeting_taken", who);
        record_copy(notice, message, F_REPLY);
        record_copy(notice, meeting, F_MEETS_AT);
    }
}

/* -- another time, or not at all --------------------------------------------------------------------------------- */

void handle_move_meeting(const struct context *context, const struct record *meeting, const struct record *message,
                         struct outcome *outcome)
{
    const char *invited = record_str(meeting, F_INVITED), *host = record_str(meeting, F_HOST);
    char others[LIST_SIZE];
    if (!state_is(meeting, STATE_CALLED, "moved", outcome) || !has_reason(message, outcome) ||
        !is_ahead(context, message, outcome))
        return;
    struct record *changes = outcome_changes(outcome);
    record_copy(changes, message, F_MEETS_AT);
    record_copy(changes, message, F_REASON);
    if (!is_blank(record_str(message, F_PLACE)))
        record_copy(changes, message, F_PLACE);
    record_set(changes, F_COMING, words_have(invited, host) ? host : "");
    record_set(changes, F_EXCUSED, "");
    outcome_step(outcome, "moved", record_str(message, F_ACTOR), NULL);
    set_reminder(context, meeting, record_int(message, F_MEETS_AT), outcome);
    snprintf(others, sizeof others, "%s", invited);
    words_remove(others, host);
    await_replies(context, others, true, outcome);
    tell(context, meeting, "meeting_moved", others, outcome);
}

void handle_cancel_meeting(const struct context *context, const struct record *meeting, const struct record *message,
                           struct outcome *outcome)
{
    const char *invited = record_str(meeting, F_INVITED);
    if (!state_is(meeting, STATE_CALLED, "cancelled", outcome) || !has_reason(message, outcome))
        return;
    record_set(outcome_changes(outcome), F_STATE, STATE_CANCELLED);
    record_copy(outcome_changes(outcome), message, F_REASON);
    record_set_int(outcome_changes(outcome), F_CLOSED_AT, context->now);
    outcome_step(outcome, "cancelled", record_str(message, F_ACTOR), NULL);
    end_reminder(context, outcome);
    stop_clock(context, meeting, outcome);
    await_replies(context, invited, false, outcome);
    tell(context, meeting, "meeting_cancelled", invited, outcome);
}

/* -- the meeting itself ------------------------------------------------------------------------------------------ */

/* Whether it is about to begin; otherwise refuses. */
static bool is_near(const struct context *context, const struct record *meeting, struct outcome *outcome)
{
    if (context->now >= record_int(meeting, F_MEETS_AT) - MEETING_OPENS_MS)
        return true;
    outcome_refuse(outcome, "state", "meets_at", "that can be done from half an hour before the meeting on");
    return false;
}

void handle_attend(const struct context *context, const struct record *meeting, const struct record *message,
                   struct outcome *outcome)
{
    const char *who = record_str(message, F_WHO);
    if (!state_is(meeting, STATE_CALLED " " STATE_HELD, "signed in at", outcome) ||
        !is_near(context, meeting, outcome) || !is_invited(meeting, message, outcome) ||
        words_have(record_str(meeting, F_PRESENT), who)) /* once is enough */
        return;
    put(meeting, F_PRESENT, who, true, outcome);
    record_set(outcome_changes(outcome), F_WHO, who);
    outcome_step(outcome, "signed_in", record_str(message, F_ACTOR), NULL);
}

void handle_hold_meeting(const struct context *context, const struct record *meeting, const struct record *message,
                         struct outcome *outcome)
{
    if (!state_is(meeting, STATE_CALLED " " STATE_HELD, "held", outcome) || !is_near(context, meeting, outcome))
        return;
    if (is_blank(record_str(message, F_MINUTES))) {
        outcome_refuse(outcome, "invalid", "minutes", "minutes say what was consulted about and agreed on");
        return;
    }
    record_set(outcome_changes(outcome), F_STATE, STATE_HELD);
    record_copy(outcome_changes(outcome), message, F_MINUTES);
    const char *host = record_str(meeting, F_HOST);
    if (words_have(record_str(meeting, F_INVITED), host) && !words_have(record_str(meeting, F_EXCUSED), host))
        put(meeting, F_PRESENT, host, true, outcome); /* who leads it is there without signing in */
    outcome_step(outcome, "held", record_str(message, F_ACTOR), record_str(message, F_NOTE));
    if (record_is(meeting, F_STATE, STATE_HELD))
        return; /* other minutes than before */
    end_reminder(context, outcome);
    start_clock(context, meeting, CLOCK_CONCLUDE, outcome);
    await_replies(context, record_str(meeting, F_INVITED), false, outcome);
}

void handle_close_meeting(const struct context *context, const struct record *meeting, const struct record *message,
                          struct outcome *outcome)
{
    if (!state_is(meeting, STATE_HELD, "closed", outcome))
        return;
    record_set(outcome_changes(outcome), F_STATE, STATE_CLOSED);
    record_set_int(outcome_changes(outcome), F_CLOSED_AT, context->now);
    stop_clock(context, meeting, outcome);
    outcome_step(outcome, "closed", record_str(message, F_ACTOR), record_str(message, F_NOTE));
    attendance_of_meeting(context, meeting, outcome);
}
