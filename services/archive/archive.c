/*
 * archive.c - a batch of deliveries goes in, verdicts and replies come out.
 *
 * The archive commits to SQLite instead of Redis: the events of a batch go
 * into one transaction per county, and only after its commit are they
 * acknowledged. When a file cannot be written its county's events stay with
 * their senders, who send them again; other counties go on. A delivery that
 * can never be stored is refused by itself.
 */
#include "services/archive/archive.h"

#include "common/crash.h"
#include "common/metrics.h"
#include "common/order.h"
#include "common/text.h"

#include <errno.h>
#include <string.h>

/* How often files are opened that are not; how often the audit trail is read; and how long senders of events for a file
 * that cannot be opened shall wait before they try again. */
enum { FILES_MS = 200, TRAIL_MS = 1000, CLOSED_S = 5 };

/* Whether it is the number of a matter of this county. */
static bool belongs(const char *order, const char *county)
{
    char of[7];
    return matter_parse(order, of, NULL, NULL) == 0 && !strcmp(of, county);
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
    if (record_has(delivery->message, F_CONTACT) && record_int(delivery->message, F_VER) > 1) {
        outcome_refuse(delivery->outcome, "invalid", "contact", "a contact comes with the first step of an order");
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
    if (matter_of(delivery->order) != MATTER_ORDER)
        return matters_update(database, delivery->order, now);
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

/* Stores a county's events in one transaction: all that can be stored, or none. 0 or less. */
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
    if (result < 0)
        return result;
    metric_add("sidan_archive_steps_total", "Steps stored in the journal.", "", tally.steps);
    metric_add("sidan_archive_cases_total", "Cases written.", "", tally.cases);
    return 0;
}

/* Whether the county's file could not be opened, or had to be closed. */
static bool is_closed(const struct archive *archive, const char *county)
{
    const char *trouble = archive_trouble_of(archive, county);
    return trouble && *trouble && !archive_database(archive, county);
}

/* Leaves an event with its sender, and does not say of a call that it was done. */
static void postpone(const struct archive *archive, struct delivery *delivery)
{
    outcome_clear(delivery->outcome);
    if (!county_id_valid(delivery->county))
        outcome_refuse(delivery->outcome, "county", "county", "not a county's id");
    else
        outcome_later(delivery->outcome, "the county's file cannot be written");
    if (is_closed(archive, delivery->county))
        outcome_wait(delivery->outcome, CLOSED_S);
}

/* The events of one county, from the first of them on. */
static void take_events(struct archive *archive, struct delivery *deliveries, size_t count, int64_t now)
{
    const char *county = deliveries[0].county;
    struct database *database = archive_database(archive, county);
    if (database && !archive_rests(archive, database, now)) {
        if (store_events(database, deliveries, count, now) == 0) {
            archive_worked(archive, database);
            return;
        }
        archive_failed(archive, database, now);
    }
    for (size_t i = 0; i < count; i++)
        if (is_event_of(&deliveries[i], county))
            postpone(archive, &deliveries[i]);
}

static int answer(struct database *database, struct delivery *delivery, int64_t now)
{
    if (delivery->type == MSG_VERIFY_JOURNAL || delivery->type == MSG_REBUILD_JOURNAL)
        return verify_answer(database, delivery, now);
    if (library_takes(delivery->type))
        return library_change(database, delivery, now);
    return lists_answer(database, delivery);
}

static void answer_call(struct archive *archive, struct delivery *delivery, int64_t now)
{
    struct database *database = archive_database(archive, delivery->county);
    if (database && answer(database, delivery, now) == 0)
        return;
    char why[WHY_SIZE];
    if (database && database_fault(database, why) == -EIO)
        database_rollback(database);
    else if (database)
        archive_failed(archive, database, now);
    outcome_clear(delivery->outcome);
    /* Who asks how the file is shall hear it; others only that there is no answer now. */
    if (delivery->type == MSG_VERIFY_JOURNAL && is_closed(archive, delivery->county))
        outcome_refuse(delivery->outcome, "unusable", NULL, "%s", archive_trouble_of(archive, delivery->county));
    else
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
            answer_call(archive, &deliveries[i], now);
}

static void open_files(struct service *service)
{
    anchor_open_files(service, service_state(service), now_ms());
}

static void follow_trail(struct service *service)
{
    int64_t now = now_ms();
    trail_take(service_state(service), service_store(service), now);
    anchor_news(service_state(service), service_store(service), now); /* what Redis could not be told before */
}

int archive_start(struct service *service)
{
    const struct params *params = service_params(service);
    struct archive *archive;
    int result = archive_open(param_str(params, "data_dir"), &archive);
    if (result < 0)
        return result;
    service_set_state(service, archive);
    service_every(service, FILES_MS, open_files);
    service_every(service, TRAIL_MS, follow_trail);
    service_every(service, (size_t)param_int(params, "retire_ms"), archive_retire);
    service_every(service, (size_t)param_int(params, "erase_ms"), archive_erase);
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
    struct archive *archive = service_state(service);
    int64_t now = now_ms();
    open_files(service);
    archive_take(archive, deliveries, count, now);
    anchor_news(archive, service_store(service), now);
    /* A file that has turned out not to be the right one: what it got belongs into another. */
    for (size_t i = 0; i < count; i++)
        if ((is_event(&deliveries[i]) || library_takes(deliveries[i].type)) && is_closed(archive, deliveries[i].county))
            postpone(archive, &deliveries[i]);
}

const char *archive_unready(const struct service *service)
{
    const struct archive *archive = service_state(service);
    return archive_count(archive) == 0 ? "no county's file is open yet" : archive_trouble(archive);
}
