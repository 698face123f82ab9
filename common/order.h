/*
 * order.h - an order's number, its states and which may follow which; and those of the other matters.
 *
 * A matter is what is kept as one hash with a version, changes step by step and is journalled: an order, a meeting
 * (协商会), a suggestion (建言) or what the office enters (履职登记). The life of an order is that of the domain:
 * placed, screening, open, assigned, consulting, answered, evaluated, closed; returned and merged beside it.
 */
#ifndef SIDAN_ORDER_H
#define SIDAN_ORDER_H

#include "common/record.h"

/* Words of F_STATE. */
#define STATE_PLACED "placed"
#define STATE_SCREENING "screening"
#define STATE_RETURNED "returned"
#define STATE_MERGED "merged" /* into a primary order (并单); it is answered, rated and closed by itself */
#define STATE_OPEN "open"
#define STATE_ASSIGNED "assigned"
#define STATE_CONSULTING "consulting"
#define STATE_ANSWERED "answered"
#define STATE_EVALUATED "evaluated"
#define STATE_CLOSED "closed" /* of a suggestion: struck off the list (销号) */

/* Of a meeting; then it is closed. */
#define STATE_CALLED "called"
#define STATE_HELD "held"
#define STATE_CANCELLED "cancelled"

/* From so long before it begins on who comes to a meeting can sign in. */
enum { MEETING_OPENS_MS = 30 * 60 * 1000 };

/* Of a suggestion; then it is closed. */
#define STATE_FOLLOWED "followed"
#define STATE_SETTLED "settled" /* adopted, and to be re-checked (跟踪问效) */

/* Of what the office entered; closed: it cannot be withdrawn any more. */
#define STATE_ENTERED "entered"
#define STATE_WITHDRAWN "withdrawn" /* an order: by its resident, before it was answered */

/* Whether an order may go from one state to another; from "" is being placed. Staying is always allowed. */
bool order_may_become(const char *from, const char *to);

/* Which service owns an order in this state: the only one that may change it. 0 when nobody does any more. */
int order_owner(const char *state);

/* Whether a state is the end: closed, returned, cancelled or withdrawn. */
bool order_is_final(const char *state);

/* The number of an order: "341022-000123". serial >= 1. */
enum { ORDER_ID_SIZE = 25 };
void order_id(char id[ORDER_ID_SIZE], const char *county, int64_t serial);

/* Takes a number apart: 0, or -EINVAL when it is not one. Either output may be NULL. */
int order_parse(const char *id, char ret_county[7], int64_t *ret_serial);

/*
 * Of any matter: a letter behind the dash says what it is. "341022-000123" an order, "341022-H000012" a meeting (会),
 * "341022-J000034" a suggestion (建), "341022-L000056" an entry of the office (履). Each kind is numbered by itself.
 */
enum matter { MATTER_NONE, MATTER_ORDER, MATTER_MEETING, MATTER_SUGGESTION, MATTER_ENTRY, MATTERS };
void matter_id(char id[ORDER_ID_SIZE], const char *county, enum matter matter, int64_t serial);
/* Likewise as order_parse(), which takes numbers of orders alone. Any output may be NULL. */
int matter_parse(const char *id, char ret_county[7], enum matter *ret_matter, int64_t *ret_serial);
/* MATTER_NONE for what is no number. */
enum matter matter_of(const char *id);
/* "H" for MATTER_MEETING, "" for an order. */
const char *matter_letter(enum matter matter);

/* F_SOURCE of an order that was made from another, whose number is its F_SOURCE_REF: of another county, for another
 * county, of the same one. */
#define SOURCE_TRANSFER "transfer"
#define SOURCE_JOINT "joint"
#define SOURCE_SPLIT "split"
#define SOURCE_AGAIN "again" /* it was closed, and has come back */

/*
 * The code in an SMS by which a member claims the order: its serial in a
 * 27-character alphabet that has no 0/O, 1/I/L, 2/Z or 5/S twins, at least
 * three characters. order_from_code() takes lower case, full-width characters
 * and surrounding spaces; 0 or -EINVAL.
 */
enum { CLAIM_CODE_SIZE = 16 };
void order_claim_code(char code[CLAIM_CODE_SIZE], int64_t serial);
int order_from_code(const char *text, int64_t *ret_serial);

/*
 * The six digits by which a resident proves that an order is theirs. They are
 * computed from the order's number with the county's secret, so nothing has
 * to store them.
 */
enum { ACCESS_CODE_SIZE = 7 };
void order_access_code(char code[ACCESS_CODE_SIZE], const char *order, const unsigned char secret[32]);

/*
 * The entry of an order in its county's zset "clock", whose score is when the
 * supervision has to look at it: "341022-000123|handover|0". rung is how many
 * rungs of the escalation ladder have sounded by then, so that each entry is
 * acted upon once, however many instances see it.
 */
#define CLOCKS_KEY "clock"
enum { CLOCK_ENTRY_SIZE = 64 };
void order_clock_entry(char entry[CLOCK_ENTRY_SIZE], const char *order, const char *clock, int64_t rung);
/* 0 or -EINVAL. */
int order_parse_clock_entry(const char *entry, char ret_order[ORDER_ID_SIZE], char ret_clock[17], int64_t *ret_rung);

#endif
