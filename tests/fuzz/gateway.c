/*
 * What a gateway calls back. The first line is a reply's sender, the second its Content-Type, the rest the SMS; or,
 * after "receipt", the second line is the SMS's id and the third the code. After "push" the second line is the way
 * ("aliyun/report") and X-Fake, with a space between, the rest what is pushed.
 */
// links: services/intake
#include "tests/fuzz/door.h"

static void fuzz(const char *data, size_t size)
{
    door_open();
    const char *end = data + size, *first = memchr(data, '\n', size);
    const char *second = first ? memchr(first + 1, '\n', (size_t)(end - first - 1)) : NULL;
    if (!second)
        return;
    char *sender = xstrndup(data, (size_t)(first - data)), *type = xstrndup(first + 1, (size_t)(second - first - 1));
    if (strcmp(sender, "receipt") == 0) {
        free(sender);
        http_pairs_add(&door.query, xstrdup("sms"), type);
        http_pairs_add(&door.query, xstrdup("type"), xstrndup(second + 1, (size_t)(end - second - 1)));
        door_request(xstrdup("GET"), xstrdup("/gateway/kannel/" DOOR_TOKEN "/receipt"), "", 0);
        return;
    }
    if (strcmp(sender, "push") == 0) {
        size_t gateway = strcspn(type, "/"), way = strcspn(type, " ");
        free(sender);
        char *path = xasprintf("/gateway/%.*s/" DOOR_TOKEN "%.*s", (int)gateway, type,
                               way > gateway ? (int)(way - gateway) : 0, type + (way > gateway ? gateway : way));
        http_pairs_add(&door.headers, xstrdup("X-Fake"), xstrdup(type + way + (type[way] == ' ')));
        free(type);
        door_request(xstrdup("POST"), path, second + 1, (size_t)(end - second - 1));
        return;
    }
    http_pairs_add(&door.headers, xstrdup("X-Kannel-From"), sender);
    http_pairs_add(&door.headers, xstrdup("Content-Type"), type);
    door_request(xstrdup("POST"), xstrdup("/gateway/kannel/" DOOR_TOKEN "/reply"), second + 1,
                 (size_t)(end - second - 1));
}
