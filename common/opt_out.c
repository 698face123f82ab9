/*
 * opt_out.c - whether an SMS says that somebody wants no more; see opt_out.h.
 */
#include "common/opt_out.h"

#include "common/alloc.h"

#include <string.h>
#include <utf8proc.h>

/* Letters and digits of any script: what is left of a reply that somebody put into quotes or ended with a mark. */
static bool is_word(utf8proc_int32_t character)
{
    switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
        return true;
    default:
        return false;
    }
}

bool is_opt_out(const char *text)
{
    static const char *const words[] = {"t", "td", "退订"};
    char said[16];
    size_t size = 0;
    AUTOFREE utf8proc_uint8_t *plain = utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)text);
    utf8proc_int32_t character;
    utf8proc_ssize_t step;
    for (const utf8proc_uint8_t *c = plain; c && *c; c += step) {
        step = utf8proc_iterate(c, -1, &character);
        if (step <= 0 || size + (size_t)step >= sizeof said)
            return false;
        if (is_word(character)) {
            memcpy(said + size, c, (size_t)step);
            size += (size_t)step;
        }
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (size == strlen(words[i]) && memcmp(said, words[i], size) == 0)
            return true;
    return false;
}
