#ifndef TESTS_SUPPORT_MOCK_H
#define TESTS_SUPPORT_MOCK_H

/* A broker inside of librdkafka, for tests of what a client sees. It proves nothing about durability, order
 * or fencing. Its threads are still there when a test ends, so leaks are not counted in suites that use it. */

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "wire/kafka.h"

/* A producer with the cluster in it, of one broker and one topic, replicated once. The caller's: destroyed
 * behind all clients. */
rd_kafka_t *mock_new(const char *topic, int partitions);

/* A client that reads there. The caller's. */
struct ev_kafka *mock_reader(const rd_kafka_t *host);

#endif
