/*
 * gathering.h - finds reminders that are due, and has those to one person go together.
 */
#ifndef SIDAN_NOTIFICATION_GATHERING_H
#define SIDAN_NOTIFICATION_GATHERING_H

#include "common/service.h"

enum { GATHER_TURN_MS = 500 };
void gathering_turn(struct service *service);

#endif
