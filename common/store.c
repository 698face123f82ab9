/*
 * store.c - Redis through a blocking hiredis connection; see store.h.
 *
 * What is appended is kept as formatted commands until store_run(), so that a
 * connection made anew, or a script that Redis forgot, can be served by
 * sending them again. Commands are sent again only when none of them can have
 * run: on NOSCRIPT of a script, and when connecting failed before anything
 * was sent.
 */
#include "common/store.h"

#include "common/alloc.h"
#include "common/crash.h"
#include "common/log.h"
#include "common/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AWAY_MS = 300, LEARN_TIME_MS = 1000 };

struct command {
    char *text; /* in the Redis protocol; freed with redisFreeCommand */
    int length;
    struct script *script; /* NULL for a plain command */
};

struct store {
    struct dialer *dialer;
    int replicas, wait_ms; /* how many must have a write, and how long they are waited for */
    int all_replicas;      /* more, while a replacement of the primary may go on; see dialer_tenure() */
    int64_t began;         /* when the latest run began, ms of the monotonic clock */
    int64_t tenure;        /* see dialer_tenure(); kept up where replicas are waited for */
    redisContext *context; /* NULL while there is no connection */
    struct command *commands;
    size_t command_count, command_room;
    bool confirm; /* what was appended counts when the replicas have it */
    redisReply **replies;
    size_t reply_count, reply_room;
    bool up;
    int64_t away_until; /* after a failure nothing is tried for a while, or its timeouts would add up */
    char error[DIAL_ERROR_SIZE];
    int64_t time_learned, clock_gap;
};

struct store *store_new(const struct redis_access *access, char ret_error[DIAL_ERROR_SIZE])
{
    struct dialer *dialer = dialer_new(access, ret_error);
    if (!dialer)
        return NULL;
    struct store *store = xcalloc(1, sizeof *store);
    /* Shorter than the patience with a reply, or replicas that are away would look like a Redis that is. */
    *store = (struct store){.dialer = dialer, .replicas = access->replicas, .wait_ms = access->timeout_ms / 2};
    return store;
}

static void forget_commands(struct store *store)
{
    for (size_t i = 0; i < store->command_count; i++)
        redisFreeCommand(store->commands[i].text);
    store->command_count = 0;
    store->confirm = false;
}

static void forget_replies(struct store *store)
{
    for (size_t i = 0; i < store->reply_count; i++)
        freeReplyObject(store->replies[i]);
    store->reply_count = 0;
}

static void disconnect(struct store *store)
{
    if (store->context)
        redisFree(store->context);
    store->context = NULL;
}

void store_destroy(struct store **store)
{
    if (!*store)
        return;
    forget_commands(*store);
    forget_replies(*store);
    disconnect(*store);
    free((*store)->commands);
    free((*store)->replies);
    dialer_destroy(&(*store)->dialer);
    free(*store);
    *store = NULL;
}

void store_key(char key[KEY_SIZE], const char *county, const char *name)
{
    const char *colon = strchrnul(name, ':');
    snprintf(key, KEY_SIZE, "%.*s:{%s}%s", (int)(colon - name), name, county, colon);
}

/* By the name of a formatted command, "*2\r\n$3\r\nGET\r\n...". What is not known to read only may have written. */
static bool only_reads(const char *text)
{
    static const char *const names[] = {"GET",  "HGET", "HMGET",  "HGETALL", "HLEN",   "SMEMBERS",      "SORT",
                                        "TIME", "XLEN", "XRANGE", "ZCARD",   "ZCOUNT", "ZRANGEBYSCORE", "ZRANGE"};
    const char *name = strchr(strchr(text, '$'), '\n') + 1;
    size_t length = strcspn(name, "\r");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0)
            return true;
    return false;
}

static void keep(struct store *store, char *text, int length, struct script *script)
{
    if (length < 0)
        abort();
    if (store->command_count == store->command_room) {
        store->command_room = store->command_room ? 2 * store->command_room : 64;
        store->commands = xrealloc(store->commands, store->command_room * sizeof *store->commands);
    }
    store->commands[store->command_count++] = (struct command){text, length, script};
    store->confirm |= script || !only_reads(text);
}

void store_confirm(struct store *store)
{
    store->confirm = true;
}

void store_append(struct store *store, size_t argc, const char *const argv[], const size_t lengths[])
{
    char *text;
    int length = (int)redisFormatCommandArgv(&text, (int)argc, (const char **)argv, lengths);
    keep(store, text, length, NULL);
}

void store_appendf(struct store *store, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text;
    int length = redisvFormatCommand(&text, format, arguments);
    va_end(arguments);
    keep(store, text, length, NULL);
}

void store_append_script(struct store *store, struct script *script, size_t key_count, const char *const keys[],
                         size_t argc, const char *const argv[], const size_t lengths[])
{
    size_t count = 3 + key_count + argc;
    const char **words = xcalloc(count, sizeof *words);
    size_t *sizes = xcalloc(count, sizeof *sizes);
    char number[20];
    snprintf(number, sizeof number, "%zu", key_count);
    if (script->sha[0] == '\0')
        memset(script->sha, '0', 40); /* not known yet: NOSCRIPT makes it load */

    words[0] = "EVALSHA";
    words[1] = script->sha;
    words[2] = number;
    for (size_t i = 0; i < key_count; i++)
        words[3 + i] = keys[i];
    for (size_t i = 0; i < 3 + key_count; i++)
        sizes[i] = strlen(words[i]);
    for (size_t i = 0; i < argc; i++) {
        words[3 + key_count + i] = argv[i];
        sizes[3 + key_count + i] = lengths ? lengths[i] : strlen(argv[i]);
    }
    char *text;
    int length = (int)redisFormatCommandArgv(&text, (int)count, words, sizes);
    keep(store, text, length, script);
    free(words);
    free(sizes);
}

static int fail(struct store *store, const char *what)
{
    snprintf(store->error, sizeof store->error, "%s", what);
    store->up = false;
    int64_t now = mono_ms();
    store->away_until = now + (now - store->began > AWAY_MS ? now - store->began : AWAY_MS);
    disconnect(store);
    return -EIO;
}

/* Asks Redis for its time, which all instances and scripts share, and has now_ms() follow it. */
static int learn_time(struct store *store)
{
    int64_t asked = mono_ms();
    redisReply *reply = redisCommand(store->context, "TIME");
    if (!reply)
        return fail(store, store->context->errstr);
    store->time_learned = mono_ms();
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2) { /* else what follows meets the same error */
        int64_t half = (store->time_learned - asked + 1) / 2;
        int64_t theirs = atoll(reply->element[0]->str) * 1000 + atoll(reply->element[1]->str) / 1000;
        store->clock_gap = now_follow(theirs + half, half);
    }
    freeReplyObject(reply);
    return 0;
}

static int connect_now(struct store *store)
{
    char error[DIAL_ERROR_SIZE] = "";
    if (!store->context) {
        store->context = dialer_connect(store->dialer, error);
        store->time_learned = 0;
    }
    if (!store->context)
        return fail(store, error);
    if (store->time_learned && mono_ms() - store->time_learned < LEARN_TIME_MS)
        return 0;
    if (store->replicas > 0)
        store->tenure = dialer_tenure(store->dialer, &store->all_replicas);
    return learn_time(store);
}

static bool error_is(const redisReply *reply, const char *word)
{
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, word, strlen(word)) == 0;
}

/* Answers by which Redis says that it is not the one to ask just now. */
static bool is_outage(const redisReply *reply)
{
    static const char *const words[] = {"BUSY",    "NOPERM",     "NOAUTH",      "MOVED",    "ASK",
                                        "LOADING", "READONLY",   "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN",
                                        "MISCONF", "NOREPLICAS", "OOM"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (error_is(reply, words[i]))
            return true;
    return false;
}

/* Teaches Redis a script and learns its name. */
static int load_script(struct store *store, struct script *script)
{
    redisReply *reply = redisCommand(store->context, "SCRIPT LOAD %s", script->source);
    if (!reply)
        return fail(store, store->context->errstr);
    if (reply->type != REDIS_REPLY_STRING) {
        log_debug("script=%s error=\"%s\"", script->name, reply->str ? reply->str : "?");
        freeReplyObject(reply);
        return fail(store, "a script was refused");
    }
    snprintf(script->sha, sizeof script->sha, "%s", reply->str);
    freeReplyObject(reply);
    return 0;
}

/* Sends one command again, for another reply. */
static int rerun(struct store *store, size_t index)
{
    const struct command *command = &store->commands[index];
    redisReply *reply;
    if (redisAppendFormattedCommand(store->context, command->text, (size_t)command->length) != REDIS_OK ||
        redisGetReply(store->context, (void **)&reply) != REDIS_OK)
        return fail(store, store->context->errstr);
    freeReplyObject(store->replies[index]);
    store->replies[index] = reply;
    return 0;
}

/* Runs again the commands whose script Redis did not know, and what asks the replicas for them; no other one. */
static int rerun_unknown(struct store *store, size_t own)
{
    int r = 0;
    bool again = false;
    for (size_t i = 0; i < store->command_count && r == 0; i++) {
        struct command *command = &store->commands[i];
        if (again && i >= own)
            r = rerun(store, i);
        if (!command->script || !error_is(store->replies[i], "NOSCRIPT"))
            continue;
        /* The name inside the formatted command is 40 characters behind "EVALSHA\r\n$40\r\n". */
        char *sha = strstr(command->text, "EVALSHA\r\n$40\r\n") + strlen("EVALSHA\r\n$40\r\n");
        if (strncmp(sha, command->script->sha, 40) == 0 || command->script->sha[0] == '0') {
            r = load_script(store, command->script);
            if (r < 0)
                return r;
        }
        memcpy(sha, command->script->sha, 40);
        r = rerun(store, i);
        again = true;
    }
    return r;
}

static int needed_replicas(const struct store *store)
{
    return store->all_replicas > store->replicas ? store->all_replicas : store->replicas;
}

/*
 * WAIT answers how many replicas have all that this connection wrote. A script
 * that found a repetition writes nothing, and what made it one may be on no
 * replica yet; the message to nobody before it makes WAIT cover that as well.
 */
static void append_wait(struct store *store)
{
    store_appendf(store, "PUBLISH sidan .");
    store_appendf(store, "WAIT %d %d", needed_replicas(store), store->wait_ms);
}

/* Reads and takes away the replies to append_wait(). */
static int check_wait(struct store *store, size_t own)
{
    const redisReply *reply = store->replies[store->reply_count - 1];
    long long confirmed = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
    while (store->reply_count > own)
        freeReplyObject(store->replies[--store->reply_count]);
    if (confirmed >= needed_replicas(store))
        return 0;
    char error[DIAL_ERROR_SIZE];
    snprintf(error, sizeof error, "%lld of %d replicas have confirmed the latest writes%s", confirmed,
             needed_replicas(store),
             store->all_replicas ? ", and Sentinels have voted for the replacement of this primary" : "");
    return fail(store, error);
}

/* What a primary says that was replaced is of the past, and what is concluded from it may lose something. */
static int check_tenure(struct store *store)
{
    if (store->replicas == 0 || mono_ms() < store->tenure)
        return 0;
    return fail(store, "too few Sentinels have heard of this primary lately: it may be replaced");
}

static int send_and_receive(struct store *store)
{
    size_t own = store->command_count;
    bool waits = store->replicas > 0 && (store->confirm || store->all_replicas > 0);
    if (waits)
        append_wait(store);
    for (size_t i = 0; i < store->command_count; i++)
        if (redisAppendFormattedCommand(store->context, store->commands[i].text, (size_t)store->commands[i].length) !=
            REDIS_OK)
            return fail(store, store->context->errstr);
    if (store->reply_room < store->command_count) {
        store->reply_room = store->command_room;
        store->replies = xrealloc(store->replies, store->reply_room * sizeof(redisReply *));
    }
    while (store->reply_count < store->command_count) {
        if (waits && store->reply_count == own)
            crash_point("written, replicas have not confirmed");
        if (redisGetReply(store->context, (void **)&store->replies[store->reply_count]) != REDIS_OK)
            return fail(store, store->context->errstr);
        store->reply_count++;
    }
    int r = rerun_unknown(store, own);
    if (r < 0)
        return r;
    for (size_t i = 0; i < store->reply_count; i++)
        if (is_outage(store->replies[i]))
            return fail(store, store->replies[i]->str);
    r = waits ? check_wait(store, own) : 0;
    return r < 0 ? r : check_tenure(store);
}

int store_run(struct store *store)
{
    forget_replies(store);
    if (store->command_count == 0)
        return 0;
    store->began = mono_ms();
    int r = store->began < store->away_until ? -EIO : connect_now(store);
    if (r == 0)
        r = send_and_receive(store);
    forget_commands(store);
    if (r < 0) {
        forget_replies(store);
        return r;
    }
    store->up = true;
    return 0;
}

size_t store_reply_count(const struct store *store)
{
    return store->reply_count;
}

const redisReply *store_reply(const struct store *store, size_t index)
{
    return store->replies[index];
}

bool store_is_up(const struct store *store)
{
    return store->up;
}

const char *store_error(const struct store *store)
{
    return store->error;
}

int64_t store_clock_gap(const struct store *store)
{
    return store->clock_gap;
}
