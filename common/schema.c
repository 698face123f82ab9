/*
 * schema.c - turns schema.def into tables, and into the printed reference.
 */
#include "common/schema.h"

#include <string.h>

static const struct field_info fields[] = {
#define FIELD(id, name, type, max, flags, meaning) [F_##id] = {name, FIELD_##type, max, flags, meaning},
#define EVENT(id, name, from, to, version, fields)
#define CALL(id, name, from, to, version, fields)
#define REPLY(id, name, version, fields)
#define LOCAL(id, name, service, version, fields)
#include "common/schema.def"
#undef FIELD
#undef EVENT
#undef CALL
#undef REPLY
#undef LOCAL
};

/* Each message's fields as an array of their own. */
#define FIELD(id, name, type, max, flags, meaning)
#define REQUIRED(field) {F_##field, true},
#define OPTIONAL(field) {F_##field, false},
#define EVENT(id, name, from, to, version, list) static const struct message_field fields_of_##id[] = {list};
#define CALL(id, name, from, to, version, list) static const struct message_field fields_of_##id[] = {list};
#define REPLY(id, name, version, list) static const struct message_field fields_of_##id[] = {list};
#define LOCAL(id, name, service, version, list) static const struct message_field fields_of_##id[] = {list};
#include "common/schema.def"
#undef FIELD
#undef EVENT
#undef CALL
#undef REPLY
#undef LOCAL

#define ENTRY(id, name, kind, from, to, version)                                                                       \
    [MSG_##id] = {name, kind, from, to, version, fields_of_##id, sizeof fields_of_##id / sizeof *fields_of_##id},

static const struct message_info messages[] = {
#define FIELD(id, name, type, max, flags, meaning)
#define EVENT(id, name, from, to, version, list) ENTRY(id, name, KIND_EVENT, from, to, version)
#define CALL(id, name, from, to, version, list) ENTRY(id, name, KIND_CALL, from, to, version)
#define REPLY(id, name, version, list) ENTRY(id, name, KIND_REPLY, 0, 0, version)
#define LOCAL(id, name, service, version, list) ENTRY(id, name, KIND_LOCAL, service, service, version)
#include "common/schema.def"
#undef FIELD
#undef EVENT
#undef CALL
#undef REPLY
#undef LOCAL
};

static const char *const services[SERVICE_COUNT] = {"intake", "routing", "assignment", "notification", "archive"};

const struct field_info *field_info(enum field field)
{
    return &fields[field];
}

const struct message_info *message_info(enum message_type type)
{
    return &messages[type];
}

bool field_is_time(enum field field)
{
    switch (field) {
    case F_AT:
    case F_DUE:
    case F_CLOCK_AT:
    case F_HANDED_AT:
    case F_EXPIRES:
    case F_PLACED_AT:
    case F_OPENED_AT:
    case F_ASSIGNED_AT:
    case F_ANSWERED_AT:
    case F_CLOSED_AT:
    case F_UPDATED_AT:
    case F_MEETS_AT:
    case F_HELD_AT:
    case F_VISITED_AT:
    case F_PROMISED_AT:
    case F_START:
    case F_END:
        return true;
    default:
        return false;
    }
}

int message_addressees(int service, enum message_kind kind)
{
    int addressees = 0;
    for (int type = 0; type < MESSAGE_COUNT; type++)
        if (messages[type].kind == kind && messages[type].from & service)
            addressees |= messages[type].to;
    return addressees;
}

static bool same(const char *known, const char *name, size_t length)
{
    return strlen(known) == length && memcmp(known, name, length) == 0; /* name may hold NULs */
}

int field_by_name(const char *name, size_t length)
{
    for (int field = 0; field < FIELD_COUNT; field++)
        if (same(fields[field].name, name, length))
            return field;
    return -1;
}

int message_by_name(const char *name, size_t length)
{
    for (int type = 0; type < MESSAGE_COUNT; type++)
        if (same(messages[type].name, name, length))
            return type;
    return -1;
}

const struct message_field *message_field(const struct message_info *message, enum field field)
{
    for (size_t i = 0; i < message->field_count; i++)
        if (message->fields[i].field == field)
            return &message->fields[i];
    return NULL;
}

const char *service_name(int service)
{
    for (int i = 0; i < SERVICE_COUNT; i++)
        if (service == 1 << i)
            return services[i];
    return NULL;
}

const char *speaker_name(int speaker)
{
    return speaker == SIDANCTL ? "sidanctl" : service_name(speaker);
}

int service_by_name(const char *name)
{
    for (int i = 0; i < SERVICE_COUNT; i++)
        if (strcmp(name, services[i]) == 0)
            return 1 << i;
    return 0;
}

static void print_speakers(FILE *out, int bits, const char *otherwise)
{
    if (bits == 0)
        fputs(otherwise, out);
    const char *between = "";
    for (int speaker = 1; speaker <= SIDANCTL; speaker <<= 1) {
        if (bits & speaker) {
            fprintf(out, "%s%s", between, speaker_name(speaker));
            between = ", ";
        }
    }
}

void schema_print(FILE *out)
{
    static const char *const kinds[] = {"event", "call", "reply", "local"};
    static const char *const types[] = {"text", "integer", "real", "rows"};

    fputs("| message | kind | from | to | version | fields (**required**) |\n|---|---|---|---|---|---|\n", out);
    for (int type = 0; type < MESSAGE_COUNT; type++) {
        const struct message_info *message = &messages[type];
        fprintf(out, "| `%s` | %s | ", message->name, kinds[message->kind]);
        print_speakers(out, message->from, "whoever was asked");
        fputs(" | ", out);
        print_speakers(out, message->to, "whoever asked");
        fprintf(out, " | %d | ", message->version);
        for (size_t i = 0; i < message->field_count; i++) {
            const char *mark = message->fields[i].required ? "**" : "";
            fprintf(out, "%s%s%s%s", i ? ", " : "", mark, fields[message->fields[i].field].name, mark);
        }
        fputs(" |\n", out);
    }
    fputs("\n| field | type | at most | meaning |\n|---|---|---|---|\n", out);
    for (int field = 0; field < FIELD_COUNT; field++) {
        const struct field_info *info = &fields[field];
        fprintf(out, "| `%s` | %s | ", info->name, types[info->type]);
        if (info->max > 0)
            fprintf(out, "%zu %s", info->max, info->type == FIELD_ROWS ? "rows" : "characters");
        fprintf(out, " | %s%s |\n", info->meaning, info->flags & PERSONAL ? " (personal)" : "");
    }
}
