/*
 * spool.c - the gateway of an installation without one: a file per SMS.
 *
 * <spool_dir>/<county>/<id>.txt holds a few headers, an empty line and the
 * text, sealed as a whole; `sidanctl spool` shows it. It is written under another name and then linked to its own, so
 * there is never half a file; and the link fails when the file is there, so there are never two. It counts as sent when
 * it is on the disk: what takes time, and blocks the loop, so the files of a turn are synced together. Whether an SMS
 * was sent can always be told by looking; a file that a power cut left without its content, so that it does not open,
 * was not. All instances must share the directory.
 */
#include "services/notification/driver.h"

#include "common/alloc.h"
#include "common/calendar.h"
#include "common/crash.h"
#include "common/directory.h"
#include "common/log.h"
#include "common/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* An SMS handed over since the last flush. */
struct written {
    struct sms *sms;
    int error; /* negative errno of writing it, or 0 */
};

struct spool {
    struct service *service;
    char *dir;
    struct written *written;
    size_t written_count, written_room;
    sms_result_fn *result;
    void *arg;
};

static int spool_open(struct service *service, const char *gateway, const json_t *settings, sms_result_fn *result,
                      void *arg, void **ret_state)
{
    (void)gateway;
    (void)settings;
    const char *dir = param_str(service_params(service), "spool_dir");
    int r = directory_make(dir, 0700);
    if (r == 0 && access(dir, W_OK | X_OK) < 0)
        r = -errno;
    if (r < 0) {
        log_error("spool_dir = \"%s\": %s", dir, strerror(-r));
        return r;
    }
    struct spool *spool = xcalloc(1, sizeof *spool);
    *spool = (struct spool){.service = service, .dir = xstrdup(dir), .result = result, .arg = arg};
    *ret_state = spool;
    return 0;
}

static void spool_close(void **state)
{
    struct spool *spool = *state;
    free(spool->written);
    free(spool->dir);
    free(spool);
    *state = NULL;
}

static char *final_name(const struct spool *spool, const struct sms *sms)
{
    return xasprintf("%s/%s/%s" SPOOL_SUFFIX "", spool->dir, sms->county, sms->id);
}

static char *draft_name(const struct spool *spool, const struct sms *sms)
{
    return xasprintf("%s/%s/.%s.draft", spool->dir, sms->county, sms->id);
}

static char *content_of(const struct sms *sms)
{
    char time[TIME_SIZE];
    time_format(time, sms->created);
    return xasprintf("To: %s\nRecipient: %s\nTemplate: %s\nOrder: %s\nTime: %s\n\n%s\n", sms->phone, sms->recipient,
                     sms->template_name, sms->order, time, sms->text);
}

static const struct vault *vault_of(const struct spool *spool, const struct sms *sms)
{
    const struct county *county = service_county(spool->service, sms->county);
    return county ? county->vault : NULL;
}

static int write_content(const struct spool *spool, int fd, const struct sms *sms)
{
    const struct vault *vault = vault_of(spool, sms);
    if (!vault)
        return -ENOKEY;
    AUTOFREE char *content = content_of(sms);
    AUTOFREE char *owner = sms_owner(sms->id, SMS_FILE);
    AUTOFREE char *sealed = vault_seal(vault, owner, content, strlen(content));
    size_t size = strlen(sealed);
    ssize_t written = write(fd, sealed, size);
    return written < 0 ? -errno : (size_t)written < size ? -ENOSPC : 0;
}

static int write_draft(const struct spool *spool, const struct sms *sms)
{
    AUTOFREE char *dir = xasprintf("%s/%s", spool->dir, sms->county);
    AUTOFREE char *draft = draft_name(spool, sms);
    int r = directory_make(dir, 0700);
    if (r < 0)
        return r;
    unlink(draft); /* what an instance left that died in the middle */
    int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    r = write_content(spool, fd, sms);
    if (close(fd) < 0 && r == 0)
        r = -errno;
    return r;
}

static int publish(const struct spool *spool, const struct sms *sms)
{
    AUTOFREE char *draft = draft_name(spool, sms);
    AUTOFREE char *name = final_name(spool, sms);
    crash_point("SMS drafted");
    int r = link(draft, name) < 0 && errno != EEXIST ? -errno : 0;
    crash_point("SMS in the spool with its draft");
    unlink(draft);
    return r;
}

static void spool_send(void *state, struct sms *sms)
{
    struct spool *spool = state;
    if (spool->written_count == spool->written_room) {
        spool->written_room = spool->written_room ? 2 * spool->written_room : 64;
        spool->written = xrealloc(spool->written, spool->written_room * sizeof *spool->written);
    }
    int r = write_draft(spool, sms);
    if (r == 0)
        r = publish(spool, sms);
    spool->written[spool->written_count++] = (struct written){sms, r};
}

/* Content and names of everything that was written to the spool's file system. */
static int sync_all(const struct spool *spool)
{
    int fd = open(spool->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = syncfs(fd) < 0 ? -errno : 0;
    close(fd);
    return r;
}

static void spool_flush(void *state)
{
    struct spool *spool = state;
    size_t count = spool->written_count;
    if (count == 0)
        return;
    crash_point("spool not synced");
    int synced = sync_all(spool);
    spool->written_count = 0;
    for (size_t i = 0; i < count; i++) {
        int r = spool->written[i].error < 0 ? spool->written[i].error : synced;
        struct answer answer;
        answer_set(&answer, r < 0 ? RESULT_LATER : RESULT_DELIVERED, r < 0 ? strerror(-r) : "");
        spool->result(spool->arg, spool->written[i].sms, &answer);
    }
}

/* The file as it lies there, which the caller frees. 0 or -errno. */
static int read_file(const char *name, char **ret_sealed)
{
    FILE *file = fopen(name, "re");
    if (!file)
        return -errno;
    char *sealed = xcalloc(1, SPOOL_FILE_MAX + 1);
    size_t size = fread(sealed, 1, SPOOL_FILE_MAX, file);
    int r = ferror(file) ? -EIO : 0;
    fclose(file);
    if (r == 0)
        *ret_sealed = xrealloc(sealed, size + 1);
    else
        free(sealed);
    return r;
}

static enum sms_result spool_lookup(void *state, const struct sms *sms)
{
    const struct spool *spool = state;
    const struct vault *vault = vault_of(spool, sms);
    AUTOFREE char *draft = draft_name(spool, sms);
    AUTOFREE char *name = final_name(spool, sms);
    AUTOFREE char *owner = sms_owner(sms->id, SMS_FILE);
    AUTOFREE char *sealed = NULL;
    AUTOFREE char *content = NULL;
    size_t size;
    unlink(draft);
    int r = read_file(name, &sealed);
    if (r == 0)
        r = vault ? vault_open(vault, owner, sealed, &content, &size) : -ENOKEY;
    if (r == -EBADMSG)
        unlink(name);
    return r == 0 ? RESULT_DELIVERED : r == -EBADMSG || r == -ENOENT ? RESULT_LATER : RESULT_UNKNOWN;
}

const struct driver spool_driver = {.name = "spool",
                                    .open = spool_open,
                                    .close = spool_close,
                                    .send = spool_send,
                                    .flush = spool_flush,
                                    .lookup = spool_lookup};
