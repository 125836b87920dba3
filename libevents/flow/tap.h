#ifndef EV_FLOW_TAP_H
#define EV_FLOW_TAP_H

/* A partition that is read beside others, from one offset to another. Its next record can be looked
 * at before it is taken: partitions are merged by that, each with a few records in memory. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "wire/kafka.h"
#include "wire/message.h"

struct ev_reader;

enum { EV_TAP_AHEAD_MAX = 256 }; /* records of one half of it, beside those in the client's queue */

/* Begins with ev_tap_init(), ends with ev_tap_done(). Of two halves one is read while the other one is
 * filled, so that who merges partitions seldom has to stop because one of them ran empty. */
struct ev_tap {
        struct ev_reader *reader;
        struct ev_messages halves[2];
        size_t at;           /* the half that is read */
        size_t next;         /* of its records: those before it were taken */
        bool is_other_ahead; /* the other half comes next; else it was read, or is empty */
        bool has_ended;      /* behind both there is nothing */
};

/* One that has ended already, until it is started. */
int ev_tap_init(struct ev_tap *tap) _must_check_;
void ev_tap_done(struct ev_tap *tap);

/* Begins to read from `begin` up to, not including, `end`, of which ev_tap_bounds() has told. Each
 * has a reader, and so a queue of its own: one is waited for while others are full. `kafka` is
 * borrowed for its life. */
int ev_tap_start(struct ev_tap *tap, struct ev_kafka *kafka, const char *topic, int32_t partition,
                 int64_t begin, int64_t end) _must_check_;

/* Where partitions 0 … partitions-1 of a topic begin (at `from_ms`, as ev_ends_load() takes it; where
 * no record is as late, at the end) and end. All is asked before anything is read. */
int ev_tap_bounds(struct ev_kafka *kafka, const char *topic, int32_t partitions, int64_t from_ms,
                  int64_t *ret_begins, int64_t *ret_ends) _must_check_;

/* Gives back what was taken, and fetches what has arrived since. Waits only where there is no record to look
 * at, until there is one or none will come. */
int ev_tap_fill(struct ev_tap *tap) _must_check_;

/* The next record; NULL: it has to be filled, or has ended. */
const struct ev_message *ev_tap_peek(const struct ev_tap *tap);

/* Goes on behind the next record, which stays valid until the next ev_tap_fill(). */
void ev_tap_take(struct ev_tap *tap);

/* Leaves what is still to come. */
void ev_tap_end(struct ev_tap *tap);

#endif
