/*
 * test_log.c - lines of the log.
 */
#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What was written on stderr, which goes into a file meanwhile. */
static void logged(const char *quoted, char *ret_text, size_t size)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stderr);
    int before = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    log_warning("cause=\"%s\"", quoted);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    ret_text[fread(ret_text, 1, size - 1, file)] = '\0';
    fclose(file);
}

/* Or somebody could write lines of their own, for whoever reads the log, and move the cursor of a terminal. */
static void what_is_quoted_makes_no_other_line(void **state)
{
    (void)state;
    char text[400];
    logged("路灯\n2026-01-05T10:00:00.000Z error intake-1\r\tall is lost \x1b[2J", text, sizeof text);
    const char *end = strchr(text, '\n');
    assert_non_null(end);
    assert_string_equal(end, "\n");
    for (const char *c = text; c < end; c++)
        assert_false((unsigned char)*c < ' ');
    assert_non_null(strstr(text, "cause=\"路灯 2026-01-05T10:00:00.000Z error intake-1  all is lost  [2J\""));
}

int main(void)
{
    log_open("test", LEVEL_INFO);
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_quoted_makes_no_other_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
