/*
 * redact.h - takes out of a public text what leads to a person.
 */
#ifndef SIDAN_REDACT_H
#define SIDAN_REDACT_H

/*
 * A copy of a text in which phone numbers, ID and bank card numbers (in digits of any width, in Chinese numerals, with
 * separators between them), other long numbers in digits, mail addresses and number plates have become ***. Dates,
 * amounts, ranges and numbers of orders stay. text is valid UTF-8. The caller frees it.
 */
char *redact(const char *text);

/*
 * The same for what is published of a case: also without the name of who placed it, alone or as in 王女士, and without
 * numbers of flats (1502室), which the work on an order needs and its readers do not. name: "" where it is not known.
 */
char *redact_case(const char *text, const char *name);

#endif
