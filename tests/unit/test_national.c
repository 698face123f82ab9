// links: scripts/ctl
// links: services/notification
/*
 * test_national.c - the yearly files of the national calendar: those that are shipped, faulty ones, missing ones.
 */
#include "common/alloc.h"
#include "common/calendar.h"
#include "scripts/ctl/ctl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/sidan-national-XXXXXX";
static char said[2000]; /* on stderr by the latest reading */

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    static const char *const names[] = {"2026.json", "2027.json", "notes.json", "stderr"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        AUTOFREE char *path = xasprintf("%s/%s", directory, names[i]);
        unlink(path);
    }
    return rmdir(directory);
}

static void put(const char *name, const char *text)
{
    AUTOFREE char *path = xasprintf("%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* What is read on that day; stderr goes to `said`. */
static char *read_on(const char *from, const char *date)
{
    AUTOFREE char *path = xasprintf("%s/stderr", directory);
    FILE *file = fopen(path, "w+");
    int64_t now;
    assert_non_null(file);
    assert_int_equal(date_parse(date, &now), 0);
    fflush(stderr);
    int before = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    char *text = national_calendar(from, now);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    said[fread(said, 1, sizeof said - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void the_shipped_years(void **state)
{
    static const char *const days[] = {
        "2024-02-18,work,春节",   "2024-10-12,work,国庆节",        "2025-01-28,off,春节",  "2025-02-04,off,春节",
        "2025-04-27,work,劳动节", "2025-10-08,off,国庆节、中秋节", "2026-01-04,work,元旦", "2026-02-23,off,春节",
    };
    (void)state;
    AUTOFREE char *text = read_on("deploy/calendar", "2026-11-30");
    assert_non_null(text);
    assert_string_equal(said, "");
    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        assert_non_null(strstr(text, days[i]));
}

static void a_missing_year_is_said_from_december_on(void **state)
{
    (void)state;
    put("2026.json",
        "{\"year\": 2026, \"days\": [{\"name\": \"元旦\", \"date\": \"2026-01-01\", \"isOffDay\": true}]}");
    put("2027.json", "{\"year\": 2027, \"days\": []}"); /* as it is before the notice */
    put("notes.json", "no year's");
    AUTOFREE char *november = read_on(directory, "2026-11-30");
    assert_string_equal(november, "date,kind,name\n2026-01-01,off,元旦\n");
    assert_string_equal(said, "");
    AUTOFREE char *december = read_on(directory, "2026-12-01");
    assert_string_equal(december, november);
    assert_non_null(strstr(said, "/2027.json: it is missing, or has no days: holidays of 2027 count as workdays\n"));
    assert_null(strstr(said, "2026.json"));
    AUTOFREE char *nowhere = read_on("/nowhere", "2026-11-30");
    assert_string_equal(nowhere, "date,kind,name\n");
    assert_string_equal(said,
                        "/nowhere/2026.json: it is missing, or has no days: holidays of 2026 count as workdays\n");
}

static void faults_are_said(void **state)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"{", "2027.json:1: "},
        {"{\"year\": 2026, \"days\": []}", "it does not have \"year\": 2027, and \"days\""},
        {"{\"year\": 2027}", "it does not have \"year\": 2027, and \"days\""},
        {"{\"year\": 2027, \"days\": [{\"name\": \"元旦\", \"date\": \"2027-01-01\"}]}", "day 1: "},
        {"{\"year\": 2027, \"days\": [{\"name\": \"元旦\", \"date\": \"2027-02-30\", \"isOffDay\": true}]}", "day 1: "},
        {"{\"year\": 2027, \"days\": [{\"name\": \"元,旦\", \"date\": \"2027-01-01\", \"isOffDay\": true}]}",
         "day 1: "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("2027.json", cases[i].text);
        assert_null(read_on(directory, "2026-11-30"));
        assert_non_null(strstr(said, cases[i].fault));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_years),
        cmocka_unit_test(a_missing_year_is_said_from_december_on),
        cmocka_unit_test(faults_are_said),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
