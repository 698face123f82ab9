/*
 * limits.c - a bucket for each address, in a table of fixed size; see limits.h.
 *
 * A bucket is the moment at which it will be full again (GCRA), so an empty table is one where everybody may begin.
 * An address or name finds its bucket by a hash with a key of this process: two may share one, by chance that nobody
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

int64_t limits_take(struct limits *limits, const char *who, int cost, int64_t now)
{
    unsigned char hash[crypto_shorthash_BYTES];
    uint16_t index;
    crypto_shorthash(hash, (const unsigned char *)who, strlen(who), limits->key);
    memcpy(&index, hash, sizeof index);
    int64_t full_at = limits->full_at[index] > now ? limits->full_at[index] : now;
    int64_t wait = full_at - now - (limits->burst - 1) * limits->interval;
    if (wait > 0)
        return wait / 1000 + 1;
    limits->full_at[index] = full_at + cost * limits->interval;
    return 0;
}

/* The address in what a proxy wrote: as it is, 192.0.2.1:80, [2001:db8::1] or [2001:db8::1]:80. */
static char *bare(char *word)
{
    bool bracketed = *word == '[', six = strchr(word, ':') != strrchr(word, ':');
    word += bracketed;
    word[strcspn(word, bracketed ? "]" : six ? "" : ":")] = '\0';
    return word;
}

/* One spelling for each client: of IPv6 the /64, which one household has; IPv4 within IPv6 is IPv4. */
static void generalize(char address[HTTP_ADDRESS_SIZE])
{
    struct in6_addr six;
    if (inet_pton(AF_INET6, address, &six) != 1)
        return;
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
        inet_ntop(AF_INET, six.s6_addr + 12, address, HTTP_ADDRESS_SIZE);
        return;
    }
    memset(six.s6_addr + 8, 0, 8);
    inet_ntop(AF_INET6, &six, address, HTTP_ADDRESS_SIZE);
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
        word = bare(word);
        if (*word)
            snprintf(ret, HTTP_ADDRESS_SIZE, "%s", word);
        *(address ? address : rest) = '\0';
    }
    generalize(ret);
}

void limits_address(const struct limits *limits, const struct http_request *request, char ret[HTTP_ADDRESS_SIZE])
{
    char peer[HTTP_ADDRESS_SIZE];
    AUTOFREE char *forwarded = http_header_all(request, "X-Forwarded-For");
    http_peer(request, peer);
    limits_address_of(limits, peer, forwarded, ret);
}
