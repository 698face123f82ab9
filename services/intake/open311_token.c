/*
 * open311_token.c - a keyed hash over the order's number. Pure; owns nothing.
 */
#include "services/intake/open311_token.h"

#include "common/alloc.h"
#include "common/text.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

enum { HASH_BYTES = 16 };

char *open311_token(const struct county *county, const char *order)
{
    unsigned char hash[HASH_BYTES];
    char hex[2 * HASH_BYTES + 1];
    int64_t serial = 0;
    /* The words keep this hash apart from others made with the same secret. */
    AUTOFREE char *text = xasprintf("open311 token %s", order);

    order_parse(order, NULL, &serial);
    crypto_generichash(hash, sizeof hash, (const unsigned char *)text, strlen(text), county->secret,
                       sizeof county->secret);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    return xasprintf("t%lld-%s", (long long)serial, hex);
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
