/*
 * remark.h - words that another system adds to an order that is open.
 *
 * The order's owner records them as the step "remarked": routing until the
 * order is open for the members, assignment after that. Both list the handler
 * that is theirs.
 */
#ifndef SIDAN_REMARK_H
#define SIDAN_REMARK_H

#include "common/service.h"

handler_fn remark_early; /* MSG_REMARK_EARLY, of routing */
handler_fn remark;       /* MSG_REMARK, of assignment */

#endif
