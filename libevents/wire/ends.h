#ifndef EV_WIRE_ENDS_H
#define EV_WIRE_ENDS_H

/* Where the log of a topic begins, ends, or reaches a time. */

#include <stdint.h>

#include "base/macro.h"
#include "wire/kafka.h"

/* In place of a time: the offset behind the last record, and that of the first one there is.
 * Source: Kafka protocol guide, ListOffsets. */
enum { EV_ENDS_LATEST = -1, EV_ENDS_EARLIEST = -2 };

/* Asks for an offset of each partition 0 … partitions-1, in one request a broker: of the first
 * record whose timestamp is `time_ms` (since 1970) or later, -1 where there is none; or of the end
 * that `time_ms` names. Fails by Kafka's code (verdict retry while the leaders are not known), with
 * the partition in the text. */
int ev_ends_load(struct ev_kafka *kafka, const char *topic, int32_t partitions, int64_t time_ms,
                 int64_t *ret_offsets) _must_check_;

#endif
