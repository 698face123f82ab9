/*
 * gate.h - who may connect to a ROUTER: peers whose key is allowed, and not too many.
 *
 * Every new connection is asked for its key (CURVE), which must be in the list
 * of common/keys.h; libzmq asks through ZAP (RFC 27), and this answers in the
 * loop. What was refused is counted: sidan_link_accepted_total,
 * sidan_link_handshakes_total, sidan_link_connections.
 */
#ifndef SIDAN_GATE_H
#define SIDAN_GATE_H

#include "common/keys.h"

#include <czmq.h>

struct gate;

/* Answers for all sockets of the context. Before any of them is bound; keys must outlive it. 0 or -errno. */
int gate_new(zloop_t *loop, void *context, const struct keys *keys, struct gate **ret_gate);
/* Before its ROUTER is closed. */
void gate_destroy(struct gate **gate);

/* Opens the ROUTER to those who are allowed: "tcp://host:port", port * for any. 0 or -errno. */
int gate_bind(struct gate *gate, void *router, const char *endpoint);

/* The port that it is bound to. */
int gate_port(const struct gate *gate);

/* Handshakes that failed so far. */
unsigned long gate_refused(const struct gate *gate);

/* The key that a message came with; NULL when there is none, which a ROUTER behind a gate does not receive. */
const char *gate_key(zmq_msg_t *frame);

#endif
