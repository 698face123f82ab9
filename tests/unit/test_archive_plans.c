/*
 * test_archive_plans.c - a county has 100,000 orders one day: which way the queries of lists and figures go.
 *
 * All queries that were made are explained by SQLite. None may go through all rows of the orders or the journal, which
 * hold long texts.
 */
// links: services/archive
#include "tests/unit/archive_fixture.h"

#include "services/archive/database.h"

static void ask_with(enum message_type type, enum field field, const char *value)
{
    record_clear(message);
    if (type != MSG_LIST_ORDERS) {
        record_set_int(message, F_START, 0);
        record_set_int(message, F_END, 1);
    }
    if (field_info(field)->type == FIELD_STR)
        record_set(message, field, value);
    else
        record_set_int(message, field, strtoll(value, NULL, 10));
    ask(type);
}

/* How the query goes about it, a line for each step; the caller frees it. */
static char *plan_of(sqlite3_stmt *query)
{
    AUTOFREE char *sql = xasprintf("EXPLAIN QUERY PLAN %s", sqlite3_sql(query));
    sqlite3_stmt *steps;
    char *plan = xstrdup("");
    assert_int_equal(sqlite3_prepare_v2(sqlite3_db_handle(query), sql, -1, &steps, NULL), SQLITE_OK);
    while (sqlite3_step(steps) == SQLITE_ROW) {
        AUTOFREE char *before = plan;
        plan = xasprintf("%s%s\n", before, sqlite3_column_text(steps, 3));
    }
    sqlite3_finalize(steps);
    return plan;
}

/* An index that has all that is asked for may be gone through, and one of few rows. */
static bool goes_through_rows(const char *plan, const char *table)
{
    static const char *const fine[] = {"COVERING INDEX", "INDEX orders_due", "INDEX orders_assisting",
                                       "INDEX journal_library"};
    AUTOFREE char *scan = xasprintf("SCAN %s", table);
    for (const char *line = plan; (line = strstr(line, scan)); line++) {
        AUTOFREE char *scanned = xstrndup(line, strcspn(line, "\n"));
        bool through = scanned[strlen(scan)] == '\0' || scanned[strlen(scan)] == ' ';
        for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
            through = through && !strstr(scanned, fine[i]);
        if (through)
            return true;
    }
    return false;
}

static sqlite3 *connection(void)
{
    return sqlite3_db_handle(database_query(archive_database(archive, COUNTY), "SELECT 1"));
}

static void assert_no_rows_gone_through(void)
{
    for (sqlite3_stmt *query = NULL; (query = sqlite3_next_stmt(connection(), query));) {
        AUTOFREE char *plan = plan_of(query);
        if (goes_through_rows(plan, "orders") || goes_through_rows(plan, "journal"))
            fail_msg("%s\n%s", sqlite3_sql(query), plan);
    }
}

static void lists_go_by_indexes(void **state)
{
    (void)state;
    static const struct {
        enum field field;
        const char *value;
    } filters[] = {
        {F_STATES, "open assigned"},
        {F_CATEGORIES, "noise"},
        {F_GROUP, "G1"},
        {F_TOWN, "T1"},
        {F_DEPARTMENT, "D1"},
        {F_ASSISTING, "D1"},
        {F_MEMBER, "M1"},
        {F_URGENCY, "urgent"},
        {F_RATING, "satisfied"},
        {F_FLAGGED, "1"},
        {F_TO_CALL, "1"},
        {F_OVERDUE, "1"},
        {F_OVERDUE, "0"},
        {F_UNDECIDED, "1"},
        {F_PUBLIC, "1"},
        {F_PERSON, "P"},
        {F_SORT, "due"},
        {F_SORT, "oldest"},
        {F_WITHIN, "member:M1 pool:G1"},
        {F_WITHIN, "convener:T1 town:T1 town:"},
        {F_WITHIN, "department:D1"},
    };
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        ask_with(MSG_LIST_ORDERS, filters[i].field, filters[i].value);
    assert_no_rows_gone_through();
}

static void figures_go_by_indexes(void **state)
{
    (void)state;
    ask_with(MSG_READ_FIGURES, F_START, "0");
    ask_with(MSG_READ_PUBLIC_FIGURES, F_YEAR, "2026");
    ask_with(MSG_LIST_TOPICS, F_LIMIT, "10");
    ask_with(MSG_READ_RECORDS, F_START, "0");
    ask_with(MSG_LIST_UPDATES, F_PUBLIC, "1");
    assert_no_rows_gone_through();
}

/* Nobody has to have all that is published looked through for a word; anybody may ask for one. */
static void published_cases_are_found_by_their_words(void **state)
{
    (void)state;
    ask_with(MSG_LIST_PUBLISHED, F_LIMIT, "10");
    ask_with(MSG_LIST_PUBLISHED, F_QUERY, "小区");
    assert_no_rows_gone_through();
    int found = 0;
    for (sqlite3_stmt *query = NULL; (query = sqlite3_next_stmt(connection(), query));) {
        if (!strstr(sqlite3_sql(query), "published_fts MATCH"))
            continue;
        found++;
        AUTOFREE char *plan = plan_of(query);
        assert_int_equal(strncmp(plan, "SCAN published_fts", 18), 0);
        assert_non_null(strstr(plan, "SEARCH journal USING INTEGER PRIMARY KEY"));
    }
    assert_int_not_equal(found, 0);
}

static int queries_kept(void)
{
    int count = 0;
    for (sqlite3_stmt *query = NULL; (query = sqlite3_next_stmt(connection(), query));)
        count++;
    return count;
}

/* An archive runs for months, and is asked for lists several times a second. */
static void queries_do_not_pile_up(void **state)
{
    (void)state;
    static const enum field filters[] = {F_CATEGORIES, F_GROUP,  F_TOWN,   F_DEPARTMENT,
                                         F_ASSISTING,  F_MEMBER, F_RATING, F_URGENCY};
    static const enum message_type lists[] = {MSG_LIST_ORDERS, MSG_LIST_MEETINGS, MSG_LIST_SUGGESTIONS,
                                              MSG_LIST_ENTRIES, MSG_READ_FIGURES};
    int before = 0;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
            ask_with(lists[i], F_LIMIT, "10");
        assert_true(before == 0 || queries_kept() == before);
        before = queries_kept();
        usleep(2000); /* it is another moment */
    }
    for (int some = 0; some < 1 << 8; some++) {
        record_clear(message);
        for (int i = 0; i < 8; i++)
            if (some & 1 << i)
                record_set(message, filters[i], "x");
        ask(MSG_LIST_ORDERS); /* two queries each */
    }
    assert_in_range(queries_kept(), 1 << 8, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_go_by_indexes),
        TEST(figures_go_by_indexes),
        TEST(published_cases_are_found_by_their_words),
        TEST(queries_do_not_pile_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
