/*
 * submit.c - gives an order its number and submits it, the same for every door.
 *
 * Numbers are reserved in blocks, by lua/reserve.lua, so that an order costs
 * no round trip of its own; what is left of a block when intake stops is
 * never used. Without Redis nothing can be placed: the caller
 * hears "unavailable", and Redis is not asked again for RETRY_MS, so that a
 * long import does not hold up the loop.
 */
#include "services/intake/intake.h"

#include "common/alloc.h"
#include "common/crash.h"
#include "common/metrics.h"
#include "common/store.h"
#include "common/text.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

enum {
    BLOCK = 64,
    PASS_OVER = 10000, /* more numbers than Redis can have forgotten; see lua/reserve.lua */
    RETRY_MS = 1000,
};

static struct script reserve_script = {"reserve",
#include "services/intake/lua/reserve.lua.h"
                                       , ""};

struct block {
    char county[7];
    enum matter matter;
    int64_t next, end; /* numbers from next up to, not including, end are ours */
};

struct serials {
    struct store *store;
    struct block *blocks;
    size_t count;
    int64_t retry_at; /* ms of the monotonic clock */
};

struct serials *serials_new(struct store *store)
{
    struct serials *serials = xcalloc(1, sizeof *serials);
    serials->store = store;
    return serials;
}

void serials_destroy(struct serials **serials)
{
    if (!*serials)
        return;
    free((*serials)->blocks);
    free(*serials);
    *serials = NULL;
}

static struct block *block_of(struct serials *serials, const char *county, enum matter matter)
{
    for (size_t i = 0; i < serials->count; i++) {
        if (serials->blocks[i].matter == matter && strcmp(serials->blocks[i].county, county) == 0)
            return &serials->blocks[i];
    }
    serials->blocks = xrealloc(serials->blocks, (serials->count + 1) * sizeof *serials->blocks);
    struct block *block = &serials->blocks[serials->count++];
    *block = (struct block){.matter = matter};
    snprintf(block->county, sizeof block->county, "%s", county);
    return block;
}

/* The key of a kind's numbers, or of what is kept beside it: "serial", "serial:H". */
static void kind_key(char key[KEY_SIZE], const char *county, const char *name, enum matter matter)
{
    const char *letter = matter_letter(matter);
    AUTOFREE char *whole = xasprintf("%s%s%s", name, *letter ? ":" : "", letter);
    store_key(key, county, whole);
}

/* The next number of the county: 0, or -EIO. */
static int serials_take(struct serials *serials, const char *county, enum matter matter, int64_t *ret_serial)
{
    struct block *block = block_of(serials, county, matter);
    int64_t block_size = matter == MATTER_ORDER ? BLOCK : 1; /* of the others there are few, with short numbers */
    if (block->next == block->end) {
        if (mono_ms() < serials->retry_at)
            return -EIO;
        char serial[KEY_SIZE], history[KEY_SIZE], size[12], pass_over[12];
        snprintf(size, sizeof size, "%d", (int)block_size);
        snprintf(pass_over, sizeof pass_over, "%d", PASS_OVER);
        kind_key(serial, county, "serial", matter);
        kind_key(history, county, "history", matter);
        store_append_script(serials->store, &reserve_script, 2, (const char *[]){serial, history}, 2,
                            (const char *[]){size, pass_over}, NULL);
        crash_point("numbers not reserved");
        if (store_run(serials->store) < 0 || store_reply(serials->store, 0)->type != REDIS_REPLY_INTEGER) {
            serials->retry_at = mono_ms() + RETRY_MS;
            return -EIO;
        }
        block->end = store_reply(serials->store, 0)->integer + 1;
        block->next = block->end - block_size;
        crash_point("numbers reserved, none used");
    }
    *ret_serial = block->next++;
    return 0;
}

int intake_number(struct intake *intake, const struct county *county, enum matter matter, char ret_id[ORDER_ID_SIZE])
{
    int64_t serial;
    int r = serials_take(intake->serials, county->id, matter, &serial);
    if (r == 0)
        matter_id(ret_id, county->id, matter, serial);
    return r;
}

/* Waits for the batch that places the order. */
struct submission {
    struct intake *intake;
    char county[7], order[ORDER_ID_SIZE];
    placed_fn *done;
    void *arg;
};

static void on_answer(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct submission *submission = arg;
    const struct county *county = service_county(submission->intake->service, submission->county);
    struct placement placement = {.status = county ? status : ANSWER_UNAVAILABLE, .error = "unavailable", .field = ""};
    if (placement.status == ANSWER_OK) {
        snprintf(placement.order, sizeof placement.order, "%s", record_str(reply, F_ORDER));
        order_access_code(placement.code, placement.order, vault_secret(county->vault));
        placement.repeated = strcmp(placement.order, submission->order) != 0;
    } else if (placement.status == ANSWER_REFUSED) {
        placement.error = record_str(reply, F_ERROR);
        placement.field = record_str(reply, F_FIELD);
        placement.detail = record_str(reply, F_DETAIL);
        if (strcmp(placement.error, "limited") == 0 && county->phone_orders > 0) {
            placement.wait = INT64_C(86400) / county->phone_orders + 1; /* then one more is free, at the latest */
            placement.detail = NULL;                                    /* errors.c knows what is limited */
        }
    }
    crash_point("placed, caller not told");
    submission->done(submission->arg, &placement);
    free(submission);
}

void intake_digest(char digest[DIGEST_SIZE], const char *const parts[], size_t count)
{
    unsigned char hash[16];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    for (size_t i = 0; i < count; i++) /* with the NUL, so that parts keep apart */
        crypto_generichash_update(&state, (const unsigned char *)parts[i], strlen(parts[i]) + 1);
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(digest, DIGEST_SIZE, hash, sizeof hash);
}

void intake_secret_digest(char digest[DIGEST_SIZE], const struct county *county, const char *const parts[],
                          size_t count)
{
    char plain[DIGEST_SIZE];
    intake_digest(plain, parts, count);
    vault_digest(county->vault, "request", plain, digest);
}

void intake_submit_order(struct intake *intake, const struct county *county, const struct record *given,
                         const char *source, const char *idempotency, int64_t remember, placed_fn *done, void *arg)
{
    RECORD *message = record_new();
    record_copy_all(message, given);
    record_set(message, F_COUNTY, county->id);
    record_set(message, F_SOURCE, source);
    struct fault fault;
    if (record_check(message, MSG_PLACE_ORDER, &fault) < 0) {
        done(arg, &(struct placement){
                      .status = ANSWER_REFUSED, .error = fault.error, .field = fault.field, .detail = fault.detail});
        return;
    }
    if (strcmp(source, "import") == 0) {
        admission_charge(&intake->admission, mono_ms());
    } else if (!admission_take(&intake->admission, mono_ms())) {
        metric_add("sidan_orders_shed_total", "Orders turned away because more came than can be handled", "", 1);
        done(arg, &(struct placement){.status = ANSWER_UNAVAILABLE, .error = "busy", .field = ""});
        return;
    }
    int64_t serial;
    if (serials_take(intake->serials, county->id, MATTER_ORDER, &serial) < 0) {
        done(arg, &(struct placement){.status = ANSWER_UNAVAILABLE, .error = "unavailable", .field = ""});
        return;
    }
    struct submission *submission = xcalloc(1, sizeof *submission);
    *submission = (struct submission){.intake = intake, .done = done, .arg = arg};
    snprintf(submission->county, sizeof submission->county, "%s", county->id);
    order_id(submission->order, county->id, serial);
    char digest[DIGEST_SIZE] = "";
    if (idempotency)
        intake_secret_digest(digest, county, (const char *const[]){source, idempotency}, 2);
    service_submit(intake->service, county->id, submission->order, MSG_PLACE_ORDER, message,
                   idempotency ? digest : NULL, remember, on_answer, submission);
}
