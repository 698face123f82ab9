/*
 * http.c - the HTTP server's loop: connections, their deadlines, and
 * libmicrohttpd's callbacks.
 *
 * libmicrohttpd runs in our loop: its epoll descriptor is one of the loop's
 * pollers. It knows only inactivity, in whole seconds; so each connection has
 * a deadline of its own for the phase it is in, looked at by a tick: a client
 * that sends one byte a minute gets its 408. A connection owns its request;
 * while a handler owes an answer the connection is suspended and stays.
 */
#include "common/http_internal.h"

#include "common/alloc.h"
#include "common/text.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TICK_MS = 100,
    IDLE_MS = 60 * 1000, /* a kept-alive connection without a request */
    ROUNDS = 16,         /* of libmicrohttpd per turn of the loop */
    SPARE = 64,          /* connections above the greatest number, for those who come while others give way */
    DEFAULT_MAX_BODY = 64 * 1024,
    MAX_FIRST = 64 * 1024, /* of a body's first allocation: a length is only a promise */
};

static struct http_connection *connection_of(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void set_deadline(struct http_connection *connection, int64_t ms)
{
    connection->since = zclock_mono();
    connection->deadline = connection->since + ms;
}

static void fail(struct http_request *request, int status, const char *word, const char *detail)
{
    const struct http_config *config = request->server->config;
    config->error(config->arg, request, status, word, detail);
}

static void on_connection(void *arg, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = arg;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct http_connection *connection = xcalloc(1, sizeof *connection);
        connection->server = server;
        connection->mhd = mhd;
        connection->next = server->connections;
        if (connection->next)
            connection->next->previous = connection;
        server->connections = connection;
        server->connection_count++;
        set_deadline(connection, server->config->header_ms);
        *context = connection;
        http_guard_crowd(server);
        return;
    }
    struct http_connection *connection = *context;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    server->connection_count--;
    http_request_destroy(&connection->request);
    free(connection);
}

/* The request line is here. */
static void *on_request_line(void *arg, const char *uri, struct MHD_Connection *mhd)
{
    struct http_server *server = arg;
    struct http_connection *connection = connection_of(mhd);
    http_request_destroy(&connection->request);
    connection->request = http_request_new(connection, xstrndup(uri, strcspn(uri, "?")));
    connection->request->ambiguous = !http_guard_uri(uri);
    if (connection->used)
        set_deadline(connection, server->config->header_ms);
    connection->used = true;
    return connection->request;
}

static void on_completed(void *arg, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code)
{
    (void)arg, (void)context, (void)code;
    struct http_connection *connection = connection_of(mhd);
    http_request_destroy(&connection->request);
    set_deadline(connection, IDLE_MS);
}

static size_t max_body(const struct http_request *request)
{
    return request->route && request->route->max_body > 0 ? request->route->max_body : DEFAULT_MAX_BODY;
}

static enum MHD_Result too_large(struct http_request *request)
{
    AUTOFREE char *detail =
        xasprintf("the body may have at most %zu bytes: send less, or in several requests", max_body(request));
    fail(request, 413, "too_large", detail);
    return MHD_NO;
}

static bool takes_pieces(const struct http_request *request)
{
    return request->route && request->route->piece;
}

/* The headers are here. */
static enum MHD_Result begin(struct http_request *request, const char *url, const char *method)
{
    free(request->method);
    free(request->path);
    request->method = xstrdup(method);
    request->path = xstrdup(url);
    http_request_route(request);
    int status;
    const char *detail, *word = http_guard_head(request, &status, &detail);
    if (word) {
        fail(request, status, word, detail);
        return MHD_NO;
    }
    const struct http_config *config = request->server->config;
    const char *closed = config->closed ? config->closed(config->arg) : NULL;
    if (closed) {
        fail(request, 503, "unavailable", closed);
        return MHD_NO;
    }
    const char *length = http_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    int64_t bytes;
    int bad = length ? parse_int(length, 0, INT64_MAX, &bytes) : -EINVAL;
    if (bad == -ERANGE || (bad == 0 && (uint64_t)bytes > max_body(request)))
        return too_large(request);
    request->phase = PHASE_BODY;
    set_deadline(request->connection, takes_pieces(request) ? config->piece_ms : config->body_ms);
    return MHD_YES;
}

static void keep(struct http_request *request, const char *data, size_t size)
{
    size_t need = request->body_size + size + 1;
    if (need > request->body_capacity) {
        request->body_capacity = need > MAX_FIRST / 2 ? need * 2 : MAX_FIRST / 2;
        request->body = xrealloc(request->body, request->body_capacity);
    }
    memcpy(request->body + request->body_size, data, size);
    request->body_size += size;
    request->body[request->body_size] = '\0';
}

/* Whether the request may go on to its handler; the question is asked once. */
static bool admitted(struct http_request *request)
{
    const struct http_config *config = request->server->config;
    if (!request->admitted && config->admit && !config->admit(config->arg, request, request->route->permission))
        return false;
    request->admitted = true;
    return true;
}

void http_handle(struct http_request *request)
{
    request->route->handle(request->server->config->arg, request);
}

/* A part of the body is here. What is left in *size is offered again. */
static enum MHD_Result take(struct http_request *request, const char *data, size_t *size)
{
    if (request->paused)
        return MHD_YES;
    request->received += *size;
    if (request->received > max_body(request))
        return too_large(request);
    if (!takes_pieces(request)) {
        keep(request, data, *size);
    } else {
        if (!admitted(request) || request->route->piece(request->server->config->arg, request, data, *size) != 0)
            return MHD_NO;
        set_deadline(request->connection, request->server->config->piece_ms);
    }
    *size = 0;
    if (request->paused) {
        request->connection->deadline = 0;
        request->suspended = true;
        MHD_suspend_connection(request->connection->mhd);
    }
    return MHD_YES;
}

/* Sends the answer if there is one; else the connection sleeps until http_answer() wakes it. */
static enum MHD_Result proceed(struct http_request *request)
{
    struct http_connection *connection = request->connection;
    if (!request->response) {
        request->suspended = true;
        MHD_suspend_connection(connection->mhd);
        return MHD_YES;
    }
    request->phase = PHASE_ANSWERING;
    set_deadline(connection, HTTP_SENDING_MS);
    http_guard_unsent(request->server);
    return MHD_queue_response(connection->mhd, (unsigned)request->status, request->response);
}

/* All of the request is here. */
static enum MHD_Result handle(struct http_request *request)
{
    struct http_server *server = request->server;
    request->phase = PHASE_HANDLING;
    request->connection->deadline = 0;
    server->active++;
    if (!request->route && request->failure == 405)
        fail(request, 405, "method", "this address does not take this method");
    else if (!request->route)
        fail(request, 404, "no_such_path", "there is nothing at this address: check the path");
    else if (admitted(request))
        http_handle(request);
    return proceed(request);
}

static enum MHD_Result on_access(void *arg, struct MHD_Connection *mhd, const char *url, const char *method,
                                 const char *version, const char *data, size_t *size, void **context)
{
    (void)arg, (void)version, (void)context;
    struct http_request *request = connection_of(mhd)->request;
    request->server->calls++;
    if (request->server->stopping && request->phase < PHASE_HANDLING)
        return MHD_NO;
    switch (request->phase) {
    case PHASE_HEADERS:
        return begin(request, url, method);
    case PHASE_BODY:
        return *size > 0 ? take(request, data, size) : handle(request);
    case PHASE_HANDLING:
        return proceed(request);
    default:
        return MHD_NO;
    }
}

/* A phase took too long. */
static void expire(struct http_connection *connection)
{
    connection->deadline = 0;
    int fd = MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    bool idle = connection->used && !connection->request;
    bool sending = connection->request && connection->request->phase >= PHASE_ANSWERING;
    if (idle || sending) {
        shutdown(fd, SHUT_RDWR);
        return;
    }
    if (!connection->request) /* not even the first line is complete */
        connection->request = http_request_new(connection, xstrdup(""));
    bool headers = connection->request->phase == PHASE_HEADERS;
    fail(connection->request, 408, "timeout", "the request was not complete in time: send it again, faster");
    if (headers)
        shutdown(fd, SHUT_RD); /* libmicrohttpd does not ask us about headers: let it see the end */
}

static void run(struct http_server *server);

static int on_again(zloop_t *loop, int timer, void *arg)
{
    (void)loop, (void)timer;
    struct http_server *server = arg;
    server->again_timer = -1;
    run(server);
    return 0;
}

static void run(struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG wait = 0;
    unsigned calls = server->calls;
    bool busy = true;
    for (int round = 0; busy && round < ROUNDS; round++) {
        MHD_run(server->daemon);
        busy = MHD_get_timeout(server->daemon, &wait) == MHD_YES && wait == 0;
    }
    server->idle_runs += busy && calls == server->calls;
    if (busy)
        http_wake(server);
}

/* What libmicrohttpd has to do without any news from a socket is done in the next turn of the loop. */
void http_wake(struct http_server *server)
{
    if (server->again_timer < 0)
        server->again_timer = zloop_timer(server->loop, 0, 1, on_again, server);
}

static int on_poll(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    (void)loop, (void)item;
    run(arg);
    return 0;
}

static int on_tick(zloop_t *loop, int timer, void *arg)
{
    (void)loop, (void)timer;
    struct http_server *server = arg;
    int64_t now = zclock_mono();
    for (struct http_connection *connection = server->connections, *next; connection; connection = next) {
        next = connection->next;
        if (connection->deadline > 0 && (http_guard_is_stuck(connection) || now >= connection->deadline))
            expire(connection);
    }
    server->idle_runs = 0;
    run(server);
    return 0;
}

/* Returns the descriptor, or -errno. */
static int listen_on(const char *host, int port, int *ret_port)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *found = NULL;
    AUTOFREE char *service = xasprintf("%d", port);
    if (getaddrinfo(host, service, &hints, &found) != 0)
        return -EADDRNOTAVAIL;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } bound = {0};
    socklen_t size = sizeof bound;
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) == 0 &&
                bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0 &&
                getsockname(fd, &bound.any, &size) == 0;
    int error = errno;
    freeaddrinfo(found);
    if (!good) {
        if (fd >= 0)
            close(fd);
        return -error;
    }
    *ret_port = ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
    return fd;
}

int http_start(zloop_t *loop, const struct http_config *config, struct http_server **ret_server)
{
    int port = 0, listener = listen_on(config->host, config->port, &port);
    if (listener < 0)
        return listener;
    struct http_server *server = xcalloc(1, sizeof *server);
    *server =
        (struct http_server){.loop = loop, .config = config, .listener = listener, .port = port, .again_timer = -1};
    server->daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_access, server,
                         MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, config->connections + SPARE,
                         MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
                         server, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, server, MHD_OPTION_END);
    if (!server->daemon) {
        int error = errno ? errno : EIO;
        close(listener);
        free(server);
        return -error;
    }
    server->linger = http_linger_new(loop);
    server->epoll = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    server->item = (zmq_pollitem_t){.fd = server->epoll, .events = ZMQ_POLLIN};
    zloop_poller(loop, &server->item, on_poll, server);
    zloop_poller_set_tolerant(loop, &server->item);
    server->tick_timer = zloop_timer(loop, TICK_MS, 0, on_tick, server);
    *ret_server = server;
    return 0;
}

int http_port(const struct http_server *server)
{
    return server->port;
}

void http_quiesce(struct http_server *server)
{
    if (server->listener < 0)
        return;
    MHD_quiesce_daemon(server->daemon);
    close(server->listener);
    server->listener = -1;
}

size_t http_active(const struct http_server *server)
{
    return server->active;
}

void http_stop(struct http_server **server_pointer)
{
    struct http_server *server = *server_pointer;
    if (!server)
        return;
    http_quiesce(server);
    server->stopping = true;
    for (struct http_connection *connection = server->connections; connection; connection = connection->next) {
        struct http_request *request = connection->request;
        if (request && request->phase <= PHASE_HANDLING && !request->response)
            fail(request, 503, "stopping", "the service is being restarted: send the request again");
        if (request && request->stream.on)
            http_stream_end(request);
    }
    for (int round = 0; round < ROUNDS; round++)
        MHD_run(server->daemon);
    zloop_poller_end(server->loop, &server->item);
    zloop_timer_end(server->loop, server->tick_timer);
    if (server->again_timer >= 0)
        zloop_timer_end(server->loop, server->again_timer);
    MHD_stop_daemon(server->daemon);
    http_linger_destroy(&server->linger);
    free(server);
    *server_pointer = NULL;
}
