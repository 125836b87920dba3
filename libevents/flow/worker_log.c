/* The table of a worker's log lines. Limits a window (10 s) stand where trouble comes in floods: a
 * database that is away must not fill the disk that it needs to come back. */

#include "flow/worker_log.h"

/* Levels: error is for what a person has to look at, warning for what the worker does about by
 * itself, info for what happens once in a while in good health. Nothing is told of a batch that
 * goes well: that is what metrics are for. */
const struct ev_log_event ev_worker_log_events[EV_WORKER_EVENTS] = {
        [EV_WORKER_STARTED] = { "started", EV_LOG_INFO, 0, "The worker reads its topics." },
        [EV_WORKER_LANES_TAKEN] = { "lanes_taken", EV_LOG_INFO, 0,
                                    "Partitions are this process's now." },
        [EV_WORKER_LANES_GONE] = { "lanes_gone", EV_LOG_INFO, 0,
                                   "Partitions are another process's, or nobody's." },
        [EV_WORKER_LANE_TROUBLE] = { "lane_trouble", EV_LOG_ERROR, 10,
                                     "A partition stands still; the others go on. The text says "
                                     "what to do." },
        [EV_WORKER_BATCH_RETRIED] = { "batch_retried", EV_LOG_WARNING, 10,
                                      "A batch could not be applied because of a server's trouble "
                                      "and will be tried again." },
        [EV_WORKER_BATCH_SPLIT] = { "batch_split", EV_LOG_WARNING, 20,
                                    "A record of a batch is at fault; it is looked for by "
                                    "halving." },
        [EV_WORKER_RECORD_PARKED] = { "record_parked", EV_LOG_ERROR, 100,
                                      "A record cannot be applied and is parked with its "
                                      "aggregate: look into ev.parked." },
        [EV_WORKER_RECORD_DEAD] = { "records_dead", EV_LOG_WARNING, 100,
                                    "Records became dead letters: look into ev.dead_letter." },
        [EV_WORKER_RECORD_SUSPECTED] = { "record_suspected", EV_LOG_WARNING, 100,
                                         "The owners of this partition died one after the other: "
                                         "its records are tried one by one, and one that was in "
                                         "hand three times is set aside." },
        [EV_WORKER_FACT_IGNORED] = { "fact_ignored", EV_LOG_WARNING, 100,
                                     "A fact of another worker is not allowed from the present "
                                     "state and was passed over." },
        [EV_WORKER_TIMER_FAILED] = { "timer_failed", EV_LOG_ERROR, 10,
                                     "What is due by the clock could not be done and will be tried "
                                     "again; the partitions go on." },
        [EV_WORKER_FENCED] = { "fenced", EV_LOG_WARNING, 20,
                               "A lane was another process's already; the batch was dropped and "
                               "the group is joined again." },
        [EV_WORKER_REJOINED] = { "rejoined", EV_LOG_WARNING, 20,
                                 "What was in hand was dropped because of trouble with Kafka or "
                                 "with reading the offsets; the group is joined again." },
        [EV_WORKER_COMMIT_UNKNOWN] = { "commit_unknown", EV_LOG_WARNING, 20,
                                       "The connection broke with a COMMIT under way; the offset "
                                       "row will tell whether it landed." },
        [EV_WORKER_CONNECTED] = { "connected", EV_LOG_INFO, 0, "The database is there." },
        [EV_WORKER_KAFKA] = { "kafka", EV_LOG_WARNING, 20, "A line of librdkafka's log." },
        [EV_WORKER_STOPPED] = { "stopped", EV_LOG_INFO, 0, "The worker has ended as asked." },
};
