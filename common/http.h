/*
 * http.h - an HTTP/1.1 server inside the event loop, over libmicrohttpd.
 *
 * A request arrives whole, unless its route takes the body piece by piece. A
 * handler answers at once or later with http_answer(); until then the
 * connection sleeps. Bodies over their limit (413), requests that are not
 * complete in time (408) and broken ones (400) are answered here, through the
 * server's error function, so that they too are in the caller's format. So are
 * those that two readers might understand differently (400) and compressed
 * bodies (415). (A request line or a header that is no HTTP at all, or huge,
 * gets libmicrohttpd's own 400, 414 or 431.)
 */
#ifndef SIDAN_HTTP_H
#define SIDAN_HTTP_H

#include <czmq.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server;
struct http_request;

struct http_route {
    const char *method;
    const char *path; /* "/api/v1/orders/{id}"; {x} stands for one segment. A trailing * matches the rest. */
    void (*handle)(void *arg, struct http_request *request);
    size_t max_body;   /* bytes; 0: 64 KiB */
    int permission;    /* for admit(), which gives it its meaning */
    const void *about; /* what its door says about it; nothing to the server. See http_about() */
    /*
     * For a body taken piece by piece: called with each piece; then handle is called with an empty body. A return
     * other than 0 says that the request has been answered: the rest is dropped.
     */
    int (*piece)(void *arg, struct http_request *request, const char *data, size_t size);
};

struct http_config {
    const char *host; /* address to listen on */
    int port;         /* 0: any free one, see http_port() */
    const struct http_route *routes;
    size_t route_count;
    void *arg; /* given to the handlers */
    /* Answers an error of the HTTP level in the caller's format: sets the answer through http_answer(). */
    void (*error)(void *arg, struct http_request *request, int status, const char *word, const char *detail);
    /*
     * Asked once about each request, before its handler runs or its first piece is taken. True: go on. False: it has
     * answered; or, of a body that is taken whole, will answer or call http_handle(). NULL: everything is admitted.
     */
    bool (*admit)(void *arg, struct http_request *request, int permission);
    /* Why nobody can be served just now, answered with 503; NULL when they can. May be NULL. */
    const char *(*closed)(void *arg);
    int header_ms;        /* to receive the headers */
    int body_ms;          /* to receive an ordinary body */
    int piece_ms;         /* longest silence while a body is taken piece by piece */
    unsigned connections; /* greatest number at a time; then the one that has been still for longest is closed */
};

/* Starts listening. 0, or -errno (-EADDRINUSE, ...). config and routes must live as long as the server. */
int http_start(zloop_t *loop, const struct http_config *config, struct http_server **ret_server);
int http_port(const struct http_server *server);

/* Takes no new connections. Those that are open are closed after their next answer. */
void http_quiesce(struct http_server *server);

/* Requests that a handler has and has not answered yet. */
size_t http_active(const struct http_server *server);

/* Stops; a request without an answer gets a 503. No handler is called any more, and none may answer. */
void http_stop(struct http_server **server);

/* What was asked. Strings live as long as the request; NULL when absent. */
const char *http_method(const struct http_request *request);
const char *http_path(const struct http_request *request);
const void *http_about(const struct http_request *request);                     /* of the route */
const char *http_segment(const struct http_request *request, const char *name); /* {name} of the route */
const char *http_query(const struct http_request *request, const char *name);   /* of the URL, decoded */
const char *http_header(const struct http_request *request, const char *name);
const char *http_body(const struct http_request *request, size_t *ret_size); /* NUL-terminated */
const char *http_form(const struct http_request *request, const char *name); /* of an urlencoded body */

const char *http_cookie(const struct http_request *request, const char *name);

/* All headers of this name in one, with commas between; "" when there is none. The caller frees it. */
char *http_header_all(const struct http_request *request, const char *name);

/* The address at the other end of the connection, without a port. */
enum { HTTP_ADDRESS_SIZE = 46 };
void http_peer(const struct http_request *request, char ret_address[HTTP_ADDRESS_SIZE]);

/* Runs the request's handler, for an admit() that had to wait. */
void http_handle(struct http_request *request);

/* What admit() found out about the caller, for the handler; destroyed with the request. */
void http_set_caller(struct http_request *request, void *caller, void (*destroy)(void *caller));
void *http_caller(const struct http_request *request);

/* Something the handler wants to keep with the request; destroyed with it. */
void http_attach(struct http_request *request, void *data, void (*destroy)(void *data));
void *http_attached(const struct http_request *request);

/*
 * Slows a client down whose body is taken piece by piece: from within piece()
 * on no more pieces come until http_resume(). Pausing has no time limit.
 */
void http_pause(struct http_request *request);
void http_resume(struct http_request *request);

/*
 * Answers. type is a media type; the body is copied. After it the request
 * must not be touched. Exactly one answer per request; if the client has gone
 * away it is dropped.
 */
void http_answer(struct http_request *request, int status, const char *type, const char *body, size_t size);

/*
 * Answers with 200 and a body that goes on: http_stream_write() adds to it,
 * http_stream_end() ends it, after which the request must not be touched. What
 * was attached is destroyed when the client has gone or has got the end. A
 * client that leaves more than 64 KiB lie, or takes nothing for five minutes,
 * is left. http_stop() ends it.
 */
void http_stream(struct http_request *request, const char *type);
void http_stream_write(struct http_request *request, const char *data, size_t size);
void http_stream_end(struct http_request *request);

/*
 * Adds a header to the coming answer. Every answer has X-Content-Type-Options, a Content-Security-Policy that allows
 * nothing, Referrer-Policy and Cache-Control: no-store, unless one of these names is added here with another value.
 */
void http_answer_header(struct http_request *request, const char *name, const char *value);

#endif
