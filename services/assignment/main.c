/* sidan-assignment - the pool, claims, the lifecycle up to closed, meetings and what is followed, and the clocks. */
#include "common/attach.h"
#include "common/merge.h"
#include "common/remark.h"
#include "services/assignment/assignment.h"

static const struct param params[] = {
    {"clock_ms", PARAM_INT, "500", 50, 60000, "ms", "how often clocks are looked at"}};

static const struct handler handlers[] = {
    {.type = MSG_ORDER_OPENED, .handle = handle_opened, .aux = members_aux},
    {.type = MSG_CLAIM, .handle = handle_claim, .aux = absences_aux},
    {.type = MSG_CLAIM_REPLIED, .handle = handle_replied, .aux = absences_aux},
    {.type = MSG_REASSIGN, .handle = handle_reassign, .aux = absences_aux},
    {.type = MSG_DECLINE, .handle = handle_decline, .aux = members_aux},
    {.type = MSG_CONFIRM_ORDER, .handle = handle_confirm},
    {.type = MSG_ENTER_ABSENCE, .handle = handle_enter_absence, .orderless = true},
    {.type = MSG_END_ABSENCE, .handle = handle_end_absence, .aux = absences_aux, .orderless = true},
    {.type = MSG_LIST_ABSENCES, .handle = handle_list_absences, .aux = absences_aux, .orderless = true},
    {.type = MSG_ABSENCE_DUE, .handle = handle_absence_due, .aux = absences_aux, .orderless = true},
    {.type = MSG_HAND_ON, .handle = handle_hand_on, .aux = members_aux},
    {.type = MSG_DISPATCH, .handle = handle_dispatch, .aux = members_aux},
    {.type = MSG_HANDOVER, .handle = handle_handover},
    {.type = MSG_OBJECT, .handle = handle_object},
    {.type = MSG_RULE, .handle = handle_rule},
    {.type = MSG_RESPOND, .handle = handle_respond},
    {.type = MSG_GIVE_ANSWER, .handle = handle_answer},
    {.type = MSG_VISIT, .handle = handle_visit},
    {.type = MSG_CALL_MEETING, .handle = handle_call_meeting, .orderless = true},
    {.type = MSG_INVITE, .handle = handle_invite},
    {.type = MSG_ANSWER_INVITATION, .handle = handle_answer_invitation},
    {.type = MSG_MOVE_MEETING, .handle = handle_move_meeting},
    {.type = MSG_CANCEL_MEETING, .handle = handle_cancel_meeting},
    {.type = MSG_ATTEND, .handle = handle_attend},
    {.type = MSG_HOLD_MEETING, .handle = handle_hold_meeting},
    {.type = MSG_CLOSE_MEETING, .handle = handle_close_meeting, .aux = attendance_aux},
    {.type = MSG_ENTER_ENTRY, .handle = handle_enter_entry, .aux = attendance_aux, .orderless = true},
    {.type = MSG_WITHDRAW_ENTRY, .handle = handle_withdraw_entry, .aux = attendance_aux},
    {.type = MSG_RAISE, .handle = handle_raise, .orderless = true},
    {.type = MSG_FOLLOW, .handle = handle_follow, .orderless = true, .aux = follow_aux},
    {.type = MSG_COMMENT, .handle = handle_comment},
    {.type = MSG_SETTLE, .handle = handle_settle},
    {.type = MSG_RECHECK, .handle = handle_recheck},
    {.type = MSG_EXTEND_FOLLOWING, .handle = handle_extend_following},
    {.type = MSG_RATE, .handle = handle_rate, .aux = absences_aux},
    {.type = MSG_FLAG, .handle = handle_flag},
    {.type = MSG_DECIDE, .handle = handle_decide, .aux = absences_aux},
    {.type = MSG_EXTEND, .handle = handle_extend},
    {.type = MSG_EXTEND_DECIDE, .handle = handle_extend_decide},
    {.type = MSG_REMARK, .handle = remark},
    {.type = MSG_ATTACH, .handle = attach},
    {.type = MSG_ASK, .handle = handle_ask},
    {.type = MSG_ANSWER_ASKED, .handle = handle_reply},
    {.type = MSG_ADD, .handle = handle_add},
    {.type = MSG_TAKE_BACK, .handle = handle_take_back},
    {.type = MSG_JOINT, .handle = handle_joint},
    {.type = MSG_JOINT_NEWS, .handle = handle_joint_news},
    {.type = MSG_SPLIT, .handle = handle_split},
    {.type = MSG_MERGE, .handle = handle_merge},
    {.type = MSG_RECALL, .handle = handle_recall},
    {.type = MSG_UNMERGE, .handle = handle_unmerge},
    {.type = MSG_ORDER_JOINED, .handle = handle_joined, .aux = merge_aux},
    {.type = MSG_ORDER_LEFT, .handle = handle_left, .aux = merge_aux},
    {.type = MSG_PRIMARY_STEP, .handle = handle_primary_step},
    {.type = MSG_CLOCK_CHECK, .handle = handle_check, .orderless = true},
    {.type = MSG_CLOCK_DUE, .handle = handle_clock, .aux = members_aux, .orderless = true},
};

static const struct service_spec assignment = {
    .id = ASSIGNMENT,
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof *handlers,
    .follow = after_each_step,
    .start = clocks_start,
    .stop = clocks_stop,
};

int main(int argc, char **argv)
{
    return service_main(argc, argv, &assignment);
}
