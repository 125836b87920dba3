#ifndef EVENTCTL_CLUSTER_H
#define EVENTCTL_CLUSTER_H

/* Clients of the configured Kafka, for commands. */

#include <stdbool.h>

#include "base/config.h"
#include "base/macro.h"
#include "command.h"
#include "wire/kafka.h"

/* A client that asks and reads, of no group; no broker is waited for. COMMAND_DONE and *ret_kafka
 * (the caller's), or an exit code after a message: without kafka.bootstrap.servers it is a mistake
 * in the configuration. */
enum command_exit cluster_open(const struct ev_config *config, struct ev_kafka **ret_kafka);

/* The same for who tells what is wrong himself. Fails as ev_kafka_new(). */
int cluster_make(const struct ev_config *config, struct ev_kafka **ret_kafka) _must_check_;

/* Whether the configuration says where Kafka is. */
bool cluster_is_configured(const struct ev_config *config);

/* The message for a configuration that does not. */
void cluster_complain_unconfigured(void);

#endif
