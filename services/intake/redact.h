/*
 * redact.h - takes out of a public text what leads to a person.
 */
#ifndef SIDAN_REDACT_H
#define SIDAN_REDACT_H

/*
 * A copy of a text in which phone numbers, ID and bank card numbers (in digits of any width, in Chinese numerals, with
 * separators between them), other long numbers in digits, and mail addresses have become ***. Dates, amounts, ranges
 * and numbers of orders stay. text is valid UTF-8. The caller frees it.
 */
char *redact(const char *text);

#endif
