/*
 * reply_text.h - what a resident writes in reply to an SMS. All of it pure.
 *
 * Texts are plain, as reply_plain() makes them. Numbers are typed on small keys by people of seventy: what can only be
 * meant one way is taken, and the rest is asked back.
 */
#ifndef SIDAN_REPLY_TEXT_H
#define SIDAN_REPLY_TEXT_H

/* A text with full-width digits and letters, and the like, as plain ones; the caller frees it. */
char *reply_plain(const char *text);

/*
 * The text without the names of an order: its number ("990101-000123"), the end of that ("000123"), or its resident's
 * code. NULL when it has none of them. The caller frees it.
 */
char *reply_without_names(const char *plain, const char *order, const char *code);

/*
 * The rating that a text begins with, as F_RATING has it: 1, 满意, "1. 满意"; 2, 基本满意; 3, 不满意. NULL when it is
 * none, or says two things. ret_note: the words behind it, in the text; "" for none.
 */
const char *reply_rating(const char *plain, const char **ret_note);

/* The same of a meeting: its number ("990101-H000012"), the end of that ("H000012"), or "H12". */
char *reply_without_meeting(const char *plain, const char *meeting);

/*
 * What a text answers to an invitation, as F_REPLY has it: 1, 参加, "1 参加": comes; 2, 不来, "请假 出差": excused.
 * NULL when it is neither. ret_note: the words behind it, in the text; "" for none.
 */
const char *reply_attendance(const char *plain, const char **ret_note);

#endif
