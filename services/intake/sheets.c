/*
 * sheets.c - tables as a workbook, made by libxlsxwriter in a file without a name.
 *
 * Text goes in as text, so nothing that somebody wrote becomes a formula.
 */
#include "services/intake/sheets.h"

#include "common/alloc.h"
#include "common/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xlsxwriter.h>

static const double WIDTH = 14; /* characters of a column */

static void write_cell(lxw_worksheet *sheet, lxw_row_t row, lxw_col_t column, const json_t *cell, lxw_format *format)
{
    if (json_is_number(cell))
        worksheet_write_number(sheet, row, column, json_number_value(cell), format);
    else
        worksheet_write_string(sheet, row, column, json_string_value(cell), format);
}

static void write_row(lxw_worksheet *sheet, lxw_row_t row, json_t *cells, lxw_format *format)
{
    size_t i;
    json_t *cell;
    json_array_foreach(cells, i, cell)
    {
        write_cell(sheet, row, (lxw_col_t)i, cell, format);
    }
}

/* title: stands above the table with the table's own; NULL: the first row is the head, as in a table to be read again.
 */
static void write_table(lxw_workbook *book, const char *title, json_t *table, lxw_format *bold)
{
    const char *name = json_string_value(json_object_get(table, "title"));
    lxw_worksheet *sheet = workbook_add_worksheet(book, name);
    lxw_row_t head = title ? 2 : 0;
    size_t i;
    json_t *row;
    if (title) {
        worksheet_write_string(sheet, 0, 0, title, bold);
        worksheet_write_string(sheet, 1, 0, name, bold);
    }
    write_row(sheet, head, json_object_get(table, "head"), bold);
    json_array_foreach(json_object_get(table, "rows"), i, row)
    {
        write_row(sheet, (lxw_row_t)(head + 1 + i), row, NULL);
    }
    worksheet_set_column(sheet, 0, (lxw_col_t)json_array_size(json_object_get(table, "head")), WIDTH, NULL);
    worksheet_freeze_panes(sheet, head + 1, 1);
    worksheet_set_landscape(sheet);
    worksheet_repeat_rows(sheet, 0, head);
    worksheet_fit_to_pages(sheet, 1, 0);
}

static int write_book(const char *path, const char *title, const json_t *tables)
{
    lxw_workbook *book = workbook_new(path);
    if (!book)
        return -EIO;
    lxw_format *bold = workbook_add_format(book);
    format_set_bold(bold);
    size_t i;
    json_t *table;
    json_array_foreach((json_t *)tables, i, table)
    {
        write_table(book, title, table, bold);
    }
    lxw_error error = workbook_close(book);
    if (error != LXW_NO_ERROR)
        log_error("a workbook could not be written: %s", lxw_strerror(error));
    return error == LXW_NO_ERROR ? 0 : -EIO;
}

static int read_all(int fd, char **ret_data, size_t *ret_size)
{
    struct stat file;
    if (fstat(fd, &file) < 0)
        return -EIO;
    char *data = xcalloc(1, (size_t)file.st_size + 1);
    if (pread(fd, data, (size_t)file.st_size, 0) != file.st_size) {
        free(data);
        return -EIO;
    }
    *ret_data = data;
    *ret_size = (size_t)file.st_size;
    return 0;
}

int sheets_make(const char *title, const json_t *tables, char **ret_data, size_t *ret_size)
{
    int fd = memfd_create("sheets", MFD_CLOEXEC);
    if (fd < 0)
        return -EIO;
    AUTOFREE char *path = xasprintf("/proc/self/fd/%d", fd);
    int r = write_book(path, title, tables);
    if (r == 0)
        r = read_all(fd, ret_data, ret_size);
    close(fd);
    return r;
}
