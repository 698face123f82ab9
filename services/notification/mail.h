/*
 * mail.h - a notice as a mail; all of it pure.
 */
#ifndef SIDAN_NOTIFICATION_MAIL_H
#define SIDAN_NOTIFICATION_MAIL_H

#include "services/notification/driver.h"

/* The beginning of a notice, as what a list of mails shows; and that as encoded words of RFC 2047, folded. The caller
 * frees both. No text can end the header: the words are Base64. */
char *mail_subject(const char *text);
char *mail_encode(const char *words);

/* "<ID@example.cn>", the same however often a notice is sent: duplicates can be told. The caller frees it. */
char *mail_message_id(const char *id, const char *from);

/*
 * What a server's last reply means. reply: its code, 0 without. begun: whether the mail itself had begun to be sent:
 * then only a reply after it tells whether it was taken.
 */
enum sms_result mail_meaning(long reply, bool begun);

#endif
