/*
 * link.c - the ZeroMQ sockets; see link.h.
 *
 * Why the sockets are set up as they are (libzmq 4.3.4):
 *  - RCVHWM 0: a finite one together with heartbeats can abort the process.
 *    What may be under way is bounded by the courier's window instead.
 *  - heartbeats of 5 s with a timeout of 15 s notice a peer whose machine is gone.
 *  - LINGER 0: unsent messages are in the outbox; closing must not hang.
 *  - IMMEDIATE 1: nothing is queued for a peer that is not connected.
 *  - MANDATORY with DONTWAIT: a ROUTER neither drops in silence nor blocks.
 *  - one frame a message: with IMMEDIATE a peer that goes away while a message of several is being read aborts the
 *    reader (an assertion in libzmq's fq.cpp).
 *  - no routing id: a duplicate would be ignored in silence; who speaks is said in the envelope, and proved by the key.
 */
#include "common/link.h"

#include "common/alloc.h"
#include "common/gate.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/text.h"

#include <errno.h>
#include <string.h>

enum { HEARTBEAT_MS = 5000, HEARTBEAT_TIMEOUT_MS = 15000, MAX_ANSWER = 64 << 20, DRAIN = 256, DRAIN_MS = 20 };

struct link {
    zloop_t *loop;
    void *context;
    const struct keys *keys;
    void *router;
    struct gate *gate; /* of the router */
    unsigned long dropped;
    const struct link_handlers *handlers;
    void *arg;
    struct peer *peers;
};

struct peer {
    struct link *link;
    struct peer *next;
    void *socket;
    void *owner;
    int service;
    char key[CURVE_KEY_SIZE];
};

/* max_message: what a peer may make us allocate; only answers are large. */
static void set_options(void *socket, int64_t max_message)
{
    int zero = 0, one = 1, interval = HEARTBEAT_MS, timeout = HEARTBEAT_TIMEOUT_MS;
    zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
    zmq_setsockopt(socket, ZMQ_RCVHWM, &zero, sizeof zero);
    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_message, sizeof max_message);
    zmq_setsockopt(socket, ZMQ_HEARTBEAT_IVL, &interval, sizeof interval);
    zmq_setsockopt(socket, ZMQ_HEARTBEAT_TIMEOUT, &timeout, sizeof timeout);
    zmq_setsockopt(socket, ZMQ_IMMEDIATE, &one, sizeof one);
}

/* Receives a frame into an empty message. */
static bool receive(void *socket, zmq_msg_t *frame)
{
    zmq_msg_close(frame);
    zmq_msg_init(frame);
    return zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) >= 0;
}

/* Drops what is left of a message that has more frames than ours have. */
static void skip_rest(void *socket, zmq_msg_t *frame)
{
    while (zmq_msg_more(frame) && receive(socket, frame))
        ;
}

static void drop(struct link *link, const char *reason)
{
    link->dropped++;
    char labels[40];
    snprintf(labels, sizeof labels, "reason=\"%s\"", reason);
    metric_add("sidan_link_dropped_total", "Messages dropped unread, and announced instances that are not trusted",
               labels, 1);
}

/* Whether the key that the frame came with is that of whom the envelope names as its source. */
static bool is_authentic(struct link *link, zmq_msg_t *frame, const struct envelope *envelope)
{
    const char *key = gate_key(frame), *owner = key ? keys_owner(link->keys, key) : NULL;
    const char *source = speaker_name(envelope->source);
    if (!owner) /* it was when the connection was made */
        drop(link, "key");
    else if (source && strcmp(owner, source) == 0)
        return true;
    else
        drop(link, "source");
    return false;
}

static bool is_allowed(const struct peer *peer)
{
    return keys_are_of(peer->link->keys, service_name(peer->service), peer->key);
}

static int on_router(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    (void)loop;
    struct link *link = arg;
    zmq_msg_t identity, frame;
    zmq_msg_init(&identity);
    zmq_msg_init(&frame);
    for (int i = 0; i < DRAIN && receive(item->socket, &identity); i++) {
        struct sender sender = {.size = zmq_msg_size(&identity)};
        struct envelope envelope;
        size_t body;
        if (!zmq_msg_more(&identity) || !receive(item->socket, &frame))
            continue;
        const char *data = zmq_msg_data(&frame);
        size_t size = zmq_msg_size(&frame);
        if (zmq_msg_more(&frame) || sender.size > sizeof sender.bytes ||
            wire_unpack_envelope(data, size, &envelope, &body) < 0) {
            drop(link, "unreadable");
        } else if (is_authentic(link, &frame, &envelope)) {
            memcpy(sender.bytes, zmq_msg_data(&identity), sender.size);
            link->handlers->request(link->arg, &sender, &envelope, data + body, size - body);
        }
        skip_rest(item->socket, &frame);
    }
    zmq_msg_close(&identity);
    zmq_msg_close(&frame);
    link->handlers->drained(link->arg);
    return 0;
}

static int on_peer(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    (void)loop;
    struct peer *peer = arg;
    struct link *link = peer->link;
    zmq_msg_t frame;
    int64_t began = mono_ms();
    zmq_msg_init(&frame);
    /* Answers are worked with at once, and may be large: what else the loop has to do must not wait for all of them. */
    for (int i = 0; i < DRAIN && mono_ms() - began < DRAIN_MS && receive(item->socket, &frame); i++) {
        struct envelope envelope;
        size_t body, size = zmq_msg_size(&frame);
        const char *data = zmq_msg_data(&frame);
        if (zmq_msg_more(&frame) || wire_unpack_envelope(data, size, &envelope, &body) < 0)
            drop(link, "unreadable");
        else if (!is_allowed(peer))
            drop(link, "key");
        else
            link->handlers->response(link->arg, peer->owner, &envelope, data + body, size - body);
        skip_rest(item->socket, &frame);
    }
    zmq_msg_close(&frame);
    link->handlers->drained(link->arg);
    return 0;
}

static int bind_router(struct link *link, const char *bind)
{
    int one = 1, unlimited = 0;
    link->router = zmq_socket(link->context, ZMQ_ROUTER);
    if (!link->router)
        return -errno;
    set_options(link->router, LINK_MAX_REQUEST);
    zmq_setsockopt(link->router, ZMQ_ROUTER_MANDATORY, &one, sizeof one);
    zmq_setsockopt(link->router, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
    int r = gate_new(link->loop, link->context, link->keys, &link->gate);
    if (r == 0)
        r = gate_bind(link->gate, link->router, bind);
    if (r < 0)
        return r;
    zmq_pollitem_t item = {.socket = link->router, .events = ZMQ_POLLIN};
    return zloop_poller(link->loop, &item, on_router, link) < 0 ? -ENOMEM : 0;
}

int link_new(zloop_t *loop, const char *bind, const struct keys *keys, const struct link_handlers *handlers, void *arg,
             struct link **ret_link)
{
    struct link *link = xcalloc(1, sizeof *link);
    *link = (struct link){.loop = loop, .keys = keys, .handlers = handlers, .arg = arg, .context = zmq_ctx_new()};
    int r = bind_router(link, bind);
    if (r < 0) {
        link_destroy(&link);
        return r;
    }
    *ret_link = link;
    return 0;
}

void link_destroy(struct link **link)
{
    if (!*link)
        return;
    for (struct peer *peer = (*link)->peers, *next; peer; peer = next) {
        next = peer->next;
        link_close(&peer);
    }
    gate_destroy(&(*link)->gate);
    if ((*link)->router) {
        zloop_poller_end((*link)->loop, &(zmq_pollitem_t){.socket = (*link)->router});
        zmq_close((*link)->router);
    }
    zmq_ctx_term((*link)->context);
    free(*link);
    *link = NULL;
}

int link_port(const struct link *link)
{
    return gate_port(link->gate);
}

unsigned long link_refused(const struct link *link)
{
    return link->dropped + gate_refused(link->gate);
}

struct peer *link_open(struct link *link, int service, const char *endpoint, const char *key, void *owner)
{
    if (!keys_are_of(link->keys, service_name(service), key)) {
        drop(link, "registry");
        return NULL;
    }
    void *socket = zmq_socket(link->context, ZMQ_DEALER);
    if (!socket)
        return NULL;
    set_options(socket, MAX_ANSWER);
    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, key, CURVE_KEY_SIZE);
    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys_own_public(link->keys), CURVE_KEY_SIZE);
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys_own_secret(link->keys), CURVE_KEY_SIZE);
    if (zmq_connect(socket, endpoint) < 0) {
        zmq_close(socket);
        return NULL;
    }
    struct peer *peer = xcalloc(1, sizeof *peer);
    *peer = (struct peer){.link = link, .next = link->peers, .socket = socket, .owner = owner, .service = service};
    snprintf(peer->key, sizeof peer->key, "%s", key);
    link->peers = peer;
    zloop_poller(link->loop, &(zmq_pollitem_t){.socket = socket, .events = ZMQ_POLLIN}, on_peer, peer);
    return peer;
}

void link_close(struct peer **peer)
{
    if (!*peer)
        return;
    struct peer **place = &(*peer)->link->peers;
    while (*place != *peer)
        place = &(*place)->next;
    *place = (*peer)->next;
    zloop_poller_end((*peer)->link->loop, &(zmq_pollitem_t){.socket = (*peer)->socket});
    zmq_close((*peer)->socket);
    free(*peer);
    *peer = NULL;
}

static int send_frame(void *socket, const struct envelope *envelope, const char *body, size_t size)
{
    msgpack_sbuffer frame;
    msgpack_sbuffer_init(&frame);
    wire_pack_envelope(&frame, envelope);
    msgpack_sbuffer_write(&frame, body, size);
    int r = zmq_send(socket, frame.data, frame.size, ZMQ_DONTWAIT) < 0 ? -errno : 0;
    msgpack_sbuffer_destroy(&frame);
    return r;
}

bool link_can_send(const struct peer *peer)
{
    int events = 0;
    size_t size = sizeof events;
    return is_allowed(peer) && zmq_getsockopt(peer->socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLOUT);
}

int link_send(struct peer *peer, const struct envelope *envelope, const char *body, size_t size)
{
    return send_frame(peer->socket, envelope, body, size);
}

void link_answer(struct link *link, const struct sender *sender, const struct envelope *envelope, const char *body,
                 size_t size)
{
    /* The identity decides: where it is taken, libzmq takes the message too. */
    int r = zmq_send(link->router, sender->bytes, sender->size, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0 ? -errno : 0;
    if (r == 0)
        r = send_frame(link->router, envelope, body, size);
    if (r < 0)
        log_debug("link: an answer could not be sent: %s", zmq_strerror(-r));
}
