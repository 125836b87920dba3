#ifndef EV_WIRE_ENVELOPE_H
#define EV_WIRE_ENVELOPE_H

/* The envelope of events: CloudEvents 1.0 in Kafka's binary mode, as headers beside key and value.
 * Source: CloudEvents 1.0.2, and its Kafka protocol binding §3.2. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/str.h"
#include "wire/avro.h"
#include "wire/record.h"
#include "wire/refusal.h"

enum {
        EV_ENVELOPE_HEADERS_MAX = 100,             /* of a record, ours and foreign ones */
        EV_ENVELOPE_HEADERS_BYTES_MAX = 64 * 1024, /* names and values together */
        EV_ENVELOPE_KEY_MAX = 1024,                /* bytes */
        EV_ENVELOPE_TEXT_MAX = 255,                /* bytes of the value of a header that we read */
        EV_ENVELOPE_OWN_MAX = 16,                  /* headers that we write */
        EV_ENVELOPE_NUMBER_MAX = 20,               /* bytes of a sequence with NUL */
        /* Of a fact as its topic has to take it: value, headers, key, and Kafka's own framing. */
        EV_ENVELOPE_FACT_BYTES_MAX =
                EV_FACT_BYTES_MAX + EV_ENVELOPE_HEADERS_BYTES_MAX + EV_ENVELOPE_KEY_MAX + 1024,
};

/* A record's header as Kafka has it: the name is not empty, the value may be null. */
struct ev_header {
        struct ev_str name;
        struct ev_bytes value;
};

/* An event as it stands on a topic. Texts that are absent are null; all slices are borrowed. */
struct ev_event {
        struct ev_str id, source, type;
        struct ev_str key; /* null or empty: none was given */
        struct ev_str subject;
        struct ev_str correlation_id;
        struct ev_str causation_id, causation_source;
        struct ev_str traceparent, tracestate;
        bool has_time;
        int64_t time;              /* µs since 1970, UTC */
        int64_t sequence;          /* above 0; 0: none */
        int64_t previous_sequence; /* of the fact before it; 0: none */
        enum ev_outcome outcome;
        struct ev_frame frame; /* schema and payload */
};

/* Reads a record of an ingress topic or of a fact topic. Where an ingress record has what only our
 * relay says (sequence, previous sequence, outcome), it is passed over, whatever it is.
 * Returns 0; or EV_BAD_ENVELOPE, EV_OVER_LIMIT or EV_UNDECODABLE (no frame) with an error that
 * says which header, and *ret_event untouched. Nothing here looks at the payload. */
int ev_envelope_open(enum ev_kind kind, const struct ev_header *headers, size_t count,
                     struct ev_bytes key, struct ev_bytes value,
                     struct ev_event *ret_event) _must_check_;

/* The headers of an event, and the memory of those that are not slices of it. It points into
 * itself: never copy it. */
struct ev_envelope {
        struct ev_header headers[EV_ENVELOPE_OWN_MAX];
        size_t count;                   /* of headers in use */
        char time[EV_INSTANT_TEXT_MAX]; /* what the headers of these names point to */
        char sequence[EV_ENVELOPE_NUMBER_MAX];
        char previous_sequence[EV_ENVELOPE_NUMBER_MAX];
};

/* Writes the headers of an event in one fixed order, so that a second publication has the same
 * bytes. Absent ones are left out; id, source and type must be there. Borrows the event's texts;
 * key, frame and payload are the caller's. */
void ev_envelope_seal(const struct ev_event *event, struct ev_envelope *envelope);

#endif
