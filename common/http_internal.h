/*
 * http_internal.h - what the files of the HTTP server share: http.c (loop,
 * connections, deadlines), http_request.c (what was asked, the answer),
 * http_stream.c (an answer that goes on), http_guard.c (what is not borne) and http_linger.c (answers in the middle of
 * an upload).
 */
#ifndef SIDAN_HTTP_INTERNAL_H
#define SIDAN_HTTP_INTERNAL_H

#include "common/http.h"

#include <microhttpd.h>

enum http_phase {
    PHASE_HEADERS,   /* being received */
    PHASE_BODY,      /* being received */
    PHASE_HANDLING,  /* received whole; the handler owes an answer, perhaps has given it already */
    PHASE_ANSWERING, /* the answer is being sent */
    PHASE_REJECTED,  /* answered while it was being received; nothing more is read */
};

struct http_pair {
    char *name, *value;
};
struct http_pairs {
    struct http_pair *at;
    size_t count;
};

/* Owned by its connection. */
struct http_request {
    struct http_server *server;
    struct http_connection *connection;
    const struct http_route *route; /* NULL: none fits, see failure */
    enum http_phase phase;
    char *method, *path;
    struct http_pairs segments, form, headers; /* headers: of the answer */
    bool form_parsed, paused, suspended, admitted;
    bool ambiguous; /* its address; see http_guard_uri() */
    bool chunked;
    int failure; /* 404 or 405 */
    char *body;
    size_t body_size, body_capacity, received;
    struct MHD_Response *response;
    size_t response_size;
    int status;
    struct {
        char *data; /* not taken yet */
        size_t size;
        bool on, ended;
    } stream;
    void *attached;
    void (*destroy_attached)(void *data);
    void *caller;
    void (*destroy_caller)(void *caller);
};

struct http_connection {
    struct http_server *server;
    struct MHD_Connection *mhd;
    struct http_connection *previous, *next;
    struct http_request *request; /* from its first line until its answer is sent */
    int64_t since, deadline;      /* of the present phase, by zclock_mono(); deadline 0: none */
    bool used;                    /* has served a request */
    size_t progress;              /* of http_guard_is_stuck(): the size of the body at the last tick, */
    int ticks;                    /* and how often in turn it was suspected */
};

struct http_linger;

struct http_server {
    zloop_t *loop;
    const struct http_config *config;
    struct MHD_Daemon *daemon;
    int listener; /* -1 when quiet */
    int epoll;
    zmq_pollitem_t item;
    int port;
    int tick_timer, again_timer; /* again_timer: -1 when not set */
    struct http_connection *connections;
    size_t connection_count;
    unsigned calls;     /* of ours by libmicrohttpd */
    unsigned idle_runs; /* since the last tick: it was busy, and had nothing to tell us */
    size_t active;      /* requests that a handler has and has not answered */
    size_t unsent;      /* bytes of answers that have not been taken */
    bool stopping;
    struct http_linger *linger;
};

enum { HTTP_SENDING_MS = 5 * 60 * 1000 }; /* to take an answer */

/* http.c: lets libmicrohttpd run in the next turn of the loop. */
void http_wake(struct http_server *server);

/* http_request.c */
/* Takes over path. */
struct http_request *http_request_new(struct http_connection *connection, char *path);
void http_request_destroy(struct http_request **request);
/* Takes over the response, adds the headers and has it sent. */
void http_request_respond(struct http_request *request, int status, const char *type, struct MHD_Response *response);
/* Lets a connection go on that sleeps. */
void http_request_wake(struct http_request *request);
/* Finds the route; sets route and segments, or failure. */
void http_request_route(struct http_request *request);
void http_pairs_add(struct http_pairs *pairs, char *name, char *value);
const char *http_pairs_get(const struct http_pairs *pairs, const char *name);
void http_pairs_clear(struct http_pairs *pairs);

/* http_guard.c */
/* Whether an address means the same to everybody: no escaped NUL, no escaped slash in the path. */
bool http_guard_uri(const char *uri);
/* NULL, or the stable word for what is wrong with the head of a request, with its status and a sentence. */
const char *http_guard_head(struct http_request *request, int *ret_status, const char **ret_detail);
/* Those who hold what others need give way, the longest first: a connection, the memory of an answer. */
void http_guard_crowd(struct http_server *server);
void http_guard_unsent(struct http_server *server);
/* Asked once in every tick: whether libmicrohttpd is busy with nothing, and this may be why. */
bool http_guard_is_stuck(struct http_connection *connection);

/* http_linger.c */
struct http_linger *http_linger_new(zloop_t *loop);
void http_linger_destroy(struct http_linger **linger);
/* Sends a whole answer on a connection that is still sending to us, and sees to it that it arrives. */
void http_linger_answer(struct http_linger *linger, int fd, int status, const char *type,
                        const struct http_pairs *headers, const char *body, size_t size);

#endif
