/*
 * What reaches the archive: any sequence of messages is stored or refused, answered or refused; none of them ends in an
 * error of the database, each stored step reads the same, and the file verifies. The input is message after message, as
 * on the wire.
 */
// links: services/archive
#include "tests/fuzz/fuzz.h"

#include "common/log.h"
#include "common/order.h"
#include "common/wire.h"
#include "services/archive/archive.h"

#include <unistd.h>

#define COUNTY "990101"

enum { ORDERS_MAX = 200 }; /* in one file: then a fresh one */

static char dir[] = "/dev/shm/sidan-fuzz-XXXXXX";
static struct archive *archive;
static struct outcome *outcome;
static const struct anchor anchor = {.key = "a key of the test"};
static int64_t serial, in_file;
static int64_t checked_rows, checked_orders; /* of the file, so far */

static void take_down(void)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    archive_close(&archive);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        AUTOFREE char *path = xasprintf("%s/%s.db%s", dir, COUNTY, endings[i]);
        unlink(path);
    }
    rmdir(dir);
}

static void at_exit(void)
{
    take_down();
    outcome_destroy(&outcome);
}

static void set_up(void)
{
    if (!outcome) {
        log_open("fuzz", LEVEL_ERROR);
        outcome = outcome_new();
        PROMISE(mkdtemp(dir));
        PROMISE(atexit(at_exit) == 0);
    } else {
        take_down();
    }
    PROMISE(archive_open(dir, &archive) == 0);
    archive_admit(archive, COUNTY, &anchor, 1000);
    PROMISE(archive_database(archive, COUNTY));
    checked_rows = checked_orders = 0;
}

static enum verdict take(enum message_type type, const char *order, const struct record *message)
{
    char id[ID_SIZE];
    make_id(id);
    struct delivery delivery = {
        .type = type, .county = COUNTY, .order = order, .id = id, .message = message, .outcome = outcome};
    outcome_clear(outcome);
    archive_take(archive, &delivery, 1, 1000);
    return outcome_verdict(outcome);
}

/* The journal has the step as it came, but for what it does not keep. */
static void is_stored(const char *order, const struct record *step)
{
    RECORD *question = record_new();
    enum message_type type;
    size_t i = 0;
    record_set(question, F_ORDER, order);
    PROMISE(take(MSG_READ_HISTORY, order, question) == VERDICT_OK);
    const struct record *listing = outcome_answer(outcome, &type);
    while (i < record_rows(listing, F_ROWS) &&
           record_int(record_row(listing, F_ROWS, i), F_VER) != record_int(step, F_VER))
        i++;
    PROMISE(i < record_rows(listing, F_ROWS));
    const struct record *row = record_row(listing, F_ROWS, i);
    PROMISE(record_is(row, F_STEP, record_str(step, F_STEP)));
    PROMISE(strcmp(record_str(row, F_TITLE), record_str(step, F_TITLE)) == 0);
    PROMISE(strcmp(record_str(row, F_NOTE), record_str(step, F_NOTE)) == 0);
    PROMISE(record_int(row, F_DUE) == record_int(step, F_DUE));
}

static void deliver(const char *order, const char *data, size_t size)
{
    RECORD *message = record_new();
    struct fault fault = {0};
    enum message_type type;
    if (wire_unpack(data, size, &type, message, &fault) < 0 || message_info(type)->to != ARCHIVE)
        return;
    enum verdict verdict = take(type, order, message);
    if (type == MSG_REBUILD_JOURNAL) /* goes on over several calls, until which not all is there */
        in_file = 0;
    PROMISE(verdict == VERDICT_OK || verdict == VERDICT_REFUSED);
    const struct record *answer = outcome_answer(outcome, &type);
    if (answer)
        PROMISE(record_check(answer, type, &fault) == 0);
    if (verdict == VERDICT_OK && record_has(message, F_STEP))
        is_stored(order, message);
}

/* Whatever came, the chain holds, and lists show what the journal says: behind the rows that were checked before. */
static void verify(const char *part, int64_t *checked)
{
    RECORD *question = record_new();
    enum message_type type;
    record_set(question, F_PART, part);
    record_set_int(question, F_ROW, *checked);
    PROMISE(take(MSG_VERIFY_JOURNAL, "", question) == VERDICT_OK);
    const struct record *piece = outcome_answer(outcome, &type);
    PROMISE(record_rows(piece, F_ROWS) == 0);
    *checked += record_int(piece, F_TOTAL);
}

static void fuzz(const char *data, size_t size)
{
    if (in_file == 0)
        set_up();
    serial++;
    in_file = (in_file + 1) % ORDERS_MAX;
    char order[ORDER_ID_SIZE];
    order_id(order, COUNTY, serial);
    for (size_t start = 0, end = 0; start < size; start = end) {
        msgpack_unpacked object;
        msgpack_unpacked_init(&object);
        msgpack_unpack_return found = msgpack_unpack_next(&object, data, size, &end);
        msgpack_unpacked_destroy(&object);
        if (found != MSGPACK_UNPACK_SUCCESS)
            break;
        deliver(order, data + start, end - start);
    }
    if (in_file == 0)
        return;
    verify("journal", &checked_rows);
    verify("orders", &checked_orders);
}
