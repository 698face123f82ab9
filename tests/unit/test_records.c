/*
 * test_records.c - what members, groups, departments and sectors did in a period.
 */
// links: services/archive
#include "tests/unit/archive_fixture.h"

enum { DAY = 24 * 3600 * 1000 };

static char order[ORDER_ID_SIZE];
static int version;

static int64_t at(int day)
{
    return (int64_t)day * DAY;
}

/* The first step of the order with this serial. */
static void begin(int serial)
{
    order_id(order, COUNTY, serial);
    version = 0;
}

/* The next step of the order, which sets values given as pairs of a field and a text, up to FIELD_COUNT. */
static void happens(const char *what, const char *actor, int day, const char *note, ...)
{
    va_list values;
    step(++version, NULL);
    record_set(message, F_STEP, what);
    record_set(message, F_ACTOR, actor);
    record_set_int(message, F_AT, at(day));
    if (note)
        record_set(message, F_NOTE, note);
    va_start(values, note);
    for (enum field field; (field = (enum field)va_arg(values, int)) != FIELD_COUNT;)
        record_set(message, field, va_arg(values, const char *));
    va_end(values);
    if (strcmp(what, "assigned") == 0)
        record_set_int(message, F_ASSIGNED_AT, at(day));
    if (strcmp(what, "answered") == 0)
        record_set_int(message, F_ANSWERED_AT, at(day));
    if (strcmp(what, "handed_over") == 0)
        record_set_int(message, F_HANDED_AT, at(day));
    now = at(day) + 1;
    assert_int_equal(take_step(order), VERDICT_OK);
}

/* "answers=2 late=1" of a member, group or department; "" when it has no row. */
static char *done(int from, int until, enum field whose, const char *id)
{
    record_clear(message);
    record_set_int(message, F_START, at(from));
    record_set_int(message, F_END, at(until));
    const struct record *listing = ask(MSG_READ_RECORDS);
    char *text = xstrdup("");
    for (size_t i = 0; i < record_rows(listing, F_ROWS); i++) {
        const struct record *row = record_row(listing, F_ROWS, i);
        for (int field = 0; field < FIELD_COUNT && record_is(row, whose, id); field++) {
            if (field == (int)whose || !record_has(row, (enum field)field))
                continue;
            char *longer = xasprintf("%s%s%s=%lld", text, *text ? " " : "", field_info((enum field)field)->name,
                                     (long long)record_int(row, (enum field)field));
            free(text);
            text = longer;
        }
    }
    return text;
}

static void assert_done(int from, int until, enum field whose, const char *id, const char *wanted)
{
    AUTOFREE char *text = done(from, until, whose, id);
    assert_string_equal(text, wanted);
}

static void test_answers_count_for_everybody_who_had_the_order(void **state)
{
    (void)state;
    begin(1);
    happens("assigned", "clock", 10, NULL, F_STATE, "assigned", F_GROUP, "G1", F_MEMBERS, "M1 M2", F_DEPARTMENT, "D1",
            FIELD_COUNT);
    happens("handed_over", "member:M1", 11, NULL, F_STATE, "consulting", FIELD_COUNT);
    happens("answered", "member:M1", 12, NULL, F_STATE, "answered", FIELD_COUNT);
    happens("rated", "resident", 13, NULL, F_RATING, "satisfied", FIELD_COUNT);
    begin(2);
    happens("assigned", "clock", 10, NULL, F_STATE, "assigned", F_GROUP, "G1", F_MEMBERS, "M2", F_DEPARTMENT, "D2",
            FIELD_COUNT);
    happens("reminded", "clock", 17, "answer", FIELD_COUNT);
    happens("answered", "member:M2", 20, NULL, F_STATE, "answered", FIELD_COUNT);
    happens("rated", "resident", 21, NULL, F_RATING, "dissatisfied", FIELD_COUNT);
    begin(3);
    happens("assigned", "clock", 10, NULL, F_STATE, "assigned", F_GROUP, "G2", F_MEMBERS, "M20", FIELD_COUNT);

    assert_done(1, 30, F_MEMBER, "M1", "answers=1 satisfied=1 mean_ms=172800000");
    assert_done(1, 30, F_MEMBER, "M2", "answers=2 satisfied=1 dissatisfied=1 late=1 mean_ms=518400000");
    assert_done(1, 30, F_MEMBER, "M20", "open=1");
    assert_done(1, 30, F_GROUP, "G1", "answers=2 satisfied=1 dissatisfied=1 late=1 mean_ms=518400000");
    assert_done(1, 30, F_DEPARTMENT, "D1", "answers=1 satisfied=1 mean_ms=172800000");
    assert_done(1, 30, F_DEPARTMENT, "D2", ""); /* it was never handed over */
    assert_done(13, 30, F_MEMBER, "M1", "");    /* answered before */
    assert_done(1, 11, F_MEMBER, "M1", "");     /* and after */
}

/* What departments do that assist the one that leads. */
static void test_departments_assist_and_reply(void **state)
{
    (void)state;
    begin(1);
    happens("assigned", "clock", 10, NULL, F_STATE, "assigned", F_DEPARTMENT, "D1", F_ASSISTING, "D2 D3", FIELD_COUNT);
    happens("handed_over", "member:M1", 11, NULL, F_STATE, "consulting", FIELD_COUNT);
    happens("responded", "department:D2", 12, "已派人", FIELD_COUNT);
    happens("responded", "department:D2", 13, "修好了", FIELD_COUNT);
    assert_done(1, 30, F_DEPARTMENT, "D3", ""); /* it is not answered */
    happens("answered", "member:M1", 14, NULL, F_STATE, "answered", FIELD_COUNT);
    begin(2);
    happens("assigned", "clock", 10, NULL, F_STATE, "assigned", F_DEPARTMENT, "D1", F_ASSISTING, "D3", FIELD_COUNT);
    happens("answered", "member:M1", 14, NULL, F_STATE, "answered", FIELD_COUNT);
    assert_done(1, 30, F_DEPARTMENT, "D2", "assists=1 responses=2");
    assert_done(1, 30, F_DEPARTMENT, "D3", "assists=1"); /* the other one was never handed over */
    assert_done(13, 13, F_DEPARTMENT, "D2", "responses=1");
}

static void test_steps_count_when_they_happened(void **state)
{
    (void)state;
    begin(1);
    happens("claimed", "member:M1", 10, NULL, F_MEMBERS, "M1", FIELD_COUNT);
    happens("claimed", "member:M9", 10, "M2 M3", F_MEMBERS, "M1 M2 M3", FIELD_COUNT); /* by their leader */
    happens("declined", "member:M1", 11, "与我单位有关", F_DECLINED, "M1", F_MEMBERS, "M2 M3 M4", FIELD_COUNT);
    happens("passed_over", "clock", 12, "silence", F_DECLINED, "M1 M2", F_MEMBERS, "M3 M4 M5", FIELD_COUNT);
    happens("passed_over", "clock", 14, "silence", F_DECLINED, "M1 M2 M3 M4", F_MEMBERS, "M5", FIELD_COUNT);
    assert_done(1, 30, F_MEMBER, "M1", "claims=1 declines=1");
    assert_done(1, 30, F_MEMBER, "M2", "claims=1 lost=1");
    assert_done(1, 30, F_MEMBER, "M4", "lost=1");
    assert_done(1, 30, F_MEMBER, "M9", "");
    assert_done(13, 30, F_MEMBER, "M2", "");
    assert_done(13, 30, F_MEMBER, "M3", "lost=1");
}

/* A meeting that was called for day 10 and is in this state now; everybody but M4 said something. */
static void meet(int serial, const char *state)
{
    matter_id(order, COUNTY, MATTER_MEETING, serial);
    version = 0;
    step(++version, state);
    record_set(message, F_KIND, "micro");
    record_set(message, F_INVITED, "member:M1 member:M2 member:M3 member:M4 department:D1");
    record_set(message, F_COMING, "member:M1");
    record_set(message, F_EXCUSED, "member:M2 member:M3");
    record_set(message, F_PRESENT, "member:M1 member:M3");
    record_set_int(message, F_MEETS_AT, at(10));
    assert_int_equal(take_step(order), VERDICT_OK);
}

static void test_meetings_are_attended_excused_or_missed(void **state)
{
    (void)state;
    meet(1, "held");
    meet(2, "closed");
    meet(3, "cancelled");
    meet(4, "called");
    assert_done(1, 30, F_MEMBER, "M1", "meetings=2");
    assert_done(1, 30, F_MEMBER, "M2", "excuses=2");
    assert_done(1, 30, F_MEMBER, "M3", "meetings=2"); /* who came after all */
    assert_done(1, 30, F_MEMBER, "M4", "absences=1"); /* they may still come to what is not closed */
    assert_done(1, 30, F_MEMBER, "D1", "");
    assert_done(11, 30, F_MEMBER, "M1", "");
}

static void test_opinions_and_visits(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *settled;
    } raised[] = {
        {"opinion", "adopted"}, {"opinion", "partly"}, {"opinion", "not"}, {"opinion", NULL}, {"promise", "adopted"}};
    for (size_t i = 0; i < sizeof raised / sizeof *raised; i++) {
        matter_id(order, COUNTY, MATTER_SUGGESTION, (int64_t)i + 1);
        step(1, "followed");
        record_set(message, F_KIND, raised[i].kind);
        record_set(message, F_MEMBERS, "M1");
        record_set_int(message, F_PLACED_AT, at(10));
        if (raised[i].settled)
            record_set(message, F_SETTLED, raised[i].settled);
        assert_int_equal(take_step(order), VERDICT_OK);
    }
    begin(1);
    happens("visited", "member:M1", 12, "路灯坏了", F_WHO, "member:M1 member:M2", FIELD_COUNT);
    assert_done(1, 30, F_MEMBER, "M1", "visits=1 opinions=4 adopted=2");
    assert_done(1, 30, F_MEMBER, "M2", "visits=1");
    assert_done(11, 30, F_MEMBER, "M1", "visits=1");
}

/* What the office entered as of day 10, which is in this state now. */
static void enter(int serial, const char *state, const char *kind, int64_t amount)
{
    matter_id(order, COUNTY, MATTER_ENTRY, serial);
    step(1, state);
    record_set(message, F_KIND, kind);
    record_set(message, F_PRESENT, amount ? "member:M1" : "member:M1 member:M2");
    record_set(message, F_EXCUSED, strcmp(kind, "activity") == 0 ? "member:M3" : "");
    record_set(message, F_ABSENT, strcmp(kind, "activity") == 0 ? "member:M4" : "");
    record_set_int(message, F_HELD_AT, at(10));
    if (amount)
        record_set_int(message, F_AMOUNT, amount);
    assert_int_equal(take_step(order), VERDICT_OK);
}

static void test_what_the_office_entered(void **state)
{
    (void)state;
    enter(1, "entered", "activity", 0);
    enter(2, "closed", "task", 0);
    enter(3, "entered", "honour", 0);
    enter(4, "entered", "donation", 50000);
    enter(5, "closed", "donation", 800);
    enter(6, "withdrawn", "activity", 0);
    enter(7, "withdrawn", "donation", 1000000);
    meet(1, "closed");
    assert_done(1, 30, F_MEMBER, "M1", "meetings=1 activities=2 honours=1 donations=2 donated=50800");
    assert_done(1, 30, F_MEMBER, "M2", "excuses=1 activities=2 honours=1");
    assert_done(1, 30, F_MEMBER, "M3", "meetings=1 excuses=1");
    assert_done(1, 30, F_MEMBER, "M4", "absences=2");
    assert_done(11, 30, F_MEMBER, "M1", "");
}

static void enter_task(int serial, const char *state, const char *sector, const char *task, int day)
{
    matter_id(order, COUNTY, MATTER_ENTRY, serial);
    step(1, state);
    record_set(message, F_KIND, "task");
    record_set(message, F_SECTOR, sector);
    record_set(message, F_TASK, task);
    record_set_int(message, F_HELD_AT, at(day));
    assert_int_equal(take_step(order), VERDICT_OK);
}

static void assert_plan(const struct record *row, const char *sector, const char *task, int64_t count,
                        const char *orders)
{
    assert_string_equal(record_str(row, F_SECTOR), sector);
    assert_string_equal(record_str(row, F_TASK), task);
    assert_int_equal(record_int(row, F_COUNT), count);
    assert_memory_equal(record_str(row, F_ORDERS), orders, strlen(orders));
    assert_int_equal(words_count(record_str(row, F_ORDERS)), count < 20 ? count : 20);
}

/* More than a list has in one part. */
static void test_all_tasks_of_a_sector_count(void **state)
{
    (void)state;
    for (int i = 1; i <= 1100; i++)
        enter_task(i, i % 2 ? "entered" : "closed", "教育界", "benefit", 10);
    enter_task(1101, "entered", "教育界", "report", 9);
    enter_task(1102, "entered", "教育界", "report", 11);
    enter_task(1103, "entered", "教育界", "report", 10);
    enter_task(1104, "withdrawn", "教育界", "report", 10);
    enter_task(1105, "entered", "工商联", "report", 31);
    record_clear(message);
    record_set_int(message, F_START, at(1));
    record_set_int(message, F_END, at(30));
    const struct record *plan = ask(MSG_READ_PLAN);
    assert_int_equal(record_rows(plan, F_ROWS), 2);
    assert_plan(record_row(plan, F_ROWS, 0), "教育界", "benefit", 1100, COUNTY "-L001100 " COUNTY "-L001099 ");
    assert_plan(record_row(plan, F_ROWS, 1), "教育界", "report", 3,
                COUNTY "-L001102 " COUNTY "-L001103 " COUNTY "-L001101");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_tasks_of_a_sector_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_answers_count_for_everybody_who_had_the_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_meetings_are_attended_excused_or_missed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_opinions_and_visits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_the_office_entered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_departments_assist_and_reply, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_steps_count_when_they_happened, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
