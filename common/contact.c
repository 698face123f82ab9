/*
 * contact.c - seals and opens who placed an order; see contact.h. Pure.
 */
#include "common/contact.h"

#include "common/alloc.h"
#include "common/wire.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

int contact_phone(const char *text, char ret_phone[PHONE_SIZE])
{
    char digits[PHONE_SIZE] = "";
    size_t count = 0;
    for (const char *c = *text == '+' ? text + 1 : text; *c; c++) {
        if (*c == ' ' || *c == '-' || *c == '(' || *c == ')')
            continue;
        if (!isdigit((unsigned char)*c) || count == sizeof digits - 1)
            return -EINVAL;
        digits[count++] = *c;
    }
    const char *number = digits;
    if (strncmp(number, "0086", 4) == 0)
        number += 4;
    else if (strncmp(number, "86", 2) == 0 && count > 11)
        number += 2;
    if (strncmp(number, "01", 2) == 0 && number[2] >= '3') /* a mobile of another area, as it is dialled */
        number++;
    size_t length = strlen(number);
    bool mobile = length == 11 && number[0] == '1';
    bool landline = length >= 10 && length <= 12 && number[0] == '0' && number[1] != '0';
    if (!mobile && !landline)
        return -EINVAL;
    snprintf(ret_phone, PHONE_SIZE, "%s", number);
    return 0;
}

static char *owner_of(const char *order_id)
{
    return xasprintf("order/%s/contact", order_id);
}

void contact_person(const struct vault *vault, const char *phone, char ret_person[VAULT_DIGEST_SIZE])
{
    vault_digest(vault, "person", phone, ret_person);
}

void contact_seal(const struct vault *vault, const char *order_id, const struct record *given, struct record *order)
{
    static const enum field fields[] = {F_NAME, F_PHONE, F_EMAIL};
    RECORD *contact = record_new();
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        record_copy(contact, given, fields[i]);
    if (record_count(contact) == 0)
        return;
    msgpack_sbuffer bytes;
    msgpack_sbuffer_init(&bytes);
    wire_pack(&bytes, MSG_CONTACT, contact);
    AUTOFREE char *owner = owner_of(order_id);
    AUTOFREE char *sealed = vault_seal(vault, owner, bytes.data, bytes.size);
    record_set(order, F_CONTACT, sealed);
    sodium_memzero(bytes.data, bytes.size);
    msgpack_sbuffer_destroy(&bytes);
    if (record_len(contact, F_PHONE) > 0) {
        char person[VAULT_DIGEST_SIZE];
        contact_person(vault, record_str(contact, F_PHONE), person);
        record_set(order, F_PERSON, person);
    }
}

int contact_open(const struct vault *vault, const char *order_id, const char *sealed, struct record *ret_contact)
{
    record_clear(ret_contact);
    if (!*sealed)
        return 0;
    char *bytes;
    size_t size;
    enum message_type type;
    struct fault fault;
    AUTOFREE char *owner = owner_of(order_id);
    int r = vault_open(vault, owner, sealed, &bytes, &size);
    if (r < 0)
        return r;
    r = wire_unpack(bytes, size, &type, ret_contact, &fault);
    sodium_memzero(bytes, size);
    free(bytes);
    return r < 0 || type != MSG_CONTACT ? -EBADMSG : 0;
}
