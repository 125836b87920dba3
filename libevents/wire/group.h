#ifndef EV_WIRE_GROUP_H
#define EV_WIRE_GROUP_H

/* Consumer groups of others, for tools: whether there is one of a name, and where a new one begins.
 *
 * Nothing is done to a group that exists: its members read from where they are, and offsets that
 * move under them are records lost or applied twice. */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "wire/kafka.h"

enum {
        EV_GROUP_NAME_MAX = 250,      /* bytes with the NUL, as for topics; Kafka's own is larger */
        EV_GROUP_STATE_TEXT_MAX = 32, /* bytes of a state with the NUL */
};

struct ev_group {
        bool exists; /* has members, or offsets on any topic */
        uint64_t members;
        char state[EV_GROUP_STATE_TEXT_MAX]; /* Kafka's word: "Stable", "Empty", … */
};

/* Asks the group's coordinator. Fails by Kafka's code, with verdict retry where none answers. */
int ev_group_describe(struct ev_kafka *kafka, const char *name,
                      struct ev_group *ret_group) _must_check_;

/* Commits the offsets of a topic's partitions 0 … partitions-1 for a group without members, which
 * then begins there. All of them are one request: the coordinator takes it whole, or nothing while
 * the group has members. Fails by the code of the first that was not taken. */
int ev_group_begin_at(struct ev_kafka *kafka, const char *name, const char *topic,
                      int32_t partitions, const int64_t *offsets) _must_check_;

#endif
