#ifndef EV_WIRE_KAFKA_PRIVATE_H
#define EV_WIRE_KAFKA_PRIVATE_H

/* What the files of this folder that call librdkafka share. Nobody above includes this: the rest of
 * the project knows clients by kafka.h, without a type of librdkafka's. */

#include <librdkafka/rdkafka.h>

#include "wire/kafka.h"

/* For _cleanup_(), because librdkafka's destroyers do not take NULL. */
EV_DEFINE_CLEANUP(rd_kafka_event_t *, rd_kafka_event_destroy)
EV_DEFINE_CLEANUP(const struct rd_kafka_metadata *, rd_kafka_metadata_destroy)
EV_DEFINE_CLEANUP(rd_kafka_queue_t *, rd_kafka_queue_destroy)
EV_DEFINE_CLEANUP(rd_kafka_topic_t *, rd_kafka_topic_destroy)
EV_DEFINE_CLEANUP(rd_kafka_topic_partition_list_t *, rd_kafka_topic_partition_list_destroy)
#define _cleanup_list_ _cleanup_(rd_kafka_topic_partition_list_destroy_p)

/* ev_kafka_new() for a client with callbacks beside those for logs and errors: `prepare` sets them,
 * and they find their object with ev_kafka_owner(). */
int ev_kafka_new_owned(struct ev_kafka **ret_kafka, const struct ev_kafka_options *options,
                       void (*prepare)(rd_kafka_conf_t *conf), void *owner) _must_check_;

/* The owner given at creation; `opaque` is what librdkafka hands to a callback. */
void *ev_kafka_owner(void *opaque);

/* Borrowed; lives as long as the client. */
rd_kafka_t *ev_kafka_handle(const struct ev_kafka *kafka);

/* Wakes the threads of librdkafka that fetch these partitions, whose offsets it changes. Once a queue is
 * full they sleep for up to a second, however soon it is empty again (rdkafka_broker.c of 2.0.2; from 2.2
 * on fetch.queue.backoff.ms says how long, and every client sets that). To ask for the ends is the one call
 * that wakes them; the answer is not waited for. */
void ev_kafka_wake_fetchers(const struct ev_kafka *kafka, rd_kafka_topic_partition_list_t *list);

/* What a code of Kafka means for the caller at the top. Codes not in the table: stop. */
enum ev_verdict ev_kafka_verdict(rd_kafka_resp_err_t code);

/* Fails with the verdict of `code`: "<what>: <Kafka's text> (<name>); <what to do>". */
int ev_kafka_fail(rd_kafka_resp_err_t code, const char *format, ...) _printf_(2, 3);

/* The same for a question that no broker answered: "Kafka at <servers> did not say <what> …", with
 * what the connections complained of. */
int ev_kafka_fail_unanswered(struct ev_kafka *kafka, rd_kafka_resp_err_t code, const char *what);

/* Asks for one topic, which is then the only one of *ret_metadata (the caller's); or
 * EV_KAFKA_NO_TOPIC. */
enum { EV_KAFKA_NO_TOPIC = 1 };
int ev_kafka_ask_topic(struct ev_kafka *kafka, const char *name,
                       const struct rd_kafka_metadata **ret_metadata) _must_check_;

/* Asks for the settings of topics, of which there is one at least. *ret_resources are the answers in
 * the order of the topics, and live as long as *ret_event, which is the caller's. */
int ev_kafka_ask_settings(struct ev_kafka *kafka, const struct ev_kafka_topic *topics,
                          size_t topics_count, rd_kafka_event_t **ret_event,
                          const rd_kafka_ConfigResource_t ***ret_resources) _must_check_;

/* Options of a request: the client waits as long as the broker is given. The caller's. */
rd_kafka_AdminOptions_t *ev_kafka_admin_options(const struct ev_kafka *kafka,
                                                rd_kafka_admin_op_t operation, int wait_ms);

/* Waits for the answer to a request that was put to this queue. *ret_event is the caller's. */
int ev_kafka_take_answer(struct ev_kafka *kafka, rd_kafka_queue_t *queue, int wait_ms,
                         const char *what, rd_kafka_event_t **ret_event) _must_check_;

#endif
