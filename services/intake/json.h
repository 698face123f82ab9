/*
 * json.h - records and JSON, by the schema.
 */
#ifndef SIDAN_INTAKE_JSON_H
#define SIDAN_INTAKE_JSON_H

#include "common/record.h"

#include <jansson.h>

/*
 * A record as an object: texts, numbers, times as "2026-11-22T09:30:00+08:00",
 * rows as arrays; a time that is 0 is none, and left out. fields: those to show, in this order; NULL: all but the
 * personal ones, in the schema's order. The caller owns the result.
 */
json_t *json_from_record(const struct record *record, const enum field *fields, size_t field_count);

/* Words, with spaces between, as an array. The caller owns it. */
json_t *json_words(const char *words);

/*
 * Reads an object into a record by the message that it is to become. Fields
 * in `reserved` (ended by FIELD_COUNT) are set by us and unknown to callers.
 * null is the same as leaving a field out. Does not look for missing fields
 * or lengths: record_check() does. 0, or -EINVAL with ret_fault.
 */
int json_to_record(const char *body, size_t size, enum message_type type, const enum field *reserved,
                   struct record *record, struct fault *ret_fault);

#endif
