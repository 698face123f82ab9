/*
 * archive_fixture.h - an archive in a directory of its own for each test, and
 * the ways to give it deliveries.
 */
#ifndef SIDAN_ARCHIVE_FIXTURE_H
#define SIDAN_ARCHIVE_FIXTURE_H

#include "services/archive/archive.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/text.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNTY "341022"
#define OTHER "330100"
#define ORDER COUNTY "-000001"

static char dir[64];
static struct archive *archive;
static struct outcome *outcome;
static struct record *message;
static int64_t now;
static const struct anchor unanchored = {.key = "a key of the test"};

/* Opens the files of both counties, as if Redis knew nothing of them. */
static inline void admit_all(struct archive *of)
{
    archive_admit(of, COUNTY, &unanchored, now);
    archive_admit(of, OTHER, &unanchored, now);
}

static inline int set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/sidan-archive-XXXXXX");
    log_open("test", LEVEL_ERROR);
    outcome = outcome_new();
    message = record_new();
    now = 1000;
    if (!mkdtemp(dir) || archive_open(dir, &archive) < 0)
        return -1;
    admit_all(archive);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    archive_close(&archive);
    outcome_destroy(&outcome);
    record_destroy(&message);
    DIR *files = opendir(dir);
    for (struct dirent *file; (file = readdir(files));) {
        AUTOFREE char *path = xasprintf("%s/%s", dir, file->d_name);
        unlink(path);
    }
    closedir(files);
    return rmdir(dir);
}

/* Delivers what is in `message`. */
static inline enum verdict take_as(const char *id, enum message_type type, const char *county, const char *order)
{
    struct delivery delivery = {
        .type = type, .county = county, .order = order, .id = id, .message = message, .outcome = outcome};
    outcome_clear(outcome);
    archive_take(archive, &delivery, 1, now);
    return outcome_verdict(outcome);
}

/* Fills `message` with a step, to which fields can be added. */
static inline void step(int ver, const char *state)
{
    record_clear(message);
    record_set_int(message, F_VER, ver);
    record_set_int(message, F_AT, 100L * ver);
    record_set(message, F_STEP, "moved");
    record_set(message, F_ACTOR, "clock");
    record_set(message, F_SERVICE, "assignment");
    if (state)
        record_set(message, F_STATE, state);
}

/* Delivers the step in `message` as one that was never sent before. */
static inline enum verdict take_step(const char *order)
{
    char id[32];
    static int serial;
    snprintf(id, sizeof id, "%024d", ++serial);
    return take_as(id, MSG_ORDER_STEP, COUNTY, order);
}

static inline void assert_refused(const char *error)
{
    enum message_type type;
    assert_int_equal(outcome_verdict(outcome), VERDICT_REFUSED);
    assert_string_equal(record_str(outcome_answer(outcome, &type), F_ERROR), error);
}

/* Asks with what is in `message`; the listing lives until the next delivery. */
static inline const struct record *ask(enum message_type type)
{
    enum message_type answer;
    assert_int_equal(take_as("", type, COUNTY, ""), VERDICT_OK);
    const struct record *listing = outcome_answer(outcome, &answer);
    struct fault fault;
    assert_int_equal(answer, MSG_LISTING);
    assert_int_equal(record_check(listing, MSG_LISTING, &fault), 0);
    return listing;
}

static inline const struct record *history(const char *order)
{
    record_clear(message);
    record_set(message, F_ORDER, order);
    return ask(MSG_READ_HISTORY);
}

static inline const struct record *listed(const char *order)
{
    record_clear(message);
    record_set(message, F_ORDERS, order);
    const struct record *listing = ask(MSG_LIST_ORDERS);
    assert_int_equal(record_rows(listing, F_ROWS), 1);
    return record_row(listing, F_ROWS, 0);
}

static inline const struct record *search(const char *words)
{
    record_clear(message);
    record_set(message, F_QUERY, words);
    return ask(MSG_SEARCH_CASES);
}

/* An order of two steps that ends closed, placed at placed_at. */
static inline void add_case(const char *order, int64_t placed_at, const char *title, const char *text)
{
    step(1, "placed");
    record_set(message, F_TITLE, title);
    record_set(message, F_TEXT, text);
    record_set_int(message, F_PLACED_AT, placed_at);
    assert_int_equal(take_step(order), VERDICT_OK);
    step(2, "closed");
    record_set(message, F_ANSWER, "已处理");
    record_set(message, F_OUTCOME, "solved");
    assert_int_equal(take_step(order), VERDICT_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
