/* From rows to records. Pure: it reads rows and writes memory of its own, so nothing depends on
 * where the process dies; what it guarantees is that the same row gives the same bytes. */

#include "flow/relay_record.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "wire/avro.h"

/* Before each name and value in the stored form of headers: a length in network order. */
enum { LENGTH_BYTES = 4 };

void ev_relay_record_done(struct ev_relay_record *record)
{
        assert(record);

        ev_buffer_done(&record->value);
}

/* A header's value must live until the record was handed over, so the text lies in the record and
 * not on the stack. */
static struct ev_str number_text(struct ev_relay_record *record, size_t index, int64_t number)
{
        char *text = record->numbers[index];

        assert(index < EV_ARRAY_SIZE(record->numbers));

        /* 19 digits, a sign and the NUL at most. */
        snprintf(text, EV_RELAY_NUMBER_MAX, "%" PRId64, number);
        return ev_str_of(text);
}

/* All that the headers say comes from the row, the time as well: recorded_at is when the fact was
 * recorded and not when it is published. That is promise (3) of flow/relay.c. */
static void seal(struct ev_relay_record *record, const struct ev_feed_fact *fact,
                 const struct ev_relay_names *names, int64_t previous)
{
        const struct ev_event event = {
                .id = { record->id, ev_uuid_format(&fact->event_id, record->id) },
                .source = names->source,
                .type = names->type,
                .subject = fact->subject,
                .correlation_id = fact->correlation_id,
                .causation_id = fact->causation_id,
                .causation_source = fact->causation_source,
                .traceparent = fact->traceparent,
                .tracestate = fact->tracestate,
                .has_time = true,
                .time = fact->recorded_at,
                .sequence = fact->seq,
                .previous_sequence = previous,
                .outcome = (enum ev_outcome)fact->outcome,
        };

        /* The column has the enum's numbers; its CHECK admits no others. */
        assert(fact->outcome >= EV_OUTCOME_NONE && fact->outcome <= EV_OUTCOME_REPEATED);

        ev_envelope_seal(&event, &record->envelope);
}

/* The frame with the schema's number is put before the payload here and not when it was recorded,
 * so that the table holds what Avro says and the framing is Kafka's affair. */
int ev_relay_make_fact(struct ev_relay_record *record, const struct ev_feed_fact *fact,
                       const struct ev_relay_names *names, int64_t previous,
                       struct ev_outgoing *out)
{
        uint8_t frame[EV_FRAME_ID_BYTES];
        int r;

        assert(previous >= 0 && previous < fact->seq);
        assert(!ev_str_is_null(names->source) && !ev_str_is_null(names->type));

        ev_frame_write_id((uint32_t)fact->schema_id, frame);
        ev_buffer_clear(&record->value);
        r = ev_buffer_append(&record->value, frame, sizeof(frame));
        if (!r)
                r = ev_buffer_append(&record->value, fact->payload.data, fact->payload.size);
        if (r)
                return ev_fail(EV_VERDICT_STOP,
                               "fact %" PRId64 " has a payload of %zu bytes, more than %d: nothing "
                               "behind it is published",
                               fact->seq, fact->payload.size,
                               EV_RELAY_VALUE_MAX - EV_FRAME_ID_BYTES);

        seal(record, fact, names, previous);
        out->timestamp_ms = fact->recorded_at / EV_MICROS_PER_MS;
        out->key = fact->key;
        out->value = (struct ev_bytes){ record->value.data, record->value.size };
        out->headers = record->envelope.headers;
        out->headers_count = record->envelope.count;
        return 0;
}

/* Null stays null: the pointer is what says so. */
static struct ev_bytes bytes_of(struct ev_str text)
{
        assert(text.data || !text.size);

        return (struct ev_bytes){ (const uint8_t *)text.data, text.size };
}

/* An absent value is an absent header: a header without a value means something else. */
static void add_header(struct ev_relay_record *record, struct ev_str name, struct ev_str value)
{
        assert(record->headers_count < EV_ARRAY_SIZE(record->headers));

        if (!ev_str_is_null(value))
                record->headers[record->headers_count++] =
                        (struct ev_header){ name, bytes_of(value) };
}

/* Takes one length-prefixed piece; false at the end, or if the bytes are not what they should be.
 * The bytes come from our own table but were a stranger's record once; every length is checked
 * against what is left before it is believed. */
static bool take_piece(struct ev_bytes *rest, struct ev_str *ret_piece)
{
        uint32_t length;

        assert(rest && ret_piece);

        if (rest->size < LENGTH_BYTES)
                return false;
        memcpy(&length, rest->data, sizeof(length));
        length = be32toh(length);
        rest->data += LENGTH_BYTES;
        rest->size -= LENGTH_BYTES;
        if (length == UINT32_MAX) { /* −1: a null value, which Kafka tells from an empty one */
                *ret_piece = EV_STR_NULL;
                return true;
        }
        if (length > rest->size)
                return false;
        *ret_piece = (struct ev_str){ (const char *)rest->data, length };
        rest->data += length;
        rest->size -= length;
        return true;
}

/* A header without a name does not exist on Kafka; it is the end of what can be read. */
static bool take_header(struct ev_bytes *rest, struct ev_header *ret_header)
{
        struct ev_str name, value;

        assert(rest->data || !rest->size);

        if (!take_piece(rest, &name) || ev_str_is_null(name) || !take_piece(rest, &value))
                return false;
        *ret_header = (struct ev_header){ name, bytes_of(value) };
        return true;
}

struct ev_str ev_relay_stored_header(struct ev_bytes headers, struct ev_str name)
{
        struct ev_header header;

        assert(!ev_str_is_null(name));

        while (take_header(&headers, &header))
                if (ev_str_equal(header.name, name))
                        return (struct ev_str){ (const char *)header.value.data,
                                                header.value.size };
        return EV_STR_NULL;
}

/* Passes the original headers on, in their order; false if there are too many. Nothing is copied
 * but the slices; the bytes are the row's, which outlives the record. */
static bool copy_headers(struct ev_relay_record *record, struct ev_bytes headers)
{
        struct ev_header header;

        assert(headers.data || !headers.size);

        record->headers_count = 0;
        while (take_header(&headers, &header)) {
                if (record->headers_count == EV_RELAY_LETTER_HEADERS_MAX)
                        return false;
                record->headers[record->headers_count++] = header;
        }
        return true;
}

/* Original headers if they fit; says what is left out of the letter, null if nothing is. A key is
 * kept as long as it is not absurd, since it is what one searches for. The value goes before the
 * headers do, because the headers say what the record was. */
static struct ev_str copy_original(struct ev_relay_record *record,
                                   const struct ev_feed_letter *letter, bool value_is_public,
                                   struct ev_outgoing *out)
{
        size_t value_bytes = value_is_public ? letter->value.size : 0;
        bool headers_fit = copy_headers(record, letter->headers) &&
                           letter->key.size + letter->headers.size <= EV_RELAY_LETTER_BYTES_MAX;
        bool value_fits =
                letter->key.size + letter->headers.size + value_bytes <= EV_RELAY_LETTER_BYTES_MAX;

        assert(record->headers_count <= EV_RELAY_LETTER_HEADERS_MAX);

        if (!headers_fit)
                record->headers_count = 0;
        /* Without its key the letter lies on any partition, which does no harm: letters have no
         * order that anybody relies on. */
        if (letter->key.size <= EV_RELAY_LETTER_BYTES_MAX / 2)
                out->key = (struct ev_str){ (const char *)letter->key.data, letter->key.size };
        if (value_is_public && value_fits)
                out->value = letter->value;

        if (!headers_fit)
                return EV_STR("value,headers");
        return letter->value.data && !out->value.data ? EV_STR("value") : EV_STR_NULL;
}

/* Everything that may be large is decided on by copy_original(). What is added here are names,
 * numbers and our own words of reason, for which the space between EV_RELAY_LETTER_BYTES_MAX and a
 * topic's default of 1 MiB is meant. */
void ev_relay_make_letter(struct ev_relay_record *record, const struct ev_feed_letter *letter,
                          bool value_is_public, struct ev_outgoing *out)
{
        struct ev_str withheld;

        assert(out);
        assert(letter->seq > 0);

        out->key = EV_STR_NULL;
        out->value = (struct ev_bytes){ NULL, 0 };
        withheld = copy_original(record, letter, value_is_public, out);

        /* The first five names are those of Kafka Connect's dead letters, which tools know. */
        add_header(record, EV_STR("__connect.errors.topic"), letter->topic);
        add_header(record, EV_STR("__connect.errors.partition"),
                   number_text(record, 0, letter->partition));
        add_header(record, EV_STR("__connect.errors.offset"),
                   number_text(record, 1, letter->offset));
        add_header(record, EV_STR("__connect.errors.exception.class.name"), letter->reason);
        add_header(record, EV_STR("__connect.errors.exception.message"), letter->detail);
        add_header(record, EV_STR("dlq-reason"), letter->reason);
        add_header(record, EV_STR("dlq-group"), letter->group_name);
        add_header(record, EV_STR("dlq-withheld"), withheld);

        /* Of the putting aside: retention of the dead-letter topic counts from there. */
        out->timestamp_ms = letter->created_at / EV_MICROS_PER_MS;
        out->headers = record->headers;
        out->headers_count = record->headers_count;
}
