/*
 * sheets.h - tables as a workbook (XLSX).
 */
#ifndef SIDAN_INTAKE_SHEETS_H
#define SIDAN_INTAKE_SHEETS_H

#include <jansson.h>
#include <stddef.h>

/*
 * A sheet for each table: {"title", "head": [text...], "rows": [[text or number...]...]}. title: stands on each sheet
 * above its own; NULL: the head is the first row. The caller frees the data. 0, or -EIO after logging why.
 */
int sheets_make(const char *title, const json_t *tables, char **ret_data, size_t *ret_size);

#define SHEETS_TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

#endif
