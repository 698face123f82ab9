/*
 * feed.h - tells browsers and other systems what has changed, while they wait: server-sent events.
 *
 * Whoever listens hears of orders, meetings, suggestions and entries that they may see, as they stand, each change
 * within a second; and of those of their group that they may see no longer. Nothing is lost by a connection that
 * breaks: the client comes again with the Last-Event-ID that it has, to any instance. Who is away for too long is told
 * to look at everything anew.
 */
#ifndef SIDAN_INTAKE_FEED_H
#define SIDAN_INTAKE_FEED_H

#include "services/intake/intake.h"

/*
 * Each listens for so many ms at a time. At most so many listen at once; then the one who has listened for longest has
 * to come again.
 */
struct feed *feed_new(struct service *service, int64_t ms, size_t listeners);
void feed_destroy(struct feed **feed);

/* Tells what has changed; called by a timer. */
void feed_turn(struct feed *feed);

#endif
