/*
 * web.c - serves the pages that the browser runs; see web.h.
 *
 * Only what was read at the start is served, by its exact name, so no path leads anywhere else. Names in assets/ have a
 * hash of what is in them: a browser keeps them for ever, and asks only for the page anew.
 */
#include "services/intake/web.h"

#include "common/alloc.h"
#include "common/log.h"
#include "services/intake/intake.h"
#include "services/intake/roles.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 16 * 1024 * 1024 };

struct web_file {
    char *name; /* "resident.html", "assets/resident-1a2b3c4d.js" */
    char *data;
    size_t size;
};

struct web {
    struct web_file *files;
    size_t count;
};

void web_close(struct web **web)
{
    if (!*web)
        return;
    for (size_t i = 0; i < (*web)->count; i++) {
        free((*web)->files[i].name);
        free((*web)->files[i].data);
    }
    free((*web)->files);
    free(*web);
    *web = NULL;
}

static int add_file(struct web *web, const char *dir, const char *name)
{
    AUTOFREE char *path = xasprintf("%s/%s", dir, name);
    FILE *in = fopen(path, "rb");
    if (!in) {
        int result = -errno;
        log_error("cannot read the page %s: %s", path, strerror(-result));
        return result;
    }
    struct web_file *file;
    web->files = xrealloc(web->files, (web->count + 1) * sizeof *web->files);
    file = &web->files[web->count++];
    *file = (struct web_file){.name = xstrdup(name), .data = xmalloc(FILE_MAX)};
    file->size = fread(file->data, 1, FILE_MAX, in);
    file->data = xrealloc(file->data, file->size + 1);
    int result = ferror(in) ? -EIO : file->size == FILE_MAX ? -EFBIG : 0;
    fclose(in);
    if (result < 0)
        log_error("cannot read the page %s: %s", path, strerror(-result));
    return result;
}

/* The files of a folder of dir ("" or "assets/"); folders in it are passed over. */
static int add_files(struct web *web, const char *dir, const char *folder)
{
    AUTOFREE char *path = xasprintf("%s/%s", dir, folder);
    DIR *entries = opendir(path);
    int result = 0;
    if (!entries) {
        result = -errno;
        log_error("cannot read web_dir %s: %s; build the pages with make, or leave web_dir empty", path,
                  strerror(-result));
        return result;
    }
    for (struct dirent *entry; result == 0 && (entry = readdir(entries));) {
        AUTOFREE char *name = xasprintf("%s%s", folder, entry->d_name);
        if (entry->d_name[0] != '.' && strchr(entry->d_name, '.'))
            result = add_file(web, dir, name);
    }
    closedir(entries);
    return result;
}

int web_open(const char *dir, struct web **ret_web)
{
    struct web *web = xcalloc(1, sizeof *web);
    int result = *dir ? add_files(web, dir, "") : 0;
    if (*dir && result == 0)
        result = add_files(web, dir, "assets/");
    if (result < 0)
        web_close(&web);
    *ret_web = web;
    return result;
}

static const struct web_file *find(const struct web *web, const char *name)
{
    for (size_t i = 0; i < web->count; i++)
        if (strcmp(web->files[i].name, name) == 0)
            return &web->files[i];
    return NULL;
}

static const char *type_of(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {{".html", "text/html; charset=utf-8"},
                 {".js", "text/javascript; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".svg", "image/svg+xml"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t size = strlen(name), ending = strlen(types[i].ending);
        if (size > ending && strcmp(name + size - ending, types[i].ending) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

static void answer_file(const struct web *web, struct http_request *request, const char *name, const char *caching)
{
    AUTOFREE char *compressed_name = xasprintf("%s.gz", name);
    AUTOFREE char *encodings = http_header_all(request, "Accept-Encoding");
    const struct web_file *file = find(web, name), *compressed = find(web, compressed_name);
    if (!file) {
        intake_answer_error(request, 404, "unknown", NULL,
                            web->count ? "there is no such page"
                                       : "this server has no pages; its operator sets web_dir");
        return;
    }
    http_answer_header(request, "Cache-Control", caching);
    http_answer_header(request, "Vary", "Accept-Encoding");
    if (compressed && strstr(encodings, "gzip")) {
        http_answer_header(request, "Content-Encoding", "gzip");
        file = compressed;
    }
    http_answer(request, 200, type_of(name), file->data, file->size);
}

/* Everything comes from here, and nothing that a page shows can run. */
static void answer_page(const struct intake *intake, struct http_request *request, const char *name)
{
    http_answer_header(request, "Content-Security-Policy",
                       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
                       "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'");
    answer_file(intake->web, request, name, "no-cache");
}

static void get_resident(void *arg, struct http_request *request)
{
    answer_page(arg, request, "resident.html");
}

/* What the page will ask for first is on its way before it can ask. */
static void get_county_page(void *arg, struct http_request *request)
{
    const struct intake *intake = arg;
    const struct county *county = service_county(intake->service, http_segment(request, "county"));
    if (county) {
        AUTOFREE char *link = xasprintf("<../api/v1/counties/%s>; rel=preload; as=fetch; crossorigin", county->id);
        http_answer_header(request, "Link", link);
    }
    get_resident(arg, request);
}

static void get_work(void *arg, struct http_request *request)
{
    answer_page(arg, request, "work.html");
}

static void get_asset(void *arg, struct http_request *request)
{
    const struct intake *intake = arg;
    answer_file(intake->web, request, http_path(request) + 1, "public, max-age=31536000, immutable");
}

/* The pages are one step below the root, so that they find what they need behind any proxy's path. */
static void get_root(void *arg, struct http_request *request)
{
    (void)arg;
    http_answer_header(request, "Location", "c/");
    http_answer(request, 302, "text/plain; charset=utf-8", "", 0);
}

const struct http_route web_routes[] = {
    {.method = "GET", .path = "/", .handle = get_root, .permission = PERMIT_ANYBODY},
    {.method = "GET", .path = "/c/", .handle = get_resident, .permission = PERMIT_ANYBODY},
    {.method = "GET", .path = "/c/{county}", .handle = get_county_page, .permission = PERMIT_ANYBODY},
    {.method = "GET", .path = "/o/{id}", .handle = get_resident, .permission = PERMIT_ANYBODY},
    {.method = "GET", .path = "/w/", .handle = get_work, .permission = PERMIT_ANYBODY},
    {.method = "GET", .path = "/w/{county}", .handle = get_work, .permission = PERMIT_ANYBODY},
    {.method = "GET", .path = "/assets/{file}", .handle = get_asset, .permission = PERMIT_ANYBODY},
};
const size_t web_route_count = sizeof web_routes / sizeof *web_routes;
