/*
 * reply_text.c - reads what a resident writes; see reply_text.h.
 */
#include "services/intake/reply_text.h"

#include "common/alloc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* The longer words first: one is the end of another. */
static const struct word {
    const char *text, *rating;
} words[] = {
    {"基本满意", "basically"}, {"不满意", "dissatisfied"}, {"满意", "satisfied"},
    {"1", "satisfied"},        {"2", "basically"},         {"3", "dissatisfied"},
};
enum { WORDS = sizeof words / sizeof *words };

char *reply_plain(const char *text)
{
    char *plain = (char *)utf8proc_NFKC((const utf8proc_uint8_t *)text);
    return plain ? plain : xstrdup(text); /* what is no UTF-8 has nothing to read */
}

/* Whether a text goes on with a letter or a digit; its size then, 0 at the end and at what separates. */
static size_t sign(const char *text)
{
    utf8proc_int32_t character;
    utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &character);
    if (size <= 0 || character == 0)
        return 0;
    utf8proc_category_t category = utf8proc_category(character);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO ? (size_t)size : 0;
}

static const char *skip_separators(const char *text)
{
    utf8proc_int32_t character;
    while (*text && sign(text) == 0) {
        utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &character);
        text += size > 0 ? size : 1;
    }
    return text;
}

char *reply_without_names(const char *plain, const char *order, const char *code)
{
    static const char digits[] = "0123456789";
    char *text = xstrdup(plain);
    bool found = false;
    for (char *c = text + strcspn(text, digits); *c; c += strcspn(c, digits)) {
        size_t length = strspn(c, "0123456789-");
        AUTOFREE char *name = xstrndup(c, length);
        if (strcmp(name, order) == 0 || strcmp(name, order + strlen("990101-")) == 0 || strcmp(name, code) == 0) {
            memset(c, ' ', length);
            found = true;
        }
        c += length;
    }
    if (found)
        return text;
    free(text);
    return NULL;
}

/* The word that a text begins with, among those from `first` on and before `end`; NULL for none. */
static const struct word *begins_with(const char *text, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        if (strncmp(text, words[i].text, strlen(words[i].text)) == 0)
            return &words[i];
    return NULL;
}

const char *reply_rating(const char *plain, const char **ret_note)
{
    enum { DIGITS = WORDS - 3 };
    const char *text = skip_separators(plain);
    if (strncmp(text, "回复", strlen("回复")) == 0)
        text = skip_separators(text + strlen("回复"));
    const struct word *word = begins_with(text, 0, WORDS);
    if (!word)
        return NULL;
    text += strlen(word->text);
    const char *behind = skip_separators(text);
    const struct word *again = word >= &words[DIGITS] ? begins_with(behind, 0, DIGITS) : NULL;
    if (again && strcmp(again->rating, word->rating) != 0)
        return NULL;
    if (again)
        text = behind + strlen(again->text);
    if (sign(text) > 0) /* a word that only begins like it, another number */
        return NULL;
    *ret_note = skip_separators(text);
    return word->rating;
}
