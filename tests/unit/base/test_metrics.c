#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"

UNIT_SUITE(metrics);

enum { RECORDS, LAG, BATCH_SECONDS, UP };

static const struct ev_metric table[] = {
        [RECORDS] = { .name = "quenty_records_total",
                      .type = EV_METRIC_COUNTER,
                      .help = "Records applied.",
                      .labels = { "topic", "outcome" },
                      .series_max = 3 },
        [LAG] = { .name = "quenty_lag_messages",
                  .type = EV_METRIC_GAUGE,
                  .help = "Behind the end.\nA \\ and a \"quote\".",
                  .labels = { "partition" },
                  .series_max = 2 },
        [BATCH_SECONDS] = { .name = "quenty_batch_seconds",
                            .type = EV_METRIC_HISTOGRAM,
                            .help = "From poll to commit.",
                            .scale = EV_METRIC_MICROS_AS_SECONDS,
                            .first_bound = 100 },
        [UP] = { .name = "quenty_up", .type = EV_METRIC_GAUGE, .help = "Whether it runs." },
};

static struct ev_metrics *new_metrics(void)
{
        struct ev_metrics *metrics = NULL;

        cr_assert_eq(ev_metrics_new(&metrics, table, EV_ARRAY_SIZE(table)), 0);
        return metrics;
}

static struct ev_series *records(struct ev_metrics *metrics, const char *topic, const char *outcome)
{
        struct ev_str values[] = { ev_str_of(topic), ev_str_of(outcome) };

        return ev_metrics_series(metrics, RECORDS, values);
}

/* The page, NUL-terminated; the caller frees it. */
static char *page_of(const struct ev_metrics *metrics)
{
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(1 << 20);

        cr_assert_eq(ev_metrics_write(metrics, &buffer), 0);
        return strndup((const char *)buffer.data, buffer.size);
}

static void expect_text(const struct ev_metrics *metrics, const char *text)
{
        _cleanup_free_ char *page = page_of(metrics);

        cr_assert_not_null(strstr(page, text), "%s not in:\n%s", text, page);
}

Test(metrics, the_page_is_that_of_the_format)
{
        _cleanup_(ev_metrics_free_p) struct ev_metrics *metrics = new_metrics();
        struct ev_str partition = EV_STR("3");

        ev_series_add(records(metrics, "orders", "accepted"), 2);
        ev_series_add(records(metrics, "orders", "accepted"), 40);
        ev_series_add(records(metrics, "orders", "refused"), 1);
        ev_series_set(ev_metrics_series(metrics, LAG, &partition), -5);
        ev_series_set(ev_metrics_single(metrics, UP), 1);
        expect_text(metrics,
                    "# HELP quenty_records_total Records applied.\n"
                    "# TYPE quenty_records_total counter\n"
                    "quenty_records_total{topic=\"orders\",outcome=\"accepted\"} 42\n"
                    "quenty_records_total{topic=\"orders\",outcome=\"refused\"} 1\n"
                    "# HELP quenty_lag_messages Behind the end.\\nA \\\\ and a \"quote\".\n"
                    "# TYPE quenty_lag_messages gauge\n"
                    "quenty_lag_messages{partition=\"3\"} -5\n"
                    "# HELP quenty_batch_seconds ");
        expect_text(metrics, "# TYPE quenty_up gauge\nquenty_up 1\n");
}

Test(metrics, buckets_are_cumulative_and_bounds_belong_to_them)
{
        _cleanup_(ev_metrics_free_p) struct ev_metrics *metrics = new_metrics();
        struct ev_series *series = ev_metrics_single(metrics, BATCH_SECONDS);
        static const int64_t values[] = {
                -7, 0, 100, 101, 200, 201, 500, 501, INT64_C(500000000), INT64_C(500000001)
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(values); ++i)
                ev_series_observe(series, values[i]);
        cr_assert_eq(ev_series_value(series), 10);
        expect_text(metrics, "# TYPE quenty_batch_seconds histogram\n"
                             "quenty_batch_seconds_bucket{le=\"0.000100\"} 3\n"
                             "quenty_batch_seconds_bucket{le=\"0.000200\"} 5\n"
                             "quenty_batch_seconds_bucket{le=\"0.000500\"} 7\n"
                             "quenty_batch_seconds_bucket{le=\"0.001000\"} 8\n");
        expect_text(metrics, "quenty_batch_seconds_bucket{le=\"200.000000\"} 8\n"
                             "quenty_batch_seconds_bucket{le=\"+Inf\"} 10\n"
                             "quenty_batch_seconds_sum 1000.001604\n"
                             "quenty_batch_seconds_count 10\n");
}

Test(metrics, what_has_no_room_is_counted_as_other)
{
        _cleanup_(ev_metrics_free_p) struct ev_metrics *metrics = new_metrics();
        _cleanup_free_ char *page = NULL;
        static char large[EV_METRIC_LABEL_TEXT_MAX];
        char topic[16];

        memset(large, 'x', sizeof(large) - 1);
        page = page_of(metrics);
        cr_assert_null(strstr(page, "other"));
        ev_series_add(records(metrics, "\xff", "accepted"), 1);
        ev_series_add(records(metrics, large, "accepted"), 1);
        for (int i = 0; i < 10; ++i) {
                snprintf(topic, sizeof(topic), "t%d", i);
                ev_series_add(records(metrics, topic, "accepted"), 1);
        }
        expect_text(metrics, "{topic=\"t2\",outcome=\"accepted\"} 1\n"
                             "quenty_records_total{topic=\"other\",outcome=\"other\"} 9\n");
        ev_series_add(records(metrics, "t1", "accepted"), 1);
        expect_text(metrics, "{topic=\"t1\",outcome=\"accepted\"} 2\n");
}

Test(metrics, label_values_are_escaped)
{
        _cleanup_(ev_metrics_free_p) struct ev_metrics *metrics = new_metrics();

        ev_series_add(records(metrics, "a\"b\\c\nd", "\",x=\""), 1);
        expect_text(metrics, "{topic=\"a\\\"b\\\\c\\nd\",outcome=\"\\\",x=\\\"\"} 1\n");
}

Test(metrics, nothing_wraps)
{
        _cleanup_(ev_metrics_free_p) struct ev_metrics *metrics = new_metrics();
        struct ev_series *counter = records(metrics, "a", "b");
        struct ev_series *histogram = ev_metrics_single(metrics, BATCH_SECONDS);

        ev_series_add(counter, INT64_MAX);
        ev_series_add(counter, 1);
        cr_assert_eq(ev_series_value(counter), INT64_MAX);
        ev_series_observe(histogram, INT64_MAX);
        ev_series_observe(histogram, INT64_MAX);
        expect_text(metrics, "quenty_batch_seconds_sum 9223372036854.775807\n");
}

Test(metrics, a_series_stays_where_it_is)
{
        _cleanup_(ev_metrics_free_p) struct ev_metrics *metrics = new_metrics();
        struct ev_series *first = records(metrics, "a", "b");

        cr_assert_neq(records(metrics, "a", "c"), first);
        cr_assert_eq(records(metrics, "a", "b"), first);
}

Test(metrics, every_line_obeys_the_grammar)
{
        _cleanup_(ev_metrics_free_p) struct ev_metrics *metrics = new_metrics();
        _cleanup_free_ char *page = NULL;
        /* Every line is a comment or `name{labels} number`, by the grammar of the format. */
        FILE *grep =
                popen("! grep -vE '^(# (HELP [a-z_]+ .*|TYPE [a-z_]+ "
                      "(counter|gauge|histogram))|[a-z_]+(\\{([a-z_]+=\"([^\"\\\\]|\\\\.)*\",?)+"
                      "\\})? -?[0-9.]+)$' 1>&2",
                      "w");

        ev_series_add(records(metrics, "a\"b\\c\nd", "x"), 1);
        ev_series_observe(ev_metrics_single(metrics, BATCH_SECONDS), 7);
        page = page_of(metrics);
        cr_assert_not_null(grep);
        cr_assert_geq(fputs(page, grep), 0);
        cr_assert_eq(pclose(grep), 0);
}
