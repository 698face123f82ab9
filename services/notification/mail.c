/*
 * mail.c - a notice as a mail; see mail.h.
 */
#include "services/notification/mail.h"

#include "common/alloc.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { SUBJECT_CHARACTERS = 40, WORD_BYTES = 39 /* a line with such an encoded word has 76 at most */ };

/* The bytes of the first characters of a text, as many as fit into so many characters and bytes. */
static size_t beginning(const char *text, size_t characters, size_t bytes)
{
    size_t size = 0;
    for (size_t next = 0, count = 0; text[size] && count < characters; count++) {
        for (next = size + 1; ((unsigned char)text[next] & 0xC0) == 0x80; next++)
            ;
        if (next > bytes)
            break;
        size = next;
    }
    return size;
}

char *mail_subject(const char *text)
{
    size_t size = beginning(text, SUBJECT_CHARACTERS, SIZE_MAX);
    return xasprintf("%.*s%s", (int)size, text, text[size] ? "…" : "");
}

char *mail_encode(const char *words)
{
    char *encoded = xstrdup("");
    while (*words) {
        char base64[sodium_base64_ENCODED_LEN(WORD_BYTES, sodium_base64_VARIANT_ORIGINAL)];
        size_t size = beginning(words, SIZE_MAX, WORD_BYTES);
        size = size > 0 ? size : 1; /* no character has so many bytes, unless it is none */
        sodium_bin2base64(base64, sizeof base64, (const unsigned char *)words, size, sodium_base64_VARIANT_ORIGINAL);
        char *more = xasprintf("%s%s=?UTF-8?B?%s?=", encoded, *encoded ? "\r\n " : "", base64);
        free(encoded);
        encoded = more;
        words += size;
    }
    return encoded;
}

char *mail_message_id(const char *id, const char *from)
{
    const char *at = strchr(from, '@');
    return xasprintf("<%s@%s>", id, at ? at + 1 : "localhost");
}

enum sms_result mail_meaning(long reply, bool begun)
{
    if (reply == 530 || reply == 534 || reply == 535 || reply == 538)
        return RESULT_STOPPED; /* they want a sign-in, or not ours */
    if (reply >= 500)
        return RESULT_REFUSED;
    if (reply >= 400)
        return RESULT_LATER;
    return begun ? RESULT_UNKNOWN : RESULT_LATER;
}
