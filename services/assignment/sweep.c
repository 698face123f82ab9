/*
 * sweep.c - 督单: when a county's calendar, work hours or clocks change, the
 * deadlines that run move.
 *
 * Some seconds after a county's new revision, when every service has it, each
 * instance goes through the county's zset of clocks, page by page, and submits
 * what it finds like a message: each page when the one before has been
 * handled, so all else goes on in between. The handler computes the deadline
 * from the clock's start, so it does not matter how many instances do the same,
 * or how often: whoever comes second finds nothing to do. A revision counts as
 * done (key "swept") when everything that the zset held has been looked at.
 */
#include "common/alloc.h"
#include "common/order.h"
#include "common/question.h"
#include "common/store.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SWEPT_KEY "swept"
enum {
    SETTLE_MS = 3000, /* from seeing a revision until the others go by it, too: they look each second */
    PAGE = 64,        /* entries at a time: a batch */
};

/* What this instance knows of a county. */
struct progress {
    char county[7];
    int64_t swept; /* the revision that is done, by when it was applied; 0: not asked yet */
    int64_t seen, seen_at;
};

struct sweep {
    struct service *service;
    struct progress *counties;
    size_t county_count;
    size_t current;             /* of counties, while `running` */
    bool running, last, missed; /* last: the page was the last one; missed: not all of it could be handled */
    char cursor[24];
    size_t open; /* entries submitted and not handled yet */
};

struct sweep *sweep_new(struct service *service)
{
    struct sweep *sweep = xcalloc(1, sizeof *sweep);
    sweep->service = service;
    return sweep;
}

void sweep_destroy(struct sweep **sweep)
{
    free((*sweep)->counties);
    free(*sweep);
    *sweep = NULL;
}

bool move_deadline(const struct context *context, const struct record *order, struct outcome *outcome)
{
    char before[TIME_SIZE], after[TIME_SIZE], note[2 * TIME_SIZE + 5];
    if (!move_clock(context, order, outcome))
        return false;
    time_format(before, record_int(order, F_DUE));
    time_format(after, record_int(outcome_changes(outcome), F_DUE));
    snprintf(note, sizeof note, "%s → %s", before, after);
    outcome_step(outcome, "deadline_moved", "clock", note);
    return true;
}

void handle_check(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    const char *clock = record_str(message, F_CLOCK);
    int64_t rung = record_int(message, F_RUNG), at = entry_due(context, order, clock);
    if (at == 0 && (!record_is(order, F_CLOCK, clock) || record_int(order, F_RUNG) != rung || clock_is_paused(order) ||
                    move_deadline(context, order, outcome)))
        return;
    if (at == 0) /* work hours alone move the first rung, too */
        at = rung == RUNG_HANDLERS ? clock_rung(context->county, record_int(order, F_DUE), rung)
                                   : record_int(message, F_DUE);

    char entry[CLOCK_ENTRY_SIZE];
    order_clock_entry(entry, context->order_id, clock, rung);
    if (at != record_int(message, F_DUE)) {
        outcome_zadd(outcome, CLOCKS_KEY, at, entry);
        outcome_if_unchanged(outcome); /* or the clock might have stopped */
    }
}

/* What is known of a county; the pointer holds until the next call. */
static struct progress *progress_of(struct sweep *sweep, const char *county)
{
    for (size_t i = 0; i < sweep->county_count; i++)
        if (strcmp(sweep->counties[i].county, county) == 0)
            return &sweep->counties[i];
    sweep->counties = xrealloc(sweep->counties, (sweep->county_count + 1) * sizeof *sweep->counties);
    struct progress *progress = &sweep->counties[sweep->county_count++];
    *progress = (struct progress){0};
    memcpy(progress->county, county, sizeof progress->county);
    return progress;
}

static void next_page(struct sweep *sweep);

static void on_checked(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    (void)reply;
    struct sweep *sweep = arg;
    sweep->open--;
    if (status == ANSWER_UNAVAILABLE)
        sweep->missed = true;
    else if (sweep->open == 0)
        next_page(sweep);
}

static void submit(struct sweep *sweep, const char *county, const char *entry, const char *score)
{
    char order[ORDER_ID_SIZE], clock[17];
    int64_t rung;
    if (order_parse_clock_entry(entry, order, clock, &rung) < 0)
        return; /* clocks_poll() says so when it is due */
    RECORD *message = record_new();
    record_set(message, F_CLOCK, clock);
    record_set_int(message, F_RUNG, rung);
    record_set_int(message, F_DUE, strtoll(score, NULL, 10));
    sweep->open++;
    service_submit(sweep->service, county, order, MSG_CLOCK_CHECK, message, NULL, 0, on_checked, sweep);
}

/* The whole zset has been looked at; what could not be handled makes it begin anew. */
static void finish(struct sweep *sweep)
{
    struct progress *progress = &sweep->counties[sweep->current];
    struct store *store = service_store(sweep->service);
    char key[KEY_SIZE];
    sweep->running = false;
    if (sweep->missed)
        return;
    store_key(key, progress->county, SWEPT_KEY);
    store_appendf(store, "SET %s %lld", key, (long long)progress->seen);
    if (store_run(store) == 0)
        progress->swept = progress->seen;
}

static void next_page(struct sweep *sweep)
{
    struct store *store = service_store(sweep->service);
    const char *county = sweep->counties[sweep->current].county;
    char key[KEY_SIZE];
    store_key(key, county, CLOCKS_KEY);
    while (sweep->open == 0 && !sweep->last) {
        store_appendf(store, "ZSCAN %s %s COUNT %d", key, sweep->cursor, PAGE);
        if (store_run(store) < 0 || store_reply(store, 0)->type != REDIS_REPLY_ARRAY)
            return; /* sweep_poll() tries it again */
        const redisReply *cursor = store_reply(store, 0)->element[0], *entries = store_reply(store, 0)->element[1];
        snprintf(sweep->cursor, sizeof sweep->cursor, "%s", cursor->str);
        sweep->last = strcmp(sweep->cursor, "0") == 0;
        for (size_t i = 0; i + 1 < entries->elements; i += 2)
            submit(sweep, county, entries->element[i]->str, entries->element[i + 1]->str);
    }
    if (sweep->open == 0)
        finish(sweep);
}

/* Begins with a county, unless another instance has done it already. */
static void begin(struct sweep *sweep, struct progress *progress)
{
    struct store *store = service_store(sweep->service);
    char key[KEY_SIZE];
    store_key(key, progress->county, SWEPT_KEY);
    store_appendf(store, "GET %s", key);
    if (store_run(store) < 0)
        return;
    const redisReply *swept = store_reply(store, 0);
    if (swept->type == REDIS_REPLY_STRING && strtoll(swept->str, NULL, 10) == progress->seen) {
        progress->swept = progress->seen;
        return;
    }
    sweep->current = (size_t)(progress - sweep->counties);
    sweep->running = true;
    sweep->last = sweep->missed = false;
    strcpy(sweep->cursor, "0");
    next_page(sweep);
}

void sweep_poll(struct sweep *sweep)
{
    for (size_t i = 0; !sweep->running && i < service_county_count(sweep->service); i++) {
        const struct county *county = service_county_at(sweep->service, i);
        struct progress *progress = progress_of(sweep, county->id);
        if (progress->seen != county->applied) {
            progress->seen = county->applied;
            progress->seen_at = mono_ms();
        }
        if (progress->swept != progress->seen && mono_ms() - progress->seen_at >= SETTLE_MS)
            begin(sweep, progress);
    }
    if (sweep->running && sweep->open == 0)
        next_page(sweep);
}
