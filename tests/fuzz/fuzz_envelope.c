/* Fuzzes wire/envelope.c. An input describes a record: a byte for the kind of its topic, one for
 * the size of its key and one for that of its value beyond the input, then headers (a byte for the
 * name, one for the size of the value, and the value), and what is left is the beginning of the
 * value. What opens keeps every limit; sealed and opened again it is the same event. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "wire/envelope.h"

enum {
        HEAD_BYTES = 3,
        HEADERS_MAX = EV_ENVELOPE_HEADERS_MAX + 8,
        NULL_VALUE = 0xff,  /* for a size */
        LONG_VALUE = 0xfe,  /* a size that alone passes a limit */
        EDGE_VALUE = 0xfd,  /* the longest text, of letters */
        LAST_HEADER = 0xff, /* for a name */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t letters[EV_FACT_BYTES_MAX + 1];

static void must(bool holds, const char *what)
{
        if (holds)
                return;
        fprintf(stderr, "broken: %s (%s)\n", what, ev_error_last()->text);
        abort();
}

static struct ev_bytes take(struct ev_bytes *input, size_t size)
{
        struct ev_bytes taken = { input->data, size < input->size ? size : input->size };

        input->data += taken.size;
        input->size -= taken.size;
        return taken;
}

static uint8_t take_byte(struct ev_bytes *input)
{
        return input->size > 0 ? *take(input, 1).data : 0;
}

static struct ev_bytes take_sized(struct ev_bytes *input)
{
        uint8_t size = take_byte(input);

        if (size == NULL_VALUE)
                return (struct ev_bytes){ NULL, 0 };
        if (size == LONG_VALUE)
                return (struct ev_bytes){ letters, EV_ENVELOPE_HEADERS_BYTES_MAX };
        if (size == EDGE_VALUE)
                return (struct ev_bytes){ letters, EV_ENVELOPE_TEXT_MAX + (take_byte(input) & 1U) };
        return take(input, size);
}

static size_t take_headers(struct ev_bytes *input, struct ev_header headers[HEADERS_MAX])
{
        static const struct ev_str names[] = {
                EV_STR_INIT("ce_specversion"),
                EV_STR_INIT("ce_id"),
                EV_STR_INIT("ce_source"),
                EV_STR_INIT("ce_type"),
                EV_STR_INIT("ce_time"),
                EV_STR_INIT("ce_subject"),
                EV_STR_INIT("ce_correlationid"),
                EV_STR_INIT("ce_causationid"),
                EV_STR_INIT("ce_causationsource"),
                EV_STR_INIT("ce_sequence"),
                EV_STR_INIT("ce_previoussequence"),
                EV_STR_INIT("ce_outcome"),
                EV_STR_INIT("traceparent"),
                EV_STR_INIT("tracestate"),
                EV_STR_INIT("content-type"),
                EV_STR_INIT("x-other"),
        };
        size_t count = 0;
        uint8_t name;

        while (count < HEADERS_MAX && input->size > 0 && (name = take_byte(input)) != LAST_HEADER)
                headers[count++] =
                        (struct ev_header){ names[name % EV_ARRAY_SIZE(names)], take_sized(input) };
        return count;
}

static void check_text(struct ev_str str, bool required)
{
        must(str.size <= EV_ENVELOPE_TEXT_MAX && ev_str_is_text(str), "a bounded text");
        must(!str.data || str.size > 0, "no empty text");
        must(str.data || !required, "a required text");
}

static void check_event(enum ev_kind kind, const struct ev_event *event)
{
        check_text(event->id, true);
        check_text(event->source, true);
        check_text(event->type, true);
        check_text(event->subject, kind == EV_KIND_FACT);
        check_text(event->correlation_id, false);
        check_text(event->causation_id, false);
        check_text(event->causation_source, false);
        check_text(event->traceparent, false);
        check_text(event->tracestate, false);
        must(event->key.size <= EV_ENVELOPE_KEY_MAX && ev_str_is_text(event->key), "a key");
        must(!event->has_time || ev_instant_is_valid(event->time), "an instant");
        if (kind == EV_KIND_FACT)
                must(event->has_time && event->sequence > event->previous_sequence, "a sequence");
        else
                must(event->sequence == 0 && event->outcome == EV_OUTCOME_NONE, "no fact's");
}

static void check_same(const struct ev_event *a, const struct ev_event *b)
{
        must(ev_str_equal(a->id, b->id) && ev_str_equal(a->source, b->source) &&
                     ev_str_equal(a->type, b->type) && ev_str_equal(a->subject, b->subject) &&
                     ev_str_equal(a->correlation_id, b->correlation_id) &&
                     ev_str_equal(a->causation_id, b->causation_id) &&
                     ev_str_equal(a->causation_source, b->causation_source) &&
                     ev_str_equal(a->traceparent, b->traceparent) &&
                     ev_str_equal(a->tracestate, b->tracestate),
             "the same texts");
        must(a->has_time == b->has_time && a->time == b->time && a->sequence == b->sequence &&
                     a->previous_sequence == b->previous_sequence && a->outcome == b->outcome,
             "the same numbers");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct ev_header headers[HEADERS_MAX];
        struct ev_bytes input = { data + HEAD_BYTES, size - HEAD_BYTES }, key, value;
        struct ev_envelope envelope;
        struct ev_event event, again;
        enum ev_kind kind;
        size_t count;
        int r;

        if (size < HEAD_BYTES)
                return 0;
        letters[0] =
                letters[0] ? letters[0] : (uint8_t)(memset(letters, 'a', sizeof(letters)), 'a');
        kind = data[0] & 1 ? EV_KIND_FACT : EV_KIND_INGRESS;
        key = data[1] == NULL_VALUE   ? (struct ev_bytes){ NULL, 0 }
              : data[1] == LONG_VALUE ? (struct ev_bytes){ letters, EV_ENVELOPE_KEY_MAX + 1 }
                                      : take(&input, data[1] % 64);
        count = take_headers(&input, headers);
        value = data[2] == LONG_VALUE   ? (struct ev_bytes){ letters, sizeof(letters) }
                : data[2] == NULL_VALUE ? (struct ev_bytes){ NULL, 0 }
                                        : input;
        r = ev_envelope_open(kind, headers, count, key, value, &event);
        if (r) {
                must(r == EV_BAD_ENVELOPE || r == EV_OVER_LIMIT || r == EV_UNDECODABLE, "a reason");
                must(ev_error_last()->text[0] != '\0', "a text");
                return 0;
        }
        check_event(kind, &event);
        ev_envelope_seal(&event, &envelope);
        must(!ev_envelope_open(kind, envelope.headers, envelope.count, key, value, &again),
             "what is sealed opens");
        check_same(&event, &again);
        return 0;
}
