/*
 * addition.c - words that a resident adds to an order; see addition.h. Pure.
 *
 * They are a step with a note, so what was placed first stays as it was. There is an end to them, because each is an
 * SMS to those who handle the order.
 */
#include "common/addition.h"

#include "common/order.h"
#include "common/text.h"

#include <string.h>

#define UNANSWERED                                                                                                     \
    STATE_PLACED " " STATE_SCREENING " " STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING " " STATE_MERGED

enum { ADDITIONS_MAX = 10 };

void take_addition(enum service_id owner, const char *recipients, const struct record *order,
                   const struct record *message, struct outcome *outcome)
{
    const char *state = record_str(order, F_STATE), *note = record_str(message, F_NOTE);
    int64_t added = record_int(order, F_ADDED);
    if (!words_have(UNANSWERED, state)) {
        outcome_refuse(outcome, "state", NULL, "an order that is %s takes no more words of its resident", state);
    } else if (order_owner(state) != (int)owner) {
        outcome_later(outcome, "the order has passed to another service");
    } else if (note[strspn(note, " \t\r\n")] == '\0') {
        outcome_refuse(outcome, "invalid", "note", "say what is to be added");
    } else if (added >= ADDITIONS_MAX) {
        outcome_refuse(outcome, "full", "note", "words were added to the order as often as it takes");
    } else {
        outcome_step(outcome, "added", record_str(message, F_ACTOR), note);
        record_set_int(outcome_changes(outcome), F_ADDED, added + 1);
        if (*recipients)
            record_copy(outcome_notify(outcome, "added", recipients), message, F_NOTE);
    }
}
