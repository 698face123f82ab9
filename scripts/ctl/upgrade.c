/*
 * upgrade.c - seals what an earlier version left open in Redis: name, phone and mail address of orders, phone and text
 * of SMS.
 *
 * Run at each `county apply`; where there is nothing to seal it changes nothing. What it changes nobody else does: an
 * order's contact is written when the order is placed, an SMS's phone and text when it is queued.
 */
#include "scripts/ctl/ctl.h"

#include "common/alloc.h"
#include "common/contact.h"
#include "services/notification/sms.h"

#include <string.h>

enum { PAGE = 500 };

/* One kind of hash that may hold something open. */
struct kind {
    const char *prefix;        /* of its keys: "order:", "sms:" */
    const char *const *fields; /* those that an earlier version wrote open, NULL behind the last */
    /* Appends what seals the values; nothing when they are sealed. */
    void (*seal)(struct ctl *ctl, const struct vault *vault, const char *key, const char *id, const redisReply *values);
};

static const char *const order_fields[] = {"name", "phone", "email", NULL};
static const char *const sms_fields[] = {SMS_FIELD_PHONE, SMS_FIELD_TEXT, NULL};

static void seal_order(struct ctl *ctl, const struct vault *vault, const char *key, const char *id,
                       const redisReply *values)
{
    static const enum field fields[] = {F_NAME, F_PHONE, F_EMAIL};
    RECORD *given = record_new(), *order = record_new();
    for (size_t i = 0; i < 3; i++)
        if (values->element[i]->str)
            record_set(given, fields[i], values->element[i]->str);
    if (record_count(given) == 0)
        return;
    contact_seal(vault, id, given, order);
    store_appendf(ctl->store, "HSET %s contact %s", key, record_str(order, F_CONTACT));
    if (record_has(order, F_PERSON))
        store_appendf(ctl->store, "HSET %s person %s", key, record_str(order, F_PERSON));
    store_appendf(ctl->store, "HDEL %s name phone email", key);
}

static void seal_sms(struct ctl *ctl, const struct vault *vault, const char *key, const char *id,
                     const redisReply *values)
{
    for (size_t i = 0; sms_fields[i]; i++) {
        const char *value = values->element[i]->str;
        if (!value || strncmp(value, "v1.", 3) == 0)
            continue;
        AUTOFREE char *owner = sms_owner(id, sms_fields[i]);
        AUTOFREE char *sealed = vault_seal(vault, owner, value, strlen(value));
        store_appendf(ctl->store, "HSET %s %s %s", key, sms_fields[i], sealed);
    }
}

static const struct kind kinds[] = {{"order:", order_fields, seal_order}, {"sms:", sms_fields, seal_sms}};

/* Seals the hashes with these keys, which begin with the prefix. False after saying why not. */
static bool seal_page(struct ctl *ctl, const struct vault *vault, const struct kind *kind, const char *prefix,
                      const json_t *keys)
{
    size_t index;
    json_t *key;
    json_array_foreach(keys, index, key)
    {
        const char *words[8] = {"HMGET", json_string_value(key)};
        size_t count = 2;
        for (; kind->fields[count - 2]; count++)
            words[count] = kind->fields[count - 2];
        store_append(ctl->store, count, words, NULL);
    }
    if (json_array_size(keys) > 0 && !ask(ctl))
        return false;
    json_array_foreach(keys, index, key)
    {
        const char *name = json_string_value(key);
        kind->seal(ctl, vault, name, name + strlen(prefix), store_reply(ctl->store, index));
    }
    return ask(ctl);
}

static int seal_kind(struct ctl *ctl, const char *county, const struct vault *vault, const struct kind *kind)
{
    char prefix[KEY_SIZE], cursor[24] = "0";
    store_key(prefix, county, kind->prefix);
    AUTOFREE char *pattern = xasprintf("%s*", prefix);
    do {
        store_appendf(ctl->store, "SCAN %s MATCH %s COUNT %d", cursor, pattern, PAGE);
        if (!ask(ctl))
            return FAILED;
        const redisReply *page = store_reply(ctl->store, 0);
        snprintf(cursor, sizeof cursor, "%s", page->element[0]->str);
        json_t *keys = json_array();
        for (size_t i = 0; i < page->element[1]->elements; i++)
            json_array_append_new(keys, json_string(page->element[1]->element[i]->str));
        bool good = seal_page(ctl, vault, kind, prefix, keys);
        json_decref(keys);
        if (!good)
            return FAILED;
    } while (strcmp(cursor, "0") != 0);
    return DONE;
}

int seal_open_data(struct ctl *ctl, const char *county, const struct vault *vault)
{
    int code = DONE;
    for (size_t i = 0; code == DONE && i < sizeof kinds / sizeof *kinds; i++)
        code = seal_kind(ctl, county, vault, &kinds[i]);
    return code;
}
