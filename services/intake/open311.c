/*
 * open311.c - the Open311 door: finds the resource, the county and the key of
 * each request, and answers errors, discovery and services itself.
 *
 * Bears what real clients do: doubled slashes, the county in the query or in
 * the form, empty parameters that mean none, no ending (XML then). A struct
 * open311_call is attached to its HTTP request and dies with it. Every failure
 * is answered in the format and language that the client asked for.
 */
#include "services/intake/open311.h"

#include "common/alloc.h"
#include "common/calendar.h"
#include "common/text.h"
#include "services/intake/access.h"
#include "services/intake/open311_format.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* What a stranger's question counts as. A list has up to 1000 orders; who polls both lists each minute needs a sixth of
 * what an address may. */
enum { COST = 1, COST_OF_LIST = 5 };

static open311_fn get_discovery, get_services, get_definition;

static const struct resource {
    const char *method, *path; /* below /open311/; a trailing * stands for the call's name */
    open311_fn *handle;
    int permission, cost; /* cost: where no key is needed */
    bool countyless;      /* works without a county, too */
} resources[] = {
    {"GET", "discovery", get_discovery, PERMIT_ANYBODY, COST, true},
    {"GET", "v2/discovery", get_discovery, PERMIT_ANYBODY, COST, true},
    {"GET", "v2/services", get_services, PERMIT_ANYBODY, COST, false},
    {"GET", "v2/services/*", get_definition, PERMIT_ANYBODY, COST, false},
    {"GET", "v2/requests", open311_list_requests, PERMIT_ANYBODY, COST_OF_LIST, false},
    {"POST", "v2/requests", open311_post_request, PERMIT_OPEN311, 0, false},
    {"GET", "v2/requests/*", open311_get_request, PERMIT_ANYBODY, COST, false},
    {"GET", "v2/tokens/*", open311_get_token, PERMIT_ANYBODY, COST, false},
    {"GET", "v2/servicerequestupdates", open311_list_updates, PERMIT_ANYBODY, COST_OF_LIST, false},
    {"POST", "v2/servicerequestupdates", open311_post_update, PERMIT_OPEN311, 0, false},
};

bool open311_resource(size_t index, struct intake_resource *ret_resource)
{
    if (index >= COUNT(resources))
        return false;
    *ret_resource =
        (struct intake_resource){resources[index].method, resources[index].path, resources[index].permission};
    return true;
}

/* -- the call ---------------------------------------------------------------------------------------------------- */

static void call_destroy(void *data)
{
    struct open311_call *call = data;
    free(call->name);
    free(call->orders);
    free(call);
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

static struct open311_call *call_new(struct intake *intake, struct http_request *request)
{
    struct open311_call *call = xcalloc(1, sizeof *call);

    call->intake = intake;
    call->request = request;
    call->json = ends_with(http_path(request), ".json");
    call->english = intake_prefers_english(request);
    http_attach(request, call, call_destroy);
    return call;
}

/* "/open311//v2/services/A1.xml" → "v2/services/A1". The caller frees it. */
static char *plain_path(const char *path)
{
    char *plain = xmalloc(strlen(path) + 1), *to = plain;

    for (path += strlen("/open311/"); *path; path++)
        if (*path != '/' || (to > plain && to[-1] != '/'))
            *to++ = *path;
    if (to > plain && to[-1] == '/')
        to--;
    *to = '\0';
    if (ends_with(plain, ".xml"))
        to[-(ptrdiff_t)strlen(".xml")] = '\0';
    else if (ends_with(plain, ".json"))
        to[-(ptrdiff_t)strlen(".json")] = '\0';
    return plain;
}

static bool path_matches(const char *pattern, const char *path, const char **ret_name)
{
    size_t fixed = strcspn(pattern, "*");
    if (pattern[fixed] == '\0')
        return strcmp(pattern, path) == 0;
    if (strncmp(pattern, path, fixed) != 0 || path[fixed] == '\0' || strchr(path + fixed, '/'))
        return false;
    *ret_name = path + fixed;
    return true;
}

static bool is_post(const struct open311_call *call)
{
    return strcmp(http_method(call->request), "POST") == 0;
}

const char *open311_param(const struct open311_call *call, const char *name)
{
    const char *value = is_post(call) ? http_form(call->request, name) : http_query(call->request, name);
    return value && *value ? value : NULL;
}

/* A parameter that clients put into the query of a POST, too. */
static const char *param_of_either(const struct open311_call *call, const char *name)
{
    const char *value = open311_param(call, name);
    if (!value)
        value = http_query(call->request, name);
    return value && *value ? value : NULL;
}

const struct county *open311_county(const struct open311_call *call)
{
    return service_county(call->intake->service, call->county);
}

void open311_idempotency(char digest[DIGEST_SIZE], const struct api_key *writer, const char *what, const char *id)
{
    intake_digest(digest, (const char *const[]){"open311", writer->name, what, id}, 4);
}

/* -- answers ----------------------------------------------------------------------------------------------------- */

void open311_answer(struct open311_call *call, int status, const char *root, json_t *tree)
{
    size_t size = 0;
    AUTOFREE char *body = open311_write(call->json, root, tree, &size);

    json_decref(tree);
    http_answer(call->request, status, call->json ? "application/json; charset=utf-8" : "text/xml; charset=utf-8", body,
                size);
}

void open311_fail(struct open311_call *call, int status, const char *field, const char *chinese, const char *english)
{
    AUTOFREE char *description = xasprintf("%s%s%s", field, *field ? ": " : "", call->english ? english : chinese);
    open311_answer(call, status, "errors", json_pack("[{si ss}]", "code", status, "description", description));
}

void open311_fail_refused(struct open311_call *call, const char *word, const char *field, const char *detail)
{
    int status = intake_status_of(word);
    const char *sentence = intake_message(call->request, word, field, detail);
    /* "404 for resources that don't exist, 403 for errors because of wrong or missing api_key and 400 for any other" */
    open311_fail(call, status == 404 || status == 403 ? status : 400, field, sentence, sentence);
}

static void fail_http(struct open311_call *call, int status, const char *word, const char *detail)
{
    const char *sentence = intake_message(call->request, word, NULL, detail);
    open311_fail(call, status, "", sentence, sentence);
}

void open311_fail_unavailable(struct open311_call *call)
{
    intake_retry_after(call->request);
    fail_http(call, 503, "unavailable", NULL);
}

static void fail_wait(struct open311_call *call, int64_t seconds)
{
    intake_retry_in(call->request, seconds);
    fail_http(call, 429, "too_many_requests", NULL);
}

void open311_error(struct intake *intake, struct http_request *request, int status, const char *word,
                   const char *detail)
{
    fail_http(call_new(intake, request), status, word, detail);
}

/* -- windows of time --------------------------------------------------------------------------------------------- */

/* Reads a moment; a "+" that came unescaped has become a space. False when it is none. */
static bool moment_of(const char *text, int64_t *ret_at)
{
    AUTOFREE char *copy = xstrdup(text);
    size_t size = strlen(copy), offset = strlen("+08:00");

    if (size > offset && copy[size - offset] == ' ' && strchr(copy, 'T'))
        copy[size - offset] = '+';
    return time_parse(copy, ret_at) == 0;
}

bool open311_window(struct open311_call *call, struct record *message)
{
    const int64_t most = OPEN311_DAYS * INT64_C(86400000);
    const char *from = open311_param(call, "start_date"), *to = open311_param(call, "end_date");
    int64_t now = now_ms(), start = 0, end = 0;

    if (from && !moment_of(from, &start)) {
        open311_fail(call, 400, "start_date", "不是 W3C 时间，如 2026-11-22T09:30:00+08:00",
                     "is no W3C date-time such as 2026-11-22T09:30:00+08:00");
        return false;
    }
    if (to && !moment_of(to, &end)) {
        open311_fail(call, 400, "end_date", "不是 W3C 时间，如 2026-11-22T09:30:00+08:00",
                     "is no W3C date-time such as 2026-11-22T09:30:00+08:00");
        return false;
    }
    if (!to)
        end = from && start + most < now ? start + most : now;
    if (!from)
        start = end - most;
    if (from && to && start > end) {
        open311_fail(call, 400, "start_date", "晚于 end_date", "is after end_date");
        return false;
    }
    if (end - start > most) {
        open311_fail(call, 400, "end_date", "与 start_date 相距超过 90 天", "is more than 90 days after start_date");
        return false;
    }
    record_set_int(message, F_START, start);
    record_set_int(message, F_END, end);
    return true;
}

/* -- discovery and services -------------------------------------------------------------------------------------- */

/* A name or an address with perhaps a port, as far as characters tell: it goes into an answer. */
static bool is_host(const char *host)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]";
    return *host && host[strspn(host, allowed)] == '\0';
}

/* Where the client found us: "https://host/open311/v2/". The caller frees it. */
static char *endpoint_url(const struct open311_call *call)
{
    const char *host = http_header(call->request, "Host"), *scheme = http_header(call->request, "X-Forwarded-Proto");
    bool secure = scheme && strcmp(scheme, "https") == 0;

    return xasprintf("%s://%s/open311/v2/", secure ? "https" : "http", host && is_host(host) ? host : "localhost");
}

/* How to reach the people behind the endpoint; every county's, when none was named. The caller frees it. */
static char *contacts(const struct open311_call *call, const struct county *county)
{
    size_t count = county ? 0 : service_county_count(call->intake->service);
    char *all = xstrdup(county ? county->contact : "");

    for (size_t i = 0; i < count; i++) {
        const struct county *each = service_county_at(call->intake->service, i);
        char *longer = xasprintf("%s%s%s: %s", all, *all ? "; " : "", each->name, each->contact);
        free(all);
        all = longer;
    }
    return all;
}

static void get_discovery(struct open311_call *call, const struct county *county)
{
    char changeset[24];
    int64_t revision = county ? county->revision : 0;

    for (size_t i = 0; !county && i < service_county_count(call->intake->service); i++)
        revision += service_county_at(call->intake->service, i)->revision;
    snprintf(changeset, sizeof changeset, "%012lld", (long long)revision);
    AUTOFREE char *url = endpoint_url(call);
    AUTOFREE char *contact = contacts(call, county);
    const char *key_service =
        call->english ? "Ask the CPPCC office of the county for a key." : "请向县政协办公室申请接口密钥。";
    open311_answer(call, 200, "discovery",
                   json_pack("{ss ss ss s[{ss ss ss ss s[ss]}]}", "changeset", changeset, "contact", contact,
                             "key_service", key_service, "endpoints", "specification",
                             "http://wiki.open311.org/GeoReport_v2", "url", url, "changeset", changeset, "type",
                             "production", "formats", "text/xml", "application/json"));
}

static void get_services(struct open311_call *call, const struct county *county)
{
    json_t *services = json_array();
    for (size_t i = 0; i < county->category_count; i++)
        json_array_append_new(services, open311_service(county, &county->categories[i]));
    open311_answer(call, 200, "services", services);
}

static void get_definition(struct open311_call *call, const struct county *county)
{
    const struct category *category = county_category(county, call->name);
    if (category)
        open311_answer(call, 200, "service_definition", open311_definition(county, category));
    else
        open311_fail(call, 404, "service_code", "没有这类事项", "there is no such service");
}

/* -- the door ---------------------------------------------------------------------------------------------------- */

/* Finds the county of a call. False after answering that it cannot be told. */
static bool choose_county(struct open311_call *call, const struct resource *resource, const struct county **ret_county)
{
    const char *id = param_of_either(call, "jurisdiction_id");
    const struct county *county = intake_county(call->intake, id);

    if (county) {
        snprintf(call->county, sizeof call->county, "%s", county->id);
    } else if (id) {
        open311_fail(call, 404, "jurisdiction_id", "没有这个县", "there is no such county");
        return false;
    } else if (!resource->countyless) {
        open311_fail(call, 400, "jurisdiction_id", "缺少县的行政区划代码", "is missing: the county's division code");
        return false;
    }
    *ret_county = county;
    return true;
}

/* Whether the call may go on: whoever writes needs a key. False after answering 403 or 429. */
static bool admit(struct open311_call *call, const struct county *county, const struct resource *resource)
{
    const char *key = param_of_either(call, "api_key");
    bool open = resource->permission == PERMIT_ANYBODY;
    int64_t wait;
    if (!key)
        key = access_request_key(call->request);
    if (open)
        wait = access_charge(call->intake, call->request, key, resource->cost);
    else
        call->writer = access_key(call->intake, county, key, (enum permission)resource->permission, &wait);
    if (wait > 0)
        fail_wait(call, wait);
    else if (open)
        return true;
    else if (!call->writer && key)
        open311_fail(call, 403, "api_key", "密钥无效，或没有写入的权限", "is not valid here or may not write");
    else if (!call->writer)
        open311_fail(call, 403, "api_key", "缺少密钥", "is missing");
    return call->writer;
}

/* A form in another encoding would look like one without parameters. */
static bool is_readable(const struct open311_call *call)
{
    size_t size = 0;
    const char *type = http_header(call->request, "Content-Type");
    static const char form[] = "application/x-www-form-urlencoded";

    (void)http_body(call->request, &size);
    return size == 0 || (type && strncasecmp(type, form, sizeof form - 1) == 0);
}

static void handle(void *arg, struct http_request *request)
{
    struct open311_call *call = call_new(arg, request);
    AUTOFREE char *path = plain_path(http_path(request));
    const char *method = is_post(call) ? "POST" : "GET", *name = "";
    const struct county *county = NULL;
    bool found = false;

    for (size_t i = 0; i < COUNT(resources); i++) {
        const struct resource *resource = &resources[i];
        if (!path_matches(resource->path, path, &name))
            continue;
        found = true;
        if (strcmp(resource->method, method) != 0)
            continue;
        call->name = xstrdup(name);
        if (!is_readable(call))
            open311_fail(call, 400, "Content-Type", "应为 application/x-www-form-urlencoded",
                         "must be application/x-www-form-urlencoded");
        else if (choose_county(call, resource, &county) && admit(call, county, resource))
            resource->handle(call, county);
        return;
    }
    if (found)
        fail_http(call, 405, "method", NULL);
    else
        fail_http(call, 404, "no_such_path", NULL);
}

const struct http_route open311_routes[] = {
    {.method = "GET", .path = "/open311/*", .handle = handle, .permission = PERMIT_OF_RESOURCE},
    {.method = "POST",
     .path = "/open311/*",
     .handle = handle,
     .max_body = 256 * 1024UL,
     .permission = PERMIT_OF_RESOURCE},
};
const size_t open311_route_count = COUNT(open311_routes);
