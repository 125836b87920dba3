#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

/* Times of short work, for comparisons within one process: alternatives are measured in turn, round
 * by round, and only medians are told, so that a machine that drifts or is disturbed moves them all
 * alike or none. */

#include <stddef.h>

enum { MEASURE_ROUNDS_MAX = 1001 };

/* Does a fixed amount of work. */
typedef void measure_pass_fn(void *context);

/* CPU time, in nanoseconds, for each of the `items` that one pass works on: passes are made for 5 ms at least. */
double measure_ns(measure_pass_fn *pass, void *context, size_t items);

/* The middle one; `values` is sorted by the call. */
double measure_median(double *values, size_t count);

#endif
