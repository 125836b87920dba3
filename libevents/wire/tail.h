#ifndef EV_WIRE_TAIL_H
#define EV_WIRE_TAIL_H

/* Reads the last records of a topic: what a relay finds there of its own when it starts. */

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "wire/kafka.h"

/* Takes one record; records of one partition come in order, partitions mixed. The message is valid
 * during the call. Returns 0, or EV_FAILED to stop reading. */
typedef int ev_tail_fn(void *context, const rd_kafka_message_t *message);

/* Reads the last `records_max` records (> 0) of each partition 0 … partitions-1, as they stood when
 * the call began; everything acknowledged before that is among what is looked at. `kafka` has the
 * role EV_KAFKA_READER. Fails with verdict retry when the broker does not answer, and with whatever
 * `take` failed with. */
int ev_tail_read(struct ev_kafka *kafka, const char *topic, int32_t partitions, int64_t records_max,
                 ev_tail_fn *take, void *context) _must_check_;

#endif
