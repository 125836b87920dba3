#ifndef TESTS_BENCH_HISTOGRAM_H
#define TESTS_BENCH_HISTOGRAM_H

/* Counts of values, exact to three significant digits, in fixed memory: for latencies, of which the
 * last thousandth matters as much as the middle.
 *
 * The scheme is HdrHistogram's (Gil Tene, hdrhistogram.org, public domain): buckets of equal width
 * within each power of two, whose width doubles with the power. Below 2048 each value has a bucket
 * of its own; above, 1024 buckets divide each power of two, so that a bucket is never wider than a
 * thousandth of the values in it. */

#include <stdint.h>
#include <stdio.h>

enum {
        HISTOGRAM_EXACT_BITS = 11, /* 2^11 is the first power of two from 2 * 10^3 on: 3 digits */
        HISTOGRAM_HALF = 1 << (HISTOGRAM_EXACT_BITS - 1), /* buckets of one power of two */
        HISTOGRAM_VALUE_BITS = 36, /* larger values count as the largest: in µs, 19 hours */
        HISTOGRAM_BUCKETS =
                (HISTOGRAM_VALUE_BITS - HISTOGRAM_EXACT_BITS) * HISTOGRAM_HALF + 2 * HISTOGRAM_HALF,
        HISTOGRAM_MILLION =
                1000000, /* percentiles are given in parts of a million: 99.9 % 999000 */
};

#define HISTOGRAM_VALUE_MAX ((UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1)

/* Begins as all zeros. */
struct histogram {
        uint64_t counts[HISTOGRAM_BUCKETS];
        uint64_t count; /* their sum */
        uint64_t max;   /* exact */
};

/* Adds a value; allocates nothing. */
void histogram_record(struct histogram *histogram, uint64_t value);

/* The value at or below which this share of all values lies: the upper bound of its bucket, or the
 * maximum if that is less. 0 of an empty histogram. */
uint64_t histogram_at(const struct histogram *histogram, unsigned parts_of_million);

/* The bucket of a value, and the largest value of a bucket. */
unsigned histogram_bucket(uint64_t value);
uint64_t histogram_bound(unsigned bucket);

/* Writes all of it as a JSON array with [upper bound, values at or below it] for each bucket that is
 * not empty, which is what a chart of percentiles needs. */
void histogram_print(const struct histogram *histogram, FILE *file);

#endif
