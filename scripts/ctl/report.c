/*
 * report.c - prints what a command found: as JSON, or as tables.
 *
 * Columns are as wide as their widest cell, where a Chinese character counts
 * two. A report belongs to the command that made it.
 */
#include "scripts/ctl/ctl.h"

#include "common/alloc.h"

#include <string.h>
#include <utf8proc.h>

/* Columns that a text takes on a terminal. */
static int width(const char *text)
{
    int columns = 0;
    utf8proc_int32_t c;
    while (*text) {
        utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &c);
        if (size < 1)
            return columns;
        columns += utf8proc_charwidth(c);
        text += size;
    }
    return columns;
}

/* A value as one line of text; the caller frees it. */
static char *cell(const json_t *value)
{
    if (!value || json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0))
        return xstrdup("-");
    if (json_is_string(value)) {
        char *text = xstrdup(json_string_value(value));
        for (char *c = text; *c; c++)
            if ((unsigned char)*c < ' ' || *c == 0x7f)
                *c = ' ';
        return text;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    if (!text)
        abort();
    return text;
}

/* Prints a text in a column, on its right side if it is a number's. The last one ends the line. */
static void print_padded(const char *text, int columns, bool right, bool last)
{
    int pad = columns > width(text) ? columns - width(text) : 0;
    printf("%*s%s%*s%s", right ? pad : 0, "", text, right || last ? 0 : pad, "", last ? "\n" : "  ");
}

struct column {
    const char *name;
    int width;
    bool right; /* it holds numbers, perhaps with gaps */
};

static struct column measure(const json_t *rows, const char *name)
{
    struct column column = {name, width(name), false};
    size_t index;
    json_t *row;
    json_array_foreach(rows, index, row)
    {
        const json_t *value = json_object_get(row, name);
        AUTOFREE char *text = cell(value);
        if (width(text) > column.width)
            column.width = width(text);
        column.right = column.right || json_is_number(value);
    }
    return column;
}

/* The first row names the columns. */
static void print_table(const json_t *rows)
{
    json_t *first = json_array_get(rows, 0), *row, *value;
    size_t count = 0, index, last = json_object_size(first) - 1;
    const char *name;
    AUTOFREE struct column *columns = xcalloc(last + 1, sizeof *columns);
    json_object_foreach(first, name, value)
    {
        columns[count++] = measure(rows, name);
    }
    for (size_t i = 0; i < count; i++)
        print_padded(columns[i].name, columns[i].width, columns[i].right, i == last);
    json_array_foreach(rows, index, row)
    {
        for (size_t i = 0; i < count; i++) {
            AUTOFREE char *text = cell(json_object_get(row, columns[i].name));
            print_padded(text, columns[i].width, columns[i].right, i == last);
        }
    }
}

static void print_object(const json_t *object, int indent)
{
    const char *name, *gap = "";
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        if (json_is_object(value)) {
            printf("%*s%s\n", indent, "", name);
            print_object(value, indent + 2);
        } else if (json_is_array(value)) {
            printf("%s%s\n", gap, name);
            if (json_array_size(value) > 0)
                print_table(value);
            else
                puts("(none)");
        } else {
            AUTOFREE char *text = cell(value);
            printf("%*s%-*s  %s\n", indent, "", 14 - indent, name, text);
        }
        gap = "\n";
    }
}

void report_print(const json_t *report, bool json)
{
    if (!json) {
        print_object(report, 0);
        return;
    }
    json_dumpf(report, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    putchar('\n');
}
