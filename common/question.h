/*
 * question.h - whoever handles an order asks its resident something, and waits.
 *
 * One question at a time. While it is open the order's clock stands still; it goes on with the resident's answer, when
 * whatever happens to the order makes the question needless, or when the county's `question` time is over: then the
 * asker hears that, too. Both owners of an order do this alike.
 */
#ifndef SIDAN_QUESTION_H
#define SIDAN_QUESTION_H

#include "common/service.h"

/* The name of its entry among the county's clocks. */
#define CLOCK_QUESTION "question"

/* Asks what the message says, or refuses. owner: who handles this; the other owner is asked when it has passed on. */
void ask_resident(enum service_id owner, const struct context *context, const struct record *order,
                  const struct record *message, struct outcome *outcome);

/* The resident answers. */
void take_answer(enum service_id owner, const struct context *context, const struct record *order,
                 const struct record *message, struct outcome *outcome);

/* When the time for the answer is over; 0: no clock stands still for a question, so nobody knows since when. */
int64_t question_end(const struct county *county, const struct record *order);

/* Nobody waits for the answer any more, and the clock goes on. Without an open question nothing is done. */
void drop_question(const struct context *context, const struct record *order, struct outcome *outcome);

/* Its time is over: a step of its own. */
void end_question(const struct context *context, const struct record *order, struct outcome *outcome);

#endif
