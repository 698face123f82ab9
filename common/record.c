/*
 * record.c - named values over the field dictionary; see record.h.
 *
 * A record is an array with a slot for each field, and an arena of chunks for
 * the strings. Rows are records of their own, destroyed with their parent.
 */
#include "common/record.h"

#include "common/alloc.h"
#include "common/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct rows {
    struct record **items;
    size_t count;
};

struct value {
    bool set;
    union {
        struct {
            const char *text;
            size_t length;
        };
        int64_t integer;
        double real;
        struct rows rows;
    };
};

struct chunk {
    struct chunk *next;
    size_t used, size;
    char bytes[];
};

struct record {
    struct value values[FIELD_COUNT];
    struct chunk *chunks;
};

static char *arena_take(struct record *record, size_t size)
{
    struct chunk *chunk = record->chunks;
    if (!chunk || chunk->size - chunk->used < size) {
        size_t room = size > 1000 ? size : 1000;
        chunk = xmalloc(sizeof *chunk + room);
        *chunk = (struct chunk){.next = record->chunks, .size = room};
        record->chunks = chunk;
    }
    char *taken = chunk->bytes + chunk->used;
    chunk->used += size;
    return taken;
}

struct record *record_new(void)
{
    return xcalloc(1, sizeof(struct record));
}

void record_clear(struct record *record)
{
    for (int field = 0; field < FIELD_COUNT; field++)
        record_unset(record, (enum field)field);
    while (record->chunks) {
        struct chunk *next = record->chunks->next;
        free(record->chunks);
        record->chunks = next;
    }
}

void record_destroy(struct record **record)
{
    if (!*record)
        return;
    record_clear(*record);
    free(*record);
    *record = NULL;
}

void record_set_n(struct record *record, enum field field, const char *value, size_t length)
{
    char *copy = arena_take(record, length + 1);
    memcpy(copy, value, length);
    copy[length] = '\0';
    record->values[field] = (struct value){.set = true, .text = copy, .length = length};
}

void record_set(struct record *record, enum field field, const char *value)
{
    record_set_n(record, field, value, strlen(value));
}

void record_printf(struct record *record, enum field field, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    AUTOFREE char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    record_set(record, field, text);
}

void record_set_int(struct record *record, enum field field, int64_t value)
{
    record->values[field] = (struct value){.set = true, .integer = value};
}

void record_set_real(struct record *record, enum field field, double value)
{
    record->values[field] = (struct value){.set = true, .real = value};
}

void record_set_rows(struct record *record, enum field field)
{
    record->values[field].set = true;
}

struct record *record_add_row(struct record *record, enum field field)
{
    struct rows *rows = &record->values[field].rows;
    record->values[field].set = true;
    rows->items = xrealloc(rows->items, (rows->count + 1) * sizeof(struct record *));
    return rows->items[rows->count++] = record_new();
}

void record_unset(struct record *record, enum field field)
{
    struct value *value = &record->values[field];
    if (value->set && field_info(field)->type == FIELD_ROWS) {
        for (size_t i = 0; i < value->rows.count; i++)
            record_destroy(&value->rows.items[i]);
        free(value->rows.items);
    }
    *value = (struct value){0};
}

void record_copy(struct record *record, const struct record *from, enum field field)
{
    const struct value *value = &from->values[field];
    if (!value->set)
        return;
    switch (field_info(field)->type) {
    case FIELD_STR:
        record_set_n(record, field, value->text, value->length);
        break;
    case FIELD_ROWS:
        record_unset(record, field);
        record_set_rows(record, field);
        for (size_t i = 0; i < value->rows.count; i++)
            record_copy_all(record_add_row(record, field), value->rows.items[i]);
        break;
    case FIELD_INT:
    case FIELD_REAL:
        record->values[field] = *value;
        break;
    }
}

void record_copy_all(struct record *record, const struct record *from)
{
    for (int field = 0; field < FIELD_COUNT; field++)
        record_copy(record, from, (enum field)field);
}

bool record_has(const struct record *record, enum field field)
{
    return record->values[field].set;
}

const char *record_str(const struct record *record, enum field field)
{
    return record->values[field].set ? record->values[field].text : "";
}

size_t record_len(const struct record *record, enum field field)
{
    return record->values[field].set ? record->values[field].length : 0;
}

int64_t record_int(const struct record *record, enum field field)
{
    return record->values[field].set ? record->values[field].integer : 0;
}

double record_real(const struct record *record, enum field field)
{
    return record->values[field].set ? record->values[field].real : 0;
}

size_t record_rows(const struct record *record, enum field field)
{
    return record->values[field].set ? record->values[field].rows.count : 0;
}

const struct record *record_row(const struct record *record, enum field field, size_t index)
{
    return record->values[field].rows.items[index];
}

bool record_is(const struct record *record, enum field field, const char *value)
{
    return record->values[field].set && strcmp(record->values[field].text, value) == 0;
}

size_t record_count(const struct record *record)
{
    size_t count = 0;
    for (int field = 0; field < FIELD_COUNT; field++)
        count += record->values[field].set;
    return count;
}

static int fault(struct fault *ret_fault, const char *error, enum field field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int fault(struct fault *ret_fault, const char *error, enum field field, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ret_fault->error = error;
    snprintf(ret_fault->field, sizeof ret_fault->field, "%s", field_info(field)->name);
    vsnprintf(ret_fault->detail, sizeof ret_fault->detail, format, arguments);
    va_end(arguments);
    return -EINVAL;
}

static int check_value(const struct record *record, enum field field, struct fault *ret_fault)
{
    const struct field_info *info = field_info(field);
    const struct value *value = &record->values[field];

    if (info->type == FIELD_STR) {
        size_t length = text_length(value->text, value->length);
        if (length == SIZE_MAX)
            return fault(ret_fault, "utf8", field, "%s is not valid UTF-8 text", info->name);
        if (length > info->max)
            return fault(ret_fault, "long", field, "%s has %zu characters, more than %zu", info->name, length,
                         info->max);
    } else if (info->type == FIELD_ROWS) {
        if (value->rows.count > info->max)
            return fault(ret_fault, "long", field, "%s has %zu rows, more than %zu", info->name, value->rows.count,
                         info->max);
        for (size_t i = 0; i < value->rows.count; i++)
            for (int inner = 0; inner < FIELD_COUNT; inner++)
                if (value->rows.items[i]->values[inner].set) {
                    int r = check_value(value->rows.items[i], (enum field)inner, ret_fault);
                    if (r < 0)
                        return r;
                }
    }
    return 0;
}

int record_check(const struct record *record, enum message_type type, struct fault *ret_fault)
{
    const struct message_info *message = message_info(type);
    for (size_t i = 0; i < message->field_count; i++) {
        enum field field = message->fields[i].field;
        if (!record->values[field].set) {
            if (message->fields[i].required)
                return fault(ret_fault, "missing", field, "%s is missing", field_info(field)->name);
            continue;
        }
        int r = check_value(record, field, ret_fault);
        if (r < 0)
            return r;
    }
    return 0;
}
