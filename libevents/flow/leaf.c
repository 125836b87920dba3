/* Rows of the outbox as leaves. One table says what a leaf consists of; writing and reading go along it,
 * so neither can leave out a column that the other has.
 *
 * Guarantee: ev_leaf_parse() takes exactly what ev_leaf_write() makes, so whoever is shown a leaf sees
 * all that its hash is of.
 *
 * A column that ev.outbox gets one day is a new version of the leaf: rows that were sealed keep the form that
 * they were sealed in, since their hashes cannot be had again. Pure: nothing is stored. */

#include "flow/leaf.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "store/binary.h"

enum { VERSION = 1, LENGTH_BYTES = 4, NUMBER_BYTES_MAX = 8 };

/* INT2 is an outcome's, which may be null; the other numbers are never. */
enum kind { INT2, INT4, INT8, UUID, TEXT, BYTEA };

/* A leaf is a form for other programs, so the order is for people: first where and what, then when, then
 * the rest as in the table. It may never change within a version. */
static const struct column {
        const char *name;
        enum kind kind;
        size_t offset; /* in struct ev_leaf */
} columns[] = {
        { "seq", INT8, offsetof(struct ev_leaf, fact.seq) },
        { "source", TEXT, offsetof(struct ev_leaf, source) },
        { "topic", TEXT, offsetof(struct ev_leaf, topic) },
        { "type", TEXT, offsetof(struct ev_leaf, type) },
        { "recorded_at", INT8, offsetof(struct ev_leaf, fact.recorded_at) },
        { "event_id", UUID, offsetof(struct ev_leaf, fact.event_id) },
        { "key", TEXT, offsetof(struct ev_leaf, fact.key) },
        { "subject", TEXT, offsetof(struct ev_leaf, fact.subject) },
        { "schema_id", INT4, offsetof(struct ev_leaf, fact.schema_id) },
        { "payload", BYTEA, offsetof(struct ev_leaf, fact.payload) },
        { "correlation_id", TEXT, offsetof(struct ev_leaf, fact.correlation_id) },
        { "causation_id", TEXT, offsetof(struct ev_leaf, fact.causation_id) },
        { "causation_source", TEXT, offsetof(struct ev_leaf, fact.causation_source) },
        { "outcome", INT2, offsetof(struct ev_leaf, fact.outcome) },
        { "traceparent", TEXT, offsetof(struct ev_leaf, fact.traceparent) },
        { "tracestate", TEXT, offsetof(struct ev_leaf, fact.tracestate) },
};

/* ---- Writing ---- */

/* The value of a column as bytes; numbers are put into `number`. Only an outcome may be no number: a fact
 * that answers no request has none, and the struct says 0 for that. */
static struct ev_bytes value_of(const struct ev_leaf *leaf, const struct column *column,
                                uint8_t number[NUMBER_BYTES_MAX])
{
        const char *at = (const char *)leaf + column->offset;
        struct ev_bytes bytes;
        int16_t outcome;
        int32_t small;
        int64_t large;

        assert(column->offset < sizeof(*leaf));

        switch (column->kind) {
        case INT2:
                memcpy(&outcome, at, sizeof(outcome));
                ev_binary_put_2(number, (uint16_t)outcome);
                return (struct ev_bytes){ outcome ? number : NULL, outcome ? sizeof(outcome) : 0 };
        case INT4:
                memcpy(&small, at, sizeof(small));
                ev_binary_put_4(number, (uint32_t)small);
                return (struct ev_bytes){ number, sizeof(small) };
        case INT8:
                memcpy(&large, at, sizeof(large));
                ev_binary_put_8(number, (uint64_t)large);
                return (struct ev_bytes){ number, sizeof(large) };
        case UUID: return (struct ev_bytes){ (const uint8_t *)at, EV_UUID_BYTES };
        case TEXT: /* a slice, as the next one */
        case BYTEA: break;
        }
        static_assert(sizeof(struct ev_str) == sizeof(struct ev_bytes), "slices are alike");
        memcpy(&bytes, at, sizeof(bytes));
        return bytes;
}

/* Every value has its length before it, also those whose size is known: a reader in another
 * language then needs one rule, and a column that is left out or doubled moves all that follow.
 * The bound is far above what an outbox takes; it keeps a length from ever being the one that
 * stands for null. */
static int put(struct ev_buffer *bytes, struct ev_bytes value)
{
        uint8_t length[LENGTH_BYTES];
        int r;

        assert(value.data || value.size == 0);

        if (value.size > EV_LEAF_BYTES_MAX)
                return ev_fail(EV_VERDICT_RECORD, "a column of %zu bytes is too long for a leaf",
                               value.size);
        ev_binary_put_4(length, value.data ? (uint32_t)value.size : UINT32_MAX);
        r = ev_buffer_append(bytes, length, sizeof(length));
        if (r == 0 && value.size > 0)
                r = ev_buffer_append(bytes, value.data, value.size);
        return ev_trace(r);
}

/* The version stands first, so that a row may get another form one day without any leaf of today
 * being read as one of then: trees are kept for years. */
int ev_leaf_write(const struct ev_leaf *leaf, struct ev_buffer *bytes)
{
        static const uint8_t version = VERSION;
        uint8_t number[NUMBER_BYTES_MAX];
        int r = ev_buffer_append(bytes, &version, sizeof(version));

        assert(leaf);

        for (size_t i = 0; r == 0 && i < EV_ARRAY_SIZE(columns); ++i)
                r = put(bytes, value_of(leaf, &columns[i], number));
        return ev_trace(r);
}

/* The prefix that tells leaves from nodes is ev_merkle_leaf()'s. Who calls this for millions of
 * rows gives the same scratch each time, which stops growing at the largest of them. */
int ev_leaf_hash(const struct ev_leaf *leaf, struct ev_digest *digest, struct ev_buffer *scratch,
                 struct ev_merkle_hash *ret_hash)
{
        int r;

        assert(digest && ret_hash);

        ev_buffer_clear(scratch);
        r = ev_leaf_write(leaf, scratch);
        if (r < 0)
                return ev_fail_while("the fact with seq %lld", (long long)leaf->fact.seq);
        return ev_trace(ev_merkle_leaf(digest, scratch->data, scratch->size, ret_hash));
}

/* ---- Reading ---- */

/* Takes the next value off the front. A length that goes beyond the end is not cut to what is there: the
 * bytes are then no leaf, whatever stands before. */
static bool take(struct ev_bytes *bytes, struct ev_bytes *ret_value)
{
        uint32_t size;

        assert(ret_value);

        if (bytes->size < LENGTH_BYTES)
                return false;
        size = ev_binary_get_4(bytes->data);
        *bytes = (struct ev_bytes){ bytes->data + LENGTH_BYTES, bytes->size - LENGTH_BYTES };
        *ret_value = (struct ev_bytes){ 0 };
        if (size == UINT32_MAX)
                return true;
        if (size > bytes->size)
                return false;
        *ret_value = (struct ev_bytes){ bytes->data, size };
        *bytes = (struct ev_bytes){ bytes->data + size, bytes->size - size };
        return true;
}

/* An outcome of 0 would be a second way of writing none. */
static bool set_number(char *at, enum kind kind, struct ev_bytes value)
{
        int16_t outcome = 0;
        int32_t small;
        int64_t large;

        assert(at);

        switch (kind) {
        case INT2:
                if (value.size == sizeof(outcome))
                        outcome = (int16_t)ev_binary_get_2(value.data);
                memcpy(at, &outcome, sizeof(outcome));
                return !value.data || outcome != 0;
        case INT4:
                if (value.size != sizeof(small))
                        return false;
                small = (int32_t)ev_binary_get_4(value.data);
                memcpy(at, &small, sizeof(small));
                return true;
        case INT8:
                if (value.size != sizeof(large))
                        return false;
                large = (int64_t)ev_binary_get_8(value.data);
                memcpy(at, &large, sizeof(large));
                return true;
        case UUID:
        case TEXT:
        case BYTEA: break;
        }
        return false;
}

/* Text is checked, for it is shown to people: what is no UTF-8 was never in the database. */
static bool set(struct ev_leaf *leaf, const struct column *column, struct ev_bytes value)
{
        char *at = (char *)leaf + column->offset;
        struct ev_str text = { (const char *)value.data, value.size };

        assert(column->offset < sizeof(*leaf));

        if (column->kind == TEXT || column->kind == BYTEA) {
                memcpy(at, &value, sizeof(value));
                return column->kind == BYTEA || ev_str_is_text(text);
        }
        if (column->kind != UUID)
                return set_number(at, column->kind, value);
        if (value.size != EV_UUID_BYTES)
                return false;
        memcpy(at, value.data, EV_UUID_BYTES);
        return true;
}

/* Nothing may be left over, neither of the columns nor of the bytes: two texts that are read as
 * one row would have two hashes, and only one of them was sealed. */
int ev_leaf_parse(struct ev_leaf *ret_leaf, struct ev_bytes bytes)
{
        struct ev_leaf leaf = { 0 };
        struct ev_bytes value;

        assert(ret_leaf);

        if (bytes.size == 0 || bytes.data[0] != VERSION)
                return ev_fail(EV_VERDICT_RECORD, "not a leaf of version %d", VERSION);
        bytes = (struct ev_bytes){ bytes.data + 1, bytes.size - 1 };
        for (size_t i = 0; i < EV_ARRAY_SIZE(columns); ++i)
                if (!take(&bytes, &value) || !set(&leaf, &columns[i], value))
                        return ev_fail(EV_VERDICT_RECORD, "not a leaf: %s is no such value",
                                       columns[i].name);
        if (bytes.size > 0)
                return ev_fail(EV_VERDICT_RECORD, "not a leaf: %zu bytes lie behind it",
                               bytes.size);
        *ret_leaf = leaf;
        return 0;
}
