/*
 * fuzz.h - what all fuzz targets share. A target is one file with one function
 * fuzz(), which libFuzzer calls with bytes that it makes up; tests/fuzz/run
 * runs them. A target states what must hold for all bytes with PROMISE().
 */
#ifndef SIDAN_TESTS_FUZZ_H
#define SIDAN_TESTS_FUZZ_H

#include "common/alloc.h"
#include "common/record.h"
#include "common/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROMISE(condition) promise(condition, __FILE__, __LINE__, #condition)

static inline void promise(bool kept, const char *file, int line, const char *words)
{
    if (kept)
        return;
    fprintf(stderr, "%s:%d: broken: %s\n", file, line, words);
    abort();
}

static void fuzz(const char *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* cppcheck-suppress unusedFunction ; libFuzzer calls it */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz((const char *)data, size);
    return 0;
}

/* Text that may be shown, stored and sent. */
static inline bool is_text(const char *text)
{
    return text_length(text, strlen(text)) != SIZE_MAX;
}

/* A fault names itself, in words that can be shown. */
static inline void promise_fault(const struct fault *fault)
{
    PROMISE(fault->error && *fault->error);
    PROMISE(is_text(fault->field) && is_text(fault->detail) && *fault->detail);
}

#endif
