/*
 * joint.c - looks after orders that are handled jointly with another county (common/joint.h): how the other's order
 * stands, and tells the owner of this one when that has changed.
 *
 * The counties' keys lie apart, so no commit of one writes into the other; but every intake may ask about all of them.
 * Which orders have partners says the zset "joint" of their county, from the commit on that makes them partners. Each
 * intake goes through what is due; the partner is read from Redis, or once it has left that from the archive. Two that
 * see the same do no harm, because the owner compares with what the order knows; nor does one that dies, because the
 * entry stays until there is nothing left to look at.
 */
#include "common/joint.h"

#include "common/alloc.h"
#include "common/store.h"
#include "common/text.h"
#include "services/intake/intake.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ORDERS_A_TURN = 32, LOOK_MS = 1000 };

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

static void look_after(struct intake *intake, const char *county, const char *order)
{
    struct service *service = intake->service;
    struct partner partner;
    char key[KEY_SIZE], next[24];
    RECORD *ours = record_new(), *theirs = record_new();
    int r = service_load_order(service, county, order, ours);
    if (r == -EIO)
        return;
    bool ended = r == -ENOENT || order_is_final(record_str(ours, F_STATE));
    snprintf(next, sizeof next, "%" PRId64, now_ms() + LOOK_MS);
    store_key(key, county, JOINT_KEY);
    if (ended)
        store_append(service_store(service), 3, (const char *[]){"ZREM", key, order}, NULL);
    else
        store_append(service_store(service), 5, (const char *[]){"ZADD", key, "XX", next, order}, NULL);
    if (store_run(service_store(service)) < 0 || ended || order_owner(record_str(ours, F_STATE)) != ASSIGNMENT)
        return; /* what is screened has nobody yet whom it concerns */
    for (const char *rest = record_str(ours, F_JOINT); partner_next(&rest, &partner);) {
        const struct county *other = order_is_final(partner.state) ? NULL : county_of(intake, partner.order);
        r = other ? service_load_order(service, other->id, partner.order, theirs) : -EIO;
        if (r == 0)
            tell(intake, county, order, &partner, theirs);
        else if (r == -ENOENT)
            ask_archive(intake, county, order, &partner);
    }
}

void joint_turn(struct intake *intake)
{
    if (!intake->joint)
        intake->joint = xcalloc(1, sizeof *intake->joint);
    struct joint *joint = intake->joint;
    struct service *service = intake->service;
    struct store *store = service_store(service);
    size_t counties = service_county_count(service), count = 0;
    struct {
        char county[7], order[ORDER_ID_SIZE];
    } due[ORDERS_A_TURN] = {0};
    if (joint->open > 0 || counties == 0 || !store_is_up(store))
        return;
    joint->count = 0;
    size_t first = joint->first_county++ % counties;
    for (size_t i = 0; i < counties; i++) {
        char key[KEY_SIZE];
        store_key(key, service_county_at(service, (first + i) % counties)->id, JOINT_KEY);
        store_appendf(store, "ZRANGEBYSCORE %s -inf %lld LIMIT 0 %d", key, (long long)now_ms(), ORDERS_A_TURN);
    }
    if (store_run(store) < 0)
        return;
    for (size_t i = 0; i < counties; i++) {
        const redisReply *reply = store_reply(store, i);
        for (size_t k = 0; reply->type == REDIS_REPLY_ARRAY && k < reply->elements && count < ORDERS_A_TURN; k++) {
            snprintf(due[count].county, sizeof due->county, "%s",
                     service_county_at(service, (first + i) % counties)->id);
            snprintf(due[count++].order, sizeof due->order, "%s", reply->element[k]->str);
        }
    }
    for (size_t i = 0; i < count; i++)
        look_after(intake, due[i].county, due[i].order);
}
