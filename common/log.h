/*
 * log.h - structured logs: one line per thing that happened, on stderr.
 *
 *   2026-11-22T09:30:00.123Z info routing/3f2a order=341022-000123 msg=order.placed result=ok delays=0.4/0.2/0.1/0.9
 *
 * Personal data never goes in here. common/ logs at debug only; a service
 * logs each thing once.
 */
#ifndef SIDAN_LOG_H
#define SIDAN_LOG_H

enum log_level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };

/* who: "routing/3f2a", written on each line; copied. */
void log_open(const char *who, enum log_level level);

/* "error", "warning", "info", "debug" → level, or -1. */
int log_level_by_name(const char *name);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LEVEL_DEBUG, __VA_ARGS__)

#endif
