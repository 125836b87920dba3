/* Headers to an event and back, by one table.
 *
 * What comes in may be anything: Kafka knows neither types nor lengths of headers. Limits are
 * judged before anything is looked into, so that what is over a limit is always told as that.
 * Headers that are not in the table are other people's and only counted. Nothing is allocated and
 * nothing kept.
 *
 * Hostile headers cost one pass over their sizes: no text is looked at before number and sizes
 * are known to be bounded. If the process dies here, nothing has happened yet.
 *
 * A fact's headers, as they are written:
 *
 *       ce_specversion        1.0
 *       ce_id                 01970a3e-8f6c-7abc-9def-0123456789ab
 *       ce_source             /quenty/order_db/7390218855731046520/1
 *       ce_type               quenty.order.OrderAccepted
 *       ce_time               2025-01-31T23:59:59.000000Z
 *       ce_subject            ORD-2025-000017
 *       ce_causationid        b7a1c2                       of the event that was answered
 *       ce_causationsource    /shop/eu
 *       ce_sequence           4711                         its place in the outbox
 *       ce_previoussequence   4702                         of the fact before it in this partition
 *       ce_outcome            accepted
 *       content-type          application/avro */

#include "wire/envelope.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

/* What we know of a record's headers; the order is that in which they are written. A fixed order
 * makes a second publication byte for byte the first. */
enum known {
        SPECVERSION,
        ID,
        SOURCE,
        TYPE,
        TIME,
        SUBJECT,
        CORRELATION_ID,
        CAUSATION_ID,
        CAUSATION_SOURCE,
        SEQUENCE,
        PREVIOUS_SEQUENCE,
        OUTCOME,
        TRACEPARENT,
        TRACESTATE,
        CONTENT_TYPE,
        KNOWN_COUNT,
};

/* The two columns are the difference between strangers and us: a producer has to say what it sends
 * and from where; a fact of ours also says when, about what and at which place in the order,
 * because our relay always writes that. */
static const struct {
        struct ev_str name;
        bool required_of_ingress, required_of_fact;
} known_headers[KNOWN_COUNT] = {
        [SPECVERSION] = { EV_STR_INIT("ce_specversion"), true, true },
        [ID] = { EV_STR_INIT("ce_id"), true, true },
        [SOURCE] = { EV_STR_INIT("ce_source"), true, true },
        [TYPE] = { EV_STR_INIT("ce_type"), true, true },
        [TIME] = { EV_STR_INIT("ce_time"), false, true },
        [SUBJECT] = { EV_STR_INIT("ce_subject"), false, true },
        [CORRELATION_ID] = { EV_STR_INIT("ce_correlationid"), false, false },
        [CAUSATION_ID] = { EV_STR_INIT("ce_causationid"), false, false },
        [CAUSATION_SOURCE] = { EV_STR_INIT("ce_causationsource"), false, false },
        [SEQUENCE] = { EV_STR_INIT("ce_sequence"), false, true },
        [PREVIOUS_SEQUENCE] = { EV_STR_INIT("ce_previoussequence"), false, false },
        [OUTCOME] = { EV_STR_INIT("ce_outcome"), false, false },
        [TRACEPARENT] = { EV_STR_INIT("traceparent"), false, false },
        [TRACESTATE] = { EV_STR_INIT("tracestate"), false, false },
        [CONTENT_TYPE] = { EV_STR_INIT("content-type"), true, true },
};

/* CloudEvents' Kafka binding §3.2.1: in binary mode, content-type is the media type of the
 * value. */
static const struct ev_str content_type = EV_STR_INIT("application/avro");

/* The values of ce_outcome. NONE is not written: only facts that answer a request have an
 * outcome. */
static const struct ev_str outcome_names[] = {
        [EV_OUTCOME_NONE] = EV_STR_INIT(""),
        [EV_OUTCOME_ACCEPTED] = EV_STR_INIT("accepted"),
        [EV_OUTCOME_REFUSED] = EV_STR_INIT("refused"),
        [EV_OUTCOME_REPEATED] = EV_STR_INIT("repeated"),
};

/* The values of the headers that we know; null where they are absent. */
struct texts {
        struct ev_str of[KNOWN_COUNT];
};

/* The condition with its text; every text names the header, as producers know it. */
static int bad(enum known header, const char *what)
{
        assert(what);
        assert(header < KNOWN_COUNT);

        (void)ev_fail(EV_VERDICT_RECORD, "header %s %s", known_headers[header].name.data, what);
        return EV_BAD_ENVELOPE;
}

/* A broker bounds the whole record only (message.max.bytes), so a header may be as large as it. The
 * sum cannot wrap: all of it lies in memory. */
static int check_limits(enum ev_kind kind, const struct ev_header *headers, size_t count,
                        struct ev_bytes key, struct ev_bytes value)
{
        size_t value_max = kind == EV_KIND_FACT ? EV_FACT_BYTES_MAX : EV_INGRESS_BYTES_MAX;
        size_t bytes = 0;

        assert(kind == EV_KIND_INGRESS || kind == EV_KIND_FACT);
        assert(headers || count == 0);

        for (size_t i = 0; i < count; ++i)
                bytes += headers[i].name.size + headers[i].value.size;
        if (count > EV_ENVELOPE_HEADERS_MAX || bytes > EV_ENVELOPE_HEADERS_BYTES_MAX)
                (void)ev_fail(EV_VERDICT_RECORD,
                              "%zu headers of %zu bytes together; at most %d and %d", count, bytes,
                              EV_ENVELOPE_HEADERS_MAX, EV_ENVELOPE_HEADERS_BYTES_MAX);
        else if (key.size > EV_ENVELOPE_KEY_MAX)
                (void)ev_fail(EV_VERDICT_RECORD, "a key of %zu bytes; at most %d", key.size,
                              EV_ENVELOPE_KEY_MAX);
        else if (value.size > value_max)
                (void)ev_fail(EV_VERDICT_RECORD, "a value of %zu bytes; at most %zu", value.size,
                              value_max);
        else
                return 0;
        return EV_OVER_LIMIT;
}

/* The number of a header that we know; KNOWN_COUNT for all others. Letters of another case are
 * another name: Kafka's headers, unlike HTTP's, are compared by bytes. */
static enum known find_known(struct ev_str name)
{
        enum known header = 0;

        assert(name.data || name.size == 0);

        while (header < KNOWN_COUNT && !ev_str_equal(known_headers[header].name, name))
                ++header;
        return header;
}

/* An empty value says as much as none (CloudEvents has no empty attributes). Kafka lets a header
 * stand several times. For ours that would leave open which one holds, and two readers might choose
 * differently, so it is refused. */
static int take_text(enum known header, struct ev_bytes value, struct texts *texts)
{
        struct ev_str text = { (const char *)value.data, value.size };

        assert(texts);
        assert(header < KNOWN_COUNT);

        if (texts->of[header].data)
                return bad(header, "is given twice");
        if (!text.data)
                return bad(header, "is null");
        if (text.size > EV_ENVELOPE_TEXT_MAX) {
                (void)bad(header, "has more than 255 bytes");
                return EV_OVER_LIMIT;
        }
        if (!ev_str_is_text(text))
                return bad(header, "is not UTF-8 or holds U+0000");
        texts->of[header] = text;
        return 0;
}

/* Foreign headers are passed over: whatever they hold is between others. */
static int take_texts(const struct ev_header *headers, size_t count, struct texts *texts)
{
        enum known header;
        int r;

        assert(texts);
        assert(count <= EV_ENVELOPE_HEADERS_MAX);

        for (size_t i = 0; i < count; ++i) {
                header = find_known(headers[i].name);
                if (header == KNOWN_COUNT)
                        continue;
                r = take_text(header, headers[i].value, texts);
                if (r)
                        return r;
        }
        /* Only now: a header that is given twice must be seen as given, also when it was empty
         * first. */
        for (header = 0; header < KNOWN_COUNT; ++header)
                if (texts->of[header].size == 0)
                        texts->of[header] = EV_STR_NULL;
        return 0;
}

/* In the order of the table, so that the same record always gets the same reason. */
static int check_required(enum ev_kind kind, const struct texts *texts)
{
        assert(kind == EV_KIND_INGRESS || kind == EV_KIND_FACT);
        assert(texts);

        for (enum known header = 0; header < KNOWN_COUNT; ++header) {
                bool required = kind == EV_KIND_FACT ? known_headers[header].required_of_fact
                                                     : known_headers[header].required_of_ingress;

                if (required && !texts->of[header].data)
                        return bad(header, "is missing or empty");
        }
        assert(texts->of[ID].data);
        return 0;
}

/* A media type's letters have no case, and parameters may follow it (RFC 9110 §8.3.1). */
static bool is_avro(struct ev_str text)
{
        assert(text.data);

        if (text.size < content_type.size ||
            strncasecmp(text.data, content_type.data, content_type.size) != 0)
                return false;
        return text.size == content_type.size || text.data[content_type.size] == ';' ||
               text.data[content_type.size] == ' ';
}

/* What both kinds have. The texts were bounded and judged before. Ids and sources are any text to
 * CloudEvents, a URI reference at most; they are compared and never resolved, so their form is not
 * judged. */
static int read_common(const struct texts *texts, struct ev_event *event)
{
        struct ev_str time = texts->of[TIME];

        assert(event);
        assert(texts->of[SPECVERSION].data);

        if (!ev_str_equal(texts->of[SPECVERSION], EV_STR("1.0")))
                return bad(SPECVERSION, "is not 1.0");
        if (!is_avro(texts->of[CONTENT_TYPE]))
                return bad(CONTENT_TYPE, "is not application/avro");
        if (time.data && !ev_instant_parse(time, &event->time))
                return bad(TIME, "is not an instant of RFC 3339");
        event->has_time = time.data != NULL;
        event->id = texts->of[ID];
        event->source = texts->of[SOURCE];
        event->type = texts->of[TYPE];
        event->subject = texts->of[SUBJECT];
        event->correlation_id = texts->of[CORRELATION_ID];
        event->causation_id = texts->of[CAUSATION_ID];
        event->causation_source = texts->of[CAUSATION_SOURCE];
        event->traceparent = texts->of[TRACEPARENT];
        event->tracestate = texts->of[TRACESTATE];
        return 0;
}

/* What our relay alone says; a reader builds its proof that nothing is missing on it. It has to
 * grow, or the proof would go in circles. */
static int read_fact(const struct texts *texts, struct ev_event *event)
{
        struct ev_str previous = texts->of[PREVIOUS_SEQUENCE], outcome = texts->of[OUTCOME];

        assert(event->sequence == 0);
        assert(texts->of[SEQUENCE].data);

        if (!ev_str_to_int64(texts->of[SEQUENCE], &event->sequence) || event->sequence == 0)
                return bad(SEQUENCE, "is not a number above 0");
        if (previous.data &&
            (!ev_str_to_int64(previous, &event->previous_sequence) ||
             event->previous_sequence == 0 || event->previous_sequence >= event->sequence))
                return bad(PREVIOUS_SEQUENCE, "is not a number from 1 to below ce_sequence");
        if (!outcome.data)
                return 0;
        /* From the first real one: the empty text of NONE would otherwise be an outcome that can be
         * given. */
        for (size_t i = EV_OUTCOME_ACCEPTED; i < EV_ARRAY_SIZE(outcome_names); ++i)
                if (ev_str_equal(outcome, outcome_names[i]))
                        event->outcome = (enum ev_outcome)i;
        return event->outcome == EV_OUTCOME_NONE ? bad(OUTCOME, "is unknown") : 0;
}

/* Limits, then headers, then what they mean, then key and frame: each step may rely on those before
 * it. A copy is handed out at the end, so that *ret_event is whole or untouched. */
int ev_envelope_open(enum ev_kind kind, const struct ev_header *headers, size_t count,
                     struct ev_bytes key, struct ev_bytes value, struct ev_event *ret_event)
{
        struct ev_event event = { .key = { (const char *)key.data, key.size } };
        struct texts texts = { 0 };
        int r;

        assert(key.data || key.size == 0);
        assert(value.data || value.size == 0);
        assert(ret_event);

        r = check_limits(kind, headers, count, key, value);
        if (r == 0)
                r = take_texts(headers, count, &texts);
        if (r == 0)
                r = check_required(kind, &texts);
        if (r == 0)
                r = read_common(&texts, &event);
        if (r == 0 && kind == EV_KIND_FACT)
                r = read_fact(&texts, &event);
        if (r)
                return r;
        /* A key is bytes to Kafka. Ours are aggregates' ids and stand in columns of text. */
        if (!ev_str_is_text(event.key)) {
                (void)ev_fail(EV_VERDICT_RECORD, "a key that is not UTF-8 or holds U+0000");
                return EV_BAD_ENVELOPE;
        }
        r = ev_frame_parse(value, &event.frame);
        if (r)
                return r;
        *ret_event = event;
        return 0;
}

/* Absent and empty ones are left out: CloudEvents has no empty attributes. */
static void put(struct ev_envelope *envelope, enum known header, struct ev_str text)
{
        assert(header < KNOWN_COUNT);
        assert(envelope->count < EV_ENVELOPE_OWN_MAX);

        if (text.size == 0)
                return;
        envelope->headers[envelope->count++] = (struct ev_header){
                .name = known_headers[header].name,
                .value = { (const uint8_t *)text.data, text.size },
        };
}

/* Numbers begin at 1, so 0 is none. */
static void put_number(struct ev_envelope *envelope, enum known header, int64_t number,
                       char buffer[EV_ENVELOPE_NUMBER_MAX])
{
        assert(buffer);
        assert(number >= 0);

        if (number == 0)
                return;
        snprintf(buffer, EV_ENVELOPE_NUMBER_MAX, "%" PRId64, number);
        put(envelope, header, ev_str_of(buffer));
}

/* The same table in the other direction. There is nothing to fail: what an event of ours lacks is a
 * bug, and texts of other people that it carries on were bounded when they came in. */
void ev_envelope_seal(const struct ev_event *event, struct ev_envelope *envelope)
{
        assert(event && envelope);
        assert(event->id.size > 0 && event->source.size > 0 && event->type.size > 0);
        assert(event->outcome <= EV_OUTCOME_REPEATED);

        envelope->count = 0;
        put(envelope, SPECVERSION, EV_STR("1.0"));
        put(envelope, ID, event->id);
        put(envelope, SOURCE, event->source);
        put(envelope, TYPE, event->type);
        if (event->has_time)
                put(envelope, TIME,
                    (struct ev_str){ envelope->time,
                                     ev_instant_format(event->time, envelope->time) });
        put(envelope, SUBJECT, event->subject);
        put(envelope, CORRELATION_ID, event->correlation_id);
        put(envelope, CAUSATION_ID, event->causation_id);
        put(envelope, CAUSATION_SOURCE, event->causation_source);
        put_number(envelope, SEQUENCE, event->sequence, envelope->sequence);
        put_number(envelope, PREVIOUS_SEQUENCE, event->previous_sequence,
                   envelope->previous_sequence);
        put(envelope, OUTCOME, outcome_names[event->outcome]);
        put(envelope, TRACEPARENT, event->traceparent);
        put(envelope, TRACESTATE, event->tracestate);
        put(envelope, CONTENT_TYPE, content_type);
}
