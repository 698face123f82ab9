/*
 * qr.h - the QR code by which those who come to a meeting sign in.
 *
 * It shows an address with a token: the meeting's number, a number of 20 seconds, and a keyed hash of both. A token is
 * taken in its 20 seconds and in those after, so for 20 to 40 seconds, which is enough to scan and open it, and too
 * little to send a photo of it to somebody at home who then has to be signed in, too. Only that meeting's tokens open
 * it, from half an hour before it begins until it is closed. The host's screen has to ask for the code anew every ten
 * seconds or so. Tokens are computed with the county's secret, so nothing stores them, and any instance knows them.
 */
#ifndef SIDAN_INTAKE_QR_H
#define SIDAN_INTAKE_QR_H

#include "common/order.h"
#include "common/vault.h"

/* Where the address leads to, behind the county's public_url: a page of intake. */
#define SIGN_IN_PAGE "/s/"

enum { QR_TOKEN_SIZE = 80, QR_PERIOD_MS = 20000 };

/* The token that is shown at a moment (ms since 1970). */
void qr_token(char token[QR_TOKEN_SIZE], const struct vault *vault, const char *meeting, int64_t now);

/* Which meeting it is of, without a look at its hash: 0 or -EINVAL. */
int qr_token_parse(const char *token, char ret_county[7], char ret_meeting[ORDER_ID_SIZE]);

enum qr_token { QR_RIGHT, QR_OLD, QR_WRONG };
enum qr_token qr_token_judge(const char *token, const struct vault *vault, const char *meeting, int64_t now);

/* A QR code with this text as SVG; the caller frees it. NULL when the text is too long for one. */
char *qr_svg(const char *text);

#endif
