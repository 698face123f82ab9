/*
 * channel.c - the ways by which a notice reaches somebody; see channel.h.
 */
#include "services/notification/channel.h"

#include <string.h>

static const struct {
    const char *name, *queue;
} channels[CHANNELS] = {
    [CHANNEL_SMS] = {"sms", "smsq"}, [CHANNEL_MAIL] = {"mail", "mailq"}, [CHANNEL_CHAT] = {"chat", "chatq"}};

const char *channel_name(enum channel channel)
{
    return channels[channel].name;
}

const char *channel_queue(enum channel channel)
{
    return channels[channel].queue;
}

enum channel channel_by_name(const char *name)
{
    for (enum channel channel = 0; name && channel < CHANNELS; channel++)
        if (strcmp(channels[channel].name, name) == 0)
            return channel;
    return CHANNEL_SMS;
}
