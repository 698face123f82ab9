/*
 * resident.c - how a resident who is asked can answer; see resident.h. Pure.
 */
#include "common/resident.h"

#include "common/alloc.h"
#include "common/contact.h"
#include "common/joint.h"
#include "common/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COUNTY_LENGTH = 6 };
enum { HASH_LENGTH = 16 }; /* 64 bits, of which an hour gives ten guesses */

void rating_token(char token[RATING_TOKEN_SIZE], const struct vault *vault, const char *order, int64_t round)
{
    char digest[VAULT_DIGEST_SIZE];
    AUTOFREE char *what = xasprintf("%s-%" PRId64, order, round);
    vault_digest(vault, "rating", what, digest);
    snprintf(token, RATING_TOKEN_SIZE, "%s-%.*s", what, HASH_LENGTH, digest);
}

int rating_token_parse(const char *token, char ret_county[7], char ret_order[ORDER_ID_SIZE], int64_t *ret_round)
{
    const char *dash = strchr(token, '-'), *round = dash ? strchr(dash + 1, '-') : NULL;
    const char *hash = round ? strchr(round + 1, '-') : NULL;
    if (!hash)
        return -EINVAL;
    AUTOFREE char *order = xstrndup(token, (size_t)(round - token));
    AUTOFREE char *number = xstrndup(round + 1, (size_t)(hash - round - 1));
    if (order_parse(order, ret_county, NULL) < 0 || parse_int(number, 0, INT64_MAX, ret_round) < 0)
        return -EINVAL;
    snprintf(ret_order, ORDER_ID_SIZE, "%s", order);
    return 0;
}

void invitation_token(char token[INVITATION_TOKEN_SIZE], const struct vault *vault, const char *meeting,
                      const char *order)
{
    char digest[VAULT_DIGEST_SIZE];
    AUTOFREE char *what = xasprintf("%s%s", meeting, order + COUNTY_LENGTH);
    vault_digest(vault, "invitation", what, digest);
    snprintf(token, INVITATION_TOKEN_SIZE, "%s-%.*s", what, HASH_LENGTH, digest);
}

int invitation_token_parse(const char *token, char ret_county[7], char ret_meeting[ORDER_ID_SIZE],
                           char ret_order[ORDER_ID_SIZE])
{
    enum matter matter;
    const char *dash = strchr(token, '-'), *serial = dash ? strchr(dash + 1, '-') : NULL;
    const char *hash = serial ? strchr(serial + 1, '-') : NULL;
    if (!hash || dash - token != COUNTY_LENGTH)
        return -EINVAL;
    AUTOFREE char *number = xstrndup(token, (size_t)(serial - token));
    AUTOFREE char *order = xasprintf("%.*s%.*s", COUNTY_LENGTH, token, (int)(hash - serial), serial);
    if (matter_parse(number, ret_county, &matter, NULL) < 0 || matter != MATTER_MEETING ||
        order_parse(order, NULL, NULL) < 0)
        return -EINVAL;
    snprintf(ret_meeting, ORDER_ID_SIZE, "%s", number);
    snprintf(ret_order, ORDER_ID_SIZE, "%s", order);
    return 0;
}

void asked_key(char key[ASKED_KEY_SIZE], const char *person)
{
    snprintf(key, ASKED_KEY_SIZE, "asked:%s", person);
}

void await_reply(const struct context *context, const struct record *order, struct outcome *outcome)
{
    char key[ASKED_KEY_SIZE];
    asked_key(key, record_str(order, F_PERSON));
    if (record_len(order, F_PERSON) > 0)
        outcome_zadd(outcome, key, context->now, context->order_id);
}

void await_no_reply(const struct context *context, const struct record *order, struct outcome *outcome)
{
    char key[ASKED_KEY_SIZE];
    asked_key(key, record_str(order, F_PERSON));
    if (record_len(order, F_PERSON) > 0)
        outcome_zrem(outcome, key, context->order_id);
}

static bool is_phone_of(const struct county *county, const char *person, const char *phone)
{
    char digest[VAULT_DIGEST_SIZE];
    contact_person(county->vault, phone, digest);
    return *phone && strcmp(digest, person) == 0;
}

bool resident_handles(const struct county *county, const struct record *order)
{
    const char *person = record_str(order, F_PERSON), *members = record_str(order, F_MEMBERS);
    char id[40];
    while (*person && words_next(&members, id, sizeof id)) {
        const struct member *member = county_member(county, id);
        if (member && is_phone_of(county, person, member->phone))
            return true;
    }
    AUTOFREE char *departments = xasprintf("%s %s", record_str(order, F_DEPARTMENT), record_str(order, F_ASSISTING));
    const char *rest = record_int(order, F_HANDED_AT) > 0 ? departments : "";
    while (*person && words_next(&rest, id, sizeof id)) {
        const struct office *department = county_department(county, id);
        if (department && is_phone_of(county, person, department->phone))
            return true;
    }
    return false;
}

bool resident_is_told(const struct record *order)
{
    return !is_for_another(order) && record_int(order, F_TAKEN_BACK) != 1;
}
