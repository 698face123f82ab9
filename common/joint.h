/*
 * joint.h - 联办: a matter that two counties handle together, the city's own among them.
 *
 * The one whose resident it is has an order, and asks the other, which gets an order of its own for it. Each goes its
 * way, and knows of the other what stands in F_JOINT: its number, state, when it was answered and the version that says
 * so. The resident belongs to the first one alone, which answers them and calls back; so the second one's order is
 * closed once it is answered.
 */
#ifndef SIDAN_JOINT_H
#define SIDAN_JOINT_H

#include "common/order.h"
#include "common/record.h"

/* The county's zset of orders that have partners, by when these are looked at next. */
#define JOINT_KEY "joint"

/* Whether another county asked for the order: its resident is that one's, and hears nothing from this one. */
bool is_for_another(const struct record *order);

struct partner {
    char order[ORDER_ID_SIZE], state[17]; /* state: "" until it is known */
    int64_t answered_at, ver;             /* ver: of the order that stands so; what comes with a lower one is no news */
};

/* The next one of F_JOINT; false behind the last. */
bool partner_next(const char **joint, struct partner *ret_partner);

/* The one with this number. False, and ret_partner stays as it is, when there is none. */
bool partner_find(const char *joint, const char *order, struct partner *ret_partner);

/* Whether one in that county is still being handled. */
bool partner_is_active(const char *joint, const char *county);

/*
 * Writes the list with a partner as it stands now, who is added where they are not there yet. False: there is no room.
 * There is for as many as PARTNERS_MAX, whatever becomes of each.
 */
enum { JOINT_SIZE = 1001, PARTNERS_MAX = 12 };
bool partner_put(const char *joint, const struct partner *partner, char ret_joint[JOINT_SIZE]);

#endif
