/*
 * redact.h - takes out of a public text what leads to a person.
 */
#ifndef SIDAN_REDACT_H
#define SIDAN_REDACT_H

/*
 * A copy of a text in which phone numbers, ID and bank card numbers (seven
 * digits or more, also full-width ones, also with separators between them) and
 * mail addresses have become ***. text is valid UTF-8. The caller frees it.
 */
char *redact(const char *text);

#endif
