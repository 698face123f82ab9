/*
 * entries.c - 履职登记: what the office enters because no step of an order tells of it: activities (活动) with who took
 * part and who was missing, honours (荣誉), donations (捐赠), tasks that a sector has done (四个一).
 *
 * An entry is a matter of its own. It is never changed: what was wrong is withdrawn with a reason, does not count any
 * more, and is entered anew. After a year a clock closes it, for good, and it leaves Redis.
 */
#include "common/order.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <stdio.h>
#include <string.h>

#define KIND_ACTIVITY "activity"
#define KIND_HONOUR "honour"
#define KIND_DONATION "donation"
#define KIND_TASK "task"

enum { LIST_SIZE = 4001, NAME_SIZE = 256 };

static const int64_t OPEN_MS = 366 * INT64_C(86400000), MOST_YUAN = INT64_C(1000000000000);

/* -- who ---------------------------------------------------------------------------------------------------------- */

/* The rest of a name behind its kind: M1 of member:M1; NULL when it is of another. */
static const char *of_kind(const char *name, const char *kind)
{
    size_t size = strlen(kind);
    return strncmp(name, kind, size) == 0 ? name + size : NULL;
}

/* Whether a name means this member. */
static bool means(const char *name, const struct member *member)
{
    const char *id = of_kind(name, "member:"), *group = of_kind(name, "group:"), *sector = of_kind(name, "sector:");
    return (id && strcmp(member->id, id) == 0) || (group && strcmp(member->group, group) == 0) ||
           (sector && *sector && strcmp(member->sector, sector) == 0);
}

/*
 * Adds everybody whom the names of a list mean, but those of `except`. Refuses a name that means nobody, and lists that
 * are too long.
 */
static bool add_people(const struct county *county, const struct record *message, enum field list,
                       const char *const except[2], char people[LIST_SIZE], struct outcome *outcome)
{
    const char *names = record_str(message, list);
    char name[NAME_SIZE], who[NAME_SIZE];
    bool good = true;
    people[0] = '\0';
    while (good && words_next(&names, name, sizeof name)) {
        bool any = false;
        for (size_t i = 0; i < county->member_count; i++) {
            if (!means(name, &county->members[i]))
                continue;
            any = true;
            snprintf(who, sizeof who, "member:%s", county->members[i].id);
            good = good && (words_have(except[0], who) || words_have(except[1], who) || words_have(people, who) ||
                            words_append(people, LIST_SIZE, who));
        }
        good = good && any;
    }
    if (!good)
        outcome_refuse(outcome, "invalid", field_info(list)->name,
                       "name members of the county, as many as fit: member:ID, group:ID or sector:NAME");
    return good;
}

/* Who is in the lists, one by one. Nobody is in two of them; a group stands for those of it who are in no other. */
static bool set_people(const struct context *context, const struct record *message, struct outcome *outcome)
{
    char present[LIST_SIZE], excused[LIST_SIZE], absent[LIST_SIZE];
    if (!add_people(context->county, message, F_ABSENT, (const char *const[]){"", ""}, absent, outcome) ||
        !add_people(context->county, message, F_EXCUSED, (const char *const[]){absent, ""}, excused, outcome) ||
        !add_people(context->county, message, F_PRESENT, (const char *const[]){absent, excused}, present, outcome))
        return false;
    record_set(outcome_changes(outcome), F_PRESENT, present);
    record_set(outcome_changes(outcome), F_EXCUSED, excused);
    record_set(outcome_changes(outcome), F_ABSENT, absent);
    return true;
}

/* -- what --------------------------------------------------------------------------------------------------------- */

static bool refuse(struct outcome *outcome, enum field field, const char *detail)
{
    outcome_refuse(outcome, "invalid", field_info(field)->name, "%s", detail);
    return false;
}

/* Whether it has only what its kind has. */
static bool has_its_fields(const struct record *message, struct outcome *outcome)
{
    static const struct {
        enum field field;
        const char *kinds;
    } belongs[] = {
        {F_EXCUSED, KIND_ACTIVITY " " KIND_TASK},
        {F_ABSENT, KIND_ACTIVITY " " KIND_TASK},
        {F_AMOUNT, KIND_DONATION},
        {F_SECTOR, KIND_TASK},
        {F_TASK, KIND_TASK},
    };
    for (size_t i = 0; i < sizeof belongs / sizeof *belongs; i++)
        if (record_has(message, belongs[i].field) && !words_have(belongs[i].kinds, record_str(message, F_KIND))) {
            outcome_refuse(outcome, "invalid", field_info(belongs[i].field)->name, "only these kinds have it: %s",
                           belongs[i].kinds);
            return false;
        }
    return true;
}

/* Whether it is told well enough to count; otherwise refuses. */
static bool is_sound(const struct context *context, const struct record *message, struct outcome *outcome)
{
    static const char kinds[] = KIND_ACTIVITY " " KIND_HONOUR " " KIND_DONATION " " KIND_TASK;
    const char *kind = record_str(message, F_KIND), *title = record_str(message, F_TITLE);
    bool donation = record_is(message, F_KIND, KIND_DONATION), task = record_is(message, F_KIND, KIND_TASK);
    int64_t amount = record_int(message, F_AMOUNT);
    if (!words_have(kinds, kind)) {
        outcome_refuse(outcome, "invalid", "kind", "kind is one of: %s", kinds);
        return false;
    }
    if (title[strspn(title, " \t\r\n")] == '\0')
        return refuse(outcome, F_TITLE, "the title is empty: say in one line what it was");
    if (record_int(message, F_HELD_AT) > context->now)
        return refuse(outcome, F_HELD_AT, "it is entered when it has taken place");
    if (donation && (amount < 1 || amount > MOST_YUAN))
        return refuse(outcome, F_AMOUNT, "say how many yuan were given, as a whole number");
    if (task && !county_plan(context->county, record_str(message, F_SECTOR), record_str(message, F_TASK)))
        return refuse(outcome, F_TASK, "the county's plan has no such task of this sector");
    return has_its_fields(message, outcome);
}

/* Whether somebody is in it; a donation is one member's, so that each has their own sum. */
static bool has_people(const struct record *message, const struct record *changes, struct outcome *outcome)
{
    size_t present = words_count(record_str(changes, F_PRESENT));
    if (record_is(message, F_KIND, KIND_DONATION) && present != 1)
        return refuse(outcome, F_PRESENT, "a donation is that of one member: enter those of others by themselves");
    if (present == 0 && !record_is(message, F_KIND, KIND_TASK) && record_len(changes, F_ABSENT) == 0 &&
        record_len(changes, F_EXCUSED) == 0)
        return refuse(outcome, F_PRESENT, "say of which members it is");
    return true;
}

void handle_enter_entry(const struct context *context, const struct record *order, const struct record *message,
                        struct outcome *outcome)
{
    static const enum field given[] = {F_KIND, F_TITLE, F_TEXT, F_HELD_AT, F_AMOUNT, F_SECTOR, F_TASK};
    struct record *changes = outcome_changes(outcome);
    char entry[CLOCK_ENTRY_SIZE];
    if (!may_be_made(context, order, MATTER_ENTRY, outcome) || !is_sound(context, message, outcome) ||
        !set_people(context, message, outcome) || !has_people(message, changes, outcome))
        return;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        record_copy(changes, message, given[i]);
    record_set(changes, F_ORDER, context->order_id);
    record_set(changes, F_STATE, STATE_ENTERED);
    record_set_int(changes, F_PLACED_AT, context->now);
    outcome_step(outcome, "entered", record_str(message, F_ACTOR), NULL);
    order_clock_entry(entry, context->order_id, CLOCK_BOOKS, 0);
    outcome_zadd(outcome, CLOCKS_KEY, context->now + OPEN_MS, entry);
    attendance_count(context, record_int(message, F_HELD_AT), record_str(changes, F_ABSENT), 1, outcome);
}

/* It has come to its end, and nobody has to look at it any more. */
static void end(const struct context *context, const char *state, struct outcome *outcome)
{
    char entry[CLOCK_ENTRY_SIZE];
    record_set(outcome_changes(outcome), F_STATE, state);
    record_set_int(outcome_changes(outcome), F_CLOSED_AT, context->now);
    order_clock_entry(entry, context->order_id, CLOCK_BOOKS, 0);
    outcome_zrem(outcome, CLOCKS_KEY, entry);
}

void handle_withdraw_entry(const struct context *context, const struct record *entry, const struct record *message,
                           struct outcome *outcome)
{
    if (!state_is(entry, STATE_ENTERED, "withdrawn", outcome) || !has_reason(message, outcome))
        return;
    record_copy(outcome_changes(outcome), message, F_REASON);
    outcome_step(outcome, "withdrawn", record_str(message, F_ACTOR), NULL);
    end(context, STATE_WITHDRAWN, outcome);
    attendance_count(context, record_int(entry, F_HELD_AT), record_str(entry, F_ABSENT), -1, outcome);
}

void entry_close(const struct context *context, struct outcome *outcome)
{
    outcome_step(outcome, "closed", "clock", NULL);
    end(context, STATE_CLOSED, outcome);
}
