/*
 * joint.c - looks after orders that are handled jointly with another county (common/joint.h): how the other's order
 * stands, and tells the owner of this one when that has changed; and the owner of one that asked and does not know.
 *
 * The counties' keys lie apart, so no commit of one writes into the other; but every intake may ask about all of them.
 * Which orders have partners says the zset "joint" of their county, from the commit on that makes them partners. Each
 * intake goes through what is due; the partner is read from Redis, or once it has left that from the archive. Two that
 * see the same do no harm, because the owner compares with what the order knows; nor does one that dies, because the
 * entry stays until there is nothing left to look at.
 */
#include "common/joint.h"

#include "common/alloc.h"
#include "common/commit.h"
#include "common/store.h"
#include "common/text.h"
#include "services/intake/intake.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * An order is looked at again after LOOK_MS, or after so much of the time since it or a partner moved last, up to
 * SELDOM_MS: of a matter that has lain for an hour somebody hears a minute later, if need be. Of more orders than fit
 * into the turns each waits for its own.
 */
enum { ORDERS_A_TURN = 32, LOOK_MS = 1000, SELDOM_MS = 60 * 1000, QUIET = 60 };

/* An order, and one of its partners, whom the archive is asked about. */
struct question {
    struct intake *intake;
    char county[7], order[ORDER_ID_SIZE];
    struct partner partner;
};

/* What was asked in this turn. The next one waits for the answers. */
struct joint {
    struct question asked[ORDERS_A_TURN];
    size_t count, open;
    size_t first_county; /* each turn begins with another, so that none starves */
};

void joint_destroy(struct joint **joint)
{
    free(*joint);
    *joint = NULL;
}

static const struct county *county_of(const struct intake *intake, const char *order)
{
    char county[7];
    return order_parse(order, county, NULL) == 0 ? service_county(intake->service, county) : NULL;
}

static void on_told(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)status; /* what was not told is seen again */
    (void)type;
    (void)reply;
    struct joint *joint = arg;
    joint->open--;
}

/* Tells the owner of an order how its partner stands, unless it knows. */
static void tell(struct intake *intake, const char *county, const char *order, const struct partner *known,
                 const struct record *now)
{
    static const enum field told[] = {F_STATE, F_VER, F_OUTCOME, F_ANSWER};
    const struct county *other = county_of(intake, known->order);
    if (!other || (record_is(now, F_STATE, known->state) && record_int(now, F_ANSWERED_AT) == known->answered_at))
        return;
    RECORD *message = record_new();
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        record_copy(message, now, told[i]);
    if (record_is(now, F_STATE, STATE_RETURNED))
        record_copy(message, now, F_REASON); /* an order keeps the reasons of other decisions there, too */
    record_set(message, F_SECONDARY, known->order);
    record_set(message, F_RETURN_TO, other->name);
    record_set_int(message, F_ANSWERED_AT, record_int(now, F_ANSWERED_AT));
    intake->joint->open++;
    service_call(intake->service, county, order, MSG_JOINT_NEWS, message, NULL, intake_call_ms(intake), on_told,
                 intake->joint);
}

static void on_archived(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    const struct question *question = arg;
    question->intake->joint->open--;
    if (status == ANSWER_OK && record_rows(reply, F_ROWS) == 1)
        tell(question->intake, question->county, question->order, &question->partner, record_row(reply, F_ROWS, 0));
}

static void ask_archive(struct intake *intake, const char *county, const char *order, const struct partner *partner)
{
    struct joint *joint = intake->joint;
    const struct county *other = county_of(intake, partner->order);
    if (!other || joint->count == ORDERS_A_TURN)
        return; /* its turn comes */
    struct question *question = &joint->asked[joint->count++];
    *question = (struct question){.intake = intake, .partner = *partner};
    snprintf(question->county, sizeof question->county, "%.6s", county);
    snprintf(question->order, sizeof question->order, "%.24s", order);
    joint->open++;
    RECORD *wanted = record_new();
    record_set(wanted, F_ORDERS, partner->order);
    service_call(intake->service, other->id, "", MSG_LIST_ORDERS, wanted, NULL, intake_call_ms(intake), on_archived,
                 question);
}

/*
 * The one that asked for an order does not know it, because whoever asked died or gave up in between: it is told what
 * it would have been told then. As the reason serve the words with which its county's request begins.
 */
static void make_known(struct intake *intake, const char *county, const char *order, const struct record *ours,
                       const char *asker)
{
    const struct county *home = county_of(intake, order), *other = county_of(intake, asker);
    const char *text = record_str(ours, F_TEXT);
    RECORD *message = record_new();
    AUTOFREE char *reason = xasprintf("%.*s", (int)strcspn(text, "\n"), text);
    text_cut(reason, field_info(F_REASON)->max);
    if (!home || !other)
        return;
    record_set(message, F_COUNTY, county);
    record_printf(message, F_ACTOR, "county:%s", county);
    record_set(message, F_REASON, reason);
    record_set(message, F_SECONDARY, order);
    record_set(message, F_RETURN_TO, home->name);
    if (record_len(ours, F_CONTACT) > 0)
        record_set_int(message, F_SHARE, 1);
    intake->joint->open++;
    service_call(intake->service, other->id, asker, MSG_JOINT, message, NULL, intake_call_ms(intake), on_told,
                 intake->joint);
}

/* The next partner of which there may be news; behind the last one NULL. Where it is handled otherwise. */
static const struct county *next_open(const struct intake *intake, const char **joint, struct partner *ret_partner)
{
    const struct county *other = NULL;
    while (!other && partner_next(joint, ret_partner))
        other = order_is_final(ret_partner->state) ? NULL : county_of(intake, ret_partner->order);
    return other;
}

/* -- a turn, a round trip each: what is due, how that stands, how the partners stand, when it is due again --------- */

/* An order that is looked after in this turn. */
struct look {
    char county[7], order[ORDER_ID_SIZE];
    struct record *ours;
    int loaded; /* 0, -ENOENT or -EIO */
    int64_t moved_at;
    bool unknown; /* to the one that asked for it */
};

static bool has_ended(const struct look *look)
{
    return look->loaded == -ENOENT || order_is_final(record_str(look->ours, F_STATE));
}

/* Whether the one that asked for an order is to be told of it: when the request that should do so cannot any more. */
static bool is_due_to_be_known(const struct intake *intake, const struct look *look)
{
    return has_ended(look) || now_ms() - record_int(look->ours, F_PLACED_AT) > 2 * intake_call_ms(intake);
}

/* Looks whether an order knows the one that it asked for, and tells it. */
static void compare_asker(struct intake *intake, struct look *look, const char *asker, const struct record *theirs)
{
    struct partner partner;
    const char *state = record_str(theirs, F_STATE);
    look->unknown = is_for_another(look->ours) && !order_is_final(state) &&
                    !partner_find(record_str(theirs, F_JOINT), look->order, &partner);
    if (look->unknown && order_owner(state) == ASSIGNMENT && is_due_to_be_known(intake, look))
        make_known(intake, look->county, look->order, look->ours, asker);
}

static size_t find_due(struct intake *intake, struct look looks[ORDERS_A_TURN])
{
    struct service *service = intake->service;
    struct store *store = service_store(service);
    size_t counties = service_county_count(service), count = 0, first = intake->joint->first_county++ % counties;
    for (size_t i = 0; i < counties; i++) {
        char key[KEY_SIZE];
        store_key(key, service_county_at(service, (first + i) % counties)->id, JOINT_KEY);
        store_appendf(store, "ZRANGEBYSCORE %s -inf %lld LIMIT 0 %d", key, (long long)now_ms(), ORDERS_A_TURN);
    }
    if (store_run(store) < 0)
        return 0;
    for (size_t i = 0; i < counties; i++) {
        const redisReply *reply = store_reply(store, i);
        for (size_t k = 0; reply->type == REDIS_REPLY_ARRAY && k < reply->elements && count < ORDERS_A_TURN; k++) {
            struct look *look = &looks[count++];
            *look = (struct look){.ours = record_new()};
            snprintf(look->county, sizeof look->county, "%s", service_county_at(service, (first + i) % counties)->id);
            snprintf(look->order, sizeof look->order, "%s", reply->element[k]->str);
        }
    }
    return count;
}

/* Reads how they stand. False when Redis does not say. */
static bool load(struct store *store, struct look *looks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        order_append_load(store, looks[i].county, looks[i].order);
    if (store_run(store) < 0)
        return false;
    for (size_t i = 0; i < count; i++)
        looks[i].loaded = order_read(store_reply(store, i), looks[i].ours);
    return true;
}

/* When an order moved last, as far as it has that written down. */
static int64_t moved_at(const struct record *order)
{
    static const enum field moves[] = {F_PLACED_AT, F_OPENED_AT,   F_ASSIGNED_AT,
                                       F_HANDED_AT, F_ANSWERED_AT, F_CLOSED_AT};
    int64_t latest = 0;
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        latest = record_int(order, moves[i]) > latest ? record_int(order, moves[i]) : latest;
    return latest;
}

/* Reads how their partners stand, and tells what is news. False when Redis does not say. */
static bool compare(struct intake *intake, struct look *looks, size_t count)
{
    struct store *store = service_store(intake->service);
    const struct county *other;
    struct partner partner;
    RECORD *theirs = record_new();
    size_t reply = 0;
    for (size_t i = 0; i < count; i++)
        for (const char *rest = record_str(looks[i].ours, F_JOINT); (other = next_open(intake, &rest, &partner));)
            order_append_load(store, other->id, partner.order);
    if (store_run(store) < 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct look *look = &looks[i];
        bool concerns = order_owner(record_str(look->ours, F_STATE)) == ASSIGNMENT; /* else it has nobody yet */
        look->moved_at = moved_at(look->ours);
        for (const char *rest = record_str(look->ours, F_JOINT); next_open(intake, &rest, &partner);) {
            int r = order_read(store_reply(store, reply++), theirs);
            int64_t moved = r == 0 ? moved_at(theirs) : now_ms(); /* what has left Redis has moved since */
            look->moved_at = moved > look->moved_at ? moved : look->moved_at;
            if (r == 0)
                compare_asker(intake, look, partner.order, theirs);
            if (r == 0 && concerns)
                tell(intake, look->county, look->order, &partner, theirs);
            else if (r == -ENOENT && concerns)
                ask_archive(intake, look->county, look->order, &partner);
        }
    }
    return true;
}

static int64_t pause_after(int64_t moved)
{
    int64_t pause = (now_ms() - moved) / QUIET;
    return pause < LOOK_MS ? LOOK_MS : pause > SELDOM_MS ? SELDOM_MS : pause;
}

/* What has ended, and is known to have, is not looked at any more. */
static void put_off(struct store *store, const struct look *looks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct look *look = &looks[i];
        char key[KEY_SIZE], next[24];
        snprintf(next, sizeof next, "%" PRId64, now_ms() + pause_after(look->moved_at));
        store_key(key, look->county, JOINT_KEY);
        if (has_ended(look) && !look->unknown)
            store_append(store, 3, (const char *[]){"ZREM", key, look->order}, NULL);
        else
            store_append(store, 5, (const char *[]){"ZADD", key, "XX", next, look->order}, NULL);
    }
    store_run(store); /* what was not put off is due again */
}

void joint_turn(struct intake *intake)
{
    if (!intake->joint)
        intake->joint = xcalloc(1, sizeof *intake->joint);
    struct joint *joint = intake->joint;
    struct store *store = service_store(intake->service);
    struct look looks[ORDERS_A_TURN];
    if (joint->open > 0 || service_county_count(intake->service) == 0 || !store_is_up(store))
        return;
    joint->count = 0;
    size_t count = find_due(intake, looks);
    if (count > 0 && load(store, looks, count) && compare(intake, looks, count))
        put_off(store, looks, count);
    for (size_t i = 0; i < count; i++)
        record_destroy(&looks[i].ours);
}
