/*
 * routing.h - the handlers of routing: from placed to open, or to a convener's desk.
 */
#ifndef SIDAN_ROUTING_H
#define SIDAN_ROUTING_H

#include "common/service.h"

handler_fn handle_placed;    /* MSG_ORDER_PLACED */
handler_fn handle_screen;    /* MSG_SCREEN */
handler_fn handle_merge;     /* MSG_MERGE_EARLY */
handler_fn handle_split;     /* MSG_SPLIT_EARLY */
handler_fn handle_ask;       /* MSG_ASK_EARLY */
handler_fn handle_reply;     /* MSG_ANSWER_EARLY */
handler_fn handle_add;       /* MSG_ADD_EARLY: words of the resident */
handler_fn handle_take_back; /* MSG_TAKE_BACK_EARLY */
handler_fn handle_transfer;  /* MSG_TRANSFER */

#endif
