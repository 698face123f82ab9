/*
 * link.h - ZeroMQ: one ROUTER that takes messages, one DEALER per peer, all encrypted (CURVE).
 *
 * A link moves envelopes and bodies and promises nothing: that a send
 * succeeded does not mean that anything arrived. Delivery is courier.c's
 * matter. The options of the sockets, and why, are in link.c.
 *
 * Both ends of a connection know each other by their keys (common/keys.h): a
 * message is handed over only while the key that it came with is allowed, and
 * is that of the service which the envelope names as its source; an answer,
 * only while the key of the instance that was asked is allowed.
 */
#ifndef SIDAN_LINK_H
#define SIDAN_LINK_H

#include "common/keys.h"
#include "common/wire.h"

#include <czmq.h>

/*
 * The largest message that is taken, in bytes; a peer that sends more loses its connection. It is also what somebody
 * without a key can make us allocate per connection, so it is not larger than needed.
 */
enum { LINK_MAX_REQUEST = 320 << 10 };

struct link;
struct peer;

/* Who sent something to our ROUTER; needed to answer. */
struct sender {
    unsigned char bytes[32];
    size_t size;
};

struct link_handlers {
    /* An event or a call came in. */
    void (*request)(void *arg, const struct sender *sender, const struct envelope *envelope, const char *body,
                    size_t size);
    /* An ack or a reply came back from a peer. owner is what link_open() was given. */
    void (*response)(void *arg, void *owner, const struct envelope *envelope, const char *body, size_t size);
    /* All that was there has been handed over. */
    void (*drained)(void *arg);
};

/* bind: "tcp://host:port", port * for any. 0 or -errno. keys and handlers must outlive the link. */
int link_new(zloop_t *loop, const char *bind, const struct keys *keys, const struct link_handlers *handlers, void *arg,
             struct link **ret_link);
/* Closes all peers as well. */
void link_destroy(struct link **link);

/* The port that the ROUTER is bound to. */
int link_port(const struct link *link);

/*
 * Connects to an instance of another service, which must prove that it has the
 * secret of this public key. NULL when the endpoint is none, or the key is not
 * allowed to that service.
 */
struct peer *link_open(struct link *link, int service, const char *endpoint, const char *key, void *owner);
void link_close(struct peer **peer);

/* Connections that were refused and messages that were dropped so far. */
unsigned long link_refused(const struct link *link);

/* Whether the peer is connected, can take a message, and its key is still allowed. */
bool link_can_send(const struct peer *peer);

/* 0; -EAGAIN when the peer cannot take it now, which includes not being connected yet. */
int link_send(struct peer *peer, const struct envelope *envelope, const char *body, size_t size);

/* Answers a sender; one that has gone is passed over in silence. */
void link_answer(struct link *link, const struct sender *sender, const struct envelope *envelope, const char *body,
                 size_t size);

#endif
