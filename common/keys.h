/*
 * keys.h - the keys by which services know each other: a directory that `sidanctl keys init` makes.
 *
 *   allowed       a line "NAME KEY" for each public key that may take part, and whose it is: a service's or sidanctl's;
 *                 a name has two keys while one is being replaced; # begins a comment
 *   NAME.secret   the secret key of that name; its public key is computed from it
 *   master        lines "NUMBER HEX": the keys of personal data at rest, of which the last is in use
 *
 * Keys of the first two are Curve25519 in Z85, 40 characters. A process needs `allowed` and its own secret; it reads
 * the secret once, and `allowed` again whenever it changes.
 */
#ifndef SIDAN_KEYS_H
#define SIDAN_KEYS_H

#include <stdbool.h>

#define KEYS_ALLOWED "allowed"
#define KEYS_MASTER "master"
#define KEYS_SIDANCTL "sidanctl" /* the name that sidanctl goes by */

enum { CURVE_KEY_SIZE = 41, KEY_NAME_SIZE = 16 };

/* A line of the file `allowed`. */
struct allowed {
    char name[KEY_NAME_SIZE], key[CURVE_KEY_SIZE];
};

/*
 * Reads a file of the directory, at most 64 KiB, into ret_text, which the
 * caller frees. secret: it is refused unless its owner alone may read it, or,
 * when that is root, its group. 0, or -errno with ret_fault ("DIR/NAME: what is
 * wrong"), which the caller frees.
 */
int keys_read_file(const char *directory, const char *name, bool secret, char **ret_text, char **ret_fault);

/*
 * Steps through the text of `allowed`: 1 with the next line that is no
 * comment, 0 at the end, -EINVAL when a line is neither; *line, which begins
 * as 0, is the number of the line.
 */
int keys_next_allowed(const char **cursor, int *line, struct allowed *ret_allowed);

/* Reads NAME.secret; ret_public may be NULL. 0, or -errno with ret_fault, which the caller frees. */
int keys_read_secret(const char *directory, const char *name, char ret_public[CURVE_KEY_SIZE],
                     char ret_secret[CURVE_KEY_SIZE], char **ret_fault);

struct keys;

/* Reads the directory as `name`. 0, or -errno with ret_fault, which the caller frees. */
int keys_new(const char *directory, const char *name, struct keys **ret_keys, char **ret_fault);
void keys_destroy(struct keys **keys);

/*
 * Reads `allowed` again if it changed: 1 when it did. When it cannot be read
 * any more what it said before stays in force, and -errno with ret_fault,
 * which the caller frees, is returned once.
 */
int keys_refresh(struct keys *keys, char **ret_fault);

const char *keys_own_public(const struct keys *keys);
const char *keys_own_secret(const struct keys *keys);

/* Whose public key it is; NULL when it is not allowed. */
const char *keys_owner(const struct keys *keys, const char *key);

/* Whether the key is one of that name's; neither needs to be known. */
bool keys_are_of(const struct keys *keys, const char *name, const char *key);

/* What people compare instead of a public key: 16 hex digits of its hash. */
enum { FINGERPRINT_SIZE = 17 };
void keys_fingerprint(char fingerprint[FINGERPRINT_SIZE], const char *key);

#endif
