/*
 * attach.c - which attachments an order has; see attach.h.
 *
 * Owns nothing. The file is stored before anybody is asked, so an order never names one that is not there. The same
 * file again, for the same people, is the same attachment. When the order has just passed to the other owner the caller
 * is told to ask again later.
 */
#include "common/attach.h"

#include "common/order.h"
#include "common/text.h"

#include <stdio.h>
#include <string.h>

enum { FILES_SIZE = 24001 }; /* 8000 characters of F_FILES */

bool attachment_next(const char **cursor, struct attachment *ret_attachment)
{
    char word[700];
    while (words_next(cursor, word, sizeof word)) {
        struct attachment *a = ret_attachment;
        long long size;
        if (sscanf(word, "%24[0-9a-f]/%7[a-z]/%lld/%64[0-9a-f]/%7[a-z]/%200s", a->id, a->type, &size, a->hash,
                   a->audience, a->name) == 6) {
            a->size = size;
            return true;
        }
    }
    return false;
}

bool attachment_find(const char *files, const char *id, struct attachment *ret_attachment)
{
    while (attachment_next(&files, ret_attachment))
        if (strcmp(ret_attachment->id, id) == 0)
            return true;
    return false;
}

static void record_attachment(int owner, const struct record *order, const struct record *message,
                              struct outcome *outcome)
{
    const char *state = record_str(order, F_STATE), *file = record_str(message, F_FILE);
    struct attachment attachment, known;
    char files[FILES_SIZE];
    const char *rest = file;
    snprintf(files, sizeof files, "%s", record_str(order, F_FILES));
    if (order_is_final(state)) {
        outcome_refuse(outcome, "state", NULL, "the order is %s and takes no more attachments", state);
    } else if (order_owner(state) != owner) {
        outcome_later(outcome, "the order has passed to another service");
    } else if (!attachment_next(&rest, &attachment)) {
        outcome_refuse(outcome, "invalid", "file", "that describes no attachment");
    } else if (attachment_find(files, attachment.id, &known)) {
        record_copy(outcome_reply(outcome, MSG_DONE), order, F_ORDER);
    } else if ((int64_t)words_count(files) >= record_int(message, F_LIMIT) ||
               !words_append(files, sizeof files, file) ||
               text_length(files, strlen(files)) > field_info(F_FILES)->max) {
        outcome_refuse(outcome, "full", "file", "the order has as many attachments as it may");
    } else {
        record_set(outcome_changes(outcome), F_FILES, files);
        outcome_step(outcome, "attached", record_str(message, F_ACTOR), attachment.name);
    }
}

void attach_early(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    (void)context;
    record_attachment(ROUTING, order, message, outcome);
}

void attach(const struct context *context, const struct record *order, const struct record *message,
            struct outcome *outcome)
{
    (void)context;
    record_attachment(ASSIGNMENT, order, message, outcome);
}
