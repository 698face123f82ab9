/*
 * keys.c - makes and replaces the keys of common/keys.h.
 *
 * One command at a time works on a directory. Each file is replaced as a
 * whole, and `allowed` always before the secret that it announces, so that
 * whoever starts with a new secret finds it allowed. Needs no Redis.
 */
#include "scripts/ctl/ctl.h"

#include "common/alloc.h"
#include "common/directory.h"
#include "common/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

enum { NAMES = SERVICE_COUNT + 1, MASTER_BYTES = 32 };

/* A directory of keys under the hands of one command. */
struct ring {
    const char *path;
    int directory; /* locked while it is open */
    char *allowed; /* the text of that file; NULL when there is none */
};

static const char *name_at(size_t i)
{
    return speaker_name(1 << i);
}

static bool exists(const struct ring *ring, const char *file)
{
    return faccessat(ring->directory, file, F_OK, 0) == 0;
}

static int fail_with(char *fault)
{
    fail("%s", fault);
    free(fault);
    return FAILED;
}

static void ring_close(struct ring *ring)
{
    free(ring->allowed);
    if (ring->directory >= 0)
        close(ring->directory); /* and with it the lock */
}

/* DONE, or FAILED after saying why; ring_close() is due in both cases. */
static int ring_open(struct ring *ring, const char *path)
{
    *ring = (struct ring){.path = path, .directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    umask(077);
    if (ring->directory < 0)
        return fail("%s: %s; sidanctl keys init %s makes it", path, strerror(errno), path);
    if (flock(ring->directory, LOCK_EX) < 0)
        return fail("%s: %s", path, strerror(errno));
    char *fault;
    if (exists(ring, KEYS_ALLOWED) && keys_read_file(path, KEYS_ALLOWED, false, &ring->allowed, &fault) < 0)
        return fail_with(fault);
    return DONE;
}

/* Replaces a file as a whole, or makes it with this mode. One that is there keeps its mode and its group. */
static int write_file(const struct ring *ring, const char *name, mode_t mode, const char *text)
{
    AUTOFREE char *temporary = xasprintf(".%s.new", name);
    struct stat before;
    bool replaces = fstatat(ring->directory, name, &before, 0) == 0;
    size_t size = strlen(text);
    unlinkat(ring->directory, temporary, 0); /* of a run that was cut off */
    int file = openat(ring->directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = file >= 0 && write(file, text, size) == (ssize_t)size;
    /* The owner first: for him the mode is meant. */
    if (good && replaces && (before.st_uid != geteuid() || before.st_gid != getegid()))
        good = fchown(file, before.st_uid, before.st_gid) == 0;
    good = good && fchmod(file, replaces ? before.st_mode & 07777 : mode) == 0 && fsync(file) == 0 &&
           renameat(ring->directory, temporary, ring->directory, name) == 0 && fsync(ring->directory) == 0;
    int error = errno;
    if (file >= 0)
        close(file);
    if (good)
        return DONE;
    unlinkat(ring->directory, temporary, 0);
    return fail("%s/%s: %s", ring->path, name, strerror(error));
}

static int write_secret(const struct ring *ring, const char *name, const char *secret)
{
    AUTOFREE char *file = xasprintf("%s.secret", name);
    AUTOFREE char *text = xasprintf("%s\n", secret);
    int code = write_file(ring, file, 0600, text);
    sodium_memzero(text, strlen(text));
    return code;
}

static void allow(struct ring *ring, const char *name, const char *key)
{
    const char *before = ring->allowed ? ring->allowed : "";
    size_t length = strlen(before);
    char *text = xasprintf("%s%s%s %s\n", before, length > 0 && before[length - 1] != '\n' ? "\n" : "", name, key);
    free(ring->allowed);
    ring->allowed = text;
}

/* A new pair for a name: its public key is allowed first. */
static int make_pair(struct ring *ring, const char *name)
{
    char public[CURVE_KEY_SIZE], secret[CURVE_KEY_SIZE];
    if (zmq_curve_keypair(public, secret) < 0)
        return fail("this libzmq cannot make keys: %s", zmq_strerror(errno));
    allow(ring, name, public);
    int code = write_file(ring, KEYS_ALLOWED, 0644, ring->allowed);
    if (code == DONE)
        code = write_secret(ring, name, secret);
    sodium_memzero(secret, sizeof secret);
    return code;
}

/* The list is made anew from the secrets that are there. */
static int restore_allowed(struct ring *ring)
{
    for (size_t i = 0; i < NAMES; i++) {
        AUTOFREE char *file = xasprintf("%s.secret", name_at(i));
        char public[CURVE_KEY_SIZE], secret[CURVE_KEY_SIZE], *fault;
        if (!exists(ring, file))
            continue;
        if (keys_read_secret(ring->path, name_at(i), public, secret, &fault) < 0)
            return fail_with(fault);
        sodium_memzero(secret, sizeof secret);
        allow(ring, name_at(i), public);
    }
    return ring->allowed ? write_file(ring, KEYS_ALLOWED, 0644, ring->allowed) : DONE;
}

/* The number of the last master key in the text of that file, 0 when there is none. */
static long long last_master(const char *text)
{
    long long number, last = 0;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (sscanf(line, "%lld %*64[0-9A-Fa-f]", &number) == 1)
            last = number;
    return last;
}

/* One more master key, which is the current one from now on. */
static int add_master(const struct ring *ring)
{
    unsigned char bytes[MASTER_BYTES];
    char hex[2 * MASTER_BYTES + 1], *before = NULL, *fault;
    if (exists(ring, KEYS_MASTER) && keys_read_file(ring->path, KEYS_MASTER, true, &before, &fault) < 0)
        return fail_with(fault);
    size_t length = before ? strlen(before) : 0;
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
    AUTOFREE char *text =
        xasprintf("%s%s%lld %s\n", before ? before : "", length > 0 && before[length - 1] != '\n' ? "\n" : "",
                  last_master(before ? before : "") + 1, hex);
    int code = write_file(ring, KEYS_MASTER, 0600, text);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(hex, sizeof hex);
    sodium_memzero(text, strlen(text));
    if (before)
        sodium_memzero(before, length);
    free(before);
    return code;
}

static int make_missing(struct ring *ring)
{
    int code = ring->allowed ? DONE : restore_allowed(ring);
    for (size_t i = 0; code == DONE && i < NAMES; i++) {
        AUTOFREE char *file = xasprintf("%s.secret", name_at(i));
        if (!exists(ring, file))
            code = make_pair(ring, name_at(i));
    }
    return code == DONE && !exists(ring, KEYS_MASTER) ? add_master(ring) : code;
}

int keys_init(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)ctl;
    (void)argc;
    struct ring ring;
    if (sodium_init() < 0)
        return fail("there is no source of random numbers");
    int r = directory_make(argv[0], 0700);
    if (r < 0)
        return fail("%s: %s", argv[0], strerror(-r));
    int code = ring_open(&ring, argv[0]);
    if (code == DONE)
        code = make_missing(&ring);
    ring_close(&ring);
    return code;
}

int keys_master(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)ctl;
    (void)argc;
    struct ring ring;
    if (sodium_init() < 0)
        return fail("there is no source of random numbers");
    int code = ring_open(&ring, argv[0]);
    if (code == DONE)
        code = add_master(&ring);
    ring_close(&ring);
    return code;
}

/* Whether a secret of the name is there; then its public key is in ret_public. */
static bool current_key(const struct ring *ring, const char *name, char ret_public[CURVE_KEY_SIZE])
{
    char secret[CURVE_KEY_SIZE], *fault;
    if (keys_read_secret(ring->path, name, ret_public, secret, &fault) < 0) {
        free(fault);
        return false;
    }
    sodium_memzero(secret, sizeof secret);
    return true;
}

int keys_list(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    struct ring ring;
    int code = ring_open(&ring, argv[0]);
    const char *cursor = ring.allowed ? ring.allowed : "";
    struct allowed line;
    int number = 0, r = 0;
    json_t *rows = json_array();
    while (code == DONE && (r = keys_next_allowed(&cursor, &number, &line)) > 0) {
        char fingerprint[FINGERPRINT_SIZE], current[CURVE_KEY_SIZE];
        keys_fingerprint(fingerprint, line.key);
        const char *state = !current_key(&ring, line.name, current) ? "its secret is not here"
                            : strcmp(current, line.key) == 0        ? "current"
                                                                    : "old";
        json_array_append_new(rows,
                              json_pack("{s:s, s:s, s:s}", "name", line.name, "key", fingerprint, "state", state));
    }
    if (r < 0)
        code =
            fail("%s/%s:%d: expected a name and a public key of 40 characters (Z85)", ring.path, KEYS_ALLOWED, number);
    json_t *report = json_pack("{s:o}", "keys", rows);
    if (code == DONE)
        report_print(report, ctl->json);
    json_decref(report);
    ring_close(&ring);
    return code;
}

static bool is_known(const char *name)
{
    for (size_t i = 0; i < NAMES; i++)
        if (strcmp(name_at(i), name) == 0)
            return true;
    return false;
}

int keys_rotate(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)ctl;
    (void)argc;
    struct ring ring;
    if (!is_known(argv[1]))
        return misused("\"%s\" has no keys; a service has, and sidanctl", argv[1]);
    int code = ring_open(&ring, argv[0]);
    if (code == DONE && !ring.allowed)
        code = fail("%s has no keys yet; run: sidanctl keys init %s", argv[0], argv[0]);
    if (code == DONE)
        code = make_pair(&ring, argv[1]);
    ring_close(&ring);
    return code;
}

/* Lines are kept as they are, comments too, but for those of other keys of this name. */
static int keep_current(const struct ring *ring, const char *name)
{
    char current[CURVE_KEY_SIZE], *kept = NULL;
    if (!ring->allowed || !current_key(ring, name, current))
        return fail("%s: without %s.secret nobody can tell which key is the current one", ring->path, name);
    size_t size;
    FILE *out = open_memstream(&kept, &size);
    if (!out)
        abort();
    for (const char *cursor = ring->allowed; *cursor;) {
        size_t length = strcspn(cursor, "\n");
        length += cursor[length] == '\n';
        AUTOFREE char *text = xstrndup(cursor, length);
        const char *start = text;
        struct allowed line;
        int number = 0;
        if (keys_next_allowed(&start, &number, &line) <= 0 || strcmp(line.name, name) != 0 ||
            strcmp(line.key, current) == 0)
            fputs(text, out);
        cursor += length;
    }
    fclose(out);
    int code = write_file(ring, KEYS_ALLOWED, 0644, kept);
    free(kept);
    return code;
}

int keys_prune(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)ctl;
    (void)argc;
    struct ring ring;
    if (!is_known(argv[1]))
        return misused("\"%s\" has no keys; a service has, and sidanctl", argv[1]);
    int code = ring_open(&ring, argv[0]);
    if (code == DONE)
        code = keep_current(&ring, argv[1]);
    ring_close(&ring);
    return code;
}
