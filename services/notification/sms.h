/*
 * sms.h - one SMS on its way to one person.
 *
 * An SMS is the county's hash sms:<id>. The id is "<order or county>.<id of
 * the message that asked for it>.<n>", so a redelivered message means the same
 * SMS. While it is to be sent it stands in the zset smsq (score: when next
 * something is to be done); while a receipt may come, in smswait (score: when
 * we stop waiting). smsunknown lists, for the operator, those of which nobody
 * can tell whether they arrived (score: since when). A reminder waits in
 * smsgather, where those to one person meet, before each try; an entry there
 * is "TEMPLATE|PERSON|ID".
 */
#ifndef SIDAN_NOTIFICATION_SMS_H
#define SIDAN_NOTIFICATION_SMS_H

#include "common/alloc.h"
#include "common/service.h"
#include "services/notification/channel.h"

#define SMS_QUEUE "smsq" /* of mail and chats: channel.h */
#define SMS_GATHER "smsgather"
#define SMS_WAITING "smswait"
#define SMS_UNKNOWN_LIST "smsunknown"
#define SMS_TOLD "told:"       /* and the day: a hash from PERSON to the SMS of the day that count */
#define SMS_OPTED_OUT "optout" /* a hash from PERSON to since when */

/* Fields of the hash. */
#define SMS_FIELD_STATE "state"
#define SMS_FIELD_RANK "rank"
#define SMS_FIELD_ORDER "order"         /* "" when about none */
#define SMS_FIELD_RECIPIENT "recipient" /* member:M1, resident, ... */
#define SMS_FIELD_TEMPLATE "template"
#define SMS_FIELD_CHANNEL "channel" /* absent: sms */
#define SMS_FIELD_PHONE "phone"     /* sealed, as any address; taken away once the SMS is settled */
#define SMS_FIELD_TEXT "text"       /* likewise */
#define SMS_FIELD_VALUES "values"   /* likewise; the template's, as a JSON object */
#define SMS_FIELD_CREATED "created"
#define SMS_FIELD_EXPIRES "expires"   /* after which it is not sent any more, ms since 1970; absent: never */
#define SMS_FIELD_ATTEMPT "attempt"   /* how often it was taken to be sent */
#define SMS_FIELD_OWNER "owner"       /* the instance that took it last */
#define SMS_FIELD_WAIT "wait"         /* until when a receipt is waited for */
#define SMS_FIELD_DETAIL "detail"     /* cause of the latest setback */
#define SMS_FIELD_GATEWAY "gateway"   /* the one that had it last */
#define SMS_FIELD_PERSON "person"     /* keyed hash of the phone */
#define SMS_FIELD_PATIENT "patient"   /* it keeps quiet hours and the day's limit; absent: it does not */
#define SMS_FIELD_OPTIONAL "optional" /* who has opted out does not get it; absent: they do */
#define SMS_FIELD_HELD "held"         /* it had to wait, for loud hours, for another day, for others to go with it */
#define SMS_FIELD_COUNTED "counted"   /* on which day */
#define SMS_FIELD_GATHER "gather"     /* of a reminder: "TEMPLATE|PERSON", those of which go together */
#define SMS_FIELD_CLOCK "clock"       /* likewise: which is overdue */
#define SMS_FIELD_CARRIES "carries"   /* likewise: others that it speaks for, "ID|RECIPIENT", space between */

/* A state's rank only rises; the one exception is sending, back to queued, after a definite "not now". */
enum sms_rank {
    RANK_GATHERING, /* queued, in smsgather */
    RANK_QUEUED,
    RANK_SENDING,
    RANK_UNKNOWN,
    RANK_ACCEPTED,
    RANK_SETTLED, /* delivered, failed, muted; or accepted or unknown, and no receipt came in time */
};

#define SMS_QUEUED "queued"
#define SMS_SENDING "sending"
#define SMS_UNKNOWN "unknown"
#define SMS_ACCEPTED "accepted"
#define SMS_DELIVERED "delivered"
#define SMS_FAILED "failed"
#define SMS_MUTED "muted" /* not sent: what it was about has passed, or the person wants none */
/* Not a state: what the queue says of an SMS whose receipt did not come in time. It keeps the state it has. */
#define SMS_OVERDUE "overdue"
/* Likewise, of one whose phone has had enough for now. It goes back to the queue for longer. */
#define SMS_DEFERRED "deferred"

enum {
    SMS_TRIES = 100,               /* then a gateway's "not now" is taken for a no; about eight hours */
    SMS_KEEP_S = 7 * 24 * 60 * 60, /* a settled SMS is remembered, without phone and text */
    SMS_ID_SIZE = 65,
    SMS_DEFER_MS = 3600000, /* for which a phone is left alone that has had enough */
    CHAT_DEFER_MS = 600000, /* likewise a chat; so long the strictest of them blocks a robot */
    SMS_GATHER_MS = 3000,   /* for which a reminder waits for others */
    SMS_CARRIED_MAX = 100,  /* reminders that go as one */
};

/* What a sealed value of an SMS belongs to: its phone, its text, or (SMS_FILE) its file in the spool. The caller frees
 * it. */
#define SMS_FILE "file"
#define SPOOL_SUFFIX ".txt"
enum { SPOOL_FILE_MAX = 16384 }; /* bytes; the text has 500 characters at most */
static inline char *sms_owner(const char *id, const char *what)
{
    return xasprintf("sms/%s/%s", id, what);
}

/* -- an SMS in an outcome -------------------------------------------------------------------------------------------
 */

enum { SMS_KEY_SIZE = SMS_ID_SIZE + 8 };
void sms_key(char key[SMS_KEY_SIZE], const char *id);
void sms_set_int(struct outcome *outcome, const char *key, const char *field, int64_t value);
void sms_set_sealed(const struct context *context, struct outcome *outcome, const char *id, const char *field,
                    const char *value);

struct person;
struct wording;

/* One SMS that a message asks for. */
struct notice {
    const char *order; /* "" where it is about none */
    size_t n;          /* which of the message's */
    const struct person *person;
    const char *template;
    const struct wording *wording;
    int64_t expires;   /* when it is of no use any more, or 0 */
    bool at_once;      /* by night, too, and however many there were */
    const char *clock; /* of a reminder */
};
void sms_queue(const struct context *context, struct outcome *outcome, const struct notice *notice);
/* Back into its queue, or where reminders gather, at that moment. gather: SMS_FIELD_GATHER; NULL: it is none. */
void sms_wait(struct outcome *outcome, const char *id, enum channel channel, const char *gather, int64_t at);

/* The end of an SMS: the archive learns of it, and what is personal goes. */
struct fate {
    const char *id, *order, *recipient, *template, *state, *detail;
};
void sms_end(const struct context *context, struct outcome *outcome, const struct fate *fate);

/* How long to wait after the n-th "not now". */
static inline int64_t sms_pause_ms(int64_t attempt)
{
    int64_t pause = 2000 * attempt * attempt;
    return pause < 300000 ? pause : 300000;
}

#endif
