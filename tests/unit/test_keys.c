/*
 * test_keys.c - the directory of keys: what is read, what is refused, and what stays in force.
 */
#include "common/alloc.h"
#include "common/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

/* A directory with the keys of routing, and a key of intake. */
struct place {
    char directory[40], public[CURVE_KEY_SIZE], secret[CURVE_KEY_SIZE], intake[CURVE_KEY_SIZE];
    char *good; /* the text of its `allowed` */
};

static void put(const struct place *place, const char *name, mode_t mode, const char *text)
{
    AUTOFREE char *path = xasprintf("%s/%s", place->directory, name);
    unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    chmod(path, mode);
}

static void take_away(const struct place *place, const char *name)
{
    AUTOFREE char *path = xasprintf("%s/%s", place->directory, name);
    unlink(path);
    rmdir(path);
}

static int set_up(void **state)
{
    struct place *place = xcalloc(1, sizeof *place);
    char secret[CURVE_KEY_SIZE];
    snprintf(place->directory, sizeof place->directory, "/tmp/sidan-keys-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    zmq_curve_keypair(place->public, place->secret);
    zmq_curve_keypair(place->intake, secret);
    place->good = xasprintf("# by hand\n\n  routing   %s  \nintake %s", place->public, place->intake);
    put(place, "allowed", 0644, place->good);
    put(place, "routing.secret", 0600, place->secret);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    take_away(place, "allowed");
    take_away(place, "routing.secret");
    rmdir(place->directory);
    free(place->good);
    free(place);
    return 0;
}

/* That the directory is refused, with these words. */
static void expect_fault(const struct place *place, const char *words)
{
    struct keys *keys = NULL;
    char *fault = NULL;
    assert_true(keys_new(place->directory, "routing", &keys, &fault) < 0);
    assert_null(keys);
    if (!strstr(fault, words) || !strstr(fault, place->directory))
        fail_msg("\"%s\" does not say \"%s\" and where", fault, words);
    assert_null(strstr(fault, place->secret));
    free(fault);
}

static void good_files_are_read(void **state)
{
    const struct place *place = *state;
    struct keys *keys;
    char *fault;
    assert_int_equal(keys_new(place->directory, "routing", &keys, &fault), 0);
    assert_string_equal(keys_own_public(keys), place->public);
    assert_string_equal(keys_own_secret(keys), place->secret);
    assert_string_equal(keys_owner(keys, place->public), "routing");
    assert_string_equal(keys_owner(keys, place->intake), "intake");
    assert_null(keys_owner(keys, place->secret));
    assert_null(keys_owner(keys, ""));
    assert_true(keys_are_of(keys, "intake", place->intake));
    assert_false(keys_are_of(keys, "routing", place->intake));
    assert_int_equal(keys_refresh(keys, &fault), 0);
    keys_destroy(&keys);
    assert_null(keys);
}

static void a_name_may_have_two_keys(void **state)
{
    const struct place *place = *state;
    AUTOFREE char *text = xasprintf("routing %s\nrouting %s\n", place->intake, place->public);
    put(place, "allowed", 0644, text);
    struct keys *keys;
    char *fault;
    assert_int_equal(keys_new(place->directory, "routing", &keys, &fault), 0);
    assert_true(keys_are_of(keys, "routing", place->public) && keys_are_of(keys, "routing", place->intake));
    keys_destroy(&keys);
}

static void bad_lines_are_refused(void **state)
{
    const struct place *place = *state;
    const struct {
        const char *format, *words; /* the format gets a good key */
    } cases[] = {
        {"routing\n", "allowed:1: expected a name"},
        {"# comment\n%s\n", "allowed:2: expected a name"},
        {"routing %s x\n", "allowed:1: expected a name"},
        {"routing %sx\n", "allowed:1: expected a name"},
        {"routing %.39s\n", "allowed:1: expected a name"},
        {"routing %.39s~\n", "allowed:1: expected a name"},
        {"a-name-that-is-too-long %s\n", "allowed:1: expected a name"},
        {"rout/ing %s\n", "allowed:1: expected a name"},
        {"# comment\nintake %1$s\n\nrouting %1$s\n", "allowed:4: this key is another name's"},
        {"", "no key in it"},
        {"intake %s\n", "no line for the key of routing.secret"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTOFREE char *text = NULL;
        assert_true(asprintf(&text, cases[i].format, place->public) >= 0);
        put(place, "allowed", 0644, text);
        expect_fault(place, cases[i].words);
    }
}

static void bad_secrets_are_refused(void **state)
{
    const struct place *place = *state;
    AUTOFREE char *twice = xasprintf("%s\n%s\n", place->secret, place->secret);
    put(place, "routing.secret", 0600, twice);
    expect_fault(place, "no secret key");
    put(place, "routing.secret", 0600, "too short");
    expect_fault(place, "no secret key");
    put(place, "routing.secret", 0600, "");
    expect_fault(place, "no secret key");
    take_away(place, "routing.secret");
    expect_fault(place, "sidanctl keys init");
    AUTOFREE char *path = xasprintf("%s/routing.secret", place->directory);
    mkdir(path, 0700);
    expect_fault(place, "no file");
    rmdir(path);
    char large[70000];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    put(place, "routing.secret", 0600, large);
    expect_fault(place, "larger than");
}

static void secrets_that_others_may_read_are_refused(void **state)
{
    const struct place *place = *state;
    /* Only root lends its files to a group. */
    const mode_t modes[] = {0604, 0602, 0601, 0620, 0610, geteuid() == 0 ? 0660 : 0640};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        put(place, "routing.secret", modes[i], place->secret);
        expect_fault(place, "chmod 600");
    }
    struct keys *keys;
    char *fault;
    put(place, "routing.secret", geteuid() == 0 ? 0440 : 0400, place->secret);
    assert_int_equal(keys_new(place->directory, "routing", &keys, &fault), 0);
    keys_destroy(&keys);
}

static void a_list_that_changed_is_read_again(void **state)
{
    const struct place *place = *state;
    struct keys *keys;
    char *fault;
    assert_int_equal(keys_new(place->directory, "routing", &keys, &fault), 0);
    AUTOFREE char *text = xasprintf("routing %s\n", place->public);
    put(place, "allowed", 0644, text);
    assert_int_equal(keys_refresh(keys, &fault), 1);
    assert_null(keys_owner(keys, place->intake));
    assert_int_equal(keys_refresh(keys, &fault), 0);

    /* Without our own key, too: who rotates keys may end us last. */
    AUTOFREE char *others = xasprintf("intake %s\n", place->intake);
    put(place, "allowed", 0644, others);
    assert_int_equal(keys_refresh(keys, &fault), 1);
    assert_null(keys_owner(keys, place->public));
    keys_destroy(&keys);
}

static void a_list_that_became_bad_stays_as_it_was(void **state)
{
    const struct place *place = *state;
    struct keys *keys;
    char *fault;
    assert_int_equal(keys_new(place->directory, "routing", &keys, &fault), 0);
    put(place, "allowed", 0644, "nonsense\n");
    assert_int_equal(keys_refresh(keys, &fault), -EINVAL);
    assert_non_null(strstr(fault, "allowed:1"));
    free(fault);
    assert_int_equal(keys_refresh(keys, &fault), 0); /* said once */
    assert_string_equal(keys_owner(keys, place->intake), "intake");
    put(place, "allowed", 0644, "# to be written in a moment\n");
    assert_int_equal(keys_refresh(keys, &fault), -EINVAL);
    assert_non_null(strstr(fault, "no key"));
    free(fault);
    assert_string_equal(keys_owner(keys, place->intake), "intake");
    take_away(place, "allowed");
    assert_int_equal(keys_refresh(keys, &fault), -ENOENT);
    free(fault);
    assert_int_equal(keys_refresh(keys, &fault), 0);
    assert_string_equal(keys_owner(keys, place->intake), "intake");
    put(place, "allowed", 0644, place->good);
    assert_int_equal(keys_refresh(keys, &fault), 1);
    keys_destroy(&keys);
}

static void fingerprints_tell_keys_apart(void **state)
{
    const struct place *place = *state;
    char one[FINGERPRINT_SIZE], other[FINGERPRINT_SIZE];
    keys_fingerprint(one, place->public);
    keys_fingerprint(other, place->intake);
    assert_int_equal(strlen(one), FINGERPRINT_SIZE - 1);
    assert_string_not_equal(one, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(good_files_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_may_have_two_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_lines_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_secrets_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(secrets_that_others_may_read_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_that_changed_is_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_that_became_bad_stays_as_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fingerprints_tell_keys_apart, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
