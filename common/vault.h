/*
 * vault.h - personal data at rest: encrypted under keys of the county.
 *
 * Each county has a vault: a secret that never changes (codes, tokens and look-up hashes come from it) and numbered
 * data keys, of which the last is the current one. The vault as a whole lies in Redis, wrapped by a master key, which
 * is in no database but in the file `master` of the keys directory. So a copy of Redis, of the archive or of the spool
 * shows nothing without that file, and changing the master key rewraps a hundred bytes per county, no data.
 *
 * A sealed value is text, "v1.KEY.BASE64URL": the format, the number of the key, then nonce and ciphertext of
 * XChaCha20-Poly1305 (libsodium). Handlers are pure, so sealing is deterministic: the nonce is a keyed hash of what is
 * sealed and of what it belongs to (a synthetic IV, after RFC 5297). The price: who sees two sealed values of the same
 * owner knows whether they are equal.
 */
#ifndef SIDAN_VAULT_H
#define SIDAN_VAULT_H

#include <stddef.h>

struct vault;

enum { VAULT_SECRET_SIZE = 32, VAULT_DIGEST_SIZE = 33 };

/* A vault with one fresh data key. secret: 32 bytes; NULL: fresh, too. sodium_init() must have been called. */
struct vault *vault_new(const unsigned char *secret);
void vault_destroy(struct vault **vault);
#define VAULT __attribute__((cleanup(vault_destroy))) struct vault

/* Adds a fresh data key, which is the current one from now on. What was sealed before can still be opened. */
void vault_rekey(struct vault *vault);

const unsigned char *vault_secret(const struct vault *vault);

/*
 * The vault, wrapped by the current master key, which is that of the last line of the file; the caller frees the text.
 * NULL when the file has no usable key; ret_fault then says what to do, and is freed by the caller, here and below.
 */
char *vault_wrap(const struct vault *vault, const char *keys_dir, const char *county, char **ret_fault);

/* The vault that was wrapped for this county: 0, or with ret_fault -ENOKEY (the file lacks the master key), -EBADMSG
 * (another key, another county, or damaged), or what keys_read_file() says. */
int vault_unwrap(const char *keys_dir, const char *county, const char *wrapped, struct vault **ret_vault,
                 char **ret_fault);

/*
 * Seals a value. owner says what it belongs to ("order/990101-000001/contact"): it can be opened only there, so that
 * nobody can move a sealed value to another order. The caller frees the text.
 */
char *vault_seal(const struct vault *vault, const char *owner, const char *value, size_t size);

/*
 * Opens a sealed value: 0 and ret_value, which has a NUL behind it and is freed by the caller; -ENOKEY when it was
 * sealed with a data key that this vault does not have (yet); -EBADMSG when it was changed, belongs to something else,
 * or is no sealed value.
 */
int vault_open(const struct vault *vault, const char *owner, const char *sealed, char **ret_value, size_t *ret_size);

/*
 * A keyed hash by which a value can be looked up, or known again, without being stored, as 32 hexadecimal digits. The
 * same for the county's whole life; another one in each county, and for each purpose, so that hashes of different kinds
 * cannot be held against each other.
 */
void vault_digest(const struct vault *vault, const char *purpose, const char *value,
                  char ret_digest[VAULT_DIGEST_SIZE]);

#endif
