/*
 * metrics.h - counters, gauges and histograms in the Prometheus text format.
 *
 * A metric is made by its first use. labels is "" or the inside of the braces
 * (`edge="intake>routing",result="ok"`), values never personal. One registry
 * per process; everything runs in one thread.
 */
#ifndef SIDAN_METRICS_H
#define SIDAN_METRICS_H

#include <stddef.h>

/* Names must be string literals; help is kept from the first use. */
void metric_add(const char *name, const char *help, const char *labels, double amount); /* a counter */
void metric_set(const char *name, const char *help, const char *labels, double value);  /* a gauge */
void metric_observe(const char *name, const char *help, const char *labels,
                    double seconds); /* a histogram of seconds */

/* The whole text; the caller frees it. */
char *metrics_text(size_t *ret_size);

/* Forgets all: for tests and at the end of the process. */
void metrics_reset(void);

#endif
