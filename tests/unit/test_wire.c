/*
 * test_wire.c - records, packing, strict unpacking, and the golden files.
 *
 * With --write it writes the golden files instead: do so when a message is
 * new, and look at the difference when one has changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/link.h"
#include "common/wire.h"
#include "tests/unit/golden.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void golden_path(enum message_type type, char path[200])
{
    snprintf(path, 200, "tests/golden/%s.msgpack", message_info(type)->name);
}

static void assert_same_record(const struct record *a, const struct record *b)
{
    for (int i = 0; i < FIELD_COUNT; i++) {
        enum field field = (enum field)i;
        assert_int_equal(record_has(a, field), record_has(b, field));
        if (!record_has(a, field))
            continue;
        switch (field_info(field)->type) {
        case FIELD_STR:
            assert_string_equal(record_str(a, field), record_str(b, field));
            break;
        case FIELD_INT:
            assert_int_equal(record_int(a, field), record_int(b, field));
            break;
        case FIELD_REAL:
            assert_true(record_real(a, field) == record_real(b, field));
            break;
        case FIELD_ROWS:
            assert_int_equal(record_rows(a, field), record_rows(b, field));
            for (size_t k = 0; k < record_rows(a, field); k++)
                assert_same_record(record_row(a, field, k), record_row(b, field, k));
            break;
        }
    }
}

static void every_message_is_as_its_golden_file(void **state)
{
    (void)state;
    RECORD *sample = record_new(), *read = record_new();
    for (int i = 0; i < MESSAGE_COUNT; i++) {
        enum message_type type = (enum message_type)i, read_type;
        char path[200], golden[65536];
        golden_path(type, path);
        FILE *file = fopen(path, "rb");
        if (!file)
            fail_msg("%s is missing: make golden", path);
        size_t size = fread(golden, 1, sizeof golden, file);
        fclose(file);

        golden_sample(type, sample);
        msgpack_sbuffer packed;
        msgpack_sbuffer_init(&packed);
        wire_pack(&packed, type, sample);
        assert_int_equal(packed.size, size);
        assert_memory_equal(packed.data, golden, size);
        msgpack_sbuffer_destroy(&packed);

        struct fault fault = {0};
        if (wire_unpack(golden, size, &read_type, read, &fault) < 0)
            fail_msg("%s: %s", path, fault.detail);
        assert_int_equal(read_type, type);
        assert_same_record(sample, read);
    }
}

/* A map of n pairs written by hand, as another version or another program would. */
struct writer {
    msgpack_sbuffer buffer;
    msgpack_packer packer;
};

static void begin(struct writer *w, size_t pairs)
{
    msgpack_sbuffer_init(&w->buffer);
    msgpack_packer_init(&w->packer, &w->buffer, msgpack_sbuffer_write);
    msgpack_pack_map(&w->packer, pairs);
}

static void text(struct writer *w, const char *bytes, size_t size)
{
    msgpack_pack_str(&w->packer, size);
    msgpack_pack_str_body(&w->packer, bytes, size);
}

static void pair(struct writer *w, const char *name, const char *value)
{
    text(w, name, strlen(name));
    text(w, value, strlen(value));
}

static void number(struct writer *w, const char *name, int64_t value)
{
    text(w, name, strlen(name));
    msgpack_pack_int64(&w->packer, value);
}

static void expect(struct writer *w, const char *error)
{
    RECORD *body = record_new();
    enum message_type type;
    struct fault fault = {0};
    int r = wire_unpack(w->buffer.data, w->buffer.size, &type, body, &fault);
    msgpack_sbuffer_destroy(&w->buffer);
    if (!error) {
        if (r < 0)
            fail_msg("refused: %s", fault.detail);
        return;
    }
    assert_int_equal(r, -EBADMSG);
    assert_string_equal(fault.error, error);
    assert_true(strlen(fault.detail) > 10);
}

static void unknown_fields_are_skipped(void **state)
{
    (void)state;
    struct writer w;
    begin(&w, 5);
    pair(&w, "type", "order.claim");
    number(&w, "v", 1);
    pair(&w, "member", "M1");
    pair(&w, "from_a_newer_version", "x");
    number(&w, "ver", 3); /* known elsewhere, not part of this message */
    expect(&w, NULL);
}

/* Of a text without bytes msgpack-c does not say where it is. */
static void the_first_text_may_be_empty(void **state)
{
    (void)state;
    struct writer w;
    struct envelope envelope;
    size_t body;
    msgpack_sbuffer_init(&w.buffer);
    msgpack_packer_init(&w.packer, &w.buffer, msgpack_sbuffer_write);
    msgpack_pack_array(&w.packer, 11);
    for (int i = 0; i < 11; i++) {
        if (i == 1 || i == 2 || i == 6 || i == 9)
            text(&w, "", 0);
        else
            msgpack_pack_int(&w.packer, 1);
    }
    assert_int_equal(wire_unpack_envelope(w.buffer.data, w.buffer.size, &envelope, &body), 0);
    assert_string_equal(envelope.order, "");
    msgpack_sbuffer_destroy(&w.buffer);
}

static void names_are_compared_whole(void **state)
{
    (void)state;
    char name[64] = "place"; /* and NULs */
    assert_int_equal(field_by_name(name, 5), F_PLACE);
    assert_int_equal(field_by_name(name, 4), -1);
    assert_int_equal(field_by_name(name, sizeof name), -1);
    assert_int_equal(message_by_name("", 0), -1);
}

static void what_is_wrong_is_refused_and_named(void **state)
{
    (void)state;
    struct writer w;

    begin(&w, 4);
    pair(&w, "type", "order.claim");
    number(&w, "v", 1);
    pair(&w, "member", "M1");
    pair(&w, "member", "M2");
    expect(&w, "twice");

    begin(&w, 2);
    pair(&w, "type", "order.claim");
    number(&w, "v", 1);
    expect(&w, "missing");

    begin(&w, 3);
    pair(&w, "type", "order.claim");
    number(&w, "v", 1);
    number(&w, "member", 7);
    expect(&w, "type");

    begin(&w, 3);
    pair(&w, "type", "order.claim");
    number(&w, "v", 2);
    pair(&w, "member", "M1");
    expect(&w, "version");

    begin(&w, 2);
    pair(&w, "type", "order.unheard_of");
    number(&w, "v", 1);
    expect(&w, "unknown");

    begin(&w, 3);
    pair(&w, "type", "order.claim");
    number(&w, "v", 1);
    pair(&w, "member", "a member id that is much longer than thirty-two characters");
    expect(&w, "long");

    begin(&w, 3);
    pair(&w, "type", "order.claim");
    number(&w, "v", 1);
    pair(&w, "member", "\xff\xfe");
    expect(&w, "utf8");

    begin(&w, 3);
    pair(&w, "type", "order.claim");
    number(&w, "v", 1);
    text(&w, "member", 6);
    text(&w, "a\0b", 3);
    expect(&w, "utf8");

    begin(&w, 3);
    pair(&w, "type", "listing");
    number(&w, "v", 1);
    text(&w, "rows", 4);
    msgpack_pack_array(&w.packer, 1001);
    for (int i = 0; i < 1001; i++)
        msgpack_pack_map(&w.packer, 0);
    expect(&w, "long");

    /* bytes left over */
    begin(&w, 3);
    pair(&w, "type", "order.claim");
    number(&w, "v", 1);
    pair(&w, "member", "M1");
    msgpack_pack_nil(&w.packer);
    expect(&w, "broken");

    begin(&w, 3); /* cut off */
    pair(&w, "type", "order.claim");
    expect(&w, "broken");
}

static void envelopes_survive_and_bear_further_elements(void **state)
{
    (void)state;
    struct envelope sent = {.kind = ENVELOPE_EVENT,
                            .county = "341022",
                            .order = "341022-000123",
                            .source = INTAKE,
                            .destination = ROUTING,
                            .sequence = 42,
                            .id = "0123456789abcdef01234567",
                            .at = 1795000000000,
                            .text = "键"};
    struct envelope got;
    size_t body;
    msgpack_sbuffer buffer;
    msgpack_sbuffer_init(&buffer);
    wire_pack_envelope(&buffer, &sent);
    assert_int_equal(wire_unpack_envelope(buffer.data, buffer.size, &got, &body), 0);
    assert_int_equal(body, buffer.size);
    assert_string_equal(got.order, sent.order);
    assert_string_equal(got.text, sent.text);
    assert_int_equal(got.sequence, 42);
    assert_int_equal(got.at, sent.at);

    buffer.data[0]++; /* an array of one more element, from a newer version */
    msgpack_sbuffer_write(&buffer, "\x01", 1);
    assert_int_equal(wire_unpack_envelope(buffer.data, buffer.size, &got, &body), 0);
    for (size_t cut = 0; cut < buffer.size; cut++)
        assert_int_equal(wire_unpack_envelope(buffer.data, cut, &got, &body), -EBADMSG);
    msgpack_sbuffer_destroy(&buffer);
}

static int write_golden(void)
{
    RECORD *sample = record_new();
    for (int i = 0; i < MESSAGE_COUNT; i++) {
        char path[200];
        golden_path((enum message_type)i, path);
        FILE *file = fopen(path, "wb");
        if (!file) {
            perror(path);
            return 1;
        }
        golden_sample((enum message_type)i, sample);
        msgpack_sbuffer packed;
        msgpack_sbuffer_init(&packed);
        wire_pack(&packed, (enum message_type)i, sample);
        fwrite(packed.data, 1, packed.size, file);
        fclose(file);
        msgpack_sbuffer_destroy(&packed);
    }
    return 0;
}

/* A message that its receiver's link would not take would never arrive, however often it is sent. */
static void the_largest_messages_fit_the_link(void **state)
{
    (void)state;
    enum { UTF8_MAX = 4, OVERHEAD = 40 /* key, lengths, a number */, ENVELOPE = 1000 };
    for (int type = 0; type < MESSAGE_COUNT; type++) {
        const struct message_info *message = message_info((enum message_type)type);
        size_t size = ENVELOPE;
        for (size_t i = 0; i < message->field_count; i++) {
            const struct field_info *field = field_info(message->fields[i].field);
            size += OVERHEAD + (field->type == FIELD_STR ? UTF8_MAX * field->max : 0);
        }
        if (message->kind == KIND_EVENT || message->kind == KIND_CALL)
            assert_true(size <= LINK_MAX_REQUEST);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--write") == 0)
        return write_golden();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_as_its_golden_file),
        cmocka_unit_test(unknown_fields_are_skipped),
        cmocka_unit_test(the_first_text_may_be_empty),
        cmocka_unit_test(names_are_compared_whole),
        cmocka_unit_test(what_is_wrong_is_refused_and_named),
        cmocka_unit_test(envelopes_survive_and_bear_further_elements),
        cmocka_unit_test(the_largest_messages_fit_the_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
