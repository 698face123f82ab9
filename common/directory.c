/*
 * directory.c - makes directories; see directory.h.
 */
#include "common/directory.h"

#include "common/alloc.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int make_one(const char *path, mode_t mode)
{
    return mkdir(path, mode) == 0 || errno == EEXIST ? 0 : -errno;
}

int directory_make(const char *path, mode_t mode)
{
    AUTOFREE char *part = xstrdup(path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int r = make_one(part, 0755);
        if (r < 0)
            return r;
        *slash = '/';
    }
    return make_one(part, mode);
}
