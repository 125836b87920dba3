#ifndef EV_WIRE_KAFKA_H
#define EV_WIRE_KAFKA_H

/* Clients of Kafka: how each of ours is configured, what its errors mean, what its topics are like.
 *
 * What goes for every client is decided here once: producer.c, consumer.c and tail.c take a client
 * from here and add only what they do with it (kafka_private.h). Nothing of ours runs on a thread of
 * librdkafka: logs, errors and delivery reports are queued there and served where our thread asks
 * for them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/macro.h"

enum {
        EV_KAFKA_REASON_MAX = 512,      /* bytes of an error's reason, with the NUL */
        EV_KAFKA_PARTITIONS_MAX = 1000, /* of one topic; more is taken for a mistake */
        EV_KAFKA_ANSWER_MS_MAX = 5000,  /* how long a question to the cluster may take */
        EV_KAFKA_TOPICS_MAX = 64,       /* asked about in one call */
};

/* How many records a consumer holds ahead unless the operator says otherwise, in all lanes: several
 * batches, so that one is there whenever the one before is done. */
#define EV_KAFKA_AHEAD_TEXT "1000"

/* What a client is for; bits, so that a row of the settings table can name several. */
enum ev_kafka_role {
        EV_KAFKA_PRODUCER = 1,
        EV_KAFKA_CONSUMER = 2, /* member of a group, with rd_kafka_consumer_poll() */
        EV_KAFKA_READER = 4, /* reads partitions by offset, belongs to no group, commits nothing */
};

/* One line of the operator's configuration without its "kafka." in front. */
struct ev_kafka_setting {
        const char *name;
        const char *value;
};

/* Whether a setting of librdkafka's of this name is never shown. */
bool ev_kafka_is_secret(const char *name);

/* Takes one line of librdkafka's log. `level` is syslog's (0 emergency … 7 debug), `facility` a
 * word such as "FAIL". Called by our thread only, out of ev_kafka_serve() and the poll functions.
 */
typedef void ev_kafka_log_fn(void *context, int level, const char *facility, const char *text);

struct ev_kafka_options {
        enum ev_kafka_role role;
        const struct ev_kafka_setting *settings; /* the operator's; borrowed during the call */
        size_t settings_count;
        const struct ev_kafka_setting *extra; /* the caller's own, below the operator's; borrowed */
        size_t extra_count;
        ev_kafka_log_fn *log; /* NULL: librdkafka's lines are dropped */
        void *log_context;
};

/* What the client last complained of, apart from any one call. Read with ev_kafka_state(). */
struct ev_kafka_state {
        uint64_t errors;                  /* complaints so far */
        char reason[EV_KAFKA_REASON_MAX]; /* of the last one; "" before the first */
        bool is_fatal;                    /* this client is of no use any more; a new one may be */
};

struct ev_kafka;

/* Makes a client; does not wait for a broker. Fails with verdict stop, naming the setting, when the
 * operator's settings are unknown, malformed, or change what the guarantees rest on.
 * The caller owns *ret_kafka (ev_kafka_free). */
int ev_kafka_new(struct ev_kafka **ret_kafka, const struct ev_kafka_options *options) _must_check_;

/* Destroys the client; for a consumer after rd_kafka_consumer_close(). Messages still queued in a
 * producer are lost. Accepts NULL; returns NULL. */
struct ev_kafka *ev_kafka_free(struct ev_kafka *kafka);
EV_DEFINE_CLEANUP(struct ev_kafka *, ev_kafka_free)

/* Serves logs, errors and delivery reports that wait in the main queue, at most timeout_ms long
 * (0: only what is there). Returns the number of events. A consumer that has called
 * rd_kafka_poll_set_consumer() is served by rd_kafka_consumer_poll() instead. */
int ev_kafka_serve(struct ev_kafka *kafka, int timeout_ms);

/* Makes `fd` readable (one byte is written) whenever the main queue stops being empty, so that our
 * thread can wait for Kafka and for PostgreSQL in one poll(2). -1 switches it off. */
void ev_kafka_wake(struct ev_kafka *kafka, int fd);

/* Borrowed; changes as the client is served. */
const struct ev_kafka_state *ev_kafka_state(const struct ev_kafka *kafka);

/* 0, or EV_FAILED when the client has had a fatal error. */
int ev_kafka_check_alive(const struct ev_kafka *kafka) _must_check_;

/* A topic as the cluster has it. */
struct ev_kafka_topic {
        const char *name; /* borrowed */
        int32_t partitions;
        int32_t message_bytes_max; /* max.message.bytes: a batch with its headers and framing */
};

/* Fills in `partitions` of each topic. Fails when no broker answers within EV_KAFKA_ANSWER_MS_MAX,
 * saying which servers were asked and why the last one failed (verdict retry), and when a topic
 * does not exist (retry: it may be about to be made). */
int ev_kafka_load_partitions(struct ev_kafka *kafka, struct ev_kafka_topic *topics,
                             size_t topics_count) _must_check_;

/* The same for `message_bytes_max`, by DescribeConfigs. */
int ev_kafka_load_limits(struct ev_kafka *kafka, struct ev_kafka_topic *topics,
                         size_t topics_count) _must_check_;

/* Refuses (verdict stop) a topic that has another number of partitions than the contract says: keys
 * would lie in other partitions than before, and their order would be gone. */
int ev_kafka_expect_partitions(const struct ev_kafka_topic *topic, int32_t expected) _must_check_;

/* Refuses (verdict stop) a topic that does not take records of so many bytes: one that was committed
 * and cannot be published stops the relay for good. */
int ev_kafka_expect_bytes(const struct ev_kafka_topic *topic, int32_t bytes) _must_check_;

#endif
