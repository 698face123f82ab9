/*
 * channel.h - the ways by which a notice reaches somebody. What sms.h says of SMS holds for all of them: one for each
 * event, person and channel.
 */
#ifndef SIDAN_NOTIFICATION_CHANNEL_H
#define SIDAN_NOTIFICATION_CHANNEL_H

enum channel { CHANNEL_SMS, CHANNEL_MAIL, CHANNEL_CHAT, CHANNELS };

/* sms, mail, chat; and the zset of what is to be sent, by when: each has its own, so that none waits for another. */
const char *channel_name(enum channel channel);
const char *channel_queue(enum channel channel);

/* Of its name; CHANNEL_SMS for NULL and anything else, because an older version names none. */
enum channel channel_by_name(const char *name);

#endif
