/*
 * redact.c - one pass over the text, copying what is not to be hidden.
 *
 * It would rather hide a long number that is nobody's than show one that is
 * somebody's: a date written with hyphens goes too. Owns nothing.
 */
#include "services/intake/redact.h"

#include "common/alloc.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <utf8proc.h>

enum {
    HIDDEN_DIGITS = 7,   /* the shortest local phone numbers have seven */
    ID_DIGITS = 17,      /* of an ID number (GB 11643) before its check character, which may be X */
    MOST_SEPARATORS = 2, /* between two digits of one number: "(0559) 25" */
};

/* Reads one character; 0 at the end. Bytes that are no UTF-8 count as one character each. */
static utf8proc_int32_t character(const char *text, size_t *ret_size)
{
    utf8proc_int32_t code = 0;
    utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &code);

    *ret_size = size > 0 ? (size_t)size : 1;
    return size > 0 ? code : 0xFFFD;
}

static bool is_digit(utf8proc_int32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 0xFF10 && c <= 0xFF19);
}

static bool is_separator(utf8proc_int32_t c)
{
    /* the last row: middle dot, dashes, ideographic space, full-width ( ) - . */
    static const utf8proc_int32_t separators[] = {' ',    '-',    '.',    '(',    ')',    '_',    '/',    '*',
                                                  0xB7,   0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212,
                                                  0x3000, 0xFF08, 0xFF09, 0xFF0D, 0xFF0E, 0xA0};
    for (size_t i = 0; i < sizeof separators / sizeof *separators; i++)
        if (c == separators[i])
            return true;
    return false;
}

/* Bytes of the number that starts here, 0 when it is none to hide. */
static size_t number_at(const char *text, size_t *ret_run)
{
    size_t at = 0, size = 0, end = 0, digits = 0, separators = 0;

    for (utf8proc_int32_t c; separators <= MOST_SEPARATORS && (c = character(text + at, &size)) != 0; at += size) {
        if (is_digit(c)) {
            digits++;
            separators = 0;
            end = at + size;
        } else if (digits > 0 && is_separator(c)) {
            separators++;
        } else {
            break;
        }
    }
    *ret_run = end;
    if (digits < HIDDEN_DIGITS)
        return 0;
    utf8proc_int32_t next = character(text + end, &size);
    if (digits >= ID_DIGITS && (next == 'X' || next == 'x' || next == 0xFF38 || next == 0xFF58))
        end += size;
    return end;
}

/* Bytes of the mail address that starts here, 0 when there is none. */
static size_t address_at(const char *text, size_t *ret_run)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_%+";
    size_t local = strspn(text, alphabet), at_size = 0;

    *ret_run = local;
    if (local == 0)
        return 0;
    utf8proc_int32_t c = character(text + local, &at_size);
    if (c != '@' && c != 0xFF20)
        return 0;
    size_t domain = strspn(text + local + at_size, alphabet);
    return domain > 0 ? local + at_size + domain : 0;
}

/* Most of a Chinese text can begin neither number nor address; looking at each character twice would take long. */
static bool may_begin(const char *text)
{
    return (unsigned char)*text < 0x80 || (unsigned char)*text == 0xEF; /* ASCII, or perhaps a full-width digit */
}

char *redact(const char *text)
{
    static const char mask[] = "***";
    char *result = xmalloc(strlen(text) + sizeof mask), *to = result;
    const char *no_address = text, *no_number = text; /* what lies before has been looked at and is none */

    while (*text) {
        size_t size = 0, run = 0;
        bool plain = !may_begin(text);
        if (!plain && text >= no_address) {
            size = address_at(text, &run);
            no_address = text + run;
        }
        if (!plain && size == 0 && text >= no_number) {
            size = number_at(text, &run);
            no_number = text + run;
        }
        if (size > 0) { /* at least as long as the mask, so the copy never outgrows the text */
            to = mempcpy(to, mask, sizeof mask - 1);
        } else {
            (void)character(text, &size);
            to = mempcpy(to, text, size);
        }
        text += size;
    }
    *to = '\0';
    return result;
}
