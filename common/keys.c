/*
 * keys.c - reads the directory of keys; see keys.h. scripts/ctl/keys.c writes it.
 *
 * The list is short and looked through from the front, also for each message.
 */
#include "common/keys.h"

#include "common/alloc.h"
#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

enum { MAX_FILE = 64 << 10, CURVE_BYTES = 32 };

struct keys {
    char *directory;
    char name[KEY_NAME_SIZE];
    char public[CURVE_KEY_SIZE], secret[CURVE_KEY_SIZE];
    struct allowed *allowed;
    size_t count;
    struct stat seen; /* of `allowed` as it was looked at last */
};

/* As PostgreSQL has it: a secret belongs to its reader alone, or to root, who lends it to a group. */
static bool is_private(const struct stat *file)
{
    return (file->st_mode & (file->st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO)) == 0;
}

int keys_read_file(const char *directory, const char *name, bool secret, char **ret_text, char **ret_fault)
{
    AUTOFREE char *path = xasprintf("%s/%s", directory, name);
    char *text = xcalloc(1, MAX_FILE + 2), *fault = NULL;
    struct stat file;
    int r = -EINVAL, descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 && errno == ENOENT) {
        r = -ENOENT;
        fault = xasprintf("%s is missing; sidanctl keys init %s makes it", path, directory);
    } else if (descriptor < 0 || fstat(descriptor, &file) < 0) {
        r = -EACCES;
        fault = xasprintf("%s: %s", path, strerror(errno));
    } else if (!S_ISREG(file.st_mode)) {
        fault = xasprintf("%s: this is no file", path);
    } else if (secret && !is_private(&file)) {
        r = -EACCES;
        fault = xasprintf("%s: others may read or change this secret (mode %o); run: chmod 600 %s", path,
                          file.st_mode & 07777, path);
    } else if (file.st_mode & (S_IWGRP | S_IWOTH)) {
        r = -EACCES;
        fault = xasprintf("%s: others may change it (mode %o); run: chmod go-w %s", path, file.st_mode & 07777, path);
    } else if (file.st_size > MAX_FILE || read(descriptor, text, MAX_FILE + 1) != file.st_size) {
        fault = xasprintf("%s: it cannot be read, or is larger than %d bytes", path, MAX_FILE);
    }
    if (descriptor >= 0)
        close(descriptor);
    if (fault) {
        *ret_fault = fault;
        sodium_memzero(text, MAX_FILE + 1);
        free(text);
        return r;
    }
    *ret_text = text;
    return 0;
}

static bool is_curve_key(const char *key)
{
    uint8_t bytes[CURVE_BYTES];
    return strlen(key) == CURVE_KEY_SIZE - 1 && zmq_z85_decode(bytes, key);
}

int keys_next_allowed(const char **cursor, int *line, struct allowed *ret_allowed)
{
    while (**cursor) {
        const char *begin = *cursor;
        size_t length = strcspn(begin, "\n");
        *cursor = begin + length + (begin[length] == '\n');
        ++*line;
        AUTOFREE char *text = xstrndup(begin, length);
        struct allowed found;
        char rest;
        /* Only a # at the beginning is a comment's: keys may hold one. */
        int words = sscanf(text, " %15s %40s %c", found.name, found.key, &rest);
        if (words <= 0 || found.name[0] == '#')
            continue;
        if (words != 2 || !is_id(found.name) || !is_curve_key(found.key))
            return -EINVAL;
        *ret_allowed = found;
        return 1;
    }
    return 0;
}

int keys_read_secret(const char *directory, const char *name, char ret_public[CURVE_KEY_SIZE],
                     char ret_secret[CURVE_KEY_SIZE], char **ret_fault)
{
    AUTOFREE char *file = xasprintf("%s.secret", name);
    char *text, secret[CURVE_KEY_SIZE] = "", public[CURVE_KEY_SIZE];
    int r = keys_read_file(directory, file, true, &text, ret_fault);
    if (r < 0)
        return r;
    char rest;
    if (sscanf(text, " %40s %c", secret, &rest) != 1 || !is_curve_key(secret) || zmq_curve_public(public, secret) < 0) {
        *ret_fault = xasprintf("%s/%s: this is no secret key, which has 40 characters (Z85)", directory, file);
        r = -EINVAL;
    } else {
        memcpy(ret_secret, secret, sizeof secret);
        if (ret_public)
            memcpy(ret_public, public, sizeof public);
    }
    sodium_memzero(text, strlen(text));
    sodium_memzero(secret, sizeof secret);
    free(text);
    return r;
}

static const struct allowed *find(const struct allowed *allowed, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(allowed[i].key, key) == 0)
            return &allowed[i];
    return NULL;
}

/* Reads `allowed` in place of what is known of it; on failure that stays. */
static int read_allowed(struct keys *keys, char **ret_fault)
{
    char *text;
    int r = keys_read_file(keys->directory, KEYS_ALLOWED, false, &text, ret_fault);
    if (r < 0)
        return r;
    struct allowed *allowed = NULL, next;
    const char *cursor = text;
    size_t count = 0;
    int line = 0;
    while ((r = keys_next_allowed(&cursor, &line, &next)) > 0) {
        const struct allowed *same = find(allowed, count, next.key);
        if (same && strcmp(same->name, next.name) != 0)
            break;
        allowed = xrealloc(allowed, (count + 1) * sizeof *allowed);
        allowed[count++] = next;
    }
    free(text);
    if (r == 0 && count == 0) { /* as a file is for a moment when it is written in place */
        *ret_fault = xasprintf("%s/%s: there is no key in it", keys->directory, KEYS_ALLOWED);
        return -EINVAL;
    }
    if (r == 0) {
        free(keys->allowed);
        keys->allowed = allowed;
        keys->count = count;
        return 0;
    }
    *ret_fault = xasprintf("%s/%s:%d: %s", keys->directory, KEYS_ALLOWED, line,
                           r > 0 ? "this key is another name's already"
                                 : "expected a name and a public key of 40 characters (Z85)");
    free(allowed);
    return -EINVAL;
}

/* What `allowed` looks like from outside; all zero when it cannot be seen. */
static void look(const struct keys *keys, struct stat *ret_stat)
{
    AUTOFREE char *path = xasprintf("%s/%s", keys->directory, KEYS_ALLOWED);
    if (stat(path, ret_stat) < 0)
        memset(ret_stat, 0, sizeof *ret_stat);
}

int keys_new(const char *directory, const char *name, struct keys **ret_keys, char **ret_fault)
{
    struct keys *keys = xcalloc(1, sizeof *keys);
    keys->directory = xstrdup(directory);
    snprintf(keys->name, sizeof keys->name, "%s", name);
    look(keys, &keys->seen);
    int r = keys_read_secret(directory, name, keys->public, keys->secret, ret_fault);
    if (r == 0)
        r = read_allowed(keys, ret_fault);
    if (r == 0 && !keys_are_of(keys, name, keys->public)) {
        *ret_fault = xasprintf("%s/%s: it has no line for the key of %s.secret, so nobody would listen", directory,
                               KEYS_ALLOWED, name);
        r = -ENOENT;
    }
    if (r < 0)
        keys_destroy(&keys);
    else
        *ret_keys = keys;
    return r;
}

void keys_destroy(struct keys **keys)
{
    if (!*keys)
        return;
    sodium_memzero((*keys)->secret, sizeof(*keys)->secret);
    free((*keys)->allowed);
    free((*keys)->directory);
    free(*keys);
    *keys = NULL;
}

int keys_refresh(struct keys *keys, char **ret_fault)
{
    struct stat now;
    const struct stat *seen = &keys->seen;
    look(keys, &now);
    /* The time of change also tells of a mode that was put right. */
    if (now.st_ino == seen->st_ino && now.st_size == seen->st_size && now.st_ctim.tv_sec == seen->st_ctim.tv_sec &&
        now.st_ctim.tv_nsec == seen->st_ctim.tv_nsec)
        return 0;
    keys->seen = now;
    int r = read_allowed(keys, ret_fault);
    return r < 0 ? r : 1;
}

const char *keys_own_public(const struct keys *keys)
{
    return keys->public;
}

const char *keys_own_secret(const struct keys *keys)
{
    return keys->secret;
}

const char *keys_owner(const struct keys *keys, const char *key)
{
    const struct allowed *found = find(keys->allowed, keys->count, key);
    return found ? found->name : NULL;
}

bool keys_are_of(const struct keys *keys, const char *name, const char *key)
{
    const char *owner = keys_owner(keys, key);
    return owner && strcmp(owner, name) == 0;
}

void keys_fingerprint(char fingerprint[FINGERPRINT_SIZE], const char *key)
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)key, strlen(key), NULL, 0);
    sodium_bin2hex(fingerprint, FINGERPRINT_SIZE, hash, FINGERPRINT_SIZE / 2);
}
