/*
 * store.h - Redis: one blocking connection, commands in pipelines.
 *
 * Commands are appended and then run together: with `appendfsync always` a
 * pipeline costs one fsync, not one per command. After any error of the
 * connection it is thrown away and made anew at the next use; whether the
 * commands ran is then unknown, so everything that writes goes through a
 * script that may be repeated. Scripts are known by their files in
 * common/lua/ and the services' own lua/; NOSCRIPT is handled here.
 *
 * With replicas a write counts when so many of them have it, and any answer
 * while the primary cannot have been replaced: what store_run() answered 0 for
 * survives the loss of the primary, and what it has read was so. See
 * redis_access.replicas and dialer_tenure().
 */
#ifndef SIDAN_STORE_H
#define SIDAN_STORE_H

#include "common/dial.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/* Does not connect yet. NULL when the url is none; then ret_error says why. The texts of access must outlive it. */
struct store *store_new(const struct redis_access *access, char ret_error[DIAL_ERROR_SIZE]);
void store_destroy(struct store **store);

struct script {
    const char *name;
    const char *source;
    char sha[41]; /* filled at first use */
};

/* The county's key for a name: "pool:G1" → "pool:{341022}:G1"; "clock" → "clock:{341022}". The one place that knows. */
enum { KEY_SIZE = 192 };
void store_key(char key[KEY_SIZE], const char *county, const char *name);

/* Appends a command (binary-safe arguments), or a script with its keys. */
void store_append(struct store *store, size_t argc, const char *const argv[], const size_t lengths[]);
void store_appendf(struct store *store, const char *format, ...); /* redisCommand's format */
void store_append_script(struct store *store, struct script *script, size_t key_count, const char *const keys[],
                         size_t argc, const char *const argv[], const size_t lengths[]);

/* The replies of the next run are going to be told outside, as if they were writes: they count like these. */
void store_confirm(struct store *store);

/*
 * Runs what was appended. 0, or -EIO when Redis could not be asked, did not
 * answer all of it, or too few replicas have it; then no reply is kept, and
 * what was written may or may not stay.
 *
 * Once a second now_ms() learns Redis' time here; see now_follow().
 */
int store_run(struct store *store);

/* Replies of the last run, in order. An error reply (-ERR, -OOM) is of type REDIS_REPLY_ERROR. Valid until the next
 * run. */
size_t store_reply_count(const struct store *store);
const redisReply *store_reply(const struct store *store, size_t index);

/* Whether the last use of the connection went well. */
bool store_is_up(const struct store *store);

/* Why not, for people. */
const char *store_error(const struct store *store);

/* By how many ms Redis' clock is ahead of now_ms() because it jumped and was not followed; else 0. */
int64_t store_clock_gap(const struct store *store);

#endif
