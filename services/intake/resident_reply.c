/*
 * resident_reply.c - an SMS of somebody who was asked something: it rates an answer or answers a question, as an
 * order's resident; or it answers an invitation to a meeting.
 *
 * Which orders wait for a phone is in the county's zset of that person (common/resident.h), so that no order is found
 * by chance: one that waits is meant; of several the one that is named; else each county asks back, with the numbers of
 * its own. What a reply does is the same call as through the other doors. A gateway that brings it again finds the
 * first answer by its reference, even when another order waits by then.
 */
#include "services/intake/gateway.h"
#include "services/intake/reply_text.h"

#include "common/alloc.h"
#include "common/contact.h"
#include "common/metrics.h"
#include "common/resident.h"
#include "common/store.h"
#include "common/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAITING_MAX = 8, /* of a county, the latest asked */
    REASON_BYTES = 1500,
};

/* An order that waits for the sender. */
struct waiting {
    const struct county *county;
    char order[ORDER_ID_SIZE];
    int64_t asked_at, round;
    enum message_type takes; /* the message that a reply becomes; MSG_RATE, what answers its question or invitation */
    char who[64];            /* of a meeting: as whom the sender is invited */
    bool answered;           /* that has been answered: only who names the meeting means it */
};

static void count_reply(const char *what)
{
    char label[24];
    snprintf(label, sizeof label, "what=\"%s\"", what);
    metric_add("sidan_resident_replies_total", "SMS of residents that came in, by what they led to", label, 1);
}

/* -- which orders wait ------------------------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
    const struct waiting *first = a, *second = b;
    return (first->asked_at < second->asked_at) - (first->asked_at > second->asked_at);
}

/* What each county's zset says, the latest first. The caller frees it. NULL: Redis does not answer. */
static struct waiting *read_waiting(struct service *service, const char *phone, size_t *ret_count)
{
    struct store *store = service_store(service);
    size_t counties = service_county_count(service), count = 0;
    char person[VAULT_DIGEST_SIZE], name[ASKED_KEY_SIZE], key[KEY_SIZE];
    for (size_t i = 0; i < counties; i++) {
        const struct county *county = service_county_at(service, i);
        contact_person(county->vault, phone, person);
        asked_key(name, person);
        store_key(key, county->id, name);
        store_appendf(store, "ZREVRANGE %s 0 %d WITHSCORES", key, WAITING_MAX - 1);
    }
    if (counties == 0 || store_run(store) < 0)
        return NULL;
    struct waiting *waiting = xcalloc(counties * WAITING_MAX, sizeof *waiting);
    for (size_t i = 0; i < counties; i++) {
        const redisReply *reply = store_reply(store, i);
        for (size_t k = 0; reply->type == REDIS_REPLY_ARRAY && k + 1 < reply->elements; k += 2) {
            struct waiting *one = &waiting[count++];
            one->county = service_county_at(service, i);
            snprintf(one->order, sizeof one->order, "%s", reply->element[k]->str);
            one->asked_at = strtoll(reply->element[k + 1]->str, NULL, 10);
        }
    }
    qsort(waiting, count, sizeof *waiting, by_time);
    *ret_count = count;
    return waiting;
}

/* As whom of the roster a phone is invited to a meeting that is still ahead. False: it is not. */
static bool find_invited(const struct waiting *one, const struct record *meeting, const char *phone, char ret_who[64])
{
    struct roster_entry entry;
    for (size_t i = 0; county_roster(one->county, i, &entry); i++) {
        snprintf(ret_who, 64, "%s:%s", entry.kind, entry.id);
        if (strcmp(entry.phone, phone) == 0 && words_have(record_str(meeting, F_INVITED), ret_who))
            return record_is(meeting, F_STATE, STATE_CALLED);
    }
    return false;
}

/* What a reply to an order or a meeting becomes. False: nothing is waited for. */
static bool find_wanted(struct waiting *one, const struct record *order, const char *phone)
{
    bool asked = record_len(order, F_QUESTION) > 0, early = order_owner(record_str(order, F_STATE)) == ROUTING;
    if (matter_of(one->order) == MATTER_MEETING) {
        one->takes = MSG_ANSWER_INVITATION;
        bool invited = find_invited(one, order, phone, one->who);
        one->answered =
            words_have(record_str(order, F_COMING), one->who) || words_have(record_str(order, F_EXCUSED), one->who);
        return invited;
    }
    one->takes = !asked ? MSG_RATE : early ? MSG_ANSWER_EARLY : MSG_ANSWER_ASKED;
    one->round = record_int(order, F_ROUND);
    return asked || record_is(order, F_STATE, STATE_ANSWERED);
}

/* Keeps those that do wait, and says for what. 0 or -EIO. */
static int load_waiting(struct service *service, const char *phone, struct waiting *waiting, size_t *count)
{
    size_t kept = 0;
    RECORD *order = record_new();
    for (size_t i = 0; i < *count; i++) {
        struct waiting one = waiting[i];
        int r = service_load_order(service, one.county->id, one.order, order);
        if (r == -EIO)
            return r;
        if (r == 0 && find_wanted(&one, order, phone))
            waiting[kept++] = one;
    }
    *count = kept;
    return 0;
}

/* -- what a reply does ------------------------------------------------------------------------------------------- */

static void call(const struct reply *reply, const struct county *county, const char *order, enum message_type type,
                 const struct record *message)
{
    char reference[DIGEST_SIZE];
    reply_reference(reference, reply, county);
    callback_call(reply->callback, county->id, order, type, message, reference);
}

/* Each county asks by the numbers of its own: none needs to know of another's. */
static void ask_back(const struct reply *reply, const struct waiting *waiting, size_t count)
{
    count_reply("unclear");
    for (size_t i = 0; i < count; i++) {
        char orders[WAITING_MAX * ORDER_ID_SIZE] = "", reference[DIGEST_SIZE];
        bool asked = false;
        for (size_t k = 0; k < count; k++) {
            asked |= k < i && waiting[k].county == waiting[i].county;
            if (waiting[k].county == waiting[i].county)
                words_append(orders, sizeof orders, waiting[k].order);
        }
        if (asked)
            continue;
        RECORD *message = record_new();
        reply_reference(reference, reply, waiting[i].county);
        record_set(message, F_FROM, reply->phone);
        record_set(message, F_BODY, reply->text);
        record_set(message, F_REF, reference);
        record_set(message, F_ORDERS, orders);
        call(reply, waiting[i].county, "", MSG_SMS_REPLY, message);
    }
}

/* Who does not come says why: a reply without it is asked for again. */
static void take_attendance(const struct reply *reply, const struct waiting *waiting, const char *words)
{
    const char *note = "", *answer = reply_attendance(words, &note);
    if (!answer || (!*note && strcmp(answer, "excused") == 0)) {
        ask_back(reply, waiting, 1);
        return;
    }
    RECORD *message = record_new();
    record_set(message, F_ACTOR, waiting->who);
    record_set(message, F_WHO, waiting->who);
    record_set(message, F_VIA, VIA_SMS);
    record_set(message, F_REPLY, answer);
    if (*note)
        record_printf(message, F_REASON, "%.*s", REASON_BYTES, note);
    count_reply("invitation");
    call(reply, waiting->county, waiting->order, MSG_ANSWER_INVITATION, message);
}

/* words: what is left of the text without the order's names. */
static void take(const struct reply *reply, const struct waiting *waiting, const char *words)
{
    const char *note = "", *rating = reply_rating(words, &note);
    if (waiting->takes == MSG_ANSWER_INVITATION) {
        take_attendance(reply, waiting, words);
        return;
    }
    RECORD *message = record_new();
    record_set(message, F_ACTOR, "resident");
    record_set(message, F_VIA, VIA_SMS);
    if (waiting->takes != MSG_RATE) {
        record_set(message, F_NOTE, reply->text);
    } else if (rating) {
        record_set(message, F_RATING, rating);
        record_set_int(message, F_ROUND, waiting->round);
        if (*note)
            record_set(message, F_NOTE, note);
    } else {
        ask_back(reply, waiting, 1);
        return;
    }
    count_reply(waiting->takes == MSG_RATE ? "rated" : "answered");
    call(reply, waiting->county, waiting->order, waiting->takes, message);
}

/* The order that the text names. False when it names none of these. */
static bool take_named(const struct reply *reply, const char *plain, const struct waiting *waiting, size_t count)
{
    char code[ACCESS_CODE_SIZE];
    for (size_t i = 0; i < count; i++) {
        order_access_code(code, waiting[i].order, vault_secret(waiting[i].county->vault));
        AUTOFREE char *words = waiting[i].takes == MSG_ANSWER_INVITATION
                                   ? reply_without_meeting(plain, waiting[i].order)
                                   : reply_without_names(plain, waiting[i].order, code);
        if (words) {
            take(reply, &waiting[i], words);
            return true;
        }
    }
    return false;
}

/* Whether such a text can be meant for one that waits: a digit may rate, answer an invitation, or a question. */
static bool may_mean(const struct waiting *one, const char *plain)
{
    const char *note;
    bool rates = reply_rating(plain, &note), attends = reply_attendance(plain, &note);
    return one->takes == MSG_RATE ? rates : one->takes == MSG_ANSWER_INVITATION ? attends : rates || !attends;
}

/* Those that it may be about, if it may be about any; what was answered is not asked for again. */
static size_t narrow(struct waiting *waiting, size_t count, const char *plain)
{
    size_t open = 0, kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!waiting[i].answered)
            waiting[open++] = waiting[i];
    for (size_t i = 0; i < open; i++)
        kept += may_mean(&waiting[i], plain);
    if (kept == 0)
        return open;
    kept = 0;
    for (size_t i = 0; i < open; i++)
        if (may_mean(&waiting[i], plain))
            waiting[kept++] = waiting[i];
    return kept;
}

bool resident_reply(const struct reply *reply, bool named_elsewhere)
{
    struct service *service = callback_intake(reply->callback)->service;
    size_t count = 0;
    AUTOFREE struct waiting *waiting = read_waiting(service, reply->phone, &count);
    if (!waiting || load_waiting(service, reply->phone, waiting, &count) < 0) {
        callback_fail(reply->callback);
        return true;
    }
    AUTOFREE char *plain = reply_plain(reply->text);
    if (take_named(reply, plain, waiting, count))
        return true;
    count = named_elsewhere ? 0 : narrow(waiting, count, plain);
    if (count == 0)
        return false;
    if (count == 1)
        take(reply, waiting, plain);
    else
        ask_back(reply, waiting, count);
    return true;
}

void resident_reply_ignored(void)
{
    count_reply("ignored");
}
