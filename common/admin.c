/*
 * admin.c - health and metrics over HTTP; see admin.h.
 *
 * /healthz says that the loop turns; /readyz that the service can work, which
 * a balancer or `docker compose` waits for; /metrics is for Prometheus.
 */
#include "common/admin.h"

#include "common/alloc.h"
#include "common/http.h"
#include "common/metrics.h"

#include <string.h>

struct admin {
    struct http_config config;
    struct http_server *server;
    admin_ready_fn *ready;
    void *arg;
};

static void answer_text(struct http_request *request, int status, const char *text)
{
    http_answer(request, status, "text/plain; charset=utf-8", text, strlen(text));
}

static void healthz(void *arg, struct http_request *request)
{
    (void)arg;
    answer_text(request, 200, "ok\n");
}

static void readyz(void *arg, struct http_request *request)
{
    struct admin *admin = arg;
    const char *why = "";
    if (admin->ready(admin->arg, &why)) {
        answer_text(request, 200, "ready\n");
        return;
    }
    AUTOFREE char *text = xasprintf("not ready: %s\n", why);
    answer_text(request, 503, text);
}

static void metrics(void *arg, struct http_request *request)
{
    (void)arg;
    size_t size;
    AUTOFREE char *text = metrics_text(&size);
    http_answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", text, size);
}

static void fail(void *arg, struct http_request *request, int status, const char *word, const char *detail)
{
    (void)arg;
    (void)word;
    AUTOFREE char *text = xasprintf("%s\n", detail);
    answer_text(request, status, text);
}

static const struct http_route routes[] = {
    {.method = "GET", .path = "/healthz", .handle = healthz},
    {.method = "GET", .path = "/readyz", .handle = readyz},
    {.method = "GET", .path = "/metrics", .handle = metrics},
};

int admin_start(zloop_t *loop, const char *host, int port, admin_ready_fn *ready, void *arg, struct admin **ret_admin)
{
    struct admin *admin = xcalloc(1, sizeof *admin);
    *admin = (struct admin){.ready = ready,
                            .arg = arg,
                            .config = {.host = host,
                                       .port = port,
                                       .routes = routes,
                                       .route_count = sizeof routes / sizeof *routes,
                                       .arg = admin,
                                       .error = fail,
                                       .header_ms = 5000,
                                       .body_ms = 5000,
                                       .piece_ms = 5000,
                                       .connections = 32}};
    int r = http_start(loop, &admin->config, &admin->server);
    if (r < 0) {
        free(admin);
        return r;
    }
    *ret_admin = admin;
    return 0;
}

int admin_port(const struct admin *admin)
{
    return http_port(admin->server);
}

void admin_stop(struct admin **admin)
{
    if (!*admin)
        return;
    http_stop(&(*admin)->server);
    free(*admin);
    *admin = NULL;
}
