/*
 * vault.c - sealing and opening, a county's keys, and the master keys that wrap them; see vault.h.
 *
 * The master keys are read anew for each wrapping and unwrapping and kept nowhere: that is when a county is loaded, not
 * when an order is. Memory that held a key is wiped.
 */
#include "common/vault.h"

#include "common/alloc.h"
#include "common/keys.h"
#include "common/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    KEY = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
};

/* What subkeys are for. The numbers are part of the format. */
enum purpose { TO_ENCRYPT = 1, TO_MAKE_NONCES, TO_LOOK_UP };

struct vault {
    unsigned char secret[VAULT_SECRET_SIZE];
    unsigned char (*keys)[KEY]; /* data key n is keys[n - 1] */
    size_t count;
};

static void subkey(unsigned char ret_subkey[KEY], const unsigned char key[KEY], enum purpose purpose)
{
    crypto_kdf_derive_from_key(ret_subkey, KEY, purpose, "sidan v1", key);
}

static void make_nonce(unsigned char nonce[NONCE], const unsigned char key[KEY], const char *about, const char *value,
                       size_t size)
{
    unsigned char nonce_key[KEY];
    crypto_generichash_state state;
    subkey(nonce_key, key, TO_MAKE_NONCES);
    crypto_generichash_init(&state, nonce_key, KEY, NONCE);
    crypto_generichash_update(&state, (const unsigned char *)about, strlen(about) + 1); /* its NUL keeps them apart */
    crypto_generichash_update(&state, (const unsigned char *)value, size);
    crypto_generichash_final(&state, nonce, NONCE);
    sodium_memzero(nonce_key, sizeof nonce_key);
}

/* Seals with the key of this number. The header is authenticated along with the owner. */
static char *seal(const unsigned char key[KEY], int64_t number, const char *owner, const char *value, size_t size)
{
    AUTOFREE char *about = xasprintf("v1.%lld.%s", (long long)number, owner);
    size_t header = strlen(about) - strlen(owner), sealed_size = NONCE + size + TAG;
    AUTOFREE unsigned char *sealed = xmalloc(sealed_size);
    unsigned char encrypt_key[KEY];
    make_nonce(sealed, key, about, value, size);
    subkey(encrypt_key, key, TO_ENCRYPT);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE, NULL, (const unsigned char *)value, size,
                                               (const unsigned char *)about, strlen(about), NULL, sealed, encrypt_key);
    sodium_memzero(encrypt_key, sizeof encrypt_key);
    size_t text_size = sodium_base64_ENCODED_LEN(sealed_size, BASE64);
    AUTOFREE char *text = xmalloc(text_size);
    sodium_bin2base64(text, text_size, sealed, sealed_size, BASE64);
    return xasprintf("%.*s%s", (int)header, about, text);
}

/* "v1.7.BASE64URL" → 7, and where the rest begins. -EBADMSG when it does not look so. */
static int read_header(const char *sealed, int64_t *ret_number, const char **ret_rest)
{
    char number[20];
    if (strncmp(sealed, "v1.", 3) != 0)
        return -EBADMSG;
    size_t digits = strcspn(sealed + 3, ".");
    if (digits == 0 || digits >= sizeof number || sealed[3] == '0' || sealed[3 + digits] != '.')
        return -EBADMSG;
    memcpy(number, sealed + 3, digits);
    number[digits] = '\0';
    if (strspn(number, "0123456789") != digits || parse_int(number, 1, INT64_MAX, ret_number) < 0)
        return -EBADMSG;
    *ret_rest = sealed + 3 + digits + 1;
    return 0;
}

static int open_with(const unsigned char key[KEY], const char *owner, const char *sealed, const char *rest,
                     char **ret_value, size_t *ret_size)
{
    AUTOFREE char *about = xasprintf("%.*s%s", (int)(rest - sealed), sealed, owner);
    size_t room = strlen(rest), size = 0;
    /* libsodium 1.0.18 takes some bytes beyond ASCII for letters: one value would have many spellings. */
    if (strspn(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != room)
        return -EBADMSG;
    AUTOFREE unsigned char *bytes = xmalloc(room + 1);
    if (sodium_base642bin(bytes, room, rest, room, NULL, &size, NULL, BASE64) < 0 || size < NONCE + TAG)
        return -EBADMSG;
    char *value = xmalloc(size - NONCE - TAG + 1);
    unsigned char encrypt_key[KEY];
    subkey(encrypt_key, key, TO_ENCRYPT);
    int r = crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)value, NULL, NULL, bytes + NONCE, size - NONCE,
                                                       (const unsigned char *)about, strlen(about), bytes, encrypt_key);
    sodium_memzero(encrypt_key, sizeof encrypt_key);
    if (r < 0) {
        free(value);
        return -EBADMSG;
    }
    value[size - NONCE - TAG] = '\0';
    *ret_value = value;
    *ret_size = size - NONCE - TAG;
    return 0;
}

struct vault *vault_new(const unsigned char *secret)
{
    struct vault *vault = xcalloc(1, sizeof *vault);
    if (secret)
        memcpy(vault->secret, secret, sizeof vault->secret);
    else
        randombytes_buf(vault->secret, sizeof vault->secret);
    vault_rekey(vault);
    return vault;
}

void vault_destroy(struct vault **vault)
{
    if (!*vault)
        return;
    if ((*vault)->keys)
        sodium_memzero((*vault)->keys, (*vault)->count * KEY);
    free((*vault)->keys);
    sodium_memzero(*vault, sizeof **vault);
    free(*vault);
    *vault = NULL;
}

void vault_rekey(struct vault *vault)
{
    unsigned char(*keys)[KEY] = xcalloc(vault->count + 1, KEY);
    if (vault->keys) {
        memcpy(keys, vault->keys, vault->count * KEY);
        sodium_memzero(vault->keys, vault->count * KEY);
        free(vault->keys);
    }
    randombytes_buf(keys[vault->count++], KEY);
    vault->keys = keys;
}

const unsigned char *vault_secret(const struct vault *vault)
{
    return vault->secret;
}

char *vault_seal(const struct vault *vault, const char *owner, const char *value, size_t size)
{
    return seal(vault->keys[vault->count - 1], (int64_t)vault->count, owner, value, size);
}

int vault_open(const struct vault *vault, const char *owner, const char *sealed, char **ret_value, size_t *ret_size)
{
    int64_t number;
    const char *rest;
    if (read_header(sealed, &number, &rest) < 0)
        return -EBADMSG;
    if (number > (int64_t)vault->count)
        return -ENOKEY;
    return open_with(vault->keys[number - 1], owner, sealed, rest, ret_value, ret_size);
}

void vault_digest(const struct vault *vault, const char *purpose, const char *value, char ret_digest[VAULT_DIGEST_SIZE])
{
    unsigned char key[KEY], hash[(VAULT_DIGEST_SIZE - 1) / 2];
    crypto_generichash_state state;
    subkey(key, vault->secret, TO_LOOK_UP);
    crypto_generichash_init(&state, key, sizeof key, sizeof hash);
    crypto_generichash_update(&state, (const unsigned char *)purpose, strlen(purpose) + 1); /* its NUL ends it */
    crypto_generichash_update(&state, (const unsigned char *)value, strlen(value));
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_memzero(key, sizeof key);
    sodium_bin2hex(ret_digest, VAULT_DIGEST_SIZE, hash, sizeof hash);
}

/* --- the master keys --- */

struct master {
    int64_t number;
    unsigned char key[KEY];
};

/* "NUMBER HEX64" → a key. -EINVAL when it is something else. */
static int read_master_line(const char *line, struct master *ret_master)
{
    char number[20], hex[2 * KEY + 1];
    size_t size;
    int end = 0;
    struct master master;
    if (sscanf(line, "%19[0-9] %64[0-9A-Fa-f] %n", number, hex, &end) != 2 || end == 0 || line[end] ||
        parse_int(number, 1, INT64_MAX, &master.number) < 0 ||
        sodium_hex2bin(master.key, KEY, hex, strlen(hex), NULL, &size, NULL) < 0 || size != KEY)
        return -EINVAL;
    *ret_master = master;
    sodium_memzero(&master, sizeof master);
    sodium_memzero(hex, sizeof hex);
    return 0;
}

/* The master key of this number; 0: the last one. 0, -ENOKEY, or as keys_read_file(), with ret_fault. */
static int find_master(const char *keys_dir, int64_t number, struct master *ret_master, char **ret_fault)
{
    char *text, *place;
    struct master master;
    int line = 0, r = keys_read_file(keys_dir, KEYS_MASTER, true, &text, ret_fault);
    if (r < 0)
        return r;
    size_t size = strlen(text);
    bool found = false;
    for (char *next = text; r == 0 && (place = strsep(&next, "\n"));) {
        line++;
        place += strspn(place, " \t\r");
        if (*place == '#' || *place == '\0')
            continue;
        r = read_master_line(place, &master);
        if (r < 0) {
            *ret_fault = xasprintf("%s/%s:%d: expected a number and a key of 64 hexadecimal digits", keys_dir,
                                   KEYS_MASTER, line);
        } else if (number == 0 || master.number == number) {
            *ret_master = master;
            found = true;
        }
    }
    sodium_memzero(text, size);
    free(text);
    sodium_memzero(&master, sizeof master);
    if (r == 0 && !found) {
        *ret_fault =
            number ? xasprintf("%s/%s lacks the master key %lld: bring its line back", keys_dir, KEYS_MASTER,
                               (long long)number)
                   : xasprintf("%s/%s holds no key; sidanctl keys master %s adds one", keys_dir, KEYS_MASTER, keys_dir);
        r = -ENOKEY;
    }
    return r;
}

/* The secret and the data keys, one after the other, are what is wrapped. */
char *vault_wrap(const struct vault *vault, const char *keys_dir, const char *county, char **ret_fault)
{
    struct master master;
    if (find_master(keys_dir, 0, &master, ret_fault) < 0)
        return NULL;
    size_t size = VAULT_SECRET_SIZE + vault->count * KEY;
    char *bytes = xmalloc(size);
    memcpy(bytes, vault->secret, VAULT_SECRET_SIZE);
    memcpy(bytes + VAULT_SECRET_SIZE, vault->keys, vault->count * KEY);
    AUTOFREE char *owner = xasprintf("vault/%s", county);
    char *wrapped = seal(master.key, master.number, owner, bytes, size);
    sodium_memzero(bytes, size);
    free(bytes);
    sodium_memzero(&master, sizeof master);
    return wrapped;
}

static struct vault *from_bytes(const char *bytes, size_t size)
{
    struct vault *vault = xcalloc(1, sizeof *vault);
    vault->count = (size - VAULT_SECRET_SIZE) / KEY;
    vault->keys = xcalloc(vault->count, KEY);
    memcpy(vault->secret, bytes, VAULT_SECRET_SIZE);
    memcpy(vault->keys, bytes + VAULT_SECRET_SIZE, vault->count * KEY);
    return vault;
}

int vault_unwrap(const char *keys_dir, const char *county, const char *wrapped, struct vault **ret_vault,
                 char **ret_fault)
{
    int64_t number;
    const char *rest;
    struct master master;
    char *bytes = NULL;
    size_t size = 0;
    if (read_header(wrapped, &number, &rest) < 0) {
        *ret_fault = xasprintf("this is no wrapped vault");
        return -EBADMSG;
    }
    int r = find_master(keys_dir, number, &master, ret_fault);
    if (r < 0)
        return r;
    AUTOFREE char *owner = xasprintf("vault/%s", county);
    r = open_with(master.key, owner, wrapped, rest, &bytes, &size);
    sodium_memzero(&master, sizeof master);
    if (r < 0 || size < VAULT_SECRET_SIZE + KEY || (size - VAULT_SECRET_SIZE) % KEY != 0) {
        *ret_fault =
            xasprintf("the master key %lld in %s is not the one that wrapped this county's keys: bring that one back",
                      (long long)number, keys_dir);
        r = -EBADMSG;
    } else {
        *ret_vault = from_bytes(bytes, size);
    }
    if (bytes)
        sodium_memzero(bytes, size);
    free(bytes);
    return r;
}
