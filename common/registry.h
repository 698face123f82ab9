/*
 * registry.h - who is there: instances announce themselves in Redis.
 *
 * An entry is "instance@endpoint@admin@key", kept for TTL ms after its last
 * renewal. While Redis is away the last list serves.
 */
#ifndef SIDAN_REGISTRY_H
#define SIDAN_REGISTRY_H

#include "common/keys.h"
#include "common/schema.h"
#include "common/store.h"

enum { REGISTRY_TTL_MS = 5000, REGISTRY_REFRESH_MS = 1000 };

struct entry {
    char instance[40];
    char endpoint[128];       /* where it takes messages: tcp://host:port */
    char admin[128];          /* where it tells its health: http://host:port */
    char key[CURVE_KEY_SIZE]; /* its public key; whether it is to be trusted is not the registry's matter */
};

/* The largest number of instances of one service that is looked at. */
enum { REGISTRY_MAX = 64 };

struct registry {
    struct entry entries[SERVICE_COUNT][REGISTRY_MAX]; /* by the bit of the service */
    size_t counts[SERVICE_COUNT];
};

/* The index of a service in the arrays above. */
size_t registry_index(int service);

/*
 * Renews `self` (NULL: only looks) as an instance of `service`, and reads who
 * is there of the services in `wanted` (bits). 0, or -EIO: then the registry
 * is left as it was.
 */
int registry_refresh(struct store *store, int service, const struct entry *self, int wanted, struct registry *registry);

/* Takes an instance off the list at once. */
int registry_leave(struct store *store, int service, const struct entry *self);

#endif
