/*
 * listing.h - what the lists of the archive have in common: filters, and parts.
 *
 * Filters are tables; each that a call carries adds a condition with a bound value, so a query's text never holds
 * anything that came from outside.
 *
 * A long list is told in parts. Where the next one begins is said by the last row's own time and key, not by how many
 * rows were before it: what comes in meanwhile shifts nothing.
 */
#ifndef SIDAN_ARCHIVE_LISTING_H
#define SIDAN_ARCHIVE_LISTING_H

#include "common/record.h"
#include "services/archive/database.h"

struct filter {
    enum field field;
    const char *condition;
    bool words; /* the value is a list of words, bound as a JSON array */
};

/* A call's filters, ready for queries: their conditions, and the lists among their values, which live here. */
enum { FILTERS_MAX = 24 };
struct filtered {
    const struct filter *filters;
    size_t count; /* at most FILTERS_MAX */
    const struct record *call;
    char *where;
    char *lists[FILTERS_MAX];
};
void filtered_begin(struct filtered *filtered);
void filtered_end(struct filtered *filtered);
#define FILTERED __attribute__((cleanup(filtered_end))) struct filtered

/* Binds the values; returns the index of the parameter that follows them. */
int filtered_bind(const struct filtered *filtered, sqlite3_stmt *query);

/* A list of words as JSON, for json_each() in a query; the caller frees it. */
char *words_to_json(const char *words);

/* Of orders and other matters: what stands still is not overdue, whenever it would have been due. */
#define CLOCK_RUNS "(coalesce(clock, '') <> '' AND coalesce(pauses, '') NOT GLOB '*-' AND due > 0)"

/* How many rows a call wants at most. */
enum { ROWS_MAX = 1000 };
int64_t limit_of(const struct record *call);

/* Sets a field from a column; NULL leaves it absent. */
void take_column(struct record *row, enum field field, sqlite3_stmt *query, int column);
/* Sets a field to as much of a text as the field may hold. */
void set_cut(struct record *row, enum field field, const char *text);
/* Sets F_TOTAL to the value of a query: 0 or -EIO. */
int set_total(struct record *listing, sqlite3_stmt *query);

/* What is listed in parts, latest first unless `ascending`: which rows, by which time and key (of which type) of
 * theirs. */
struct list {
    const char *table, *columns, *time, *key, *type;
    bool ascending;
};

/* One part of it. */
struct page {
    sqlite3_stmt *query; /* gives time, key and the columns */
    int64_t limit;
    char place[64]; /* of the latest row, as F_NEXT tells it */
};
void page_end(struct page *page);
#define PAGE __attribute__((cleanup(page_end))) struct page

/*
 * Counts the rows that the filters let through, and selects those of them behind the place that the call names. 0,
 * -EINVAL when that is no place, or -EIO.
 */
int page_begin(struct page *page, struct database *database, const struct list *list, const struct filtered *filtered,
               struct record *listing);

/* The next row: 1, 0 behind the last one of the part, or -EIO. The list then says where it goes on, if it does. */
int page_next(struct page *page, struct record *listing);

/*
 * Of a search, where what fits best comes first and no row has a place of its own, the cursor is how many were passed.
 * 0 and that number, having said where the list goes on, or -EINVAL. The total must be known.
 */
int search_begin(const struct record *call, struct record *listing, int64_t *ret_passed);

#endif
