/*
 * metrics.c - the process's metrics in the Prometheus text format; see metrics.h.
 *
 * A service has some dozens of series, so a list that is searched from the
 * front is fast enough and stays in the order of first use.
 */
#include "common/metrics.h"

#include "common/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { COUNTER, GAUGE, HISTOGRAM };
static const char *const kind_names[] = {"counter", "gauge", "histogram"};

/* Upper bounds in seconds: from a handler's microseconds to a stalled gateway's minute. */
static const double bounds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60};
enum { BOUNDS = sizeof bounds / sizeof *bounds };

struct series {
    struct series *next;
    const char *name, *help;
    char *labels;
    enum kind kind;
    double value; /* of a histogram: the sum */
    unsigned long counts[BOUNDS + 1];
};

static struct series *all;

static struct series *series_get(const char *name, const char *help, const char *labels, enum kind kind)
{
    struct series **link = &all, **behind = NULL;
    for (; *link; link = &(*link)->next) {
        if (strcmp((*link)->name, name) != 0)
            continue;
        if (strcmp((*link)->labels, labels) == 0)
            return *link;
        behind = &(*link)->next; /* series of one name stand together, as the format wants it */
    }
    if (!behind)
        behind = link;
    struct series *series = xcalloc(1, sizeof *series);
    *series = (struct series){.next = *behind, .name = name, .help = help, .labels = xstrdup(labels), .kind = kind};
    *behind = series;
    return series;
}

void metric_add(const char *name, const char *help, const char *labels, double amount)
{
    series_get(name, help, labels, COUNTER)->value += amount;
}

void metric_set(const char *name, const char *help, const char *labels, double value)
{
    series_get(name, help, labels, GAUGE)->value = value;
}

void metric_observe(const char *name, const char *help, const char *labels, double seconds)
{
    struct series *series = series_get(name, help, labels, HISTOGRAM);
    size_t bound = 0;
    while (bound < BOUNDS && seconds > bounds[bound])
        bound++;
    series->counts[bound]++;
    series->value += seconds;
}

static void print_histogram(FILE *out, const struct series *series)
{
    const char *comma = *series->labels ? "," : "";
    unsigned long sum = 0;
    for (size_t i = 0; i < BOUNDS; i++) {
        sum += series->counts[i];
        fprintf(out, "%s_bucket{%s%sle=\"%g\"} %lu\n", series->name, series->labels, comma, bounds[i], sum);
    }
    sum += series->counts[BOUNDS];
    fprintf(out, "%s_bucket{%s%sle=\"+Inf\"} %lu\n", series->name, series->labels, comma, sum);
    fprintf(out, "%s_sum{%s} %.9g\n%s_count{%s} %lu\n", series->name, series->labels, series->value, series->name,
            series->labels, sum);
}

char *metrics_text(size_t *ret_size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_size);
    if (!out)
        abort();
    const char *previous = "";
    for (const struct series *series = all; series; series = series->next) {
        if (strcmp(previous, series->name) != 0)
            fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", series->name, series->help, series->name,
                    kind_names[series->kind]);
        previous = series->name;
        if (series->kind == HISTOGRAM)
            print_histogram(out, series);
        else
            fprintf(out, "%s{%s} %.15g\n", series->name, series->labels, series->value);
    }
    fclose(out);
    return text;
}

void metrics_reset(void)
{
    while (all) {
        struct series *next = all->next;
        free(all->labels);
        free(all);
        all = next;
    }
}
