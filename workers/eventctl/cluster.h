#ifndef EVENTCTL_CLUSTER_H
#define EVENTCTL_CLUSTER_H

/* Clients of the configured Kafka, for commands. */

#include <stdbool.h>

#include "base/config.h"
#include "base/macro.h"
#include "command.h"
#include "progress.h"
#include "wire/kafka.h"
#include "wire/producer.h"

/* A client that asks and reads, of no group; no broker is waited for. COMMAND_DONE and *ret_kafka
 * (the caller's), or an exit code after a message: without kafka.bootstrap.servers it is a mistake
 * in the configuration. */
enum command_exit cluster_open(const struct ev_config *config, struct ev_kafka **ret_kafka);

/* The same for who tells what is wrong himself. Fails as ev_kafka_new(). */
int cluster_make(const struct ev_config *config, struct ev_kafka **ret_kafka) _must_check_;

/* A client that sends, of at most so many records and bytes in flight. Fails as
 * ev_producer_new(). */
int cluster_make_producer(const struct ev_config *config, size_t records_max, size_t bytes_max,
                          struct ev_producer **ret_producer) _must_check_;

/* Makes a topic known to a producer, as the cluster has it, with its limit: so that a record above
 * it is refused before it is sent. *ret_partitions and *ret_index may not be NULL. Fails as
 * ev_kafka_load_partitions() and ev_kafka_load_limits(). */
int cluster_add_topic(const struct ev_config *config, struct ev_producer *producer,
                      const char *name, int32_t *ret_partitions, size_t *ret_index) _must_check_;

/* Talks now and then of what is waited for, as an outage is waited out for ever. *last_news is when
 * an acknowledgement came last (monotonic, µs), and is set to now when something was said; the bar
 * makes room for it. */
void cluster_explain_silence(const struct ev_producer *producer, struct progress_bar *bar,
                             int64_t *last_news);

/* Whether the configuration says where Kafka is. */
bool cluster_is_configured(const struct ev_config *config);

/* The message for a configuration that does not. */
void cluster_complain_unconfigured(void);

#endif
