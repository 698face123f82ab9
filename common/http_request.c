/*
 * http_request.c - one request: its route, what was asked, its answer.
 *
 * A request owns its strings, its body and what a handler attached to it.
 * Headers and query belong to libmicrohttpd, which keeps them as long as the
 * request. An answer either goes to libmicrohttpd, or, while the client is
 * still sending, straight to the socket (http_linger.c).
 */
#include "common/alloc.h"
#include "common/http_internal.h"

#include <netdb.h>
#include <string.h>

struct http_request *http_request_new(struct http_connection *connection, char *path)
{
    struct http_request *request = xcalloc(1, sizeof *request);
    request->server = connection->server;
    request->connection = connection;
    request->method = xstrdup("");
    request->path = path;
    return request;
}

void http_request_destroy(struct http_request **request_pointer)
{
    struct http_request *request = *request_pointer;
    if (!request)
        return;
    if (request->destroy_attached)
        request->destroy_attached(request->attached);
    if (request->destroy_caller)
        request->destroy_caller(request->caller);
    if (request->response)
        MHD_destroy_response(request->response);
    request->server->unsent -= request->response_size + request->stream.size;
    free(request->stream.data);
    http_pairs_clear(&request->segments);
    http_pairs_clear(&request->form);
    http_pairs_clear(&request->headers);
    free(request->method);
    free(request->path);
    free(request->body);
    free(request);
    *request_pointer = NULL;
}

/* Takes over both strings. There is room for a power of two, or a form of very many fields would be copied for each. */
void http_pairs_add(struct http_pairs *pairs, char *name, char *value)
{
    if ((pairs->count & (pairs->count - 1)) == 0)
        pairs->at = xrealloc(pairs->at, (pairs->count ? 2 * pairs->count : 1) * sizeof *pairs->at);
    pairs->at[pairs->count++] = (struct http_pair){name, value};
}

const char *http_pairs_get(const struct http_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (strcmp(pairs->at[i].name, name) == 0)
            return pairs->at[i].value;
    }
    return NULL;
}

void http_pairs_clear(struct http_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->at[i].name);
        free(pairs->at[i].value);
    }
    free(pairs->at);
    *pairs = (struct http_pairs){0};
}

/* Compares segment by segment, collecting {names}. */
static bool path_matches(const char *pattern, const char *path, struct http_pairs *segments)
{
    while (*pattern && *pattern != '*') {
        if (*pattern == '{') {
            size_t name = strcspn(pattern + 1, "}"), value = strcspn(path, "/");
            if (value == 0)
                return false;
            http_pairs_add(segments, xstrndup(pattern + 1, name), xstrndup(path, value));
            pattern += name + 2;
            path += value;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *pattern == '*' || *path == '\0';
}

void http_request_route(struct http_request *request)
{
    const struct http_config *config = request->server->config;
    const char *method = strcmp(request->method, "HEAD") == 0 ? "GET" : request->method;
    request->failure = 404;
    for (size_t i = 0; i < config->route_count; i++) {
        const struct http_route *route = &config->routes[i];
        http_pairs_clear(&request->segments);
        if (!path_matches(route->path, request->path, &request->segments))
            continue;
        if (strcmp(route->method, method) == 0) {
            request->route = route;
            return;
        }
        request->failure = 405;
    }
}

const char *http_method(const struct http_request *request)
{
    return request->method;
}

const char *http_path(const struct http_request *request)
{
    return request->path;
}

const void *http_about(const struct http_request *request)
{
    return request->route->about;
}

const char *http_segment(const struct http_request *request, const char *name)
{
    return http_pairs_get(&request->segments, name);
}

static const char *lookup(const struct http_request *request, enum MHD_ValueKind kind, const char *name)
{
    return MHD_lookup_connection_value(request->connection->mhd, kind, name);
}

const char *http_query(const struct http_request *request, const char *name)
{
    return lookup(request, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_header(const struct http_request *request, const char *name)
{
    return lookup(request, MHD_HEADER_KIND, name);
}

const char *http_cookie(const struct http_request *request, const char *name)
{
    return lookup(request, MHD_COOKIE_KIND, name);
}

struct values {
    const char *name;
    char *joined;
};

static enum MHD_Result join_value(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    struct values *values = arg;
    if (strcasecmp(name, values->name) != 0)
        return MHD_YES;
    char *longer = xasprintf("%s%s%s", values->joined, *values->joined ? ", " : "", value ? value : "");
    free(values->joined);
    values->joined = longer;
    return MHD_YES;
}

char *http_header_all(const struct http_request *request, const char *name)
{
    struct values values = {name, xstrdup("")};
    MHD_get_connection_values(request->connection->mhd, MHD_HEADER_KIND, join_value, &values);
    return values.joined;
}

void http_peer(const struct http_request *request, char ret_address[HTTP_ADDRESS_SIZE])
{
    const struct sockaddr *peer =
        MHD_get_connection_info(request->connection->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    socklen_t size = peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (getnameinfo(peer, size, ret_address, HTTP_ADDRESS_SIZE, NULL, 0, NI_NUMERICHOST) != 0)
        *ret_address = '\0';
}

const char *http_body(const struct http_request *request, size_t *ret_size)
{
    *ret_size = request->body_size;
    return request->body ? request->body : "";
}

/* "a+b%20c" → "a b c" */
static char *unescape(const char *text, size_t size)
{
    char *value = xstrndup(text, size);
    /* A NUL would hide what stands behind it; a byte that is never UTF-8 in its place is refused like any other. */
    for (char *c = strstr(value, "%00"); c; c = strstr(c, "%00"))
        c[1] = c[2] = 'F';
    for (char *c = strchr(value, '+'); c; c = strchr(c, '+'))
        *c = ' ';
    MHD_http_unescape(value);
    return value;
}

static const struct http_pairs *form_of(const struct http_request *constant)
{
    struct http_request *request = (struct http_request *)constant; /* parsed once, at the first question */
    if (request->form_parsed)
        return &request->form;
    request->form_parsed = true;
    for (const char *pair = request->body; pair && *pair;) {
        size_t size = strcspn(pair, "&"), name = strcspn(pair, "=&");
        const char *value = name < size ? pair + name + 1 : pair + size;
        if (size > 0)
            http_pairs_add(&request->form, unescape(pair, name), unescape(value, (size_t)(pair + size - value)));
        pair += size + (pair[size] == '&');
    }
    return &request->form;
}

const char *http_form(const struct http_request *request, const char *name)
{
    return http_pairs_get(form_of(request), name);
}

void http_attach(struct http_request *request, void *data, void (*destroy)(void *data))
{
    request->attached = data;
    request->destroy_attached = destroy;
}

void *http_attached(const struct http_request *request)
{
    return request->attached;
}

void http_set_caller(struct http_request *request, void *caller, void (*destroy)(void *caller))
{
    request->caller = caller;
    request->destroy_caller = destroy;
}

void *http_caller(const struct http_request *request)
{
    return request->caller;
}

void http_request_wake(struct http_request *request)
{
    if (!request->suspended)
        return;
    request->suspended = false;
    MHD_resume_connection(request->connection->mhd);
    http_wake(request->server);
}

void http_pause(struct http_request *request)
{
    request->paused = true;
}

void http_resume(struct http_request *request)
{
    request->paused = false;
    if (request->suspended)
        request->connection->deadline = zclock_mono() + request->server->config->piece_ms;
    http_request_wake(request);
}

void http_answer_header(struct http_request *request, const char *name, const char *value)
{
    http_pairs_add(&request->headers, xstrdup(name), xstrdup(value));
}

/* The client is still sending. From here on on_access() in http.c refuses what comes, which ends the connection. */
static void answer_directly(struct http_request *request, int status, const char *type, const char *body, size_t size)
{
    struct MHD_Connection *mhd = request->connection->mhd;
    int fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    http_linger_answer(request->server->linger, fd, status, type, &request->headers, body, size);
    MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT, 1U);
    request->phase = PHASE_REJECTED;
    request->connection->deadline = 0;
    http_request_wake(request);
}

/* What every answer tells a browser, unless its handler said otherwise: it is data, and nobody's to keep. */
static void add_defaults(struct http_request *request)
{
    static const struct http_pair defaults[] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        {"Referrer-Policy", "no-referrer"},
        {"Cache-Control", "no-store"},
    };
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        if (!http_pairs_get(&request->headers, defaults[i].name))
            http_answer_header(request, defaults[i].name, defaults[i].value);
}

void http_request_respond(struct http_request *request, int status, const char *type, struct MHD_Response *response)
{
    add_defaults(request);
    request->server->active--;
    request->status = status;
    request->response = response;
    MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (request->server->listener < 0)
        MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONNECTION, "close");
    for (size_t i = 0; i < request->headers.count; i++)
        MHD_add_response_header(request->response, request->headers.at[i].name, request->headers.at[i].value);
    http_request_wake(request);
}

void http_answer(struct http_request *request, int status, const char *type, const char *body, size_t size)
{
    if (request->phase < PHASE_HANDLING) {
        add_defaults(request);
        answer_directly(request, status, type, body, size);
        return;
    }
    request->response_size = size;
    request->server->unsent += size;
    http_request_respond(request, status, type,
                         MHD_create_response_from_buffer(size, (void *)body, MHD_RESPMEM_MUST_COPY));
}
