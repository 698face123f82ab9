/*
 * assignment.h - the handlers of assignment: from open to closed, and the clocks; meetings, visits, suggestions,
 * entries.
 */
#ifndef SIDAN_ASSIGNMENT_H
#define SIDAN_ASSIGNMENT_H

#include "common/clock.h"
#include "common/order.h"
#include "common/service.h"

/* claims.c: 接单, who takes the order */
handler_fn handle_opened;   /* MSG_ORDER_OPENED */
handler_fn handle_claim;    /* MSG_CLAIM */
handler_fn handle_replied;  /* MSG_CLAIM_REPLIED: a claim by SMS */
handler_fn handle_reassign; /* MSG_REASSIGN */

/* passing.c: 接单, an order goes from one member to another */
handler_fn handle_decline; /* MSG_DECLINE */

/* absences.c: 接单, times in which a member takes no orders */
handler_fn handle_enter_absence; /* MSG_ENTER_ABSENCE */
handler_fn handle_end_absence;   /* MSG_END_ABSENCE */
handler_fn handle_list_absences; /* MSG_LIST_ABSENCES */
handler_fn handle_absence_due;   /* MSG_ABSENCE_DUE */
handler_fn handle_hand_on;       /* MSG_HAND_ON */
struct absences;
struct absences *absences_new(struct service *service);
void absences_destroy(struct absences **absences);
void absences_poll(struct absences *absences);

/* silence.c: 接单, who was given an order and does nothing */
handler_fn handle_confirm; /* MSG_CONFIRM_ORDER */

/* dispatch.c: 分单, by the convener */
handler_fn handle_dispatch; /* MSG_DISPATCH */
void ask_group(const struct context *context, const struct record *order, struct outcome *outcome);
void give_to_named(const struct context *context, const struct record *order, const char *named,
                   struct outcome *outcome);

/* departments.c: 交办, and objections to it */
handler_fn handle_handover; /* MSG_HANDOVER */
handler_fn handle_object;   /* MSG_OBJECT */
handler_fn handle_rule;     /* MSG_RULE */
/* The order is not handled any more: nothing is to be ruled about it. */
void drop_objection(const struct record *order, struct outcome *outcome);
handler_fn handle_respond; /* MSG_RESPOND */

/* lifecycle.c: 解单, from the answer to closing */
handler_fn handle_answer; /* MSG_GIVE_ANSWER */
handler_fn handle_rate;   /* MSG_RATE */
handler_fn handle_decide; /* MSG_DECIDE */
handler_fn handle_ask;    /* MSG_ASK: the resident */
handler_fn handle_reply;  /* MSG_ANSWER_ASKED: the resident's answer */
handler_fn handle_add;    /* MSG_ADD: words of the resident */

/* visits.c: 走访 */
handler_fn handle_visit; /* MSG_VISIT */

/* meetings.c: 协商会 */
handler_fn handle_call_meeting;      /* MSG_CALL_MEETING */
handler_fn handle_invite;            /* MSG_INVITE */
handler_fn handle_answer_invitation; /* MSG_ANSWER_INVITATION */
handler_fn handle_move_meeting;      /* MSG_MOVE_MEETING */
handler_fn handle_cancel_meeting;    /* MSG_CANCEL_MEETING */
handler_fn handle_attend;            /* MSG_ATTEND */
handler_fn handle_hold_meeting;      /* MSG_HOLD_MEETING */
handler_fn handle_close_meeting;     /* MSG_CLOSE_MEETING */
#define CLOCK_MEETING "meeting"
/* When those who are invited are reminded; and that this has come. */
int64_t meeting_reminder_at(const struct county *county, const struct record *meeting);
void meeting_remind(const struct context *context, const struct record *meeting, struct outcome *outcome);
/* Who is told on a rung of a meeting that nobody holds or closes. */
void meeting_rung(const struct context *context, const struct record *meeting, int64_t rung, char *ret_recipients,
                  size_t size);

/* entries.c: 履职登记, what the office enters */
handler_fn handle_enter_entry;    /* MSG_ENTER_ENTRY */
handler_fn handle_withdraw_entry; /* MSG_WITHDRAW_ENTRY */
#define CLOCK_BOOKS "books"
/* The time has passed in which it could be withdrawn. */
void entry_close(const struct context *context, struct outcome *outcome);

/* attendance.c: 考勤, for handlers with attendance_aux */
void attendance_aux(const struct record *message, char *keys, size_t size);
/* Those members (member:M1 member:M2) were missing without a reason at that time: by is 1; or were not, after all: -1.
 */
void attendance_count(const struct context *context, int64_t at, const char *people, int by, struct outcome *outcome);
/* A meeting is closed, so nobody comes to it any more. */
void attendance_of_meeting(const struct context *context, const struct record *meeting, struct outcome *outcome);

/* suggestions.c: 建言, and what else is followed until it is settled */
handler_fn handle_raise;  /* MSG_RAISE */
handler_fn handle_follow; /* MSG_FOLLOW */
void follow_aux(const struct record *message, char *keys, size_t size);
handler_fn handle_comment;          /* MSG_COMMENT */
handler_fn handle_settle;           /* MSG_SETTLE */
handler_fn handle_recheck;          /* MSG_RECHECK */
handler_fn handle_extend_following; /* MSG_EXTEND_FOLLOWING */
/* Who is told on a rung of a suggestion. */
void suggestion_rung(const struct county *county, const struct record *suggestion, int64_t rung, char *ret_recipients,
                     size_t size);
/* Whether an answer may promise what it does; otherwise refuses. What it promises, or passes to supervision, is
 * followed from now on. */
bool may_promise(const struct context *context, const struct record *answer, struct outcome *outcome);
void follow_up(const struct context *context, const struct record *order, const struct record *answer,
               struct outcome *outcome);
/* An order is merged into one whose answer the suggestion stems from: it is about that, too. */
void be_about_too(const struct record *suggestion, const struct record *message, struct outcome *outcome);

/* What follows from every step, whichever handler made it. */
void after_each_step(const struct context *context, const struct record *order, struct outcome *outcome);

/* flag.c: ratings that are called unreasonable */
handler_fn handle_flag; /* MSG_FLAG */

/* callback.c: 回访, the resident of an answered order is asked for a rating, until there is one */
#define CLOCK_ASK "ask"
/* The order is being answered, and its callback clock has started: asks, and tells the answer. */
void ask_for_rating(const struct context *context, const struct record *order, struct outcome *outcome);
/*
 * When it is asked again, or left to a person, at the earliest: not before the work hours, which may have changed; and
 * an entry of the clocks may stem from an answer before this one.
 */
int64_t asking_due(const struct context *context, const struct record *order);
/* The moment has come at which to do it again, or to leave it to a person; `entry` of the clocks said so. */
void ask_again(const struct context *context, const struct record *order, const char *entry, struct outcome *outcome);
/* There is a rating, or the order is handled again. */
void ask_no_more(const struct context *context, const struct record *order, struct outcome *outcome);

/* joint.c: 联办, with another county */
handler_fn handle_joint;      /* MSG_JOINT */
handler_fn handle_joint_news; /* MSG_JOINT_NEWS */

/* recall.c: 定单 anew, by the convener */
handler_fn handle_recall; /* MSG_RECALL */
/* Neither members nor departments have it any more; that it is less work for its members is for the caller to count. */
void take_from_handlers(const struct record *order, struct outcome *outcome);
/* Back to the convener's desk, with nobody who handles it. actor: who is not told, if they are the convener. */
void screen_again(const struct context *context, const struct record *order, const char *actor,
                  struct outcome *outcome);

/* taking_back.c: 撤回, by its resident */
handler_fn handle_take_back; /* MSG_TAKE_BACK */
/* An order that is merged into this one leaves it: if its own resident has taken it back, that was the last reason. */
void end_if_nobodys(const struct context *context, const struct record *order, struct outcome *outcome);

/* merging.c: 并单, a primary order and those that are merged into it */
handler_fn handle_split;        /* MSG_SPLIT: the opposite */
handler_fn handle_merge;        /* MSG_MERGE */
handler_fn handle_unmerge;      /* MSG_UNMERGE */
handler_fn handle_joined;       /* MSG_ORDER_JOINED, about the primary */
handler_fn handle_left;         /* MSG_ORDER_LEFT, about the primary */
handler_fn handle_primary_step; /* MSG_PRIMARY_STEP, about an order that is merged into it */
/* How it goes on, as the resident of an order is told, those of the orders merged into it are told, too. */
void tell_merged(const struct context *context, const struct record *order, struct outcome *outcome);

/* extension.c: 督单, more time for the answer */
handler_fn handle_extend;        /* MSG_EXTEND */
handler_fn handle_extend_decide; /* MSG_EXTEND_DECIDE */

/* clocks.c: 督单, what happens when time has passed */
handler_fn handle_clock; /* MSG_CLOCK_DUE */
int clocks_start(struct service *service);
void clocks_stop(struct service *service);
void clocks_poll(struct service *service); /* called by a timer */

/* sweep.c: what happens to clocks that run when the calendar or their spans change */
handler_fn handle_check; /* MSG_CLOCK_CHECK */
struct sweep;
struct sweep *sweep_new(struct service *service);
void sweep_destroy(struct sweep **sweep);
void sweep_poll(struct sweep *sweep);

/*
 * What is known of a county's members: in the hash "load" how many open orders each has, and as group:G1 how often
 * somebody of G1 was chosen; in the hash "absences" when they are away. Which orders they have is in the zset "held",
 * as MEMBER|ORDER, all with one score.
 */
#define LOAD_KEY "load"
#define ABSENCES_KEY "absences"
#define HELD_KEY "held"
void members_aux(const struct record *message, char *keys, size_t size);  /* load, absences */
void absences_aux(const struct record *message, char *keys, size_t size); /* absences alone */

/* Members have an order anew: from those who are away it is handed on at once. ret_there: the others of them. Of a
 * handler with absences_aux. */
void look_for_absent(const struct context *context, const char *members, char *ret_there, size_t size,
                     struct outcome *outcome);

/* Whether a member is away at that moment; absences_of(): of a handler with members_aux. */
bool is_absent(const struct aux *absences, const char *member, int64_t now);
const struct aux *absences_of(const struct context *context);

/* What the files share. */

/* The order's members become complete: it is assigned, the answer clock starts, all are told. */
void assign(const struct context *context, const struct record *order, const char *members, struct outcome *outcome);

/* Nobody can be chosen: it stays in the pool for another claim window, and the convener is told. */
void stay_open(const struct context *context, const struct record *order, const char *actor, const char *why,
               struct outcome *outcome);
/* The claim window begins, as the changes say. */
void open_claim_window(const struct context *context, const struct record *order, struct outcome *outcome);

/* Members chosen for the places that are left; see choice.c. */
struct choice {
    char members[401], chosen[401]; /* all, with those there were; those that are new */
    char why[3000];                 /* for the journal: the candidates in their order, and what counted */
};

/* Fills the places beside `members`, of the order's group. */
void choose(const struct context *context, const struct record *order, const char *members, int64_t places,
            struct choice *ret_choice);

/* The choice is made, unless another one of the group was made meanwhile: then it is decided again. */
void take_choice(const struct context *context, const struct record *order, const struct choice *choice,
                 struct outcome *outcome);

/* Members who do not have an order any more. */
struct passing {
    const char *leaving; /* their ids, space between */
    const char *step, *actor;
    const char *reason; /* in their words; or absence, silence */
    bool tell;          /* those who leave, too */
};

/* Their places go to the next. The handler has named in the changes who is not to be chosen. */
void pass_on(const struct context *context, const struct record *order, const struct passing *passing,
             struct outcome *outcome);

/* Those members do not have the order any more; reason: in somebody's words, or absence, silence. */
void tell_leaving(const char *leaving, const char *reason, struct outcome *outcome);
/*
 * These have it, while its answer clock runs on. Those who are new to it hear that, the others that something changed
 * and, unless it is "", why; where nobody had it, its resident hears that somebody has it now.
 */
void tell_members(const struct record *order, const char *members, const char *fresh, const char *reason,
                  struct outcome *outcome);

/* Those members were given the order: until they do something on it their time to confirm runs. */
void expect_confirmation(const struct context *context, const struct record *order, const char *members,
                         struct outcome *outcome);
bool is_unseen(const struct record *order, const char *member);
/* When the first of those times ends; 0: none runs. */
int64_t confirmation_end(const struct county *county, const struct record *order);
/* That has come. */
void end_confirmation(const struct context *context, const struct record *order, struct outcome *outcome);
/* Who does something has seen the order, as has who does not have it any more. Called after every handler. */
void note_seen(const struct context *context, const struct record *order, struct outcome *outcome);

/* The order is work of those members now (by 1), or not any more (-1); nothing changes for `except`. */
void change_load(const struct context *context, const char *whose, const char *except, int64_t by,
                 struct outcome *outcome);

/* The order is answered, as `answer` (a message) says, and its resident is asked. */
void record_answer(const struct context *context, const struct record *order, const struct record *answer,
                   const char *actor, struct outcome *outcome);

/* An order that is merged into another goes its own way again; says so to the primary. Without one nothing is done. */
void leave_primary(const struct context *context, const struct record *order, const char *actor,
                   struct outcome *outcome);

/* When the claim window of an open order ends. */
int64_t claim_window_end(const struct county *county, const struct record *order);

/* When an entry of the clocks is due, as the order stands; 0: it is a rung of the order's clock, or not set. */
int64_t entry_due(const struct context *context, const struct record *order, const char *clock);

/* Moves the running clock to where it is due now, as a step. False: it is right, or not known to be wrong. */
bool move_deadline(const struct context *context, const struct record *order, struct outcome *outcome);

/* Closes the order: an end of its clocks and of its members' load. reason: for its resident; NULL: there is none. */
void close_order(const struct context *context, const struct record *order, const char *reason,
                 struct outcome *outcome);

/* "member:M1 member:M2" of "M1 M2"; likewise of another kind, and beside those who are there. */
void member_recipients(const char *members, char *ret_recipients, size_t size);
void append_recipients(const char *kind, const char *ids, char *recipients, size_t size);

/* The members who have the order, and the departments that were given it. */
void handler_recipients(const struct record *order, char *ret_recipients, size_t size);

/* "committee:K1" of the order's group; the office, which may do what it does, where the group has none. */
void committee_recipient(const struct context *context, const struct record *order, char *ret_recipient, size_t size);

/* The convener's, or that of the county's first town, where the order's is not known. */
void supervising_convener(const struct context *context, const struct record *order, char *ret_recipient, size_t size);

/* Whether who acts has the order, if it is a member; otherwise refuses. */
bool may_act(const struct record *order, const struct record *message, struct outcome *outcome);

/* Whether a matter of this kind can be made under the number that was given it; otherwise refuses. */
bool may_be_made(const struct context *context, const struct record *matter, enum matter kind, struct outcome *outcome);

/* Whether a message has a reason; otherwise refuses. */
bool has_reason(const struct record *message, struct outcome *outcome);

/* Whether the state is one of the words; otherwise refuses with a sentence that says what can be done when. */
bool state_is(const struct record *order, const char *states, const char *verb, struct outcome *outcome);

#endif
