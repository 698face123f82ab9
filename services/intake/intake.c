/*
 * intake.c - starts and stops the doors, and what they share: counties, the
 * parameters, errors of the HTTP level in the format of the door they
 * happened at, the list of all routes.
 *
 * struct intake is the service's state; it owns the server, the joined route
 * table and the reserved order numbers.
 */
#include "services/intake/intake.h"

#include "common/alloc.h"
#include "common/lag.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/text.h"
#include "services/intake/access.h"
#include "services/intake/feed.h"
#include "services/intake/files.h"
#include "services/intake/limits.h"
#include "services/intake/openapi.h"
#include "services/intake/web.h"

#include <errno.h>
#include <string.h>

enum { TOKEN_MIN = 16, ADJUST_MS = 250, FEED_MS = 500, SWEEP_MS = 1000, JOINT_MS = 500 };

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

struct http_route *intake_routes(size_t *ret_count)
{
    const struct {
        const struct http_route *routes;
        size_t count;
    } doors[] = {{contact_routes, contact_route_count},   {split_routes, split_route_count},
                 {transfer_routes, transfer_route_count}, {absence_routes, absence_route_count},
                 {record_routes, record_route_count},     {api_routes, api_route_count},
                 {library_routes, library_route_count},   {attachment_routes, attachment_route_count},
                 {feed_routes, feed_route_count},         {link_routes, link_route_count},
                 {page_routes, page_route_count},         {rating_page_routes, rating_page_route_count},
                 {matter_routes, matter_route_count},     {meeting_page_routes, meeting_page_route_count},
                 {sign_in_routes, sign_in_route_count},   {import_routes, import_route_count},
                 {problem_routes, problem_route_count},   {openapi_routes, openapi_route_count},
                 {gateway_routes, gateway_route_count},   {open311_routes, open311_route_count},
                 {entry_routes, entry_route_count},       {directory_routes, directory_route_count},
                 {table_routes, table_route_count},       {template_routes, template_route_count},
                 {web_routes, web_route_count},           {alike_routes, alike_route_count},
                 {again_routes, again_route_count}};
    struct http_route *all = NULL;
    size_t count = 0;
    for (size_t i = 0; i < sizeof doors / sizeof *doors; i++) {
        all = xrealloc(all, (count + doors[i].count) * sizeof *all);
        memcpy(all + count, doors[i].routes, doors[i].count * sizeof *all);
        count += doors[i].count;
    }
    *ret_count = count;
    return all;
}

static void print_route(const char *method, const char *path, int permission)
{
    AUTOFREE char *granted = permission_granted_to((enum permission)permission);
    printf("%s\t%s\t%s\t%s\n", method, path, permission_name((enum permission)permission), granted);
}

int intake_print_routes(void)
{
    size_t count;
    struct intake_resource resource;
    AUTOFREE struct http_route *routes = intake_routes(&count);
    for (size_t i = 0; i < count; i++)
        if (routes[i].permission != PERMIT_OF_RESOURCE)
            print_route(routes[i].method, routes[i].path, routes[i].permission);
    for (size_t i = 0; open311_resource(i, &resource); i++) {
        AUTOFREE char *path = xasprintf("/open311/%s", resource.path);
        print_route(resource.method, path, resource.permission);
    }
    return 0;
}

/* The description of these routes as text, which the caller frees; NULL when one of them says too little. */
static char *describe(const struct http_route *routes, size_t count)
{
    json_t *document = openapi_make(routes, count);
    char *text = document ? json_dumps(document, JSON_INDENT(1)) : NULL;
    json_decref(document);
    return text;
}

int intake_print_openapi(void)
{
    size_t count;
    AUTOFREE struct http_route *routes = intake_routes(&count);
    AUTOFREE char *text = describe(routes, count);
    return text && puts(text) >= 0 ? 0 : 1;
}

/* A route that names no permission would be open to everybody by mistake. */
static bool all_permissions_named(const struct http_config *config)
{
    for (size_t i = 0; i < config->route_count; i++)
        if (config->routes[i].permission == 0) {
            log_error("%s %s names no permission", config->routes[i].method, config->routes[i].path);
            return false;
        }
    return true;
}

/* The rate at which orders may come in follows what the services can bear. */
static void adjust(struct service *service)
{
    struct intake *intake = service_state(service);
    int64_t behind = lag_worst(service_store(service));
    admission_adjust(&intake->admission, mono_ms(), behind);
    metric_set("sidan_behind_seconds", "How far behind the slowest service is", "", (double)behind / 1e3);
    metric_set("sidan_admitted_per_second", "New orders a second that intake lets in at most", "",
               intake->admission.rate);
}

static void feed(struct service *service)
{
    struct intake *intake = service_state(service);
    feed_turn(intake->feed);
}

static void sweep(struct service *service)
{
    sweep_turn(service_state(service));
}

static void look_after_joint(struct service *service)
{
    joint_turn(service_state(service));
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
    intake->limits = limits_new(param_int(params, "guest_burst"), param_int(params, "guest_per_minute"),
                                param_str(params, "proxies"));
    intake->feed = feed_new(service, param_int(params, "listen_ms"), (size_t)param_int(params, "http_connections") / 2);
    intake->config = (struct http_config){
        .host = param_str(params, "http_host"),
        .port = (int)param_int(params, "http_port"),
        .arg = intake,
        .error = on_error,
        .admit = access_admit,
        .closed = why_closed,
        .header_ms = (int)param_int(params, "header_ms"),
        .body_ms = (int)param_int(params, "body_ms"),
        .piece_ms = (int)param_int(params, "piece_ms"),
        .connections = (unsigned)param_int(params, "http_connections"),
    };
    intake->config.routes = intake->routes = intake_routes(&intake->config.route_count);
    for (size_t i = 0; i < intake->config.route_count; i++) {
        if (intake->routes[i].piece)
            intake->routes[i].max_body = (size_t)param_int(
                params, intake->routes[i].permission == PERMIT_IMPORT ? "import_bytes" : "attachment_bytes");
    }
    admission_init(&intake->admission, mono_ms());
    service_set_state(service, intake);
    service_every(service, ADJUST_MS, adjust);
    service_every(service, FEED_MS, feed);
    service_every(service, SWEEP_MS, sweep);
    service_every(service, JOINT_MS, look_after_joint);
    intake->document = describe(intake->routes, intake->config.route_count);
    int r = all_permissions_named(&intake->config) && intake->document ? 0 : -EINVAL;
    if (r == 0)
        r = web_open(param_str(params, "web_dir"), &intake->web);
    if (r == 0) {
        r = http_start(service_loop(service), &intake->config, &intake->http);
        if (r < 0)
            log_error("cannot serve HTTP at %s:%d: %s", intake->config.host, intake->config.port, strerror(-r));
    }
    if (r < 0) {
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
    feed_destroy(&intake->feed);
    sweep_destroy(&intake->sweep);
    joint_destroy(&intake->joint);
    web_close(&intake->web);
    limits_destroy(&intake->limits);
    serials_destroy(&intake->serials);
    free(intake->routes);
    free(intake->document);
    free(intake);
    service_set_state(service, NULL);
}

const struct county *intake_county(struct intake *intake, const char *id)
{
    if (id && *id)
        return service_county(intake->service, id);
    return service_county_count(intake->service) == 1 ? service_county_at(intake->service, 0) : NULL;
}

int64_t intake_call_ms(const struct intake *intake)
{
    return param_int(service_params(intake->service), "call_ms");
}

int64_t intake_remember(const struct intake *intake)
{
    return param_int(service_params(intake->service), "remember_days") * 24 * 3600;
}
