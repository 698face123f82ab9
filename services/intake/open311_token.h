/*
 * open311_token.h - tokens that stand for an order until its number is asked for.
 *
 * "t<serial>-<hash>": nothing has to be stored for one, and nobody can make
 * one up without the county's secret.
 */
#ifndef SIDAN_OPEN311_TOKEN_H
#define SIDAN_OPEN311_TOKEN_H

#include "common/county.h"
#include "common/order.h"

/* The token of an order. The caller frees it. */
char *open311_token(const struct county *county, const char *order);

/* The order that a token stands for: 0, or -EINVAL when the token is not one of this county's. */
int open311_token_order(const struct county *county, const char *token, char ret_order[ORDER_ID_SIZE]);

#endif
