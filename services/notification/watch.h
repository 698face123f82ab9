/*
 * watch.h - looks at SMS that wait: counts them, and settles those whose receipt does not come.
 */
#ifndef SIDAN_NOTIFICATION_WATCH_H
#define SIDAN_NOTIFICATION_WATCH_H

#include "common/service.h"

void watch_sms(struct service *service);

#endif
