#ifndef EV_WIRE_PARTITION_H
#define EV_WIRE_PARTITION_H

/* Which partition a key lies in. */

#include <stdint.h>

#include "base/str.h"

/* 32-bit MurmurHash2 with Kafka's seed. Source: Apache Kafka, clients, Utils.murmur2(). */
uint32_t ev_murmur2(struct ev_str bytes);

/* Kafka's partition of a key among `count` (> 0): toPositive(murmur2(key)) % count, as Java,
 * KafkaJS, franz-go and librdkafka's murmur2 compute it. A null key is treated as the empty one:
 * others put it anywhere, but a record that is published twice must come to lie in one place. */
int32_t ev_partition_of(struct ev_str key, int32_t count);

#endif
