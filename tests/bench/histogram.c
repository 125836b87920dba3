/* HdrHistogram's log-linear buckets. See the header; nothing here allocates or fails, so that to
 * record a value costs the same few instructions whatever the values are. */

#include "bench/histogram.h"

#include <assert.h>
#include <inttypes.h>

/* How far a value is shifted until its leading bits alone are left: its power of two, counted from
 * the last one whose values are exact. */
static unsigned shift_of(uint64_t value)
{
        unsigned bits = value ? 64 - (unsigned)__builtin_clzll(value) : 0;

        assert(value <= HISTOGRAM_VALUE_MAX);

        return bits > HISTOGRAM_EXACT_BITS ? bits - HISTOGRAM_EXACT_BITS : 0;
}

/* The first power of two that is shifted begins where the exact buckets end, because its leading bit
 * is always set: of its 2048 numbers, only the upper 1024 occur. */
unsigned histogram_bucket(uint64_t value)
{
        unsigned shift = shift_of(value);
        unsigned bucket = shift * HISTOGRAM_HALF + (unsigned)(value >> shift);

        assert(bucket < HISTOGRAM_BUCKETS);
        return bucket;
}

uint64_t histogram_bound(unsigned bucket)
{
        unsigned shift = bucket < 2 * HISTOGRAM_HALF ? 0 : bucket / HISTOGRAM_HALF - 1;
        uint64_t leading = bucket - shift * HISTOGRAM_HALF;

        assert(bucket < HISTOGRAM_BUCKETS);
        return ((leading + 1) << shift) - 1;
}

void histogram_record(struct histogram *histogram, uint64_t value)
{
        uint64_t counted = value <= HISTOGRAM_VALUE_MAX ? value : HISTOGRAM_VALUE_MAX;

        ++histogram->counts[histogram_bucket(counted)];
        ++histogram->count;
        if (value > histogram->max)
                histogram->max = value;
        assert(histogram->max >= counted);
}

/* The rank is rounded up and computed in whole numbers: 0.999 * 1000 is more than 999 in floating
 * point, and the answer would be the next value. */
uint64_t histogram_at(const struct histogram *histogram, unsigned parts_of_million)
{
        uint64_t rank =
                (histogram->count * parts_of_million + HISTOGRAM_MILLION - 1) / HISTOGRAM_MILLION;
        uint64_t seen = 0, bound;
        unsigned bucket = 0;

        assert(parts_of_million <= HISTOGRAM_MILLION);

        if (!histogram->count)
                return 0;
        if (!rank)
                rank = 1;
        while ((seen += histogram->counts[bucket]) < rank)
                ++bucket;
        bound = histogram_bound(bucket);
        return bound < histogram->max && bucket + 1 < HISTOGRAM_BUCKETS ? bound : histogram->max;
}

void histogram_print(const struct histogram *histogram, FILE *file)
{
        const char *separator = "";
        uint64_t seen = 0;

        assert(file);

        fputc('[', file);
        for (unsigned i = 0; i < HISTOGRAM_BUCKETS; ++i) {
                if (!histogram->counts[i])
                        continue;
                seen += histogram->counts[i];
                fprintf(file, "%s[%" PRIu64 ",%" PRIu64 "]", separator, histogram_bound(i), seen);
                separator = ",";
        }
        assert(seen == histogram->count);
        fputc(']', file);
}
