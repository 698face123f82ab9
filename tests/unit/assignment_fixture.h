/*
 * assignment_fixture.h - an order of the fixture's county, a message about it, and what a handler of assignment makes
 * of them, anew for each test.
 */
#ifndef SIDAN_ASSIGNMENT_FIXTURE_H
#define SIDAN_ASSIGNMENT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/outcome_private.h"
#include "services/assignment/assignment.h"
#include "tests/unit/fixture.h"

static struct county *county;
static struct context context;
static struct record *order, *message;
static struct outcome *outcome;

/* An order of group G1 in town T1, whose clock runs; what else it has is up to the test. */
static inline void begin(const char *state, int64_t version, const char *clock)
{
    county = fixture_county();
    context = fixture_context(county);
    outcome = outcome_new();
    message = record_new();
    order = record_new();
    record_set_int(order, F_VER, version);
    record_set(order, F_STATE, state);
    record_set(order, F_GROUP, "G1");
    record_set(order, F_TOWN, "T1");
    record_set(order, F_URGENCY, "normal");
    record_set(order, F_CLOCK, clock);
}

/* A set-up: two members of the group may claim it. */
static inline int begin_open(void **state)
{
    (void)state;
    begin(STATE_OPEN, 3, "handover");
    record_set(order, F_COMMUNITY, "C1");
    record_set_int(order, F_PLACES, 2);
    return county ? 0 : -1;
}

static inline int tear_down(void **state)
{
    (void)state;
    outcome_destroy(&outcome);
    record_destroy(&message);
    record_destroy(&order);
    county_destroy(&county);
    return 0;
}

static inline void handle(handler_fn *handler)
{
    outcome_clear(outcome);
    handler(&context, order, message, outcome);
}

static inline const char *changed(enum field field)
{
    return record_str(outcome_changed(outcome), field);
}

/* Whether the outcome writes this command, key and first or second argument. */
static inline bool writes(const char *command, const char *key, const char *argument)
{
    for (size_t i = 0; i < outcome->write_count; i++) {
        const struct write *write = &outcome->writes[i];
        if (strcmp(write->command, command) == 0 && write->key && strcmp(write->key, key) == 0 &&
            (strcmp(write->arguments[0], argument) == 0 ||
             (write->argument_count > 1 && strcmp(write->arguments[1], argument) == 0)))
            return true;
    }
    return false;
}

/* What the outcome decided becomes the order's new state. */
static inline void apply(void)
{
    record_copy_all(order, outcome_changed(outcome));
    record_set_int(order, F_VER, record_int(order, F_VER) + 1);
}

/* By how much the outcome changes the load of a member. */
static inline int load_of(const char *member)
{
    int by = 0;
    for (size_t i = 0; i < outcome->write_count; i++)
        if (strcmp(outcome->writes[i].command, "HINCRBY") == 0 && strcmp(outcome->writes[i].arguments[0], member) == 0)
            by += atoi(outcome->writes[i].arguments[1]);
    return by;
}

#endif
