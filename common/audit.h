/*
 * audit.h - who looked at what is personal, who came in, who was turned away.
 *
 * An entry goes into the county's stream audit:{county} in Redis. The archive takes it from there into the county's
 * file, where it cannot be changed without notice. Nothing personal may be part of an entry: people are named as
 * actors (member:M1), not by name or phone.
 */
#ifndef SIDAN_AUDIT_H
#define SIDAN_AUDIT_H

#include "common/store.h"

/* The stream, see store_key(). It holds at most about this many entries, in case the archive is away for long. */
#define AUDIT_STREAM "audit"
enum { AUDIT_MAX = 100000 };

/* All texts are at most 200 bytes long; NULL is "". */
struct audit {
    const char *actor;  /* member:M1, office:O1, key:import, resident, or "" when nobody knows who it was */
    const char *action; /* a stable word: sign_in, sign_out, contact.erased, or the permission that was asked for */
    const char *order;  /* number of the order it is about; "" for none */
    const char *result; /* done, refused, or the stable word of an error */
    const char *detail; /* for people, in English; nothing personal */
};

/*
 * Appends the entry to the store's pipeline. It counts only after store_run() has answered 0: to show something
 * personal only to those who have been written down, wait for that.
 */
void audit_append(struct store *store, const char *county, const struct audit *entry);

#endif
