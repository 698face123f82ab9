/*
 * serial.h - by what a gateway calls an SMS to which one it is.
 *
 * Some gateways bring with a receipt not our id but what they called the SMS when they took it. notification keeps, in
 * the SMS's county, a hash by that name which leads to our id; intake looks there, in every county, because a receipt
 * does not say which.
 */
#ifndef SIDAN_SERIAL_H
#define SIDAN_SERIAL_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { SERIAL_SIZE = 65, SERIAL_KEY_SIZE = SERIAL_SIZE + 16 };
#define SERIAL_FIELD "sms"

/* Whether a gateway's word can be used: nothing but A-Z a-z 0-9 : . _ - */
static inline bool is_serial(const char *text)
{
    size_t size = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:._-");
    return size > 0 && size < SERIAL_SIZE && !text[size];
}

/* The key's name without the county. */
static inline void serial_key(char key[SERIAL_KEY_SIZE], const char *serial)
{
    snprintf(key, SERIAL_KEY_SIZE, "smsserial:%s", serial);
}

#endif
