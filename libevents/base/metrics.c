/* Metrics in fixed memory.
 *
 * A series keeps its labels in the form in which they are written, `topic="x",partition="3"`, which
 * is also the key by which it is found: writing a page of metrics copies texts. Guarantees that no
 * value wraps and that the number of series is bounded. Metrics live in the process only and begin
 * at zero with it, which Prometheus expects of counters.
 *
 * Label values may come from records (a topic, a reason). They are escaped, they are refused where
 * they are not UTF-8, and too many of them end up in one series, so nobody outside can make the
 * page unreadable or the process grow. */

#include "base/metrics.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"

struct ev_series {
        const struct ev_metric *metric;
        int64_t value;    /* of a histogram: how many observations */
        int64_t sum;      /* of a histogram: of all observations */
        int64_t *buckets; /* of a histogram: EV_METRIC_BUCKETS + 1 counts, not cumulative */
        size_t labels_size;
        char labels[EV_METRIC_LABEL_TEXT_MAX];
};

/* All series of one metric, the last of them for what does not fit. */
struct family {
        struct ev_series *series;
        size_t series_count;
        size_t series_max; /* without the one for what does not fit */
};

struct ev_metrics {
        const struct ev_metric *table; /* borrowed; its index is the metric's number */
        size_t table_count;
        int64_t *buckets;         /* of all histograms */
        struct ev_series *series; /* of all metrics, in the order of the table */
        struct family families[];
};

static bool has_labels(const struct ev_metric *metric)
{
        assert(metric);

        return metric->labels[0] != NULL;
}

static size_t labels_count(const struct ev_metric *metric)
{
        size_t count = 0;

        assert(metric);

        while (count < EV_METRIC_LABELS_MAX && metric->labels[count])
                ++count;
        return count;
}

/* Series to take memory for: those of the table and one for the rest. */
static size_t series_needed(const struct ev_metric *metric)
{
        assert(metric->series_max <= EV_METRIC_SERIES_MAX);

        return has_labels(metric) ? metric->series_max + 1 : 1;
}

/* Counts to take memory for, for each series: one a bucket, and one above the last bound. */
static size_t buckets_needed(const struct ev_metric *metric)
{
        assert(metric);

        return metric->type == EV_METRIC_HISTOGRAM ? EV_METRIC_BUCKETS + 1 : 0;
}

/* The alphabet of names and labels in the format, without the capitals and colons that nobody
 * should use. */
static bool is_name(const char *name)
{
        size_t size = strlen(name);

        return size > 0 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == size &&
               (name[0] < '0' || name[0] > '9');
}

/* Whether a row is well formed. "_total" on counters and on nothing else is the convention of
 * Prometheus; "le" is the label of its histograms. */
static bool metric_check(const struct ev_metric *metric)
{
        size_t size = strlen(metric->name);
        bool is_total = size > 6 && strcmp(metric->name + size - 6, "_total") == 0;

        for (size_t i = 0; i < labels_count(metric); ++i)
                if (!is_name(metric->labels[i]) || strcmp(metric->labels[i], "le") == 0)
                        return false;
        return is_name(metric->name) && metric->help && metric->scale <= EV_DECIMAL_SCALE_MAX &&
               is_total == (metric->type == EV_METRIC_COUNTER) &&
               has_labels(metric) == (metric->series_max > 0) &&
               metric->series_max <= EV_METRIC_SERIES_MAX &&
               (metric->type == EV_METRIC_HISTOGRAM) == (metric->first_bound > 0);
}

/* Bucket k of a histogram takes what is at or below its bound: 1, 2, 5, 10, 20, 50, … times the
 * first, so that a bound is a round number in every unit. */
static int64_t bucket_bound(const struct ev_metric *metric, size_t k)
{
        static const int64_t steps[] = { 1, 2, 5 };
        int64_t bound = metric->first_bound * steps[k % EV_ARRAY_SIZE(steps)];

        assert(k < EV_METRIC_BUCKETS);

        for (size_t i = 0; i < k / EV_ARRAY_SIZE(steps); ++i)
                if (__builtin_mul_overflow(bound, 10, &bound))
                        return INT64_MAX;
        return bound;
}

/* Gives a metric its share of the series and counts that were taken for all. */
static void init_family(struct ev_metrics *metrics, size_t index, struct ev_series *series,
                        int64_t *buckets)
{
        const struct ev_metric *metric = &metrics->table[index];
        struct family *family = &metrics->families[index];

        assert(metric_check(metric));

        *family = (struct family){ .series = series, .series_max = metric->series_max };
        for (size_t i = 0; i < series_needed(metric); ++i) {
                series[i].metric = metric;
                if (buckets_needed(metric) > 0)
                        series[i].buckets = buckets + i * buckets_needed(metric);
        }
        if (!has_labels(metric))
                family->series_count = 1;
}

/* Two passes over the table: the first counts what all metrics need, the second gives each its
 * share. calloc() alone makes every counter 0 and every series' labels empty. */
int ev_metrics_new(struct ev_metrics **ret_metrics, const struct ev_metric *table,
                   size_t table_count)
{
        _cleanup_(ev_metrics_free_p) struct ev_metrics *metrics = NULL;
        size_t series_count = 0, buckets_count = 0;

        assert(ret_metrics);
        assert(table && table_count > 0);

        for (size_t i = 0; i < table_count; ++i) {
                series_count += series_needed(&table[i]);
                buckets_count += series_needed(&table[i]) * buckets_needed(&table[i]);
        }
        metrics = calloc(1, sizeof(*metrics) + table_count * sizeof(metrics->families[0]));
        if (!metrics)
                return ev_fail_memory("the metrics");
        metrics->series = calloc(series_count, sizeof(*metrics->series));
        metrics->buckets = calloc(buckets_count + 1, sizeof(*metrics->buckets));
        if (!metrics->series || !metrics->buckets)
                return ev_fail_memory("the metrics");
        metrics->table = table;
        metrics->table_count = table_count;
        series_count = buckets_count = 0;
        for (size_t i = 0; i < table_count; ++i) {
                init_family(metrics, i, metrics->series + series_count,
                            metrics->buckets + buckets_count);
                series_count += series_needed(&table[i]);
                buckets_count += series_needed(&table[i]) * buckets_needed(&table[i]);
        }
        *ret_metrics = metrics;
        metrics = NULL;
        return 0;
}

/* Families and series hold no memory of their own. */
struct ev_metrics *ev_metrics_free(struct ev_metrics *metrics)
{
        if (!metrics)
                return NULL;
        free(metrics->series);
        free(metrics->buckets);
        free(metrics);
        return NULL;
}

/* Where a series' labels are put together. */
struct label_text {
        char text[EV_METRIC_LABEL_TEXT_MAX];
        size_t size;
        bool fits;
};

/* Appends, or notes for good that it did not fit. */
static void put(struct label_text *labels, const char *data, size_t size)
{
        assert(labels->size <= sizeof(labels->text));

        if (!labels->fits || labels->size + size > sizeof(labels->text)) {
                labels->fits = false;
                return;
        }
        memcpy(labels->text + labels->size, data, size);
        labels->size += size;
}

/* A value with the three escapes that the format knows: backslash, quote and line feed. */
static void put_escaped(struct label_text *labels, struct ev_str value)
{
        assert(value.data || value.size == 0);

        for (size_t i = 0; i < value.size; ++i) {
                const char *c = &value.data[i];

                if (*c == '\n')
                        put(labels, "\\n", 2);
                else if (*c == '\\' || *c == '"')
                        put(labels, *c == '"' ? "\\\"" : "\\\\", 2);
                else
                        put(labels, c, 1);
        }
}

/* Puts name="value",… together. False if it does not fit or a value is no text: the page has to be
 * UTF-8, or the scraper throws all of it away. */
static bool write_labels(const struct ev_metric *metric, const struct ev_str *values,
                         struct label_text *labels)
{
        assert(values);

        labels->size = 0;
        labels->fits = true;
        for (size_t i = 0; i < labels_count(metric); ++i) {
                if (i > 0)
                        put(labels, ",", 1);
                put(labels, metric->labels[i], strlen(metric->labels[i]));
                put(labels, "=\"", 2);
                put_escaped(labels, values[i]);
                put(labels, "\"", 1);
                if (!ev_str_is_text(values[i]))
                        labels->fits = false;
        }
        return labels->fits;
}

/* Gives a series its labels; the one for the rest gets the same ones again. */
static struct ev_series *name_series(struct ev_series *series, const struct label_text *labels)
{
        assert(labels->fits && labels->size <= sizeof(series->labels));

        memcpy(series->labels, labels->text, labels->size);
        series->labels_size = labels->size;
        return series;
}

/* The series for what has no room: labels that are all "other". */
static struct ev_series *other_series(struct family *family, const struct ev_metric *metric)
{
        static const struct ev_str others[EV_METRIC_LABELS_MAX] = {
                EV_STR_INIT("other"),
                EV_STR_INIT("other"),
                EV_STR_INIT("other"),
                EV_STR_INIT("other"),
        };
        struct ev_series *series = &family->series[family->series_max];
        struct label_text labels;
        bool fits = write_labels(metric, others, &labels);

        assert(fits);
        return name_series(series, &labels);
}

/* A search through the series of one metric. They are few, and where one is used for each record
 * the caller keeps the pointer; a hash table would be one more thing that grows. */
struct ev_series *ev_metrics_series(struct ev_metrics *metrics, size_t metric,
                                    const struct ev_str *values)
{
        struct family *family;
        struct label_text labels;

        assert(metrics && metric < metrics->table_count);
        assert(has_labels(&metrics->table[metric]));

        family = &metrics->families[metric];
        if (!write_labels(&metrics->table[metric], values, &labels))
                return other_series(family, &metrics->table[metric]);
        for (size_t i = 0; i < family->series_count; ++i)
                if (family->series[i].labels_size == labels.size &&
                    memcmp(family->series[i].labels, labels.text, labels.size) == 0)
                        return &family->series[i];
        if (family->series_count == family->series_max)
                return other_series(family, &metrics->table[metric]);
        return name_series(&family->series[family->series_count++], &labels);
}

struct ev_series *ev_metrics_single(struct ev_metrics *metrics, size_t metric)
{
        assert(metrics && metric < metrics->table_count);
        assert(!has_labels(&metrics->table[metric]));

        return &metrics->families[metric].series[0];
}

/* Sums stay at the end of the range instead of wrapping. */
static void add_saturated(int64_t *to, int64_t amount)
{
        assert(amount >= 0);

        if (__builtin_add_overflow(*to, amount, to))
                *to = INT64_MAX;
}

void ev_series_add(struct ev_series *series, int64_t amount)
{
        assert(series && series->metric->type == EV_METRIC_COUNTER);

        add_saturated(&series->value, amount);
}

void ev_series_set(struct ev_series *series, int64_t value)
{
        assert(series && series->metric->type == EV_METRIC_GAUGE);

        series->value = value;
}

/* The bounds are computed, not stored: a histogram is for what happens once a batch, not once a
 * record, and is not worth a table of its own. */
void ev_series_observe(struct ev_series *series, int64_t value)
{
        size_t k = 0;

        assert(series && series->metric->type == EV_METRIC_HISTOGRAM);

        if (value < 0)
                value = 0;
        while (k < EV_METRIC_BUCKETS && value > bucket_bound(series->metric, k))
                ++k;
        add_saturated(&series->buckets[k], 1);
        add_saturated(&series->value, 1);
        add_saturated(&series->sum, value);
}

int64_t ev_series_value(const struct ev_series *series)
{
        assert(series);

        return series->value;
}

/* Writes `name{labels} value`, with the point moved by the scale. `extra` is one more label in the
 * form name="value", or empty. */
static int write_sample(struct ev_buffer *buffer, const struct ev_series *series,
                        const char *suffix, const char *extra, int64_t value, unsigned scale)
{
        char number[EV_DECIMAL_TEXT_MAX];
        bool has_both = series->labels_size > 0 && extra[0];
        bool has_any = series->labels_size > 0 || extra[0];

        assert(suffix && extra);

        ev_decimal_format(value, scale, number);
        return ev_trace(ev_buffer_printf(buffer, "%s%s%s%.*s%s%s%s %s\n", series->metric->name,
                                         suffix, has_any ? "{" : "", (int)series->labels_size,
                                         series->labels, has_both ? "," : "", extra,
                                         has_any ? "}" : "", number));
}

/* Buckets are stored each for itself and written as sums of all up to them, which the format wants:
 * an observation touches one count, and a scrape, which is rare, adds up. */
static int write_histogram(struct ev_buffer *buffer, const struct ev_series *series)
{
        const struct ev_metric *metric = series->metric;
        char bound[EV_DECIMAL_TEXT_MAX], extra[EV_DECIMAL_TEXT_MAX + 8];
        int64_t cumulative = 0;
        int r;

        assert(metric->type == EV_METRIC_HISTOGRAM);

        for (size_t k = 0; k < EV_METRIC_BUCKETS; ++k) {
                add_saturated(&cumulative, series->buckets[k]);
                ev_decimal_format(bucket_bound(metric, k), metric->scale, bound);
                snprintf(extra, sizeof(extra), "le=\"%s\"", bound);
                r = write_sample(buffer, series, "_bucket", extra, cumulative, 0);
                if (r < 0)
                        return ev_trace(r);
        }
        r = write_sample(buffer, series, "_bucket", "le=\"+Inf\"", series->value, 0);
        if (r == 0)
                r = write_sample(buffer, series, "_sum", "", series->sum, metric->scale);
        if (r == 0)
                r = write_sample(buffer, series, "_count", "", series->value, 0);
        return ev_trace(r);
}

static int write_series(struct ev_buffer *buffer, const struct ev_series *series)
{
        assert(series && series->metric);

        if (series->metric->type == EV_METRIC_HISTOGRAM)
                return ev_trace(write_histogram(buffer, series));
        return ev_trace(write_sample(buffer, series, "", "", series->value, series->metric->scale));
}

/* HELP escapes backslash and line feed, and not the quote. */
static int write_head(struct ev_buffer *buffer, const struct ev_metric *metric)
{
        static const char *const types[] = {
                [EV_METRIC_COUNTER] = "counter",
                [EV_METRIC_GAUGE] = "gauge",
                [EV_METRIC_HISTOGRAM] = "histogram",
        };
        int r = ev_buffer_printf(buffer, "# HELP %s ", metric->name);

        assert(metric->type < EV_ARRAY_SIZE(types));

        for (const char *c = metric->help; *c && r == 0; ++c) {
                if (*c == '\n' || *c == '\\')
                        r = ev_buffer_printf(buffer, *c == '\n' ? "\\n" : "\\\\");
                else
                        r = ev_buffer_append(buffer, c, 1);
        }
        if (r == 0)
                r = ev_buffer_printf(buffer, "\n# TYPE %s %s\n", metric->name, types[metric->type]);
        return ev_trace(r);
}

/* HELP and TYPE once, then all series of the metric in one group, as the format demands. */
static int write_family(struct ev_buffer *buffer, const struct family *family,
                        const struct ev_metric *metric)
{
        const struct ev_series *other = &family->series[family->series_max];
        int r = write_head(buffer, metric);

        assert(family->series_count <= series_needed(metric));

        for (size_t i = 0; i < family->series_count && r == 0; ++i)
                r = write_series(buffer, &family->series[i]);
        /* The series for the rest is shown once something fell into it. */
        if (r == 0 && has_labels(metric) && other->labels_size > 0)
                r = write_series(buffer, other);
        return ev_trace(r);
}

/* In the order of the table, so that two pages can be compared line by line. */
int ev_metrics_write(const struct ev_metrics *metrics, struct ev_buffer *buffer)
{
        int r;

        assert(metrics);
        assert(buffer);

        for (size_t i = 0; i < metrics->table_count; ++i) {
                r = write_family(buffer, &metrics->families[i], &metrics->table[i]);
                if (r < 0)
                        return ev_trace(r);
        }
        return 0;
}
