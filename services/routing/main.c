/*
 * sidan-routing - category, urgency, place and group of each new order; screening by the convener.
 */
#include "common/attach.h"
#include "common/merge.h"
#include "common/remark.h"
#include "services/routing/routing.h"

static const struct handler handlers[] = {
    {.type = MSG_ORDER_PLACED, .handle = handle_placed, .aux = merge_aux},
    {.type = MSG_SCREEN, .handle = handle_screen},
    {.type = MSG_REMARK_EARLY, .handle = remark_early},
    {.type = MSG_MERGE_EARLY, .handle = handle_merge},
    {.type = MSG_SPLIT_EARLY, .handle = handle_split},
    {.type = MSG_ASK_EARLY, .handle = handle_ask},
    {.type = MSG_ANSWER_EARLY, .handle = handle_reply},
    {.type = MSG_TRANSFER, .handle = handle_transfer},
    {.type = MSG_ATTACH_EARLY, .handle = attach_early},
    {.type = MSG_ADD_EARLY, .handle = handle_add},
    {.type = MSG_TAKE_BACK_EARLY, .handle = handle_take_back},
};

static const struct service_spec routing = {
    .id = ROUTING,
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof *handlers,
};

int main(int argc, char **argv)
{
    return service_main(argc, argv, &routing);
}
