/*
 * Sealed values: one has one spelling, opens where it belongs alone, and nothing else opens; and whatever comes out of
 * a contact is text. The first line of the input is a sealed value, or what is done to one: a place in it and what
 * stands there then; the rest is what was sealed.
 */
#include "tests/fuzz/fuzz.h"

#include "common/contact.h"

#include <errno.h>
#include <sodium.h>

#define ORDER "990101-000123"
#define OWNER "order/" ORDER "/contact"

static struct vault *vault;

/* Whether it opens. If so, sealing it again gives the same. */
static bool open_text(const char *sealed)
{
    char *value = NULL;
    size_t size = 0;
    AUTOFREE char *other = NULL;
    size_t other_size;
    int r = vault_open(vault, OWNER, sealed, &value, &size);
    PROMISE(r == 0 || ((r == -EBADMSG || r == -ENOKEY) && !value));
    if (r < 0)
        return false;
    AUTOFREE char *again = vault_seal(vault, OWNER, value, size);
    PROMISE(value[size] == '\0' && strcmp(again, sealed) == 0);
    PROMISE(vault_open(vault, OWNER "x", sealed, &other, &other_size) == -EBADMSG);
    free(value);
    return true;
}

/* Puts `text` in at a place of what is sealed. It may be another sealed value: the fuzzer picks up what it compares. */
static void change(const char *sealed, const char *text, size_t place)
{
    size_t length = strlen(sealed);
    place %= length;
    size_t rest = place + strlen(text) < length ? place + strlen(text) : length;
    AUTOFREE char *changed = xasprintf("%.*s%s%s", (int)place, sealed, text, sealed + rest);
    open_text(changed);
}

static void read_contact(const char *sealed)
{
    RECORD *contact = record_new();
    struct fault fault;
    int r = contact_open(vault, ORDER, sealed, contact);
    PROMISE(r == 0 || r == -EBADMSG || r == -ENOKEY);
    if (r == 0)
        PROMISE(!*sealed || record_check(contact, MSG_CONTACT, &fault) == 0);
}

static void fuzz(const char *data, size_t size)
{
    if (!vault) {
        PROMISE(sodium_init() >= 0);
        vault = vault_new(NULL);
    }
    const char *newline = memchr(data, '\n', size);
    size_t line = newline ? (size_t)(newline - data) : size, rest = newline ? line + 1 : size;
    AUTOFREE char *text = xstrndup(data, line);
    AUTOFREE char *sealed = vault_seal(vault, OWNER, data + rest, size - rest);
    open_text(text);
    PROMISE(open_text(sealed));
    change(sealed, text, line > 0 ? (unsigned char)*text : 0);
    read_contact(text);
    read_contact(sealed);
}
