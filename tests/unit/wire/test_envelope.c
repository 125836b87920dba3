#include <string.h>

#include "base/error.h"
#include "support/unit.h"
#include "wire/envelope.h"

UNIT_SUITE(envelope);

enum { HEADERS_MAX = 128 };

static const uint8_t framed[] = { 0x00, 0x00, 0x0a, 0xae, 0x61, 0x02 };

static struct ev_bytes bytes_of(const char *text)
{
        return (struct ev_bytes){ (const uint8_t *)text, text ? strlen(text) : 0 };
}

/* A record that may be changed before it is opened. */
struct record {
        struct ev_header headers[HEADERS_MAX];
        size_t count;
        struct ev_bytes key, value;
};

static void set(struct record *record, const char *name, struct ev_bytes value)
{
        size_t i = 0;

        while (i < record->count && !ev_str_equal(record->headers[i].name, ev_str_of(name)))
                ++i;
        cr_assert_lt(i, HEADERS_MAX);
        record->headers[i] = (struct ev_header){ ev_str_of(name), value };
        if (i == record->count)
                ++record->count;
}

static void add(struct record *record, const char *name, struct ev_bytes value)
{
        cr_assert_lt(record->count, HEADERS_MAX);
        record->headers[record->count++] = (struct ev_header){ ev_str_of(name), value };
}

static struct record ingress(void)
{
        struct record record = { .key = bytes_of("shop-1"), .value = { framed, sizeof(framed) } };

        set(&record, "ce_specversion", bytes_of("1.0"));
        set(&record, "ce_id", bytes_of("7"));
        set(&record, "ce_source", bytes_of("/shop"));
        set(&record, "ce_type", bytes_of("quenty.order.OrderPlaced"));
        set(&record, "content-type", bytes_of("application/avro"));
        return record;
}

static struct record fact(void)
{
        struct record record = ingress();

        set(&record, "ce_time", bytes_of("2025-01-22T12:00:00.000000Z"));
        set(&record, "ce_subject", bytes_of("order-1"));
        set(&record, "ce_sequence", bytes_of("42"));
        return record;
}

static int open_as(enum ev_kind kind, const struct record *record, struct ev_event *event)
{
        return ev_envelope_open(kind, record->headers, record->count, record->key, record->value,
                                event);
}

Test(envelope, a_minimal_ingress_event_opens)
{
        struct record record = ingress();
        struct ev_event event;

        cr_assert_eq(open_as(EV_KIND_INGRESS, &record, &event), 0, "%s", ev_error_last()->text);
        cr_assert(ev_str_equal(event.id, EV_STR("7")));
        cr_assert(ev_str_equal(event.source, EV_STR("/shop")));
        cr_assert(ev_str_equal(event.type, EV_STR("quenty.order.OrderPlaced")));
        cr_assert(ev_str_equal(event.key, EV_STR("shop-1")));
        cr_assert(ev_str_is_null(event.subject) && ev_str_is_null(event.causation_id));
        cr_assert(!event.has_time && event.sequence == 0);
        cr_assert_eq(event.frame.id, 700001);
        cr_assert_eq(event.frame.payload.size, 1);
}

Test(envelope, sealing_and_opening_are_inverse)
{
        struct ev_event event = {
                .id = EV_STR("0190-1"),
                .source = EV_STR("/quenty/order_db/7000/1"),
                .type = EV_STR("quenty.order.OrderAccepted"),
                .subject = EV_STR("order-1"),
                .correlation_id = EV_STR("c"),
                .causation_id = EV_STR("7"),
                .causation_source = EV_STR("/shop"),
                .traceparent = EV_STR("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
                .tracestate = EV_STR("a=b"),
                .has_time = true,
                .time = 1737547200000001,
                .sequence = INT64_MAX,
                .previous_sequence = INT64_MAX - 1,
                .outcome = EV_OUTCOME_REFUSED,
        };
        struct ev_envelope envelope, again;
        struct ev_event opened;

        ev_envelope_seal(&event, &envelope);
        cr_assert_eq(envelope.count, 15);
        cr_assert_eq(ev_envelope_open(EV_KIND_FACT, envelope.headers, envelope.count,
                                      bytes_of("shop-1"),
                                      (struct ev_bytes){ framed, sizeof(framed) }, &opened),
                     0, "%s", ev_error_last()->text);
        cr_assert(ev_str_equal(opened.causation_source, event.causation_source));
        cr_assert(ev_str_equal(opened.traceparent, event.traceparent));
        cr_assert(ev_str_equal(opened.tracestate, event.tracestate));
        cr_assert(ev_str_equal(opened.correlation_id, event.correlation_id));
        cr_assert(opened.has_time && opened.time == event.time);
        cr_assert_eq(opened.sequence, event.sequence);
        cr_assert_eq(opened.previous_sequence, event.previous_sequence);
        cr_assert_eq(opened.outcome, event.outcome);

        ev_envelope_seal(&opened, &again);
        cr_assert_eq(again.count, envelope.count);
        for (size_t i = 0; i < again.count; ++i) {
                cr_assert(ev_str_equal(again.headers[i].name, envelope.headers[i].name));
                cr_assert_eq(again.headers[i].value.size, envelope.headers[i].value.size);
                cr_assert_eq(memcmp(again.headers[i].value.data, envelope.headers[i].value.data,
                                    again.headers[i].value.size),
                             0);
        }
        cr_assert(ev_str_equal(again.headers[4].name, EV_STR("ce_time")));
        cr_assert_eq(memcmp(again.time, "2025-01-22T12:00:00.000001Z", 27), 0);
}

Test(envelope, absent_headers_are_left_out)
{
        struct ev_event event = { .id = EV_STR("1"), .source = EV_STR("s"), .type = EV_STR("t") };
        struct ev_envelope envelope;

        ev_envelope_seal(&event, &envelope);
        cr_assert_eq(envelope.count, 5);
        cr_assert(ev_str_equal(envelope.headers[4].name, EV_STR("content-type")));
}

/* One header of a good record set to a value, NULL meaning a null one; the text tells which. */
static const struct {
        enum ev_kind kind;
        const char *name, *value;
        int r;
} changes[] = {
        { EV_KIND_INGRESS, "ce_specversion", "0.3", EV_BAD_ENVELOPE },
        { EV_KIND_INGRESS, "ce_specversion", "", EV_BAD_ENVELOPE },
        { EV_KIND_INGRESS, "ce_id", "", EV_BAD_ENVELOPE },
        { EV_KIND_INGRESS, "ce_id", NULL, EV_BAD_ENVELOPE },
        { EV_KIND_INGRESS, "ce_id", "\xff", EV_BAD_ENVELOPE },
        { EV_KIND_INGRESS, "ce_source", "", EV_BAD_ENVELOPE },
        { EV_KIND_INGRESS, "ce_source", "\xc0\xaf", EV_BAD_ENVELOPE },
        { EV_KIND_INGRESS, "ce_type", "", EV_BAD_ENVELOPE },
        { EV_KIND_INGRESS, "ce_type", NULL, EV_BAD_ENVELOPE },
        { EV_KIND_INGRESS, "content-type", "application/json", EV_BAD_ENVELOPE },
        { EV_KIND_INGRESS, "content-type", "application/avron", EV_BAD_ENVELOPE },
        { EV_KIND_INGRESS, "content-type", "avro", EV_BAD_ENVELOPE },
        { EV_KIND_INGRESS, "content-type", "Application/AVRO; v=1", 0 },
        { EV_KIND_INGRESS, "content-type", "application/avro ;v=1", 0 },
        { EV_KIND_INGRESS, "ce_time", "yesterday", EV_BAD_ENVELOPE },
        { EV_KIND_INGRESS, "ce_time", "2025-01-22T12:00:00+01:00", 0 },
        { EV_KIND_INGRESS, "ce_time", "", 0 },
        { EV_KIND_INGRESS, "ce_subject", "", 0 },
        { EV_KIND_INGRESS, "ce_subject", NULL, EV_BAD_ENVELOPE },
        { EV_KIND_INGRESS, "traceparent", "\xed\xa0\x80", EV_BAD_ENVELOPE },
        { EV_KIND_INGRESS, "ce_sequence", "first", 0 }, /* not ours to judge */
        { EV_KIND_INGRESS, "ce_previoussequence", "99", 0 },
        { EV_KIND_INGRESS, "ce_outcome", "splendid", 0 },
        { EV_KIND_INGRESS, "ce_custom", "\xff", 0 }, /* not ours at all */
        { EV_KIND_FACT, "ce_sequence", "0", EV_BAD_ENVELOPE },
        { EV_KIND_FACT, "ce_sequence", "-1", EV_BAD_ENVELOPE },
        { EV_KIND_FACT, "ce_sequence", "9223372036854775808", EV_BAD_ENVELOPE },
        { EV_KIND_FACT, "ce_sequence", "", EV_BAD_ENVELOPE },
        { EV_KIND_FACT, "ce_previoussequence", "42", EV_BAD_ENVELOPE },
        { EV_KIND_FACT, "ce_previoussequence", "0", EV_BAD_ENVELOPE },
        { EV_KIND_FACT, "ce_previoussequence", "x", EV_BAD_ENVELOPE },
        { EV_KIND_FACT, "ce_previoussequence", "41", 0 },
        { EV_KIND_FACT, "ce_outcome", "splendid", EV_BAD_ENVELOPE },
        { EV_KIND_FACT, "ce_outcome", "repeated", 0 },
        { EV_KIND_FACT, "ce_time", "", EV_BAD_ENVELOPE },
        { EV_KIND_FACT, "ce_subject", "", EV_BAD_ENVELOPE },
};

Test(envelope, each_header_is_judged)
{
        for (size_t i = 0; i < EV_ARRAY_SIZE(changes); ++i) {
                struct record record = changes[i].kind == EV_KIND_FACT ? fact() : ingress();
                struct ev_event event;

                set(&record, changes[i].name, bytes_of(changes[i].value));
                cr_assert_eq(open_as(changes[i].kind, &record, &event), changes[i].r,
                             "case %zu: %s", i, ev_error_last()->text);
                if (changes[i].r)
                        cr_assert(strstr(ev_error_last()->text, changes[i].name), "case %zu: %s", i,
                                  ev_error_last()->text);
        }
}

Test(envelope, nul_in_a_header_is_a_bad_envelope)
{
        static const char *const names[] = { "ce_id",      "ce_source",        "ce_type",
                                             "ce_subject", "ce_correlationid", "tracestate" };
        struct ev_event event;

        for (size_t i = 0; i < EV_ARRAY_SIZE(names); ++i) {
                struct record record = ingress();

                set(&record, names[i], (struct ev_bytes){ (const uint8_t *)"a\0b", 3 });
                cr_assert_eq(open_as(EV_KIND_INGRESS, &record, &event), EV_BAD_ENVELOPE);
        }
}

Test(envelope, every_required_header_is_missed)
{
        struct record whole = fact();
        struct ev_event event;

        cr_assert_eq(open_as(EV_KIND_FACT, &whole, &event), 0, "%s", ev_error_last()->text);
        for (size_t i = 0; i < whole.count; ++i) {
                struct record record = whole;

                record.headers[i] = record.headers[--record.count];
                cr_assert_eq(open_as(EV_KIND_FACT, &record, &event), EV_BAD_ENVELOPE);
                cr_assert(strstr(ev_error_last()->text, "is missing"), "%s", ev_error_last()->text);
        }
}

Test(envelope, a_header_given_twice_is_refused)
{
        struct record whole = fact();
        struct ev_event event;

        for (size_t i = 0; i < whole.count; ++i) {
                struct record record = whole;

                add(&record, record.headers[i].name.data, record.headers[i].value);
                cr_assert_eq(open_as(EV_KIND_FACT, &record, &event), EV_BAD_ENVELOPE);
                cr_assert(strstr(ev_error_last()->text, "twice"), "%s", ev_error_last()->text);
        }
        add(&whole, "other", bytes_of("1"));
        add(&whole, "other", bytes_of("2"));
        cr_assert_eq(open_as(EV_KIND_FACT, &whole, &event), 0, "others' headers may repeat");
}

Test(envelope, limits_are_exact)
{
        static char text[EV_ENVELOPE_HEADERS_BYTES_MAX + 1];
        static uint8_t value[EV_FACT_BYTES_MAX + 1];
        struct record record = ingress(), full = ingress(), whole = fact();
        struct ev_event event = { 0 };
        size_t bytes = 0;

        memset(text, 'x', sizeof(text));
        set(&record, "ce_id", (struct ev_bytes){ (const uint8_t *)text, 255 });
        record.key = (struct ev_bytes){ (const uint8_t *)text, 1024 };
        record.value = (struct ev_bytes){ value, EV_INGRESS_BYTES_MAX };
        cr_assert_eq(open_as(EV_KIND_INGRESS, &record, &event), 0, "%s", ev_error_last()->text);
        record.key.size = 1025;
        cr_assert_eq(open_as(EV_KIND_INGRESS, &record, &event), EV_OVER_LIMIT);
        record.key.size = 0;
        record.value.size = EV_INGRESS_BYTES_MAX + 1;
        cr_assert_eq(open_as(EV_KIND_INGRESS, &record, &event), EV_OVER_LIMIT);
        record.value.size = 6;
        set(&record, "ce_id", (struct ev_bytes){ (const uint8_t *)text, 256 });
        cr_assert_eq(open_as(EV_KIND_INGRESS, &record, &event), EV_OVER_LIMIT);

        whole.value = (struct ev_bytes){ value, EV_FACT_BYTES_MAX };
        cr_assert_eq(open_as(EV_KIND_FACT, &whole, &event), 0);
        whole.value.size = EV_FACT_BYTES_MAX + 1;
        cr_assert_eq(open_as(EV_KIND_FACT, &whole, &event), EV_OVER_LIMIT);

        for (size_t i = 0; i < full.count; ++i)
                bytes += full.headers[i].name.size + full.headers[i].value.size;
        add(&full, "x", (struct ev_bytes){ (const uint8_t *)text, 65536 - 1 - bytes });
        cr_assert_eq(open_as(EV_KIND_INGRESS, &full, &event), 0);
        ++full.headers[full.count - 1].value.size;
        cr_assert_eq(open_as(EV_KIND_INGRESS, &full, &event), EV_OVER_LIMIT);
        full = ingress();
        while (full.count < 100)
                add(&full, "x", bytes_of(NULL));
        cr_assert_eq(open_as(EV_KIND_INGRESS, &full, &event), 0);
        add(&full, "x", bytes_of(NULL));
        cr_assert_eq(open_as(EV_KIND_INGRESS, &full, &event), EV_OVER_LIMIT);
}

Test(envelope, key_and_value)
{
        struct record record = ingress();
        struct ev_event event = { .sequence = -5 };

        record.key = bytes_of(NULL);
        cr_assert_eq(open_as(EV_KIND_INGRESS, &record, &event), 0);
        cr_assert(ev_str_is_null(event.key));
        record.key = bytes_of("");
        cr_assert_eq(open_as(EV_KIND_INGRESS, &record, &event), 0);
        record.key = bytes_of("\xff");
        event.sequence = -5;
        cr_assert_eq(open_as(EV_KIND_INGRESS, &record, &event), EV_BAD_ENVELOPE);
        record.key = bytes_of("k");
        record.value = bytes_of(NULL);
        cr_assert_eq(open_as(EV_KIND_INGRESS, &record, &event), EV_UNDECODABLE);
        record.value = bytes_of("");
        cr_assert_eq(open_as(EV_KIND_INGRESS, &record, &event), EV_UNDECODABLE);
        record.value = bytes_of("\x01");
        cr_assert_eq(open_as(EV_KIND_INGRESS, &record, &event), EV_UNDECODABLE);
        record.value = bytes_of("{\"json\": true}");
        cr_assert_eq(open_as(EV_KIND_INGRESS, &record, &event), EV_UNDECODABLE);
        cr_assert_eq(event.sequence, -5, "a refusal leaves the event alone");
}

Test(envelope, refusals_have_their_public_names)
{
        cr_assert_str_eq(ev_refusal_name(EV_UNDECODABLE), "undecodable");
        cr_assert_str_eq(ev_refusal_name(EV_UNKNOWN_SCHEMA), "unknown_schema");
        cr_assert_str_eq(ev_refusal_name(EV_BAD_ENVELOPE), "bad_envelope");
        cr_assert_str_eq(ev_refusal_name(EV_OVER_LIMIT), "over_limit");
        cr_assert_str_eq(ev_refusal_name(EV_ID_REUSED), "id_reused");
        cr_assert_str_eq(ev_refusal_name(EV_UNEXPECTED_TYPE), "unexpected_type");
        cr_assert_str_eq(ev_refusal_name(EV_POISON), "poison");
}
