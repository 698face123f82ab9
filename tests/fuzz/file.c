/*
 * A county's file of the archive that somebody else has written to: it is refused, or found out by journal.verify, or
 * shows what was stored; also after journal.rebuild. Three bytes of the input each say which byte of a good file
 * becomes what; before them, one says whether Redis knows the file's last rows, whether it is cut, and whether it is
 * rebuilt.
 */
// links: services/archive
// wraps: log_write
#include "tests/fuzz/fuzz.h"

#include "common/log.h"
#include "common/wire.h"
#include "services/archive/archive.h"

#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#define COUNTY "990101"
#define ORDER COUNTY "-000001"

enum { ANCHORED = 1, CUT = 2, REBUILT = 4 };

static char dir[] = "/dev/shm/sidan-fuzz-XXXXXX", path[sizeof dir + 20];
static char *good;
static size_t good_size;
static struct anchor unknown = {.key = "a key of the test"}, known;
static struct archive *archive;
static struct outcome *outcome;
static msgpack_sbuffer shown[2]; /* by the good file; by this one */

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker wants this name */
void __wrap_log_write(enum log_level level, const char *format, ...);
/* cppcheck-suppress unusedFunction ; in place of another */
void __wrap_log_write(enum log_level level, const char *format, ...)
{
    (void)level;
    char *line;
    va_list arguments;
    va_start(arguments, format);
    PROMISE(vasprintf(&line, format, arguments) >= 0);
    va_end(arguments);
    PROMISE(!strstr(line, "路灯"));
    free(line);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void unlink_all(void)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        AUTOFREE char *name = xasprintf("%s%s", path, endings[i]);
        unlink(name);
    }
}

static void at_exit(void)
{
    archive_close(&archive);
    outcome_destroy(&outcome);
    unlink_all();
    rmdir(dir);
    free(good);
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

static enum verdict step(const char *order, int ver, const char *state)
{
    RECORD *message = record_new();
    record_set_int(message, F_VER, ver);
    record_set_int(message, F_AT, 100L * ver);
    record_set(message, F_STEP, "moved");
    record_set(message, F_ACTOR, "clock");
    record_set(message, F_SERVICE, "assignment");
    record_set(message, F_STATE, state);
    record_set(message, F_TITLE, "路灯不亮");
    record_set(message, F_ANSWER, ver > 1 ? "已修好" : "");
    return take(MSG_ORDER_STEP, order, message);
}

/* What people see of the orders; false when they are told to come later. */
static bool show(msgpack_sbuffer *bytes)
{
    enum message_type type;
    RECORD *history = record_new(), *orders = record_new(), *cases = record_new();
    const struct {
        enum message_type type;
        const struct record *question;
    } calls[] = {{MSG_READ_HISTORY, history}, {MSG_LIST_ORDERS, orders}, {MSG_SEARCH_CASES, cases}};
    record_set(history, F_ORDER, ORDER);
    record_set(cases, F_QUERY, "路灯");
    msgpack_sbuffer_clear(bytes);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (take(calls[i].type, "", calls[i].question) != VERDICT_OK)
            return false;
        const struct record *answer = outcome_answer(outcome, &type);
        wire_pack(bytes, type, answer);
    }
    return true;
}

/* All pieces of journal.verify or journal.rebuild: whether they were done and nothing was found that is wrong. */
static bool walk(enum message_type call)
{
    RECORD *question = record_new();
    enum message_type type;
    do {
        if (take(call, "", question) != VERDICT_OK)
            return false;
        const struct record *piece = outcome_answer(outcome, &type);
        if (record_rows(piece, F_ROWS) > 0)
            return false;
        record_clear(question);
        record_copy(question, piece, F_PART);
        record_copy(question, piece, F_ROW);
    } while (record_has(question, F_PART));
    return true;
}

static void set_up(void)
{
    outcome = outcome_new();
    PROMISE(mkdtemp(dir) && atexit(at_exit) == 0 && archive_open(dir, &archive) == 0);
    snprintf(path, sizeof path, "%s/%s.db", dir, COUNTY);
    archive_admit(archive, COUNTY, &unknown, 1000);
    PROMISE(step(ORDER, 1, "placed") == VERDICT_OK && step(ORDER, 2, "closed") == VERDICT_OK);
    PROMISE(step(COUNTY "-000002", 1, "placed") == VERDICT_OK);
    known = unknown;
    for (enum chain chain = 0; chain < CHAIN_COUNT; chain++)
        PROMISE(chain_mark(archive_database(archive, COUNTY), chain, known.marks[chain]) == 0);
    PROMISE(walk(MSG_VERIFY_JOURNAL) && show(&shown[0]));
    archive_close(&archive);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    good_size = (size_t)lseek(file, 0, SEEK_END);
    good = xmalloc(good_size);
    PROMISE(pread(file, good, good_size, 0) == (ssize_t)good_size);
    close(file);
}

/* The good file with these changes. */
static void write_file(bool cut, const unsigned char *changes, size_t size)
{
    AUTOFREE char *bytes = xmalloc(good_size);
    size_t left = good_size;
    memcpy(bytes, good, good_size);
    for (size_t i = 0; i + 3 <= size; i += 3) {
        size_t place = (changes[i] | (size_t)changes[i + 1] << 8) * 3 % good_size;
        if (cut && i == 0)
            left = place;
        else
            bytes[place] = (char)changes[i + 2];
    }
    unlink_all();
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    PROMISE(file >= 0 && write(file, bytes, left) == (ssize_t)left);
    close(file);
}

static void fuzz(const char *data, size_t size)
{
    if (!good)
        set_up();
    if (size == 0)
        return;
    write_file(*data & CUT, (const unsigned char *)data + 1, size - 1);
    PROMISE(archive_open(dir, &archive) == 0);
    archive_admit(archive, COUNTY, *data & ANCHORED ? &known : &unknown, 1000);
    if (*data & REBUILT)
        walk(MSG_REBUILD_JOURNAL);
    if (walk(MSG_VERIFY_JOURNAL) && show(&shown[1]) && *data & ANCHORED)
        PROMISE(shown[0].size == shown[1].size && memcmp(shown[0].data, shown[1].data, shown[0].size) == 0);
    step(COUNTY "-000002", 2, "open"); /* as it may end */
    archive_close(&archive);
}
