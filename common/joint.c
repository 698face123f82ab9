/*
 * joint.c - the partners of an order that is handled jointly; see joint.h. Pure.
 */
#include "common/joint.h"

#include "common/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_SIZE = 64, COUNTY_LENGTH = 6 };

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
    *ret_partner = (struct partner){.answered_at = at ? strtoll(at + 1, NULL, 10) : 0};
    snprintf(ret_partner->order, sizeof ret_partner->order, "%.*s", (int)(state - word), word);
    if (at)
        snprintf(ret_partner->state, sizeof ret_partner->state, "%.*s", (int)(at - state - 1), state + 1);
    return true;
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
    snprintf(word, sizeof word, "%s/%s/%" PRId64, partner->order, partner->state, partner->answered_at);
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
    return fits && (found || append(ret_joint, partner));
}
