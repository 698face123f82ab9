/*
 * part.c - an order that is placed beside the one that a request is about, whose owner is then told of it; see part.h.
 */
#include "services/intake/part.h"

#include "services/intake/json.h"

#include "common/alloc.h"
#include "common/order.h"
#include "common/resident.h"
#include "common/store.h"
#include "common/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { TRIES = 5 };

static void part_destroy(void *data)
{
    struct part *part = data;
    record_destroy(&part->message);
    record_destroy(&part->refusal);
    free(part);
}

struct part *part_new(struct intake *intake, struct http_request *request, const char *source, enum message_type type)
{
    struct part *part = xcalloc(1, sizeof *part);
    *part = (struct part){.intake = intake,
                          .request = request,
                          .access = access_of(request),
                          .source = source,
                          .type = type,
                          .message = record_new(),
                          .refusal = record_new()};
    http_attach(request, part, part_destroy);
    return part;
}

static void answer_unavailable(const struct part *part)
{
    intake_answer_error(part->request, 503, "unavailable", NULL, NULL);
}

/* -- what a request has placed ----------------------------------------------------------------------------------- */

/* Apart from the keys of what the services remember: what is asked here takes them two steps. */
static void part_key(char key[KEY_SIZE], const struct part *part, const struct county *county)
{
    char digest[DIGEST_SIZE];
    intake_secret_digest(digest, county, (const char *const[]){"part", part->once}, 2);
    AUTOFREE char *name = xasprintf("first:%s", digest);
    store_key(key, county->id, name);
}

int part_recall(struct part *part, const struct county *county)
{
    struct store *store = service_store(part->intake->service);
    char key[KEY_SIZE];
    if (*part->once == '\0')
        return -ENOENT;
    part_key(key, part, county);
    store_appendf(store, "GET %s", key);
    if (store_run(store) < 0 || store_reply(store, 0)->type == REDIS_REPLY_ERROR)
        return -EIO;
    if (store_reply(store, 0)->type != REDIS_REPLY_STRING)
        return -ENOENT;
    snprintf(part->order, sizeof part->order, "%s", store_reply(store, 0)->str);
    return 0;
}

static int note(const struct part *part, const struct county *county)
{
    struct store *store = service_store(part->intake->service);
    char key[KEY_SIZE];
    if (*part->once == '\0')
        return 0;
    part_key(key, part, county);
    store_appendf(store, "SET %s %s EX %lld", key, part->order, (long long)intake_remember(part->intake));
    return store_run(store) < 0 || store_reply(store, 0)->type == REDIS_REPLY_ERROR ? -EIO : 0;
}

/* The new order is there; the old one gets its step. */
static void on_placed(void *arg, const struct placement *placed)
{
    struct part *part = arg;
    const struct county *county = service_county(part->intake->service, part->access->county);
    if (placed->status != ANSWER_OK) {
        int status = placed->status == ANSWER_REFUSED ? intake_status_of(placed->error) : 503;
        intake_answer_error(part->request, status, placed->error, placed->field, placed->detail);
        return;
    }
    snprintf(part->order, sizeof part->order, "%s", placed->order);
    if (county && note(part, county) == 0)
        part_tell(part);
    else
        answer_unavailable(part);
}

void part_place(struct part *part, const struct county *county, const struct record *order)
{
    intake_submit_order(part->intake, county, order, part->source, part->name, intake_remember(part->intake), on_placed,
                        part);
}

/* -- the owner refuses ------------------------------------------------------------------------------------------- */

static void withdraw(struct part *part);

static void on_withdrawn(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    (void)reply;
    struct part *part = arg;
    if (status == ANSWER_REFUSED) /* it is answered, and is what it has become */
        intake_answer_failure(part->request, ANSWER_REFUSED, part->refusal);
    else
        withdraw(part); /* it has ended, or is passing to another service in this moment */
}

/* Who asks for the same again asks for another order. 0 or -EIO. */
static int forget(const struct part *part, const struct county *county, const struct county *other)
{
    struct store *store = service_store(part->intake->service);
    char digest[DIGEST_SIZE], noted[KEY_SIZE], placed[KEY_SIZE];
    intake_secret_digest(digest, other, (const char *const[]){part->source, part->name}, 2);
    AUTOFREE char *name = xasprintf("first:%s", digest);
    store_key(placed, other->id, name);
    part_key(noted, part, county);
    store_appendf(store, "DEL %s", placed);
    store_appendf(store, "DEL %s", noted);
    return store_run(store);
}

/*
 * For as long as a repeated request gets its first answer a refusal says that the owner has never heard of the new
 * order; later it may have.
 */
static bool is_unknown(const struct part *part, const struct record *order)
{
    return now_ms() - record_int(order, F_PLACED_AT) < intake_remember(part->intake) * 1000;
}

static void take_back(struct part *part, const struct county *county, const struct record *order)
{
    bool early = order_owner(record_str(order, F_STATE)) == ROUTING;
    RECORD *message = record_new();
    record_set(message, F_ACTOR, part->access->grant.actor);
    record_set(message, F_VIA, VIA_PART);
    record_printf(message, F_REASON, strcmp(county->language, "en") == 0 ? "%s has moved on" : "原单%s已有新进展",
                  part->access->order);
    service_call(part->intake->service, county->id, part->order, early ? MSG_TAKE_BACK_EARLY : MSG_TAKE_BACK, message,
                 NULL, intake_call_ms(part->intake), on_withdrawn, part);
}

static void withdraw(struct part *part)
{
    struct service *service = part->intake->service;
    RECORD *order = record_new();
    char id[7] = "";
    order_parse(part->order, id, NULL);
    const struct county *county = service_county(service, part->access->county), *other = service_county(service, id);
    int r = county && other && part->tries++ < TRIES ? service_load_order(service, id, part->order, order) : -EIO;
    bool ended = r == -ENOENT || order_is_final(record_str(order, F_STATE));
    if ((r < 0 && r != -ENOENT) || (ended && forget(part, county, other) < 0))
        answer_unavailable(part);
    else if (!ended && is_unknown(part, order))
        take_back(part, other, order);
    else
        intake_answer_failure(part->request, ANSWER_REFUSED, part->refusal);
}

/* -- telling the owner ------------------------------------------------------------------------------------------- */

static void on_told(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct part *part = arg;
    if (status == ANSWER_REFUSED && !part->stays) {
        record_copy_all(part->refusal, reply);
        withdraw(part);
    } else if (!intake_answer_failure(part->request, status, reply)) {
        intake_answer_json(part->request, 200,
                           json_pack("{s:s, s:s}", "order", part->access->order, "part", part->order));
    }
}

void part_tell(struct part *part)
{
    const struct access *access = part->access;
    char digest[DIGEST_SIZE];
    record_set(part->message, F_SECONDARY, part->order);
    intake_digest(digest, (const char *const[]){part->source, access->order, part->order}, 3);
    service_call(part->intake->service, access->county, access->order, part->type, part->message, digest,
                 intake_call_ms(part->intake), on_told, part);
}
