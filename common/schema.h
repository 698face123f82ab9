/*
 * schema.h - the fields and messages that schema.def declares, as tables.
 */
#ifndef SIDAN_SCHEMA_H
#define SIDAN_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The services, as bits, because some messages may come from several. */
enum service_id {
    INTAKE = 1,
    ROUTING = 2,
    ASSIGNMENT = 4,
    NOTIFICATION = 8,
    ARCHIVE = 16,
};
enum { SERVICE_COUNT = 5, SIDANCTL = 1 << SERVICE_COUNT }; /* sidanctl is no service, but calls some */

/* Field flags; see schema.def. */
enum { PERSONAL = 1, MARK = 2, SEALED = 4, INTERNAL = 8 };

enum field_type { FIELD_STR, FIELD_INT, FIELD_REAL, FIELD_ROWS };

enum field {
#define FIELD(id, name, type, max, flags, meaning) F_##id,
#define EVENT(id, name, from, to, version, fields)
#define CALL(id, name, from, to, version, fields)
#define REPLY(id, name, version, fields)
#define LOCAL(id, name, service, version, fields)
#include "common/schema.def"
#undef FIELD
    FIELD_COUNT
};

enum message_kind { KIND_EVENT, KIND_CALL, KIND_REPLY, KIND_LOCAL };

enum message_type {
#define FIELD(id, name, type, max, flags, meaning)
#undef EVENT
#undef CALL
#undef REPLY
#undef LOCAL
#define EVENT(id, name, from, to, version, fields) MSG_##id,
#define CALL(id, name, from, to, version, fields) MSG_##id,
#define REPLY(id, name, version, fields) MSG_##id,
#define LOCAL(id, name, service, version, fields) MSG_##id,
#include "common/schema.def"
#undef FIELD
#undef EVENT
#undef CALL
#undef REPLY
#undef LOCAL
    MESSAGE_COUNT
};

struct field_info {
    const char *name;
    enum field_type type;
    size_t max; /* characters of a STR, rows of a ROWS, else unused */
    int flags;
    const char *meaning;
};

struct message_field {
    enum field field;
    bool required;
};

struct message_info {
    const char *name;
    enum message_kind kind;
    int from; /* service_id bits and SIDANCTL; 0 in a reply: whoever was asked */
    int to;   /* one service_id; 0 in a reply: whoever asked */
    int version;
    const struct message_field *fields;
    size_t field_count;
};

/* The tables; the argument must be a valid id. */
const struct field_info *field_info(enum field field);
const struct message_info *message_info(enum message_type type);

/* Whether a number is a moment, ms since 1970, which people read as a time; 0: there is none. */
bool field_is_time(enum field field);

/* The services that this one sends messages of a kind to, as service_id bits. */
int message_addressees(int service, enum message_kind kind);

/* By name; -1 when there is none. */
int field_by_name(const char *name, size_t length);
int message_by_name(const char *name, size_t length);

/* The entry of a field in a message, NULL when the message has no such field. */
const struct message_field *message_field(const struct message_info *message, enum field field);

/* "routing" for ROUTING; NULL for what is not one service. */
const char *service_name(int service);

/* The same of whoever may speak: "sidanctl" for SIDANCTL as well. */
const char *speaker_name(int speaker);

/* ROUTING for "routing"; 0 when there is no such service. */
int service_by_name(const char *name);

/* Writes the reference of ARCHITECTURE.md, in Markdown. */
void schema_print(FILE *out);

#endif
