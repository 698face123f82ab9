/*
 * audit.c - entries of the audit trail; see audit.h.
 */
#include "common/audit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct script audit_script = {"audit",
#include "common/lua/audit.lua.h"
                                     , ""};

static const char *text(const char *given)
{
    return given ? given : "";
}

void audit_append(struct store *store, const char *county, const struct audit *entry)
{
    char stream[KEY_SIZE], left_out[KEY_SIZE], most[12];
    bool must = strcmp(text(entry->result), "done") == 0;
    store_key(stream, county, AUDIT_STREAM);
    store_key(left_out, county, AUDIT_LEFT_OUT);
    snprintf(most, sizeof most, "%d", must ? AUDIT_MAX : AUDIT_REFUSALS_MAX);
    const char *words[] = {most,    must ? "0" : "1",   "actor",  text(entry->actor),  "action", text(entry->action),
                           "order", text(entry->order), "result", text(entry->result), "detail", text(entry->detail)};
    store_append_script(store, &audit_script, 2, (const char *[]){stream, left_out}, sizeof words / sizeof *words,
                        words, NULL);
}

int audit_write(struct store *store, const char *county, const struct audit *entry)
{
    audit_append(store, county, entry);
    return store_run(store) == 0 && store_reply(store, 0)->type != REDIS_REPLY_ERROR ? 0 : -EIO;
}
