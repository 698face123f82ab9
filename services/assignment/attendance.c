/*
 * attendance.c - 考勤: how often members were missing without a reason in a year, so that the office hears of it when a
 * member reaches the county's number.
 *
 * The county's hash "missed" has YEAR/MEMBER → how often, told/YEAR/MEMBER once the office was told, which happens once
 * even if an absence is taken back and another comes; and "turn", by which changes of the book follow each other. It is
 * written in the commit of the step that it counts, so it has each absence once, whoever dies. It knows this year and
 * the last one; what is shown to people is counted anew from the journal.
 */
#include "common/calendar.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MISSED_KEY "missed"
#define TURN "turn"
#define TOLD "told/"

enum {
    LIST_SIZE = 401,
    TOGETHER = 10, /* members of whom one notice tells: more names than that are no SMS */
    FIELD_SIZE = 64,
};

void attendance_aux(const struct record *message, char *keys, size_t size)
{
    (void)message;
    snprintf(keys, size, MISSED_KEY);
}

static void tell_office(const struct context *context, const char *members, struct outcome *outcome)
{
    struct record *notice = outcome_notify(outcome, "absences_reached", "office");
    record_set(notice, F_MEMBERS, members);
    record_set_int(notice, F_TOTAL, context->county->absences_told);
}

/* Leaves out years that are over and done with. */
static void forget_before(const struct context *context, int year, struct outcome *outcome)
{
    const char *field, *value;
    for (size_t i = 0; aux_next(context->aux, &i, &field, &value);) {
        int of = 0;
        if (sscanf(field, "%4d/", &of) + sscanf(field, TOLD "%4d/", &of) > 0 && of < year)
            outcome_hdel(outcome, MISSED_KEY, field);
    }
}

/* Whether the office is to hear of it now that it is so many. */
static bool reaches(const struct context *context, const char *told, int64_t count)
{
    return count >= context->county->absences_told && !aux_get(context->aux, told);
}

void attendance_count(const struct context *context, int64_t at, const char *people, int by, struct outcome *outcome)
{
    static const char kind[] = "member:";
    char who[FIELD_SIZE], some[LIST_SIZE] = "";
    int year = calendar_year(at), last = calendar_year(context->now) - 1;
    size_t counted = 0, reached = 0;
    while (year >= last && words_next(&people, who, sizeof who)) {
        char told[2 * FIELD_SIZE];
        const char *member = who + strlen(kind);
        if (strncmp(who, kind, strlen(kind)) != 0)
            continue;
        snprintf(told, sizeof told, TOLD "%d/%s", year, member);
        const char *field = told + strlen(TOLD);
        outcome_hincr(outcome, MISSED_KEY, field, by);
        counted++;
        if (by < 0 || !reaches(context, told, aux_int(context->aux, field) + by))
            continue;
        outcome_hset(outcome, MISSED_KEY, told, "1");
        words_append(some, sizeof some, member);
        if (++reached % TOGETHER == 0) {
            tell_office(context, some, outcome);
            some[0] = '\0';
        }
    }
    if (*some)
        tell_office(context, some, outcome);
    if (counted == 0)
        return;
    forget_before(context, last, outcome);
    outcome_expect(outcome, MISSED_KEY, TURN, aux_int(context->aux, TURN));
    outcome_hincr(outcome, MISSED_KEY, TURN, 1);
}

void attendance_of_meeting(const struct context *context, const struct record *meeting, struct outcome *outcome)
{
    const char *invited = record_str(meeting, F_INVITED);
    char who[FIELD_SIZE], absent[4001] = "";
    while (words_next(&invited, who, sizeof who))
        if (!words_have(record_str(meeting, F_PRESENT), who) && !words_have(record_str(meeting, F_EXCUSED), who))
            words_append(absent, sizeof absent, who);
    attendance_count(context, record_int(meeting, F_MEETS_AT), absent, 1, outcome);
}
