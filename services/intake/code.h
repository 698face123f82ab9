/*
 * code.h - the six-digit codes: an order's, and those by which people sign in; and the tokens of links. Six digits can
 * be guessed, so the tries are counted in Redis, for all instances together.
 */
#ifndef SIDAN_INTAKE_CODE_H
#define SIDAN_INTAKE_CODE_H

#include "common/county.h"
#include "common/store.h"

enum code_result {
    CODE_RIGHT,
    CODE_WRONG,
    CODE_LOCKED, /* too many tries: not even the right one helps now */
    CODE_UNKNOWN /* Redis does not answer */
};

/*
 * Whether it is an order's code; whether it is the token of a link to one of its answers (common/resident.h). An order
 * takes ten wrong ones of either an hour.
 */
enum code_result code_of_order(struct store *store, const struct county *county, const char *order, const char *code);
enum code_result code_of_link(struct store *store, const struct county *county, const char *order, int64_t round,
                              const char *token);

/* The same of the token of an invitation, counted by meeting. */
enum code_result code_of_invitation(struct store *store, const struct county *county, const char *meeting,
                                    const char *order, const char *token);

enum { SIGN_IN_CODE_SIZE = 7, SIGN_IN_CODE_S = 300, SIGN_IN_CODE_TRIES = 5 };

/*
 * Makes a code by which a phone's owner can sign in, within SIGN_IN_CODE_S and SIGN_IN_CODE_TRIES; the one before it
 * is void. 0 and the code; or in how many seconds one may be asked for; or -EIO. burst, per_hour: how many a phone
 * gets at once, and in the long run. Does the same for every phone, registered or not.
 */
int64_t code_new(struct store *store, const struct county *county, const char *phone, int64_t burst, int64_t per_hour,
                 char ret_code[SIGN_IN_CODE_SIZE]);

/* Uses it up. CODE_WRONG also when there is none, it is too old, or was tried too often. */
enum code_result code_use(struct store *store, const struct county *county, const char *phone, const char *code);

#endif
