#ifndef EV_FLOW_WORKER_LOG_H
#define EV_FLOW_WORKER_LOG_H

/* What a worker's process logs: one table, from which its documentation comes too. */

#include "base/log.h"

enum ev_worker_event {
        EV_WORKER_STARTED,
        EV_WORKER_LANES_TAKEN,
        EV_WORKER_LANES_GONE,
        EV_WORKER_LANE_TROUBLE,
        EV_WORKER_BATCH_RETRIED,
        EV_WORKER_BATCH_SPLIT,
        EV_WORKER_RECORD_PARKED,
        EV_WORKER_RECORD_DEAD,
        EV_WORKER_FENCED,
        EV_WORKER_REJOINED,
        EV_WORKER_COMMIT_UNKNOWN,
        EV_WORKER_CONNECTED,
        EV_WORKER_KAFKA,
        EV_WORKER_STOPPED,
        EV_WORKER_EVENTS,
};

extern const struct ev_log_event ev_worker_log_events[EV_WORKER_EVENTS];

#endif
