/*
 * kannel.c - SMS through Kannel's smsbox, over HTTP with curl_multi in the loop.
 *
 * Each SMS is one POST: number and credentials in X-Kannel-* headers, the text
 * in the body, so that nothing personal stands in a URL. Kannel gives no id of
 * its own; ours is in the URL at which it reports receipts. When no byte of a
 * request has left, the SMS is certainly not sent and may be tried later; when
 * the answer was lost it is unknown, and only a receipt can tell. See
 * deploy/kannel/kannel.conf for what Kannel was seen to do.
 */
#include "services/notification/driver.h"

#include "common/alloc.h"
#include "common/log.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { CONNECT_MS = 3000, ANSWER_SIZE = 40 };

struct kannel {
    zloop_t *loop;
    const struct params *params;
    CURLM *multi;
    int timer; /* the loop's, or -1 */
    sms_result_fn *result;
    void *arg;
    struct transfer *transfers;
};

/* One POST under way. */
struct transfer {
    struct transfer *next, **place; /* place: what points here */
    struct kannel *kannel;
    struct sms *sms;
    CURL *easy;
    struct curl_slist *headers;
    char answer[ANSWER_SIZE]; /* how the answer's body begins */
    size_t answer_size;
};

static void transfer_destroy(struct transfer *transfer)
{
    curl_multi_remove_handle(transfer->kannel->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    *transfer->place = transfer->next;
    if (transfer->next)
        transfer->next->place = transfer->place;
    free(transfer);
}

/* What an HTTP answer of the smsbox means. */
static enum sms_result judge_answer(const struct transfer *transfer, long status, const char **ret_detail)
{
    if (status == 202) { /* "0: Accepted for delivery", "3: Queued for later delivery" */
        *ret_detail = "";
        return RESULT_ACCEPTED;
    }
    if (status == 403 && strncmp(transfer->answer, "Authorization", strlen("Authorization")) == 0) {
        *ret_detail = "the gateway refuses our user, password or address"; /* our fault, not the message's */
        return RESULT_LATER;
    }
    if (status == 503) {
        *ret_detail = "the gateway cannot take it now";
        return RESULT_LATER;
    }
    if (status >= 400 && status < 500) {
        *ret_detail = status == 403 ? "the gateway has no way to this number" : "the gateway refuses this message";
        return RESULT_REFUSED;
    }
    *ret_detail = "the gateway's answer is not understood";
    return RESULT_UNKNOWN;
}

static void conclude(struct transfer *transfer, CURLcode code)
{
    struct kannel *kannel = transfer->kannel;
    struct sms *sms = transfer->sms;
    long status = 0, sent = 0;
    const char *detail;
    enum sms_result result;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &sent);
    if (code == CURLE_OK) {
        result = judge_answer(transfer, status, &detail);
    } else {
        result = sent == 0 ? RESULT_LATER : RESULT_UNKNOWN;
        detail = curl_easy_strerror(code);
    }
    transfer_destroy(transfer);
    kannel->result(kannel->arg, sms, result, detail);
}

static void conclude_all(struct kannel *kannel)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(kannel->multi, &left));) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result; /* gone once the handle is */
        struct transfer *transfer;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        conclude(transfer, code);
    }
}

/* --- curl in the loop --- */

static void act(struct kannel *kannel, curl_socket_t fd, int events)
{
    int running;
    curl_multi_socket_action(kannel->multi, fd, events, &running);
    conclude_all(kannel);
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
    struct kannel *kannel = arg;
    zmq_pollitem_t item = {.fd = fd};
    if (known)
        zloop_poller_end(kannel->loop, &item);
    if (what == CURL_POLL_REMOVE)
        return 0;
    item.events = (short)(((what & CURL_POLL_IN) ? ZMQ_POLLIN : 0) | ((what & CURL_POLL_OUT) ? ZMQ_POLLOUT : 0));
    zloop_poller(kannel->loop, &item, on_ready, kannel);
    zloop_poller_set_tolerant(kannel->loop, &item); /* errors of a connection are curl's to handle */
    curl_multi_assign(kannel->multi, fd, kannel);
    return 0;
}

static int on_timeout(zloop_t *loop, int timer, void *arg)
{
    (void)loop;
    (void)timer;
    struct kannel *kannel = arg;
    kannel->timer = -1;
    act(kannel, CURL_SOCKET_TIMEOUT, 0);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi;
    struct kannel *kannel = arg;
    if (kannel->timer != -1)
        zloop_timer_end(kannel->loop, kannel->timer);
    kannel->timer = timeout_ms < 0 ? -1 : zloop_timer(kannel->loop, (size_t)timeout_ms, 1, on_timeout, kannel);
    return 0;
}

/* --- one SMS --- */

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    (void)size; /* always 1 */
    struct transfer *transfer = arg;
    size_t room = ANSWER_SIZE - 1 - transfer->answer_size, kept = count < room ? count : room;
    memcpy(transfer->answer + transfer->answer_size, bytes, kept);
    transfer->answer_size += kept;
    return count;
}

static void add_header(struct transfer *transfer, const char *name, const char *value)
{
    AUTOFREE char *line = xasprintf("%s: %s", name, value);
    struct curl_slist *headers = curl_slist_append(transfer->headers, line);
    if (!headers)
        abort();
    transfer->headers = headers;
}

static void add_headers(struct transfer *transfer)
{
    const struct params *params = transfer->kannel->params;
    const char *from = param_str(params, "kannel_from"), *receipts = param_str(params, "kannel_receipt_url");
    add_header(transfer, "Content-Type", "text/plain; charset=UTF-8");
    add_header(transfer, "X-Kannel-Coding", "2"); /* UCS-2; without it Chinese becomes question marks */
    add_header(transfer, "X-Kannel-Username", param_str(params, "kannel_user"));
    add_header(transfer, "X-Kannel-Password", param_str(params, "kannel_password"));
    add_header(transfer, "X-Kannel-To", transfer->sms->phone);
    if (*from)
        add_header(transfer, "X-Kannel-From", from);
    if (*receipts) {
        AUTOFREE char *url = xasprintf("%s/receipt?sms=%s&type=%%d", receipts, transfer->sms->id);
        add_header(transfer, "X-Kannel-DLR-Mask", "31");
        add_header(transfer, "X-Kannel-DLR-URL", url);
    }
}

static void set_options(struct transfer *transfer)
{
    const struct params *params = transfer->kannel->params;
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_URL, param_str(params, "kannel_url"));
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->sms->text);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(transfer->sms->text));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)param_int(params, "kannel_timeout_ms"));
    /* On a connection that was used before, curl sends again by itself when no answer came: an SMS would go twice. */
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
}

static void kannel_send(void *state, struct sms *sms)
{
    struct kannel *kannel = state;
    if (!*sms->phone || sms->phone[strspn(sms->phone, "+0123456789")]) {
        kannel->result(kannel->arg, sms, RESULT_REFUSED, "this is no phone number");
        return;
    }
    struct transfer *transfer = xcalloc(1, sizeof *transfer);
    *transfer = (struct transfer){
        .next = kannel->transfers, .place = &kannel->transfers, .kannel = kannel, .sms = sms, .easy = curl_easy_init()};
    if (!transfer->easy)
        abort();
    if (transfer->next)
        transfer->next->place = &transfer->next;
    kannel->transfers = transfer;
    add_headers(transfer);
    set_options(transfer);
    curl_multi_add_handle(kannel->multi, transfer->easy);
}

static enum sms_result kannel_lookup(void *state, const struct sms *sms)
{
    (void)state;
    (void)sms;
    return RESULT_UNKNOWN;
}

/* --- the driver --- */

static int kannel_open(struct service *service, sms_result_fn *result, void *arg, void **ret_state)
{
    const struct params *params = service_params(service);
    if (!*param_str(params, "kannel_url")) {
        log_error("kannel_url is empty: it is the smsbox's sendsms address");
        return -EINVAL;
    }
    if (!*param_str(params, "kannel_receipt_url"))
        log_warning("kannel_receipt_url is empty: no receipts will come, and no SMS will be known as delivered");
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        log_error("curl cannot be set up");
        return -EIO;
    }
    struct kannel *kannel = xcalloc(1, sizeof *kannel);
    *kannel = (struct kannel){.loop = service_loop(service),
                              .params = params,
                              .multi = curl_multi_init(),
                              .timer = -1,
                              .result = result,
                              .arg = arg};
    if (!kannel->multi)
        abort();
    curl_multi_setopt(kannel->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(kannel->multi, CURLMOPT_SOCKETDATA, kannel);
    curl_multi_setopt(kannel->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(kannel->multi, CURLMOPT_TIMERDATA, kannel);
    *ret_state = kannel;
    return 0;
}

static void kannel_close(void **state)
{
    struct kannel *kannel = *state;
    while (kannel->transfers)
        transfer_destroy(kannel->transfers); /* NOLINT(clang-analyzer-unix.Malloc): it leaves the list */
    curl_multi_cleanup(kannel->multi);
    if (kannel->timer != -1)
        zloop_timer_end(kannel->loop, kannel->timer);
    free(kannel);
    curl_global_cleanup();
    *state = NULL;
}

const struct driver kannel_driver = {
    .name = "kannel", .open = kannel_open, .close = kannel_close, .send = kannel_send, .lookup = kannel_lookup};
