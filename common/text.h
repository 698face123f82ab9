/*
 * text.h - the few things done to text everywhere.
 */
#ifndef SIDAN_TEXT_H
#define SIDAN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters in UTF-8 text, or SIZE_MAX when it is not valid UTF-8 or holds a NUL. */
size_t text_length(const char *text, size_t bytes);

/* Whether a space-separated list holds a word. */
bool words_have(const char *words, const char *word);

/* Takes away the character at the end of a text of which the cut that made the text left only the beginning. */
void text_mend_end(char *text);

/* Removes spaces at both ends and makes one ASCII space of any in between, in place. Returns the text. */
char *text_tidy(char *text);

/* Leaves the first so many characters of a text. */
void text_cut(char *text, size_t max);

/* Number of words in a space-separated list. */
size_t words_count(const char *words);

/*
 * Steps through a space-separated list: copies the next word into `word` and
 * moves *cursor behind it. False at the end. A word that does not fit is cut.
 */
bool words_next(const char **cursor, char *word, size_t size);

/* Adds a word to such a list. False, and nothing is added, when it does not fit into `size` bytes. */
bool words_append(char *words, size_t size, const char *word);

/* Takes all of such a word out of a list. */
void words_remove(char *words, const char *word);

/* The words of a list that are not in the other one. */
void words_without(const char *words, const char *others, char *ret_words, size_t size);

/* An id of the county's tables: 1 to 32 letters, digits, - or _, because Open311 wants its identifiers so. */
bool is_id(const char *text);

/* A mail address as an office has one: ASCII, without quotes and comments, at most 120 bytes. */
bool is_mail_address(const char *text);

/* A mobile number of the mainland: 11 digits, the first a 1. */
bool is_mobile(const char *text);

/* Milliseconds of a clock that never jumps, for measuring; its zero means nothing; and the same in seconds. */
int64_t mono_ms(void);
double mono_seconds(void);

/* Milliseconds since 1970: by the clock that was followed last, or by this host's before there was one. */
int64_t now_ms(void);

/*
 * From now on now_ms() goes by a clock that says `theirs`, give or take
 * `uncertain` ms, on the beat of the monotonic clock; what happens to the
 * host's clock changes it no more. 0; or, when that clock has jumped by more
 * than ten minutes, by how much: then now_ms() goes on as before, because
 * every deadline would fire early or late.
 */
enum { CLOCK_JUMP_MS = 600000 };
int64_t now_follow(int64_t theirs, int64_t uncertain);

/*
 * The whole text is a decimal number between min and max: 0 and ret_value
 * set. Otherwise -EINVAL (not a number) or -ERANGE.
 */
int parse_int(const char *text, int64_t min, int64_t max, int64_t *ret_value);
int parse_real(const char *text, double min, double max, double *ret_value);

/* Writes 24 lower-case hex characters and a NUL: 48 bits of time, 48 of chance. Sorted by time. */
enum { ID_SIZE = 25 };
void make_id(char id[ID_SIZE]);

#endif
