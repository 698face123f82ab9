/*
 * search.c - text to tokens, for the full-text index and for queries alike.
 *
 * An FTS5 tokenizer: each Chinese character (or other one of a script written
 * without spaces) is a token, each run of other letters and digits is one,
 * both after NFKC and case folding. Adjacent tokens are a phrase, so a query
 * finds exactly its substring. What stands between two tokens counts as one
 * token too: 路灯 must not be found in 马路。灯光.
 *
 * The index keeps the text as it is; what people type becomes an expression of
 * quoted words only, so nothing in it is syntax.
 */
#include "common/alloc.h"
#include "services/archive/archive.h"

#include <errno.h>
#include <string.h>
#include <utf8proc.h>

static const char gap[] = "\x1f"; /* the token of whatever separates two others; no text yields it */

enum kind { SINGLE, RUN, BLANK, SEPARATOR, INVISIBLE };

/* Where the scripts without spaces begin: CJK radicals; kana, Han and Hangul follow. */
enum { FIRST_CJK = 0x2E80 };

/* Takes one character: its kind and, in ret_size, its bytes. */
static enum kind next_kind(const char *text, size_t size, size_t *ret_size)
{
    utf8proc_int32_t character;
    utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &character);
    *ret_size = used > 0 ? (size_t)used : 1;
    if (used <= 0)
        return SEPARATOR;
    if (utf8proc_get_property(character)->ignorable) /* variation selectors and the like: emit() drops them */
        return INVISIBLE;
    switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_LO:
        return character >= FIRST_CJK ? SINGLE : RUN;
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return RUN;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
        return BLANK;
    case UTF8PROC_CATEGORY_CF:
        return INVISIBLE;
    default:
        return SEPARATOR;
    }
}

typedef int token_fn(void *arg, int flags, const char *token, int size, int start, int end);

/* Hands over the token that stands at text[start..end), normalised. */
static int emit(token_fn *token, void *arg, const char *text, size_t start, size_t end)
{
    const utf8proc_option_t options =
        UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_STABLE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t size =
        utf8proc_map((const utf8proc_uint8_t *)text + start, (utf8proc_ssize_t)(end - start), &folded, options);
    int result = size < 0 ? SQLITE_ERROR : SQLITE_OK;
    if (size > 0)
        result = token(arg, 0, (char *)folded, (int)size, (int)start, (int)end);
    free(folded);
    return result;
}

/* The end of the run that begins at text[start]. */
static size_t run_end(const char *text, size_t size, size_t start)
{
    size_t end = start, used;
    while (end < size) {
        enum kind kind = next_kind(text + end, size - end, &used);
        if (kind != RUN && kind != INVISIBLE)
            break;
        end += used;
    }
    return end;
}

static int tokenize(Fts5Tokenizer *tokenizer, void *arg, int flags, const char *text, int size, token_fn *token)
{
    (void)tokenizer;
    (void)flags;
    size_t total = size > 0 ? (size_t)size : 0, used, last_end = 0;
    bool any = false, separated = false;
    for (size_t at = 0; at < total; at += used) {
        enum kind kind = next_kind(text + at, total - at, &used);
        if (kind == INVISIBLE)
            continue;
        if (kind != SINGLE && kind != RUN) {
            separated = true;
            continue;
        }
        if (kind == RUN)
            used = run_end(text, total, at) - at;
        int result = any && separated ? token(arg, 0, gap, 1, (int)last_end, (int)at) : SQLITE_OK;
        if (result == SQLITE_OK)
            result = emit(token, arg, text, at, at + used);
        if (result != SQLITE_OK)
            return result;
        any = true;
        separated = false;
        last_end = at + used;
    }
    return SQLITE_OK;
}

/* The tokenizer keeps nothing, so one that is not NULL serves all. */
static int create(void *context, const char **arguments, int count, Fts5Tokenizer **ret_tokenizer)
{
    (void)arguments;
    (void)count;
    *ret_tokenizer = context;
    return SQLITE_OK;
}

static void destroy(Fts5Tokenizer *tokenizer)
{
    (void)tokenizer;
}

int search_register(sqlite3 *sqlite)
{
    static fts5_tokenizer tokenizer = {.xCreate = create, .xDelete = destroy, .xTokenize = tokenize};
    fts5_api *api = NULL;
    sqlite3_stmt *query;
    if (sqlite3_prepare_v2(sqlite, "SELECT fts5(?1)", -1, &query, NULL) != SQLITE_OK)
        return -EIO;
    sqlite3_bind_pointer(query, 1, (void *)&api, "fts5_api_ptr", NULL);
    sqlite3_step(query);
    sqlite3_finalize(query);
    if (!api || api->xCreateTokenizer(api, "sidan", &tokenizer, &tokenizer, NULL) != SQLITE_OK)
        return -EIO;
    return 0;
}

/* Appends one quoted word, its own quotes doubled. */
static char *append_quoted(char *out, const char *word, size_t size)
{
    *out++ = '"';
    for (size_t i = 0; i < size; i++) {
        if (word[i] == '"')
            *out++ = '"';
        *out++ = word[i];
    }
    *out++ = '"';
    return out;
}

char *search_expression(const char *words)
{
    static const char and[] = " AND ";
    size_t total = strlen(words), start = 0, used;
    char *expression = xcalloc(total + 1, 2 + sizeof and), *out = expression;
    bool any = false;
    for (size_t at = 0; at <= total; at += used) {
        enum kind kind = at < total ? next_kind(words + at, total - at, &used) : BLANK;
        if (at == total)
            used = 1;
        if (kind != BLANK) {
            any = any || kind == SINGLE || kind == RUN;
            continue;
        }
        if (any) {
            if (out != expression)
                out = stpcpy(out, and);
            out = append_quoted(out, words + start, at - start);
        }
        start = at + used;
        any = false;
    }
    if (out != expression)
        return expression;
    free(expression);
    return NULL;
}
