/*
 * again.h - 又出现了: what an order was about has come back after it was rated well and closed.
 */
#ifndef SIDAN_INTAKE_AGAIN_H
#define SIDAN_INTAKE_AGAIN_H

#include "common/county.h"
#include "common/record.h"

/* Whether its resident may say so now, within the county's `again` days. NULL, or the word of the error. */
const char *again_objection(const struct county *county, const struct record *order, int64_t now);

#endif
