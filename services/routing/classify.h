/*
 * classify.h - what an order is about, and where.
 *
 * The interface behind which the rule table can be replaced by something that
 * learns: text in, category with a confidence out.
 */
#ifndef SIDAN_ROUTING_CLASSIFY_H
#define SIDAN_ROUTING_CLASSIFY_H

#include "common/county.h"
#include "common/record.h"

struct classification {
    const struct category *category; /* never NULL: "other" when nothing fits */
    bool urgent;
    double confidence; /* 0 to 1 */
};

/*
 * By the county's rules: a rule speaks when all its words occur, with its
 * weight, doubled in the title. The confidence is the winner's share of
 * everything that spoke plus one unit of doubt. A category that the resident
 * chose counts as certain.
 */
struct classification classify_matter(const struct county *county, const struct record *order);

struct location {
    const struct community *community; /* NULL when not known */
    const struct town *town;           /* of the community, or as it is named; NULL when not known */
    const struct member_group *group;  /* of the community; NULL when not known */
    double confidence;
};

/*
 * By the community that the order names, or else by the longest name or alias
 * of a community found in its place, its title or its text, in this order.
 */
struct location classify_place(const struct county *county, const struct record *order);

#endif
