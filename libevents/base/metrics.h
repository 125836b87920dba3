#ifndef EV_BASE_METRICS_H
#define EV_BASE_METRICS_H

/* Metrics: counters, gauges and histograms from one table, written for Prometheus.
 *
 * All memory is taken at the start. A *series* is a metric with values for its labels; each metric
 * has a fixed number of them, and what comes when all are taken is counted in one more series whose
 * label values are all "other", so that hostile or forgotten label values cannot fill the memory of
 * ours or of the monitoring. Values are integers; a scale moves the point when they are written, so
 * that microseconds are shown as seconds. One writer, the same thread that reads. */

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "base/str.h"

enum {
        EV_METRIC_LABELS_MAX = 4,
        EV_METRIC_SERIES_MAX = 4096,     /* of one metric */
        EV_METRIC_LABEL_TEXT_MAX = 384,  /* bytes of all labels of a series as written */
        EV_METRIC_BUCKETS = 20,          /* without the one for what is above all bounds */
        EV_METRIC_MICROS_AS_SECONDS = 6, /* a scale */
};

enum ev_metric_type { EV_METRIC_COUNTER, EV_METRIC_GAUGE, EV_METRIC_HISTOGRAM };

/* A row of the table; its index is the metric's number. */
struct ev_metric {
        const char *name; /* "quenty_batch_seconds"; a counter's ends with "_total" */
        enum ev_metric_type type;
        const char *help;
        const char *labels[EV_METRIC_LABELS_MAX]; /* names; NULL behind the last */
        size_t series_max;   /* with labels: how many; without: 0, which means one */
        unsigned scale;      /* decimal digits behind the point of a value as written */
        int64_t first_bound; /* HISTOGRAM: the lowest bucket's bound, above 0; the others are 2, 5,
                              * 10, 20, 50, … times that */
};

struct ev_metrics;
struct ev_series;

/* Borrows the table. Fails (verdict: stop) without memory. The caller owns *ret_metrics. */
int ev_metrics_new(struct ev_metrics **ret_metrics, const struct ev_metric *table,
                   size_t table_count) _must_check_;

/* Accepts NULL; returns NULL. */
struct ev_metrics *ev_metrics_free(struct ev_metrics *metrics);
EV_DEFINE_CLEANUP(struct ev_metrics *, ev_metrics_free)

/* The series with these label values, as many as the metric has labels; made when it is new. Never
 * NULL, valid as long as the metrics; look it up once and keep it where it is used often. */
struct ev_series *ev_metrics_series(struct ev_metrics *metrics, size_t metric,
                                    const struct ev_str *values);

/* The only series of a metric without labels. */
struct ev_series *ev_metrics_single(struct ev_metrics *metrics, size_t metric);

/* Counters only grow: `amount` is not negative. At 2^63 - 1 they stay. */
void ev_series_add(struct ev_series *series, int64_t amount);

/* Gauges. */
void ev_series_set(struct ev_series *series, int64_t value);

/* Histograms. A value below 0 (a clock that was set back) counts as 0. */
void ev_series_observe(struct ev_series *series, int64_t value);

/* A counter's or gauge's value; a histogram's number of observations. */
int64_t ev_series_value(const struct ev_series *series);

/* Appends all metrics in the text format of Prometheus, version 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats), content type
 * "text/plain; version=0.0.4; charset=utf-8". A metric with labels but no series has only its HELP
 * and TYPE lines. */
int ev_metrics_write(const struct ev_metrics *metrics, struct ev_buffer *buffer) _must_check_;

#endif
