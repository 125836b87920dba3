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

#include "base/macro.h"
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

/* What happens, for the log: flow/relay_events.c has the name and level of each. */
enum ev_relay_event {
        EV_RELAY_WAITING,       /* another relay leads */
        EV_RELAY_LEADING,       /* since now; with position and epoch */
        EV_RELAY_UNSEATED,      /* a stopped leader's session was ended */
        EV_RELAY_WRITER_SLOW,   /* somebody's open transaction holds up what is behind it */
        EV_RELAY_WRITER_ENDED,  /* and was ended */
        EV_RELAY_FORK_ACCEPTED, /* facts of a lost timeline are void, a person said */
        EV_RELAY_TROUBLE,       /* something failed; it starts again after a pause */
        EV_RELAY_STOPPED,       /* as it was told */
        EV_RELAY_KAFKA,         /* a line of librdkafka's log */
        EV_RELAY_EVENTS,
};

/* "relay-leading", … and a syslog level (3 error, 4 warning, 6 info, 7 debug). */
const char *ev_relay_event_name(enum ev_relay_event event);
int ev_relay_event_level(enum ev_relay_event event);

/* Since the relay began; a new leader counts from 0. */
struct ev_relay_counts {
        uint64_t published; /* records handed to the producer, both feeds */
        uint64_t acknowledged;
        uint64_t skipped; /* found on their topic at the start */
        uint64_t gaps;    /* numbers that will never come */
        uint64_t waits;   /* times that writers were waited for */
        uint64_t writers_ended;
        uint64_t saves;
        uint64_t starts;      /* as leader */
        int64_t positions[2]; /* outbox, dead letters: everything up to here is on its topic */
};

struct ev_relay_options {
        const char *conninfo; /* libpq's; with `password` in place of the one in it, or NULL */
        const char *password;
        const struct ev_kafka_setting *kafka; /* the operator's settings */
        size_t kafka_count;
        const struct ev_relay_topic *topics; /* of this database's facts */
        size_t topics_count;
        struct ev_relay_topic dead_letters;
        size_t records_max;
        size_t bytes_max;
        int32_t page_rows;
        int writer_ms_max;
        int stop_fd; /* readable: stop; never read from */
        /* A ce_source whose facts on the topics are void: this database was restored to an earlier
         * point, or a standby without them took over. NULL: none. */
        const char *accept_fork;
        /* Whether the value of a dead letter may be shown to those who read its topic; `type` is
         * its ce_type, null if it had none. NULL: none may. */
        bool (*value_is_public)(struct ev_str topic, struct ev_str type, struct ev_bytes value);
        /* Takes what happens, one line of text each; called from ev_relay_run() only. */
        void (*say)(void *context, enum ev_relay_event event, const char *text);
        void *say_context;
        struct ev_relay_counts *counts; /* kept up to date; NULL: not wanted */
};

/* Relays until stop_fd becomes readable: then 0, with everything handed over acknowledged and
 * saved, or cut off after EV_RELAY_STOP_MS_MAX. Trouble of servers is waited out; fails only with
 * the verdict stop: a setting, a topic or a row that a person has to look at. */
int ev_relay_run(const struct ev_relay_options *options) _must_check_;

#endif
