/*
 * reply_text.c - reads what a resident writes; see reply_text.h.
 */
#include "services/intake/reply_text.h"

#include "common/alloc.h"
#include "common/order.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* What a word at the beginning means. The longer ones first: one is the end of another. */
struct word {
    const char *text, *meaning;
};
static const struct word words[] = {
    {"基本满意", "basically"}, {"不满意", "dissatisfied"}, {"满意", "satisfied"},
    {"1", "satisfied"},        {"2", "basically"},         {"3", "dissatisfied"},
};
enum { WORDS = sizeof words / sizeof *words };

static const struct word attendance[] = {
    {"不能参加", "excused"}, {"不参加", "excused"}, {"不能来", "excused"}, {"不来", "excused"}, {"请假", "excused"},
    {"参加", "comes"},       {"能来", "comes"},     {"来", "comes"},       {"1", "comes"},      {"2", "excused"},
};
enum { ATTENDANCE = sizeof attendance / sizeof *attendance };

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

/* The word of a list that a text begins with; NULL for none. */
static const struct word *begins_with(const char *text, const struct word *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(text, list[i].text, strlen(list[i].text)) == 0)
            return &list[i];
    return NULL;
}

/* Where a text begins without what separates, and without the word that the SMS asks to do. */
static const char *beginning_of(const char *plain)
{
    static const char reply[] = "回复";
    const char *text = skip_separators(plain);
    return strncmp(text, reply, strlen(reply)) == 0 ? skip_separators(text + strlen(reply)) : text;
}

const char *reply_rating(const char *plain, const char **ret_note)
{
    enum { DIGITS = WORDS - 3 };
    const char *text = beginning_of(plain);
    const struct word *word = begins_with(text, words, WORDS);
    if (!word)
        return NULL;
    text += strlen(word->text);
    const char *behind = skip_separators(text);
    const struct word *again = word >= &words[DIGITS] ? begins_with(behind, words, DIGITS) : NULL;
    if (again && strcmp(again->meaning, word->meaning) != 0)
        return NULL;
    if (again)
        text = behind + strlen(again->text);
    if (sign(text) > 0) /* a word that only begins like it, another number */
        return NULL;
    *ret_note = skip_separators(text);
    return word->meaning;
}

const char *reply_attendance(const char *plain, const char **ret_note)
{
    const char *text = beginning_of(plain);
    const struct word *word = begins_with(text, attendance, ATTENDANCE);
    if (!word)
        return NULL;
    text += strlen(word->text);
    if (isdigit((unsigned char)*text)) /* another number */
        return NULL;
    const char *behind = skip_separators(text);
    const struct word *again = begins_with(behind, attendance, ATTENDANCE);
    if (again && isdigit((unsigned char)*word->text)) {
        if (strcmp(again->meaning, word->meaning) != 0)
            return NULL;
        behind = skip_separators(behind + strlen(again->text));
    }
    *ret_note = behind;
    return word->meaning;
}

/* Takes a name out of a text, where it stands by itself. Whether it did. */
static bool take_out(char *text, const char *name)
{
    size_t length = strlen(name);
    for (char *c = strcasestr(text, name); c; c = strcasestr(c + 1, name))
        if ((c == text || !isalnum((unsigned char)c[-1])) && !isalnum((unsigned char)c[length])) {
            memset(c, ' ', length);
            return true;
        }
    return false;
}

char *reply_without_meeting(const char *plain, const char *meeting)
{
    int64_t serial = 0;
    char *text = xstrdup(plain);
    matter_parse(meeting, NULL, NULL, &serial);
    AUTOFREE char *small = xasprintf("%s%" PRId64, matter_letter(MATTER_MEETING), serial);
    if (take_out(text, meeting) || take_out(text, strchr(meeting, '-') + 1) || take_out(text, small))
        return text;
    free(text);
    return NULL;
}
