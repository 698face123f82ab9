/*
 * wire.c - packing and strict unpacking, driven by the schema; see wire.h.
 */
#include "common/wire.h"

#include "common/alloc.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { ENVELOPE_ELEMENTS = 11 };

static void pack_str(msgpack_packer *packer, const char *text, size_t length)
{
    msgpack_pack_str(packer, length);
    msgpack_pack_str_body(packer, text, length);
}

static void pack_text(msgpack_packer *packer, const char *text)
{
    pack_str(packer, text, strlen(text));
}

void wire_pack_envelope(msgpack_sbuffer *buffer, const struct envelope *envelope)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, buffer, msgpack_sbuffer_write);
    msgpack_pack_array(&packer, ENVELOPE_ELEMENTS);
    msgpack_pack_int(&packer, envelope->kind);
    pack_text(&packer, envelope->county);
    pack_text(&packer, envelope->order);
    msgpack_pack_int(&packer, envelope->source);
    msgpack_pack_int(&packer, envelope->destination);
    msgpack_pack_int64(&packer, envelope->sequence);
    pack_text(&packer, envelope->id);
    msgpack_pack_int64(&packer, envelope->at);
    msgpack_pack_int(&packer, envelope->status);
    pack_text(&packer, envelope->text);
    msgpack_pack_int64(&packer, envelope->remember);
}

/* Takes the msgpack object at *offset and moves behind it. The caller destroys ret_unpacked when this succeeded. */
static int unpack_next(const char *data, size_t size, size_t *offset, msgpack_unpacked *ret_unpacked)
{
    msgpack_unpacked_init(ret_unpacked);
    if (msgpack_unpack_next(ret_unpacked, data, size, offset) == MSGPACK_UNPACK_SUCCESS)
        return 0;
    msgpack_unpacked_destroy(ret_unpacked);
    return -EBADMSG;
}

static bool get_int(const msgpack_object *object, int64_t *value)
{
    if (object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER ||
        (object->type == MSGPACK_OBJECT_POSITIVE_INTEGER && object->via.u64 <= INT64_MAX)) {
        *value = object->via.i64;
        return true;
    }
    return false;
}

static bool get_small(const msgpack_object *object, int *value)
{
    int64_t wide;
    if (!get_int(object, &wide) || wide < 0 || wide > 1000)
        return false;
    *value = (int)wide;
    return true;
}

/* msgpack-c gives no address for an empty text. */
static const char *bytes_of(const msgpack_object *object)
{
    return object->via.str.size > 0 ? object->via.str.ptr : "";
}

static bool get_text(const msgpack_object *object, char *text, size_t room)
{
    if (object->type != MSGPACK_OBJECT_STR || object->via.str.size >= room ||
        memchr(bytes_of(object), '\0', object->via.str.size))
        return false;
    memcpy(text, bytes_of(object), object->via.str.size);
    text[object->via.str.size] = '\0';
    return true;
}

int wire_unpack_envelope(const char *data, size_t size, struct envelope *ret_envelope, size_t *ret_body)
{
    msgpack_unpacked unpacked;
    size_t offset = 0;
    if (unpack_next(data, size, &offset, &unpacked) < 0)
        return -EBADMSG;

    struct envelope e = {0};
    const msgpack_object_array *array = &unpacked.data.via.array;
    const msgpack_object *o = array->ptr;
    bool good = unpacked.data.type == MSGPACK_OBJECT_ARRAY && array->size >= ENVELOPE_ELEMENTS &&
                get_small(&o[0], &e.kind) && get_text(&o[1], e.county, sizeof e.county) &&
                get_text(&o[2], e.order, sizeof e.order) && get_small(&o[3], &e.source) &&
                get_small(&o[4], &e.destination) && get_int(&o[5], &e.sequence) && get_text(&o[6], e.id, sizeof e.id) &&
                get_int(&o[7], &e.at) && get_small(&o[8], &e.status) && get_text(&o[9], e.text, sizeof e.text) &&
                get_int(&o[10], &e.remember) && e.kind <= ENVELOPE_REPLY && e.status <= STATUS_STALE;
    msgpack_unpacked_destroy(&unpacked);
    if (!good)
        return -EBADMSG;
    *ret_envelope = e;
    *ret_body = offset;
    return 0;
}

static void pack_value(msgpack_packer *packer, const struct record *record, enum field field);

static void pack_row(msgpack_packer *packer, const struct record *row)
{
    msgpack_pack_map(packer, record_count(row));
    for (int field = 0; field < FIELD_COUNT; field++)
        if (record_has(row, (enum field)field))
            pack_value(packer, row, (enum field)field);
}

/* Packs a name and its value. */
static void pack_value(msgpack_packer *packer, const struct record *record, enum field field)
{
    const struct field_info *info = field_info(field);
    pack_text(packer, info->name);
    switch (info->type) {
    case FIELD_STR:
        pack_str(packer, record_str(record, field), record_len(record, field));
        break;
    case FIELD_INT:
        msgpack_pack_int64(packer, record_int(record, field));
        break;
    case FIELD_REAL:
        msgpack_pack_double(packer, record_real(record, field));
        break;
    case FIELD_ROWS:
        msgpack_pack_array(packer, record_rows(record, field));
        for (size_t i = 0; i < record_rows(record, field); i++)
            pack_row(packer, record_row(record, field, i));
        break;
    }
}

void wire_pack(msgpack_sbuffer *buffer, enum message_type type, const struct record *body)
{
    const struct message_info *message = message_info(type);
    size_t count = 2;
    for (size_t i = 0; i < message->field_count; i++)
        count += record_has(body, message->fields[i].field);

    msgpack_packer packer;
    msgpack_packer_init(&packer, buffer, msgpack_sbuffer_write);
    msgpack_pack_map(&packer, count);
    pack_text(&packer, "type");
    pack_text(&packer, message->name);
    pack_text(&packer, "v");
    msgpack_pack_int(&packer, message->version);
    for (size_t i = 0; i < message->field_count; i++)
        if (record_has(body, message->fields[i].field))
            pack_value(&packer, body, message->fields[i].field);
}

static int fault(struct fault *ret_fault, const char *error, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int fault(struct fault *ret_fault, const char *error, const char *field, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ret_fault->error = error;
    snprintf(ret_fault->field, sizeof ret_fault->field, "%s", field);
    vsnprintf(ret_fault->detail, sizeof ret_fault->detail, format, arguments);
    va_end(arguments);
    return -EBADMSG;
}

static int unpack_rows(const msgpack_object *object, enum field field, struct record *body, struct fault *ret_fault);

static int unpack_value(const msgpack_object *object, enum field field, struct record *body, struct fault *ret_fault)
{
    const struct field_info *info = field_info(field);
    int64_t integer;

    if (record_has(body, field)) /* else a small message could ask for any amount of memory, rows upon rows */
        return fault(ret_fault, "twice", info->name, "%s is there twice", info->name);
    switch (info->type) {
    case FIELD_STR:
        if (object->type != MSGPACK_OBJECT_STR)
            break;
        record_set_n(body, field, bytes_of(object), object->via.str.size);
        return 0;
    case FIELD_INT:
        if (!get_int(object, &integer))
            break;
        record_set_int(body, field, integer);
        return 0;
    case FIELD_REAL:
        if (object->type == MSGPACK_OBJECT_FLOAT64 || object->type == MSGPACK_OBJECT_FLOAT32) {
            if (!isfinite(object->via.f64))
                break;
            record_set_real(body, field, object->via.f64);
            return 0;
        }
        if (!get_int(object, &integer))
            break;
        record_set_real(body, field, (double)integer);
        return 0;
    case FIELD_ROWS:
        if (object->type != MSGPACK_OBJECT_ARRAY)
            break;
        return unpack_rows(object, field, body, ret_fault);
    }
    return fault(ret_fault, "type", info->name, "%s has a value of the wrong type", info->name);
}

static int unpack_rows(const msgpack_object *object, enum field field, struct record *body, struct fault *ret_fault)
{
    if (object->via.array.size > field_info(field)->max)
        return fault(ret_fault, "long", field_info(field)->name, "%s has more than %zu rows", field_info(field)->name,
                     field_info(field)->max);
    record_set_rows(body, field);
    for (uint32_t i = 0; i < object->via.array.size; i++) {
        const msgpack_object *item = &object->via.array.ptr[i];
        if (item->type != MSGPACK_OBJECT_MAP)
            return fault(ret_fault, "type", field_info(field)->name, "row %u is not a map", i);
        struct record *row = record_add_row(body, field);
        for (uint32_t k = 0; k < item->via.map.size; k++) {
            const msgpack_object_kv *pair = &item->via.map.ptr[k];
            if (pair->key.type != MSGPACK_OBJECT_STR)
                return fault(ret_fault, "type", field_info(field)->name, "a key of row %u is not text", i);
            int known = field_by_name(pair->key.via.str.ptr, pair->key.via.str.size);
            if (known < 0 || field_info((enum field)known)->type == FIELD_ROWS)
                continue;
            int r = unpack_value(&pair->val, (enum field)known, row, ret_fault);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

static const msgpack_object *map_get(const msgpack_object *map, const char *key)
{
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object *name = &map->via.map.ptr[i].key;
        if (name->type == MSGPACK_OBJECT_STR && name->via.str.size == strlen(key) &&
            memcmp(name->via.str.ptr, key, name->via.str.size) == 0)
            return &map->via.map.ptr[i].val;
    }
    return NULL;
}

static int unpack_body(const msgpack_object *map, enum message_type *ret_type, struct record *body,
                       struct fault *ret_fault)
{
    if (map->type != MSGPACK_OBJECT_MAP)
        return fault(ret_fault, "type", "", "the message is not a map");
    const msgpack_object *name = map_get(map, "type");
    int type = name && name->type == MSGPACK_OBJECT_STR ? message_by_name(name->via.str.ptr, name->via.str.size) : -1;
    if (type < 0)
        return fault(ret_fault, "unknown", "type", "the message has no type that is known here");
    const struct message_info *message = message_info((enum message_type)type);

    const msgpack_object *version = map_get(map, "v");
    int number;
    if (!version || !get_small(version, &number) || number < 1)
        return fault(ret_fault, "missing", "v", "%s has no version", message->name);
    if (number > message->version)
        return fault(ret_fault, "version", "v", "%s has version %d; this program knows %d", message->name, number,
                     message->version);

    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        if (pair->key.type != MSGPACK_OBJECT_STR)
            return fault(ret_fault, "type", "", "a key of %s is not text", message->name);
        int field = field_by_name(pair->key.via.str.ptr, pair->key.via.str.size);
        if (field < 0 || !message_field(message, (enum field)field))
            continue;
        int r = unpack_value(&pair->val, (enum field)field, body, ret_fault);
        if (r < 0)
            return r;
    }
    if (record_check(body, (enum message_type)type, ret_fault) < 0)
        return -EBADMSG;
    *ret_type = (enum message_type)type;
    return 0;
}

int wire_unpack(const char *data, size_t size, enum message_type *ret_type, struct record *body,
                struct fault *ret_fault)
{
    msgpack_unpacked unpacked;
    size_t offset = 0;
    record_clear(body);
    if (unpack_next(data, size, &offset, &unpacked) < 0)
        return fault(ret_fault, "broken", "", "the message is not a whole msgpack object");
    int r = offset == size ? unpack_body(&unpacked.data, ret_type, body, ret_fault)
                           : fault(ret_fault, "broken", "", "the message goes on behind its msgpack object");
    msgpack_unpacked_destroy(&unpacked);
    return r;
}
