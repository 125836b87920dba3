#include "support/unit.h"

#include <string.h>

#include "base/error.h"
#include "eventctl/event_line.h"
#include "wire/avro.h"

UNIT_SUITE(eventctl_lines);

/* What a line is read with; `read()` makes it anew. */
static struct ev_arena *arena;
static struct ev_buffer bytes, written;
static struct ev_envelope envelope;
static struct event_line line;

static int read_for(const char *topic, bool takes_its_own, const char *text)
{
        struct event_target target = { topic, takes_its_own, EV_STR("/test"), NULL };

        if (!arena)
                cr_assert_eq(ev_arena_new(&arena, 1 << 24), 0);
        bytes.bytes_max = written.bytes_max = 1 << 20;
        target.arena = arena;
        return event_line_read(&target, ev_str_of(text), &bytes, &envelope, &line);
}

static int read(const char *text)
{
        return read_for("quenty.stock.ingress.v1", true, text);
}

static void done(void)
{
        arena = ev_arena_free(arena);
        ev_buffer_done(&bytes);
        ev_buffer_done(&written);
}

static struct ev_str header(const char *name)
{
        for (size_t i = 0; i < envelope.count; ++i)
                if (ev_str_equal(envelope.headers[i].name, ev_str_of(name)))
                        return (struct ev_str){ (const char *)envelope.headers[i].value.data,
                                                envelope.headers[i].value.size };
        return EV_STR_NULL;
}

static bool is(struct ev_str text, const char *expected)
{
        return ev_str_equal(text, ev_str_of(expected));
}

#define GOODS                                                                                     \
        "\"data\":{\"sku\":\"SKU-1\",\"location\":\"NORTH\",\"quantity\":5,\"reference_number\":" \
        "\"GRN-1\",\"received_by\":\"dock\"}"
#define LISTING                                                                            \
        "\"type\":\"ProductListingRequested\",\"data\":{\"sku\":\"SKU-1\",\"company_id\":" \
        "\"C-7\",\"name\":\"Pump\",\"category\":\"tools\",\"price\":\"19.90\"}"

Test(eventctl_lines, what_is_left_out_is_filled_in)
{
        cr_assert_eq(read("{" LISTING "}"), 0, "%s", ev_error_last()->text);
        cr_assert(is(line.event.key, "C-7"), "the company, by the contract");
        cr_assert(is(header("ce_subject"), "SKU-1"));
        cr_assert(is(header("ce_type"), "quenty.stock.ProductListingRequested"));
        cr_assert(is(header("ce_source"), "/test"));
        cr_assert_eq(header("ce_id").size, 36);
        cr_assert_eq(header("ce_time").size, EV_INSTANT_TEXT_SIZE);
        cr_assert(ev_str_is_null(header("ce_correlationid")));
        cr_assert_eq(bytes.data[0], 0, "Confluent's frame");
        done();
}

Test(eventctl_lines, what_is_given_is_taken)
{
        cr_assert_eq(
                read("{\"type\":\"quenty.stock.GoodsReceived\",\"key\":\"C-1\",\"id\":\"e-1\","
                     "\"source\":\"/dock\",\"time\":\"2025-01-31T12:00:00Z\",\"subject\":\"S\","
                     "\"correlation\":\"c-1\"," GOODS "}"),
                0, "%s", ev_error_last()->text);
        cr_assert(is(line.event.key, "C-1"));
        cr_assert(is(header("ce_id"), "e-1"));
        cr_assert(is(header("ce_source"), "/dock"));
        cr_assert(is(header("ce_time"), "2025-01-31T12:00:00.000000Z"));
        cr_assert(is(header("ce_subject"), "S"));
        cr_assert(is(header("ce_correlationid"), "c-1"));
        done();
}

Test(eventctl_lines, null_says_none_where_silence_is_filled_in)
{
        cr_assert_eq(read("{\"type\":\"GoodsReceived\",\"key\":null,\"subject\":null,\"time\":"
                          "null," GOODS "}"),
                     0);
        cr_assert(ev_str_is_null(line.event.key));
        cr_assert(ev_str_is_null(header("ce_subject")));
        cr_assert(ev_str_is_null(header("ce_time")));
        done();
}

/* Each is refused, and the text names the place. */
Test(eventctl_lines, what_is_wrong_is_refused_by_name)
{
        static const struct {
                const char *text, *says;
        } cases[] = {
                { "", "JSON" },
                { "[]", "not an object" },
                { "{\"typ\":\"x\"}", "there is no member \"typ\"" },
                { "{" GOODS "}", "type: missing" },
                { "{\"type\":7," GOODS "}", "type: not a string" },
                { "{\"type\":\"Goods\"," GOODS "}", "type: there is no type \"Goods\"" },
                { "{\"type\":\"GoodsReceived\"," GOODS "}", "key: missing" },
                { "{\"type\":\"GoodsReceived\",\"key\":\"\\n\"}", "data: missing" },
                { "{\"type\":\"GoodsReceived\",\"key\":\"C\",\"data\":{}}", "field sku: missing" },
                { "{\"type\":\"GoodsReceived\",\"key\":\"C\",\"schema\":1," GOODS "}",
                  "schema: 1" },
                { "{\"type\":\"GoodsReceived\",\"key\":\"C\",\"id\":\"\"," GOODS "}",
                  "id and source" },
                { "{\"type\":\"GoodsReceived\",\"key\":\"C\",\"time\":\"now\"," GOODS "}",
                  "time: not" },
                { "{\"type\":\"GoodsReceived\",\"key\":\"C\",\"sequence\":0," GOODS "}",
                  "sequence: not" },
                { "{\"type\":\"GoodsReceived\",\"key\":\"C\",\"outcome\":\"good\"," GOODS "}",
                  "outcome: not" },
                { "{\"type\":\"OrderConfirmationRequested\",\"data\":{\"order_number\":\"O\"}}",
                  "belongs on quenty.order.ingress.v1" },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
                cr_assert_eq(read(cases[i].text), EV_FAILED, "%s", cases[i].text);
                cr_assert_not_null(strstr(ev_error_last()->text, cases[i].says), "%s: %s",
                                   cases[i].text, ev_error_last()->text);
        }
        done();
}

/* A reader would put it among the dead letters, so it is never sent. */
Test(eventctl_lines, what_readers_would_refuse_is_refused)
{
        char text[2048] = "{\"type\":\"GoodsReceived\",\"key\":\"C\",\"id\":\"";

        memset(text + strlen(text), 'x', 256);
        memcpy(text + strlen(text), "\"," GOODS "}", sizeof("\"," GOODS "}"));
        cr_assert_eq(read(text), EV_FAILED);
        cr_assert_not_null(strstr(ev_error_last()->text, "ce_id has more than 255 bytes"), "%s",
                           ev_error_last()->text);
        done();
}

Test(eventctl_lines, any_type_may_go_to_a_topic_that_is_not_ours)
{
        cr_assert_eq(read_for("copies", false,
                              "{\"type\":\"GoodsReceived\",\"key\":\"C\"," GOODS "}"),
                     0);
        done();
}

/* Opens what was made of the line before, and writes it as tail does. */
static const char *write_again(void)
{
        const struct event_place place = { "copies", 3, 17, 0 };
        struct ev_json_writer writer = EV_JSON_WRITER_INIT(&written);
        struct event_line opened;
        struct ev_bytes key = { (const uint8_t *)line.event.key.data, line.event.key.size };

        cr_assert_eq(event_line_open(envelope.headers, envelope.count, key,
                                     (struct ev_bytes){ bytes.data, bytes.size }, arena, &opened),
                     0, "%s", ev_error_last()->text);
        ev_buffer_clear(&written);
        event_line_write(&place, &opened, &writer);
        cr_assert_eq(ev_json_writer_end(&writer), 0);
        cr_assert_eq(ev_buffer_append(&written, "", 1), 0);
        return (const char *)written.data;
}

/* A fact, which has everything that an envelope can say. */
Test(eventctl_lines, what_tail_writes_is_read_into_the_same_bytes_and_headers)
{
        static const char text[] =
                "{\"type\":\"OrderConfirmationRequested\",\"key\":null,\"id\":\"e\",\"source\":\"/"
                "s\","
                "\"time\":\"2025-01-31T12:00:00.5Z\",\"subject\":null,\"correlation\":\"c\","
                "\"causation\":\"a\",\"causation_source\":\"/a\",\"traceparent\":\"t\","
                "\"tracestate\":\"u\",\"sequence\":9,\"previous_sequence\":7,"
                "\"outcome\":\"refused\",\"data\":{\"order_number\":\"O-1\"}}";
        struct ev_envelope first;
        uint8_t value[64];
        size_t size;

        cr_assert_eq(read_for("copies", false, text), 0, "%s", ev_error_last()->text);
        size = bytes.size;
        cr_assert_leq(size, sizeof(value));
        memcpy(value, bytes.data, size);
        ev_envelope_seal(&line.event, &first);
        /* An ingress event has no sequence to its readers: the headers are compared without. */
        cr_assert_eq(read_for("copies", false, write_again()), 0, "%s", ev_error_last()->text);
        cr_assert_eq(bytes.size, size);
        cr_assert_eq(memcmp(bytes.data, value, size), 0);
        cr_assert(ev_str_is_null(line.event.key));
        cr_assert_eq(envelope.count, first.count - 3);
        cr_assert(is(header("ce_causationsource"), "/a"));
        cr_assert(is(header("tracestate"), "u"));
        cr_assert(ev_str_is_null(header("ce_subject")));
        done();
}

Test(eventctl_lines, a_secret_is_printed_as_stars_which_are_not_taken)
{
        cr_assert_eq(read_for("copies", false,
                              "{\"type\":\"UserRegistrationRequested\",\"key\":\"C\",\"data\":{"
                              "\"unique_id\":\"U\",\"username\":\"u\",\"email\":\"u@example.com\","
                              "\"password_hash\":\"hunter2\",\"role\":\"admin\"}}"),
                     0, "%s", ev_error_last()->text);
        cr_assert_null(strstr(write_again(), "hunter2"));
        cr_assert_not_null(strstr((const char *)written.data, "\"password_hash\":\"***\""));
        cr_assert_eq(read_for("copies", false, (const char *)written.data), EV_FAILED);
        cr_assert_not_null(strstr(ev_error_last()->text, "password_hash"));
        done();
}

Test(eventctl_lines, a_record_that_cannot_be_opened_says_why)
{
        struct event_line opened;

        cr_assert_eq(read("{\"type\":\"GoodsReceived\",\"key\":\"C\"," GOODS "}"), 0);
        cr_assert_eq(event_line_open(envelope.headers, envelope.count, (struct ev_bytes){ NULL, 0 },
                                     (struct ev_bytes){ bytes.data, bytes.size - 1 }, arena,
                                     &opened),
                     EV_UNDECODABLE);
        bytes.data[4] ^= 0xff;
        cr_assert_eq(event_line_open(envelope.headers, envelope.count, (struct ev_bytes){ NULL, 0 },
                                     (struct ev_bytes){ bytes.data, bytes.size }, arena, &opened),
                     EV_UNKNOWN_SCHEMA);
        cr_assert(is(opened.event.type, "quenty.stock.GoodsReceived"));
        cr_assert_eq(event_line_open(envelope.headers, 1, (struct ev_bytes){ NULL, 0 },
                                     (struct ev_bytes){ bytes.data, bytes.size }, arena, &opened),
                     EV_BAD_ENVELOPE);
        done();
}
