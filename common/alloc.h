/*
 * alloc.h - memory that is there, or the end of the process.
 *
 * A service that runs out of memory cannot keep its promises by going on; what
 * it had accepted is in Redis, and another instance takes it over.
 */
#ifndef SIDAN_ALLOC_H
#define SIDAN_ALLOC_H

#include <stddef.h>
#include <stdlib.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *memory, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t size);

/* Formats into memory of its own; the caller frees it. */
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* AUTOFREE char *text = xasprintf(...); is freed at the end of its block. */
#define AUTOFREE __attribute__((cleanup(alloc_free)))

static inline void alloc_free(void *pointer)
{
    free(*(void **)pointer);
}

/* Many small things that live and die together. */
struct arena;

struct arena *arena_new(void);
void arena_destroy(struct arena **arena);

/* Zeroed, aligned for anything; belongs to the arena. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_strdup(struct arena *arena, const char *text);

#endif
