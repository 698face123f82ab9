/*
 * Messages: no bytes break the reader, and what it takes it would write again, to the same bytes each time.
 */
#include "tests/fuzz/fuzz.h"

#include "common/wire.h"

static void body_survives(const char *data, size_t size)
{
    RECORD *first = record_new();
    RECORD *second = record_new();
    enum message_type type, again;
    struct fault fault = {0};
    if (wire_unpack(data, size, &type, first, &fault) < 0) {
        promise_fault(&fault);
        return;
    }
    msgpack_sbuffer one, two;
    msgpack_sbuffer_init(&one);
    msgpack_sbuffer_init(&two);
    wire_pack(&one, type, first);
    PROMISE(wire_unpack(one.data, one.size, &again, second, &fault) == 0 && again == type);
    wire_pack(&two, again, second);
    PROMISE(one.size == two.size && memcmp(one.data, two.data, one.size) == 0);
    msgpack_sbuffer_destroy(&one);
    msgpack_sbuffer_destroy(&two);
}

static void envelope_survives(const struct envelope *envelope)
{
    struct envelope again;
    size_t body;
    msgpack_sbuffer one, two;
    msgpack_sbuffer_init(&one);
    msgpack_sbuffer_init(&two);
    wire_pack_envelope(&one, envelope);
    PROMISE(wire_unpack_envelope(one.data, one.size, &again, &body) == 0 && body == one.size);
    wire_pack_envelope(&two, &again);
    PROMISE(one.size == two.size && memcmp(one.data, two.data, one.size) == 0);
    msgpack_sbuffer_destroy(&one);
    msgpack_sbuffer_destroy(&two);
}

static void fuzz(const char *data, size_t size)
{
    struct envelope envelope;
    size_t body;
    body_survives(data, size);
    if (wire_unpack_envelope(data, size, &envelope, &body) < 0)
        return;
    PROMISE(body <= size);
    envelope_survives(&envelope);
    body_survives(data + body, size - body);
}
