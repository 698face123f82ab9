/*
 * sweep.c - deletes attachments that are nobody's any more; see files.h.
 *
 * A few directories a turn, again and again from the beginning, so that every order's comes up. What an order has says
 * Redis, or once it has left that the archive, which also says when it was closed. Several instances may do the same at
 * once: a file that is gone is gone. That the files of an order are deleted because its time is over goes on record
 * first. While neither can be asked nothing is deleted.
 */
#include "services/intake/files.h"

#include "common/alloc.h"
#include "common/audit.h"
#include "common/log.h"
#include "common/store.h"
#include "common/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ORDERS_A_TURN = 10 };

/* One order whose record the archive is asked for. */
struct question {
    struct intake *intake;
    char county[7], order[ORDER_ID_SIZE];
};

/* Where the walk is; and what was asked in this turn. The next one waits for the answers. */
struct sweep {
    DIR *counties, *orders;
    char county[7];
    struct question asked[ORDERS_A_TURN];
    size_t count, open;
};

void sweep_destroy(struct sweep **sweep)
{
    if (*sweep && (*sweep)->orders)
        closedir((*sweep)->orders);
    if (*sweep && (*sweep)->counties)
        closedir((*sweep)->counties);
    free(*sweep);
    *sweep = NULL;
}

static const char *directory_of(const struct intake *intake)
{
    return param_str(service_params(intake->service), "attachments_dir");
}

/* Deletes of an order's files those that are not on its list and old enough; with files NULL all. How many. */
static int delete_files(const struct intake *intake, const char *county, const char *order, const char *files)
{
    AUTOFREE char *place = xasprintf("%s/%s/%s", directory_of(intake), county, order);
    int64_t grace = param_int(service_params(intake->service), "attachments_grace_s");
    DIR *entries = opendir(place);
    int count = 0;
    if (!entries)
        return 0;
    for (struct dirent *entry; (entry = readdir(entries));) {
        struct attachment attachment;
        struct stat about;
        AUTOFREE char *path = xasprintf("%s/%s", place, entry->d_name);
        if (stat(path, &about) < 0 || !S_ISREG(about.st_mode) ||
            (files && (attachment_find(files, entry->d_name, &attachment) || time(NULL) - about.st_mtime < grace)))
            continue;
        count += unlink(path) == 0;
    }
    closedir(entries);
    rmdir(place); /* unless something is left */
    return count;
}

static void delete_orphans(const struct intake *intake, const char *county, const char *order, const char *files)
{
    int count = delete_files(intake, county, order, files);
    if (count > 0)
        log_info("order=%s deleted=%d files that it does not name", order, count);
}

static void erase(const struct intake *intake, const char *county, const char *order)
{
    if (audit_write(service_store(intake->service), county,
                    &(struct audit){.actor = "intake",
                                    .action = "files.erased",
                                    .order = order,
                                    .result = "done",
                                    .detail = "the retention period is over"}) < 0)
        return;
    log_info("order=%s erased=%d attachments", order, delete_files(intake, county, order, NULL));
}

static void on_archived(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    const struct question *question = arg;
    question->intake->sweep->open--;
    const struct county *county =
        status == ANSWER_OK ? service_county(question->intake->service, question->county) : NULL;
    if (county && record_rows(reply, F_ROWS) == 1) {
        const struct record *order = record_row(reply, F_ROWS, 0);
        if (order_is_final(record_str(order, F_STATE)) &&
            record_int(order, F_CLOSED_AT) + county->retention <= now_ms())
            erase(question->intake, county->id, question->order);
        else
            delete_orphans(question->intake, county->id, question->order, record_str(order, F_FILES));
    }
}

static void look_at(struct intake *intake, const char *county, const char *order)
{
    RECORD *record = record_new();
    int r = service_load_order(intake->service, county, order, record);
    if (r == 0)
        delete_orphans(intake, county, order, record_str(record, F_FILES));
    if (r != -ENOENT)
        return;
    struct question *question = &intake->sweep->asked[intake->sweep->count++];
    intake->sweep->open++;
    question->intake = intake;
    snprintf(question->county, sizeof question->county, "%.6s", county);
    snprintf(question->order, sizeof question->order, "%.24s", order);
    record_set(record, F_ORDERS, order);
    service_call(intake->service, county, "", MSG_LIST_ORDERS, record, NULL, intake_call_ms(intake), on_archived,
                 question);
}

/* The directory of the next county; false at the end, where it begins anew. */
static bool next_county(struct intake *intake, struct sweep *sweep)
{
    if (!sweep->counties)
        sweep->counties = opendir(directory_of(intake));
    for (struct dirent *entry; sweep->counties && (entry = readdir(sweep->counties));) {
        if (!service_county(intake->service, entry->d_name))
            continue;
        AUTOFREE char *path = xasprintf("%s/%s", directory_of(intake), entry->d_name);
        snprintf(sweep->county, sizeof sweep->county, "%.6s", entry->d_name);
        sweep->orders = opendir(path);
        if (sweep->orders)
            return true;
    }
    if (sweep->counties)
        closedir(sweep->counties);
    sweep->counties = NULL;
    return false;
}

void sweep_turn(struct intake *intake)
{
    if (!intake->sweep)
        intake->sweep = xcalloc(1, sizeof *intake->sweep);
    struct sweep *sweep = intake->sweep;
    if (sweep->open > 0)
        return;
    sweep->count = 0;
    for (int looked = 0; looked < ORDERS_A_TURN && store_is_up(service_store(intake->service));) {
        if (!sweep->orders && !next_county(intake, sweep))
            return;
        const struct dirent *entry = readdir(sweep->orders);
        char of[7];
        if (!entry) {
            closedir(sweep->orders);
            sweep->orders = NULL;
        } else if (order_parse(entry->d_name, of, NULL) == 0 && strcmp(of, sweep->county) == 0) {
            look_at(intake, sweep->county, entry->d_name);
            looked++;
        }
    }
}
