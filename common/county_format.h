/*
 * county_format.h - which columns the county's files have and what may stand
 * in them.
 */
#ifndef SIDAN_COUNTY_FORMAT_H
#define SIDAN_COUNTY_FORMAT_H

#include "common/county.h"

enum column_kind {
    TEXT,      /* any */
    ID,        /* 1 to 32 of A-Z a-z 0-9 _ - */
    WORDS,     /* a list, one space between */
    PHONE,     /* mobile */
    CHOICE,    /* one of column->choices */
    CHOICES,   /* some of them, one space between */
    EMAIL,     /* a mail address */
    URL,       /* https, or http on this host */
    HASH,      /* 64 hexadecimal digits */
    SECTOR,    /* one word, at most as long as the field of that name */
    REFERENCE, /* an id in column->target */
    REFERENCES,
    DATE,   /* as 2026-10-01 */
    TOWN,   /* the same, kept as a pointer; texts until here */
    YES,    /* bool */
    PLACES, /* int */
    POINTS, /* int */
    COUNT,  /* int */
    WEIGHT, /* double */
    DAY,    /* int64_t: when the day ends in China */
};

/* LENIENT: that it refers to what is unknown is a minor fault. */
enum column_flag { REQUIRED = 1, UNIQUE = 2, LENIENT = 4 };

/* From TOWN on the kinds are not kept as text. */
struct column {
    const char *name, *chinese; /* either may stand in the file */
    size_t offset;              /* of its member in the struct of the row */
    enum column_kind kind;
    int flags;
    enum county_file target;
    const char *choices;
};

enum { MAX_COLUMNS = 8 };

/* Whether this is what the column may be called. */
bool column_is(const struct column *column, const char *name);

struct county_format {
    const char *name, *chinese; /* of the file, and of the table that offices see */
    size_t row_size;
    const struct column *columns; /* the last one has no name */
    bool optional;                /* the file may be missing */
    bool populated;               /* at least one row */
};

extern const struct county_format county_formats[COUNTY_FILE_COUNT];

/* Every file after those it refers to, and the county's own calendar before the national one. */
extern const enum county_file county_reading_order[COUNTY_FILE_COUNT];

/* Rows that take effect when they are read, and do not stay rows in the county. */
struct setting_row {
    const char *name, *value;
};
struct clock_row {
    const char *urgency, *clock, *time;
};
struct calendar_row {
    const char *date, *kind, *name;
};

#endif
