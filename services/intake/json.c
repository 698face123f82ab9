/*
 * json.c - records and JSON, by the schema, with jansson.
 *
 * Nothing here knows a message by name: what may be in a body and of which
 * type is said in schema.def alone. Jansson refuses broken JSON and invalid
 * UTF-8 by position; the field is then the last one named before it.
 */
#include "services/intake/json.h"

#include "common/calendar.h"
#include "common/text.h"

#include <errno.h>
#include <string.h>

static json_t *value_of(const struct record *record, enum field field)
{
    switch (field_info(field)->type) {
    case FIELD_STR:
        return json_stringn(record_str(record, field), record_len(record, field));
    case FIELD_REAL:
        return json_real(record_real(record, field));
    case FIELD_INT:
        if (field_is_time(field)) {
            char text[TIME_SIZE];
            time_format(text, record_int(record, field));
            return json_string(text);
        }
        return json_integer(record_int(record, field));
    case FIELD_ROWS:
        break;
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < record_rows(record, field); i++)
        json_array_append_new(rows, json_from_record(record_row(record, field, i), NULL, 0));
    return rows;
}

json_t *json_words(const char *words)
{
    char word[80];
    json_t *array = json_array();
    while (words_next(&words, word, sizeof word))
        json_array_append_new(array, json_string(word));
    return array;
}

json_t *json_from_record(const struct record *record, const enum field *fields, size_t field_count)
{
    json_t *object = json_object();
    for (size_t i = 0; i < (fields ? field_count : FIELD_COUNT); i++) {
        enum field field = fields ? fields[i] : (enum field)i;
        bool shown = fields || !(field_info(field)->flags & PERSONAL);
        bool never = field_is_time(field) && record_int(record, field) == 0; /* no clock runs: nothing is due */
        if (record_has(record, field) && shown && !never)
            json_object_set_new(object, field_info(field)->name, value_of(record, field));
    }
    return object;
}

static int fail(struct fault *fault, const char *error, const char *field, const char *detail)
{
    fault->error = error;
    snprintf(fault->field, sizeof fault->field, "%s", field);
    text_mend_end(fault->field); /* a caller's name may be cut here, in the middle of a character */
    snprintf(fault->detail, sizeof fault->detail, "%s", detail);
    return -EINVAL;
}

/* The field of the message whose name stands last before a place in the body, "" when none does. */
static const char *field_before(const char *body, size_t place, const struct message_info *message)
{
    const char *found = "";
    size_t best = 0;
    for (size_t i = 0; i < message->field_count; i++) {
        const char *name = field_info(message->fields[i].field)->name;
        char quoted[48];
        size_t length = (size_t)snprintf(quoted, sizeof quoted, "\"%s\"", name);
        for (size_t at = 0; at + length <= place; at++) {
            if (memcmp(body + at, quoted, length) == 0 && at >= best) {
                best = at;
                found = name;
            }
        }
    }
    return found;
}

static int decode_fault(const json_error_t *error, const char *body, size_t size, const struct message_info *message,
                        struct fault *fault)
{
    size_t place = error->position > 0 && (size_t)error->position < size ? (size_t)error->position : size;
    const char *field = field_before(body, place, message);
    enum json_error_code code = json_error_code(error);
    if (code == json_error_invalid_utf8)
        return fail(fault, "utf8", field, "the body is not valid UTF-8: send it as UTF-8");
    if (code == json_error_duplicate_key)
        return fail(fault, "syntax", field, "a field is given twice: give it once");
    char detail[200];
    snprintf(detail, sizeof detail, "the body is not valid JSON at byte %zu: send one JSON object", place);
    return fail(fault, "syntax", field, detail);
}

static int take_time(struct record *record, enum field field, const json_t *value, struct fault *fault)
{
    int64_t time;
    if (!json_is_string(value) || time_parse(json_string_value(value), &time) < 0)
        return fail(fault, "invalid", field_info(field)->name, "give a time such as 2026-11-22T09:30:00");
    record_set_int(record, field, time);
    return 0;
}

static int take_value(struct record *record, enum field field, const json_t *value, struct fault *fault)
{
    const struct field_info *info = field_info(field);
    if (info->type == FIELD_STR && json_is_string(value))
        record_set_n(record, field, json_string_value(value), json_string_length(value));
    else if (info->type == FIELD_INT && field_is_time(field))
        return take_time(record, field, value, fault);
    else if (info->type == FIELD_INT && json_is_integer(value))
        record_set_int(record, field, json_integer_value(value));
    else if (info->type == FIELD_INT && json_is_boolean(value))
        record_set_int(record, field, json_is_true(value));
    else if (info->type == FIELD_REAL && json_is_number(value))
        record_set_real(record, field, json_number_value(value));
    else
        return fail(fault, "type", info->name,
                    info->type == FIELD_STR   ? "the value must be a text, in quotes"
                    : info->type == FIELD_INT ? "the value must be a whole number, without quotes"
                                              : "the value must be a number, without quotes");
    return 0;
}

static bool is_reserved(const enum field *reserved, enum field field)
{
    while (*reserved != FIELD_COUNT && *reserved != field)
        reserved++;
    return *reserved == field;
}

static int take_object(const json_t *object, const struct message_info *message, const enum field *reserved,
                       struct record *record, struct fault *fault)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        int field = field_by_name(name, strlen(name));
        if (field < 0 || !message_field(message, (enum field)field) || is_reserved(reserved, (enum field)field))
            return fail(fault, "unknown_field", name, "there is no such field here: leave it out, or correct its name");
        if (!json_is_null(value) && take_value(record, (enum field)field, value, fault) < 0)
            return -EINVAL;
    }
    return 0;
}

int json_to_record(const char *body, size_t size, enum message_type type, const enum field *reserved,
                   struct record *record, struct fault *ret_fault)
{
    const struct message_info *message = message_info(type);
    json_error_t error;
    json_t *object = json_loadb(body, size, JSON_REJECT_DUPLICATES, &error);
    if (!object)
        return decode_fault(&error, body, size, message, ret_fault);
    int r = json_is_object(object) ? take_object(object, message, reserved, record, ret_fault)
                                   : fail(ret_fault, "syntax", "", "the body must be a JSON object: {...}");
    json_decref(object);
    return r;
}
