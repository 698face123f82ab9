/*
 * alike.h - 我也遇到了: an order that its resident places as the same matter as one that is being handled.
 */
#ifndef SIDAN_INTAKE_ALIKE_H
#define SIDAN_INTAKE_ALIKE_H

#include "services/intake/intake.h"

/*
 * Turns same_as of an order that is to be placed into the primary that it will be merged into, if there is such an
 * order, and it still takes others; otherwise it is placed like any. False after answering what is wrong.
 */
bool alike_set_primary(struct intake *intake, struct http_request *request, const struct county *county,
                       struct record *message);

#endif
