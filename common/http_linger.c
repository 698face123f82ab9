/*
 * http_linger.c - an answer in the middle of an upload, so that it arrives.
 *
 * libmicrohttpd does not take an answer while a body is coming in, and a
 * socket closed with unread data resets the connection: the client would see
 * a reset instead of its 413 or 408. So the answer is written to the socket
 * directly, our side is closed for sending, and a duplicate of the socket is
 * kept here: what still comes in is read and thrown away until the client has
 * closed too or LINGER_MS is over. Nothing is stored. When a write fails the
 * client is gone, and nothing is lost by that.
 */
#include "common/alloc.h"
#include "common/http_internal.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINGER_MS = 30 * 1000, /* as nginx's lingering_time */
    LINGER_TICK_MS = 20,
    LINGER_MAX = 64, /* the oldest gives way */
};

struct lingering {
    int fd;
    int64_t until;
};

struct http_linger {
    zloop_t *loop;
    int timer; /* -1 when nothing lingers */
    struct lingering sockets[LINGER_MAX];
    size_t count;
};

struct http_linger *http_linger_new(zloop_t *loop)
{
    struct http_linger *linger = xcalloc(1, sizeof *linger);
    linger->loop = loop;
    linger->timer = -1;
    return linger;
}

static void forget(struct http_linger *linger, size_t index)
{
    close(linger->sockets[index].fd);
    linger->count--;
    memmove(&linger->sockets[index], &linger->sockets[index + 1], (linger->count - index) * sizeof linger->sockets[0]);
}

void http_linger_destroy(struct http_linger **linger)
{
    if (!*linger)
        return;
    while ((*linger)->count > 0)
        forget(*linger, 0);
    if ((*linger)->timer >= 0)
        zloop_timer_end((*linger)->loop, (*linger)->timer);
    free(*linger);
    *linger = NULL;
}

/* Reads and drops what has come. False when the client has closed as well. */
static bool drain(int fd)
{
    static char scrap[256 * 1024];
    ssize_t got;
    do
        got = recv(fd, scrap, sizeof scrap, MSG_DONTWAIT);
    while (got > 0 || (got < 0 && errno == EINTR));
    if (got < 0 && errno != EAGAIN)
        return false;
    struct tcp_info info;
    socklen_t size = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state != TCP_CLOSE &&
           info.tcpi_state != TCP_TIME_WAIT;
}

static int on_tick(zloop_t *loop, int timer, void *arg)
{
    struct http_linger *linger = arg;
    int64_t now = zclock_mono();
    for (size_t i = linger->count; i-- > 0;) {
        if (!drain(linger->sockets[i].fd) || now >= linger->sockets[i].until)
            forget(linger, i);
    }
    if (linger->count == 0) {
        zloop_timer_end(loop, timer);
        linger->timer = -1;
    }
    return 0;
}

static void send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return; /* gone; the few hundred bytes of an error fit into any live socket's buffer */
        data += sent;
        size -= (size_t)sent;
    }
}

void http_linger_answer(struct http_linger *linger, int fd, int status, const char *type,
                        const struct http_pairs *headers, const char *body, size_t size)
{
    zchunk_t *answer = zchunk_new(NULL, 1024 + size);
    AUTOFREE char *head =
        xasprintf("HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %zu\r\n", status,
                  MHD_get_reason_phrase_for((unsigned)status), type, size);
    zchunk_extend(answer, head, strlen(head));
    for (size_t i = 0; i < headers->count; i++) {
        AUTOFREE char *line = xasprintf("%s: %s\r\n", headers->at[i].name, headers->at[i].value);
        zchunk_extend(answer, line, strlen(line));
    }
    zchunk_extend(answer, "\r\n", 2);
    zchunk_extend(answer, body, size);
    send_all(fd, (const char *)zchunk_data(answer), zchunk_size(answer));
    zchunk_destroy(&answer);
    shutdown(fd, SHUT_WR);

    int copy = dup(fd);
    if (copy < 0)
        return;
    if (linger->count == LINGER_MAX)
        forget(linger, 0);
    linger->sockets[linger->count++] = (struct lingering){.fd = copy, .until = zclock_mono() + LINGER_MS};
    if (linger->timer < 0)
        linger->timer = zloop_timer(linger->loop, LINGER_TICK_MS, 0, on_tick, linger);
}
