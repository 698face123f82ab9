/*
 * Who says in Redis to be there: an entry is taken with all its parts or passed over, however many there are. Each line
 * of the input is one.
 */
// wraps: store_append_script store_run store_reply
#include "tests/fuzz/fuzz.h"

#include "common/registry.h"

#include <zmq.h>

enum { LINES_MAX = 200 };

static redisReply lines[LINES_MAX], *list[LINES_MAX], reply = {.type = REDIS_REPLY_ARRAY, .element = list};

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker wants these names */
void __wrap_store_append_script(struct store *store, struct script *script, size_t key_count, const char *const keys[],
                                size_t argc, const char *const argv[], const size_t lengths[]);
/* cppcheck-suppress unusedFunction ; in place of another */
void __wrap_store_append_script(struct store *store, struct script *script, size_t key_count, const char *const keys[],
                                size_t argc, const char *const argv[], const size_t lengths[])
{
    (void)store, (void)script, (void)keys, (void)argv, (void)lengths;
    PROMISE(key_count == 1 && argc == 2);
}

int __wrap_store_run(struct store *store);
/* cppcheck-suppress unusedFunction ; in place of another */
int __wrap_store_run(struct store *store)
{
    (void)store;
    return 0;
}

const redisReply *__wrap_store_reply(const struct store *store, size_t index);
/* cppcheck-suppress unusedFunction ; in place of another */
const redisReply *__wrap_store_reply(const struct store *store, size_t index)
{
    (void)store, (void)index;
    return &reply;
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void fuzz(const char *data, size_t size)
{
    static struct registry registry;
    AUTOFREE char *text = xstrndup(data, size);
    size_t count = 0;
    for (char *rest = text, *line; count < LINES_MAX && (line = strsep(&rest, "\n")); count++) {
        lines[count] = (redisReply){.type = REDIS_REPLY_STRING, .str = line, .len = strlen(line)};
        list[count] = &lines[count];
    }
    reply.elements = count;
    PROMISE(registry_refresh(NULL, INTAKE, NULL, ROUTING, &registry) == 0);
    size_t index = registry_index(ROUTING), taken = registry.counts[index];
    PROMISE(taken <= count && taken <= REGISTRY_MAX);
    for (size_t i = 0; i < taken; i++) {
        const struct entry *entry = &registry.entries[index][i];
        PROMISE(*entry->instance && *entry->endpoint && *entry->admin && *entry->key);
        PROMISE(!strchr(entry->instance, '@') && !strchr(entry->endpoint, '@') && !strchr(entry->admin, '@'));
        PROMISE(strlen(entry->instance) < sizeof entry->instance && strlen(entry->endpoint) < sizeof entry->endpoint);
        PROMISE(strlen(entry->admin) < sizeof entry->admin && strlen(entry->key) < sizeof entry->key);
    }
}
