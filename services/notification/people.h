/*
 * people.h - from a recipient's name in a message to people with a phone, a mail address or a chat.
 */
#ifndef SIDAN_NOTIFICATION_PEOPLE_H
#define SIDAN_NOTIFICATION_PEOPLE_H

#include "common/county.h"
#include "common/record.h"
#include "services/notification/channel.h"

enum { PEOPLE_MAX = 400, REF_SIZE = 64 }; /* a group may be large: a county has some hundreds of members */

struct person {
    char ref[REF_SIZE]; /* resident, member:M1, ...: never a group */
    const char *phone;  /* the county's or the resident's; by mail the address; in a chat the name of its robot */
    enum channel channel;
};

/*
 * Resolves a space-separated list of recipients (see F_RECIPIENTS) into people
 * with distinct phones, in the list's order; behind them whoever of these is
 * told by mail, and in a chat, as well. resident: the phone of the order's
 * resident, "" when there is none. Returns how many; ret_skipped is
 * how many were named but cannot be told: no phone, no longer there, or beyond
 * PEOPLE_MAX.
 */
size_t people_find(const struct county *county, const char *resident, const char *recipients,
                   struct person people[PEOPLE_MAX], size_t *ret_skipped);

/*
 * Who has this phone, as contact_phone() gives it: writes "member:M1" or
 * "convener:T1" to ref and returns the member (NULL for a convener). ref is ""
 * when the county does not know it.
 */
const struct member *people_by_phone(const struct county *county, const char *phone, char ref[REF_SIZE]);

#endif
