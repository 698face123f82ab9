/*
 * resident.h - the resident of an order as somebody who is asked: to rate an answer, or to answer a question.
 *
 * What an SMS asks can be answered by its link or by a reply. Neither needs a sign-in, so both are bound as tightly as
 * can be: the link to one answer of one order, the reply to the phone that the order was placed with.
 */
#ifndef SIDAN_RESIDENT_H
#define SIDAN_RESIDENT_H

#include "common/order.h"
#include "common/service.h"
#include "common/vault.h"

/*
 * What stands in the link by which an answer is rated: "990101-000123-1-9f86d081884c7d65", the order's number, which of
 * its answers (F_ROUND), and a keyed hash of both. It is computed with the county's secret, so nothing stores it.
 */
enum { RATING_TOKEN_SIZE = 80 };
void rating_token(char token[RATING_TOKEN_SIZE], const struct vault *vault, const char *order, int64_t round);

/* Takes it apart, without a look at its hash: 0 or -EINVAL. */
int rating_token_parse(const char *token, char ret_county[7], char ret_order[ORDER_ID_SIZE], int64_t *ret_round);

/* Where that link leads to, behind the county's public_url: a page of intake. */
#define RATING_PAGE "/r/"

/* Likewise, with the number of an order behind it: its resident's page, and that of those who handle it. */
#define TRACK_PAGE "/o/"
#define WORK_PAGE "/w/"

/*
 * The same for an invitation of an order's resident to a meeting: "990101-H000012-000123-9f86d081884c7d65", the
 * meeting's number, the serial of the order and a keyed hash of both.
 */
enum { INVITATION_TOKEN_SIZE = 80 };
void invitation_token(char token[INVITATION_TOKEN_SIZE], const struct vault *vault, const char *meeting,
                      const char *order);
int invitation_token_parse(const char *token, char ret_county[7], char ret_meeting[ORDER_ID_SIZE],
                           char ret_order[ORDER_ID_SIZE]);
#define INVITATION_PAGE "/i/"

/*
 * The zset "asked:PERSON" of a county: the orders and meetings that wait for this person's reply, by when they were
 * asked. One is in it from the commit that asks to the commit after which nothing is waited for; whose phone it is says
 * F_PERSON of an order, and the roster for those invited to a meeting.
 */
enum { ASKED_KEY_SIZE = 48 };
void asked_key(char key[ASKED_KEY_SIZE], const char *person);
void await_reply(const struct context *context, const struct record *order, struct outcome *outcome);
void await_no_reply(const struct context *context, const struct record *order, struct outcome *outcome);

/* How somebody replied, as F_VIA has it. */
#define VIA_LINK "link"
#define VIA_SMS "sms"
#define VIA_PART "part" /* somebody undoes what they had split off, because that from which it was has moved on */

/*
 * Whether the order's resident handles it themselves, as one of its members or in one of its departments. Nobody rates
 * what they have done.
 */
bool resident_handles(const struct county *county, const struct record *order);

/* Whether its resident hears of it and is asked: not from a county that another one has asked for joint handling, nor
 * once they have taken it back, and it goes on for others. */
bool resident_is_told(const struct record *order);

#endif
