#ifndef EV_WIRE_TAIL_H
#define EV_WIRE_TAIL_H

/* Reads the last records of a topic: what a relay finds there of its own when it starts. */

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/str.h"

struct ev_kafka;

enum { EV_TAIL_REST_MS = 200 };

/* Valid while it is being taken. */
struct ev_tail_record {
        int32_t partition;
        int64_t offset;
        const void *message; /* for ev_tail_header() */
};

/* Both return 0, or EV_FAILED to stop reading. */
struct ev_tail_reader {
        /* Takes one record; records of one partition come in order, partitions mixed. */
        int (*take)(void *context, const struct ev_tail_record *record);
        /* Called between records, and every EV_TAIL_REST_MS while none comes: for what must not
         * wait for the end. */
        int (*rest)(void *context);
        void *context;
};

/* Reads the last `records_max` records (> 0) of each partition 0 … partitions-1, as they stood when
 * the call began; everything acknowledged before that is among what is looked at. `kafka` has the
 * role EV_KAFKA_READER. Fails with verdict retry when the broker says nothing for
 * EV_KAFKA_ANSWER_MS_MAX, and with whatever a function of the reader failed with. */
int ev_tail_read(struct ev_kafka *kafka, const char *topic, int32_t partitions, int64_t records_max,
                 const struct ev_tail_reader *reader) _must_check_;

/* The last header of that name, as Kafka's own clients take it; null: there is none. A slice of the
 * record. */
struct ev_str ev_tail_header(const struct ev_tail_record *record, const char *name);

#endif
