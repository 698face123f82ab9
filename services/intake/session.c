/*
 * session.c - sessions in Redis; see session.h.
 *
 * session:{c}:ID is a sealed text that Redis lets go of at the session's end, or earlier when it has been left alone
 * for too long. sessions:{c}:PHONE lists a person's sessions by their ends, so that all can be ended at once. Being
 * used moves the idle end on, but not at each request: that would be a write to disk for every look.
 */
#include "services/intake/session.h"

#include "common/alloc.h"
#include "common/store.h"
#include "common/text.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

enum { TOKEN_BYTES = 32, TOKEN_SIZE = 44, MOVED_ON_BY = 20 /* the idle end moves when 1/20 of the time has gone */ };

static void session_key(char key[KEY_SIZE], const char *county, const char *id)
{
    char name[80];
    snprintf(name, sizeof name, "session:%s", id);
    store_key(key, county, name);
}

static void list_key(char key[KEY_SIZE], const struct session *session)
{
    char name[80];
    snprintf(name, sizeof name, "sessions:%s", session->phone);
    store_key(key, session->county, name);
}

/* What follows from the token, and only with the county's keys: who can write to Redis cannot make a session. */
static void derive(const struct county *county, const char *token, struct session *session)
{
    memcpy(session->county, county->id, sizeof session->county);
    vault_digest(county->vault, "session", token, session->id);
    vault_digest(county->vault, "csrf", token, session->csrf);
}

/* Takes the cookie apart: "990101.TOKEN". NULL when it is none. */
static const struct county *read_cookie(struct intake *intake, const struct http_request *request,
                                        struct session *session)
{
    const char *cookie = http_cookie(request, SESSION_COOKIE);
    if (!cookie || strlen(cookie) != 6 + 1 + TOKEN_SIZE - 1 || cookie[6] != '.')
        return NULL;
    AUTOFREE char *id = xstrndup(cookie, 6);
    const struct county *county = service_county(intake->service, id);
    if (county)
        derive(county, cookie + 7, session);
    return county;
}

/* How long a session may be left alone, ms. Who sees a whole county may sit at a desk that others use, too. */
static int64_t idle_ms(struct intake *intake, const struct county *county, const char *phone)
{
    const struct params *params = service_params(intake->service);
    return 1000 * param_int(params, person_is_staff(county, phone) ? "session_idle_s" : "session_s");
}

static void expire_in(struct store *store, const char *key, int64_t ms)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, ms > 1 ? ms : 1);
    store_append(store, 3, (const char *[]){"PEXPIRE", key, text}, NULL);
}

/* Whose session it is, and its end: sealed in its place, so that none can be made to be another's or to last longer. */
static char *seal(const struct county *county, const struct session *session)
{
    AUTOFREE char *owner = xasprintf("session/%s", session->id);
    AUTOFREE char *value = xasprintf("%s %" PRId64, session->phone, session->end);
    return vault_seal(county->vault, owner, value, strlen(value));
}

/* 0, -EIO when the county's newest key has not been read yet, or -ENOENT when it was not made by seal(). */
static int read_sealed(const struct county *county, const char *sealed, struct session *session)
{
    AUTOFREE char *owner = xasprintf("session/%s", session->id), *value = NULL;
    size_t size;
    int r = vault_open(county->vault, owner, sealed, &value, &size);
    if (r < 0)
        return r == -ENOKEY ? -EIO : -ENOENT;
    return sscanf(value, "%32s %" SCNd64, session->phone, &session->end) == 2 ? 0 : -ENOENT;
}

int session_find(struct intake *intake, const struct http_request *request, struct session *ret_session)
{
    struct session session;
    const struct county *county = read_cookie(intake, request, &session);
    if (!county)
        return -ENOENT;
    struct store *store = service_store(intake->service);
    char key[KEY_SIZE];
    session_key(key, county->id, session.id);
    store_append(store, 2, (const char *[]){"GET", key}, NULL);
    store_append(store, 2, (const char *[]){"PTTL", key}, NULL);
    if (store_run(store) < 0)
        return -EIO;
    const redisReply *sealed = store_reply(store, 0);
    if (sealed->type != REDIS_REPLY_STRING)
        return sealed->type == REDIS_REPLY_ERROR ? -EIO : -ENOENT;
    int r = read_sealed(county, sealed->str, &session);
    if (r < 0)
        return r;
    int64_t left = session.end - now_ms(), idle = idle_ms(intake, county, session.phone);
    if (left <= 0)
        return -ENOENT;
    if (store_reply(store, 1)->integer < (left < idle ? left : idle - idle / MOVED_ON_BY)) {
        expire_in(store, key, left < idle ? left : idle);
        store_run(store); /* if it fails, the session only ends sooner */
    }
    *ret_session = session;
    return 0;
}

static void set_cookie(struct http_request *request, const char *value, int64_t seconds)
{
    AUTOFREE char *cookie =
        xasprintf(SESSION_COOKIE "=%s; Max-Age=%" PRId64 "; Path=/; HttpOnly; Secure; SameSite=Lax", value, seconds);
    http_answer_header(request, "Set-Cookie", cookie);
}

void session_begin(struct intake *intake, struct http_request *request, const struct county *county, const char *phone,
                   struct session *ret_session)
{
    struct store *store = service_store(intake->service);
    unsigned char bytes[TOKEN_BYTES];
    char token[TOKEN_SIZE], key[KEY_SIZE], list[KEY_SIZE], end[24], now[24];
    struct session session, old;
    if (read_cookie(intake, request, &old)) {
        session_key(key, old.county, old.id);
        store_append(store, 2, (const char *[]){"DEL", key}, NULL);
    }
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(token, sizeof token, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    derive(county, token, &session);
    snprintf(session.phone, sizeof session.phone, "%s", phone);
    int64_t whole = 1000 * param_int(service_params(intake->service), "session_s");
    int64_t idle = idle_ms(intake, county, phone);
    session.end = now_ms() + whole;

    session_key(key, county->id, session.id);
    list_key(list, &session);
    snprintf(end, sizeof end, "%" PRId64, session.end);
    snprintf(now, sizeof now, "%" PRId64, now_ms());
    AUTOFREE char *sealed = seal(county, &session);
    store_append(store, 3, (const char *[]){"SET", key, sealed}, NULL);
    expire_in(store, key, idle < whole ? idle : whole);
    store_append(store, 4, (const char *[]){"ZREMRANGEBYSCORE", list, "-inf", now}, NULL);
    store_append(store, 4, (const char *[]){"ZADD", list, end, session.id}, NULL);
    expire_in(store, list, whole);

    AUTOFREE char *value = xasprintf("%s.%s", county->id, token);
    set_cookie(request, value, whole / 1000);
    *ret_session = session;
}

void session_end(struct intake *intake, struct http_request *request, const struct session *session)
{
    struct store *store = service_store(intake->service);
    char key[KEY_SIZE], list[KEY_SIZE];
    session_key(key, session->county, session->id);
    list_key(list, session);
    store_append(store, 2, (const char *[]){"DEL", key}, NULL);
    store_append(store, 3, (const char *[]){"ZREM", list, session->id}, NULL);
    set_cookie(request, "", 0);
}

int session_end_all(struct intake *intake, struct http_request *request, const struct session *session)
{
    struct store *store = service_store(intake->service);
    char list[KEY_SIZE];
    list_key(list, session);
    store_append(store, 4, (const char *[]){"ZRANGE", list, "0", "-1"}, NULL);
    if (store_run(store) < 0 || store_reply(store, 0)->type != REDIS_REPLY_ARRAY)
        return -EIO;
    const redisReply *ids = store_reply(store, 0);
    for (size_t i = 0; i < ids->elements; i++) {
        struct session each = *session;
        snprintf(each.id, sizeof each.id, "%s", ids->element[i]->str);
        char key[KEY_SIZE];
        session_key(key, each.county, each.id);
        store_append(store, 2, (const char *[]){"DEL", key}, NULL);
    }
    session_end(intake, request, session);
    return 0;
}
