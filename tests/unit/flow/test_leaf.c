/* A row is one leaf and no other: whatever is changed of it shows. */

#include "flow/leaf.h"

#include <stdio.h>
#include <string.h>

#include "support/unit.h"

UNIT_SUITE(leaf);

static struct ev_leaf some_leaf(void)
{
        return (struct ev_leaf){
                .fact = {
                        .seq = 42,
                        .source_id = 1,
                        .topic = 2,
                        .type = 3,
                        .event_id = { { 0x01, 0x97, 0x0a, 0x3e, 0x8f, 0x6c, 0x7a, 0xbc, 0x9d, 0xef,
                                        0x01, 0x23, 0x45, 0x67, 0x89, 0xab } },
                        .key = EV_STR("company-1"),
                        .subject = EV_STR("order-1"),
                        .schema_id = 700001,
                        .payload = { (const uint8_t *)"avro", 4 },
                        .correlation_id = EV_STR("c"),
                        .outcome = 2,
                        .recorded_at = INT64_C(1738367999123456),
                },
                .source = EV_STR("/quenty/order_db/7/1"),
                .topic = EV_STR("quenty.order.events.v1"),
                .type = EV_STR("quenty.order.OrderAccepted"),
        };
}

static void write(const struct ev_leaf *leaf, struct ev_buffer *bytes)
{
        ev_buffer_clear(bytes);
        cr_assert_eq(ev_leaf_write(leaf, bytes), 0);
}

static struct ev_bytes bytes_of(const struct ev_buffer *buffer)
{
        return (struct ev_bytes){ buffer->data, buffer->size };
}

/* Written by hand from the table in flow/leaf.h. */
Test(leaf, its_bytes_are_those_of_the_description)
{
        static const char expected[] = "\x01"
                                       "\0\0\0\x08\0\0\0\0\0\0\0\x2a"
                                       "\0\0\0\x14/quenty/order_db/7/1"
                                       "\0\0\0\x16quenty.order.events.v1"
                                       "\0\0\0\x1aquenty.order.OrderAccepted"
                                       "\0\0\0\x08\0\x06\x2d\x09\x57\x13\xa0\0"
                                       "\0\0\0\x10\x01\x97\x0a\x3e\x8f\x6c\x7a\xbc\x9d\xef\x01\x23"
                                       "\x45\x67\x89\xab"
                                       "\0\0\0\x09"
                                       "company-1"
                                       "\0\0\0\0"
                                       "\0\0\0\x04\0\x0a\xae\x61"
                                       "\0\0\0\x04"
                                       "avro"
                                       "\0\0\0\x01"
                                       "c"
                                       "\xff\xff\xff\xff"
                                       "\xff\xff\xff\xff"
                                       "\0\0\0\x02\0\x02"
                                       "\xff\xff\xff\xff"
                                       "\xff\xff\xff\xff";
        _cleanup_buffer_ struct ev_buffer bytes = EV_BUFFER_INIT(EV_LEAF_BYTES_MAX);
        struct ev_leaf leaf = some_leaf();

        leaf.fact.subject = EV_STR("");
        write(&leaf, &bytes);
        cr_assert_eq(bytes.size, sizeof(expected) - 1);
        cr_assert_arr_eq(bytes.data, expected, bytes.size);
}

/* What may be done to a row, one line a column; a text also becomes null, empty, or longer by what the
 * next column loses. */
#define TEXT_CHANGES(column)                                                               \
        { #column " is another", offsetof(struct ev_leaf, column), EV_STR_INIT("other") }, \
                { #column " is \"\"", offsetof(struct ev_leaf, column), EV_STR_INIT("") }, \
        {                                                                                  \
#column " is null", offsetof(struct ev_leaf, column),                      \
                {                                                                          \
                        NULL, 0                                                            \
                }                                                                          \
        }

static const struct {
        const char *what;
        size_t offset;
        struct ev_str text;
} text_changes[] = {
        TEXT_CHANGES(source),
        TEXT_CHANGES(topic),
        TEXT_CHANGES(type),
        TEXT_CHANGES(fact.key),
        TEXT_CHANGES(fact.subject),
        TEXT_CHANGES(fact.payload),
        TEXT_CHANGES(fact.correlation_id),
        TEXT_CHANGES(fact.causation_id),
        TEXT_CHANGES(fact.causation_source),
        TEXT_CHANGES(fact.traceparent),
        TEXT_CHANGES(fact.tracestate),
};

static const struct {
        const char *what;
        size_t offset, size; /* of a number, of which one bit is turned over */
} number_changes[] = {
        { "seq", offsetof(struct ev_leaf, fact.seq), sizeof(int64_t) },
        { "event_id", offsetof(struct ev_leaf, fact.event_id), EV_UUID_BYTES },
        { "schema_id", offsetof(struct ev_leaf, fact.schema_id), sizeof(int32_t) },
        { "outcome", offsetof(struct ev_leaf, fact.outcome), sizeof(int16_t) },
        { "recorded_at", offsetof(struct ev_leaf, fact.recorded_at), sizeof(int64_t) },
};

static bool is_same(const struct ev_buffer *a, const struct ev_buffer *b)
{
        return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

Test(leaf, changing_any_column_changes_it)
{
        _cleanup_buffer_ struct ev_buffer was = EV_BUFFER_INIT(EV_LEAF_BYTES_MAX), is = was;
        const struct ev_leaf before = some_leaf();
        size_t changes = 0;

        write(&before, &was);
        for (size_t i = 0; i < EV_ARRAY_SIZE(text_changes); ++i) {
                struct ev_leaf leaf = before;
                char *at = (char *)&leaf + text_changes[i].offset;

                memcpy(at, &text_changes[i].text, sizeof(struct ev_str));
                if (memcmp(at, (const char *)&before + text_changes[i].offset,
                           sizeof(struct ev_str)) == 0)
                        continue; /* is null already */
                write(&leaf, &is);
                cr_assert(!is_same(&was, &is), "%s", text_changes[i].what);
                ++changes;
        }
        for (size_t i = 0; i < EV_ARRAY_SIZE(number_changes); ++i)
                for (size_t bit = 0; bit < 8 * number_changes[i].size; ++bit) {
                        struct ev_leaf leaf = before;
                        char *at = (char *)&leaf + number_changes[i].offset + bit / 8;

                        *at = (char)(*at ^ (char)(1 << bit % 8));
                        write(&leaf, &is);
                        cr_assert(!is_same(&was, &is), "%s", number_changes[i].what);
                        ++changes;
                }
        cr_assert_eq(changes, 3 * 11 - 4 + 8 * (8 + 16 + 4 + 2 + 8));
}

Test(leaf, what_moves_from_one_column_to_the_next_changes_it)
{
        _cleanup_buffer_ struct ev_buffer was = EV_BUFFER_INIT(EV_LEAF_BYTES_MAX), is = was;
        struct ev_leaf leaf = some_leaf();

        leaf.fact.key = EV_STR("ab");
        leaf.fact.subject = EV_STR("c");
        write(&leaf, &was);
        leaf.fact.key = EV_STR("a");
        leaf.fact.subject = EV_STR("bc");
        write(&leaf, &is);
        cr_assert_eq(was.size, is.size);
        cr_assert(!is_same(&was, &is));
}

Test(leaf, numbers_of_the_database_are_not_in_it)
{
        _cleanup_buffer_ struct ev_buffer was = EV_BUFFER_INIT(EV_LEAF_BYTES_MAX), is = was;
        struct ev_leaf leaf = some_leaf();

        write(&leaf, &was);
        leaf.fact.source_id = leaf.fact.topic = leaf.fact.type = 99;
        write(&leaf, &is);
        cr_assert(is_same(&was, &is));
}

Test(leaf, what_was_written_is_read)
{
        _cleanup_buffer_ struct ev_buffer bytes = EV_BUFFER_INIT(EV_LEAF_BYTES_MAX), again = bytes;
        struct ev_leaf leaf = some_leaf(), found;

        for (int16_t outcome = 0; outcome < 4; ++outcome) {
                leaf.fact.outcome = outcome;
                write(&leaf, &bytes);
                cr_assert_eq(ev_leaf_parse(&found, bytes_of(&bytes)), 0);
                cr_assert_eq(found.fact.seq, 42);
                cr_assert_eq(found.fact.outcome, outcome);
                cr_assert(ev_str_equal(found.type, leaf.type));
                cr_assert(ev_str_is_null(found.fact.traceparent));
                cr_assert(!ev_str_is_null(found.fact.subject));
                write(&found, &again);
                cr_assert(is_same(&bytes, &again));
        }
}

/* Whatever is read is what is written: no second spelling, no byte that is passed over. */
Test(leaf, bytes_that_are_none_are_refused)
{
        _cleanup_buffer_ struct ev_buffer bytes = EV_BUFFER_INIT(EV_LEAF_BYTES_MAX), again = bytes;
        struct ev_leaf leaf = some_leaf(), found;

        write(&leaf, &bytes);
        for (size_t size = 0; size < bytes.size; ++size)
                cr_assert_lt(ev_leaf_parse(&found, (struct ev_bytes){ bytes.data, size }), 0);
        for (size_t i = 0; i < bytes.size; ++i)
                for (unsigned bit = 0; bit < 8; ++bit) {
                        bytes.data[i] ^= (uint8_t)(1U << bit);
                        if (ev_leaf_parse(&found, bytes_of(&bytes)) == 0) {
                                write(&found, &again);
                                cr_assert(is_same(&bytes, &again), "byte %zu", i);
                        }
                        bytes.data[i] ^= (uint8_t)(1U << bit);
                }
        cr_assert_eq(ev_buffer_append_str(&bytes, EV_STR("x")), 0);
        cr_assert_lt(ev_leaf_parse(&found, bytes_of(&bytes)), 0);
}
