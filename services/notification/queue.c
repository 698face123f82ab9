/*
 * queue.c - takes SMS that are due from Redis and has the gateways send them.
 *
 * lua/take.lua marks an SMS as "sending" before a gateway is asked, and the
 * result is committed after it, as SMS_OUTCOME. If this process dies
 * in between, the lease runs out and another instance finds the SMS doubtful:
 * the gateways are asked whether it was sent, and who cannot tell says unknown.
 * An entry lives here from the taking until its result is committed, however
 * long Redis is away; a gateway has at most sms_in_flight of them at a time.
 */
#include "services/notification/queue.h"

#include "common/alloc.h"
#include "common/crash.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/store.h"
#include "common/text.h"
#include "common/vault.h"
#include "services/notification/gateways.h"
#include "services/notification/gathering.h"
#include "services/notification/quiet.h"
#include "services/notification/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    TURN_MS = 100,
    SWEEP_MS = 5000,
    REMEMBER_S = 86400,
    AGAIN_MS = 1000, /* until a result that could not be committed is tried again */
};

static struct script take_script = {"take",
#include "services/notification/lua/take.lua.h"
                                    , ""};

struct due {
    enum channel channel;
    char county[7];
    char id[SMS_ID_SIZE];
};

/* An SMS between being taken and having its result committed. */
struct entry {
    struct sms sms; /* first: the gateways hand back its address */
    struct entry *next;
    struct queue *queue;
    int64_t begun; /* ms since 1970 */
    int opened;    /* how phone and text could be opened: as vault_open() */
    bool held;     /* it had to wait before anybody tried to send it */
    struct answer answer;
    int64_t commit_at; /* when the result is to be submitted again; 0: it is under way */
};

struct queue {
    struct service *service;
    struct gateways *gateways;
    struct entry *entries;
    size_t counts[CHANNELS], limit; /* of entries, by channel; and how many of each there may be */
    size_t sending;                 /* of the SMS, how many the gateway has not answered yet */
    struct due *asked;              /* room for all of them */
    size_t asked_count;
    bool unanswered; /* what was asked may have been taken: ask for the same again */
    bool draining;
    int64_t held_at;     /* when SMS had to wait because no gateway took any, ms since 1970 */
    size_t first_county; /* each turn begins with another, so that none starves */
};

static const struct {
    const char *state, *label;
} results[] = {
    [RESULT_DELIVERED] = {SMS_DELIVERED, "delivered"},
    [RESULT_ACCEPTED] = {SMS_ACCEPTED, "accepted"},
    [RESULT_REFUSED] = {SMS_FAILED, "refused"},
    [RESULT_LATER] = {SMS_QUEUED, "later"},
    [RESULT_DEFERRED] = {SMS_DEFERRED, "deferred"},
    [RESULT_UNKNOWN] = {SMS_UNKNOWN, "unknown"},
    [RESULT_MUTED] = {SMS_MUTED, "muted"},
};

/* --- entries --- */

static struct entry *find_entry(const struct queue *queue, const char *county, const char *id)
{
    for (struct entry *entry = queue->entries; entry; entry = entry->next)
        if (strcmp(entry->sms.id, id) == 0 && strcmp(entry->sms.county, county) == 0)
            return entry;
    return NULL;
}

static void entry_remove(struct entry *entry)
{
    struct entry **place = &entry->queue->entries;
    while (*place != entry)
        place = &(*place)->next;
    *place = entry->next;
    entry->queue->counts[entry->sms.channel]--;
    free(entry->sms.order);
    free(entry->sms.recipient);
    free(entry->sms.template_name);
    free(entry->sms.phone);
    free(entry->sms.text);
    free(entry->sms.values);
    free(entry);
}

/* As vault_open(). */
static int open_value(const struct queue *queue, const struct sms *sms, const char *field, const char *sealed,
                      char **ret_value)
{
    const struct county *county = service_county(queue->service, sms->county);
    AUTOFREE char *owner = sms_owner(sms->id, field);
    size_t size;
    return county ? vault_open(county->vault, owner, sealed, ret_value, &size) : -ENOKEY;
}

/* NULL when the reply is not what take.lua gives. */
static struct entry *entry_add(struct queue *queue, const struct due *due, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 11)
        return NULL;
    for (size_t i = 0; i < reply->elements; i++)
        if (reply->element[i]->type != REDIS_REPLY_STRING)
            return NULL;
    struct entry *entry = xcalloc(1, sizeof *entry);
    *entry = (struct entry){.next = queue->entries, .queue = queue, .begun = now_ms()};
    queue->entries = entry;
    queue->counts[due->channel]++;
    struct sms *sms = &entry->sms;
    sms->channel = due->channel;
    memcpy(sms->county, due->county, sizeof sms->county);
    memcpy(sms->id, due->id, sizeof sms->id);
    sms->attempt = strtoll(reply->element[1]->str, NULL, 10);
    sms->order = xstrdup(reply->element[2]->str);
    sms->recipient = xstrdup(reply->element[3]->str);
    sms->template_name = xstrdup(reply->element[4]->str);
    sms->created = strtoll(reply->element[7]->str, NULL, 10);
    entry->held = *reply->element[10]->str;
    entry->opened = open_value(queue, sms, SMS_FIELD_PHONE, reply->element[5]->str, &sms->phone);
    if (entry->opened == 0)
        entry->opened = open_value(queue, sms, SMS_FIELD_TEXT, reply->element[6]->str, &sms->text);
    const char *values = reply->element[9]->str;
    if (entry->opened == 0 && *values)
        entry->opened = open_value(queue, sms, SMS_FIELD_VALUES, values, &sms->values);
    if (!sms->values)
        sms->values = xstrdup("");
    sms->gateway = SIZE_MAX;
    sms->expires = strtoll(reply->element[8]->str, NULL, 10);
    return entry;
}

/* --- results --- */

static void on_committed(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct entry *entry = arg;
    crash_point("SMS result committed");
    if (status == ANSWER_UNAVAILABLE) {
        entry->commit_at = now_ms() + AGAIN_MS;
        return;
    }
    if (status == ANSWER_REFUSED)
        log_error("order=%s sms=%s result=%s not recorded: %s", entry->sms.order, entry->sms.id,
                  results[entry->answer.result].label, record_str(reply, F_DETAIL));
    entry_remove(entry);
}

static void submit(struct entry *entry)
{
    RECORD *message = record_new();
    record_set(message, F_SMS, entry->sms.id);
    record_set(message, F_SMS_STATE, results[entry->answer.result].state);
    record_set(message, F_DETAIL, entry->answer.detail);
    record_set(message, F_GATEWAY, gateways_name(entry->queue->gateways, &entry->sms));
    if (*entry->answer.serial)
        record_set(message, F_SERIAL, entry->answer.serial);
    entry->commit_at = 0;
    /* Going back into the queue is the one step that is not forward: repeated late it could set back what another
     * instance is sending by then. */
    bool back = entry->answer.result == RESULT_LATER || entry->answer.result == RESULT_DEFERRED;
    AUTOFREE char *once = back ? xasprintf("sms.%s.%" PRId64, entry->sms.id, entry->sms.attempt) : NULL;
    service_submit(entry->queue->service, entry->sms.county, entry->sms.order, MSG_SMS_OUTCOME, message, once,
                   REMEMBER_S, on_committed, entry);
}

static void on_result(void *arg, struct sms *sms, const struct answer *answer)
{
    const struct queue *queue = arg;
    struct entry *entry = (struct entry *)sms;
    const char *gateway = gateways_name(queue->gateways, sms), *label = results[answer->result].label;
    entry->queue->sending -= sms->channel == CHANNEL_SMS;
    entry->answer = *answer;

    int64_t now = now_ms();
    char labels[80];
    snprintf(labels, sizeof labels, "gateway=\"%s\",result=\"%s\"", gateway, label);
    metric_add("sidan_sms_total", "Attempts to send an SMS, by result", labels, 1);
    snprintf(labels, sizeof labels, "gateway=\"%s\"", gateway);
    metric_observe("sidan_sms_send_seconds", "Time the gateway took for an SMS", labels,
                   (double)(now - entry->begun) / 1e3);
    if (!entry->held)
        metric_observe("sidan_sms_age_seconds", "Time from the event to the gateway's answer", labels,
                       (double)(now - sms->created) / 1e3);
    bool well =
        answer->result == RESULT_DELIVERED || answer->result == RESULT_ACCEPTED || answer->result == RESULT_MUTED;
    log_write(well ? LEVEL_INFO : LEVEL_WARNING,
              "order=%s sms=%s template=%s gateway=%s result=%s attempt=%" PRId64 " age=%" PRId64 "%s%s%s",
              *sms->order ? sms->order : "-", sms->id, sms->template_name, *gateway ? gateway : "-", label,
              sms->attempt, now - sms->created, *answer->detail ? " cause=\"" : "", answer->detail,
              *answer->detail ? "\"" : "");
    crash_point("SMS result known, not committed");
    submit(entry);
}

/* Without asking a gateway. */
static void decide(struct entry *entry, enum sms_result result, const char *detail)
{
    struct answer answer;
    answer_set(&answer, result, detail);
    on_result(entry->queue, &entry->sms, &answer);
}

/* --- taking --- */

/* Asks all counties for what is due of a channel, and keeps in `asked` what there is room for. */
static void look_for_due(struct queue *queue, enum channel channel)
{
    struct service *service = queue->service;
    struct store *store = service_store(service);
    size_t counties = service_county_count(service), room = queue->limit - queue->counts[channel];
    size_t wanted = gateways_room(queue->gateways, channel);
    if (wanted < room) {
        room = wanted;
        queue->held_at = channel == CHANNEL_SMS ? now_ms() : queue->held_at;
    }
    if (counties == 0 || room == 0)
        return;
    size_t first = queue->first_county++ % counties, most = queue->asked_count + room;
    char now[24], limit[24], key[KEY_SIZE];
    snprintf(now, sizeof now, "%" PRId64, now_ms());
    snprintf(limit, sizeof limit, "%zu", queue->limit); /* some of them may be ours already */
    for (size_t i = 0; i < counties; i++) {
        store_key(key, service_county_at(service, (first + i) % counties)->id, channel_queue(channel));
        store_append(store, 7, (const char *[]){"ZRANGEBYSCORE", key, "-inf", now, "LIMIT", "0", limit}, NULL);
    }
    if (store_run(store) < 0)
        return;
    for (size_t i = 0; i < counties; i++) {
        const char *county = service_county_at(service, (first + i) % counties)->id;
        const redisReply *ids = store_reply(store, i);
        for (size_t k = 0; k < ids->elements && queue->asked_count < most; k++) {
            if (strlen(ids->element[k]->str) >= SMS_ID_SIZE || find_entry(queue, county, ids->element[k]->str))
                continue;
            struct due *due = &queue->asked[queue->asked_count++];
            due->channel = channel;
            snprintf(due->county, sizeof due->county, "%s", county);
            snprintf(due->id, sizeof due->id, "%s", ids->element[k]->str);
        }
    }
}

static void append_take(struct queue *queue, const struct due *due)
{
    char keys[4][KEY_SIZE], name[SMS_KEY_SIZE], lease[24], wait[24], loud[24] = "0", limit[24] = "0", next[24] = "0";
    char began[24], gap[24];
    char day[DAY_SIZE], told[sizeof SMS_TOLD + DAY_SIZE];
    const struct params *params = service_params(queue->service);
    const struct county *county = service_county(queue->service, due->county);
    int64_t now = now_ms();
    quiet_day(now, day);
    snprintf(began, sizeof began, "%" PRId64, quiet_day_began(now));
    if (county) {
        int64_t end = quiet_end(county, now);
        snprintf(loud, sizeof loud, "%" PRId64, end > now ? end : 0);
        snprintf(limit, sizeof limit, "%" PRId64, due->channel == CHANNEL_SMS ? county->sms_per_day : 0);
        snprintf(next, sizeof next, "%" PRId64, quiet_next_day(county, now));
    }
    sms_key(name, due->id);
    snprintf(told, sizeof told, SMS_TOLD "%s", day);
    snprintf(lease, sizeof lease, "%" PRId64, param_int(params, "sms_lease_ms"));
    snprintf(wait, sizeof wait, "%" PRId64, param_int(params, "receipt_wait_s") * 1000);
    snprintf(gap, sizeof gap, "%" PRId64, store_clock_gap(service_store(queue->service)));
    const char *const names[] = {channel_queue(due->channel), name, told, SMS_OPTED_OUT};
    for (size_t i = 0; i < 4; i++)
        store_key(keys[i], due->county, names[i]);
    store_append_script(service_store(queue->service), &take_script, 4,
                        (const char *[]){keys[0], keys[1], keys[2], keys[3]}, 11,
                        (const char *[]){due->id, lease, wait, service_instance(queue->service),
                                         queue->unanswered ? "1" : "0", loud, limit, day, next, began, gap},
                        NULL);
}

/*
 * An SMS that had to wait for us says how far behind we are. One that waits for the gateway or for the morning says
 * nothing: no order is to be refused because a gateway is slow or away.
 */
static void note_lag(const struct queue *queue, const struct entry *entry)
{
    const struct sms *sms = &entry->sms;
    bool plain = sms->channel == CHANNEL_SMS && !entry->held;
    if (sms->attempt == 1 && plain && sms->created > queue->held_at && queue->sending < queue->limit / 2)
        service_lagged(queue->service, NOTIFICATION, now_ms() - sms->created);
}

/* How take.lua found it. */
enum finding { FOUND_QUEUED, FOUND_DOUBTFUL, FOUND_UNWANTED, FOUND_EARLY };

static enum finding finding_of(const char *word)
{
    return strcmp(word, "optout") == 0      ? FOUND_UNWANTED
           : strcmp(word, "wait") == 0      ? FOUND_EARLY
           : strcmp(word, SMS_SENDING) == 0 ? FOUND_DOUBTFUL
                                            : FOUND_QUEUED;
}

/* Has the driver send it, unless it is too late, or somebody else may have done so before he died. */
static void begin(struct entry *entry, enum finding finding)
{
    struct queue *queue = entry->queue;
    bool doubtful = finding == FOUND_DOUBTFUL;
    queue->sending += entry->sms.channel == CHANNEL_SMS;
    if (finding == FOUND_UNWANTED) {
        decide(entry, RESULT_MUTED, "its person wants no SMS that is not necessary");
        return;
    }
    if (finding == FOUND_EARLY) {
        decide(entry, RESULT_LATER, "it is night, or the phone has had its SMS of the day");
        return;
    }
    if (entry->opened == -ENOKEY) { /* but who had the key may have sent it before he died */
        decide(entry, doubtful ? RESULT_UNKNOWN : RESULT_LATER, "the county has a new key that was not read yet");
        return;
    }
    if (entry->opened < 0) {
        decide(entry, RESULT_REFUSED, "what the SMS says does not open: it was changed or moved");
        return;
    }
    enum sms_result found = doubtful ? gateways_lookup(queue->gateways, &entry->sms) : RESULT_LATER;
    if (found == RESULT_LATER && entry->sms.expires > 0 && entry->begun >= entry->sms.expires)
        decide(entry, RESULT_REFUSED, "it is of no use any more");
    else if (found == RESULT_LATER)
        gateways_send(queue->gateways, &entry->sms);
    else
        decide(entry, found, found == RESULT_UNKNOWN ? "its sender died while sending" : "");
}

/* Takes what was asked for. If Redis does not answer, the same is asked again at the next turn. */
static void take(struct queue *queue)
{
    struct store *store = service_store(queue->service);
    for (size_t i = 0; i < queue->asked_count; i++)
        append_take(queue, &queue->asked[i]);
    crash_point("SMS not taken");
    queue->unanswered = store_run(store) < 0;
    crash_point("SMS taken, not sent");
    if (queue->unanswered)
        return;
    /* All replies are read before anything is sent, because sending may lead back to the store. */
    struct entry **taken = xcalloc(queue->asked_count + 1, sizeof *taken);
    enum finding *findings = xcalloc(queue->asked_count + 1, sizeof *findings);
    for (size_t i = 0; i < queue->asked_count; i++) {
        const redisReply *reply = store_reply(store, i);
        taken[i] = entry_add(queue, &queue->asked[i], reply);
        if (taken[i])
            findings[i] = finding_of(reply->element[0]->str);
        if (reply->type == REDIS_REPLY_ERROR)
            log_error("sms=%s cannot be taken: %s", queue->asked[i].id, reply->str);
    }
    size_t count = queue->asked_count;
    queue->asked_count = 0;
    for (size_t i = 0; i < count; i++)
        if (taken[i])
            note_lag(queue, taken[i]);
    for (size_t i = 0; i < count; i++)
        if (taken[i])
            begin(taken[i], findings[i]);
    crash_point("SMS handed to the driver");
    gateways_flush(queue->gateways);
    free(taken);
    free(findings);
}

void queue_turn(struct service *service)
{
    struct queue *queue = service_state(service);
    for (struct entry *entry = queue->entries; entry; entry = entry->next)
        if (entry->commit_at > 0 && entry->commit_at <= now_ms())
            submit(entry);
    if (queue->draining)
        return;
    for (enum channel channel = 0; channel < CHANNELS && !queue->unanswered; channel++)
        look_for_due(queue, channel);
    if (queue->asked_count > 0)
        take(queue);
}

/* --- the beginning and the end --- */

static void sweep(struct service *service)
{
    const struct queue *queue = service_state(service);
    gateways_report(queue->gateways);
    watch_sms(service);
}

int queue_start(struct service *service)
{
    const struct params *params = service_params(service);
    struct queue *queue = xcalloc(1, sizeof *queue);
    *queue = (struct queue){.service = service, .limit = (size_t)param_int(params, "sms_in_flight")};
    int r = gateways_open(service, on_result, queue, &queue->gateways);
    if (r < 0) {
        free(queue);
        return r;
    }
    queue->asked = xcalloc(CHANNELS * queue->limit, sizeof *queue->asked);
    service_set_state(service, queue);
    service_every(service, TURN_MS, queue_turn);
    service_every(service, SWEEP_MS, sweep);
    service_every(service, GATHER_TURN_MS, gathering_turn);
    return 0;
}

void queue_drain(struct service *service)
{
    struct queue *queue = service_state(service);
    queue->draining = true;
}

bool queue_busy(struct service *service)
{
    const struct queue *queue = service_state(service);
    return queue->entries != NULL;
}

void queue_stop(struct service *service)
{
    struct queue *queue = service_state(service);
    gateways_close(&queue->gateways);
    while (queue->entries)
        entry_remove(queue->entries); /* NOLINT(clang-analyzer-unix.Malloc): it leaves the list */
    free(queue->asked);
    free(queue);
    service_set_state(service, NULL);
}
