/*
 * story.h - an order told as a story, in words that a citizen understands: the concern, who took it up, what was done,
 * what came of it, and how its resident rated that.
 *
 * It is made of the steps that the journal has and of the meetings and suggestions about the order, so intake tells it
 * to people and sidanctl to operators in the same words. Notes and reasons, which those who handle an order write for
 * each other, are no part of it; nor are the minutes, which are for those who were invited.
 */
#ifndef SIDAN_STORY_H
#define SIDAN_STORY_H

#include "common/county.h"
#include "common/record.h"

/* What people call a word of the system: an outcome, a rating, a clock; NULL when it is none of these. */
const char *story_word(const char *word, bool english);

/*
 * Lays a step over the order as it stood before, and says in a sentence what happened; NULL for what does not move the
 * story on. county: for the names of people and offices; NULL: they are called by their ids. The caller frees it.
 */
char *story_step(const struct county *county, struct record *order, const struct record *step, bool english);

/* The whole story, by the rows of a history: steps, and matters about it (other rows are passed over). ret_title: the
 * concern in one line. The caller frees both. */
char *story_tell(const struct county *county, const struct record *history, bool english, char **ret_title);

#endif
