/*
 * counties.h - the counties as Redis has them, kept fresh.
 *
 * `sidanctl county apply` writes a county's files and raises its revision;
 * every service looks once a second and parses what changed. A county is
 * never taken away: it has orders, and they are kept.
 */
#ifndef SIDAN_COUNTIES_H
#define SIDAN_COUNTIES_H

#include "common/county.h"

struct counties;
struct store;

/* The set of all county ids. The key belongs to no county. */
#define COUNTIES_KEY "counties"
/* The county's hash (see store_key): each file's text by its name, sealed; and the fields below. */
#define COUNTY_CONFIG "config"
#define COUNTY_REVISION "revision"
#define COUNTY_APPLIED "applied" /* when, in µs since 1970 by Redis' clock: no two are alike */
#define COUNTY_VAULT "vault"     /* wrapped by a master key */
#define COUNTY_CHANGED "changed" /* see county_config.h */

/* Told once per revision, fault by fault; with one that is not minor the county stays as it was before. */
typedef void counties_fault_fn(void *arg, const char *county, const struct county_fault *fault);

/*
 * The store must outlive the counties, and is used by counties_refresh() alone. keys_dir: where the master keys are.
 * fault may be NULL.
 */
struct counties *counties_new(struct store *store, const char *keys_dir, counties_fault_fn *fault, void *arg);
void counties_destroy(struct counties **counties);

/*
 * Takes what changed in Redis. Replaced counties are freed, so no pointer
 * into one may be held over this call. 0, or -EIO when Redis does not answer:
 * everything not yet taken stays as it was.
 */
int counties_refresh(struct counties *counties);

/* Whether Redis has named at least one county and all of them have been read since the start. Before that nobody can
 * tell whether a county is there. */
bool counties_known(const struct counties *counties);

/* By id; NULL when there is none. */
const struct county *counties_find(const struct counties *counties, const char *id);

/* Whether there is a county that could never be used because its vault does not open with the master keys. */
bool counties_locked(const struct counties *counties);

/* A file's text as the county's hash has it, and back; the caller frees it. county_open_file(): as vault_open(). */
char *county_seal_file(const struct vault *vault, enum county_file file, const char *text);
int county_open_file(const struct vault *vault, enum county_file file, const char *sealed, char **ret_text);

/* All of them, ordered by id. */
size_t counties_count(const struct counties *counties);
const struct county *counties_at(const struct counties *counties, size_t index);

#endif
