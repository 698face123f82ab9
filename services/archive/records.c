/*
 * records.c - 履职: what members, their groups, departments and sectors did in a period, drawn from the journal alone.
 *
 * A row each, with whatever of it is not nothing. An order counts where it was answered in the period, for everybody
 * who had it then, and orders that are merged count as one, with the rating of the primary's resident: otherwise
 * whoever joins often would make the record. An answer was late where its handlers had been reminded of it. What a
 * member claimed, gave back, let lie or visited counts when it happened; a meeting when it was held, a suggestion when
 * it was raised, what the office entered when it took place, unless that was withdrawn.
 */
#include "common/alloc.h"
#include "common/merge.h"
#include "common/text.h"
#include "services/archive/archive.h"
#include "services/archive/listing.h"

enum { PEOPLE = 1000 }; /* rows that a message holds */

struct rows {
    struct record *listing, *items[PEOPLE];
    size_t count;
};

static struct record *row_of(struct rows *rows, enum field whose, const char *id)
{
    for (size_t i = 0; i < rows->count; i++)
        if (record_is(rows->items[i], whose, id))
            return rows->items[i];
    if (rows->count == PEOPLE)
        return NULL;
    struct record *row = rows->items[rows->count++] = record_add_row(rows->listing, F_ROWS);
    record_set(row, whose, id);
    return row;
}

/* Runs a query for the period that gives ids and, of each, a number for each of these fields. 0 or -EIO. */
static int count(struct database *database, const char *select, enum field whose, const enum field *what, int numbers,
                 const struct record *call, struct rows *rows)
{
    QUERY *query = database_query(database, select);
    query_int(query, 1, record_int(call, F_START));
    query_int(query, 2, record_int(call, F_END));
    int result;
    while ((result = query_next(query)) > 0) {
        struct record *row = row_of(rows, whose, query_column(query, 0));
        for (int i = 0; row && i < numbers; i++)
            if (sqlite3_column_int64(query, 1 + i) != 0)
                record_set_int(row, what[i], sqlite3_column_int64(query, 1 + i));
    }
    return result;
}

/* The words of a text, each as a row: who.value. */
#define EACH_OF(text) "json_each('[\"' || replace(" text ", ' ', '\",\"') || '\"]') who"

/* -- orders, of whoever had them ---------------------------------------------------------------------------------- */

static const struct {
    enum field field;
    const char *id, *from;
} subjects[] = {
    {F_MEMBER, "who.value", "orders, " EACH_OF("members") " WHERE members <> ''"},
    {F_GROUP, "\"group\"", "orders WHERE \"group\" <> ''"},
    {F_DEPARTMENT, "department", "orders WHERE department <> '' AND handed_at > 0"},
};

#define ANSWERED "answered_at BETWEEN ?1 AND ?2 AND coalesce(\"primary\", '') = ''"
static const enum field of_answers[] = {F_ANSWERS, F_SATISFIED, F_DISSATISFIED, F_LATE, F_MEAN_MS};
#define OF_ANSWERS                                                                                                     \
    "count(*), sum(rating IN ('satisfied', 'basically')), sum(rating = 'dissatisfied'),"                               \
    " sum(EXISTS (SELECT 1 FROM journal INDEXED BY journal_reminded WHERE journal.order_id = orders.order_id AND "     \
    "step = 'reminded'"                                                                                                \
    " AND note = 'answer')), cast(avg(answered_at - assigned_at) AS INTEGER)"
static const enum field of_open[] = {F_OPEN};
#define IS_OPEN "state IN ('assigned', 'consulting') AND ?1 <= ?2"

static int count_orders(struct database *database, const struct record *call, struct rows *rows)
{
    int result = 0;
    for (size_t s = 0; result == 0 && s < sizeof subjects / sizeof *subjects; s++) {
        const char *id = subjects[s].id, *from = subjects[s].from;
        AUTOFREE char *answers =
            xasprintf("SELECT %s, " OF_ANSWERS " FROM %s AND " ANSWERED " GROUP BY 1 ORDER BY 1", id, from);
        AUTOFREE char *open = xasprintf("SELECT %s, count(*) FROM %s AND " IS_OPEN " GROUP BY 1 ORDER BY 1", id, from);
        result =
            count(database, answers, subjects[s].field, of_answers, sizeof of_answers / sizeof *of_answers, call, rows);
        if (result == 0)
            result = count(database, open, subjects[s].field, of_open, 1, call, rows);
    }
    return result;
}

/* -- what else a member did ---------------------------------------------------------------------------------------- */

/* What orders that are merged into another follow of that is counted there. */
#define STEPS "FROM journal WHERE at BETWEEN ?1 AND ?2 AND actor NOT LIKE '" ACTOR_PRIMARY "%' AND step = "
#define OF_MEETINGS(whose, which)                                                                                      \
    "SELECT who.value AS whose, 1 AS number FROM matters, " EACH_OF(                                                   \
        whose) " WHERE order_id LIKE '%-H%' AND state IN ('held', 'closed') AND meets_at BETWEEN ?1 AND ?2" which
#define OF_ENTRIES(whose, number, which)                                                                               \
    "SELECT who.value AS whose, " number " AS number FROM matters, " EACH_OF(                                          \
        whose) " WHERE order_id LIKE '%-L%' AND state <> 'withdrawn' AND held_at BETWEEN ?1 AND ?2" which
#define OF_MEMBERS(rows)                                                                                               \
    "SELECT substr(whose, 8), sum(number) FROM (" rows ") WHERE whose LIKE 'member:%' GROUP BY 1 ORDER BY 1"
#define IS_AMONG(whose) "instr(' ' || coalesce(" whose ", '') || ' ', ' ' || who.value || ' ') > 0"
#define SUGGESTIONS(which)                                                                                             \
    "SELECT who.value, count(*) FROM matters, " EACH_OF(                                                               \
        "members") " WHERE order_id LIKE '%-J%' AND kind = 'opinion'"                                                  \
                   " AND members <> '' AND placed_at BETWEEN ?1 AND ?2" which " GROUP BY 1 ORDER BY 1"

static const struct {
    enum field field;
    const char *select;
} of_members[] = {
    /* A leader's claim for several names them in its note. */
    {F_CLAIMS, "SELECT who.value, count(*) FROM (SELECT coalesce(note, substr(actor, 8)) AS words " STEPS
               "'claimed'), " EACH_OF("words") " GROUP BY 1 ORDER BY 1"},
    {F_DECLINES, "SELECT substr(actor, 8), count(*) " STEPS "'declined' GROUP BY 1 ORDER BY 1"},
    /* Those whom the step adds to whoever the order does not come to again. */
    {F_LOST,
     "SELECT who.value, count(*) FROM (SELECT step, at, words, coalesce(lag(words) OVER (PARTITION BY order_id"
     " ORDER BY ver), '') AS before FROM (SELECT order_id, ver, step, at, json_extract(fields, '$.declined')"
     " AS words FROM journal WHERE step IN ('declined', 'passed_over'))), " EACH_OF(
         "words") " WHERE step = 'passed_over' AND at BETWEEN ?1 AND ?2 AND NOT " IS_AMONG("before") " GROUP BY 1 "
                                                                                                     "ORDER BY 1"},
    {F_VISITS, "SELECT substr(who.value, 8), count(*) FROM (SELECT json_extract(fields, '$.who') AS words " STEPS
               "'visited'), " EACH_OF("words") " GROUP BY 1 ORDER BY 1"},
    {F_MEETINGS, OF_MEMBERS(OF_MEETINGS("present", ""))},
    {F_EXCUSES,
     OF_MEMBERS(OF_MEETINGS("excused", " AND NOT " IS_AMONG("present")) " UNION ALL " OF_ENTRIES("excused", "1", ""))},
    /* Who is late may still come: it is held against them when the meeting is over, as the office is told then, too. */
    {F_ABSENCES,
     OF_MEMBERS(OF_MEETINGS("invited", " AND state = 'closed' AND NOT " IS_AMONG("present") " AND NOT " IS_AMONG(
                                           "excused")) " UNION ALL " OF_ENTRIES("absent", "1", ""))},
    {F_OPINIONS, SUGGESTIONS("")},
    {F_ADOPTED, SUGGESTIONS(" AND settled IN ('adopted', 'partly')")},
    {F_ACTIVITIES, OF_MEMBERS(OF_ENTRIES("present", "1", " AND kind IN ('activity', 'task')"))},
    {F_HONOURS, OF_MEMBERS(OF_ENTRIES("present", "1", " AND kind = 'honour'"))},
    {F_DONATIONS, OF_MEMBERS(OF_ENTRIES("present", "1", " AND kind = 'donation'"))},
    {F_DONATED, OF_MEMBERS(OF_ENTRIES("present", "amount", " AND kind = 'donation'"))},
};

static const struct {
    enum field field;
    const char *select;
} of_departments[] = {
    {F_ASSISTS, "SELECT who.value, count(*) FROM orders, " EACH_OF(
                    "assisting") " WHERE assisting <> '' AND handed_at > 0 AND " ANSWERED " GROUP BY 1 ORDER BY 1"},
    {F_RESPONSES, "SELECT substr(actor, 12), count(*) " STEPS "'responded' GROUP BY 1 ORDER BY 1"},
};

int records_read(struct database *database, const struct record *call, struct record *listing)
{
    struct rows rows = {.listing = listing};
    int result = count_orders(database, call, &rows);
    for (size_t i = 0; result == 0 && i < sizeof of_members / sizeof *of_members; i++)
        result = count(database, of_members[i].select, F_MEMBER, &of_members[i].field, 1, call, &rows);
    for (size_t i = 0; result == 0 && i < sizeof of_departments / sizeof *of_departments; i++)
        result = count(database, of_departments[i].select, F_DEPARTMENT, &of_departments[i].field, 1, call, &rows);
    record_set_int(listing, F_TOTAL, (int64_t)rows.count);
    return result;
}

/* -- the plan of the sectors ------------------------------------------------------------------------------------- */

int records_plan(struct database *database, const struct record *call, struct record *listing)
{
    static const enum field columns[] = {F_SECTOR, F_TASK, F_COUNT, F_ORDERS};
    enum { SHOWN = 20 }; /* entries of a row that are named: all rows go into one message */
    QUERY *query = database_query(
        database, "SELECT sector, task, count(*), group_concat(order_id, ' ') FILTER (WHERE place <= ?3) FROM"
                  " (SELECT sector, task, order_id, row_number() OVER (PARTITION BY sector, task"
                  "  ORDER BY held_at DESC, order_id DESC) AS place FROM matters"
                  "  WHERE kind = 'task' AND state <> 'withdrawn' AND held_at BETWEEN ?1 AND ?2)"
                  " GROUP BY sector, task LIMIT ?4");
    query_int(query, 1, record_int(call, F_START));
    query_int(query, 2, record_int(call, F_END));
    query_int(query, 3, SHOWN);
    query_int(query, 4, ROWS_MAX);
    int result;
    while ((result = query_next(query)) > 0) {
        struct record *row = record_add_row(listing, F_ROWS);
        for (int i = 0; i < (int)(sizeof columns / sizeof *columns); i++)
            take_column(row, columns[i], query, i);
    }
    record_set_int(listing, F_TOTAL, (int64_t)record_rows(listing, F_ROWS));
    return result;
}
