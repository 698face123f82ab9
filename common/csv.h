/*
 * csv.h - reads CSV (RFC 4180) piece by piece, as it arrives.
 *
 * Bears what offices send: UTF-8 with or without a byte-order mark, GB18030,
 * CRLF, LF, quoted fields with line breaks. The encoding is decided on the
 * first bytes that tell: a UTF-8 sequence that is not valid makes it GB18030
 * from the start of the file on, provided no row has been handed out that
 * would read differently; later on it is a fault of that row.
 */
#ifndef SIDAN_CSV_H
#define SIDAN_CSV_H

#include <stddef.h>

struct csv;

/*
 * Called once per row. line is the line on which it starts (from 1). fields
 * are NUL-terminated UTF-8, valid during the call. When error is not NULL the
 * row could not be read (error says why in English) and count is 0. A return
 * other than 0 stops the reading.
 */
typedef int csv_row_fn(void *arg, int line, char *const fields[], size_t count, const char *error);

/* max_row: greatest size of a row in bytes; a longer one is reported as an error and skipped. */
struct csv *csv_new(size_t max_row, csv_row_fn *row, void *arg);
void csv_destroy(struct csv **csv);

/* Takes the next piece. 0, or what the row function returned. */
int csv_feed(struct csv *csv, const char *data, size_t size);

/* No more will come: hands out what is left. */
int csv_finish(struct csv *csv);

/* "UTF-8" or "GB18030", as decided so far. */
const char *csv_encoding(const struct csv *csv);

#endif
