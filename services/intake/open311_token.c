/*
 * open311_token.c - a keyed hash over the order's number. Pure; owns nothing.
 */
#include "services/intake/open311_token.h"

#include "common/alloc.h"
#include "common/text.h"
#include "common/vault.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

char *open311_token(const struct county *county, const char *order)
{
    char digest[VAULT_DIGEST_SIZE];
    int64_t serial = 0;

    order_parse(order, NULL, &serial);
    vault_digest(county->vault, "open311 token", order, digest);
    return xasprintf("t%lld-%s", (long long)serial, digest);
}

int open311_token_order(const struct county *county, const char *token, char ret_order[ORDER_ID_SIZE])
{
    char order[ORDER_ID_SIZE];
    int64_t serial = 0;

    if (token[0] != 't')
        return -EINVAL;
    AUTOFREE char *digits = xstrndup(token + 1, strcspn(token + 1, "-"));
    if (parse_int(digits, 1, INT64_MAX, &serial) < 0)
        return -EINVAL;
    order_id(order, county->id, serial);
    AUTOFREE char *genuine = open311_token(county, order);
    if (strlen(genuine) != strlen(token) || sodium_memcmp(genuine, token, strlen(genuine)) != 0)
        return -EINVAL;
    memcpy(ret_order, order, sizeof order);
    return 0;
}
