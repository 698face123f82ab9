/*
 * ctl.h - what the commands of sidanctl share.
 *
 * A command collects what it has to say as JSON and leaves it to
 * report_print(), which writes it as tables for people or, with --json, as it
 * is. Personal data is never shown: an operator sees health and queues.
 */
#ifndef SIDAN_CTL_H
#define SIDAN_CTL_H

#include "common/counties.h"
#include "common/record.h"
#include "common/store.h"

#include <jansson.h>

/* Exit codes. */
enum { DONE = 0, FAILED = 1, USAGE = 2 };

/* Options that only some commands take, as bits. */
enum { OPTION_ID = 1, OPTION_REASON = 2, OPTION_JSON = 4, OPTION_CALENDAR = 8, OPTION_REPLACE = 16 };

struct county_config;

struct ctl {
    struct store *store;
    bool json, replace;
    const char *keys;     /* --keys, or SIDAN_KEYS, or NULL */
    const char *id;       /* --id, or NULL */
    const char *reason;   /* --reason, or NULL */
    const char *calendar; /* --calendar, or SIDAN_CALENDAR, or NULL */
};

/* A command gets its arguments without its name and answers an exit code. */
typedef int command_fn(struct ctl *ctl, size_t argc, char *const argv[]);

struct command {
    const char *name;
    const char *arguments; /* for --help */
    size_t min, max;       /* number of arguments */
    int options;
    const char *meaning;
    command_fn *run;
};

command_fn county_apply, county_check, county_export, county_list, county_show, county_rekey, county_rewrap;
command_fn status;
command_fn dlq_list, dlq_show, dlq_replay, dlq_skip;
command_fn order_show;
command_fn deadline_explain;
command_fn sms_unknown, sms_settle;
command_fn sms_gateways, sms_test, sms_preview;
command_fn journal_verify, journal_rebuild, journal_accept;
command_fn audit_show;
command_fn spool;
command_fn key_new;
command_fn keys_init, keys_list, keys_rotate, keys_prune, keys_master;
command_fn schema;

/* Picks the command, checks its arguments and options, and runs it. Returns the exit code. */
int ctl_main(int argc, char **argv, const struct command *commands, size_t count);

/* Writes "sidanctl: ..." to stderr. Returns FAILED, or USAGE. */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
int misused(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs what was appended to the store; false, after saying why, when Redis is away or an answer is an error. */
bool ask(struct ctl *ctl);

/*
 * The ids of all counties, or the one that is given if it is there; the caller
 * frees them with json_decref(). NULL after saying why not.
 */
json_t *county_ids(struct ctl *ctl, const char *only);

/*
 * Asks a service by a call; whether it is alive is read from the registry.
 * Returns DONE with the answer in ret_reply, or FAILED after saying why,
 * also when the service refused.
 */
int call(struct ctl *ctl, int service, const char *county, const char *order, enum message_type type,
         const struct record *body, struct record *ret_reply);

/* How the gateways of all instances of notification are, for a report; new reference, NULL after saying why not. */
json_t *gateway_rows(struct ctl *ctl);

/* All counties as the services see them; NULL after saying why not. */
struct counties *counties_open(struct ctl *ctl);

/* A county's config as it is stored, its files opened. DONE, or FAILED after saying why; config_end() in any case. */
int config_open(struct ctl *ctl, const char *county, struct county_config *ret_config);

/*
 * Stores a county's config anew, sealed: with these files, or with those that it has when texts is NULL; rekey: with a
 * new data key. Its vault gets wrapped by the current master key; the secret of a version before the vault goes into
 * it. Files that lack what the county's office has changed meanwhile are refused without --replace. Returns DONE and
 * the new revision, or FAILED after saying why.
 */
int config_update(struct ctl *ctl, const char *county, char *const texts[COUNTY_FILE_COUNT], bool rekey,
                  int64_t *ret_revision);

/*
 * The yearly files of a directory as the text of national.csv; the caller frees it. NULL after saying what is wrong
 * with one. Says on stderr when that of this year, or from December on of the next, is missing.
 */
char *national_calendar(const char *directory, int64_t now);

/* "2026-11-22T09:30:00+08:00"; new reference. */
json_t *json_time(int64_t ms);

/* A string that may not be UTF-8, shown as what it is; new reference. */
json_t *json_text(const char *text, size_t size);

/* What a field of an order or a message may show of itself: personal values are masked; new reference. */
json_t *json_field(const struct record *record, enum field field);

/* Writes a report: an object of values, of objects, and of arrays of like objects, which become tables. */
void report_print(const json_t *report, bool json);

#endif
