/*
 * audit.h - who looked at what is personal, who came in, who was turned away.
 *
 * An entry goes into the county's stream audit:{county} in Redis. The archive takes it from there into the county's
 * file, where it cannot be changed without notice. Nothing personal may be part of an entry: people are named as
 * actors (member:M1), not by name or phone.
 *
 * While the archive is away, or more comes than it takes, the stream grows to a bound, and nothing that is in it is
 * pushed out. What was done must be written down: where there is no room it is not done. Refusals give way before that:
 * from half of the bound on they are only counted, and when there is room again the trail says how many there were.
 */
#ifndef SIDAN_AUDIT_H
#define SIDAN_AUDIT_H

#include "common/store.h"

/* The stream and the number of refusals that were only counted, see store_key(); and what the stream may hold. */
#define AUDIT_STREAM "audit"
#define AUDIT_LEFT_OUT "left_out"
enum { AUDIT_MAX = 100000, AUDIT_REFUSALS_MAX = AUDIT_MAX / 2 };

/* All texts are at most 200 bytes long; NULL is "". */
struct audit {
    const char *actor;  /* member:M1, office:O1, key:import, resident, or "" when nobody knows who it was */
    const char *action; /* a stable word: sign_in, sign_out, contact.erased, or the permission that was asked for */
    const char *order;  /* number of the order it is about; "" for none */
    const char *result; /* done: must be written down; refused or the stable word of an error: may only be counted */
    const char *detail; /* for people, in English; nothing personal */
};

/* Writes the entry down: 0, or -EIO. Then what it is about must not be done, if it would have been "done". */
int audit_write(struct store *store, const char *county, const struct audit *entry);

/*
 * Appends it to the store's pipeline instead. It is written down when store_run() has answered 0, and its reply is its
 * id in the stream.
 */
void audit_append(struct store *store, const char *county, const struct audit *entry);

#endif
