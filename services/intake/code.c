/*
 * code.c - the six-digit codes, and the tokens of links; see code.h.
 *
 * An order's code is computed, so a number that does not exist has one, too, and no answer tells which numbers exist.
 * Of a code for signing in Redis has a keyed hash, for five minutes; the scripts see to it that tries are counted
 * before they are judged, and that a code opens once.
 */
#include "services/intake/code.h"

#include "common/alloc.h"
#include "common/order.h"
#include "common/resident.h"
#include "services/intake/roles.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { WRONG_MAX = 10, WRONG_SECONDS = 3600, HOUR_MS = 3600000 };

static struct script new_script = {"code_new",
#include "services/intake/lua/code_new.lua.h"
                                   , ""};
static struct script use_script = {"code_use",
#include "services/intake/lua/code_use.lua.h"
                                   , ""};

static bool same(const char *a, const char *b)
{
    return strlen(a) == strlen(b) && sodium_memcmp(a, b, strlen(a)) == 0;
}

/* Counts a guess about an order that was not good, and says whether there were too many. */
static enum code_result judge(struct store *store, const struct county *county, const char *order, bool good)
{
    char name[64], key[KEY_SIZE];
    snprintf(name, sizeof name, "wrong:%s", order);
    store_key(key, county->id, name);
    if (good) {
        store_appendf(store, "GET %s", key);
    } else {
        store_appendf(store, "INCR %s", key);
        store_appendf(store, "EXPIRE %s %d NX", key, WRONG_SECONDS);
    }
    const redisReply *reply = store_run(store) == 0 ? store_reply(store, 0) : NULL;
    if (!reply || reply->type == REDIS_REPLY_ERROR)
        return CODE_UNKNOWN;
    long long wrong = reply->type == REDIS_REPLY_STRING ? atoll(reply->str) : reply->integer;
    if (wrong > WRONG_MAX || (good && wrong == WRONG_MAX))
        return CODE_LOCKED;
    return good ? CODE_RIGHT : CODE_WRONG;
}

enum code_result code_of_order(struct store *store, const struct county *county, const char *order, const char *code)
{
    char right[ACCESS_CODE_SIZE];
    order_access_code(right, order, vault_secret(county->vault));
    return judge(store, county, order, same(code, right));
}

enum code_result code_of_link(struct store *store, const struct county *county, const char *order, int64_t round,
                              const char *token)
{
    char right[RATING_TOKEN_SIZE];
    rating_token(right, county->vault, order, round);
    return judge(store, county, order, same(token, right));
}

enum code_result code_of_invitation(struct store *store, const struct county *county, const char *meeting,
                                    const char *order, const char *token)
{
    char right[INVITATION_TOKEN_SIZE];
    invitation_token(right, county->vault, meeting, order);
    return judge(store, county, meeting, same(token, right));
}

/* The keys of a phone: of its code, and of how many it has been given. */
static void phone_keys(const struct county *county, const char *phone, char code[KEY_SIZE], char given[KEY_SIZE])
{
    char digest[VAULT_DIGEST_SIZE], name[64];
    person_digest(digest, county, phone);
    snprintf(name, sizeof name, "code:%s", digest);
    store_key(code, county->id, name);
    snprintf(name, sizeof name, "codes:%s", digest);
    store_key(given, county->id, name);
}

/* What Redis keeps of a code. */
static void code_digest(char digest[VAULT_DIGEST_SIZE], const struct county *county, const char *phone,
                        const char *code)
{
    AUTOFREE char *both = xasprintf("%s %s", phone, code);
    vault_digest(county->vault, "code", both, digest);
}

int64_t code_new(struct store *store, const struct county *county, const char *phone, int64_t burst, int64_t per_hour,
                 char ret_code[SIGN_IN_CODE_SIZE])
{
    char code[SIGN_IN_CODE_SIZE], keys[2][KEY_SIZE], digest[VAULT_DIGEST_SIZE], seconds[24], interval[24], most[24];
    snprintf(code, sizeof code, "%06" PRIu32, randombytes_uniform(1000000));
    phone_keys(county, phone, keys[0], keys[1]);
    code_digest(digest, county, phone, code);
    snprintf(seconds, sizeof seconds, "%d", SIGN_IN_CODE_S);
    snprintf(interval, sizeof interval, "%" PRId64, HOUR_MS / per_hour);
    snprintf(most, sizeof most, "%" PRId64, burst);
    store_append_script(store, &new_script, 2, (const char *[]){keys[0], keys[1]}, 4,
                        (const char *[]){digest, seconds, interval, most}, NULL);
    if (store_run(store) < 0 || store_reply(store, 0)->type != REDIS_REPLY_INTEGER)
        return -EIO;
    memcpy(ret_code, code, sizeof code);
    return store_reply(store, 0)->integer;
}

enum code_result code_use(struct store *store, const struct county *county, const char *phone, const char *code)
{
    char keys[2][KEY_SIZE], digest[VAULT_DIGEST_SIZE], tries[24];
    phone_keys(county, phone, keys[0], keys[1]);
    code_digest(digest, county, phone, code);
    snprintf(tries, sizeof tries, "%d", SIGN_IN_CODE_TRIES);
    store_append_script(store, &use_script, 1, (const char *[]){keys[0]}, 2, (const char *[]){digest, tries}, NULL);
    if (store_run(store) < 0 || store_reply(store, 0)->type != REDIS_REPLY_INTEGER)
        return CODE_UNKNOWN;
    return store_reply(store, 0)->integer == 1 ? CODE_RIGHT : CODE_WRONG;
}
