/*
 * curl_loop.c - libcurl's transfers in the loop of the service; see curl_loop.h.
 */
#include "services/notification/curl_loop.h"

#include "common/alloc.h"
#include "common/log.h"

struct curl_loop {
    struct service *service;
    CURLM *multi;
    int timer; /* the loop's, or -1 */
    void (*done)(void *private, CURLcode code);
};

static void conclude_all(struct curl_loop *curl_loop)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(curl_loop->multi, &left));) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result; /* gone once the handle is */
        void *private;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        curl_loop->done(private, code);
    }
}

static void act(struct curl_loop *curl_loop, curl_socket_t fd, int events)
{
    int running;
    curl_multi_socket_action(curl_loop->multi, fd, events, &running);
    conclude_all(curl_loop);
}

static int on_ready(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    (void)loop;
    int events = ((item->revents & ZMQ_POLLIN) ? CURL_CSELECT_IN : 0) |
                 ((item->revents & ZMQ_POLLOUT) ? CURL_CSELECT_OUT : 0) |
                 ((item->revents & ZMQ_POLLERR) ? CURL_CSELECT_ERR : 0);
    act(arg, item->fd, events);
    return 0;
}

/* cppcheck-suppress constParameter ; curl says what the parameters are */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    (void)easy;
    struct curl_loop *curl_loop = arg;
    zloop_t *loop = service_loop(curl_loop->service);
    zmq_pollitem_t item = {.fd = fd};
    if (known)
        zloop_poller_end(loop, &item);
    if (what == CURL_POLL_REMOVE)
        return 0;
    item.events = (short)(((what & CURL_POLL_IN) ? ZMQ_POLLIN : 0) | ((what & CURL_POLL_OUT) ? ZMQ_POLLOUT : 0));
    zloop_poller(loop, &item, on_ready, curl_loop);
    zloop_poller_set_tolerant(loop, &item); /* errors of a connection are curl's to handle */
    curl_multi_assign(curl_loop->multi, fd, curl_loop);
    return 0;
}

static int on_timeout(zloop_t *loop, int timer, void *arg)
{
    (void)loop;
    (void)timer;
    struct curl_loop *curl_loop = arg;
    curl_loop->timer = -1;
    act(curl_loop, CURL_SOCKET_TIMEOUT, 0);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi;
    struct curl_loop *curl_loop = arg;
    zloop_t *loop = service_loop(curl_loop->service);
    if (curl_loop->timer != -1)
        zloop_timer_end(loop, curl_loop->timer);
    curl_loop->timer = timeout_ms < 0 ? -1 : zloop_timer(loop, (size_t)timeout_ms, 1, on_timeout, curl_loop);
    return 0;
}

struct curl_loop *curl_loop_new(struct service *service, void (*done)(void *private, CURLcode code))
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        log_error("curl cannot be set up");
        return NULL;
    }
    struct curl_loop *curl_loop = xcalloc(1, sizeof *curl_loop);
    *curl_loop = (struct curl_loop){.service = service, .multi = curl_multi_init(), .timer = -1, .done = done};
    if (!curl_loop->multi)
        abort();
    curl_multi_setopt(curl_loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(curl_loop->multi, CURLMOPT_SOCKETDATA, curl_loop);
    curl_multi_setopt(curl_loop->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(curl_loop->multi, CURLMOPT_TIMERDATA, curl_loop);
    return curl_loop;
}

void curl_loop_destroy(struct curl_loop **curl_loop)
{
    curl_multi_cleanup((*curl_loop)->multi);
    if ((*curl_loop)->timer != -1)
        zloop_timer_end(service_loop((*curl_loop)->service), (*curl_loop)->timer);
    free(*curl_loop);
    curl_global_cleanup();
    *curl_loop = NULL;
}

void curl_loop_add(struct curl_loop *curl_loop, CURL *easy)
{
    curl_multi_add_handle(curl_loop->multi, easy);
}

void curl_loop_remove(struct curl_loop *curl_loop, CURL *easy)
{
    curl_multi_remove_handle(curl_loop->multi, easy);
}
