#ifndef EV_FLOW_RUNNER_H
#define EV_FLOW_RUNNER_H

/* A worker's process at work: one thread, one session, one consumer, one batch in hand. flow/worker
 * starts and stops it. */

#include "base/config.h"
#include "base/log.h"
#include "flow/batch.h"
#include "flow/clockwork.h"
#include "flow/retry.h"
#include "flow/schemas.h"
#include "flow/shard.h"
#include "flow/worker.h"
#include "wire/consumer.h"

enum { EV_RUNNER_TOPICS_MAX = EV_CONSUMER_TOPICS_MAX };

/* Made and undone by flow/worker.c; what is not said to be borrowed is the runner's. */
struct ev_runner {
        const struct ev_worker *worker; /* borrowed, as are the next two */
        const struct ev_config *config;
        struct ev_log *log;
        struct ev_shard shard;
        struct ev_db *db; /* connected again and again */
        struct ev_schemas *schemas;
        struct ev_batch *batch;       /* works in it */
        struct ev_consumer *consumer; /* NULL before ev_runner_join() */
        struct ev_retry retry;        /* set up by ev_runner_loop(), as is the next one */
        struct ev_clockwork clockwork;
        struct ev_messages messages;  /* the batch in hand, released at the end of each turn */
        struct ev_item *items;        /* EV_BATCH_MAX, made of them */
        struct ev_arena *retry_arena; /* of records that come from ev.parked */
        struct ev_offset *lanes;      /* beside the consumer's lanes, one for one … */
        size_t lane_count;            /* … or 0 when they have been given back */
        int stop_fd;                  /* readable when the process is to end; -1: not made yet */
        bool has_refused_lanes;       /* because the process is to end */
        int64_t waiting_until;        /* monotonic µs: until then records may be waiting */
        int64_t next_look, next_care; /* monotonic µs */
        struct ev_place unreadable;   /* what could not be read the last time; topic null: none */
};

/* Whether the process was asked to end. */
bool ev_runner_must_stop(const struct ev_runner *runner);

/* Connects the session if it is lost, and checks that the database is the one that this program was
 * built for. Fails with RETRY while the database is not there. */
int ev_runner_connect(struct ev_runner *runner) _must_check_;

/* Makes the member of the group, and checks that its topics are there and that the database is the
 * one of its shard. Lanes come later, inside of ev_runner_loop(). */
int ev_runner_join(struct ev_runner *runner) _must_check_;

/* Collects and applies until the process is asked to end: 0, and no batch is in hand; or EV_FAILED
 * for what only a person can mend. */
int ev_runner_loop(struct ev_runner *runner) _must_check_;

#endif
