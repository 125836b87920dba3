#ifndef EV_WIRE_READER_H
#define EV_WIRE_READER_H

/* Reads topics by offset, for people and tools: in no group, committing nothing.
 *
 *      ev_reader_new(&reader, kafka, true);
 *      ev_reader_add(reader, "quenty.order.events.v1", EV_ENDS_EARLIEST);
 *      while ((r = ev_reader_next(reader, 100, &messages)) != EV_READER_END) …
 *
 * Records of a partition come in their order, partitions mixed as they arrive. */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "wire/ends.h"
#include "wire/kafka.h"
#include "wire/message.h"

enum { EV_READER_TOPICS_MAX = 32, EV_READER_SILENCE_MS_MAX = 30000 };

/* Conditions of ev_reader_next(). */
enum { EV_READER_IDLE = 1, EV_READER_END = 2 };

struct ev_reader;

/* `kafka` has the role EV_KAFKA_READER, is borrowed, and outlives the reader. With `until_end` each
 * partition is read to where it ended when its topic was added, else for ever. The caller owns
 * *ret_reader (ev_reader_free). */
int ev_reader_new(struct ev_reader **ret_reader, struct ev_kafka *kafka,
                  bool until_end) _must_check_;
struct ev_reader *ev_reader_free(struct ev_reader *reader);
EV_DEFINE_CLEANUP(struct ev_reader *, ev_reader_free)

/* Begins to read all partitions of a topic: from the first record of that time (ms since 1970) on,
 * or from EV_ENDS_EARLIEST or EV_ENDS_LATEST. Fails as ev_kafka_load_partitions() and
 * ev_ends_load(). */
int ev_reader_add(struct ev_reader *reader, const char *topic, int64_t from_ms) _must_check_;

/* The same for one partition, which the topic must have. */
int ev_reader_add_partition(struct ev_reader *reader, const char *topic, int32_t partition,
                            int64_t from_ms) _must_check_;

/* One partition from one offset to another (begin ≤ end), of which ev_ends_load() has told. No
 * broker is asked: a broker answers one request after the other, and what is read already keeps it
 * waiting for half a second. */
int ev_reader_add_range(struct ev_reader *reader, const char *topic, int32_t partition,
                        int64_t begin, int64_t end) _must_check_;

/* The same for the partitions 0 … partitions-1 of a topic, each from its begin to its end; one
 * whose end is not above its begin is not read. Only with `until_end`. */
int ev_reader_add_ranges(struct ev_reader *reader, const char *topic, int32_t partitions,
                         const int64_t *begins, const int64_t *ends) _must_check_;

/* Whether all is read up to where it ended; only with `until_end`. */
bool ev_reader_has_ended(const struct ev_reader *reader);

/* The next records, at most `max` of them, in place of what `messages` held: waits for the first,
 * and takes what is there of the others. Results as ev_reader_next(). */
int ev_reader_collect(struct ev_reader *reader, int wait_ms, size_t max,
                      struct ev_messages *messages) _must_check_;

/* The next record, as the only one of `messages`, which is released first. EV_READER_IDLE when none
 * came within wait_ms; EV_READER_END when all is read; or EV_FAILED: of what a broker's restart
 * mends by itself only where an end is waited for and nothing came for EV_READER_SILENCE_MS_MAX. */
int ev_reader_next(struct ev_reader *reader, int wait_ms,
                   struct ev_messages *messages) _must_check_;

#endif
