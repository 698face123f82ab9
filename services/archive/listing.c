/*
 * listing.c - filters of a list, and its parts; see listing.h.
 */
#include "services/archive/listing.h"

#include "common/alloc.h"
#include "common/text.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <utf8proc.h>

enum { ROWS_DEFAULT = 100 };

char *words_to_json(const char *words)
{
    char word[804]; /* of a query, which may be one word */
    json_t *array = json_array();
    while (words_next(&words, word, sizeof word))
        json_array_append_new(array, json_string(word));
    char *text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return text;
}

void filtered_begin(struct filtered *filtered)
{
    filtered->where = xstrdup(" WHERE 1");
    for (size_t i = 0; i < filtered->count; i++) {
        const struct filter *filter = &filtered->filters[i];
        if (!record_has(filtered->call, filter->field))
            continue;
        AUTOFREE char *before = filtered->where;
        filtered->where = xasprintf("%s AND %s", before, filter->condition);
        if (filter->words)
            filtered->lists[i] = words_to_json(record_str(filtered->call, filter->field));
    }
}

/* cppcheck-suppress unusedFunction ; FILTERED uses it */
void filtered_end(struct filtered *filtered)
{
    free(filtered->where);
    for (size_t i = 0; i < filtered->count; i++)
        free(filtered->lists[i]);
}

int filtered_bind(const struct filtered *filtered, sqlite3_stmt *query)
{
    int index = 1;
    for (size_t i = 0; i < filtered->count; i++) {
        enum field field = filtered->filters[i].field;
        if (!record_has(filtered->call, field))
            continue;
        if (filtered->filters[i].words)
            query_text(query, index++, filtered->lists[i]);
        else if (field_info(field)->type == FIELD_STR)
            query_text(query, index++, record_str(filtered->call, field));
        else
            query_int(query, index++, record_int(filtered->call, field));
    }
    return index;
}

int64_t limit_of(const struct record *call)
{
    int64_t limit = record_has(call, F_LIMIT) ? record_int(call, F_LIMIT) : ROWS_DEFAULT;
    return limit < 1 ? 1 : limit > ROWS_MAX ? ROWS_MAX : limit;
}

void take_column(struct record *row, enum field field, sqlite3_stmt *query, int column)
{
    if (sqlite3_column_type(query, column) == SQLITE_NULL)
        return;
    enum field_type type = field_info(field)->type;
    if (type == FIELD_STR)
        record_set(row, field, query_column(query, column));
    else if (type == FIELD_INT)
        record_set_int(row, field, sqlite3_column_int64(query, column));
    else
        record_set_real(row, field, sqlite3_column_double(query, column));
}

int set_total(struct record *listing, sqlite3_stmt *query)
{
    int64_t total = query_value(query);
    if (total < 0)
        return -EIO;
    record_set_int(listing, F_TOTAL, total);
    return 0;
}
/* cppcheck-suppress unusedFunction ; PAGE uses it */
void page_end(struct page *page)
{
    query_end(&page->query);
}

/* Takes "1795859400000.990103-000123" apart; the key stays where it is. 0 or -EINVAL. */
static int read_place(const char *place, int64_t *ret_time, const char **ret_key)
{
    size_t size = strcspn(place, ".");
    AUTOFREE char *time = xstrndup(place, size);
    *ret_key = place + size + 1;
    return place[size] ? parse_int(time, INT64_MIN, INT64_MAX, ret_time) : -EINVAL;
}

int page_begin(struct page *page, struct database *database, const struct list *list, const struct filtered *filtered,
               struct record *listing)
{
    const char *cursor = record_str(filtered->call, F_CURSOR), *key = NULL;
    int64_t time = 0;
    if (*cursor && read_place(cursor, &time, &key) < 0)
        return -EINVAL;
    AUTOFREE char *behind = *cursor ? xasprintf(" AND (%s, %s) %s (?, CAST(? AS %s))", list->time, list->key,
                                                list->ascending ? ">" : "<", list->type)
                                    : xstrdup("");
    const char *way = list->ascending ? "ASC" : "DESC";
    AUTOFREE char *count = xasprintf("SELECT count(*) FROM %s%s", list->table, filtered->where);
    /* Which rows, first, for which an index may do; then these alone with all they hold. */
    AUTOFREE char *select =
        xasprintf("SELECT %s, %s, %s FROM %s WHERE %s IN (SELECT %s FROM %s%s%s ORDER BY %s %s, %s %s"
                  " LIMIT ?) ORDER BY %s %s, %s %s",
                  list->time, list->key, list->columns, list->table, list->key, list->key, list->table, filtered->where,
                  behind, list->time, way, list->key, way, list->time, way, list->key, way);
    QUERY *total = database_query(database, count);
    filtered_bind(filtered, total);
    if (set_total(listing, total) < 0)
        return -EIO;
    page->limit = limit_of(filtered->call);
    page->query = database_query(database, select);
    int index = filtered_bind(filtered, page->query);
    if (*cursor) {
        query_int(page->query, index++, time);
        query_text(page->query, index++, key);
    }
    query_int(page->query, index, page->limit + 1);
    return 0;
}

int page_next(struct page *page, struct record *listing)
{
    int result = query_next(page->query);
    if (result > 0 && (int64_t)record_rows(listing, F_ROWS) == page->limit) {
        record_set(listing, F_NEXT, page->place);
        return 0;
    }
    if (result > 0)
        snprintf(page->place, sizeof page->place, "%lld.%s", (long long)sqlite3_column_int64(page->query, 0),
                 query_column(page->query, 1));
    return result;
}
void set_cut(struct record *row, enum field field, const char *text)
{
    size_t size = 0, left = field_info(field)->max;
    for (; text[size] && left > 0; left--) {
        utf8proc_int32_t character;
        utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)text + size, -1, &character);
        if (used <= 0)
            break;
        size += (size_t)used;
    }
    record_set_n(row, field, text, size);
}

int search_begin(const struct record *call, struct record *listing, int64_t *ret_passed)
{
    const char *cursor = record_str(call, F_CURSOR);
    int64_t passed = 0;
    if (*cursor && parse_int(cursor, 1, INT32_MAX, &passed) < 0)
        return -EINVAL;
    if (passed + limit_of(call) < record_int(listing, F_TOTAL))
        record_printf(listing, F_NEXT, "%" PRId64, passed + limit_of(call));
    *ret_passed = passed;
    return 0;
}
