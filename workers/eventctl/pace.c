/* The token bucket, in whole numbers: a microsecond brings `rate` millionths of a token, so nothing
 * is rounded away however often it is looked at.
 *
 * Nothing is stored, so a process that is started anew begins with one token. */

#include "pace.h"

#include <assert.h>

#include "base/clock.h"

static const int64_t token = EV_MICROS_PER_SECOND;

/* One token and not a bucket full: a run that is started again and again keeps its rate too. */
void pace_begin(struct pace *pace, int64_t rate, int64_t now)
{
        assert(rate > 0 && rate <= PACE_RATE_MAX);

        *pace = (struct pace){ .rate = rate, .credit = token, .last = now };
}

/* What goes by beyond one second brings nothing more: the bucket is full then. */
static void fill(struct pace *pace, int64_t now)
{
        int64_t passed = now - pace->last, full = pace->rate * token;

        assert(passed >= 0);

        if (passed > EV_MICROS_PER_SECOND)
                passed = EV_MICROS_PER_SECOND;
        pace->credit += passed * pace->rate;
        if (pace->credit > full)
                pace->credit = full;
        pace->last = now;
}

/* The wait is rounded up, or a caller that comes back after it would find a token that is not
 * whole. */
int64_t pace_take(struct pace *pace, int64_t now)
{
        fill(pace, now);
        assert(pace->credit >= 0);

        if (pace->credit < token)
                return (token - pace->credit + pace->rate - 1) / pace->rate;
        pace->credit -= token;
        return 0;
}

/* Nothing is waited for before the first. In two steps, as the product of both would not fit. */
int64_t pace_duration(int64_t rate, int64_t count)
{
        int64_t waits = count - 1;

        assert(rate > 0 && rate <= PACE_RATE_MAX);

        if (count <= 1)
                return 0;
        return waits / rate * EV_MICROS_PER_SECOND + waits % rate * EV_MICROS_PER_SECOND / rate;
}
