#ifndef EV_FLOW_RELAY_RECORD_H
#define EV_FLOW_RELAY_RECORD_H

/* Makes Kafka records of rows, as EVENTS.md describes them.
 *
 * A record depends on its row, on its predecessor's number, and on nothing else: no clock, process
 * or address goes into it, so a second publication of a row has the same headers and bytes. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/macro.h"
#include "base/uuid.h"
#include "store/feed.h"
#include "wire/producer.h"

enum {
        EV_RELAY_VALUE_MAX = 1024 * 1024,       /* bytes; facts have up to 900 KiB and a frame */
        EV_RELAY_LETTER_BYTES_MAX = 900 * 1024, /* of a dead letter's key, headers and value */
        EV_RELAY_LETTER_HEADERS_MAX = 1000,     /* original ones that are passed on */
        EV_RELAY_LETTER_EXTRA = 10,             /* headers that we add to these */
        EV_RELAY_NUMBER_MAX = 24,               /* bytes of a number as text, with the NUL */
};

/* Memory of the record being made; begins as EV_RELAY_RECORD_INIT, ends with
 * ev_relay_record_done(). A record is valid until the next one is made. */
struct ev_relay_record {
        struct ev_buffer value;
        struct ev_header headers[EV_RELAY_LETTER_HEADERS_MAX + EV_RELAY_LETTER_EXTRA];
        size_t headers_count;
        struct ev_envelope envelope; /* of a fact */
        char id[EV_UUID_TEXT_MAX];
        char numbers[2][EV_RELAY_NUMBER_MAX];
};

#define EV_RELAY_RECORD_INIT                                 \
        ((struct ev_relay_record){                           \
                .value = EV_BUFFER_INIT(EV_RELAY_VALUE_MAX), \
        })

void ev_relay_record_done(struct ev_relay_record *record);

/* Names that the row has as numbers. */
struct ev_relay_names {
        struct ev_str source; /* URI */
        struct ev_str type;   /* Avro full name */
};

/* Fills in key, value, headers and timestamp of *out. `previous` is the seq of the fact of the same
 * source before it on the same topic and partition; 0: it is the first. Fails only when the value
 * is beyond EV_RELAY_VALUE_MAX (verdict stop), naming the row. */
int ev_relay_make_fact(struct ev_relay_record *record, const struct ev_feed_fact *fact,
                       const struct ev_relay_names *names, int64_t previous,
                       struct ev_outgoing *out) _must_check_;

/* The same for a dead letter. The value is left out (header `dlq-withheld`) unless value_is_public,
 * and when the whole would not fit on a topic; the original headers are left out then too if there
 * are too many of them. What is left out stays in ev.dead_letter. Never fails: a letter that cannot
 * be sent would hold up all behind it. */
void ev_relay_make_letter(struct ev_relay_record *record, const struct ev_feed_letter *letter,
                          bool value_is_public, struct ev_outgoing *out);

/* Whether the value of a dead letter may be shown to those who read its topic: its frame and `type`
 * (ce_type, null if it had none) name one known type that belongs on `topic` and has no secret. */
bool ev_relay_value_is_public(struct ev_str topic, struct ev_str type, struct ev_bytes value);

/* Finds the first header of that name in the stored form of ev.dead_letter; null if there is none.
 */
struct ev_str ev_relay_stored_header(struct ev_bytes headers, struct ev_str name);

#endif
