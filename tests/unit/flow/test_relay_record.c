/* From rows to records: headers, bytes, and what a dead letter may show. */

#include "flow/relay_record.h"

#include <stdio.h>
#include <string.h>

#include "support/unit.h"

UNIT_SUITE(relay_record);

static struct ev_relay_record record;
static struct ev_outgoing out;

static void done(void)
{
        ev_relay_record_done(&record);
        unit_check_leaks();
}
TestSuite(relay_facts, .fini = done);

static struct ev_feed_fact some_fact(void)
{
        return (struct ev_feed_fact){
                .seq = 42,
                .source_id = 1,
                .event_id = { { 0x01, 0x97, 0x0a, 0x3e, 0x8f, 0x6c, 0x7a, 0xbc, 0x9d, 0xef, 0x01,
                                0x23, 0x45, 0x67, 0x89, 0xab } },
                .key = EV_STR("company-1"),
                .subject = EV_STR("order-1"),
                .schema_id = 700001,
                .payload = { (const uint8_t *)"avro", 4 },
                .recorded_at = INT64_C(1738367999123456),
        };
}

static const struct ev_relay_names names = { EV_STR_INIT("/quenty/order_db/7/1"),
                                             EV_STR_INIT("quenty.order.OrderAccepted") };

static struct ev_str header(const char *name)
{
        for (size_t i = 0; i < out.headers_count; ++i)
                if (ev_str_equal(out.headers[i].name, ev_str_of(name)))
                        return (struct ev_str){ (const char *)out.headers[i].value.data,
                                                out.headers[i].value.size };
        return EV_STR_NULL;
}

static void expect(const char *name, const char *value)
{
        struct ev_str found = header(name);

        cr_assert(ev_str_equal(found, ev_str_of(value)), "%s is %.*s, expected %s", name,
                  EV_STR_ARG(found), value ? value : "nothing");
}

Test(relay_facts, a_fact_has_the_headers_of_its_row_and_position)
{
        struct ev_feed_fact fact = some_fact();

        record = EV_RELAY_RECORD_INIT;
        fact.outcome = 2;
        fact.causation_id = EV_STR("x-9");
        cr_assert_eq(ev_relay_make_fact(&record, &fact, &names, 17, &out), 0);
        expect("ce_specversion", "1.0");
        expect("ce_id", "01970a3e-8f6c-7abc-9def-0123456789ab");
        expect("ce_source", "/quenty/order_db/7/1");
        expect("ce_type", "quenty.order.OrderAccepted");
        expect("ce_time", "2025-01-31T23:59:59.123456Z");
        expect("ce_subject", "order-1");
        expect("ce_causationid", "x-9");
        expect("ce_sequence", "42");
        expect("ce_previoussequence", "17");
        expect("ce_outcome", "refused");
        expect("content-type", "application/avro");
        cr_assert_eq(out.timestamp_ms, INT64_C(1738367999123));
        cr_assert(ev_str_equal(out.key, EV_STR("company-1")));
        cr_assert_eq(out.value.size, 9);
        cr_assert_eq(memcmp(out.value.data,
                            "\x00\x00\x0a\xae\x61"
                            "avro",
                            9),
                     0);
}

Test(relay_facts, what_a_row_does_not_have_is_no_header)
{
        struct ev_feed_fact fact = some_fact();

        record = EV_RELAY_RECORD_INIT;
        cr_assert_eq(ev_relay_make_fact(&record, &fact, &names, 0, &out), 0);
        expect("ce_previoussequence", NULL);
        expect("ce_outcome", NULL);
        expect("ce_correlationid", NULL);
        expect("traceparent", NULL);
}

Test(relay_facts, a_payload_beyond_the_bound_stops_and_names_the_row)
{
        static uint8_t bytes[EV_RELAY_VALUE_MAX];
        struct ev_feed_fact fact = some_fact();

        record = EV_RELAY_RECORD_INIT;
        fact.payload = (struct ev_bytes){ bytes, sizeof(bytes) };
        cr_assert_eq(ev_relay_make_fact(&record, &fact, &names, 0, &out), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        cr_assert(strstr(ev_error_last()->text, "fact 42"));
}

/* Appends a header in the form in which ev.dead_letter keeps it. */
static void store(struct ev_buffer *stored, const char *name, const char *value)
{
        uint8_t length[4] = { 0, 0, 0, (uint8_t)strlen(name) };

        cr_assert_eq(ev_buffer_append(stored, length, 4), 0);
        cr_assert_eq(ev_buffer_append_str(stored, ev_str_of(name)), 0);
        if (!value)
                memset(length, 0xff, sizeof(length));
        else
                length[3] = (uint8_t)strlen(value);
        cr_assert_eq(ev_buffer_append(stored, length, 4), 0);
        if (value)
                cr_assert_eq(ev_buffer_append_str(stored, ev_str_of(value)), 0);
}

static struct ev_feed_letter some_letter(const struct ev_buffer *stored)
{
        return (struct ev_feed_letter){
                .seq = 3,
                .created_at = 1000000,
                .offset = 42,
                .partition = 5,
                .group_name = EV_STR("order"),
                .topic = EV_STR("quenty.order.ingress.v1"),
                .reason = EV_STR("undecodable"),
                .detail = EV_STR("field total"),
                .key = { (const uint8_t *)"k", 1 },
                .headers = { stored->data, stored->size },
                .value = { (const uint8_t *)"value", 5 },
        };
}

Test(relay_facts, a_dead_letter_keeps_its_headers_and_says_where_it_comes_from)
{
        struct ev_buffer _cleanup_buffer_ stored = EV_BUFFER_INIT(1000);
        struct ev_feed_letter letter;

        record = EV_RELAY_RECORD_INIT;
        store(&stored, "twice", "1");
        store(&stored, "ce_type", "t");
        store(&stored, "twice", NULL);
        letter = some_letter(&stored);
        ev_relay_make_letter(&record, &letter, true, &out);
        cr_assert_eq(out.headers_count, 3 + 7);
        cr_assert(ev_str_equal(out.headers[0].name, EV_STR("twice")));
        cr_assert_eq(out.headers[0].value.size, 1);
        cr_assert(ev_str_equal(out.headers[2].name, EV_STR("twice")));
        cr_assert_null(out.headers[2].value.data);
        expect("__connect.errors.topic", "quenty.order.ingress.v1");
        expect("__connect.errors.partition", "5");
        expect("__connect.errors.offset", "42");
        expect("dlq-reason", "undecodable");
        expect("dlq-group", "order");
        expect("dlq-withheld", NULL);
        cr_assert_eq(out.value.size, 5);
        cr_assert(ev_str_equal(ev_relay_stored_header(letter.headers, EV_STR("ce_type")),
                               EV_STR("t")));
        cr_assert(ev_str_is_null(ev_relay_stored_header(letter.headers, EV_STR("absent"))));
}

Test(relay_facts, a_value_that_may_not_be_shown_is_withheld_and_that_is_said)
{
        struct ev_buffer _cleanup_buffer_ stored = EV_BUFFER_INIT(1000);
        struct ev_feed_letter letter;

        record = EV_RELAY_RECORD_INIT;
        store(&stored, "a", "1");
        letter = some_letter(&stored);
        ev_relay_make_letter(&record, &letter, false, &out);
        cr_assert_null(out.value.data);
        expect("dlq-withheld", "value");
        letter.value = (struct ev_bytes){ NULL, 0 };
        ev_relay_make_letter(&record, &letter, false, &out);
        expect("dlq-withheld", NULL);
}

Test(relay_facts, a_letter_too_large_for_its_topic_is_cut_and_never_fails)
{
        static uint8_t bytes[EV_RELAY_LETTER_BYTES_MAX];
        struct ev_buffer _cleanup_buffer_ stored = EV_BUFFER_INIT(100000);
        struct ev_feed_letter letter;

        record = EV_RELAY_RECORD_INIT;
        store(&stored, "a", "1");
        letter = some_letter(&stored);
        letter.value = (struct ev_bytes){ bytes, sizeof(bytes) };
        ev_relay_make_letter(&record, &letter, true, &out);
        expect("dlq-withheld", "value");
        expect("a", "1");
        for (int i = 0; i < EV_RELAY_LETTER_HEADERS_MAX; ++i)
                store(&stored, "many", "1");
        letter = some_letter(&stored);
        ev_relay_make_letter(&record, &letter, true, &out);
        expect("dlq-withheld", "value,headers");
        expect("many", NULL);
        expect("dlq-reason", "undecodable");
        cr_assert_leq(out.headers_count, EV_PRODUCER_HEADERS_MAX);
}

Test(relay_facts, damaged_headers_end_where_the_damage_begins)
{
        struct ev_buffer _cleanup_buffer_ stored = EV_BUFFER_INIT(1000);
        struct ev_feed_letter letter;

        record = EV_RELAY_RECORD_INIT;
        store(&stored, "a", "1");
        cr_assert_eq(ev_buffer_append(&stored, "\x7f\xff\xff\xff", 4), 0);
        letter = some_letter(&stored);
        ev_relay_make_letter(&record, &letter, true, &out);
        cr_assert_eq(out.headers_count, 1 + 7);
}

static bool is_public(const char *topic, const char *type, const char *frame)
{
        return ev_relay_value_is_public(ev_str_of(topic), ev_str_of(type),
                                        (struct ev_bytes){ (const uint8_t *)frame, 5 });
}

Test(relay_record, bytes_go_out_for_a_known_type_on_its_topic_without_secrets_only)
{
        static const char order_placed[] = "\x00\x00\x0a\xae\x65";      /* 700005 */
        static const char user_registration[] = "\x00\x00\x0a\xae\x61"; /* has a password's hash */
        static const char unknown[] = "\x00\xff\xff\xff\xff";

        cr_assert(is_public("quenty.order.ingress.v1", "quenty.order.OrderPlaced", order_placed));
        cr_assert_not(
                is_public("quenty.stock.ingress.v1", "quenty.order.OrderPlaced", order_placed));
        cr_assert_not(
                is_public("quenty.order.ingress.v1", "quenty.order.OrderAccepted", order_placed));
        cr_assert_not(is_public("quenty.order.ingress.v1", NULL, order_placed));
        cr_assert_not(is_public("quenty.order.ingress.v1", "quenty.order.OrderPlaced", unknown));
        cr_assert_not(is_public("quenty.order.ingress.v1", "quenty.order.OrderPlaced", "plain"));
        cr_assert_not(is_public("quenty.customer.ingress.v1",
                                "quenty.customer.UserRegistrationRequested", user_registration));
        cr_assert_not(is_public("quenty.order.ingress.v1", "quenty.order.OrderPlaced",
                                user_registration));
}
