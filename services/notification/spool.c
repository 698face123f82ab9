/*
 * spool.c - the gateway of an installation without one: a file per SMS.
 *
 * <spool_dir>/<county>/<id>.txt holds a few headers, an empty line and the
 * text. It is written under another name, synced, and only then linked to its
 * own, so a crash leaves no half file; and the link fails when the file is
 * there, so there are never two. Whether an SMS was sent can always be told by
 * looking. All instances must share the directory. Files are short, so the
 * loop is blocked only for the time of a sync.
 */
#include "services/notification/driver.h"

#include "common/alloc.h"
#include "common/calendar.h"
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct spool {
    char *dir;
    sms_result_fn *result;
    void *arg;
};

static int make_dir(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

/* Makes a directory and those above it. */
static int make_dirs(const char *path)
{
    AUTOFREE char *part = xstrdup(path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int r = make_dir(part);
        if (r < 0)
            return r;
        *slash = '/';
    }
    return make_dir(part);
}

static int spool_open(struct service *service, sms_result_fn *result, void *arg, void **ret_state)
{
    const char *dir = param_str(service_params(service), "spool_dir");
    int r = make_dirs(dir);
    if (r == 0 && access(dir, W_OK | X_OK) < 0)
        r = -errno;
    if (r < 0) {
        log_error("spool_dir = \"%s\": %s", dir, strerror(-r));
        return r;
    }
    struct spool *spool = xcalloc(1, sizeof *spool);
    *spool = (struct spool){xstrdup(dir), result, arg};
    *ret_state = spool;
    return 0;
}

static void spool_close(void **state)
{
    struct spool *spool = *state;
    free(spool->dir);
    free(spool);
    *state = NULL;
}

static char *final_name(const struct spool *spool, const struct sms *sms)
{
    return xasprintf("%s/%s/%s.txt", spool->dir, sms->county, sms->id);
}

static char *draft_name(const struct spool *spool, const struct sms *sms)
{
    return xasprintf("%s/%s/.%s.draft", spool->dir, sms->county, sms->id);
}

static int sync_and_close(int fd)
{
    int r = fsync(fd) < 0 ? -errno : 0;
    if (close(fd) < 0 && r == 0)
        r = -errno;
    return r;
}

static int write_draft(const char *name, const struct sms *sms)
{
    char time[TIME_SIZE];
    time_format(time, sms->created);
    AUTOFREE char *content = xasprintf("To: %s\nRecipient: %s\nTemplate: %s\nOrder: %s\nTime: %s\n\n%s\n", sms->phone,
                                       sms->recipient, sms->template_name, sms->order, time, sms->text);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    size_t size = strlen(content);
    ssize_t written = write(fd, content, size);
    int r = written < 0 ? -errno : (size_t)written < size ? -ENOSPC : 0;
    int closed = sync_and_close(fd);
    return r < 0 ? r : closed;
}

static int sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : sync_and_close(fd);
}

static int put(const struct spool *spool, const struct sms *sms)
{
    AUTOFREE char *dir = xasprintf("%s/%s", spool->dir, sms->county);
    AUTOFREE char *draft = draft_name(spool, sms);
    AUTOFREE char *name = final_name(spool, sms);
    int r = make_dir(dir);
    if (r < 0)
        return r;
    unlink(draft); /* what an instance left that died in the middle */
    r = write_draft(draft, sms);
    if (r == 0 && link(draft, name) < 0 && errno != EEXIST)
        r = -errno;
    unlink(draft);
    return r < 0 ? r : sync_dir(dir);
}

static void spool_send(void *state, struct sms *sms)
{
    const struct spool *spool = state;
    int r = put(spool, sms);
    spool->result(spool->arg, sms, r < 0 ? RESULT_LATER : RESULT_DELIVERED, r < 0 ? strerror(-r) : "");
}

static enum sms_result spool_lookup(void *state, const struct sms *sms)
{
    const struct spool *spool = state;
    AUTOFREE char *draft = draft_name(spool, sms);
    AUTOFREE char *name = final_name(spool, sms);
    if (access(name, F_OK) < 0)
        return RESULT_LATER;
    unlink(draft);
    return RESULT_DELIVERED;
}

const struct driver spool_driver = {"spool", spool_open, spool_close, spool_send, spool_lookup};
