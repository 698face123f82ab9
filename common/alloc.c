/*
 * alloc.c - malloc and its kin, checked, and an arena above them.
 *
 * What the x functions return is never NULL and belongs to the caller, who
 * gives it to free(); what an arena returns belongs to the arena. When memory
 * runs out: one line on stderr, then abort.
 */
#include "common/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void *checked(void *memory)
{
    if (!memory) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return memory;
}

/* An answer of NULL to a request for nothing would look like a failure: ask for one byte then. */
void *xmalloc(size_t size)
{
    return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return checked(count && size ? calloc(count, size) : calloc(1, 1));
}

void *xrealloc(void *memory, size_t size)
{
    return checked(realloc(memory, size ? size : 1));
}

char *xstrdup(const char *text)
{
    return checked(strdup(text));
}

char *xstrndup(const char *text, size_t size)
{
    return checked(strndup(text, size));
}

char *xasprintf(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;

    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    return checked(length < 0 ? NULL : text);
}

struct block {
    struct block *next;
    max_align_t memory[];
};

struct arena {
    struct block *blocks;
};

struct arena *arena_new(void)
{
    return xcalloc(1, sizeof(struct arena));
}

void arena_destroy(struct arena **arena)
{
    if (!*arena)
        return;
    for (struct block *block = (*arena)->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(*arena);
    *arena = NULL;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct block *block = xcalloc(1, sizeof *block + size);

    block->next = arena->blocks;
    arena->blocks = block;
    return block->memory;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(arena_alloc(arena, size), text, size);
}
