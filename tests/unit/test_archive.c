/*
 * test_archive.c - what the archive stores: each step once, in any order of
 * arrival, in its county's file alone, as cases that wait to leave Redis.
 */
// links: services/archive
#include "tests/unit/archive_fixture.h"

#include "common/order.h"
#include "services/archive/database.h"

#include <math.h>

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int synced;

/* Takes the place of libc's for SQLite. */
/* cppcheck-suppress unusedFunction */
int fdatasync(int fd) /* NOLINT(readability-inconsistent-declaration-parameter-name): libc's name is reserved */
{
    synced++;
    return (int)syscall(SYS_fdatasync, fd);
}

static void test_a_step_is_stored_once(void **state)
{
    (void)state;
    step(1, "placed");
    record_set(message, F_TITLE, "路灯");
    record_set_real(message, F_LAT, 30.25);
    assert_int_equal(take_step(ORDER), VERDICT_OK);
    assert_int_equal(take_step(ORDER), VERDICT_OK); /* the same by another edge */
    assert_int_equal(record_rows(history(ORDER), F_ROWS), 1);

    step(1, "placed");
    record_set(message, F_TITLE, "水管");
    take_step(ORDER);
    assert_refused("fork");
    assert_string_equal(record_str(listed(ORDER), F_TITLE), "路灯");

    step(2, NULL);
    assert_int_equal(take_as("m", MSG_ORDER_STEP, COUNTY, ORDER), VERDICT_OK);
    record_set_int(message, F_PLACES, 3); /* a field that an older version did not store */
    assert_int_equal(take_as("m", MSG_ORDER_STEP, COUNTY, ORDER), VERDICT_OK);
    assert_int_equal(record_rows(history(ORDER), F_ROWS), 2);
}

/* A kill alone does not show it: what a process has written outlasts that, but not the end of the power. */
static void test_what_is_acknowledged_is_on_the_disk(void **state)
{
    (void)state;
    for (int ver = 1; ver <= 3; ver++) {
        int before = synced;
        step(ver, ver == 1 ? "placed" : NULL);
        assert_int_equal(take_step(ORDER), VERDICT_OK);
        assert_true(synced > before);
    }
}

/* How many rows all queries so far went through without an index that leads to what they look for. */
static int rows_gone_through(struct database *database)
{
    int rows = 0;
    sqlite3_stmt *query = NULL;
    sqlite3 *sqlite = sqlite3_db_handle(database_query(database, "SELECT 1"));
    while ((query = sqlite3_next_stmt(sqlite, query)))
        rows += sqlite3_stmt_status(query, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
    return rows;
}

static void test_a_step_costs_no_more_in_a_long_journal(void **state)
{
    (void)state;
    enum { STEPS = 200 };
    for (int i = 1; i <= STEPS; i++) {
        char order[ORDER_ID_SIZE];
        order_id(order, COUNTY, (i + 1) / 2);
        step(2 - i % 2, i % 2 ? "placed" : "returned");
        assert_int_equal(take_step(order), VERDICT_OK);
    }
    assert_in_range(rows_gone_through(archive_database(archive, COUNTY)), 0, 2 * STEPS);
}

static void test_what_cannot_be_stored_harms_nobody(void **state)
{
    (void)state;
    struct {
        const char *county, *order;
        int64_t ver;
        double lat;
        const char *error; /* NULL: stored */
    } rows[] = {
        {COUNTY, COUNTY "-000001", 1, 30, NULL},      {COUNTY, COUNTY "-000002", 0, 30, "range"},
        {COUNTY, OTHER "-000001", 1, 30, "order"},    {COUNTY, "", 1, 30, "order"},
        {COUNTY, "../../etc/passwd", 1, 30, "order"}, {COUNTY, COUNTY "-000003", 1, NAN, "type"},
        {"../../", "../../-000001", 1, 30, "county"}, {COUNTY, COUNTY "-000004", 1, 30, NULL},
        {OTHER, OTHER "-000001", 1, 30, NULL},        {"", "", 1, 30, "county"},
    };
    enum { COUNT = sizeof rows / sizeof *rows };
    struct delivery deliveries[COUNT];
    struct record *messages[COUNT];
    for (int i = 0; i < COUNT; i++) {
        step((int)rows[i].ver, "placed");
        record_set_real(message, F_LAT, rows[i].lat);
        messages[i] = record_new();
        record_copy_all(messages[i], message);
        deliveries[i] = (struct delivery){.type = MSG_ORDER_STEP,
                                          .county = rows[i].county,
                                          .order = rows[i].order,
                                          .id = "m",
                                          .message = messages[i],
                                          .outcome = outcome_new()};
    }
    archive_take(archive, deliveries, COUNT, now);
    for (int i = 0; i < COUNT; i++) {
        enum message_type type;
        assert_int_equal(outcome_verdict(deliveries[i].outcome), rows[i].error ? VERDICT_REFUSED : VERDICT_OK);
        if (rows[i].error)
            assert_string_equal(record_str(outcome_answer(deliveries[i].outcome, &type), F_ERROR), rows[i].error);
        outcome_destroy(&deliveries[i].outcome);
        record_destroy(&messages[i]);
    }
    record_clear(message);
    assert_int_equal(record_int(ask(MSG_LIST_ORDERS), F_TOTAL), 2);
}

static void test_a_file_that_is_locked_is_tried_later(void **state)
{
    (void)state;
    add_case(ORDER, 1, "路灯", "");
    AUTOFREE char *path = xasprintf("%s/" COUNTY ".db", dir);
    sqlite3 *other;
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    step(1, "placed");
    assert_int_equal(take_step(COUNTY "-000002"), VERDICT_LATER);
    assert_int_equal(outcome_waits(outcome), 0);
    sqlite3_close(other);
    /* Nobody waits for a lock again and again: there is a pause, which a clock that jumps back does not make longer. */
    assert_int_equal(take_step(COUNTY "-000002"), VERDICT_LATER);
    assert_string_not_equal(archive_trouble_of(archive, COUNTY), "");
    int64_t failed_at = now;
    now -= 86400000;
    assert_int_equal(take_step(COUNTY "-000002"), VERDICT_OK);
    now = failed_at + 1000;
    assert_int_equal(take_step(COUNTY "-000002"), VERDICT_OK);
    assert_string_equal(archive_trouble(archive), "");
}

/* Each order in which four steps can arrive gives the same projection. */
static void test_order_of_arrival_does_not_matter(void **state)
{
    (void)state;
    int serial = 100;
    for (int code = 0; code < 256; code++) {
        int sequence[] = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6}, seen = 0;
        for (int i = 0; i < 4; i++)
            seen |= 1 << sequence[i];
        if (seen != 15)
            continue;
        char order[32];
        snprintf(order, sizeof order, COUNTY "-%06d", ++serial);
        for (int i = 0; i < 4; i++) {
            static const char *const states[] = {"placed", NULL, "answered", "closed"};
            static const char *const groups[] = {"G1", "G2", NULL, NULL};
            step(sequence[i] + 1, states[sequence[i]]);
            if (groups[sequence[i]])
                record_set(message, F_GROUP, groups[sequence[i]]);
            if (sequence[i] == 2)
                record_set(message, F_ANSWER, "已通知施工方");
            if (sequence[i] == 3)
                record_set(message, F_ANSWER, "");
            now++;
            assert_int_equal(take_step(order), VERDICT_OK);
            assert_int_equal(record_int(search("施工方"), F_TOTAL), 0);
        }
        const struct record *row = listed(order);
        assert_string_equal(record_str(row, F_STATE), "closed");
        assert_string_equal(record_str(row, F_GROUP), "G2");
        assert_true(record_has(row, F_ANSWER));
        assert_string_equal(record_str(row, F_ANSWER), "");
        assert_false(record_has(row, F_TITLE));
        assert_int_equal(record_int(row, F_VER), 4);
        assert_int_equal(record_int(row, F_UPDATED_AT), now);
    }
    assert_int_equal(cases_waiting(archive_at(archive, 0), false), 24);
}

static void test_a_case_needs_every_step(void **state)
{
    (void)state;
    step(1, "placed");
    record_set(message, F_TITLE, "小区停水三天");
    take_step(ORDER);
    step(3, "closed");
    take_step(ORDER);
    assert_int_equal(record_int(search("停水"), F_TOTAL), 0);
    step(2, "answered");
    record_set(message, F_ANSWER, "水泵已经更换");
    take_step(ORDER);
    assert_int_equal(record_int(search("停水"), F_TOTAL), 1);

    step(4, NULL); /* a case that goes on is made anew */
    record_set(message, F_ANSWER, "水管已经更换");
    take_step(ORDER);
    assert_int_equal(record_int(search("水泵"), F_TOTAL), 0);
    assert_int_equal(record_int(search("水管"), F_TOTAL), 1);
}

static void test_counties_are_apart(void **state)
{
    (void)state;
    add_case(ORDER, 1, "路灯", "");
    step(1, "placed");
    assert_int_equal(take_as("m", MSG_ORDER_STEP, OTHER, OTHER "-000001"), VERDICT_OK);
    record_clear(message);
    assert_int_equal(take_as("", MSG_LIST_ORDERS, OTHER, ""), VERDICT_OK);
    enum message_type type;
    assert_int_equal(record_int(outcome_answer(outcome, &type), F_TOTAL), 1);
    record_set(message, F_ORDER, ORDER);
    take_as("", MSG_READ_HISTORY, OTHER, "");
    assert_refused("unknown");
    record_set(message, F_QUERY, "路灯");
    assert_int_equal(take_as("", MSG_SEARCH_CASES, OTHER, ""), VERDICT_OK);
    assert_int_equal(record_int(outcome_answer(outcome, &type), F_TOTAL), 0);

    /* No file, no answer: it may only not be open yet. */
    assert_int_equal(take_as("", MSG_SEARCH_CASES, "999999", ""), VERDICT_LATER);
}

static void test_cases_wait_with_growing_pauses(void **state)
{
    (void)state;
    add_case(ORDER, 1, "路灯", "");
    struct database *database = archive_at(archive, 0);
    struct waiting waiting[4];
    assert_int_equal(cases_claim(database, now, now, waiting, 4), 0);
    int64_t first = now += 1000;
    for (int tries = 1; tries <= 12; tries++) {
        assert_int_equal(cases_claim(database, now, now, waiting, 4), 1);
        assert_string_equal(waiting[0].order, ORDER);
        assert_int_equal(waiting[0].ver, 2);
        int64_t pause = 1000L * (1 << (tries < 9 ? tries : 9));
        assert_int_equal(cases_claim(database, now + pause - 1, now, waiting, 4), 0);
        now += pause;
    }
    assert_true(now > first);
    waiting[0].ver = 1;
    assert_int_equal(cases_retired(database, waiting, now), 0);
    assert_int_equal(cases_waiting(database, false), 1);
    waiting[0].ver = 2;
    assert_int_equal(cases_retired(database, waiting, now), 0);
    assert_int_equal(cases_waiting(database, false), 0);
    assert_int_equal(cases_claim(database, now + 1000000, now, waiting, 4), 0);
}

/* Whether the order leaves at its next turn, of those closed until then; those that stay are counted. */
static void assert_leaves(bool leaves, int64_t closed_until)
{
    struct database *database = archive_at(archive, 0);
    struct waiting waiting[4];
    now += 1000000;
    assert_int_equal(cases_claim(database, now, closed_until, waiting, 4), leaves);
    assert_int_equal(cases_waiting(database, true), !leaves);
    assert_int_equal(cases_waiting(database, false), leaves);
}

/* What an answer promised keeps its order in Redis, for so long that its resident can still be told. */
static void test_an_order_waits_for_what_was_promised(void **state)
{
    (void)state;
    static const char *const kinds[] = {"opinion", "promise", "supervision"};
    static const char *const others[] = {"990101-000777 " COUNTY "-0000011", COUNTY "-00000"};
    add_case(ORDER, 1, "路灯", "");
    QUERY *closed = database_query(archive_at(archive, 0), "UPDATE orders SET closed_at = 1000");
    assert_int_equal(query_run(closed, NULL), 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        AUTOFREE char *suggestion = xasprintf(COUNTY "-J00001%zu", i);
        step(1, "raised");
        record_set(message, F_STATE, STATE_FOLLOWED);
        record_set(message, F_KIND, "promise");
        record_set(message, F_ABOUT, others[i]);
        assert_int_equal(take_step(suggestion), VERDICT_OK);
        assert_leaves(true, 999);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        bool follows = strcmp(kinds[i], "opinion") != 0;
        AUTOFREE char *suggestion = xasprintf(COUNTY "-J00000%zu", i + 1);
        step(1, "raised");
        record_set(message, F_STATE, STATE_FOLLOWED);
        record_set(message, F_KIND, kinds[i]);
        record_set(message, F_ABOUT, "990101-000777 " ORDER);
        assert_int_equal(take_step(suggestion), VERDICT_OK);
        assert_leaves(!follows, 999);
        assert_leaves(true, 1000);
        step(2, "settled");
        record_set(message, F_STATE, STATE_SETTLED);
        assert_int_equal(take_step(suggestion), VERDICT_OK);
        assert_leaves(!follows, 999); /* it is to be re-checked */
        step(3, "rechecked");
        record_set(message, F_STATE, STATE_CLOSED);
        assert_int_equal(take_step(suggestion), VERDICT_OK);
        assert_leaves(true, 999);
    }
}

static void test_two_instances_share_the_files(void **state)
{
    (void)state;
    struct archive *mine = archive, *other;
    assert_int_equal(archive_open(dir, &other), 0);
    add_case(COUNTY "-000001", 1, "路灯", "");
    admit_all(other);
    archive = other;
    step(2, "closed");
    record_set(message, F_ANSWER, "不同");
    take_step(COUNTY "-000001");
    assert_refused("fork");
    add_case(COUNTY "-000002", 2, "停水", "");
    archive = mine;
    assert_int_equal(record_int(search("停水"), F_TOTAL), 1);
    archive_close(&other);
}

/* While one makes a county's file another may open it; it is no stranger's for that. */
static void test_two_instances_make_a_file(void **state)
{
    (void)state;
    int turns[2];
    assert_int_equal(pipe(turns), 0);
    pid_t other = fork();
    for (int i = 0; i < 100; i++) {
        char county[12], turn = 0, why[WHY_SIZE] = "";
        struct database *database = NULL;
        snprintf(county, sizeof county, "%06d", 400000 + i);
        if (other == 0 ? write(turns[1], &turn, 1) < 1 : read(turns[0], &turn, 1) < 1)
            abort();
        int result = database_open(dir, county, &unanchored, &database, why);
        database_close(&database);
        bool good = result == 0 || result == -EIO; /* locked for the moment */
        if (other == 0 && !good)
            _exit(1);
        if (!good)
            fail_msg("%s", why);
    }
    if (other == 0)
        _exit(0);
    close(turns[0]);
    close(turns[1]);
    int status;
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
}

static void test_files_last(void **state)
{
    (void)state;
    add_case(ORDER, 1, "路灯", "");
    archive_close(&archive);
    assert_int_equal(archive_open(dir, &archive), 0);
    admit_all(archive);
    assert_int_equal(record_int(search("路灯"), F_TOTAL), 1);
    assert_int_equal(cases_waiting(archive_at(archive, 0), false), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_step_is_stored_once),
        TEST(test_what_is_acknowledged_is_on_the_disk),
        TEST(test_a_step_costs_no_more_in_a_long_journal),
        TEST(test_what_cannot_be_stored_harms_nobody),
        TEST(test_a_file_that_is_locked_is_tried_later),
        TEST(test_order_of_arrival_does_not_matter),
        TEST(test_a_case_needs_every_step),
        TEST(test_counties_are_apart),
        TEST(test_cases_wait_with_growing_pauses),
        TEST(test_an_order_waits_for_what_was_promised),
        TEST(test_two_instances_share_the_files),
        TEST(test_two_instances_make_a_file),
        TEST(test_files_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
