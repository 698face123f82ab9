/*
 * contact.h - who placed an order: name, phone and mail address, sealed together in one field of the order.
 *
 * They are in the clear only in the message that places the order, where an SMS is addressed, and where somebody who
 * may reads them, which is put on record. F_PERSON beside it is a keyed hash of the phone, by which orders are found.
 */
#ifndef SIDAN_CONTACT_H
#define SIDAN_CONTACT_H

#include "common/record.h"
#include "common/vault.h"

/*
 * "+86 138-0000-0000" → "13800000000": one phone, one spelling. 0, or -EINVAL when it is no Chinese number: a mobile
 * has 11 digits and begins with 1; a landline is an area code that begins with 0, then 7 or 8 digits.
 */
enum { PHONE_SIZE = 20 };
int contact_phone(const char *text, char ret_phone[PHONE_SIZE]);

/*
 * Sets F_CONTACT and F_PERSON of the order to what `given` has of F_NAME, F_PHONE and F_EMAIL; nothing when it has
 * none.
 */
void contact_seal(const struct vault *vault, const char *order_id, const struct record *given, struct record *order);

/* The hash by which orders of a phone are found; phone as contact_phone() gives it. */
void contact_person(const struct vault *vault, const char *phone, char ret_person[VAULT_DIGEST_SIZE]);

/*
 * Opens a sealed contact into ret_contact: F_NAME, F_PHONE and F_EMAIL, as far as they were given; "" has none. 0, or
 * as vault_open(): -ENOKEY may pass when the county's configuration is read anew, -EBADMSG stays.
 */
int contact_open(const struct vault *vault, const char *order_id, const char *sealed, struct record *ret_contact);

#endif
