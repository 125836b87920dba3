#ifndef EVENTCTL_PACE_H
#define EVENTCTL_PACE_H

/* So many a second and no more: a token bucket that begins with one token and holds those of one
 * second. The n-th of them is therefore never taken earlier than (n - 1) / rate after the first
 * look, and within any second never more than twice the rate, also after a stand-still.
 *
 * Pure: the caller brings the time, so that what it promises can be shown without waiting.
 *
 *      pace_begin(&pace, 1000, now());
 *      for each record:
 *              while ((wait = pace_take(&pace, now())) > 0)
 *                      do something else for at most `wait` microseconds; */

#include <stdint.h>

enum { PACE_RATE_MAX = 1000000 };

struct pace {
        int64_t rate;   /* a second, 1 … PACE_RATE_MAX */
        int64_t credit; /* millionths of a token, up to those of one second */
        int64_t last;   /* monotonic, µs: up to when the credit is counted */
};

void pace_begin(struct pace *pace, int64_t rate, int64_t now);

/* Takes one token and returns 0, or takes none and returns how long to wait for it, in µs. `now`
 * may not go back. */
int64_t pace_take(struct pace *pace, int64_t now);

/* How long `count` of them take at least, in µs. */
int64_t pace_duration(int64_t rate, int64_t count);

#endif
