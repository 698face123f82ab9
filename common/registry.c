/*
 * registry.c - discovery through Redis; see registry.h.
 */
#include "common/registry.h"

#include "common/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct script register_script = {"register",
#include "common/lua/register.lua.h"
                                        , ""};

size_t registry_index(int service)
{
    return (size_t)__builtin_ctz((unsigned)service);
}

static void append(struct store *store, int service, const struct entry *self, int ttl_ms)
{
    char key[40], member[sizeof *self + 4] = "", ttl[12];
    snprintf(key, sizeof key, "registry:%s", service_name(service));
    if (self)
        snprintf(member, sizeof member, "%s@%s@%s@%s", self->instance, self->endpoint, self->admin, self->key);
    snprintf(ttl, sizeof ttl, "%d", ttl_ms);
    store_append_script(store, &register_script, 1, (const char *[]){key}, 2, (const char *[]){member, ttl}, NULL);
}

/* What was announced in another form is passed over. */
static void read_entries(const redisReply *reply, struct registry *registry, size_t index)
{
    size_t count = 0;
    for (size_t i = 0; i < reply->elements && count < REGISTRY_MAX; i++) {
        struct entry *entry = &registry->entries[index][count];
        /* A key may have an @, but nothing comes after it. */
        if (sscanf(reply->element[i]->str, "%39[^@]@%127[^@]@%127[^@]@%40s", entry->instance, entry->endpoint,
                   entry->admin, entry->key) == 4)
            count++;
    }
    registry->counts[index] = count;
}

int registry_refresh(struct store *store, int service, const struct entry *self, int wanted, struct registry *registry)
{
    int asked[SERVICE_COUNT + 1];
    size_t count = 0;
    if (self)
        append(store, asked[count++] = service, self, REGISTRY_TTL_MS);
    for (int bit = 1; bit < 1 << SERVICE_COUNT; bit <<= 1)
        if (wanted & bit && !(self && bit == service))
            append(store, asked[count++] = bit, NULL, 0);
    int r = store_run(store);
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++) {
        const redisReply *reply = store_reply(store, i);
        if (reply->type != REDIS_REPLY_ARRAY) {
            log_debug("registry error=\"%s\"", reply->str ? reply->str : "?");
            return -EIO;
        }
        if (wanted & asked[i])
            read_entries(reply, registry, registry_index(asked[i]));
    }
    return 0;
}

int registry_leave(struct store *store, int service, const struct entry *self)
{
    append(store, service, self, 0);
    return store_run(store);
}
