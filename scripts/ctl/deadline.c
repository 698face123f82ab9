/*
 * deadline.c - how the deadline of an order came about, day by day, and when its ladder sounds.
 *
 * The sum is the one by which the services go: clock_due() computes it and tells each of its pieces, which are written
 * down here.
 */
#include "scripts/ctl/ctl.h"

#include "common/clock.h"
#include "common/commit.h"
#include "common/order.h"
#include "common/text.h"

/* The rows of the sum, and what goes on in them. */
struct sum {
    json_t *rows;
    int64_t days;     /* counted so far */
    struct span span; /* that was added; none to what was promised by a date */
};

static json_t *row_of(int64_t at, json_t *day, json_t *why)
{
    return json_pack("{s:o, s:o, s:o}", "moment", json_time(at), "day", day, "why", why);
}

static void add(struct sum *sum, int64_t at, json_t *day, json_t *why)
{
    json_array_append_new(sum->rows, row_of(at, day, why));
}

static void put_first(struct sum *sum, int64_t at, json_t *why)
{
    json_array_insert_new(sum->rows, 0, row_of(at, json_null(), why));
}

static void add_day(void *arg, int64_t midnight, enum day_kind kind, const char *name)
{
    static const char *const kinds[] = {[DAY_WORK] = "workday",
                                        [DAY_REST] = "not counted: weekend",
                                        [DAY_MAKE_UP] = "make-up workday",
                                        [DAY_HOLIDAY] = "not counted: holiday"};
    struct sum *sum = arg;
    bool counts = kind == DAY_WORK || kind == DAY_MAKE_UP;
    char text[TIME_SIZE];
    time_format(text, midnight);
    json_array_append_new(sum->rows, json_pack("{s:s%, s:o, s:o}", "moment", text, (size_t)10, "day",
                                               counts ? json_integer(++sum->days) : json_null(), "why",
                                               json_sprintf("%s%s%s", kinds[kind], *name ? ", " : "", name)));
}

static void add_span(void *arg, int64_t start, struct span span, int64_t due)
{
    static const int64_t hour = INT64_C(3600000), day = 24 * hour;
    struct sum *sum = arg;
    (void)start;
    sum->span = span;
    if (span.working_days > 0)
        add(sum, due, json_null(), json_sprintf("the clock's %d working days are over", span.working_days));
    else if (span.ms % day == 0)
        add(sum, due, json_null(), json_sprintf("%lld days later, around the clock", (long long)(span.ms / day)));
    else
        add(sum, due, json_null(), json_sprintf("%g hours later, around the clock", (double)span.ms / (double)hour));
}

static void add_pause(void *arg, int64_t from, int64_t to, int64_t due)
{
    struct sum *sum = arg;
    add(sum, from, json_null(), json_string("paused"));
    if (to > 0)
        add(sum, to, json_null(), json_string("went on"));
    add(sum, due, json_null(), json_string(to > 0 ? "due, with the time that passed added" : "due, were it to go on"));
}

static void add_extension(void *arg, int64_t working_days, int64_t due)
{
    add(arg, due, json_null(), json_sprintf("extended by %lld working days", (long long)working_days));
}

/* The ladder: what has sounded, and when the others will. entry: when the next one is to; 0: not known. */
static json_t *ladder(const struct county *county, const struct record *order, int64_t due, int64_t entry)
{
    static const char *const of_order[RUNGS] = {"handlers", "convener", "committee", "chair"};
    static const char *const of_meeting[MATTER_RUNGS] = {"host", "convener or office"};
    static const char *const of_suggestion[MATTER_RUNGS] = {"those whose it is", "committee or chair"};
    enum matter matter = matter_of(record_str(order, F_ORDER));
    const char *const *told = matter == MATTER_ORDER ? of_order : matter == MATTER_MEETING ? of_meeting : of_suggestion;
    int64_t next = record_int(order, F_RUNG), at = entry > 0 ? entry : clock_rung(county, due, next);
    json_t *rows = json_array();
    for (int64_t rung = 0; rung < (matter == MATTER_ORDER ? RUNGS : MATTER_RUNGS); rung++) {
        if (rung > next)
            at = clock_rung_after(county, at, rung);
        json_t *when = rung < next              ? json_string("has sounded")
                       : clock_is_paused(order) ? json_string("not while the clock is paused")
                                                : json_time(at);
        json_array_append_new(rows, json_pack("{s:s, s:o}", "rung", told[rung], "sounds", when));
    }
    return rows;
}

static json_t *explain(const struct county *county, const struct record *order, int64_t entry)
{
    struct sum sum = {.rows = json_array()};
    struct clock_trace trace = {{add_day, &sum}, add_span, add_pause, add_extension, &sum};
    int64_t start = record_int(order, F_CLOCK_AT), work = calendar_next_work(county, start);
    int64_t due = clock_due(county, order, &trace);
    if (sum.span.working_days > 0 && work > start)
        put_first(&sum, work,
                  json_sprintf("outside working hours, %02d:%02d-%02d:%02d: working days count from here",
                               county->work_start / 60, county->work_start % 60, county->work_end / 60,
                               county->work_end % 60));
    if (sum.span.working_days == 0 && sum.span.ms == 0)
        put_first(&sum, record_int(order, F_PROMISED_AT), json_string("promised by then, however long others have"));
    put_first(&sum, start, json_string("the clock starts"));
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:o}", "order", record_str(order, F_ORDER), "clock",
                     record_str(order, F_CLOCK), "urgency", record_str(order, F_URGENCY), "due", json_time(due),
                     "light", clock_light(county, order, now_ms()), "sum", sum.rows, "ladder",
                     ladder(county, order, due, entry));
}

/* The moment of the order's entry in the zset of clocks; 0 when it has none. False after saying why it is not known. */
static bool read_entry(struct ctl *ctl, const char *county, const char *id, const struct record *order, int64_t *ret_at)
{
    char entry[CLOCK_ENTRY_SIZE], key[KEY_SIZE];
    order_clock_entry(entry, id, record_str(order, F_CLOCK), record_int(order, F_RUNG));
    store_key(key, county, CLOCKS_KEY);
    store_append(ctl->store, 3, (const char *[]){"ZSCORE", key, entry}, NULL);
    if (!ask(ctl))
        return false;
    const redisReply *score = store_reply(ctl->store, 0);
    *ret_at = score->type == REDIS_REPLY_STRING ? strtoll(score->str, NULL, 10) : 0;
    return true;
}

int deadline_explain(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    char id[7];
    int64_t entry;
    if (matter_parse(argv[0], id, NULL, NULL) < 0)
        return misused("\"%s\" is no order's number", argv[0]);
    order_append_load(ctl->store, id, argv[0]);
    if (!ask(ctl))
        return FAILED;
    RECORD *order = record_new();
    if (order_read(store_reply(ctl->store, 0), order) < 0)
        return fail("%s is not open", argv[0]);
    if (record_len(order, F_CLOCK) == 0)
        return fail("no clock of %s runs", argv[0]);
    if (!record_has(order, F_CLOCK_AT))
        return fail("the clock of %s was started by an earlier version, which did not write down when", argv[0]);
    if (!read_entry(ctl, id, argv[0], order, &entry))
        return FAILED;
    struct counties *counties = counties_open(ctl);
    const struct county *county = counties ? counties_find(counties, id) : NULL;
    if (county) {
        json_t *report = explain(county, order, entry);
        report_print(report, ctl->json);
        json_decref(report);
    }
    counties_destroy(&counties);
    return county ? DONE : fail("there is no county %s", id);
}
