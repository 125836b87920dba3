#ifndef EVENTCTL_PLACE_H
#define EVENTCTL_PLACE_H

/* Places on a topic as a person types them:
 *
 *      beginning       the first record that there is, of each partition
 *      end             behind the last one
 *      2025-01-31T…Z   the first record of that time, by its timestamp, or a later one
 *      120             that offset, of each partition
 *      3=120,4=88      these offsets of these partitions, and nothing of the others
 *
 * A number alone is an offset and never a time: seconds since 1970 are not taken, nor a date
 * without its zone. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "wire/kafka.h"

enum { PLACE_NOWHERE = -1 }; /* of a partition: no such record, or it is not in the list */

enum place_kind { PLACE_BEGINNING, PLACE_END, PLACE_TIME, PLACE_OFFSET, PLACE_LIST };

struct place {
        enum place_kind kind;
        int64_t time_ms; /* of PLACE_TIME: since 1970 */
        int64_t offset;  /* of PLACE_OFFSET */
        size_t count;    /* of PLACE_LIST */
        struct place_offset {
                int32_t partition;
                int64_t offset;
        } items[EV_KAFKA_PARTITIONS_MAX]; /* each partition once */
};

/* False for what is no place. */
bool place_read(const char *text, struct place *ret_place);

/* The place as a time of ev_ends_load(); false for one that is none, which offsets are. */
bool place_time(const struct place *place, int64_t *ret_time_ms);

/* The offset of each partition 0 … partitions-1, or PLACE_NOWHERE. Fails as ev_ends_load(), and
 * with verdict stop for a list that names a partition which is not there. */
int place_load(const struct place *place, struct ev_kafka *kafka, const char *topic,
               int32_t partitions, int64_t *ret_offsets) _must_check_;

/* Appends a list: of the partitions whose offset is not PLACE_NOWHERE. */
int place_write(const int64_t *offsets, int32_t partitions, struct ev_buffer *out) _must_check_;

#endif
