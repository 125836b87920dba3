#ifndef EV_WIRE_ADMIN_H
#define EV_WIRE_ADMIN_H

/* Topics as a cluster has them, and making them: for tools, never for workers.
 *
 * Nothing that exists is changed here. Another number of partitions would move keys, and librdkafka
 * 2.0.2 can only replace all settings of a topic at once, those of the operator's included. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "wire/kafka.h"

enum {
        EV_ADMIN_SETTINGS_MAX = 8, /* of one topic */
        EV_ADMIN_VALUE_MAX = 64,   /* bytes of a setting's value with the NUL */
        EV_ADMIN_CREATE_MS_MAX = 30000,
};

/* A topic as it should be; everything is borrowed. */
struct ev_admin_topic {
        const char *name;
        int32_t partitions;
        int32_t replicas;
        struct ev_kafka_setting settings[EV_ADMIN_SETTINGS_MAX];
        size_t settings_count;
};

/* A topic as it is. */
struct ev_admin_found {
        bool exists;
        int32_t partitions;
        int32_t replicas; /* of the partition that has the fewest */
        /* Of the settings that were asked for, in their order; "" where the broker has none. A
         * setting that nobody has made has the broker's default. */
        char values[EV_ADMIN_SETTINGS_MAX][EV_ADMIN_VALUE_MAX];
};

/* How many brokers are up. Fails with verdict retry, naming the servers, when none answers. */
int ev_admin_count_brokers(struct ev_kafka *kafka, int *ret_count) _must_check_;

/* Looks at up to EV_KAFKA_TOPICS_MAX topics; one that is missing is no failure. */
int ev_admin_describe(struct ev_kafka *kafka, const struct ev_admin_topic *topics, size_t count,
                      struct ev_admin_found *ret_found) _must_check_;

/* Makes up to EV_KAFKA_TOPICS_MAX topics in one request and waits until each of their partitions
 * has a leader that answers. Fails by the code of the first that was not made, also when it exists
 * already; others may have been made. */
int ev_admin_create(struct ev_kafka *kafka, const struct ev_admin_topic *const *topics,
                    size_t count) _must_check_;

#endif
