/*
 * attach.h - attachments: photos and documents of an order. What is in them is intake's matter
 * (services/intake/files.h); here is which an order has.
 *
 * F_FILES lists them, each as "ID/TYPE/SIZE/HASH/AUDIENCE/NAME": 24 hex digits that are of its hash and its audience;
 * the ending of its type; bytes; BLAKE2b-256 of what is stored, in hex; `all`, or `staff` for those who handle the
 * order; what it was called, in which nothing separates.
 *
 * The order's owner records one as the step "attached": routing until the order is open for the members, assignment
 * after that. Both list the handler that is theirs.
 */
#ifndef SIDAN_ATTACH_H
#define SIDAN_ATTACH_H

#include "common/service.h"

enum { FILE_ID_SIZE = 25, FILE_HASH_SIZE = 65, FILE_NAME_SIZE = 201, FILE_NAME_MAX = 50 /* characters */ };
#define FOR_ALL "all"
#define FOR_STAFF "staff"

struct attachment {
    char id[FILE_ID_SIZE], type[8], hash[FILE_HASH_SIZE], audience[8], name[FILE_NAME_SIZE];
    int64_t size;
};

/* The next attachment of a list; false at its end. */
bool attachment_next(const char **cursor, struct attachment *ret_attachment);

/* That attachment; false when the list does not have it. */
bool attachment_find(const char *files, const char *id, struct attachment *ret_attachment);

handler_fn attach_early; /* MSG_ATTACH_EARLY, of routing */
handler_fn attach;       /* MSG_ATTACH, of assignment */

#endif
