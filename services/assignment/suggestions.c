/*
 * suggestions.c - 督单: 建言 and what else is followed until it is settled: what an order's answer promised by a date
 * (承诺), and what was passed to democratic supervision (民主监督).
 *
 * A suggestion is a matter of its own, addressed to a department or a committee. Whoever is addressed says what became
 * of it; those who raised it, or the committee, settle it: nobody settles what they had to do themselves. What is
 * adopted is re-checked after a time (跟踪问效): not kept, it is followed again. It is struck off the list (销号) when
 * it is settled and, if it was adopted, found kept. Two rungs of the ladder sound while it is overdue: who has it, then
 * the committee; of a committee's own the chair.
 */
#include "common/order.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <stdio.h>
#include <string.h>

#define KIND_OPINION "opinion"
#define KIND_SUPERVISION "supervision"
#define KIND_PROMISE "promise"

#define PROMISE_MAX_MS (INT64_C(5) * 366 * 86400000) /* a deadline is counted day by day */

enum { PEOPLE_SIZE = 2001, MOST_DAYS = 30 };

static const char results[] = "adopted partly not";

static const char *committee_of(const struct county *county, const struct record *matter)
{
    const struct member_group *group = county_group(county, record_str(matter, F_GROUP));
    return group ? group->committee : "";
}

static void append(char people[PEOPLE_SIZE], const char *kind, const char *id)
{
    char who[64];
    snprintf(who, sizeof who, "%s:%s", kind, id);
    if (*id && !words_have(people, who))
        words_append(people, PEOPLE_SIZE, who);
}

/* Who has to do something about it. */
static void addressees(const struct record *suggestion, char people[PEOPLE_SIZE])
{
    people[0] = '\0';
    append(people, "department", record_str(suggestion, F_DEPARTMENT));
    append(people, "committee", record_str(suggestion, F_COMMITTEE));
}

/* Who sees to it that they do: the members who raised it, else the committee of its group, else the one it is with. */
static void followers(const struct county *county, const struct record *suggestion, char people[PEOPLE_SIZE])
{
    member_recipients(record_str(suggestion, F_MEMBERS), people, PEOPLE_SIZE);
    if (!*people)
        append(people, "committee", committee_of(county, suggestion));
    if (!*people)
        append(people, "committee", record_str(suggestion, F_COMMITTEE));
}

/*
 * Who settles it: those who raised it; what was promised or passed to supervision, the committee, else the office. What
 * a committee was asked for itself by nobody's member is the office's to settle.
 */
static void judges(const struct county *county, const struct record *suggestion, char people[PEOPLE_SIZE])
{
    const char *committee = committee_of(county, suggestion);
    bool opinion = record_is(suggestion, F_KIND, KIND_OPINION);
    people[0] = '\0';
    if (opinion)
        member_recipients(record_str(suggestion, F_MEMBERS), people, PEOPLE_SIZE);
    if (!*people && !(opinion && record_is(suggestion, F_COMMITTEE, committee)))
        append(people, "committee", committee);
    if (!*people)
        words_append(people, PEOPLE_SIZE, "office");
}

void suggestion_rung(const struct county *county, const struct record *suggestion, int64_t rung, char *ret_recipients,
                     size_t size)
{
    char people[PEOPLE_SIZE], owners[PEOPLE_SIZE];
    const char *committee = committee_of(county, suggestion);
    addressees(suggestion, owners);
    people[0] = '\0';
    if (rung == RUNG_HANDLERS) {
        member_recipients(record_str(suggestion, F_MEMBERS), people, sizeof people);
        if (!*people)
            judges(county, suggestion, people);
        if (!*owners)
            judges(county, suggestion, owners);
        bool same = strcmp(owners, people) == 0;
        snprintf(ret_recipients, size, "%s%s%s", owners, same ? "" : " ", same ? "" : people);
        return;
    }
    append(people, "committee", committee);
    snprintf(ret_recipients, size, "%s", *people && !words_have(owners, people) ? people : "chair");
}

/* -- raised ------------------------------------------------------------------------------------------------------ */

/* It begins, as the message says. */
static void begin(const struct context *context, const struct record *message, const char *kind, const char *members,
                  struct outcome *outcome)
{
    static const enum field given[] = {F_TITLE,     F_TEXT,     F_ABOUT, F_MEETING, F_DEPARTMENT,
                                       F_COMMITTEE, F_CATEGORY, F_GROUP, F_TOWN,    F_PROMISED_AT};
    struct record *changes = outcome_changes(outcome);
    RECORD *nothing = record_new();
    char people[PEOPLE_SIZE];
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        record_copy(changes, message, given[i]);
    record_set(changes, F_ORDER, context->order_id);
    record_set(changes, F_STATE, STATE_FOLLOWED);
    record_set(changes, F_KIND, kind);
    record_set(changes, F_HOST, record_str(message, F_ACTOR));
    record_set(changes, F_MEMBERS, members);
    record_set_int(changes, F_PLACED_AT, context->now);
    if (record_len(message, F_DEPARTMENT) > 0)
        record_set_int(changes, F_HANDED_AT, context->now);
    outcome_step(outcome, "raised", record_str(message, F_ACTOR), NULL);
    start_clock(context, nothing, CLOCK_FOLLOW, outcome);
    addressees(changes, people);
    if (!*people) /* of a group without a committee */
        judges(context->county, changes, people);
    record_copy(outcome_notify(outcome, "suggestion_raised", people), changes, F_DUE);
}

/* Whether it is addressed to one department or one committee of the county; otherwise refuses. */
static bool is_addressed(const struct county *county, const struct record *message, struct outcome *outcome)
{
    bool department = county_department(county, record_str(message, F_DEPARTMENT));
    bool committee = county_committee(county, record_str(message, F_COMMITTEE));
    bool both = record_len(message, F_DEPARTMENT) > 0 && record_len(message, F_COMMITTEE) > 0;
    if (!both && (department || committee))
        return true;
    outcome_refuse(outcome, "invalid", "committee",
                   "a suggestion is addressed to a department, or to a committee, of the county");
    return false;
}

void handle_raise(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    const char *actor = record_str(message, F_ACTOR), *title = record_str(message, F_TITLE);
    bool member = strncmp(actor, "member:", strlen("member:")) == 0;
    if (!may_be_made(context, order, MATTER_SUGGESTION, outcome))
        return;
    if (title[strspn(title, " \t\r\n")] == '\0')
        outcome_refuse(outcome, "invalid", "title", "the title is empty: say in one line what is suggested");
    else if (is_addressed(context->county, message, outcome))
        begin(context, message, KIND_OPINION, member ? actor + strlen("member:") : "", outcome);
}

/* The order whose answer it stems from: the first of those that it is about. */
void follow_aux(const struct record *message, char *keys, size_t size)
{
    const char *about = record_str(message, F_ABOUT);
    snprintf(keys, size, "order:%.*s", (int)strcspn(about, " "), about);
}

/* Adds what has been merged into that one since it was answered; whoever comes later is told of by it. */
static void add_merged(const struct context *context, const struct record *message, struct outcome *outcome)
{
    const char *merged = aux_get(context->aux, field_info(F_MERGED)->name), *ver = field_info(F_VER)->name;
    char key[ORDER_ID_SIZE + sizeof "order:"], about[4101], order[ORDER_ID_SIZE];
    snprintf(about, sizeof about, "%s", record_str(message, F_ABOUT));
    while (merged && words_next(&merged, order, sizeof order))
        if (!words_have(about, order))
            words_append(about, sizeof about, order);
    record_set(outcome_changes(outcome), F_ABOUT, about);
    follow_aux(message, key, sizeof key);
    outcome_expect(outcome, key, ver, aux_int(context->aux, ver));
}

void handle_follow(const struct context *context, const struct record *order, const struct record *message,
                   struct outcome *outcome)
{
    if (!may_be_made(context, order, MATTER_SUGGESTION, outcome))
        return;
    begin(context, message, record_str(message, F_KIND), record_str(message, F_MEMBERS), outcome);
    add_merged(context, message, outcome);
}

void be_about_too(const struct record *suggestion, const struct record *message, struct outcome *outcome)
{
    const char *order = record_str(message, F_SECONDARY);
    char about[4101];
    snprintf(about, sizeof about, "%s", record_str(suggestion, F_ABOUT));
    if (record_is(suggestion, F_STATE, STATE_CLOSED) || words_have(about, order) ||
        !words_append(about, sizeof about, order))
        return;
    outcome_step(outcome, "joined", record_str(message, F_ACTOR), order);
    record_set(outcome_changes(outcome), F_ABOUT, about);
}

/* -- what an order's answer brings ------------------------------------------------------------------------------- */

static bool is_supervision(const struct record *answer)
{
    return record_is(answer, F_OUTCOME, "supervision");
}

bool may_promise(const struct context *context, const struct record *answer, struct outcome *outcome)
{
    bool promised = record_has(answer, F_PROMISED_AT);
    int64_t until = record_int(answer, F_PROMISED_AT);
    if (promised && is_supervision(answer))
        outcome_refuse(outcome, "invalid", "promised_at", "what is passed to supervision has nothing promised");
    else if (promised && (until <= context->now || until > context->now + PROMISE_MAX_MS))
        outcome_refuse(outcome, "invalid", "promised_at",
                       "what is promised is promised by a time still to come, within the next five years");
    else if ((promised || is_supervision(answer)) && record_len(answer, F_SECONDARY) == 0)
        outcome_later(outcome, "the caller gave no number for what is followed"); /* one of an earlier version */
    else
        return true;
    return false;
}

void follow_up(const struct context *context, const struct record *order, const struct record *answer,
               struct outcome *outcome)
{
    static const enum field inherited[] = {F_TITLE, F_CATEGORY, F_GROUP, F_TOWN, F_MEMBERS};
    bool promised = record_has(answer, F_PROMISED_AT), handed = record_int(order, F_HANDED_AT) > 0;
    const char *merged = record_str(order, F_MERGED); /* of as many as there are: F_ABOUT has room for all */
    if (promised || record_int(order, F_PROMISED_AT) > 0)
        record_set_int(outcome_changes(outcome), F_PROMISED_AT, record_int(answer, F_PROMISED_AT));
    bool followed = promised || is_supervision(answer);
    const char *number = followed ? record_str(answer, F_SECONDARY) : "";
    if (!record_is(order, F_FOLLOWED, number))
        record_set(outcome_changes(outcome), F_FOLLOWED, number);
    if (!followed)
        return;
    struct record *body = outcome_send_to_make(outcome, MSG_FOLLOW, record_str(answer, F_SECONDARY));
    for (size_t i = 0; i < sizeof inherited / sizeof *inherited; i++)
        record_copy(body, order, inherited[i]);
    record_copy(body, answer, F_ACTOR);
    record_copy(body, answer, F_PROMISED_AT);
    record_set(body, F_KIND, promised ? KIND_PROMISE : KIND_SUPERVISION);
    record_set(body, F_TEXT, record_str(answer, F_ANSWER));
    record_printf(body, F_ABOUT, "%s%s%s", context->order_id, *merged ? " " : "", merged);
    if (promised && handed)
        record_copy(body, order, F_DEPARTMENT);
    else
        record_set(body, F_COMMITTEE, committee_of(context->county, order));
}

/* -- settled ----------------------------------------------------------------------------------------------------- */

/*
 * Whether who acts is not the one who had to do it; otherwise refuses. An opinion is settled by no addressee; what was
 * promised or passed to supervision by none of those who handle orders.
 */
static bool may_judge(const struct record *suggestion, const struct record *message, struct outcome *outcome)
{
    const char *actor = record_str(message, F_ACTOR);
    char owners[PEOPLE_SIZE];
    addressees(suggestion, owners);
    bool handles = strncmp(actor, "member:", 7) == 0 || strncmp(actor, "department:", 11) == 0;
    if (record_is(suggestion, F_KIND, KIND_OPINION) ? !words_have(owners, actor) : !handles)
        return true;
    outcome_refuse(outcome, "forbidden", "actor",
                   "who had to do it does not settle it: who raised it does, or the committee");
    return false;
}

static bool is_result(const char *word, const char *field, struct outcome *outcome)
{
    if (words_have(results, word))
        return true;
    outcome_refuse(outcome, "invalid", field, "%s is one of: %s", field, results);
    return false;
}

/* All whom it concerns hear what became of it. The caller may add to the notice. */
static struct record *tell_all(const struct context *context, const struct record *suggestion, const char *template,
                               struct outcome *outcome)
{
    char owners[PEOPLE_SIZE], others[PEOPLE_SIZE], people[2 * PEOPLE_SIZE];
    addressees(suggestion, owners);
    followers(context->county, suggestion, others);
    snprintf(people, sizeof people, "%s%s%s", owners, *owners && *others ? " " : "", others);
    struct record *notice = outcome_notify(outcome, template, people);
    record_copy(notice, outcome_changes(outcome), F_REASON);
    return notice;
}

/*
 * The residents hear what became of what an answer promised them, or passed to supervision: about their orders, which
 * are kept for that as long as their contacts are.
 */
static void tell_residents(const struct record *suggestion, const char *template, struct outcome *outcome)
{
    static const enum field told[] = {F_SETTLED, F_REASON, F_DUE};
    const char *about = record_str(suggestion, F_ABOUT);
    char order[ORDER_ID_SIZE];
    while (!record_is(suggestion, F_KIND, KIND_OPINION) && words_next(&about, order, sizeof order)) {
        struct record *notice = outcome_send_about(outcome, MSG_NOTIFY, order, false);
        record_set(notice, F_TEMPLATE, template);
        record_set(notice, F_RECIPIENTS, "resident");
        for (size_t i = 0; i < sizeof told / sizeof *told; i++)
            record_copy(notice, outcome_changes(outcome), told[i]);
    }
}

void handle_comment(const struct context *context, const struct record *suggestion, const struct record *message,
                    struct outcome *outcome)
{
    char people[PEOPLE_SIZE];
    if (!state_is(suggestion, STATE_FOLLOWED " " STATE_SETTLED, "commented on", outcome))
        return;
    if (record_len(message, F_NOTE) == 0) {
        outcome_refuse(outcome, "invalid", "note", "a comment has words");
        return;
    }
    if (record_has(message, F_PROPOSED) && !is_result(record_str(message, F_PROPOSED), "proposed", outcome))
        return;
    record_copy(outcome_changes(outcome), message, F_PROPOSED);
    outcome_step(outcome, "commented", record_str(message, F_ACTOR), record_str(message, F_NOTE));
    if (!record_has(message, F_PROPOSED))
        return;
    judges(context->county, suggestion, people);
    record_copy(outcome_notify(outcome, "suggestion_proposed", people), message, F_NOTE);
}

/* It is struck off the list. */
static void close_suggestion(const struct context *context, const struct record *suggestion, struct outcome *outcome)
{
    record_set(outcome_changes(outcome), F_STATE, STATE_CLOSED);
    record_set_int(outcome_changes(outcome), F_CLOSED_AT, context->now);
    stop_clock(context, suggestion, outcome);
}

void handle_settle(const struct context *context, const struct record *suggestion, const struct record *message,
                   struct outcome *outcome)
{
    bool adopted = record_is(message, F_SETTLED, "adopted");
    if (!state_is(suggestion, STATE_FOLLOWED, "settled", outcome) || !may_judge(suggestion, message, outcome) ||
        !is_result(record_str(message, F_SETTLED), "settled", outcome) || (!adopted && !has_reason(message, outcome)))
        return;
    record_copy(outcome_changes(outcome), message, F_SETTLED);
    record_set(outcome_changes(outcome), F_REASON, record_str(message, F_REASON));
    outcome_step(outcome, "settled", record_str(message, F_ACTOR), NULL);
    if (adopted) {
        record_set(outcome_changes(outcome), F_STATE, STATE_SETTLED);
        start_clock(context, suggestion, CLOCK_RECHECK, outcome);
    } else {
        close_suggestion(context, suggestion, outcome);
    }
    tell_all(context, suggestion, "suggestion_settled", outcome);
    tell_residents(suggestion, "promise_settled", outcome);
}

void handle_recheck(const struct context *context, const struct record *suggestion, const struct record *message,
                    struct outcome *outcome)
{
    bool kept = record_int(message, F_KEPT) == 1;
    if (!state_is(suggestion, STATE_SETTLED, "re-checked", outcome) || !may_judge(suggestion, message, outcome))
        return;
    if (!kept && record_int(message, F_KEPT) != 0) {
        outcome_refuse(outcome, "invalid", "kept", "kept is 0 or 1");
        return;
    }
    if (!kept && !has_reason(message, outcome))
        return;
    record_copy(outcome_changes(outcome), message, F_KEPT);
    record_set(outcome_changes(outcome), F_REASON, record_str(message, F_REASON));
    outcome_step(outcome, "rechecked", record_str(message, F_ACTOR), NULL);
    if (kept) {
        close_suggestion(context, suggestion, outcome);
        tell_residents(suggestion, "promise_kept", outcome);
        return;
    }
    record_set(outcome_changes(outcome), F_STATE, STATE_FOLLOWED);
    record_set(outcome_changes(outcome), F_SETTLED, "");
    record_set(outcome_changes(outcome), F_PROPOSED, "");
    start_clock(context, suggestion, CLOCK_FOLLOW, outcome);
    tell_all(context, suggestion, "suggestion_not_kept", outcome);
    tell_residents(suggestion, "promise_not_kept", outcome);
}

void handle_extend_following(const struct context *context, const struct record *suggestion,
                             const struct record *message, struct outcome *outcome)
{
    int64_t days = record_int(message, F_DAYS);
    if (!state_is(suggestion, STATE_FOLLOWED, "extended", outcome) || !may_judge(suggestion, message, outcome) ||
        !has_reason(message, outcome))
        return;
    if (days < 1 || days > MOST_DAYS) {
        outcome_refuse(outcome, "invalid", "days", "days is a whole number of working days from 1 to %d", MOST_DAYS);
    } else if (context->now >= record_int(suggestion, F_DUE)) {
        outcome_refuse(outcome, "expired", NULL, "the deadline has passed: more time can be given before it only");
    } else {
        record_set_int(outcome_changes(outcome), F_EXTENDED, record_int(suggestion, F_EXTENDED) + days);
        outcome_step(outcome, "extended", record_str(message, F_ACTOR), record_str(message, F_REASON));
        move_clock(context, suggestion, outcome);
        struct record *notice = tell_all(context, suggestion, "extended", outcome);
        record_copy(notice, message, F_REASON);
        record_copy(notice, outcome_changes(outcome), F_DUE);
    }
}
