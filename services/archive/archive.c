/*
 * archive.c - the county files together: a batch of deliveries goes in,
 * verdicts and replies come out.
 *
 * The archive commits to SQLite instead of Redis: the events of a batch go
 * into one transaction per county, and only after its commit are they
 * acknowledged. When a file cannot be written its county's events stay with
 * their senders, who send them again; other counties go on. A delivery that
 * can never be stored is refused by itself.
 */
#include "services/archive/archive.h"

#include "common/alloc.h"
#include "common/crash.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/order.h"
#include "common/text.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct archive {
    char *dir;
    struct database **databases;
    size_t count;
};

/* Makes a directory and those above it. */
static int make_directory(const char *path)
{
    AUTOFREE char *part = xstrdup(path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0750) < 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return mkdir(part, 0750) < 0 && errno != EEXIST ? -errno : 0;
}

int archive_open(const char *dir, struct archive **ret_archive)
{
    int result = make_directory(dir);
    if (result < 0) {
        log_error("cannot make the directory %s: %s", dir, strerror(-result));
        return result;
    }
    struct archive *archive = xcalloc(1, sizeof *archive);
    archive->dir = xstrdup(dir);
    archive_scan(archive);
    *ret_archive = archive;
    return 0;
}

void archive_close(struct archive **archive)
{
    if (!*archive)
        return;
    for (size_t i = 0; i < (*archive)->count; i++)
        database_close(&(*archive)->databases[i]);
    free((*archive)->databases);
    free((*archive)->dir);
    free(*archive);
    *archive = NULL;
}

size_t archive_count(const struct archive *archive)
{
    return archive->count;
}

struct database *archive_at(const struct archive *archive, size_t index)
{
    return archive->databases[index];
}

/* The county's file, opened at first use. Errors as database_open(). */
static int county_database(struct archive *archive, const char *county, bool create, struct database **ret_database)
{
    for (size_t i = 0; i < archive->count; i++) {
        if (!strcmp(database_county(archive->databases[i]), county)) {
            *ret_database = archive->databases[i];
            return 0;
        }
    }
    int result = database_open(archive->dir, county, create, ret_database);
    if (result < 0)
        return result;
    archive->databases = xrealloc(archive->databases, (archive->count + 1) * sizeof *archive->databases);
    archive->databases[archive->count++] = *ret_database;
    return 0;
}

void archive_scan(struct archive *archive)
{
    DIR *dir = opendir(archive->dir);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        char county[7] = "";
        struct database *database;
        memcpy(county, entry->d_name, strnlen(entry->d_name, 6));
        if (!strcmp(entry->d_name + strlen(county), ".db") && county_id_valid(county))
            county_database(archive, county, false, &database);
    }
    closedir(dir);
}

/* Whether an order's number is one of this county. */
static bool belongs(const char *order, const char *county)
{
    char of[7];
    return order_parse(order, of, NULL) == 0 && !strcmp(of, county);
}

/* What a transaction brought; counted when it is committed. */
struct tally {
    int steps, cases;
};

static int store_step(struct database *database, struct delivery *delivery, int64_t now, struct tally *tally)
{
    if (!belongs(delivery->order, delivery->county)) {
        outcome_refuse(delivery->outcome, "order", "order", "not the number of an order of this county");
        return 0;
    }
    if (record_int(delivery->message, F_VER) < 1) {
        outcome_refuse(delivery->outcome, "range", "ver", "a step's version is 1 or more");
        return 0;
    }
    int result = journal_store(database, delivery, now);
    if (result == -EEXIST) {
        outcome_refuse(delivery->outcome, "fork", "ver", "another step of the order has this version");
        return 0;
    }
    if (result == -EBADMSG) {
        outcome_refuse(delivery->outcome, "type", NULL, "a value cannot be stored");
        return 0;
    }
    if (result <= 0)
        return result;
    tally->steps++;
    result = cases_update(database, delivery->order, now);
    tally->cases += result > 0;
    return result < 0 ? result : 0;
}

static int store_sms(struct database *database, struct delivery *delivery)
{
    if (*delivery->order && !belongs(delivery->order, delivery->county)) {
        outcome_refuse(delivery->outcome, "order", "order", "not the number of an order of this county");
        return 0;
    }
    return journal_store_sms(database, delivery);
}

static bool is_event(const struct delivery *delivery)
{
    return message_info(delivery->type)->kind == KIND_EVENT;
}

/* Whether a delivery is an event of the county. */
static bool is_event_of(const struct delivery *delivery, const char *county)
{
    return is_event(delivery) && !strcmp(delivery->county, county);
}

/* Stores a county's events in one transaction: all that can be stored, or none. 0 or -EIO. */
static int store_events(struct database *database, struct delivery *deliveries, size_t count, int64_t now)
{
    struct tally tally = {0};
    int result = database_begin(database);
    for (size_t i = 0; i < count && result == 0; i++) {
        if (!is_event_of(&deliveries[i], database_county(database)))
            continue;
        if (deliveries[i].type == MSG_ORDER_STEP)
            result = store_step(database, &deliveries[i], now, &tally);
        else
            result = store_sms(database, &deliveries[i]);
    }
    crash_point("steps written, not committed");
    if (result == 0)
        result = database_commit(database);
    crash_point("steps committed");
    if (result < 0) {
        log_warning("county=%s cannot store: %s", database_county(database), database_error(database));
        database_rollback(database);
        return result;
    }
    metric_add("sidan_archive_steps_total", "Steps stored in the journal.", "", tally.steps);
    metric_add("sidan_archive_cases_total", "Cases written.", "", tally.cases);
    return 0;
}

/* The events of one county, from the first of them on. */
static void take_events(struct archive *archive, struct delivery *deliveries, size_t count, int64_t now)
{
    const char *county = deliveries[0].county;
    struct database *database;
    int result = county_database(archive, county, true, &database);
    if (result == 0)
        result = store_events(database, deliveries, count, now);
    for (size_t i = 0; i < count && result < 0; i++) {
        if (!is_event_of(&deliveries[i], county))
            continue;
        outcome_clear(deliveries[i].outcome);
        if (result == -EINVAL)
            outcome_refuse(deliveries[i].outcome, "county", "county", "not a county's id");
        else
            outcome_later(deliveries[i].outcome, "the county's file cannot be written");
    }
}

static void answer_call(struct archive *archive, struct delivery *delivery)
{
    struct database *database = NULL;
    int result = county_database(archive, delivery->county, false, &database);
    if (result == 0 || result == -ENOENT)
        result = lists_answer(database, delivery);
    if (result == 0)
        return;
    outcome_clear(delivery->outcome);
    outcome_later(delivery->outcome, "the county's file cannot be read");
}

void archive_take(struct archive *archive, struct delivery *deliveries, size_t count, int64_t now)
{
    for (size_t i = 0; i < count; i++) {
        bool first = is_event(&deliveries[i]);
        for (size_t j = 0; j < i && first; j++)
            first = !is_event_of(&deliveries[j], deliveries[i].county);
        if (first)
            take_events(archive, deliveries + i, count - i, now);
    }
    for (size_t i = 0; i < count; i++)
        if (!is_event(&deliveries[i]))
            answer_call(archive, &deliveries[i]);
}

static void retire(struct service *service)
{
    archive_retire(service_state(service), service_store(service), now_ms());
}

int archive_start(struct service *service)
{
    const struct params *params = service_params(service);
    struct archive *archive;
    int result = archive_open(param_str(params, "data_dir"), &archive);
    if (result < 0)
        return result;
    service_set_state(service, archive);
    service_every(service, (size_t)param_int(params, "retire_ms"), retire);
    return 0;
}

void archive_stop(struct service *service)
{
    struct archive *archive = service_state(service);
    archive_close(&archive);
    service_set_state(service, NULL);
}

void archive_take_batch(struct service *service, struct delivery *deliveries, size_t count)
{
    archive_take(service_state(service), deliveries, count, now_ms());
}
