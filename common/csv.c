/*
 * csv.c - splits bytes into rows and fields, then decodes each row.
 *
 * In UTF-8 and in GB18030 alike no byte of a longer character looks like a
 * comma, a quote or a line end. So rows are split before anybody knows the
 * encoding, and a row is decoded when it is complete: the first row that is
 * not plain ASCII decides for the file.
 *
 * The buffer holds the fields of the current row, each ended by a NUL. A row
 * that cannot be read is handed out with its fault, and reading goes on behind
 * it.
 */
#include "common/csv.h"

#include "common/alloc.h"
#include "common/text.h"

#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum state {
    FIELD_START,
    PLAIN,
    QUOTED,
    QUOTE_IN_QUOTED, /* the end of the field, or the first half of "" */
};

struct csv {
    csv_row_fn *row;
    void *arg;
    size_t max_row;

    enum { UNDECIDED, UTF8, GB18030 } encoding;
    iconv_t decoder; /* opened with the first row that needs it */

    enum state state;
    char previous;
    int line;          /* of the next byte */
    int row_line;      /* where the row starts */
    bool started;      /* a row has been taken from the file: what follows is no byte-order mark */
    bool in_row;       /* the row has at least one byte */
    const char *fault; /* of the row */

    char *buffer;
    size_t length, capacity;
    char **fields;
    size_t field_count, field_capacity;
};

static const char byte_order_mark[] = "\xEF\xBB\xBF";
static const iconv_t no_decoder = (iconv_t)-1; /* NOLINT(misc-misplaced-const): the handle is what is constant */

struct csv *csv_new(size_t max_row, csv_row_fn *row, void *arg)
{
    struct csv *csv = xcalloc(1, sizeof *csv);

    csv->row = row;
    csv->arg = arg;
    csv->max_row = max_row;
    csv->decoder = no_decoder;
    csv->line = csv->row_line = 1;
    return csv;
}

void csv_destroy(struct csv **csv)
{
    if (!*csv)
        return;
    if ((*csv)->decoder != no_decoder)
        iconv_close((*csv)->decoder);
    free((*csv)->buffer);
    free((*csv)->fields);
    free(*csv);
    *csv = NULL;
}

const char *csv_encoding(const struct csv *csv)
{
    return csv->encoding == GB18030 ? "GB18030" : "UTF-8";
}

static void append(struct csv *csv, char byte)
{
    if (csv->fault)
        return;
    if (csv->length == csv->max_row) {
        csv->fault = "the row is too long (is a quote missing?)";
        return;
    }
    if (csv->length == csv->capacity) {
        csv->capacity = csv->capacity ? csv->capacity * 2 : 1024;
        csv->buffer = xrealloc(csv->buffer, csv->capacity);
    }
    csv->buffer[csv->length++] = byte;
}

static bool is_ascii(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return true;
}

/* Every field on its own, because text_length() refuses the NULs between them. */
static bool is_utf8(const char *fields, size_t size)
{
    for (size_t at = 0, length; at < size; at += length + 1) {
        length = strlen(fields + at);
        if (text_length(fields + at, length) == SIZE_MAX)
            return false;
    }
    return true;
}

/* GB18030 to UTF-8 in place of the buffer; false when it is none. */
static bool decode(struct csv *csv)
{
    if (csv->decoder == no_decoder)
        csv->decoder = iconv_open("UTF-8", "GB18030");
    if (csv->decoder == no_decoder)
        return false;

    size_t capacity = csv->length * 2 + 1; /* two bytes become three, four stay four */
    char *decoded = xmalloc(capacity), *to = decoded, *from = csv->buffer;
    size_t from_left = csv->length, to_left = capacity;

    iconv(csv->decoder, NULL, NULL, NULL, NULL);
    if (iconv(csv->decoder, &from, &from_left, &to, &to_left) != 0) {
        free(decoded);
        return false;
    }
    free(csv->buffer);
    csv->buffer = decoded;
    csv->capacity = capacity;
    csv->length = capacity - to_left;
    return true;
}

/* Makes the row UTF-8, and settles the encoding when this row tells it. */
static void settle(struct csv *csv)
{
    if (is_ascii(csv->buffer, csv->length))
        return;
    if (csv->encoding != GB18030 && is_utf8(csv->buffer, csv->length))
        csv->encoding = UTF8;
    else if (csv->encoding != UTF8 && decode(csv))
        csv->encoding = GB18030;
    else
        csv->fault = csv->encoding == UTF8      ? "the row is not valid UTF-8"
                     : csv->encoding == GB18030 ? "the row is not valid GB18030"
                                                : "the row is neither valid UTF-8 nor valid GB18030";
}

static void split(struct csv *csv)
{
    csv->field_count = 0;
    for (size_t at = 0; at < csv->length; at += strlen(csv->buffer + at) + 1) {
        if (csv->field_count == csv->field_capacity) {
            csv->field_capacity = csv->field_capacity ? csv->field_capacity * 2 : 16;
            csv->fields = xrealloc(csv->fields, csv->field_capacity * sizeof *csv->fields);
        }
        csv->fields[csv->field_count++] = csv->buffer + at;
    }
}

static int end_row(struct csv *csv)
{
    int result = 0;

    if (csv->in_row) {
        append(csv, '\0');
        if (!csv->fault)
            settle(csv);
        if (csv->fault) {
            result = csv->row(csv->arg, csv->row_line, NULL, 0, csv->fault);
        } else {
            split(csv);
            result = csv->row(csv->arg, csv->row_line, csv->fields, csv->field_count, NULL);
        }
    }
    csv->started = true;
    csv->in_row = false;
    csv->fault = NULL;
    csv->length = 0;
    csv->state = FIELD_START;
    return result;
}

static void take_plain(struct csv *csv, char byte)
{
    if (byte == ',') {
        append(csv, '\0');
        csv->state = FIELD_START;
    } else if (byte == '"' && csv->state == FIELD_START) {
        csv->state = QUOTED;
    } else if (csv->state == QUOTE_IN_QUOTED) {
        csv->fault = csv->fault ? csv->fault : "text follows a closing quote";
        csv->state = PLAIN;
    } else {
        append(csv, byte);
        csv->state = PLAIN;
    }

    bool is_mark = !csv->started && csv->state == PLAIN && csv->length == strlen(byte_order_mark) &&
                   memcmp(csv->buffer, byte_order_mark, csv->length) == 0;
    if (is_mark) {
        csv->encoding = UTF8;
        csv->started = true;
        csv->in_row = false;
        csv->length = 0;
        csv->state = FIELD_START;
    }
}

static void take_quoted(struct csv *csv, char byte)
{
    if (csv->state == QUOTE_IN_QUOTED) { /* byte is the second quote of "" */
        append(csv, '"');
        csv->state = QUOTED;
    } else if (byte == '"') {
        csv->state = QUOTE_IN_QUOTED;
    } else {
        append(csv, byte);
    }
}

static int take(struct csv *csv, char byte)
{
    bool second_half = byte == '\n' && csv->previous == '\r'; /* of CRLF, counted and acted upon with the CR */
    bool line_end = byte == '\n' || byte == '\r';

    csv->previous = byte;
    if (byte == '\0')
        csv->fault = "the row holds a NUL byte: save the file as UTF-8 or GB18030";
    if (!csv->in_row && !line_end) {
        csv->in_row = true;
        csv->row_line = csv->line;
    }
    if (line_end && !second_half)
        csv->line++;

    if (csv->state == QUOTED || (csv->state == QUOTE_IN_QUOTED && byte == '"'))
        take_quoted(csv, byte);
    else if (!line_end)
        take_plain(csv, byte);
    else if (!second_half)
        return end_row(csv);
    return 0;
}

int csv_feed(struct csv *csv, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        int result = take(csv, data[i]);
        if (result)
            return result;
    }
    return 0;
}

int csv_finish(struct csv *csv)
{
    if (csv->state == QUOTED)
        csv->fault = "a quote is opened and not closed before the end of the file";
    return end_row(csv);
}
