/*
 * key.c - makes keys for programs that use the interfaces.
 *
 * The key itself is printed once and kept nowhere: the county's keys.csv
 * holds its hash alone.
 */
#include "scripts/ctl/ctl.h"

#include "common/permission.h"
#include "common/text.h"

#include <sodium.h>
#include <string.h>

enum { KEY_BYTES = 32, HASH_BYTES = 32 };

int key_new(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)ctl;
    (void)argc;
    const char *role = argv[0], *name = argv[1];
    char scope[32];
    for (const char *rest = role; words_next(&rest, scope, sizeof scope);)
        if (!words_have(SCOPES, scope))
            return misused("the role is one or more of: %s; not \"%s\"", SCOPES, scope);
    if (words_count(role) == 0)
        return misused("the role is one or more of: %s", SCOPES);
    if (!is_id(name))
        return misused("the name is 1 to 32 letters, digits, - or _, as the first column of keys.csv wants it");
    if (sodium_init() < 0)
        return fail("there is no source of random numbers");

    unsigned char bytes[KEY_BYTES], hash[HASH_BYTES];
    char key[sodium_base64_ENCODED_LEN(KEY_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)], hex[2 * HASH_BYTES + 1];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(key, sizeof key, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    crypto_generichash(hash, sizeof hash, (const unsigned char *)key, strlen(key), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);

    printf("key (give it to the user, it is shown only now): %s\n", key);
    printf("line for keys.csv (name,role,hash):              %s,%s,%s\n", name, role, hex);
    return DONE;
}

int schema(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)ctl;
    (void)argc;
    (void)argv;
    schema_print(stdout);
    return DONE;
}
