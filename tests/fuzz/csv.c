/*
 * CSV: the rows do not depend on the pieces in which the bytes arrive, and each field is text. The first byte is the
 * size of a piece.
 */
#include "tests/fuzz/fuzz.h"

#include "common/csv.h"

enum { ROW_MAX = 200 };

struct transcript {
    char *text;
    size_t size;
    FILE *out;
    int line;
};

static int on_row(void *arg, int line, char *const fields[], size_t count, const char *error)
{
    struct transcript *transcript = arg;
    size_t total = 0;
    PROMISE(line >= transcript->line && (!error || count == 0) && (error || count > 0));
    transcript->line = line;
    fprintf(transcript->out, "%d %s", line, error ? error : "");
    for (size_t i = 0; i < count; i++) {
        PROMISE(is_text(fields[i]));
        total += strlen(fields[i]);
        fprintf(transcript->out, "|%zu %s", strlen(fields[i]), fields[i]);
    }
    PROMISE(total <= 2L * ROW_MAX); /* GB18030's two bytes are three in UTF-8 */
    fputc('\n', transcript->out);
    return 0;
}

static void read_in_pieces(struct transcript *transcript, const char *data, size_t size, size_t piece)
{
    transcript->out = open_memstream(&transcript->text, &transcript->size);
    struct csv *csv = csv_new(ROW_MAX, on_row, transcript);
    for (size_t at = 0; at < size; at += piece)
        PROMISE(csv_feed(csv, data + at, size - at < piece ? size - at : piece) == 0);
    PROMISE(csv_finish(csv) == 0);
    fputs(csv_encoding(csv), transcript->out);
    csv_destroy(&csv);
    fclose(transcript->out);
}

static void fuzz(const char *data, size_t size)
{
    if (size < 2)
        return;
    struct transcript whole = {0}, pieces = {0};
    read_in_pieces(&whole, data + 1, size - 1, size);
    read_in_pieces(&pieces, data + 1, size - 1, 1 + (unsigned char)data[0] % 32);
    PROMISE(whole.size == pieces.size && memcmp(whole.text, pieces.text, whole.size) == 0);
    free(whole.text);
    free(pieces.text);
}
