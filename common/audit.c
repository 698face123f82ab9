/*
 * audit.c - entries of the audit trail; see audit.h.
 */
#include "common/audit.h"

#include <stdio.h>

static const char *text(const char *given)
{
    return given ? given : "";
}

void audit_append(struct store *store, const char *county, const struct audit *entry)
{
    char key[KEY_SIZE], most[12];
    store_key(key, county, AUDIT_STREAM);
    snprintf(most, sizeof most, "%d", AUDIT_MAX);
    const char *words[] = {"XADD",   key,
                           "MAXLEN", "~",
                           most,     "*",
                           "actor",  text(entry->actor),
                           "action", text(entry->action),
                           "order",  text(entry->order),
                           "result", text(entry->result),
                           "detail", text(entry->detail)};
    store_append(store, sizeof words / sizeof *words, words, NULL);
}
