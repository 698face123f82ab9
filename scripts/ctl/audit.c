/*
 * audit.c - a county's audit trail, newest first; people are named as actors, never by name or phone.
 */
#include "scripts/ctl/ctl.h"

/* The archive gives so many at once. */
enum { ENTRIES_MAX = 1000 };

int audit_show(struct ctl *ctl, size_t argc, char *const argv[])
{
    static const enum field shown[] = {F_AT, F_ACTOR, F_ACTION, F_ORDER, F_RESULT, F_DETAIL};
    RECORD *question = record_new(), *listing = record_new();
    record_set_int(question, F_LIMIT, ENTRIES_MAX);
    if (argc > 1)
        record_set(question, F_ORDER, argv[1]);
    if (call(ctl, ARCHIVE, argv[0], "", MSG_LIST_AUDIT, question, listing) != DONE)
        return FAILED;
    json_t *rows = json_array();
    for (size_t i = 0; i < record_rows(listing, F_ROWS); i++) {
        json_t *row = json_object();
        for (size_t k = 0; k < sizeof shown / sizeof *shown; k++)
            json_object_set_new(row, field_info(shown[k])->name, json_field(record_row(listing, F_ROWS, i), shown[k]));
        json_array_append_new(rows, row);
    }
    json_t *report = json_pack("{s:I, s:o}", "total", (json_int_t)record_int(listing, F_TOTAL), "entries", rows);
    report_print(report, ctl->json);
    json_decref(report);
    return DONE;
}
