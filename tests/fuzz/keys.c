/*
 * The files of the keys directory: what is taken is a key, what is not is said without telling a secret. Lines
 * "== allowed", "== routing.secret" and "== master" begin the files.
 */
#include "tests/fuzz/fuzz.h"

#include "common/keys.h"
#include "common/vault.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>
#include <zmq.h>

#define COUNTY "990101"

static char dir[] = "/dev/shm/sidan-fuzz-XXXXXX";
static const char *const names[] = {KEYS_ALLOWED, "routing.secret", KEYS_MASTER};
enum { FILES = sizeof names / sizeof *names };
static int files[FILES];
static struct vault *vault;

static void take_down(void)
{
    for (int i = 0; i < FILES; i++) {
        AUTOFREE char *path = xasprintf("%s/%s", dir, names[i]);
        close(files[i]);
        unlink(path);
    }
    rmdir(dir);
    vault_destroy(&vault);
}

static void set_up(void)
{
    PROMISE(sodium_init() >= 0 && mkdtemp(dir) && atexit(take_down) == 0);
    vault = vault_new(NULL);
    for (int i = 0; i < FILES; i++) {
        AUTOFREE char *path = xasprintf("%s/%s", dir, names[i]);
        files[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        PROMISE(files[i] >= 0);
    }
}

/* Which file the line begins; -1: none. */
static int begins(const char *line, size_t size)
{
    for (int i = 0; i < FILES; i++)
        if (size == strlen(names[i]) + 3 && memcmp(line, "== ", 3) == 0 && memcmp(line + 3, names[i], size - 3) == 0)
            return i;
    return -1;
}

static void write_files(const char *data, size_t size)
{
    int file = 0;
    for (int i = 0; i < FILES; i++)
        PROMISE(ftruncate(files[i], 0) == 0 && lseek(files[i], 0, SEEK_SET) == 0);
    while (size > 0) {
        const char *newline = memchr(data, '\n', size);
        size_t line = newline ? (size_t)(newline - data) : size, whole = line + (newline != NULL);
        int next = begins(data, line);
        if (next >= 0)
            file = next;
        else
            PROMISE(write(files[file], data, whole) == (ssize_t)whole);
        data += whole;
        size -= whole;
    }
}

/* Tells where, and no secret. */
static void check_fault(const char *fault)
{
    PROMISE(fault && strncmp(fault, dir, strlen(dir)) == 0 && is_text(fault) && !strchr(fault, '\n'));
    PROMISE(strlen(fault) < 200);
}

static void read_keys(void)
{
    struct keys *keys = NULL;
    AUTOFREE char *fault = NULL;
    if (keys_new(dir, "routing", &keys, &fault) < 0) {
        check_fault(fault);
        PROMISE(!keys);
        return;
    }
    char public[CURVE_KEY_SIZE];
    PROMISE(!fault && zmq_curve_public(public, keys_own_secret(keys)) == 0);
    PROMISE(strcmp(public, keys_own_public(keys)) == 0 && keys_are_of(keys, "routing", public));
    PROMISE(!keys_owner(keys, "") && !keys_are_of(keys, "archive", public));
    keys_destroy(&keys);
}

static void read_allowed(const char *text)
{
    struct allowed allowed;
    uint8_t bytes[32];
    int line = 0, before = 0;
    for (const char *cursor = text; keys_next_allowed(&cursor, &line, &allowed) > 0; before = line) {
        PROMISE(is_id(allowed.name) && strlen(allowed.key) == CURVE_KEY_SIZE - 1);
        PROMISE(zmq_z85_decode(bytes, allowed.key) && line > before);
    }
}

/* What can be wrapped can be unwrapped, for this county alone. */
static void wrap(void)
{
    AUTOFREE char *fault = NULL;
    AUTOFREE char *wrapped = vault_wrap(vault, dir, COUNTY, &fault);
    if (!wrapped) {
        check_fault(fault);
        return;
    }
    AUTOFREE char *why = NULL;
    AUTOFREE char *elsewhere = NULL;
    struct vault *again = NULL;
    int r = vault_unwrap(dir, COUNTY, wrapped, &again, &why);
    PROMISE(r == 0 && memcmp(vault_secret(again), vault_secret(vault), VAULT_SECRET_SIZE) == 0);
    vault_destroy(&again);
    PROMISE(vault_unwrap(dir, "990102", wrapped, &again, &elsewhere) < 0 && elsewhere && !again);
}

static void fuzz(const char *data, size_t size)
{
    if (!vault)
        set_up();
    AUTOFREE char *text = xstrndup(data, size);
    write_files(data, size);
    read_allowed(text);
    read_keys();
    wrap();
}
