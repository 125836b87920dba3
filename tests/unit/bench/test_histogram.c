#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "bench/histogram.h"
#include "schemas/random_value.h"

UNIT_SUITE(histogram);

enum { VALUES = 20000, SEED = 20261129 };

Test(histogram, each_value_below_2048_has_a_bucket_of_its_own)
{
        for (unsigned value = 0; value < 2048; ++value) {
                cr_assert_eq(histogram_bucket(value), value);
                cr_assert_eq(histogram_bound(value), value);
        }
        cr_assert_eq(histogram_bucket(2048), 2048);
        cr_assert_eq(histogram_bucket(2049), 2048);
        cr_assert_eq(histogram_bucket(2050), 2049);
        cr_assert_eq(histogram_bucket(4095), 2048 + 1023);
        cr_assert_eq(histogram_bucket(4096), 2048 + 1024);
        cr_assert_eq(histogram_bucket(4099), 2048 + 1024);
        cr_assert_eq(histogram_bucket(4100), 2048 + 1025);
}

Test(histogram, each_bucket_ends_where_the_next_one_begins)
{
        for (unsigned bucket = 0; bucket + 1 < HISTOGRAM_BUCKETS; ++bucket) {
                cr_assert_eq(histogram_bucket(histogram_bound(bucket)), bucket);
                cr_assert_eq(histogram_bucket(histogram_bound(bucket) + 1), bucket + 1);
        }
        cr_assert_eq(histogram_bound(HISTOGRAM_BUCKETS - 1), HISTOGRAM_VALUE_MAX);
}

Test(histogram, no_bucket_is_wider_than_a_thousandth)
{
        for (unsigned bucket = 1; bucket < HISTOGRAM_BUCKETS; ++bucket) {
                uint64_t first = histogram_bound(bucket - 1) + 1;

                cr_assert_leq((histogram_bound(bucket) - first) * 1000, first);
        }
}

Test(histogram, an_empty_one_answers_0_and_one_value_answers_everything)
{
        static struct histogram histogram;

        cr_assert_eq(histogram_at(&histogram, 500000), 0);
        histogram_record(&histogram, 5000001);
        cr_assert_eq(histogram_at(&histogram, 0), 5000001);
        cr_assert_eq(histogram_at(&histogram, 500000), 5000001);
        cr_assert_eq(histogram_at(&histogram, HISTOGRAM_MILLION), 5000001);
}

Test(histogram, the_share_is_rounded_up_to_a_value_and_no_further)
{
        static struct histogram histogram;

        for (uint64_t value = 1; value <= 1000; ++value)
                histogram_record(&histogram, value);
        cr_assert_eq(histogram_at(&histogram, 999000), 999);
        cr_assert_eq(histogram_at(&histogram, 999001), 1000);
        cr_assert_eq(histogram_at(&histogram, 500000), 500);
        cr_assert_eq(histogram_at(&histogram, 1), 1);
}

Test(histogram, what_is_too_large_counts_and_the_maximum_is_exact)
{
        static struct histogram histogram;

        histogram_record(&histogram, 1);
        histogram_record(&histogram, UINT64_C(1) << 50);
        cr_assert_eq(histogram.count, 2);
        cr_assert_eq(histogram_at(&histogram, 500000), 1);
        cr_assert_eq(histogram_at(&histogram, HISTOGRAM_MILLION), UINT64_C(1) << 50);
}

static int compare(const void *a, const void *b)
{
        const uint64_t *left = a, *right = b;

        return (*left > *right) - (*left < *right);
}

/* Of any number of bits, as latencies are that go from microseconds to minutes. */
Test(histogram, percentiles_are_those_of_the_sorted_values)
{
        static const unsigned shares[] = {
                1, 1000, 500000, 900000, 990000, 999000, 999900, 1000000
        };
        static struct histogram histogram;
        static uint64_t values[VALUES];
        struct random_source source = { .state = SEED };

        cr_log_info("seed %d", SEED);
        for (size_t i = 0; i < VALUES; ++i) {
                values[i] = random_next(&source) >> (64 - 1 - random_next(&source) % 32);
                histogram_record(&histogram, values[i]);
        }
        qsort(values, VALUES, sizeof(values[0]), compare);
        for (size_t i = 0; i < EV_ARRAY_SIZE(shares); ++i) {
                size_t rank =
                        ((size_t)shares[i] * VALUES + HISTOGRAM_MILLION - 1) / HISTOGRAM_MILLION;
                uint64_t exact = values[rank - 1], found = histogram_at(&histogram, shares[i]);

                cr_assert_geq(found, exact, "%u", shares[i]);
                cr_assert_leq(found - exact, exact / 1000, "%u", shares[i]);
        }
}

Test(histogram, all_of_it_as_json)
{
        static struct histogram histogram;
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *file = open_memstream(&text, &size);

        histogram_record(&histogram, 7);
        histogram_record(&histogram, 7);
        histogram_record(&histogram, 2049);
        histogram_print(&histogram, file);
        fclose(file);
        cr_assert_str_eq(text, "[[7,2],[2049,3]]");
}
