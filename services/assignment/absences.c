/*
 * absences.c - 接单: times in which a member takes no orders. Entered, listed and ended by the member or the office.
 *
 * Redis has an absence in the county's hash "absences", as MEMBER/START, and an entry of the same name in the zset
 * "absent", scored with when it is to be looked at: at its start, each minute while it lasts, and at its end, when both
 * go. At each look the orders that the member still has (zset "held") are handed on, each by a message of its own,
 * whose handler acts only while the member has the order and is absent. So it does not matter which instance looks, or
 * how many do; and an order that a member got in the very moment of leaving is found a minute later.
 */
#include "common/alloc.h"
#include "common/log.h"
#include "common/order.h"
#include "common/store.h"
#include "common/text.h"
#include "common/vault.h"
#include "services/assignment/assignment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ABSENT_KEY "absent"
enum { SECOND_MS = 1000, LOOK_MS = 60000, LOOKS_AT_ONCE = 64, LONGEST_NOTE = 200, ABSENCE_ID_SIZE = 64 };
static const int64_t LONGEST_MS = 400LL * 86400000;

/* -- what an absence is ------------------------------------------------------------------------------------------ */

static void absence_id(char id[ABSENCE_ID_SIZE], const char *member, int64_t start)
{
    snprintf(id, ABSENCE_ID_SIZE, "%s/%" PRId64, member, start);
}

/* The end of an absence and its note, sealed, from the hash; false when it cannot be read. */
static bool parse_value(const char *value, int64_t *ret_end, const char **ret_note)
{
    char *rest;
    *ret_end = strtoll(value, &rest, 10);
    *ret_note = *rest == ' ' ? rest + 1 : "";
    return rest > value;
}

/* The next absence in the hash, of a member or of all (""), from *index on; false when there is none. */
static bool next_absence(const struct aux *absences, const char *member, size_t *index, struct record *ret_absence,
                         const char **ret_note)
{
    const char *id, *value;
    while (aux_next(absences, index, &id, &value)) {
        const char *slash = strchr(id, '/');
        int64_t start, end;
        if (!slash || parse_int(slash + 1, 0, INT64_MAX, &start) < 0 || !parse_value(value, &end, ret_note))
            continue;
        if (*member && (strlen(member) != (size_t)(slash - id) || strncmp(member, id, strlen(member)) != 0))
            continue;
        record_set_n(ret_absence, F_MEMBER, id, (size_t)(slash - id));
        record_set_int(ret_absence, F_START, start);
        record_set_int(ret_absence, F_END, end);
        return true;
    }
    return false;
}

/* The absence that lasts at that moment; false when the member is there. */
static bool find_absence(const struct aux *absences, const char *member, int64_t now, struct record *ret_absence)
{
    const char *note;
    for (size_t i = 0; next_absence(absences, member, &i, ret_absence, &note);)
        if (now >= record_int(ret_absence, F_START) && now < record_int(ret_absence, F_END))
            return true;
    return false;
}

bool is_absent(const struct aux *absences, const char *member, int64_t now)
{
    RECORD *absence = record_new();
    return find_absence(absences, member, now, absence);
}

void look_for_absent(const struct context *context, const char *members, char *ret_there, size_t size,
                     struct outcome *outcome)
{
    char member[40], id[ABSENCE_ID_SIZE];
    ret_there[0] = '\0';
    while (words_next(&members, member, sizeof member)) {
        RECORD *absence = record_new();
        if (find_absence(context->aux, member, context->now, absence)) {
            absence_id(id, member, record_int(absence, F_START));
            outcome_zadd(outcome, ABSENT_KEY, context->now, id);
        } else {
            words_append(ret_there, size, member);
        }
    }
}

void absences_aux(const struct record *message, char *keys, size_t size)
{
    (void)message;
    snprintf(keys, size, ABSENCES_KEY);
}

/* -- entering, listing, ending ----------------------------------------------------------------------------------- */

/* Whose note it is: it opens nowhere else. */
static char *owner_of(const char *id)
{
    return xasprintf("absence/%s/note", id);
}

/* What somebody entered is told as it is kept. */
static void reply_absence(const char *member, int64_t start, int64_t end, struct outcome *outcome)
{
    struct record *row = record_add_row(outcome_reply(outcome, MSG_LISTING), F_ROWS);
    record_set(row, F_MEMBER, member);
    record_set_int(row, F_START, start);
    record_set_int(row, F_END, end);
}

void handle_enter_absence(const struct context *context, const struct record *order, const struct record *message,
                          struct outcome *outcome)
{
    const char *member = record_str(message, F_MEMBER), *note = record_str(message, F_NOTE);
    int64_t start = record_int(message, F_START), end = record_int(message, F_END);
    char id[ABSENCE_ID_SIZE];
    (void)order;
    start = start > context->now ? start : context->now;     /* nobody was absent who had orders */
    start = (start + SECOND_MS - 1) / SECOND_MS * SECOND_MS; /* it is ended by its start, which lists tell in seconds */
    if (!county_member(context->county, member)) {
        outcome_refuse(outcome, "invalid", "member", "there is no such member in this county");
    } else if (end <= start || end - start > LONGEST_MS) {
        outcome_refuse(outcome, "invalid", "end",
                       "an absence ends after its start, within 400 days, and not before now");
    } else if (text_length(note, strlen(note)) > LONGEST_NOTE) {
        outcome_refuse(outcome, "long", "note", "the note has at most %d characters", LONGEST_NOTE);
    } else {
        absence_id(id, member, start);
        AUTOFREE char *owner = owner_of(id);
        AUTOFREE char *sealed = vault_seal(context->county->vault, owner, note, strlen(note));
        AUTOFREE char *value = xasprintf("%" PRId64 "%s%s", end, *note ? " " : "", *note ? sealed : "");
        outcome_hset(outcome, ABSENCES_KEY, id, value);
        outcome_zadd(outcome, ABSENT_KEY, start, id);
        reply_absence(member, start, end, outcome);
    }
}

void handle_end_absence(const struct context *context, const struct record *order, const struct record *message,
                        struct outcome *outcome)
{
    const char *member = record_str(message, F_MEMBER), *value, *note;
    char id[ABSENCE_ID_SIZE];
    int64_t end;
    (void)order;
    absence_id(id, member, record_int(message, F_START));
    value = aux_get(context->aux, id);
    if (!value || !parse_value(value, &end, &note)) {
        outcome_refuse(outcome, "unknown", "start", "this member has no absence with this start");
        return;
    }
    outcome_hdel(outcome, ABSENCES_KEY, id);
    outcome_zrem(outcome, ABSENT_KEY, id);
    reply_absence(member, record_int(message, F_START), end < context->now ? end : context->now, outcome);
}

void handle_list_absences(const struct context *context, const struct record *order, const struct record *message,
                          struct outcome *outcome)
{
    enum { ROWS_MAX = 1000 };
    struct record *listing = outcome_reply(outcome, MSG_LISTING);
    RECORD *absence = record_new();
    const char *sealed;
    int64_t total = 0;
    (void)order;
    record_set_rows(listing, F_ROWS);
    for (size_t i = 0; next_absence(context->aux, record_str(message, F_MEMBER), &i, absence, &sealed);) {
        if (++total > ROWS_MAX)
            continue;
        struct record *row = record_add_row(listing, F_ROWS);
        char id[ABSENCE_ID_SIZE], *note;
        size_t size;
        record_copy_all(row, absence);
        absence_id(id, record_str(absence, F_MEMBER), record_int(absence, F_START));
        AUTOFREE char *owner = owner_of(id);
        if (*sealed && vault_open(context->county->vault, owner, sealed, &note, &size) == 0) {
            record_set_n(row, F_NOTE, note, size);
            free(note);
        }
    }
    record_set_int(listing, F_TOTAL, total);
}

/* -- while it lasts ---------------------------------------------------------------------------------------------- */

void handle_absence_due(const struct context *context, const struct record *order, const struct record *message,
                        struct outcome *outcome)
{
    char id[ABSENCE_ID_SIZE];
    const char *note;
    int64_t end, next = context->now + LOOK_MS;
    (void)order;
    absence_id(id, record_str(message, F_MEMBER), record_int(message, F_START));
    const char *value = aux_get(context->aux, id);
    if (value && parse_value(value, &end, &note) && end > context->now) {
        outcome_zadd(outcome, ABSENT_KEY, next < end ? next : end, id);
        return;
    }
    outcome_hdel(outcome, ABSENCES_KEY, id);
    outcome_zrem(outcome, ABSENT_KEY, id);
}

void handle_hand_on(const struct context *context, const struct record *order, const struct record *message,
                    struct outcome *outcome)
{
    const char *member = record_str(message, F_MEMBER);
    if (words_have(STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING, record_str(order, F_STATE)) &&
        words_have(record_str(order, F_MEMBERS), member) && is_absent(absences_of(context), member, context->now))
        pass_on(context, order,
                &(struct passing){
                    .leaving = member, .step = "handed_on", .actor = "clock", .reason = "absence", .tell = true},
                outcome);
}

/* An absence that is to be looked at. */
struct look {
    char county[7], member[40];
    int64_t start;
};

struct absences {
    struct service *service;
    size_t open; /* messages submitted and not handled yet */
};

struct absences *absences_new(struct service *service)
{
    struct absences *absences = xcalloc(1, sizeof *absences);
    absences->service = service;
    return absences;
}

void absences_destroy(struct absences **absences)
{
    free(*absences);
    *absences = NULL;
}

/* What was not done is found again at the next look. */
static void on_handled(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)status;
    (void)type;
    (void)reply;
    struct absences *absences = arg;
    absences->open--;
}

static void submit(struct absences *absences, const struct look *look, const char *order, enum message_type type)
{
    RECORD *message = record_new();
    record_set(message, F_MEMBER, look->member);
    record_set_int(message, F_START, look->start);
    absences->open++;
    service_submit(absences->service, look->county, order, type, message, NULL, 0, on_handled, absences);
}

/* Which absences are to be looked at now, over all counties. */
static size_t find_due(struct absences *absences, struct look looks[LOOKS_AT_ONCE])
{
    struct store *store = service_store(absences->service);
    size_t counties = service_county_count(absences->service), count = 0;
    char key[KEY_SIZE];
    for (size_t i = 0; i < counties; i++) {
        store_key(key, service_county_at(absences->service, i)->id, ABSENT_KEY);
        store_appendf(store, "ZRANGEBYSCORE %s -inf %lld LIMIT 0 %d", key, (long long)now_ms(), LOOKS_AT_ONCE);
    }
    if (counties == 0 || store_run(store) < 0)
        return 0;
    for (size_t i = 0; i < counties; i++) {
        const redisReply *ids = store_reply(store, i);
        for (size_t k = 0; ids->type == REDIS_REPLY_ARRAY && k < ids->elements && count < LOOKS_AT_ONCE; k++) {
            struct look *look = &looks[count];
            memcpy(look->county, service_county_at(absences->service, i)->id, sizeof look->county);
            if (sscanf(ids->element[k]->str, "%39[^/]/%" SCNd64, look->member, &look->start) == 2)
                count++;
            else
                log_error("county=%s the absence \"%s\" cannot be read; remove it from %s", look->county,
                          ids->element[k]->str, ABSENT_KEY);
        }
    }
    return count;
}

void absences_poll(struct absences *absences)
{
    struct store *store = service_store(absences->service);
    struct look looks[LOOKS_AT_ONCE];
    char key[KEY_SIZE];
    size_t count = absences->open > 0 ? 0 : find_due(absences, looks);
    for (size_t i = 0; i < count; i++) {
        store_key(key, looks[i].county, HELD_KEY);
        store_appendf(store, "ZRANGEBYLEX %s [%s| (%s}", key, looks[i].member, looks[i].member);
    }
    if (count == 0 || store_run(store) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        const redisReply *held = store_reply(store, i);
        for (size_t k = 0; held->type == REDIS_REPLY_ARRAY && k < held->elements; k++)
            submit(absences, &looks[i], strchr(held->element[k]->str, '|') + 1, MSG_HAND_ON); /* the oldest first */
        submit(absences, &looks[i], "", MSG_ABSENCE_DUE);
    }
}
