/*
 * limits.h - how much strangers may ask of this instance, by the address they come from, and how often somebody known
 * may be refused, by their name.
 *
 * A whole village hall may share one address, so what counts is a burst, and how fast it fills up again.
 */
#ifndef SIDAN_INTAKE_LIMITS_H
#define SIDAN_INTAKE_LIMITS_H

#include "common/http.h"

struct limits;

/* burst: requests that may come at once; per_minute: that one more is allowed of; 0: no limit. proxies: addresses of
 * our own proxies, space between, whose X-Forwarded-For is believed. It must live as long as the limits. */
struct limits *limits_new(int64_t burst, int64_t per_minute, const char *proxies);
void limits_destroy(struct limits **limits);

/* Counts `cost` requests of an address or a name: 0, or for how many seconds it has to wait. A cost of 0 only asks.
 * now: mono_ms(). */
int64_t limits_take(struct limits *limits, const char *who, int cost, int64_t now);

/* The address that a request is counted under: of an IPv6 address its /64. */
void limits_address(const struct limits *limits, const struct http_request *request, char ret[HTTP_ADDRESS_SIZE]);

/* The same from the connection's address and what proxies forwarded, for tests. */
void limits_address_of(const struct limits *limits, const char *peer, const char *forwarded,
                       char ret[HTTP_ADDRESS_SIZE]);

#endif
