/*
 * access.c - who may see or touch an order: its resident with the six-digit
 * code, or the county's office with its key.
 *
 * Six digits can be guessed, so an order takes WRONG_MAX wrong codes an hour,
 * counted in Redis for all instances together; after that not even the right
 * code opens it. Without Redis nobody is let in by a code. A number that does
 * not exist has a code too, so an answer tells nobody which numbers exist.
 */
#include "services/intake/access.h"

#include "common/store.h"

#include <sodium.h>
#include <string.h>

enum { WRONG_MAX = 10, WRONG_SECONDS = 3600 };

static bool refuse(struct http_request *request, const char *word)
{
    intake_answer_error(request, intake_status_of(word), word, strcmp(word, "unknown") == 0 ? "order" : NULL, NULL);
    return false;
}

static bool same(const char *a, const char *b)
{
    return strlen(a) == strlen(b) && sodium_memcmp(a, b, strlen(a)) == 0;
}

static bool open_by_code(struct intake *intake, struct http_request *request, const struct access *access,
                         const char *code)
{
    char right[ACCESS_CODE_SIZE], name[64], key[KEY_SIZE];
    order_access_code(right, access->order, access->county->secret);
    snprintf(name, sizeof name, "wrong:%s", access->order);
    store_key(key, access->county->id, name);
    struct store *store = service_store(intake->service);
    bool good = same(code, right);
    if (good) {
        store_appendf(store, "GET %s", key);
    } else {
        store_appendf(store, "INCR %s", key);
        store_appendf(store, "EXPIRE %s %d NX", key, WRONG_SECONDS);
    }
    const redisReply *reply = store_run(store) == 0 ? store_reply(store, 0) : NULL;
    if (!reply || reply->type == REDIS_REPLY_ERROR)
        return refuse(request, "unavailable");
    long long wrong = reply->type == REDIS_REPLY_STRING ? atoll(reply->str) : reply->integer;
    if (wrong > WRONG_MAX || (good && wrong == WRONG_MAX))
        return refuse(request, "too_many_tries");
    return good ? true : refuse(request, "forbidden");
}

bool access_order(struct intake *intake, struct http_request *request, int who, struct access *ret_access)
{
    const char *key = intake_request_key(request), *code = http_header(request, "X-Order-Code");
    if (!code)
        code = http_query(request, "code");
    if (code && !*code)
        code = NULL;
    struct access access = {.county = NULL};
    char county[7];
    int64_t serial;
    if (order_parse(http_segment(request, "id"), county, &serial) == 0)
        access.county = service_county(intake->service, county);
    if (!access.county)
        return refuse(request, "unknown");
    order_id(access.order, county, serial);

    bool opened = false;
    if (key && who & ACCESS_OFFICE) {
        opened = intake_may(access.county, key, "office");
        if (opened)
            access.key = county_key(access.county, key);
        else if (!code)
            return refuse(request, "forbidden");
    }
    if (!opened) {
        if (!code || !(who & ACCESS_CODE))
            return refuse(request, "unauthorized");
        if (!open_by_code(intake, request, &access, code))
            return false;
    }
    *ret_access = access;
    return true;
}
