#ifndef EV_FLOW_WORKER_LOG_H
#define EV_FLOW_WORKER_LOG_H

/* What a worker's process logs: one table, from which its documentation comes too. */

#include "base/log.h"

/* With their fields, beside those that every line has; "error …" stands for what
 * ev_log_write_error() adds. */
enum ev_worker_event {
        EV_WORKER_STARTED,          /* database */
        EV_WORKER_LANES_TAKEN,      /* lanes */
        EV_WORKER_LANES_GONE,       /* lanes; error … where they could not be released */
        EV_WORKER_LANE_TROUBLE,     /* topic, partition (-1: of the membership), text */
        EV_WORKER_BATCH_RETRIED,    /* failures before this one in a row, error … */
        EV_WORKER_BATCH_SPLIT,      /* records, error … */
        EV_WORKER_RECORD_PARKED,    /* record_topic, record_partition, record_offset, event_id,
                                     * error … */
        EV_WORKER_RECORD_DEAD,      /* records */
        EV_WORKER_RECORD_SUSPECTED, /* record_topic, record_partition, record_offset, tries */
        EV_WORKER_FACT_IGNORED,   /* record_topic, record_partition, record_offset, event_id, why */
        EV_WORKER_TIMER_FAILED,   /* timer, failures before this one in a row, keys, error … */
        EV_WORKER_FENCED,         /* failures */
        EV_WORKER_REJOINED,       /* failures or lanes, error … */
        EV_WORKER_COMMIT_UNKNOWN, /* failures, error … */
        EV_WORKER_CONNECTED,      /* database */
        EV_WORKER_KAFKA,          /* syslog_level, facility, text */
        EV_WORKER_STOPPED,        /* database */
        EV_WORKER_EVENTS,
};

/* In the order of the enum. */
extern const struct ev_log_event ev_worker_log_events[EV_WORKER_EVENTS];

#endif
