/*
 * intake.c - starts and stops the doors, and what they share: counties, keys,
 * the parameters, errors of the HTTP level in the format of the door they
 * happened at.
 *
 * struct intake is the service's state; it owns the server, the joined route
 * table and the reserved order numbers.
 */
#include "services/intake/intake.h"

#include "common/alloc.h"
#include "common/log.h"

#include <string.h>

enum { TOKEN_MIN = 16 };

static void on_error(void *arg, struct http_request *request, int status, const char *word, const char *detail)
{
    if (strncmp(http_path(request), "/open311/", 9) == 0)
        open311_error(arg, request, status, word, detail);
    else
        intake_answer_error(request, status, word, NULL, detail);
}

/* An intake that has just started while Redis is away must not say of a county or an order that it does not exist. */
static const char *why_closed(void *arg)
{
    const struct intake *intake = arg;
    return service_knows_counties(intake->service) ? NULL : "starting: the counties are not read yet; try again soon";
}

static void add_door(struct intake *intake, const struct http_route *routes, size_t count)
{
    size_t had = intake->config.route_count;
    intake->routes = xrealloc(intake->routes, (had + count) * sizeof *routes);
    memcpy(intake->routes + had, routes, count * sizeof *routes);
    intake->config.routes = intake->routes;
    intake->config.route_count = had + count;
}

int intake_start(struct service *service)
{
    const struct params *params = service_params(service);
    const char *token = param_str(params, "gateway_token");
    if (*token && strlen(token) < TOKEN_MIN) {
        log_error("gateway_token has %zu characters; it must have at least %d, or none", strlen(token), TOKEN_MIN);
        return -EINVAL;
    }
    struct intake *intake = xcalloc(1, sizeof *intake);
    intake->service = service;
    intake->serials = serials_new(service_store(service));
    intake->config = (struct http_config){
        .host = param_str(params, "http_host"),
        .port = (int)param_int(params, "http_port"),
        .arg = intake,
        .error = on_error,
        .closed = why_closed,
        .header_ms = (int)param_int(params, "header_ms"),
        .body_ms = (int)param_int(params, "body_ms"),
        .piece_ms = (int)param_int(params, "piece_ms"),
        .connections = (unsigned)param_int(params, "http_connections"),
    };
    add_door(intake, api_routes, api_route_count);
    add_door(intake, import_routes, import_route_count);
    add_door(intake, gateway_routes, gateway_route_count);
    add_door(intake, open311_routes, open311_route_count);
    for (size_t i = 0; i < intake->config.route_count; i++) {
        if (intake->routes[i].piece)
            intake->routes[i].max_body = (size_t)param_int(params, "import_bytes");
    }
    service_set_state(service, intake);
    int r = http_start(service_loop(service), &intake->config, &intake->http);
    if (r < 0) {
        log_error("cannot serve HTTP at %s:%d: %s", intake->config.host, intake->config.port, strerror(-r));
        intake_stop(service);
        return r;
    }
    log_info("serving HTTP at %s:%d", intake->config.host, http_port(intake->http));
    return 0;
}

void intake_drain(struct service *service)
{
    struct intake *intake = service_state(service);
    intake->draining = true;
    http_quiesce(intake->http);
}

bool intake_busy(struct service *service)
{
    const struct intake *intake = service_state(service);
    return http_active(intake->http) > 0;
}

void intake_stop(struct service *service)
{
    struct intake *intake = service_state(service);
    http_stop(&intake->http);
    serials_destroy(&intake->serials);
    free(intake->routes);
    free(intake);
    service_set_state(service, NULL);
}

const struct county *intake_county(struct intake *intake, const char *id)
{
    if (id && *id)
        return service_county(intake->service, id);
    return service_county_count(intake->service) == 1 ? service_county_at(intake->service, 0) : NULL;
}

const char *intake_request_key(const struct http_request *request)
{
    static const char scheme[] = "Bearer ";
    const char *authorization = http_header(request, "Authorization");
    if (authorization && strncasecmp(authorization, scheme, sizeof scheme - 1) == 0)
        return authorization + sizeof scheme - 1;
    return http_header(request, "X-Api-Key");
}

bool intake_may(const struct county *county, const char *key, const char *role)
{
    const struct api_key *known = key ? county_key(county, key) : NULL;
    return known && (strcmp(known->role, "office") == 0 || strcmp(known->role, role) == 0);
}

int64_t intake_call_ms(const struct intake *intake)
{
    return param_int(service_params(intake->service), "call_ms");
}

int64_t intake_remember(const struct intake *intake)
{
    return param_int(service_params(intake->service), "remember_days") * 24 * 3600;
}
