/*
 * golden.h - a sample of every message, the same each time.
 */
#ifndef SIDAN_TESTS_GOLDEN_H
#define SIDAN_TESTS_GOLDEN_H

#include "common/record.h"

/* Fills every field of the message: texts with Chinese, numbers large enough to need all their bytes. */
static inline void golden_sample(enum message_type type, struct record *body)
{
    const struct message_info *message = message_info(type);
    record_clear(body);
    for (size_t i = 0; i < message->field_count; i++) {
        enum field field = message->fields[i].field;
        const struct field_info *info = field_info(field);
        switch (info->type) {
        case FIELD_STR:
            if (info->max >= 16)
                record_printf(body, field, "%.11s 四单", info->name);
            else
                record_set(body, field, "341022");
            break;
        case FIELD_INT:
            record_set_int(body, field, 1795000000000 + (int64_t)i);
            break;
        case FIELD_REAL:
            record_set_real(body, field, 29.788125);
            break;
        case FIELD_ROWS:
            record_set(record_add_row(body, field), F_ORDER, "341022-000123");
            record_set_int(record_add_row(body, field), F_VER, 7);
            break;
        }
    }
}

#endif
