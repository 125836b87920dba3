#ifndef EV_WIRE_MESSAGE_H
#define EV_WIRE_MESSAGE_H

/* Records as they were read: a batch of them, borrowed from librdkafka until it is released. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/str.h"
#include "wire/envelope.h"

enum {
        EV_MESSAGES_MAX = 10000,                          /* of one batch */
        EV_MESSAGE_HEADERS_MAX = EV_ENVELOPE_HEADERS_MAX, /* in `headers`; all of them by
                                                             ev_message_header() */
};

struct ev_message {
        const char *topic; /* the lane's */
        int32_t partition;
        uint32_t lane; /* index into ev_consumer_lanes() of the messages' generation */
        int64_t offset;
        int64_t timestamp_ms; /* since 1970, by topic configuration of creation or append; -1 */
        bool is_appended_at;  /* it is the broker's time of append */
        struct ev_bytes key;  /* null is not empty */
        struct ev_bytes value;
        struct ev_header *headers; /* in their order */
        size_t headers_count;      /* ≤ EV_MESSAGE_HEADERS_MAX */
        size_t headers_total;      /* above headers_count: over the limit, see below */
        size_t headers_capacity;   /* ours */
        void *handle;              /* ours */
};

/* One batch: borrowed from the consumer until released. */
struct ev_messages {
        struct ev_message *items;
        size_t count;
        size_t capacity;
        size_t bytes; /* of keys and values */
        uint64_t generation;
};

/* Room for `capacity` messages. The caller owns it (ev_messages_done()). */
int ev_messages_init(struct ev_messages *messages, size_t capacity) _must_check_;
void ev_messages_done(struct ev_messages *messages);
#define _cleanup_messages_ _cleanup_(ev_messages_done)

/* Gives the messages back; their slices are void. What was allocated for headers stays. */
void ev_messages_release(struct ev_messages *messages);

/* The header at `index` < headers_total, also beyond the limit: for putting a record aside whole.
 * False without a header there. */
bool ev_message_header(const struct ev_message *message, size_t index,
                       struct ev_header *ret_header);

/* A header within the limit as text, the last of its name as Kafka's own clients take it; null: there
 * is none. A slice of the record. */
struct ev_str ev_message_find(const struct ev_message *message, struct ev_str name);

/* Adds a record to the batch, which must have room, and fills in all but topic, partition and lane.
 * `polled` is an rd_kafka_message_t without an error, and the batch's from now on. Fails without
 * memory for its headers; it is in the batch all the same. */
int ev_messages_add(struct ev_messages *messages, void *polled,
                    struct ev_message **ret_message) _must_check_;

#endif
