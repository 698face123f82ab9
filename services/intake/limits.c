/*
 * limits.c - a bucket for each address, in a table of fixed size; see limits.h.
 *
 * A bucket is the moment at which it will be full again (GCRA), so an empty table is one where everybody may begin.
 * An address finds its bucket by a hash with a key of this process: two addresses may share one, by chance that nobody
 * can aim at. The table never grows, whoever calls.
 */
#include "services/intake/limits.h"

#include "common/alloc.h"
#include "common/text.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { BUCKETS = 1 << 16 };

struct limits {
    int64_t burst, interval; /* interval: ms for one request; 0: no limit */
    const char *proxies;
    unsigned char key[crypto_shorthash_KEYBYTES];
    int64_t full_at[BUCKETS]; /* by mono_ms() */
};

struct limits *limits_new(int64_t burst, int64_t per_minute, const char *proxies)
{
    struct limits *limits = xcalloc(1, sizeof *limits);
    limits->burst = burst;
    limits->interval = per_minute > 0 ? 60000 / per_minute : 0;
    limits->proxies = proxies;
    crypto_shorthash_keygen(limits->key);
    return limits;
}

void limits_destroy(struct limits **limits)
{
    free(*limits);
    *limits = NULL;
}

int64_t limits_take(struct limits *limits, const char *address, int cost, int64_t now)
{
    unsigned char hash[crypto_shorthash_BYTES];
    uint16_t index;
    crypto_shorthash(hash, (const unsigned char *)address, strlen(address), limits->key);
    memcpy(&index, hash, sizeof index);
    int64_t full_at = limits->full_at[index] > now ? limits->full_at[index] : now;
    int64_t wait = full_at - now - (limits->burst - 1) * limits->interval;
    if (wait > 0)
        return wait / 1000 + 1;
    limits->full_at[index] = full_at + cost * limits->interval;
    return 0;
}

/* The last of the addresses that is none of our proxies: what stands before it may be made up. */
void limits_address_of(const struct limits *limits, const char *peer, const char *forwarded,
                       char ret[HTTP_ADDRESS_SIZE])
{
    AUTOFREE char *rest = xstrdup(forwarded);
    char *address = NULL;
    snprintf(ret, HTTP_ADDRESS_SIZE, "%s", peer);
    while (words_have(limits->proxies, ret) && *rest) {
        address = strrchr(rest, ',');
        char *word = address ? address + 1 : rest;
        word += strspn(word, " \t");
        word[strcspn(word, " \t")] = '\0';
        if (*word)
            snprintf(ret, HTTP_ADDRESS_SIZE, "%s", word);
        *(address ? address : rest) = '\0';
    }
    struct in6_addr long_address;
    if (inet_pton(AF_INET6, ret, &long_address) == 1 && !IN6_IS_ADDR_V4MAPPED(&long_address)) {
        memset(long_address.s6_addr + 8, 0, 8);
        inet_ntop(AF_INET6, &long_address, ret, HTTP_ADDRESS_SIZE);
    }
}

void limits_address(const struct limits *limits, const struct http_request *request, char ret[HTTP_ADDRESS_SIZE])
{
    char peer[HTTP_ADDRESS_SIZE];
    AUTOFREE char *forwarded = http_header_all(request, "X-Forwarded-For");
    http_peer(request, peer);
    limits_address_of(limits, peer, forwarded, ret);
}
