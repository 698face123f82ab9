/*
 * A whole request to intake, as it stands on the wire: request line, headers, an empty line, a body. The header X-Fake
 * says how Redis and the other services take it; see door.h.
 */
// links: services/intake
#include "tests/fuzz/door.h"

#include <unistd.h>

/* Adds "name=value", as libmicrohttpd would decode it. */
static void add_query(const char *pair, size_t size)
{
    size_t name_size = strcspn(pair, "=&");
    char *name = xstrndup(pair, name_size < size ? name_size : size);
    char *value = name_size < size ? xstrndup(pair + name_size + 1, size - name_size - 1) : xstrdup("");
    MHD_http_unescape(name);
    MHD_http_unescape(value);
    http_pairs_add(&door.query, name, value);
}

static void add_queries(const char *query)
{
    while (*query) {
        size_t size = strcspn(query, "&");
        add_query(query, size);
        query += size + (query[size] == '&');
    }
}

static void add_header(const char *line, size_t size)
{
    size_t name = strcspn(line, ":");
    if (name >= size)
        return;
    size_t value = name + 1 + strspn(line + name + 1, " ");
    http_pairs_add(&door.headers, xstrndup(line, name),
                   value < size ? xstrndup(line + value, size - value) : xstrdup(""));
}

/*
 * With all seeds (tests/fuzz/run) every handler of intake has run, or some are fuzzed by luck alone. None is left out:
 * each can answer here.
 */
static void check_reached(void)
{
    bool all = true;
    for (size_t i = 0; i < door.config.route_count; i++) {
        all &= door.reached[i];
        if (!door.reached[i])
            fprintf(stderr, "no seed reaches %s %s\n", door.config.routes[i].method, door.config.routes[i].path);
    }
    if (!all)
        _exit(1);
}

static void fuzz(const char *data, size_t size)
{
    static bool begun;
    if (!begun && getenv("FUZZ_ALL_SEEDS"))
        atexit(check_reached);
    begun = true;
    door_open();
    AUTOFREE char *text = xstrndup(data, size);
    size_t method = strcspn(text, " \n"), line = strcspn(text, "\n");
    if (method >= line)
        return;
    size_t target = strcspn(text + method + 1, " \n"), path = strcspn(text + method + 1, "? \n");
    AUTOFREE char *uri = xstrndup(text + method + 1, target);
    if (!http_guard_uri(uri))
        return;
    AUTOFREE char *query = xstrndup(text + method + 1 + path, target - path);
    add_queries(*query ? query + 1 : query);
    char *decoded = xstrndup(text + method + 1, path);
    MHD_http_unescape(decoded);
    const char *header = text + line + (text[line] == '\n');
    while (*header && *header != '\n') {
        size_t length = strcspn(header, "\n");
        add_header(header, length);
        header += length + (header[length] == '\n');
    }
    size_t head = (size_t)(header - text) + (*header == '\n');
    door_request(xstrndup(text, method), decoded, data + head, size > head ? size - head : 0);
}
