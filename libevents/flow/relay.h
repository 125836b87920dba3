#ifndef EV_FLOW_RELAY_H
#define EV_FLOW_RELAY_H

/* Publishes what a database has announced: facts of ev.outbox to their topics, rows of
 * ev.dead_letter to the context's dead-letter topic.
 *
 * Any number of relays may run for one database; one of them leads, the others wait for it to fall
 * silent. What is promised, and why it holds, is at the head of flow/relay.c. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/macro.h"
#include "base/metrics.h"
#include "base/str.h"
#include "wire/kafka.h"

enum {
        EV_RELAY_RECORDS_MAX = 2048,        /* in flight, unless set */
        EV_RELAY_IN_FLIGHT_BYTES = 4194304, /* unless set */
        EV_RELAY_PAGE_ROWS = 1000,          /* read at once, unless set */
        EV_RELAY_PAGE_BYTES = 1048576,      /* payloads of a page; its last row may pass it */
        EV_RELAY_WRITER_MS_MAX = 30000,     /* a writer that holds up the outbox, unless set */
        EV_RELAY_STOP_MS_MAX = 8000,        /* for what is in flight when it is told to stop */
};

struct ev_relay_topic {
        const char *name;
        int32_t partitions; /* another number is refused */
};

/* What happens, for the log: the rows of ev_relay_log_events. */
enum ev_relay_event {
        EV_RELAY_WAITING,
        EV_RELAY_LEADING,
        EV_RELAY_UNSEATED,
        EV_RELAY_WRITER_SLOW,
        EV_RELAY_WRITER_ENDED,
        EV_RELAY_FORK_ACCEPTED,
        EV_RELAY_TROUBLE,
        EV_RELAY_HALTED,
        EV_RELAY_STOPPED,
        EV_RELAY_KAFKA_COMPLAINT,
        EV_RELAY_KAFKA,
        EV_RELAY_EVENTS,
};
extern const struct ev_log_event ev_relay_log_events[EV_RELAY_EVENTS];

/* The rows of ev_relay_metrics. */
enum ev_relay_metric {
        EV_RELAY_PUBLISHED,
        EV_RELAY_ACKNOWLEDGED,
        EV_RELAY_SKIPPED,
        EV_RELAY_GAPS,
        EV_RELAY_WAITS,
        EV_RELAY_WRITERS_ENDED,
        EV_RELAY_STARTS,
        EV_RELAY_FAILURES,
        EV_RELAY_LEADS,
        EV_RELAY_POSITION, /* label feed: outbox, dead_letter */
        EV_RELAY_METRICS,
};
extern const struct ev_metric ev_relay_metrics[EV_RELAY_METRICS];

struct ev_relay_options {
        const char *conninfo;                 /* libpq's */
        const char *password_file;            /* as in store/db.h */
        const struct ev_kafka_setting *kafka; /* the operator's settings */
        size_t kafka_count;
        const struct ev_relay_topic *topics; /* of this database's facts */
        size_t topics_count;
        struct ev_relay_topic dead_letters;
        size_t records_max;
        size_t bytes_max;
        int32_t page_rows;
        int writer_ms_max;
        int32_t topic_bytes_max; /* max.message.bytes of all topics; 0: the broker is asked */
        int stop_fd;             /* readable: stop; never read from */
        /* A ce_source whose facts on the topics are void: this database was restored to an earlier
         * point, or a standby without them took over. NULL: none. */
        const char *accept_fork;
        struct ev_log *log;         /* of ev_relay_log_events */
        struct ev_metrics *metrics; /* of ev_relay_metrics */
};

/* Relays until stop_fd becomes readable: then 0, with everything handed over acknowledged and
 * saved, or cut off after EV_RELAY_STOP_MS_MAX. Trouble of servers is waited out; fails only with
 * the verdict stop: a setting, a topic or a row that a person has to look at. Logs all of this
 * itself. */
int ev_relay_run(const struct ev_relay_options *options) _must_check_;

#endif
