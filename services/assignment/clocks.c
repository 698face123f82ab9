/*
 * clocks.c - 督单: the three clocks, the claim window, and the ladder.
 *
 * Each county has a zset of entries "order|clock|rung", scored with the moment
 * at which something is to be done. Any instance reads what is due and submits
 * it like a message; the handler acts only while the order still stands on
 * that rung of that clock, so two instances that saw the same entry sound it
 * once. One that hung after it saw an entry may find that set anew, for later:
 * then it waits for its time.
 */
#include "common/alloc.h"
#include "common/crash.h"
#include "common/log.h"
#include "common/order.h"
#include "common/question.h"
#include "common/resident.h"
#include "common/store.h"
#include "common/text.h"
#include "services/assignment/assignment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DUE_AT_ONCE = 256 }; /* entries that are looked at together, over all counties */

struct clocks {
    struct sweep *sweep;
    struct absences *absences;
    size_t open;         /* entries submitted and not handled yet */
    size_t first_county; /* each turn begins with another, so that none starves */
};

void supervising_convener(const struct context *context, const struct record *order, char *ret_recipient, size_t size)
{
    snprintf(ret_recipient, size, "convener:%s", county_convener(context->county, record_str(order, F_TOWN))->id);
}

/* Who is told on a rung; where nobody is there yet (no members while screening), the convener. After a dissatisfied
 * rating that settles nothing it is the committee that has to decide. */
static void rung_recipients(const struct context *context, const struct record *order, int64_t rung, char *recipients,
                            size_t size)
{
    recipients[0] = '\0';
    if (matter_of(context->order_id) == MATTER_SUGGESTION) {
        suggestion_rung(context->county, order, rung, recipients, size);
        return;
    }
    if (matter_of(context->order_id) == MATTER_MEETING) {
        meeting_rung(context, order, rung, recipients, size);
        return;
    }
    if (rung == RUNG_CHAIR)
        snprintf(recipients, size, "chair");
    else if (rung == RUNG_COMMITTEE || (rung == RUNG_HANDLERS && record_is(order, F_STATE, STATE_EVALUATED)))
        committee_recipient(context, order, recipients, size);
    else if (rung == RUNG_HANDLERS)
        member_recipients(record_str(order, F_MEMBERS), recipients, size);
    if (recipients[0] == '\0')
        supervising_convener(context, order, recipients, size);
}

static int64_t rungs_of(const struct context *context)
{
    return matter_of(context->order_id) == MATTER_ORDER ? RUNGS : MATTER_RUNGS;
}

static void put_off(int64_t at, const char *entry, struct outcome *outcome)
{
    outcome_zadd(outcome, CLOCKS_KEY, at, entry);
    outcome_if_unchanged(outcome); /* or what it waits for might have happened */
}

int64_t entry_due(const struct context *context, const struct record *order, const char *clock)
{
    const struct county *county = context->county;
    if (strcmp(clock, clock_name(CLOCK_CLAIM)) == 0 && record_is(order, F_STATE, STATE_OPEN))
        return claim_window_end(county, order);
    if (strcmp(clock, clock_name(CLOCK_CONFIRM)) == 0)
        return confirmation_end(county, order);
    if (strcmp(clock, CLOCK_QUESTION) == 0)
        return question_end(county, order);
    if (strcmp(clock, CLOCK_MEETING) == 0 && record_is(order, F_STATE, STATE_CALLED))
        return meeting_reminder_at(county, order);
    return 0;
}

/* An overdue clock: sounds one rung, and sets the entry of the next. Only inside working hours. */
static void sound(const struct context *context, const struct record *order, const char *clock, const char *entry,
                  struct outcome *outcome)
{
    const struct county *county = context->county;
    int64_t rung = record_int(order, F_RUNG), working = calendar_next_work(county, context->now);
    if (clock_due(county, order, NULL) > context->now && move_deadline(context, order, outcome))
        return; /* the calendar has changed, and nobody came by yet */
    if (record_int(order, F_DUE) > context->now)
        working = clock_rung(county, record_int(order, F_DUE), rung); /* it has begun again, or was extended */
    if (working > context->now) {
        put_off(working, entry, outcome);
        return;
    }
    char recipients[2001];
    rung_recipients(context, order, rung, recipients, sizeof recipients);
    outcome_step(outcome, rung == RUNG_HANDLERS ? "reminded" : "escalated", "clock", clock);
    record_set_int(outcome_changes(outcome), F_RUNG, rung + 1);
    struct record *notice = outcome_notify(outcome, rung == RUNG_HANDLERS ? "reminder" : "escalated", recipients);
    record_copy(notice, order, F_DUE);
    record_set(notice, F_CLOCK, clock);

    outcome_zrem(outcome, CLOCKS_KEY, entry);
    if (rung + 1 < rungs_of(context)) {
        char next[CLOCK_ENTRY_SIZE];
        order_clock_entry(next, context->order_id, clock, rung + 1);
        outcome_zadd(outcome, CLOCKS_KEY, clock_rung_after(county, context->now, rung + 1), next);
    }
}

static void end_claim_window(const struct context *context, const struct record *order, struct outcome *outcome)
{
    struct choice choice;
    choose(context, order, record_str(order, F_MEMBERS), record_int(order, F_PLACES), &choice);
    if (!*choice.members) {
        stay_open(context, order, "clock", choice.why, outcome);
        return;
    }
    take_choice(context, order, &choice, outcome);
    outcome_step(outcome, "assigned", "clock", choice.why);
    assign(context, order, choice.members, outcome);
}

/* Nothing is left but to close it. */
static bool is_done(const struct record *order)
{
    return !resident_is_told(order)
               ? words_have(STATE_ANSWERED " " STATE_EVALUATED, record_str(order, F_STATE))
               : record_is(order, F_STATE, STATE_EVALUATED) && !record_is(order, F_RATING, "dissatisfied");
}

void handle_clock(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    const char *clock = record_str(message, F_CLOCK);
    int64_t rung = record_int(message, F_RUNG);
    char entry[CLOCK_ENTRY_SIZE];
    order_clock_entry(entry, context->order_id, clock, rung);

    if (entry_due(context, order, clock) > context->now) {
        put_off(entry_due(context, order, clock), entry, outcome);
    } else if (strcmp(clock, CLOCK_MEETING) == 0) {
        meeting_remind(context, order, outcome);
    } else if (strcmp(clock, CLOCK_BOOKS) == 0 && record_is(order, F_STATE, STATE_ENTERED)) {
        entry_close(context, outcome);
    } else if (strcmp(clock, clock_name(CLOCK_CLAIM)) == 0 && record_is(order, F_STATE, STATE_OPEN)) {
        end_claim_window(context, order, outcome);
    } else if (strcmp(clock, "close") == 0 && is_done(order)) {
        outcome_step(outcome, "closed", "clock", NULL);
        close_order(context, order, NULL, outcome);
    } else if (strcmp(clock, clock_name(CLOCK_CONFIRM)) == 0 && confirmation_end(context->county, order) > 0 &&
               words_have(STATE_OPEN " " STATE_ASSIGNED " " STATE_CONSULTING, record_str(order, F_STATE))) {
        end_confirmation(context, order, outcome);
    } else if (strcmp(clock, CLOCK_QUESTION) == 0 && record_len(order, F_QUESTION) > 0) {
        end_question(context, order, outcome);
    } else if (strcmp(clock, CLOCK_ASK) == 0 && record_is(order, F_STATE, STATE_ANSWERED) &&
               record_int(order, F_ASKS) == rung && record_int(order, F_TO_CALL) == 0) {
        if (asking_due(context, order) > context->now)
            put_off(asking_due(context, order), entry, outcome);
        else
            ask_again(context, order, entry, outcome);
    } else if (record_is(order, F_CLOCK, clock) && record_int(order, F_RUNG) == rung && rung < rungs_of(context) &&
               !clock_is_paused(order)) {
        sound(context, order, clock, entry, outcome);
    } else {
        outcome_zrem(outcome, CLOCKS_KEY, entry); /* what it waited for has happened */
    }
}

int clocks_start(struct service *service)
{
    struct clocks *clocks = xcalloc(1, sizeof *clocks);
    clocks->sweep = sweep_new(service);
    clocks->absences = absences_new(service);
    service_set_state(service, clocks);
    service_every(service, (size_t)param_int(service_params(service), "clock_ms"), clocks_poll);
    return 0;
}

void clocks_stop(struct service *service)
{
    struct clocks *clocks = service_state(service);
    absences_destroy(&clocks->absences);
    sweep_destroy(&clocks->sweep);
    free(clocks);
    service_set_state(service, NULL);
}

static void on_handled(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)status; /* what was not done is still due */
    (void)type;
    (void)reply;
    struct clocks *clocks = arg;
    clocks->open--;
    crash_point("clock handled");
}

static void submit_due(struct service *service, const char *county, const char *entry)
{
    struct clocks *clocks = service_state(service);
    char order[ORDER_ID_SIZE], clock[17];
    int64_t rung;
    if (order_parse_clock_entry(entry, order, clock, &rung) < 0) {
        log_error("county=%s the clock entry \"%s\" cannot be read; remove it", county, entry);
        return;
    }
    RECORD *message = record_new();
    record_set(message, F_CLOCK, clock);
    record_set_int(message, F_RUNG, rung);
    clocks->open++;
    crash_point("clock due, not submitted");
    service_submit(service, county, order, MSG_CLOCK_DUE, message, NULL, 0, on_handled, clocks);
}

/* Submits what is due, when all that was due before has been handled. */
void clocks_poll(struct service *service)
{
    struct clocks *clocks = service_state(service);
    struct store *store = service_store(service);
    size_t counties = service_county_count(service);
    char now[24], key[KEY_SIZE];
    sweep_poll(clocks->sweep);
    absences_poll(clocks->absences);
    if (clocks->open > 0 || counties == 0)
        return;
    size_t first = clocks->first_county++ % counties;
    snprintf(now, sizeof now, "%" PRId64, now_ms());
    for (size_t i = 0; i < counties; i++) {
        store_key(key, service_county_at(service, (first + i) % counties)->id, CLOCKS_KEY);
        store_appendf(store, "ZRANGEBYSCORE %s -inf %s LIMIT 0 %d", key, now, DUE_AT_ONCE);
    }
    if (store_run(store) < 0)
        return;
    for (size_t i = 0; i < counties; i++) {
        const redisReply *reply = store_reply(store, i);
        const char *county = service_county_at(service, (first + i) % counties)->id;
        for (size_t k = 0; reply->type == REDIS_REPLY_ARRAY && k < reply->elements && clocks->open < DUE_AT_ONCE; k++)
            submit_due(service, county, reply->element[k]->str);
    }
}
