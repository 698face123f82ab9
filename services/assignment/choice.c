/*
 * choice.c - 分单: who is chosen where nobody claims: first those of the order's community, then those with its skill,
 * then those with the fewest open orders. So between two members who are equal in place and skill the load differs by
 * one order at most, as far as it comes from choices.
 *
 * Choices of one group follow each other: each names the one before it, which it has seen, and is made again when
 * another came in between. Why it fell as it did is written into the journal with the step.
 */
#include "common/alloc.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A member of the group who does not have the order, and what counts, in the order in which it does. */
struct candidate {
    const char *id;
    const char *bar; /* why they are not chosen; NULL: nothing is against it */
    bool near, skilled;
    int64_t load;
};

void members_aux(const struct record *message, char *keys, size_t size)
{
    (void)message;
    snprintf(keys, size, LOAD_KEY " " ABSENCES_KEY);
}

const struct aux *absences_of(const struct context *context)
{
    return aux_at(context, 1);
}

void change_load(const struct context *context, const char *whose, const char *except, int64_t by,
                 struct outcome *outcome)
{
    char member[40], entry[80];
    while (words_next(&whose, member, sizeof member)) {
        if (words_have(except, member))
            continue;
        outcome_hincr(outcome, LOAD_KEY, member, by);
        snprintf(entry, sizeof entry, "%s|%s", member, context->order_id);
        if (by > 0)
            outcome_zadd(outcome, HELD_KEY, 0, entry);
        else
            outcome_zrem(outcome, HELD_KEY, entry);
    }
}

static int compare(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    if (!a->bar != !b->bar)
        return a->bar ? 1 : -1;
    if (a->near != b->near)
        return a->near ? -1 : 1;
    if (a->skilled != b->skilled)
        return a->skilled ? -1 : 1;
    if (a->load != b->load)
        return a->load < b->load ? -1 : 1;
    return strcmp(a->id, b->id);
}

static const char *bar(const struct context *context, const struct record *order, const char *member)
{
    if (words_have(record_str(order, F_DECLINED), member))
        return "declined";
    return is_absent(absences_of(context), member, context->now) ? "absent" : NULL;
}

/* The group's members but those who have the order, the best first; the caller frees them. */
static size_t find_candidates(const struct context *context, const struct record *order, const char *members,
                              struct candidate **ret_candidates)
{
    const struct county *county = context->county;
    struct candidate *candidates = xcalloc(county->member_count + 1, sizeof *candidates);
    size_t count = 0;
    for (size_t i = 0; i < county->member_count; i++) {
        const struct member *member = &county->members[i];
        if (!record_is(order, F_GROUP, member->group) || words_have(members, member->id))
            continue;
        candidates[count++] =
            (struct candidate){.id = member->id,
                               .bar = bar(context, order, member->id),
                               .near = words_have(member->communities, record_str(order, F_COMMUNITY)),
                               .skilled = words_have(member->skills, record_str(order, F_CATEGORY)),
                               .load = aux_int(context->aux, member->id)};
    }
    if (count > 1)
        qsort(candidates, count, sizeof *candidates, compare);
    *ret_candidates = candidates;
    return count;
}

/* "chosen: M2 (place, skill, load 0), M3 (load 2); not chosen: M4 (load 3), M5 (declined)" */
static void explain(struct choice *choice, const struct candidate *candidate, bool is_chosen, bool is_first)
{
    size_t length = strlen(choice->why), room = sizeof choice->why - length;
    char load[30];
    snprintf(load, sizeof load, "load %lld", (long long)candidate->load);
    int size = snprintf(choice->why + length, room, "%s%s (%s%s%s)",
                        !is_first   ? ", "
                        : is_chosen ? "chosen: "
                        : length    ? "; not chosen: "
                                    : "not chosen: ",
                        candidate->id, candidate->near && !candidate->bar ? "place, " : "",
                        candidate->skilled && !candidate->bar ? "skill, " : "", candidate->bar ? candidate->bar : load);
    if (size < 0 || (size_t)size >= room)
        choice->why[length] = '\0'; /* a group too large to be told whole: its end is left out */
}

void choose(const struct context *context, const struct record *order, const char *members, int64_t places,
            struct choice *ret_choice)
{
    struct candidate *candidates;
    size_t count = find_candidates(context, order, members, &candidates), chosen = 0;
    *ret_choice = (struct choice){.why = ""};
    snprintf(ret_choice->members, sizeof ret_choice->members, "%s", members);
    /* Fewer than asked for where nobody is left, or no room to record them. */
    while ((int64_t)words_count(ret_choice->members) < places && chosen < count && !candidates[chosen].bar &&
           words_append(ret_choice->members, sizeof ret_choice->members, candidates[chosen].id)) {
        words_append(ret_choice->chosen, sizeof ret_choice->chosen, candidates[chosen].id);
        chosen++;
    }
    for (size_t i = 0; i < count; i++)
        explain(ret_choice, &candidates[i], i < chosen, i == 0 || i == chosen);
    free(candidates);
}

void take_choice(const struct context *context, const struct record *order, const struct choice *choice,
                 struct outcome *outcome)
{
    char turn[48]; /* no member has an id like that */
    if (!*choice->chosen)
        return;
    snprintf(turn, sizeof turn, "group:%s", record_str(order, F_GROUP));
    outcome_expect(outcome, LOAD_KEY, turn, aux_int(context->aux, turn));
    outcome_hincr(outcome, LOAD_KEY, turn, 1);
    change_load(context, choice->chosen, "", 1, outcome);
    expect_confirmation(context, order, choice->chosen, outcome);
}
