/*
 * files.c - attachments on disk; see files.h.
 *
 * A file is written beside its place, and moved there when it is durable; so is the name, before anybody is told. What
 * is left of a crash in between is deleted by the sweep.
 */
#include "services/intake/files.h"

#include "common/alloc.h"
#include "common/directory.h"
#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *owner_of(const char *order, const char *id)
{
    return xasprintf("order/%s/file/%s", order, id);
}

/* Makes what a directory says durable. */
static int sync_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = fsync(fd) == 0 ? 0 : -errno;
    close(fd);
    return r;
}

static int write_durably(const char *path, const char *text, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), r = 0;
    if (fd < 0)
        return -errno;
    for (size_t done = 0; r == 0 && done < size;) {
        ssize_t written = write(fd, text + done, size - done);
        if (written < 0 && errno != EINTR)
            r = -errno;
        done += written > 0 ? (size_t)written : 0;
    }
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    close(fd);
    return r;
}

/* Makes the order's directory, and those above it, durable. */
static int make_place(const char *directory, const char *county, const char *order)
{
    AUTOFREE char *of_county = xasprintf("%s/%s", directory, county);
    AUTOFREE char *of_order = xasprintf("%s/%s", of_county, order);
    int r = directory_make(of_order, 0700);
    if (r == 0)
        r = sync_directory(of_county);
    return r == 0 ? sync_directory(directory) : r;
}

int files_store(const char *directory, const struct county *county, const char *order, const char *id, const char *data,
                size_t size)
{
    char unique[ID_SIZE];
    make_id(unique);
    AUTOFREE char *owner = owner_of(order, id);
    AUTOFREE char *sealed = vault_seal(county->vault, owner, data, size);
    AUTOFREE char *place = xasprintf("%s/%s/%s", directory, county->id, order);
    AUTOFREE char *path = xasprintf("%s/%s", place, id);
    AUTOFREE char *beside = xasprintf("%s.%s", path, unique);
    int r = make_place(directory, county->id, order);
    if (r == 0)
        r = write_durably(beside, sealed, strlen(sealed));
    if (r == 0 && rename(beside, path) < 0)
        r = -errno;
    if (r < 0)
        unlink(beside);
    return r == 0 ? sync_directory(place) : r;
}

int files_read(const char *directory, const struct county *county, const char *order, const char *id, char **ret_data,
               size_t *ret_size)
{
    AUTOFREE char *owner = owner_of(order, id);
    AUTOFREE char *path = xasprintf("%s/%s/%s/%s", directory, county->id, order, id);
    int fd = open(path, O_RDONLY | O_CLOEXEC), r = 0;
    struct stat about;
    if (fd < 0)
        return -errno;
    if (fstat(fd, &about) < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    size_t size = (size_t)about.st_size, done = 0;
    AUTOFREE char *sealed = xcalloc(size + 1, 1);
    while (r == 0 && done < size) {
        ssize_t got = read(fd, sealed + done, size - done);
        if (got < 0 && errno != EINTR)
            r = -errno;
        else if (got == 0)
            r = -EBADMSG;
        done += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    return r == 0 ? vault_open(county->vault, owner, sealed, ret_data, ret_size) : r;
}
