/*
 * notification_fixture.h - the fixture's county, and an order in it whose resident has left a phone.
 */
#ifndef SIDAN_NOTIFICATION_FIXTURE_H
#define SIDAN_NOTIFICATION_FIXTURE_H

#include "common/contact.h"
#include "common/order.h"
#include "tests/unit/fixture.h"

static struct county *county;

static inline int make_county(void **state)
{
    (void)state;
    county = fixture_county();
    return county ? 0 : -1;
}

static inline int drop_county(void **state)
{
    (void)state;
    county_destroy(&county);
    return 0;
}

static inline struct record *make_order(void)
{
    struct record *order = record_new();
    record_set_int(order, F_VER, 3);
    record_set(order, F_STATE, STATE_OPEN);
    record_set(order, F_TITLE, "东门小区路灯不亮");
    RECORD *given = record_new();
    record_set(given, F_PHONE, "10000000001");
    contact_seal(county->vault, "990101-000123", given, order);
    return order;
}

#endif
