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

#endif
