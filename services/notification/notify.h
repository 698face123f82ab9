/*
 * notify.h - what notification decides; all of it pure.
 */
#ifndef SIDAN_NOTIFICATION_NOTIFY_H
#define SIDAN_NOTIFICATION_NOTIFY_H

#include "common/service.h"

handler_fn notify;         /* MSG_NOTIFY: an SMS for each person who is to be told */
handler_fn sms_outcome;    /* MSG_SMS_OUTCOME: what became of an attempt to send one */
handler_fn sms_receipt;    /* MSG_SMS_RECEIPT: what the gateway reports later */
handler_fn send_code;      /* MSG_SEND_CODE: a code to sign in with, for somebody on the roster */
handler_fn test_sms;       /* MSG_TEST_SMS: an SMS with a fixed text to any phone */
handler_fn sms_reply;      /* MSG_SMS_REPLY: what somebody wrote back */
handler_fn list_templates; /* MSG_LIST_TEMPLATES: what each SMS says */
handler_fn sms_gather;     /* MSG_SMS_GATHER: reminders to one person that go together */

struct person;
/* An SMS about no order to one person, at once. */
void tell_now(const struct context *context, struct outcome *outcome, const struct person *person,
              const char *template_name, const struct record *message);

/* The hash of the SMS that an outcome or a receipt is about. */
void sms_aux(const struct record *message, char *key, size_t size);

#endif
