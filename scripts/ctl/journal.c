/*
 * journal.c - whether the archive still says what was stored in it, and what is done when it does not.
 *
 * The archive checks a piece at a time, between its other work; here the pieces are asked for until there are no more.
 * Personal data is in none of what is shown: rows are named by their numbers, orders and versions.
 */
#include "scripts/ctl/ctl.h"

#include "common/audit.h"
#include "common/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* More are counted, not listed. */
enum { FAULTS_MAX = 100, REASON_MAX = 120 };

/* What is going on, for somebody who waits at a terminal; nothing is left of it at the end. */
static void show_progress(const char *county, const char *part, int64_t rows)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, part ? "\r%s: %s, %" PRId64 " rows " : "\r\033[K", county, part, rows);
}

static json_t *fault_row(const char *county, const struct record *fault)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "county", county, "part", json_field(fault, F_PART), "row",
                     json_field(fault, F_ROW), "order", json_field(fault, F_ORDER), "ver", json_field(fault, F_VER),
                     "fault", json_field(fault, F_ERROR), "detail", json_field(fault, F_DETAIL));
}

/* Asks for pieces until there are no more: DONE or FAILED. Adds to the faults; ret_last is the last piece. */
static int walk(struct ctl *ctl, const char *county, enum message_type type, json_t *faults, int64_t *ret_rows,
                size_t *ret_faults, struct record *ret_last)
{
    RECORD *question = record_new();
    do {
        int code = call(ctl, ARCHIVE, county, "", type, question, ret_last);
        if (code != DONE)
            return code;
        *ret_rows += record_int(ret_last, F_TOTAL);
        for (size_t i = 0; i < record_rows(ret_last, F_ROWS); i++, ++*ret_faults)
            if (*ret_faults < FAULTS_MAX)
                json_array_append_new(faults, fault_row(county, record_row(ret_last, F_ROWS, i)));
        record_clear(question);
        record_copy(question, ret_last, F_PART);
        record_copy(question, ret_last, F_ROW);
        show_progress(county, record_has(question, F_PART) ? record_str(question, F_PART) : NULL, *ret_rows);
    } while (record_has(question, F_PART));
    return DONE;
}

/* Checks one county, and adds what it found. Whether all is well. */
static bool verify(struct ctl *ctl, const char *county, json_t *counties, json_t *faults)
{
    RECORD *last = record_new();
    int64_t rows = 0;
    size_t count = 0;
    bool through = walk(ctl, county, MSG_VERIFY_JOURNAL, faults, &rows, &count, last) == DONE;
    const char *result = !through ? "not checked" : count > 0 ? "not as stored" : "as stored";
    json_array_append_new(counties, json_pack("{s:s, s:s, s:I, s:I, s:s}", "county", county, "result", result, "rows",
                                              (json_int_t)rows, "faults", (json_int_t)count, "heads",
                                              record_str(last, F_DETAIL)));
    return through && count == 0;
}

int journal_verify(struct ctl *ctl, size_t argc, char *const argv[])
{
    json_t *ids = county_ids(ctl, argc > 0 ? argv[0] : NULL), *id;
    if (!ids)
        return FAILED;
    json_t *counties = json_array(), *faults = json_array();
    size_t index;
    bool good = true;
    json_array_foreach(ids, index, id)
    {
        good = verify(ctl, json_string_value(id), counties, faults) && good;
    }
    json_decref(ids);
    json_t *report = json_pack("{s:o, s:o}", "counties", counties, "faults", faults);
    report_print(report, ctl->json);
    json_decref(report);
    return good ? DONE : fail("what to do: \"Repair\" in services/archive/README.md");
}

int journal_rebuild(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    RECORD *last = record_new();
    int64_t rows = 0;
    size_t count = 0;
    int code = walk(ctl, argv[0], MSG_REBUILD_JOURNAL, NULL, &rows, &count, last);
    if (code == DONE)
        printf("made lists, cases and search of %s anew out of %" PRId64 " rows\n", argv[0], rows);
    return code;
}

int journal_accept(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    char key[KEY_SIZE], detail[200];
    if (strlen(ctl->reason) > REASON_MAX)
        return misused("the reason is kept in the audit trail: at most %d bytes", REASON_MAX);
    json_t *ids = county_ids(ctl, argv[0]);
    if (!ids)
        return FAILED;
    json_decref(ids);
    store_key(key, argv[0], "chain");
    store_appendf(ctl->store, "HGET %s journal", key);
    if (!ask(ctl))
        return FAILED;
    const redisReply *mark = store_reply(ctl->store, 0);
    /* The number and the beginning of the hash say which state of the file was given up. */
    snprintf(detail, sizeof detail, "%s (was at %.20s)", ctl->reason, mark->str ? mark->str : "0");
    audit_append(ctl->store, argv[0],
                 &(struct audit){.actor = "operator", .action = "journal.accept", .result = "done", .detail = detail});
    store_appendf(ctl->store, "DEL %s", key);
    if (!ask(ctl))
        return FAILED;
    printf("%s goes on with its file as it is; its journal was at row %.0f\n", argv[0],
           mark->str ? strtod(mark->str, NULL) : 0);
    return DONE;
}
