/*
 * record.h - a set of named values: the body of a message, the fields of an
 * order, a row of a list. Which values there can be is said in schema.def.
 *
 * A record owns copies of all its strings and rows. Strings live in an arena
 * that is freed as a whole, so a pointer that record_str() gave stays valid
 * until record_clear(), even when the field is set again.
 */
#ifndef SIDAN_RECORD_H
#define SIDAN_RECORD_H

#include "common/schema.h"

#include <stdint.h>

struct record;

struct record *record_new(void);
void record_destroy(struct record **record);
#define RECORD __attribute__((cleanup(record_destroy))) struct record

/* Forgets all values. */
void record_clear(struct record *record);

/* Sets a value; the field's type must be the one the function names. */
void record_set(struct record *record, enum field field, const char *value);
void record_set_n(struct record *record, enum field field, const char *value, size_t length);
void record_printf(struct record *record, enum field field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void record_set_int(struct record *record, enum field field, int64_t value);
void record_set_real(struct record *record, enum field field, double value);

/* Adds an empty row to a ROWS field, which then exists even if it stays empty. Owned by the record. */
struct record *record_add_row(struct record *record, enum field field);
/* Makes a ROWS field exist with no rows. */
void record_set_rows(struct record *record, enum field field);

/* Takes a value away. */
void record_unset(struct record *record, enum field field);

/* Copies one value, or every value, of another record over this one's. A value that `from` lacks is left alone. */
void record_copy(struct record *record, const struct record *from, enum field field);
void record_copy_all(struct record *record, const struct record *from);

/* Reads a value. An absent string is "", an absent number 0: ask record_has() where that matters. */
bool record_has(const struct record *record, enum field field);
const char *record_str(const struct record *record, enum field field);
size_t record_len(const struct record *record, enum field field); /* bytes of a STR */
int64_t record_int(const struct record *record, enum field field);
double record_real(const struct record *record, enum field field);
size_t record_rows(const struct record *record, enum field field);
const struct record *record_row(const struct record *record, enum field field, size_t index);

/* Whether a STR field has exactly this value. */
bool record_is(const struct record *record, enum field field, const char *value);

/* Number of values set. */
size_t record_count(const struct record *record);

/* What can be wrong with a value or a message; see record_check(). */
struct fault {
    const char *error; /* stable word: missing, type, long, utf8, unknown, ... ; NULL when nothing is wrong */
    char field[40];    /* the field it is about, "" for the whole */
    char detail[200];  /* for people, in English */
};

/*
 * Checks a record against a message of the schema: required fields present,
 * each text valid UTF-8 without NUL and no longer than its field allows.
 * Returns 0, or -EINVAL with the first fault in ret_fault. Fields that the
 * message does not name are ignored.
 */
int record_check(const struct record *record, enum message_type type, struct fault *ret_fault);

#endif
