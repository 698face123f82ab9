/*
 * http_stream.c - an answer that goes on, its body bit by bit: what somebody
 * is told while they wait for more.
 *
 * What is written is kept with the request until libmicrohttpd asks for it.
 * While there is nothing the connection sleeps, without a deadline.
 */
#include "common/alloc.h"
#include "common/http_internal.h"

#include <string.h>
#include <sys/socket.h>

enum {
    BLOCK = 4096,
    UNTAKEN_MAX = 64 * 1024, /* here, and about as much in the kernel */
};

static int socket_of(const struct http_request *request)
{
    return MHD_get_connection_info(request->connection->mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static ssize_t take(void *arg, uint64_t position, char *buffer, size_t room)
{
    (void)position;
    struct http_request *request = arg;
    if (request->stream.size == 0) {
        if (request->stream.ended)
            return MHD_CONTENT_READER_END_OF_STREAM;
        request->connection->deadline = 0;
        request->suspended = true;
        MHD_suspend_connection(request->connection->mhd);
        return 0;
    }
    size_t size = request->stream.size < room ? request->stream.size : room;
    memcpy(buffer, request->stream.data, size);
    memmove(request->stream.data, request->stream.data + size, request->stream.size - size);
    request->stream.size -= size;
    request->server->unsent -= size;
    return (ssize_t)size;
}

void http_stream(struct http_request *request, const char *type)
{
    request->stream.on = true;
    setsockopt(socket_of(request), SOL_SOCKET, SO_SNDBUF, &(int){UNTAKEN_MAX}, sizeof(int));
    http_request_respond(request, MHD_HTTP_OK, type,
                         MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, take, request, NULL));
}

static void awake(struct http_request *request)
{
    if (request->connection->deadline == 0) {
        request->connection->since = zclock_mono();
        request->connection->deadline = request->connection->since + HTTP_SENDING_MS;
    }
    http_request_wake(request);
}

void http_stream_write(struct http_request *request, const char *data, size_t size)
{
    if (request->stream.ended)
        return;
    if (request->stream.size + size > UNTAKEN_MAX) {
        shutdown(socket_of(request), SHUT_RDWR);
        http_stream_end(request);
        return;
    }
    request->stream.data = xrealloc(request->stream.data, request->stream.size + size);
    memcpy(request->stream.data + request->stream.size, data, size);
    request->stream.size += size;
    request->server->unsent += size;
    awake(request);
}

void http_stream_end(struct http_request *request)
{
    request->stream.ended = true;
    awake(request);
}
