/*
 * dial.c - finds the Redis that is to be written to; see dial.h.
 *
 * Sentinels are asked in turn, beginning with the one that answered last; a
 * Redis counts only when it says itself that it is a primary, because right
 * after a failover a Sentinel may still name the old one. Nothing is kept of
 * a connection that failed: the next call begins anew.
 *
 * An old primary may wake up, or be cut off from the Sentinels alone, while
 * its other replicas still follow and confirm. So who waits for replicas has
 * to know as well that it has not been replaced: a Sentinel takes a primary
 * for gone when it has not heard of it for so long, and it takes a quorum of
 * them. As long as enough of them heard of it lately, nothing begins. What has
 * begun already is known to the one that does it, which may be silent, and to
 * those that have voted for it.
 */
#include "common/dial.h"

#include "common/alloc.h"
#include "common/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum {
    MAX_ADDRESSES = 8,
    SENTINEL_MS = 300, /* patience with one of them: there are others, and a service's loop waits */
    SILENT_MS = 5000,  /* for which one that gave no opinion is not asked for it again */
};

const struct param redis_params[REDIS_PARAM_COUNT] = {
    {"redis", PARAM_STR, "redis://127.0.0.1:6379", 1, 500, "",
     "redis://host:port[/db], unix:/path or, by Sentinels, sentinel://host:port[,host:port...]/name[/db]"},
    {"redis_user", PARAM_STR, "", 0, 100, "", "user to sign in to Redis as; empty: the default user"},
    {"redis_password_file", PARAM_STR, "", 0, 500, "",
     "file whose first line is the password, read at each connection; empty: none"},
    {"redis_password", PARAM_SECRET, "", 0, 500, "", "the password itself, from the environment or the file"},
    {"redis_replicas", PARAM_INT, "0", 0, 9, "", "how many replicas must have a write before it counts"},
    {"redis_timeout_ms", PARAM_INT, "2000", 50, 30000, "ms", "patience with Redis, connecting and answering"},
};

struct address {
    char host[100];
    int port;
};

struct dialer {
    struct redis_access access;
    const char *path; /* of a unix socket; else */
    struct address addresses[MAX_ADDRESSES];
    size_t count, first; /* first: the one to begin with */
    char name[100];      /* what the Sentinels call the primary; "": the address is Redis itself */
    int database;
    struct address primary; /* that they named last */
    struct {
        redisContext *context; /* stays open for dialer_tenure() */
        int64_t silent_until;
    } sentinels[MAX_ADDRESSES];
    int64_t vote, vote_seen; /* the latest for a replacement, and when it was first heard of */
};

/* What a Sentinel knows of the primary. */
struct opinion {
    struct address primary;
    int64_t epoch; /* of its naming; a failover raises it */
    int64_t vote;  /* the epoch that the latest replacement it has voted for has, done or not */
    bool replacing;
    int64_t heard_at, patience_ms; /* after so long a silence it takes the primary for gone */
    int64_t others, quorum;        /* Sentinels beside this one, and how many of all must say so */
    int64_t replicas, failover_ms; /* after twice as long another one may try what failed */
};

struct redis_access redis_access_of(const struct params *params)
{
    return (struct redis_access){.url = param_str(params, "redis"),
                                 .user = param_str(params, "redis_user"),
                                 .password = param_str(params, "redis_password"),
                                 .password_file = param_str(params, "redis_password_file"),
                                 .timeout_ms = (int)param_int(params, "redis_timeout_ms"),
                                 .replicas = (int)param_int(params, "redis_replicas")};
}

/* host:port, up to `end`. */
static int parse_address(const char *text, const char *end, struct address *ret_address)
{
    const char *colon = memchr(text, ':', (size_t)(end - text));
    char port[6] = "";
    int64_t number;
    if (!colon || colon == text || (size_t)(colon - text) >= sizeof ret_address->host ||
        (size_t)(end - colon - 1) >= sizeof port)
        return -EINVAL;
    memcpy(port, colon + 1, (size_t)(end - colon - 1));
    if (parse_int(port, 1, 65535, &number) < 0)
        return -EINVAL;
    ret_address->port = (int)number;
    snprintf(ret_address->host, sizeof ret_address->host, "%.*s", (int)(colon - text), text);
    return 0;
}

/* host:port[,host:port...], up to `end`. */
static int parse_addresses(struct dialer *dialer, const char *text, const char *end)
{
    while (dialer->count < MAX_ADDRESSES) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        if (parse_address(text, comma ? comma : end, &dialer->addresses[dialer->count++]) < 0)
            return -EINVAL;
        if (!comma)
            return 0;
        text = comma + 1;
    }
    return -EINVAL;
}

static int parse_url(struct dialer *dialer, const char *url)
{
    static const char plain[] = "redis://", sentinel[] = "sentinel://";
    if (strncmp(url, "unix:/", 6) == 0) {
        dialer->path = url + 5;
        return 0;
    }
    bool by_name = strncmp(url, sentinel, strlen(sentinel)) == 0;
    if (!by_name && strncmp(url, plain, strlen(plain)) != 0)
        return -EINVAL;
    const char *text = url + strlen(by_name ? sentinel : plain), *end = strchrnul(text, '/');
    if (parse_addresses(dialer, text, end) < 0 || (!by_name && dialer->count > 1))
        return -EINVAL;
    text = end;
    if (by_name) {
        end = *text ? strchrnul(text + 1, '/') : text;
        if (end - text < 2 || (size_t)(end - text) > sizeof dialer->name)
            return -EINVAL;
        snprintf(dialer->name, sizeof dialer->name, "%.*s", (int)(end - text - 1), text + 1);
        text = end;
    }
    int64_t database = 0;
    if (*text && parse_int(text + 1, 0, 9999, &database) < 0)
        return -EINVAL;
    dialer->database = (int)database;
    return 0;
}

struct dialer *dialer_new(const struct redis_access *access, char ret_error[DIAL_ERROR_SIZE])
{
    struct dialer *dialer = xcalloc(1, sizeof *dialer);
    dialer->access = *access;
    if (strchr(access->url, '@')) /* and it is not repeated: it would end up in a log */
        snprintf(ret_error, DIAL_ERROR_SIZE,
                 "the url must not hold a password, which others could read there; see redis_password_file");
    else if (parse_url(dialer, access->url) < 0)
        snprintf(ret_error, DIAL_ERROR_SIZE,
                 "\"%.60s\" is none of redis://HOST:PORT[/DB], unix:/PATH, sentinel://HOST:PORT[,...]/NAME[/DB]",
                 access->url);
    else
        return dialer;
    dialer_destroy(&dialer);
    return NULL;
}

void dialer_destroy(struct dialer **dialer)
{
    for (size_t i = 0; *dialer && i < MAX_ADDRESSES; i++)
        if ((*dialer)->sentinels[i].context)
            redisFree((*dialer)->sentinels[i].context);
    free(*dialer);
    *dialer = NULL;
}

__attribute__((format(printf, 2, 3))) static void *failed(char error[DIAL_ERROR_SIZE], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, DIAL_ERROR_SIZE, format, arguments);
    va_end(arguments);
    return NULL;
}

static redisContext *open_connection(const struct address *address, const char *path, int timeout_ms,
                                     char error[DIAL_ERROR_SIZE])
{
    struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000L};
    redisContext *context = path ? redisConnectUnixWithTimeout(path, timeout)
                                 : redisConnectWithTimeout(address->host, address->port, timeout);
    if (!context)
        return failed(error, "out of memory");
    if (context->err) {
        failed(error, "%s: %s", path ? path : address->host, context->errstr);
        redisFree(context);
        return NULL;
    }
    redisSetTimeout(context, timeout);
    return context;
}

/* One command and its reply, which the caller frees. NULL when there is none or it is an error. */
static redisReply *ask(redisContext *context, size_t argc, const char *const argv[], char error[DIAL_ERROR_SIZE])
{
    redisReply *reply = redisCommandArgv(context, (int)argc, (const char **)argv, NULL);
    if (!reply)
        return failed(error, "%s", context->errstr);
    if (reply->type == REDIS_REPLY_ERROR) {
        failed(error, "%s", *reply->str ? reply->str : "an error without words");
        freeReplyObject(reply);
        return NULL;
    }
    return reply;
}

static bool told(redisContext *context, size_t argc, const char *const argv[], char error[DIAL_ERROR_SIZE])
{
    redisReply *reply = ask(context, argc, argv, error);
    if (reply)
        freeReplyObject(reply);
    return reply != NULL;
}

/* The first line of a file; the caller frees it. */
static char *read_line(const char *path, char error[DIAL_ERROR_SIZE])
{
    FILE *file = fopen(path, "re");
    if (!file)
        return failed(error, "redis_password_file %s cannot be read: %s", path, strerror(errno));
    char *line = NULL;
    size_t room = 0;
    ssize_t length = getline(&line, &room, file);
    fclose(file);
    if (length < 0) {
        free(line);
        return failed(error, "redis_password_file %s is empty", path);
    }
    line[strcspn(line, "\r\n")] = '\0';
    return line;
}

/* True as well when there is nothing to sign in with. */
static bool sign_in(const struct redis_access *access, redisContext *context, char error[DIAL_ERROR_SIZE])
{
    if (!*access->password && !*access->password_file)
        return true;
    AUTOFREE char *line = *access->password ? xstrdup(access->password) : read_line(access->password_file, error);
    if (!line)
        return false;
    const char *user = *access->user ? access->user : "default";
    return told(context, 3, (const char *[]){"AUTH", user, line}, error);
}

/* Others may answer at an address, and in another form. */
static bool is_text(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING;
}

static bool read_primary(const redisReply *reply, struct address *ret_primary)
{
    int64_t port;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || !is_text(reply->element[0]) ||
        !is_text(reply->element[1]) || parse_int(reply->element[1]->str, 1, 65535, &port) < 0)
        return false;
    snprintf(ret_primary->host, sizeof ret_primary->host, "%s", reply->element[0]->str);
    ret_primary->port = (int)port;
    return *ret_primary->host != '\0';
}

/* Asks a Sentinel about the primary, by name. It may want a password or not; the first question tells. */
static redisReply *consult(const struct dialer *dialer, redisContext *context, const char *about,
                           char error[DIAL_ERROR_SIZE])
{
    const char *const question[] = {"SENTINEL", about, dialer->name};
    redisReply *reply = ask(context, 3, question, error);
    if (!reply && strncmp(error, "NOAUTH", 6) == 0 && sign_in(&dialer->access, context, error))
        reply = ask(context, 3, question, error);
    return reply;
}

/* Where one Sentinel says that the primary is. */
static bool ask_sentinel(const struct dialer *dialer, const struct address *sentinel, struct address *ret_primary,
                         char error[DIAL_ERROR_SIZE])
{
    redisContext *context = open_connection(sentinel, NULL, SENTINEL_MS, error);
    if (!context)
        return false;
    redisReply *reply = consult(dialer, context, "GET-MASTER-ADDR-BY-NAME", error);
    bool known = reply && read_primary(reply, ret_primary);
    if (reply && !known)
        failed(error, "the Sentinel %s:%d knows no \"%s\"", sentinel->host, sentinel->port, dialer->name);
    if (reply)
        freeReplyObject(reply);
    redisFree(context);
    return known;
}

static bool is_primary(redisContext *context, char error[DIAL_ERROR_SIZE])
{
    redisReply *reply = ask(context, 1, (const char *[]){"ROLE"}, error);
    if (!reply)
        return false;
    bool primary = reply->elements > 0 && is_text(reply->element[0]) && strcmp(reply->element[0]->str, "master") == 0;
    freeReplyObject(reply);
    if (!primary)
        failed(error, "READONLY this Redis is a replica");
    return primary;
}

/* When Redis starts it reads its log as the user default, and leaves out, without a word to anybody, each transaction
 * that this user may not write (redis#14541, valkey#3983): all that scripts wrote would be lost. Whoever closes Redis
 * by `user default off` alone has such a one. */
static bool keeps_transactions(redisContext *context, char error[DIAL_ERROR_SIZE])
{
    redisReply *reply = ask(context, 6, (const char *[]){"ACL", "DRYRUN", "default", "SET", "key", "value"}, error);
    if (!reply) {
        AUTOFREE char *why = xstrdup(error);
        failed(error, "%s (this version needs Redis 7 or later, with its own deploy/redis/users.acl)", why);
        return false;
    }
    bool allowed = reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    if (!allowed)
        failed(error, "this Redis would forget transactions when it starts again, because its user default may not"
                      " write: let it be off, but with all rights, as in deploy/redis/users.acl");
    return allowed;
}

static redisContext *open_redis(const struct dialer *dialer, const struct address *address, char error[DIAL_ERROR_SIZE])
{
    redisContext *context = open_connection(address, dialer->path, dialer->access.timeout_ms, error);
    if (!context)
        return NULL;
    char database[8];
    snprintf(database, sizeof database, "%d", dialer->database);
    if (sign_in(&dialer->access, context, error) && told(context, 2, (const char *[]){"SELECT", database}, error) &&
        is_primary(context, error) && keeps_transactions(context, error))
        return context;
    redisFree(context);
    return NULL;
}

static bool is_same(const struct address *a, const struct address *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* One that could not be reached is not tried again because the next Sentinel names it, too. */
static redisContext *open_by_name(struct dialer *dialer, char error[DIAL_ERROR_SIZE])
{
    struct address tried = {0}, primary;
    for (size_t i = 0; i < dialer->count; i++) {
        size_t at = (dialer->first + i) % dialer->count;
        if (!ask_sentinel(dialer, &dialer->addresses[at], &primary, error) || is_same(&primary, &tried))
            continue;
        redisContext *context = open_redis(dialer, &primary, error);
        if (context) {
            dialer->first = at;
            dialer->primary = primary;
            for (size_t k = 0; k < dialer->count; k++)
                dialer->sentinels[k].silent_until = 0; /* who replaces it may be one of these */
            return context;
        }
        tried = primary;
    }
    return NULL;
}

redisContext *dialer_connect(struct dialer *dialer, char ret_error[DIAL_ERROR_SIZE])
{
    return *dialer->name ? open_by_name(dialer, ret_error) : open_redis(dialer, &dialer->addresses[0], ret_error);
}

/* --- whether it still is the primary --- */

static bool read_opinion(const redisReply *reply, struct opinion *ret_opinion)
{
    int64_t port = 0, unheard = -1;
    struct opinion opinion = {
        .epoch = -1, .patience_ms = -1, .others = -1, .quorum = -1, .replicas = -1, .failover_ms = -1};
    const struct {
        const char *name;
        int64_t *value;
    } numbers[] = {{"port", &port},
                   {"config-epoch", &opinion.epoch},
                   {"last-ok-ping-reply", &unheard},
                   {"down-after-milliseconds", &opinion.patience_ms},
                   {"num-other-sentinels", &opinion.others},
                   {"quorum", &opinion.quorum},
                   {"num-slaves", &opinion.replicas},
                   {"failover-timeout", &opinion.failover_ms}};
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2) {
        if (!is_text(reply->element[i]) || !is_text(reply->element[i + 1]))
            return false;
        const char *name = reply->element[i]->str, *value = reply->element[i + 1]->str;
        if (strcmp(name, "ip") == 0)
            snprintf(opinion.primary.host, sizeof opinion.primary.host, "%s", value);
        else if (strcmp(name, "flags") == 0)
            opinion.replacing = strstr(value, "o_down") || strstr(value, "failover_in_progress");
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
            if (strcmp(name, numbers[k].name) == 0 && parse_int(value, 0, INT32_MAX, numbers[k].value) < 0)
                return false;
    }
    opinion.primary.port = (int)port;
    opinion.heard_at = -unheard;
    *ret_opinion = opinion;
    return unheard >= 0 && opinion.epoch >= 0 && opinion.patience_ms >= 0 && opinion.others >= 0 &&
           opinion.quorum >= 0 && opinion.replicas >= 0 && opinion.failover_ms >= 0;
}

/* Sentinels ask each other for a vote with this; who asks for one of epoch 0, which has been, is told the latest. */
static bool read_vote(redisContext *context, struct opinion *opinion)
{
    char port[8], error[DIAL_ERROR_SIZE];
    snprintf(port, sizeof port, "%d", opinion->primary.port);
    redisReply *reply =
        ask(context, 6,
            (const char *[]){"SENTINEL", "IS-MASTER-DOWN-BY-ADDR", opinion->primary.host, port, "0", "sidan"}, error);
    bool answered = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
                    reply->element[2]->type == REDIS_REPLY_INTEGER;
    if (answered)
        opinion->vote = reply->element[2]->integer;
    if (reply)
        freeReplyObject(reply);
    return answered;
}

static bool hear(struct dialer *dialer, size_t i, struct opinion *ret_opinion)
{
    char error[DIAL_ERROR_SIZE];
    int64_t now = mono_ms();
    redisContext **context = &dialer->sentinels[i].context;
    if (!*context && now >= dialer->sentinels[i].silent_until)
        *context = open_connection(&dialer->addresses[i], NULL, SENTINEL_MS, error);
    redisReply *reply = *context ? consult(dialer, *context, "MASTER", error) : NULL;
    bool heard = reply && read_opinion(reply, ret_opinion) && read_vote(*context, ret_opinion);
    if (reply)
        freeReplyObject(reply);
    if (heard) {
        ret_opinion->heard_at += now;
        return true;
    }
    if (*context || now >= dialer->sentinels[i].silent_until)
        dialer->sentinels[i].silent_until = now + SILENT_MS;
    if (*context)
        redisFree(*context);
    *context = NULL;
    return false;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int latest_first(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
    return (one < other) - (one > other);
}

/* Whether what was voted for may still go on: nobody sees the end of what failed. */
static bool may_go_on(struct dialer *dialer, int64_t vote, int64_t failover_ms)
{
    int64_t now = mono_ms();
    if (dialer->vote != vote) {
        dialer->vote = vote;
        dialer->vote_seen = now;
    }
    return now - dialer->vote_seen < 2 * failover_ms;
}

int64_t dialer_tenure(struct dialer *dialer, int *ret_replicas)
{
    struct opinion opinions[MAX_ADDRESSES];
    int64_t ends[MAX_ADDRESSES], epoch = -1, vote = -1, failover_ms = 0, replicas = 0, needed = 1;
    size_t heard = 0, count = 0;
    *ret_replicas = 0;
    if (!*dialer->name)
        return INT64_MAX;
    for (size_t i = 0; i < dialer->count; i++)
        heard += hear(dialer, i, &opinions[heard]);
    for (size_t i = 0; i < heard; i++)
        if (is_same(&opinions[i].primary, &dialer->primary) && opinions[i].epoch > epoch)
            epoch = opinions[i].epoch;
    for (size_t i = 0; i < heard; i++) {
        const struct opinion *opinion = &opinions[i];
        bool ours = is_same(&opinion->primary, &dialer->primary);
        if (ours ? opinion->replacing : opinion->epoch > epoch)
            return 0;
        if (!ours)
            continue; /* it has not heard of the latest failover yet */
        ends[count++] = opinion->heard_at + opinion->patience_ms;
        needed = larger(needed, opinion->others + 2 - opinion->quorum); /* so many are left out of every quorum */
        vote = larger(vote, opinion->vote);
        failover_ms = larger(failover_ms, opinion->failover_ms);
        replicas = larger(replicas, opinion->replicas);
    }
    if (vote > epoch && may_go_on(dialer, vote, failover_ms))
        *ret_replicas = (int)replicas;
    qsort(ends, count, sizeof *ends, latest_first);
    return needed <= (int64_t)count ? ends[needed - 1] : 0;
}
