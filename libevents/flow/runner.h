#ifndef EV_FLOW_RUNNER_H
#define EV_FLOW_RUNNER_H

/* A worker's process, inside: one thread, one session, one consumer, one batch in hand. */

#include "base/config.h"
#include "base/log.h"
#include "flow/batch.h"
#include "flow/worker.h"
#include "wire/consumer.h"

/* What a worker logs; the table is in runner.c. */
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
        EV_WORKER_COMMIT_UNKNOWN,
        EV_WORKER_CONNECTED,
        EV_WORKER_KAFKA,
        EV_WORKER_STOPPED,
        EV_WORKER_EVENTS,
};

extern const struct ev_log_event ev_worker_log_events[EV_WORKER_EVENTS];

struct ev_runner {
        const struct ev_worker *worker;
        const struct ev_config *config;
        struct ev_log *log;
        struct ev_db *db;
        struct ev_batch *batch;
        struct ev_consumer *consumer;
        struct ev_messages messages;
        struct ev_item *items; /* EV_BATCH_MAX */
        struct ev_arena *retry_arena;
        struct ev_offset *lanes; /* beside the consumer's lanes, one for one */
        size_t lane_count;
        int stop_fd;
        int backoff_max_ms;
        unsigned failures;     /* in a row: sets the back-off */
        int64_t waiting_until; /* monotonic µs: until then records may be waiting */
        int64_t next_look, next_care;
        char poison[EV_ERROR_TEXT_MAX];
};

/* Whether the process was asked to end. */
bool ev_runner_must_stop(const struct ev_runner *runner);

/* Connects the session if it is lost. Fails with RETRY while the database is not there. */
int ev_runner_connect(struct ev_runner *runner) _must_check_;

/* What has become of records that ev_runner_apply() was given. */
enum {
        EV_APPLY_VOID = 1, /* their lanes are not ours any more, or the process is to end */
};

/* Applies records until it is done, whatever that takes: tries again with back-off while a server
 * is in trouble, halves a batch to find the record that is at fault, and sets that one aside. 0,
 * EV_APPLY_VOID, or EV_FAILED for what only a person can mend. */
int ev_runner_apply(struct ev_runner *runner, struct ev_item *items, size_t count) _must_check_;

/* The consumer's hooks. */
int ev_runner_assigned(void *context, struct ev_consumer_lane *lanes, size_t count);
void ev_runner_revoked(void *context, const struct ev_consumer_lane *lanes, size_t count);

#endif
