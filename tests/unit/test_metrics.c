/*
 * test_metrics.c - what a Prometheus server reads.
 */
#include "common/alloc.h"
#include "common/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int forget_all(void **state)
{
    (void)state;
    metrics_reset();
    return 0;
}

static void assert_text(const char *expected)
{
    size_t size;
    AUTOFREE char *text = metrics_text(&size);

    assert_string_equal(text, expected);
    assert_int_equal(size, strlen(expected));
}

static void counters_add_and_gauges_set(void **state)
{
    (void)state;
    assert_text("");
    metric_add("orders_total", "Orders.", "result=\"ok\"", 1);
    metric_set("queue_depth", "Messages waiting.", "", 7);
    metric_add("orders_total", "Orders.", "result=\"refused\"", 1);
    metric_add("orders_total", "Orders.", "result=\"ok\"", 2);
    metric_set("queue_depth", "Messages waiting.", "", 3.5);
    assert_text("# HELP orders_total Orders.\n"
                "# TYPE orders_total counter\n"
                "orders_total{result=\"ok\"} 3\n"
                "orders_total{result=\"refused\"} 1\n"
                "# HELP queue_depth Messages waiting.\n"
                "# TYPE queue_depth gauge\n"
                "queue_depth{} 3.5\n");
}

static void counters_count_far(void **state)
{
    (void)state;
    metric_add("bytes_total", "Bytes.", "", 123456789012345);
    assert_text("# HELP bytes_total Bytes.\n"
                "# TYPE bytes_total counter\n"
                "bytes_total{} 123456789012345\n");
}

static void buckets_are_cumulative(void **state)
{
    static const char *const lines[] = {
        "# TYPE stage_seconds histogram\n",
        "stage_seconds_bucket{stage=\"commit\",le=\"0.0005\"} 1\n",
        "stage_seconds_bucket{stage=\"commit\",le=\"0.1\"} 2\n", /* a bound belongs to its bucket */
        "stage_seconds_bucket{stage=\"commit\",le=\"60\"} 2\n",
        "stage_seconds_bucket{stage=\"commit\",le=\"+Inf\"} 3\n",
        "stage_seconds_sum{stage=\"commit\"} 100.1001\n",
        "stage_seconds_count{stage=\"commit\"} 3\n",
        "stage_seconds_bucket{stage=\"load\",le=\"+Inf\"} 1\n",
    };
    size_t size;

    (void)state;
    metric_observe("stage_seconds", "Delays.", "stage=\"commit\"", 0.0001);
    metric_observe("stage_seconds", "Delays.", "stage=\"load\"", 1);
    metric_observe("stage_seconds", "Delays.", "stage=\"commit\"", 0.1);
    metric_observe("stage_seconds", "Delays.", "stage=\"commit\"", 100);
    AUTOFREE char *text = metrics_text(&size);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_non_null(strstr(text, lines[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(counters_add_and_gauges_set, forget_all),
        cmocka_unit_test_teardown(counters_count_far, forget_all),
        cmocka_unit_test_teardown(buckets_are_cumulative, forget_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
