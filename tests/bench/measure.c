/* See the header. The clock is the CPU time of this thread: what other programs take of the machine
 * is no part of it. It is read after each pass, which costs a hundredth of one. */

#include "bench/measure.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "bench/tool.h"

#define NANOS_PER_SECOND INT64_C(1000000000)

enum { NANOS_MIN = 5000000 };

static int64_t cpu_nanos(void)
{
        struct timespec now;

        if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now))
                tool_die("the CPU time of a thread cannot be read");
        assert(now.tv_sec >= 0);
        return now.tv_sec * NANOS_PER_SECOND + now.tv_nsec;
}

double measure_ns(measure_pass_fn *pass, void *context, size_t items)
{
        int64_t begun = cpu_nanos(), took;
        int64_t passes = 0;

        assert(items > 0);

        do {
                pass(context);
                ++passes;
                took = cpu_nanos() - begun;
        } while (took < NANOS_MIN);
        return (double)took / (double)passes / (double)items;
}

static int compare(const void *a, const void *b)
{
        const double *left = a, *right = b;

        assert(left && right);

        return (*left > *right) - (*left < *right);
}

double measure_median(double *values, size_t count)
{
        assert(count > 0 && count % 2);

        qsort(values, count, sizeof(*values), compare);
        return values[count / 2];
}
