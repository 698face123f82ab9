/*
 * JSON bodies, for every message: a body becomes a record of the message's own fields, or a fault that can be answered.
 * The first byte chooses the message.
 */
// links: services/intake
#include "tests/fuzz/fuzz.h"

#include "services/intake/json.h"

static void fuzz(const char *data, size_t size)
{
    static const enum field reserved[] = {F_SOURCE, FIELD_COUNT};
    if (size == 0)
        return;
    enum message_type type = (enum message_type)((unsigned char)data[0] % MESSAGE_COUNT);
    RECORD *record = record_new();
    struct fault fault = {0};
    if (json_to_record(data + 1, size - 1, type, reserved, record, &fault) < 0 ||
        record_check(record, type, &fault) < 0) {
        promise_fault(&fault);
        return;
    }
    for (int field = 0; field < FIELD_COUNT; field++)
        PROMISE(!record_has(record, (enum field)field) || message_field(message_info(type), (enum field)field));
    PROMISE(!record_has(record, F_SOURCE));
    json_t *shown = json_from_record(record, NULL, 0);
    char *text = json_dumps(shown, JSON_COMPACT);
    PROMISE(text && is_text(text));
    free(text);
    json_decref(shown);
}
