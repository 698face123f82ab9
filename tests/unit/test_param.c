/*
 * test_param.c - where values come from, and that bad ones are refused with name, value and range.
 */
#include "common/param.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct param table[] = {
    {"window_size", PARAM_INT, "128", 1, 4096, "events", "how many at once"},
    {"place", PARAM_STR, "here", 1, 8, "", "where"},
    {"word", PARAM_SECRET, "", 0, 8, "", "what nobody else may know"},
};
static const struct param required[] = {{"must", PARAM_STR, NULL, 1, 8, "", "what cannot be guessed"}};

/* Loads with this file content ("" : no file) and arguments; what was complained about goes to errors. */
static int load(const char *content, int argc, char *const argv[], struct params **ret_params, char errors[1000])
{
    char path[] = "/tmp/sidan-param-XXXXXX";
    FILE *out = fmemopen(errors, 1000, "w");
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
    close(fd);
    *ret_params = params_new((const struct param *const[]){table}, (const size_t[]){3}, 1);
    int r = params_load(*ret_params, *content ? path : NULL, argc, argv, out);
    fclose(out);
    unlink(path);
    return r;
}

static void later_sources_win(void **state)
{
    static const struct {
        const char *file, *environment, *argument;
        int64_t expected;
    } cases[] = {
        {"", NULL, NULL, 128},
        {"# comment\n\n window_size = 7 \n", NULL, NULL, 7},
        {"window_size=7\n", "8", NULL, 8},
        {"window_size=7\n", "8", "window_size=9", 9},
        {"", NULL, "window_size=4096", 4096},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char errors[1000] = "", argument[40] = "";
        char *const argv[] = {"program", argument, NULL};
        struct params *params;
        if (cases[i].environment)
            setenv("SIDAN_WINDOW_SIZE", cases[i].environment, 1);
        if (cases[i].argument)
            snprintf(argument, sizeof argument, "%s", cases[i].argument);
        assert_int_equal(load(cases[i].file, cases[i].argument ? 2 : 1, argv, &params, errors), 0);
        assert_int_equal(param_int(params, "window_size"), cases[i].expected);
        assert_string_equal(param_str(params, "place"), "here");
        params_destroy(&params);
        unsetenv("SIDAN_WINDOW_SIZE");
    }
}

static void bad_values_are_refused_with_name_value_and_range(void **state)
{
    static const struct {
        const char *file, *argument;
        const char *words[4];
    } cases[] = {
        {"", "window_size=0", {"command line", "window_size", "\"0\"", "1 to 4096"}},
        {"", "window_size=4097", {"window_size", "\"4097\"", "1 to 4096", "events"}},
        {"", "window_size=12x", {"window_size", "\"12x\"", "1 to 4096", "whole number"}},
        {"", "place=", {"place", "\"\"", "1 to 8", "bytes"}},
        {"", "place=far away from here", {"place", "far away", "1 to 8", "bytes"}},
        {"", "windw=3", {"windw", "no parameter", "--help", "command line"}},
        {"", "window_size", {"window_size", "name=value", "command line", ""}},
        {"\nwindow_size = many\n", NULL, {":2:", "window_size", "\"many\"", "1 to 4096"}},
        {"place here\n", NULL, {":1:", "name = value", "", ""}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char errors[1000] = "", argument[40] = "";
        char *const argv[] = {"program", argument, NULL};
        struct params *params;
        if (cases[i].argument)
            snprintf(argument, sizeof argument, "%s", cases[i].argument);
        assert_int_equal(load(cases[i].file, cases[i].argument ? 2 : 1, argv, &params, errors), -EINVAL);
        for (size_t k = 0; k < 4; k++)
            if (!strstr(errors, cases[i].words[k]))
                fail_msg("\"%s\" does not say \"%s\"", errors, cases[i].words[k]);
        params_destroy(&params);
    }
}

static void secrets_come_from_files_and_the_environment_only(void **state)
{
    char *const argv[] = {"program", "word=hush", NULL};
    char errors[1000] = "";
    struct params *params;
    (void)state;
    assert_int_equal(load("word = hush\n", 1, argv, &params, errors), 0);
    assert_string_equal(param_str(params, "word"), "hush");
    params_destroy(&params);

    assert_int_equal(load("", 2, argv, &params, errors), -EINVAL);
    assert_non_null(strstr(errors, "SIDAN_WORD"));
    assert_null(strstr(errors, "hush"));
    params_destroy(&params);

    setenv("SIDAN_WORD", "hushhushhush", 1);
    assert_int_equal(load("", 1, argv, &params, errors), -EINVAL);
    assert_non_null(strstr(errors, "word"));
    assert_null(strstr(errors, "hushhush"));
    params_destroy(&params);
    unsetenv("SIDAN_WORD");
}

static void what_must_be_given_is_asked_for(void **state)
{
    (void)state;
    char errors[1000] = "";
    FILE *out = fmemopen(errors, sizeof errors, "w");
    struct params *params = params_new((const struct param *const[]){required}, (const size_t[]){1}, 1);
    assert_int_equal(params_load(params, NULL, 0, NULL, out), -EINVAL);
    fclose(out);
    assert_non_null(strstr(errors, "must must be given: what cannot be guessed"));
    params_destroy(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_sources_win),
        cmocka_unit_test(bad_values_are_refused_with_name_value_and_range),
        cmocka_unit_test(secrets_come_from_files_and_the_environment_only),
        cmocka_unit_test(what_must_be_given_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
