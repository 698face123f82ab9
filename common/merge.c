/*
 * merge.c - what both owners of an order do to merge or split it; see merge.h.
 */
#include "common/merge.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/order.h"
#include "common/question.h"
#include "common/text.h"

#include <stdio.h>
#include <string.h>

/* While it is merged it is what its primary is: of its category, its group's. */
static const enum field own[] = {F_CATEGORY, F_GROUP, F_DEPARTMENT};
enum { OWN_COUNT = sizeof own / sizeof *own };

static void remember_own(const struct record *order, struct record *changes)
{
    const char *is[OWN_COUNT]; /* one that is just placed is classified by the same commit */
    for (size_t i = 0; i < OWN_COUNT; i++)
        is[i] = record_str(record_has(changes, own[i]) ? changes : order, own[i]);
    AUTOFREE char *text = xasprintf("%s/%s/%s", is[0], is[1], is[2]);
    record_set(changes, F_OWN, text);
}

void be_own_again(const struct record *order, struct outcome *outcome)
{
    AUTOFREE char *text = xstrdup(record_str(order, F_OWN));
    char *rest = record_has(order, F_OWN) ? text : NULL, *part; /* else it was merged by an older version */
    for (size_t i = 0; i < OWN_COUNT && (part = strsep(&rest, "/")); i++)
        if (!record_is(order, own[i], part))
            record_set(outcome_changes(outcome), own[i], part);
}

void merge_aux(const struct record *message, char *keys, size_t size)
{
    const char *other = record_str(message, record_has(message, F_PRIMARY) ? F_PRIMARY : F_SECONDARY);
    snprintf(keys, size, "%s%s", *other ? "order:" : "", other);
}

void merge_into(const struct context *context, const struct record *order, const struct record *message,
                const char *states, struct outcome *outcome)
{
    const char *state = record_str(order, F_STATE), *primary = record_str(message, F_PRIMARY);
    char county[7];
    if (!words_have(states, state)) {
        outcome_refuse(outcome, "state", NULL, "an order that is %s cannot be merged into another", state);
        return;
    }
    if (order_parse(primary, county, NULL) < 0 || strcmp(county, context->county->id) != 0 ||
        strcmp(primary, context->order_id) == 0) {
        outcome_refuse(outcome, "invalid", "primary",
                       "the primary is another order of this county, given by its number");
        return;
    }
    if (words_count(record_str(order, F_MERGED)) > 0) {
        outcome_refuse(outcome, "state", "merged",
                       "others are merged into this order: merge %s into it, or undo those first", primary);
        return;
    }
    struct record *changes = outcome_changes(outcome);
    drop_question(context, order, outcome);
    outcome_step(outcome, "merged", record_str(message, F_ACTOR), record_str(message, F_REASON));
    record_set(changes, F_STATE, STATE_MERGED);
    record_set(changes, F_PRIMARY, primary);
    remember_own(order, changes);
    stop_clock(context, order, outcome);

    struct record *joined = outcome_send_about(outcome, MSG_ORDER_JOINED, primary, true);
    record_set(joined, F_SECONDARY, context->order_id);
    record_copy(joined, message, F_ACTOR);
}

void split_off(enum service_id owner, const struct record *order, const struct record *message, struct outcome *outcome)
{
    const char *state = record_str(order, F_STATE);
    if (!words_have(SPLITTABLE, state)) {
        outcome_refuse(outcome, "state", NULL, "an order that is %s cannot be split any more", state);
    } else if (order_owner(state) != (int)owner) {
        outcome_later(outcome, "the order has passed to another service");
    } else {
        outcome_step(outcome, "split", record_str(message, F_ACTOR), record_str(message, F_SECONDARY));
        record_set(outcome_notify(outcome, "split", "resident"), F_NOTE, record_str(message, F_TITLE));
    }
}
