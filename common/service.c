/*
 * service.c - what every service does around its own work; see service.h.
 *
 * service_main() is a straight line: parameters, log, set up, run, take down
 * in reverse. Redis may be away at the start or at any time: the service then
 * waits, and says so at /readyz.
 */
#include "common/alloc.h"
#include "common/commit.h"
#include "common/crash.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/service_private.h"
#include "common/text.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    BATCHES_PER_TURN = 8, /* then other sockets have their turn, */
    TURN_MS = 20,         /* or when these took so long */
    DRAIN_CAP_MS = 6000,  /* SIGTERM to exit 0 in less than 10 s */
};

static const struct param common_params[] = {
    {"keys", PARAM_STR, NULL, 1, 200, "", "directory of the services' keys; sidanctl keys init DIR makes them"},
    {"bind_host", PARAM_STR, "127.0.0.1", 1, 100, "", "address on which messages are taken (* for all)"},
    {"bind_port", PARAM_INT, "0", 0, 65535, "", "port on which messages are taken; 0: any free one"},
    {"advertise_host", PARAM_STR, "", 0, 100, "",
     "name by which others reach this instance; empty: bind_host, or the host's name"},
    {"admin_host", PARAM_STR, "127.0.0.1", 1, 100, "", "address of /healthz, /readyz and /metrics"},
    {"admin_port", PARAM_INT, "0", 0, 65535, "", "port of these; 0: any free one"},
    {"log_level", PARAM_STR, "info", 4, 7, "", "error, warning, info or debug"},
    {"window", PARAM_INT, "128", 1, 4096, "events", "greatest number of events under way to one instance"},
    {"backoff_ms", PARAM_INT, "1000", 10, 60000, "ms", "the n-th resend of an event waits n*n times this"},
    {"backoff_cap_ms", PARAM_INT, "60000", 10, 3600000, "ms", "the longest such wait"},
    {"max_attempts", PARAM_INT, "12", 1, 1000, "", "resends without an answer after which an event is set aside"},
    {"drain_ms", PARAM_INT, "1500", 0, 5000, "ms",
     "at SIGTERM: how long others have to notice before this one stops serving"},
};

zloop_t *service_loop(struct service *service)
{
    return service->loop;
}

struct store *service_store(struct service *service)
{
    return service->store;
}

const struct params *service_params(const struct service *service)
{
    return service->params;
}

const char *service_instance(const struct service *service)
{
    return service->instance;
}

void service_set_state(struct service *service, void *state)
{
    service->state = state;
}

void *service_state(const struct service *service)
{
    return service->state;
}

bool service_knows_counties(const struct service *service)
{
    return counties_known(service->counties);
}

const struct county *service_county(struct service *service, const char *id)
{
    return counties_find(service->counties, id);
}

size_t service_county_count(const struct service *service)
{
    return counties_count(service->counties);
}

const struct county *service_county_at(const struct service *service, size_t index)
{
    return counties_at(service->counties, index);
}

void service_lagged(struct service *service, int source, int64_t ms)
{
    lag_note(&service->lag, source, ms);
}

/* --- work in batches --- */

static void schedule(struct service *service);

static int on_work(zloop_t *loop, int timer, void *arg)
{
    (void)loop;
    (void)timer;
    struct service *service = arg;
    int64_t begun = mono_ms();
    service->scheduled = false;
    for (int i = 0; i < BATCHES_PER_TURN && mono_ms() - begun < TURN_MS && batch_waiting(service->batch) > 0; i++)
        batch_run(service->batch);
    if (batch_waiting(service->batch) > 0)
        schedule(service);
    return 0;
}

/* Batches run at the next turn of the loop, so that what comes in one turn shares a commit. */
static void schedule(struct service *service)
{
    if (!service->scheduled)
        zloop_timer(service->loop, 0, 1, on_work, service);
    service->scheduled = true;
}

static void on_request(void *arg, const struct sender *sender, const struct envelope *envelope, const char *body,
                       size_t size)
{
    struct service *service = arg;
    batch_request(service->batch, sender, envelope, body, size);
}

static void on_response(void *arg, void *owner, const struct envelope *envelope, const char *body, size_t size)
{
    struct service *service = arg;
    courier_response(service->courier, owner, envelope, body, size);
}

static void on_drained(void *arg)
{
    struct service *service = arg;
    courier_settle(service->courier);
    if (batch_waiting(service->batch) > 0)
        schedule(service);
}

static const struct link_handlers link_handlers = {on_request, on_response, on_drained};

void service_submit(struct service *service, const char *county, const char *order, enum message_type type,
                    const struct record *message, const char *idempotency, int64_t remember, answer_fn *done, void *arg)
{
    batch_submit(service->batch, county, order, type, message, idempotency, remember, done, arg);
    schedule(service);
}

void service_call(struct service *service, const char *county, const char *order, enum message_type type,
                  const struct record *message, const char *idempotency, int64_t deadline_ms, answer_fn *done,
                  void *arg)
{
    struct envelope call = {.kind = ENVELOPE_CALL,
                            .source = (int)service->spec->id,
                            .destination = message_info(type)->to,
                            .at = now_ms() + deadline_ms};
    snprintf(call.county, sizeof call.county, "%s", county);
    snprintf(call.order, sizeof call.order, "%s", order);
    snprintf(call.text, sizeof call.text, "%s", idempotency ? idempotency : "");
    msgpack_sbuffer body;
    msgpack_sbuffer_init(&body);
    wire_pack(&body, type, message);
    courier_call(service->courier, &call, body.data, body.size, done, arg);
    msgpack_sbuffer_destroy(&body);
}

int service_load_order(struct service *service, const char *county, const char *order, struct record *ret_order)
{
    order_append_load(service->store, county, order);
    int r = store_run(service->store);
    return r < 0 ? r : order_read(store_reply(service->store, 0), ret_order);
}

static int on_timer(zloop_t *loop, int timer, void *arg)
{
    (void)loop;
    (void)timer;
    struct timer_entry *entry = arg;
    entry->f(entry->service);
    return 0;
}

void service_every(struct service *service, size_t ms, void (*f)(struct service *service))
{
    struct timer_entry *entry = xcalloc(1, sizeof *entry);
    *entry = (struct timer_entry){.next = service->timers, .service = service, .f = f};
    service->timers = entry;
    zloop_timer(service->loop, ms, 0, on_timer, entry);
}

/* --- setting up --- */

static bool is_ready(void *arg, const char **ret_why)
{
    const struct service *service = arg;
    *ret_why = service->draining                    ? "it is being stopped"
               : !store_is_up(service->store)       ? store_error(service->store)
               : !service->registered               ? "it is not registered yet"
               : counties_locked(service->counties) ? "a county's keys do not open; the log says which and why"
               : !counties_count(service->counties) ? "no county is configured: sidanctl county apply DIR"
               : service->spec->unready             ? service->spec->unready(service)
                                                    : "";
    return **ret_why == '\0';
}

static void on_county_fault(void *arg, const char *county, const struct county_fault *fault)
{
    (void)arg;
    log_error("county=%s %s:%d: %s; %s", county, fault->file, fault->line, fault->english,
              fault->minor ? "it is in force all the same, until it is mended"
                           : "the configuration before it stays in force");
}

static int begin_drain(zloop_t *loop, zmq_pollitem_t *item, void *arg);

/* Connections, and the archive's files of each county, are many; the usual soft limit is not meant for servers. */
static void set_limits(void)
{
    struct rlimit limit, none = {0};
    setrlimit(RLIMIT_CORE, &none); /* a core file would hold keys and what is personal */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int set_up(struct service *service)
{
    const struct params *params = service->params;
    char *fault;
    int r = keys_new(param_str(params, "keys"), service_name((int)service->spec->id), &service->keys, &fault);
    if (r < 0) {
        log_error("%s", fault);
        free(fault);
        return r;
    }

    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigprocmask(SIG_BLOCK, &mask, NULL); /* before libzmq starts its threads */
    signal(SIGPIPE, SIG_IGN);
    set_limits();
    service->signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
    zsys_handler_set(NULL);

    service->loop = zloop_new();
    zloop_set_nonstop(service->loop, true);
    zmq_pollitem_t signals = {.fd = service->signals, .events = ZMQ_POLLIN};
    zloop_poller(service->loop, &signals, begin_drain, service);

    char error[DIAL_ERROR_SIZE];
    struct redis_access access = redis_access_of(params);
    service->store = store_new(&access, error);
    if (!service->store) {
        log_error("redis: %s", error);
        return -EINVAL;
    }
    service->counties = counties_new(service->store, param_str(params, "keys"), on_county_fault, service);

    char bind[160];
    if (param_int(params, "bind_port") > 0)
        snprintf(bind, sizeof bind, "tcp://%s:%d", param_str(params, "bind_host"), (int)param_int(params, "bind_port"));
    else
        snprintf(bind, sizeof bind, "tcp://%s:*", param_str(params, "bind_host"));
    r = link_new(service->loop, bind, service->keys, &link_handlers, service, &service->link);
    if (r < 0) {
        log_error("cannot take messages at %s: %s", bind, zmq_strerror(-r));
        return r;
    }
    service->courier = courier_new(&(struct courier_config){.service = (int)service->spec->id,
                                                            .store = service->store,
                                                            .link = service->link,
                                                            .counties = service->counties,
                                                            .window = (size_t)param_int(params, "window"),
                                                            .backoff_ms = (int)param_int(params, "backoff_ms"),
                                                            .backoff_cap_ms = (int)param_int(params, "backoff_cap_ms"),
                                                            .max_attempts = (int)param_int(params, "max_attempts")});
    service->batch = batch_new(&(struct batch_config){.spec = service->spec,
                                                      .service = service,
                                                      .store = service->store,
                                                      .link = service->link,
                                                      .courier = service->courier,
                                                      .counties = service->counties});
    r = admin_start(service->loop, param_str(params, "admin_host"), (int)param_int(params, "admin_port"), is_ready,
                    service, &service->admin);
    if (r < 0) {
        log_error("cannot serve health and metrics at %s:%d: %s", param_str(params, "admin_host"),
                  (int)param_int(params, "admin_port"), strerror(-r));
        return r;
    }
    return 0;
}

static void take_down(struct service *service)
{
    admin_stop(&service->admin);
    batch_destroy(&service->batch);
    courier_destroy(&service->courier);
    link_destroy(&service->link);
    counties_destroy(&service->counties);
    store_destroy(&service->store);
    zloop_destroy(&service->loop);
    close(service->signals);
    keys_destroy(&service->keys);
    while (service->timers) {
        struct timer_entry *next = service->timers->next;
        free(service->timers);
        service->timers = next;
    }
    metrics_reset();
}

static bool is_any_address(const char *host)
{
    return strcmp(host, "*") == 0 || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* By what name others reach this instance. */
static void describe_self(struct service *service)
{
    char host[100];
    const char *bind = param_str(service->params, "bind_host"), *given = param_str(service->params, "advertise_host");
    gethostname(host, sizeof host);
    if (*given)
        snprintf(host, sizeof host, "%s", given);
    else if (!is_any_address(bind))
        snprintf(host, sizeof host, "%s", bind);
    snprintf(service->self.instance, sizeof service->self.instance, "%s", service->instance);
    snprintf(service->self.endpoint, sizeof service->self.endpoint, "tcp://%s:%d", host, link_port(service->link));
    snprintf(service->self.key, sizeof service->self.key, "%s", keys_own_public(service->keys));
    const char *admin = param_str(service->params, "admin_host");
    snprintf(service->self.admin, sizeof service->self.admin, "http://%s:%d", is_any_address(admin) ? host : admin,
             admin_port(service->admin));
}

/* --- the end --- */

static int on_drain(zloop_t *loop, int timer, void *arg)
{
    (void)loop;
    (void)timer;
    struct service *service = arg;
    int64_t passed = mono_ms() - service->drain_began;
    bool busy = batch_waiting(service->batch) > 0 || courier_busy(service->courier) > 0 ||
                (service->spec->busy && service->spec->busy(service));
    bool noticed = passed >= param_int(service->params, "drain_ms");
    return (noticed && !busy) || passed > DRAIN_CAP_MS ? -1 : 0;
}

/* SIGTERM: off the list, no new work from outside, then served until others have noticed. */
static int begin_drain(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    struct service *service = arg;
    struct signalfd_siginfo info;
    if (read(item->fd, &info, sizeof info) < 0 || service->draining)
        return 0;
    log_info("stopping");
    service->draining = true;
    service->drain_began = mono_ms();
    registry_leave(service->store, (int)service->spec->id, &service->self);
    crash_point("off the list, not drained");
    if (service->spec->drain)
        service->spec->drain(service);
    zloop_timer(loop, 50, 0, on_drain, service);
    return 0;
}

static void run(struct service *service)
{
    describe_self(service);
    rounds_begin(service);
    log_info("started");
    zloop_start(service->loop);
    courier_release(service->courier);
    log_info("stopped");
}

static void usage(const struct service_spec *spec, const struct params *params)
{
    printf("Usage: sidan-%s [--config FILE] [name=value ...]\n\n"
           "Parameters, from the command line, the environment (SIDAN_NAME), or the file:\n\n",
           service_name((int)spec->id));
    params_print(params, stdout);
}

int service_main(int argc, char **argv, const struct service_spec *spec)
{
    const struct param *const tables[] = {redis_params, common_params, spec->params};
    const size_t counts[] = {REDIS_PARAM_COUNT, sizeof common_params / sizeof *common_params, spec->param_count};
    struct service service = {.spec = spec, .params = params_new(tables, counts, 3)};

    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        usage(spec, service.params);
        params_destroy(&service.params);
        return 0;
    }
    const char *file = NULL;
    if (argc > 2 && strcmp(argv[1], "--config") == 0) {
        file = argv[2];
        argc -= 2;
        argv += 2;
    }
    if (sodium_init() < 0 || params_load(service.params, file, argc, argv, stderr) < 0) {
        params_destroy(&service.params);
        return 2;
    }
    int level = log_level_by_name(param_str(service.params, "log_level"));
    if (level < 0) {
        fprintf(stderr, "log_level = \"%s\" is none of error, warning, info, debug\n",
                param_str(service.params, "log_level"));
        params_destroy(&service.params);
        return 2;
    }
    snprintf(service.instance, sizeof service.instance, "%s-%06x", service_name((int)spec->id),
             randombytes_random() & 0xffffff);
    log_open(service.instance, (enum log_level)level);

    int r = set_up(&service);
    if (r == 0)
        r = spec->start ? spec->start(&service) : 0;
    if (r == 0) {
        run(&service);
        /* Whoever still waits for an answer is told before the service's own parts are gone. */
        batch_destroy(&service.batch);
        courier_destroy(&service.courier);
        if (spec->stop)
            spec->stop(&service);
    }
    take_down(&service);
    params_destroy(&service.params);
    return r == 0 ? 0 : 1;
}
