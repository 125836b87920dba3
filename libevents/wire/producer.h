#ifndef EV_WIRE_PRODUCER_H
#define EV_WIRE_PRODUCER_H

/* An idempotent, pipelined producer that never leaves a hole.
 *
 * Records are sent with a number and a tag of the caller's. Up to a fixed number and size of them
 * are in flight; what is acknowledged is handed back *in the order in which it was sent*, so
 * that "everything up to here is on its topic for good" is one number. One record that fails makes
 * all that are in flight unknown: the producer is then *poisoned*, refuses everything, and is to be
 * freed and made anew by a caller who looks at the topics first.
 *
 *      for each record:
 *              while (ev_producer_send(producer, &record) == EV_PRODUCER_FULL)
 *                      ev_producer_poll(producer, 100), ev_producer_take(producer, &sent) …
 *
 * One thread; delivery reports are served by ev_producer_poll() in it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/str.h"
#include "wire/envelope.h"
#include "wire/kafka.h"

enum {
        EV_PRODUCER_HEADERS_MAX = 1024,   /* of one record: a stranger's may have many */
        EV_PRODUCER_BATCH_BYTES = 262144, /* batch.size, unless configured */
};

enum { EV_PRODUCER_FULL = 1 }; /* ev_producer_send(): poll, take and try again */

struct ev_producer;

struct ev_producer_options {
        const struct ev_kafka_setting *settings; /* the operator's; borrowed during the call */
        size_t settings_count;
        ev_kafka_log_fn *log; /* as in struct ev_kafka_options */
        void *log_context;
        size_t records_max; /* in flight, > 0 */
        size_t bytes_max;   /* in flight: keys, headers and values; one record may pass it */
        int wake_fd;        /* readable when there is something to poll for; -1: none */
};

/* Does not wait for a broker. Fails as ev_kafka_new(). Owned by the caller. */
int ev_producer_new(struct ev_producer **ret_producer,
                    const struct ev_producer_options *options) _must_check_;

/* Drops what is queued and destroys the client; what was in flight may still arrive on its topic,
 * even later than what the next producer sends. Accepts NULL; returns NULL. */
struct ev_producer *ev_producer_free(struct ev_producer *producer);
EV_DEFINE_CLEANUP(struct ev_producer *, ev_producer_free)

/* Remembers a topic as the cluster has it (ev_kafka_load_partitions(), ev_kafka_load_limits()):
 * *ret_topic is its index for ev_producer_send(). Fails with verdict stop when the topic takes less
 * than the size of our batches. A name that is known already gives its old index. */
int ev_producer_add_topic(struct ev_producer *producer, const struct ev_kafka_topic *topic,
                          size_t *ret_topic) _must_check_;

struct ev_outgoing {
        int64_t sequence; /* the caller's: handed back, and named in errors */
        uint32_t tag;     /* the caller's: handed back */
        size_t topic;     /* of ev_producer_add_topic() */
        int32_t partition;
        int64_t timestamp_ms;  /* since 1970 */
        struct ev_str key;     /* null: none */
        struct ev_bytes value; /* null: none (a tombstone) */
        const struct ev_header *headers;
        size_t headers_count; /* up to EV_PRODUCER_HEADERS_MAX */
};

/* Queues one record; everything is copied. EV_PRODUCER_FULL when as much as allowed is in flight,
 * which is one record for a partition of which nothing was acknowledged yet.
 * Fails with verdict stop for a record above its topic's limit (the text gives both sizes), and
 * when the producer is poisoned. */
int ev_producer_send(struct ev_producer *producer, const struct ev_outgoing *record) _must_check_;

/* Lets a record that is on its topic already take its place in the order: it is handed back like
 * one that was sent and is acknowledged. EV_PRODUCER_FULL as ev_producer_send(). */
int ev_producer_skip(struct ev_producer *producer, int64_t sequence, uint32_t tag) _must_check_;

/* Serves delivery reports, logs and errors, at most timeout_ms long. Fails, with the code of the
 * first record that failed, when the producer is poisoned. */
int ev_producer_poll(struct ev_producer *producer, int timeout_ms) _must_check_;

struct ev_sent {
        int64_t sequence;
        uint32_t tag;
};

/* Takes the oldest record in flight if it is acknowledged, else false. */
bool ev_producer_take(struct ev_producer *producer, struct ev_sent *ret_sent);

/* Records sent and not taken yet. 0: everything sent is acknowledged. */
size_t ev_producer_in_flight(const struct ev_producer *producer);

/* The client, for its state; borrowed. */
struct ev_kafka *ev_producer_kafka(const struct ev_producer *producer);

/* Invariants; for asserts. */
bool ev_producer_check(const struct ev_producer *producer);

#endif
