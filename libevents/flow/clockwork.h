#ifndef EV_FLOW_CLOCKWORK_H
#define EV_FLOW_CLOCKWORK_H

/* Runs a worker's timers: each at its interval, in a transaction of its own, beside the lanes. */

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/macro.h"
#include "flow/batch.h"
#include "flow/worker.h"

struct ev_ticking {
        int64_t next;      /* monotonic µs */
        int64_t all_again; /* monotonic µs: when keys that are passed over have their next turn */
        unsigned failures; /* in a row */
        size_t skip;       /* keys at the head of what is due that are passed over: at fault */
        size_t max;        /* keys of the next transaction, those passed over not counted */
};

/* One for a process; the caller fills in the first part. */
struct ev_clockwork {
        const struct ev_worker *worker; /* borrowed, as are all pointers here */
        struct ev_batch *batch;
        struct ev_log *log; /* of the table in flow/worker_log.h */
        /* Connects the session if it is lost. Fails with RETRY while the database is not there. */
        int (*connect)(void *context);
        void *context;
        int backoff_max_ms; /* > 0 */

        struct ev_ticking timers[EV_TIMERS_MAX]; /* beside the worker's */
};

/* When the next timer is to run (monotonic µs); INT64_MAX without timers. */
int64_t ev_clockwork_next(const struct ev_clockwork *clockwork);

/* Runs each timer that is due at `now` (monotonic µs) once; one that had more than fits into a
 * transaction is due again at once, so that the lanes have their turn in between. A server's
 * trouble is logged and waited out with back-off, and a key that cannot be decided is passed over
 * for a minute: both leave lanes and other keys alone. EV_FAILED for what only a person can mend
 * (verdict: stop). No transaction is open before or afterwards. */
int ev_clockwork_run(struct ev_clockwork *clockwork, int64_t now) _must_check_;

#endif
