/*
 * gate.c - lets in whom the keys allow; see gate.h.
 *
 * A connection's user id is its public key: keys.c says at any time whose that is, also when the list has changed
 * since.
 *
 * What somebody without a key can do (libzmq 4.3.4): hold a connection for HANDSHAKE_MS, and fill it with one frame of
 * LINK_MAX_REQUEST bytes. So connections are counted, and while there are MAX_CONNECTIONS the kernel is told to drop
 * what asks for one more: those that are there go on, and who is new tries again. libzmq itself knows no such limit
 * (and would end all connections with zmq_unbind), and without file descriptors neither Redis nor HTTP could be
 * reached. The monitor's events say how many there are; they come in the loop, like everything else.
 */
#include "common/gate.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/metrics.h"

#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { HANDSHAKE_MS = 10000, MAX_CONNECTIONS = 1024, DRAIN = 256, ZAP_FRAMES = 7, KEY_BYTES = 32 };

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define MONITOR_ENDPOINT "inproc://gate"

struct gate {
    zloop_t *loop;
    const struct keys *keys;
    void *context, *zap;
    void *router, *monitor; /* NULL until it is bound */
    char endpoint[128];     /* with the port that was found */
    int listener;           /* the descriptor behind it, libzmq's */
    int connections, limit; /* open ones, handshakes included */
    unsigned long refused;
    bool full; /* nobody new gets a connection for a while */
};

/* --- ZAP: version, request id, domain, address, identity, mechanism, credentials --- */

/* Receives a request: the id to answer with and the key. False when there is none. */
static bool receive_request(void *zap, char id[16], uint8_t key[KEY_BYTES], bool *ret_curve)
{
    zmq_msg_t frame;
    bool curve = false, more = true, any = false;
    size_t id_size = 0, key_size = 0;
    zmq_msg_init(&frame);
    for (int i = 0; more && zmq_msg_recv(&frame, zap, ZMQ_DONTWAIT) >= 0; i++) {
        const void *data = zmq_msg_data(&frame);
        size_t size = zmq_msg_size(&frame);
        any = true;
        if (i == 1 && size < 16)
            memcpy(id, data, id_size = size);
        else if (i == 5)
            curve = size == 5 && memcmp(data, "CURVE", 5) == 0;
        else if (i == ZAP_FRAMES - 1 && size == KEY_BYTES)
            memcpy(key, data, key_size = size);
        more = zmq_msg_more(&frame);
    }
    zmq_msg_close(&frame);
    id[id_size] = '\0';
    *ret_curve = curve && key_size == KEY_BYTES;
    return any;
}

/* Always 200 or 400: with another status libzmq leaves the peer hanging. */
static int on_zap(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    (void)loop;
    const struct gate *gate = arg;
    char id[16], key[CURVE_KEY_SIZE] = "";
    uint8_t bytes[KEY_BYTES];
    bool curve;
    for (int i = 0; i < DRAIN && receive_request(item->socket, id, bytes, &curve); i++) {
        bool allowed = curve && zmq_z85_encode(key, bytes, sizeof bytes) && keys_owner(gate->keys, key);
        const char *answer[] = {"1.0", id, allowed ? "200" : "400", allowed ? "OK" : "not allowed", allowed ? key : "",
                                ""};
        enum { FRAMES = sizeof answer / sizeof *answer };
        for (int k = 0; k < FRAMES; k++)
            zmq_send(item->socket, answer[k], strlen(answer[k]), ZMQ_DONTWAIT | (k + 1 < FRAMES ? ZMQ_SNDMORE : 0));
    }
    return 0;
}

const char *gate_key(zmq_msg_t *frame)
{
    return zmq_msg_gets(frame, "User-Id");
}

/* --- the monitor --- */

static void count_handshake(struct gate *gate, const char *result)
{
    gate->refused += strcmp(result, "ok") != 0;
    char labels[40];
    snprintf(labels, sizeof labels, "result=\"%s\"", result);
    metric_add("sidan_link_handshakes_total", "Connections to this instance by how their handshake ended", labels, 1);
}

static void note_event(struct gate *gate, unsigned event, unsigned value)
{
    switch (event) {
    case ZMQ_EVENT_LISTENING:
        gate->listener = (int)value;
        break;
    case ZMQ_EVENT_ACCEPTED:
        gate->connections++;
        metric_add("sidan_link_accepted_total",
                   "Connections to this instance; those without a handshake's result spoke another protocol", "", 1);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        gate->connections--;
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        count_handshake(gate, "ok");
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        count_handshake(gate, "unknown_key");
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        count_handshake(gate, value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH ? "no_key" : "invalid");
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        count_handshake(gate, "incomplete");
        break;
    default:
        break;
    }
}

/* A socket filter that lets no packet through, so that no connection begins; those that have begun do not have it. */
static void set_full(struct gate *gate, bool full)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog filter = {.len = 1, .filter = &nothing};
    if (setsockopt(gate->listener, SOL_SOCKET, full ? SO_ATTACH_FILTER : SO_DETACH_FILTER, &filter, sizeof filter) < 0)
        return;
    log_debug("gate: %s with %d connections", full ? "full" : "open again", gate->connections);
    gate->full = full;
}

static int on_monitor(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    (void)loop;
    struct gate *gate = arg;
    struct {
        uint16_t event;
        uint32_t value;
    } __attribute__((packed)) head;
    char address[256];
    while (zmq_recv(item->socket, &head, sizeof head, ZMQ_DONTWAIT) == (int)sizeof head) {
        zmq_recv(item->socket, address, sizeof address, ZMQ_DONTWAIT);
        note_event(gate, head.event, head.value);
    }
    metric_set("sidan_link_connections", "Open connections to this instance", "", gate->connections);
    if (!gate->full && gate->connections >= gate->limit)
        set_full(gate, true);
    else if (gate->full && gate->connections <= gate->limit / 4 * 3)
        set_full(gate, false);
    return 0;
}

/* --- */

int gate_new(zloop_t *loop, void *context, const struct keys *keys, struct gate **ret_gate)
{
    struct rlimit files;
    struct gate *gate = xcalloc(1, sizeof *gate);
    *gate = (struct gate){.loop = loop, .context = context, .keys = keys, .limit = MAX_CONNECTIONS};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur / 2 < MAX_CONNECTIONS)
        gate->limit = (int)(files.rlim_cur / 2);
    gate->zap = zmq_socket(context, ZMQ_REP);
    if (!gate->zap || zmq_bind(gate->zap, ZAP_ENDPOINT) < 0) {
        int error = errno;
        gate_destroy(&gate);
        return -error;
    }
    zmq_pollitem_t item = {.socket = gate->zap, .events = ZMQ_POLLIN};
    zloop_poller(loop, &item, on_zap, gate);
    *ret_gate = gate;
    return 0;
}

static void end_socket(zloop_t *loop, void *socket)
{
    int zero = 0;
    zloop_poller_end(loop, &(zmq_pollitem_t){.socket = socket});
    zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
    zmq_close(socket);
}

void gate_destroy(struct gate **gate)
{
    if (!*gate)
        return;
    if ((*gate)->router)
        zmq_socket_monitor((*gate)->router, NULL, 0);
    if ((*gate)->monitor)
        end_socket((*gate)->loop, (*gate)->monitor);
    if ((*gate)->zap)
        end_socket((*gate)->loop, (*gate)->zap);
    free(*gate);
    *gate = NULL;
}

static int watch(struct gate *gate)
{
    int unlimited = 0; /* else libzmq's own thread would wait for this loop */
    if (zmq_socket_monitor(gate->router, MONITOR_ENDPOINT,
                           ZMQ_EVENT_LISTENING | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED |
                               ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) < 0)
        return -errno;
    gate->monitor = zmq_socket(gate->context, ZMQ_PAIR);
    if (!gate->monitor)
        return -errno;
    zmq_setsockopt(gate->monitor, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
    if (zmq_connect(gate->monitor, MONITOR_ENDPOINT) < 0)
        return -errno;
    zmq_pollitem_t item = {.socket = gate->monitor, .events = ZMQ_POLLIN};
    zloop_poller(gate->loop, &item, on_monitor, gate);
    return 0;
}

int gate_bind(struct gate *gate, void *router, const char *endpoint)
{
    int one = 1, patience = HANDSHAKE_MS;
    gate->router = router;
    zmq_setsockopt(router, ZMQ_HANDSHAKE_IVL, &patience, sizeof patience);
    zmq_setsockopt(router, ZMQ_CURVE_SERVER, &one, sizeof one);
    zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, keys_own_secret(gate->keys), CURVE_KEY_SIZE);
    int r = watch(gate);
    if (r < 0)
        return r;
    if (zmq_bind(router, endpoint) < 0)
        return -errno;
    size_t size = sizeof gate->endpoint;
    return zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, gate->endpoint, &size) < 0 ? -errno : 0;
}

unsigned long gate_refused(const struct gate *gate)
{
    return gate->refused;
}

int gate_port(const struct gate *gate)
{
    return atoi(strrchr(gate->endpoint, ':') + 1);
}
