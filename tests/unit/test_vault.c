/*
 * test_vault.c - what is sealed is opened by whom it belongs to, and by nobody else; keys change and old values stay
 * readable.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/vault.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWNER "order/990101-000001/contact"
#define VALUE "周小雨 10000000001"

static char dir[40];

static int make_dir(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/sidan-vault-XXXXXX");
    return sodium_init() < 0 || !mkdtemp(dir) ? -1 : 0;
}

static int drop_dir(void **state)
{
    (void)state;
    AUTOFREE char *path = xasprintf("%s/master", dir);
    unlink(path);
    return rmdir(dir);
}

/* Writes the file of master keys; key n is 32 times the byte n. */
static void write_master(const char *text)
{
    AUTOFREE char *path = xasprintf("%s/master", dir);
    unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (const char *c = text; *c; c++) {
        if (*c >= '1' && *c <= '9') {
            fprintf(file, "%c ", *c);
            for (int i = 0; i < 32; i++)
                fprintf(file, "0%c", *c);
        } else {
            fputc(*c, file);
        }
    }
    fclose(file);
    chmod(path, 0600);
}

static char *seal(const struct vault *vault)
{
    return vault_seal(vault, OWNER, VALUE, strlen(VALUE));
}

static int try_open(const struct vault *vault, const char *owner, const char *sealed)
{
    char *value = NULL;
    size_t size = 0;
    int r = vault_open(vault, owner, sealed, &value, &size);
    if (r == 0) {
        assert_string_equal(value, VALUE);
        assert_int_equal(size, strlen(VALUE));
    } else {
        assert_null(value);
    }
    free(value);
    return r;
}

static void what_was_sealed_is_opened(void **state)
{
    (void)state;
    VAULT *vault = vault_new(NULL);
    AUTOFREE char *sealed = seal(vault), *again = seal(vault);
    assert_int_equal(try_open(vault, OWNER, sealed), 0);
    assert_string_equal(sealed, again);
    assert_null(strstr(sealed, "10000000001"));
    assert_int_equal(strncmp(sealed, "v1.1.", 5), 0);
    AUTOFREE char *empty = vault_seal(vault, OWNER, "", 0), *value = NULL;
    size_t size = 1;
    assert_int_equal(vault_open(vault, OWNER, empty, &value, &size), 0);
    assert_int_equal(size, 0);
}

/* Each other character in each place, and each shorter text. */
static void every_change_is_noticed(void **state)
{
    (void)state;
    VAULT *vault = vault_new(NULL);
    AUTOFREE char *sealed = seal(vault);
    for (size_t i = 0; sealed[i]; i++) {
        char was = sealed[i];
        for (int c = 1; c < 256; c++) {
            sealed[i] = (char)c;
            if (sealed[i] != was && try_open(vault, OWNER, sealed) == 0)
                fail_msg("byte %zu: %d instead of %d was not noticed", i, c, was);
        }
        sealed[i] = was;
    }
    for (size_t size = strlen(sealed); size-- > 0;) {
        AUTOFREE char *cut = xstrndup(sealed, size);
        assert_int_equal(try_open(vault, OWNER, cut), -EBADMSG);
    }
    AUTOFREE char *longer = xasprintf("%sAAAA", sealed);
    assert_int_equal(try_open(vault, OWNER, longer), -EBADMSG);
    assert_int_equal(try_open(vault, OWNER, sealed), 0);
}

static void nothing_can_be_moved(void **state)
{
    (void)state;
    VAULT *vault = vault_new(NULL), *other = vault_new(vault_secret(vault));
    AUTOFREE char *sealed = seal(vault);
    assert_int_equal(try_open(vault, "order/990101-000002/contact", sealed), -EBADMSG);
    assert_int_equal(try_open(vault, "sms/990101-000001/contact", sealed), -EBADMSG);
    assert_int_equal(try_open(vault, OWNER "/", sealed), -EBADMSG);
    assert_int_equal(try_open(vault, "", sealed), -EBADMSG);
    assert_int_equal(try_open(other, OWNER, sealed), -EBADMSG);
    assert_int_equal(try_open(vault, OWNER, VALUE), -EBADMSG);
}

/* The nonce depends on all there is, or two values would share a key stream. */
static void no_nonce_is_used_twice(void **state)
{
    (void)state;
    VAULT *vault = vault_new(NULL), *other = vault_new(NULL);
    AUTOFREE char *sealed = seal(vault), *elsewhere = vault_seal(vault, OWNER "x", VALUE, strlen(VALUE)),
                  *changed = vault_seal(vault, OWNER, VALUE "x", strlen(VALUE "x")), *foreign = seal(other),
                  *shifted = vault_seal(vault, OWNER VALUE, "", 0);
    const char *all[] = {sealed, elsewhere, changed, foreign, shifted};
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(strncmp(all[i] + 5, all[k] + 5, 32), 0);
}

static void old_keys_stay_readable(void **state)
{
    (void)state;
    VAULT *vault = vault_new(NULL);
    AUTOFREE char *first = seal(vault);
    write_master("1\n");
    char *fault = NULL;
    AUTOFREE char *wrapped = vault_wrap(vault, dir, "990101", &fault);
    vault_rekey(vault);
    AUTOFREE char *second = seal(vault);
    assert_int_equal(strncmp(second, "v1.2.", 5), 0);
    assert_int_equal(try_open(vault, OWNER, first), 0);
    assert_int_equal(try_open(vault, OWNER, second), 0);
    /* Who has not heard of the new key knows that it lacks one. */
    VAULT *before = NULL;
    assert_int_equal(vault_unwrap(dir, "990101", wrapped, &before, &fault), 0);
    assert_int_equal(try_open(before, OWNER, first), 0);
    assert_int_equal(try_open(before, OWNER, second), -ENOKEY);
}

/* Wraps with one file of master keys and unwraps with another. */
static int rewrap(const char *wrapped_with, const char *unwrapped_with, const char *county)
{
    VAULT *vault = vault_new(NULL), *back = NULL;
    AUTOFREE char *sealed = seal(vault), *fault = NULL;
    write_master(wrapped_with);
    AUTOFREE char *wrapped = vault_wrap(vault, dir, "990101", &fault);
    assert_non_null(wrapped);
    write_master(unwrapped_with);
    int r = vault_unwrap(dir, county, wrapped, &back, &fault);
    assert_int_equal(r == 0, fault == NULL);
    if (r == 0) {
        assert_memory_equal(vault_secret(back), vault_secret(vault), VAULT_SECRET_SIZE);
        assert_int_equal(try_open(back, OWNER, sealed), 0);
    }
    return r;
}

static void master_keys_wrap_and_unwrap(void **state)
{
    (void)state;
    assert_int_equal(rewrap("1\n", "1\n", "990101"), 0);
    assert_int_equal(rewrap("1\n", "# old\n\n1\n2\n", "990101"), 0);
    assert_int_equal(rewrap("1\n2\n", "2\n", "990101"), 0); /* the last line is the current one */
    assert_int_equal(rewrap("1\n", "2\n", "990101"), -ENOKEY);
    assert_int_equal(rewrap("1\n", "", "990101"), -ENOKEY);
    assert_int_equal(rewrap("1\n", "1\n", "990102"), -EBADMSG);
    assert_int_equal(rewrap("1\n", "1x\n", "990101"), -EINVAL);
    assert_int_equal(rewrap("1\n", "junk\n1\n", "990101"), -EINVAL);
}

static void a_wrapped_vault_cannot_be_changed(void **state)
{
    (void)state;
    VAULT *vault = vault_new(NULL), *back = NULL;
    AUTOFREE char *fault = NULL;
    write_master("1\n");
    AUTOFREE char *wrapped = vault_wrap(vault, dir, "990101", &fault);
    wrapped[strlen(wrapped) / 2] ^= 1;
    assert_int_equal(vault_unwrap(dir, "990101", wrapped, &back, &fault), -EBADMSG);
    AUTOFREE char *path = xasprintf("%s/master", dir), *none = NULL;
    unlink(path);
    assert_null(vault_wrap(vault, dir, "990101", &none));
    assert_non_null(none);
}

static void digests_find_and_tell_nothing(void **state)
{
    (void)state;
    VAULT *vault = vault_new(NULL), *other = vault_new(NULL), *same = vault_new(vault_secret(vault));
    char digest[VAULT_DIGEST_SIZE], again[VAULT_DIGEST_SIZE], another[VAULT_DIGEST_SIZE], foreign[VAULT_DIGEST_SIZE];
    vault_digest(vault, "person", "10000000001", digest);
    vault_rekey(vault); /* changes what is sealed, never what is looked up */
    vault_digest(vault, "person", "10000000001", again);
    vault_digest(vault, "person", "10000000002", another);
    vault_digest(other, "person", "10000000001", foreign);
    assert_string_equal(digest, again);
    assert_string_not_equal(digest, another);
    assert_string_not_equal(digest, foreign);
    vault_digest(vault, "sign-in", "10000000001", another);
    assert_string_not_equal(digest, another);
    vault_digest(same, "person", "10000000001", again);
    assert_string_equal(digest, again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_is_opened),
        cmocka_unit_test(every_change_is_noticed),
        cmocka_unit_test(nothing_can_be_moved),
        cmocka_unit_test(no_nonce_is_used_twice),
        cmocka_unit_test(old_keys_stay_readable),
        cmocka_unit_test(master_keys_wrap_and_unwrap),
        cmocka_unit_test(a_wrapped_vault_cannot_be_changed),
        cmocka_unit_test(digests_find_and_tell_nothing),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
