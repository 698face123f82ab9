/*
 * joint.c - the partners of an order that is handled jointly; see joint.h. Pure.
 */
#include "common/joint.h"

#include "common/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COUNTY_LENGTH = 6,
    WORD_SIZE = sizeof "number of an order, 24 c/state, 16 chars./9223372036854775807/9223372036854775807",
};
_Static_assert(PARTNERS_MAX *WORD_SIZE <= JOINT_SIZE, "each has room in its longest form");

bool is_for_another(const struct record *order)
{
    return record_is(order, F_SOURCE, SOURCE_JOINT);
}

bool partner_next(const char **joint, struct partner *ret_partner)
{
    char word[WORD_SIZE];
    if (!words_next(joint, word, sizeof word))
        return false;
    const char *state = word + strcspn(word, "/"), *at = *state ? strchr(state + 1, '/') : NULL;
    const char *ver = at ? strchr(at + 1, '/') : NULL; /* written by an earlier version without */
    *ret_partner = (struct partner){.answered_at = at ? strtoll(at + 1, NULL, 10) : 0,
                                    .ver = ver ? strtoll(ver + 1, NULL, 10) : 0};
    snprintf(ret_partner->order, sizeof ret_partner->order, "%.*s", (int)(state - word), word);
    if (at)
        snprintf(ret_partner->state, sizeof ret_partner->state, "%.*s", (int)(at - state - 1), state + 1);
    return true;
}

bool partner_find(const char *joint, const char *order, struct partner *ret_partner)
{
    struct partner partner;
    while (partner_next(&joint, &partner))
        if (strcmp(partner.order, order) == 0) {
            *ret_partner = partner;
            return true;
        }
    return false;
}

bool partner_is_active(const char *joint, const char *county)
{
    struct partner partner;
    while (partner_next(&joint, &partner))
        if (strncmp(partner.order, county, COUNTY_LENGTH) == 0 && !order_is_final(partner.state))
            return true;
    return false;
}

static bool append(char joint[JOINT_SIZE], const struct partner *partner)
{
    char word[WORD_SIZE];
    snprintf(word, sizeof word, "%s/%s/%" PRId64 "/%" PRId64, partner->order, partner->state, partner->answered_at,
             partner->ver);
    return words_append(joint, JOINT_SIZE, word);
}

bool partner_put(const char *joint, const struct partner *partner, char ret_joint[JOINT_SIZE])
{
    struct partner other;
    bool fits = true, found = false;
    ret_joint[0] = '\0';
    while (fits && partner_next(&joint, &other)) {
        bool same = strcmp(other.order, partner->order) == 0;
        fits = append(ret_joint, same ? partner : &other);
        found = found || same;
    }
    return fits && (found || (words_count(ret_joint) < PARTNERS_MAX && append(ret_joint, partner)));
}
