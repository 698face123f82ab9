/*
 * text.c - lengths, word lists, numbers, ids, and the time.
 *
 * Nothing here allocates, and only the clock keeps state. Numbers are read strictly: the whole
 * text must be one, because they come from people's files and requests.
 */
#include "common/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utf8proc.h>

size_t text_length(const char *text, size_t bytes)
{
    const utf8proc_uint8_t *position = (const utf8proc_uint8_t *)text;
    size_t length = 0;

    while (bytes) {
        utf8proc_int32_t character;
        utf8proc_ssize_t size = utf8proc_iterate(position, (utf8proc_ssize_t)bytes, &character);

        if (size <= 0 || character == 0)
            return SIZE_MAX;
        position += size;
        bytes -= (size_t)size;
        length++;
    }
    return length;
}

/* The word at or behind `text`; *ret_size is 0 at the end of the list. */
static const char *find_word(const char *text, size_t *ret_size)
{
    text += strspn(text, " ");
    *ret_size = strcspn(text, " ");
    return text;
}

bool words_have(const char *words, const char *word)
{
    size_t wanted = strlen(word), size;

    for (words = find_word(words, &size); size; words = find_word(words + size, &size))
        if (size == wanted && memcmp(words, word, size) == 0)
            return true;
    return false;
}

bool words_append(char *words, size_t size, const char *word)
{
    size_t length = strlen(words);
    if (length + (length > 0) + strlen(word) >= size)
        return false;
    snprintf(words + length, size - length, "%s%s", length ? " " : "", word);
    return true;
}

void words_remove(char *words, const char *word)
{
    char *end = words; /* never ahead of what is read */
    size_t size;

    for (const char *next = find_word(words, &size); size; next = find_word(next + size, &size)) {
        if (size == strlen(word) && memcmp(next, word, size) == 0)
            continue;
        if (end > words)
            *end++ = ' ';
        memmove(end, next, size);
        end += size;
    }
    *end = '\0';
}

void words_without(const char *words, const char *others, char *ret_words, size_t size)
{
    char word[64];
    snprintf(ret_words, size, "%s", words);
    while (words_next(&others, word, sizeof word))
        words_remove(ret_words, word);
}

size_t words_count(const char *words)
{
    size_t count = 0, size;

    for (words = find_word(words, &size); size; words = find_word(words + size, &size))
        count++;
    return count;
}

bool words_next(const char **cursor, char *word, size_t size)
{
    size_t found;
    const char *start = find_word(*cursor, &found);

    *cursor = start + found;
    if (!found)
        return false;
    size_t copied = found < size ? found : size - 1;
    memcpy(word, start, copied);
    word[copied] = '\0';
    text_mend_end(word);
    return true;
}

/* Spaces as people type them: ASCII, and the full-width one. */
static size_t space_at(const char *text)
{
    static const char full_width[] = "\xE3\x80\x80";

    if (*text == ' ' || *text == '\t')
        return 1;
    return strncmp(text, full_width, strlen(full_width)) == 0 ? strlen(full_width) : 0;
}

char *text_tidy(char *text)
{
    char *to = text;

    for (const char *from = text; *from;) {
        size_t space = space_at(from);
        if (space == 0) {
            *to++ = *from++;
            continue;
        }
        from += space;
        if (to > text && to[-1] != ' ')
            *to++ = ' ';
    }
    if (to > text && to[-1] == ' ')
        to--;
    *to = '\0';
    return text;
}

void text_cut(char *text, size_t max)
{
    size_t count = 0;
    for (char *c = text; *c; c++)
        if (((unsigned char)*c & 0xC0) != 0x80 && count++ == max) {
            *c = '\0';
            return;
        }
}

void text_mend_end(char *text)
{
    size_t length = strlen(text), start = length;

    while (start > 0 && length - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start > 0 && text_length(text + start - 1, length - start + 1) == SIZE_MAX)
        text[start - 1] = '\0';
}

bool is_id(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t length = strlen(text);

    return length >= 1 && length <= 32 && strspn(text, allowed) == length;
}

bool is_mail_address(const char *text)
{
#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"
    size_t local = strspn(text, WORD "_+=");
    if (local == 0 || text[0] == '-' || text[local] != '@' || strlen(text) > 120 || strstr(text, ".."))
        return false;
    const char *domain = text + local + 1;
    size_t size = strspn(domain, WORD);
    return size > 0 && !domain[size] && isalnum((unsigned char)domain[0]) && isalnum((unsigned char)domain[size - 1]) &&
           strchr(domain, '.');
#undef WORD
}

bool is_mobile(const char *text)
{
    return text[0] == '1' && strspn(text, "0123456789") == 11 && !text[11];
}

double mono_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int64_t mono_ms(void)
{
    return (int64_t)(mono_seconds() * 1e3);
}

static bool follows;          /* now_follow() was called, */
static int64_t ahead_of_mono; /* and found this */

int64_t now_ms(void)
{
    struct timespec now;

    if (follows)
        return mono_ms() + ahead_of_mono;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t now_follow(int64_t theirs, int64_t uncertain)
{
    int64_t gap = theirs - now_ms();

    if (follows && llabs(gap) > CLOCK_JUMP_MS)
        return gap;
    if (!follows || llabs(gap) > uncertain)
        ahead_of_mono = theirs - mono_ms();
    follows = true;
    return 0;
}

int parse_int(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
    const char *digits = *text == '-' ? text + 1 : text;

    if (!*digits || digits[strspn(digits, "0123456789")])
        return -EINVAL;
    errno = 0;
    int64_t value = strtoll(text, NULL, 10);
    if (errno == ERANGE || value < min || value > max)
        return -ERANGE;
    *ret_value = value;
    return 0;
}

int parse_real(const char *text, double min, double max, double *ret_value)
{
    char *end;

    /* strtod also takes leading space, hexadecimal, "inf" and "nan". */
    if (text[strspn(text, "+-.0123456789eE")])
        return -EINVAL;
    double value = strtod(text, &end);
    if (end == text || *end)
        return -EINVAL;
    if (!isfinite(value) || value < min || value > max)
        return -ERANGE;
    *ret_value = value;
    return 0;
}

void make_id(char id[ID_SIZE])
{
    unsigned char bytes[12];
    uint64_t now = (uint64_t)now_ms();

    for (int i = 5; i >= 0; i--, now >>= 8)
        bytes[i] = (unsigned char)now;
    randombytes_buf(bytes + 6, 6);
    sodium_bin2hex(id, ID_SIZE, bytes, sizeof bytes);
}
