/*
 * store.h - Redis: one blocking connection, commands in pipelines.
 *
 * Commands are appended and then run together: with `appendfsync always` a
 * pipeline costs one fsync, not one per command. After any error of the
 * connection it is thrown away and made anew at the next use; whether the
 * commands ran is then unknown, so everything that writes goes through a
 * script that may be repeated. Scripts are known by their files in
 * common/lua/ and the services' own lua/; NOSCRIPT is handled here.
 */
#ifndef SIDAN_STORE_H
#define SIDAN_STORE_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>

struct store;

/* url: redis://host:port[/db] or unix:/path. Does not connect yet. timeout_ms: of connecting and of each reply. NULL
 * when the url is none. */
struct store *store_new(const char *url, int timeout_ms);
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

/*
 * Runs what was appended. 0, or -EIO when Redis could not be asked or did not
 * answer all of it; then no reply is kept.
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

#endif
