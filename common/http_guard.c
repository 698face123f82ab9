/*
 * http_guard.c - what libmicrohttpd bears and we do not: requests that two
 * readers could understand differently, so that something could be smuggled
 * past a proxy, and connections that hold what others need.
 *
 * Works on the server's own connections; owns nothing. Who has to give way is
 * shut down, and libmicrohttpd tells us of its end as of any other.
 */
#include "common/http_internal.h"

#include <string.h>
#include <sys/socket.h>

enum {
    STUCK_TICKS = 3,
    IDLE_RUNS = 3,                   /* in one tick; there are none as long as libmicrohttpd behaves */
    UNSENT_BYTES = 64 * 1024 * 1024, /* of answers that wait for slow readers; more than the largest has */
};

/* -- the head of a request --------------------------------------------------------------------------------------- */

bool http_guard_uri(const char *uri)
{
    size_t path = strcspn(uri, "?");
    for (const char *escape = strchr(uri, '%'); escape; escape = strchr(escape + 1, '%')) {
        if (strncmp(escape, "%00", 3) == 0 || ((size_t)(escape - uri) < path && strncasecmp(escape, "%2f", 3) == 0))
            return false;
    }
    return true;
}

struct head {
    int hosts, lengths, encodings;
    bool malformed, compressed;
};

static bool is(const char *name, size_t size, const char *known)
{
    return strlen(known) == size && strncasecmp(name, known, size) == 0;
}

static enum MHD_Result look(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_size, const char *value,
                            size_t value_size)
{
    (void)kind;
    struct head *head = arg;
    for (size_t i = 0; i < name_size; i++)
        head->malformed |= name[i] <= ' ' || name[i] > '~';
    head->hosts += is(name, name_size, MHD_HTTP_HEADER_HOST);
    head->lengths += is(name, name_size, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (is(name, name_size, MHD_HTTP_HEADER_TRANSFER_ENCODING)) {
        head->encodings++;
        head->malformed |= !value || !is(value, value_size, "chunked");
    }
    if (is(name, name_size, MHD_HTTP_HEADER_CONTENT_ENCODING))
        head->compressed = !value || !is(value, value_size, "identity");
    return MHD_YES;
}

const char *http_guard_head(struct http_request *request, int *ret_status, const char **ret_detail)
{
    struct head head = {.malformed = request->ambiguous};
    MHD_get_connection_values_n(request->connection->mhd, MHD_HEADER_KIND, look, &head);
    request->chunked = head.encodings > 0;
    if (head.malformed || head.hosts > 1 || head.lengths + head.encodings > 1) {
        *ret_status = 400;
        *ret_detail = "the request can be understood in more than one way: give one Host, one Content-Length or "
                      "Transfer-Encoding: chunked, and no escaped NUL or slash in the address";
        return "malformed";
    }
    if (head.compressed) {
        *ret_status = 415;
        *ret_detail = "a compressed body is not taken: send it without Content-Encoding";
        return "encoding";
    }
    return NULL;
}

/* -- connections ------------------------------------------------------------------------------------------------- */

static int socket_of(const struct http_connection *connection)
{
    return MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* Ends the connection that has been in its phase for longest; one that we owe an answer never. */
static void give_way(struct http_server *server, bool answering)
{
    struct http_connection *oldest = NULL;
    for (struct http_connection *each = server->connections; each; each = each->next) {
        bool fits = !answering || (each->request && each->request->phase == PHASE_ANSWERING);
        if (each->deadline > 0 && fits && (!oldest || each->since < oldest->since))
            oldest = each;
    }
    if (!oldest)
        return;
    oldest->deadline = 0;
    shutdown(socket_of(oldest), SHUT_RDWR);
}

void http_guard_crowd(struct http_server *server)
{
    if (server->connection_count > server->config->connections)
        give_way(server, false);
}

void http_guard_unsent(struct http_server *server)
{
    if (server->unsent > UNSENT_BYTES)
        give_way(server, true);
}

/*
 * libmicrohttpd 0.9.75 goes round and round, and takes all of a processor, over a chunk's header or a trailer that is
 * longer than its buffer. It cannot be asked who it is, but it is one of those whose chunked body does not grow.
 */
bool http_guard_is_stuck(struct http_connection *connection)
{
    const struct http_request *request = connection->request;
    bool grows = !request || request->phase != PHASE_BODY || !request->chunked || request->suspended ||
                 request->received != connection->progress;
    connection->progress = request ? request->received : 0;
    connection->ticks = grows || connection->server->idle_runs < IDLE_RUNS ? 0 : connection->ticks + 1;
    return connection->ticks >= STUCK_TICKS;
}
