#ifndef EV_FLOW_LEAF_H
#define EV_FLOW_LEAF_H

/* A fact of the outbox as the leaf of a Merkle tree: bytes that anybody can make of the row again,
 * with SQL and a few lines of any language.
 *
 *      version     one byte, 1
 *      columns     in the order below: the length of the value (4 bytes, big-endian; -1: null), then
 *                  the value
 *
 *      seq               int8      event_id          uuid      correlation_id    text
 *      source            text      key               text      causation_id      text
 *      topic             text      subject           text      causation_source  text
 *      type              text      schema_id         int4      outcome           int2
 *      recorded_at       int8      payload           bytea     traceparent       text
 *                                                              tracestate        text
 *
 * read from the top to the bottom, one column behind the other. Integers are big-endian two's
 * complement, text is UTF-8, recorded_at is in microseconds since 1970-01-01T00:00:00Z. Every column
 * of ev.outbox takes part; source, topic and type stand for the numbers that only the database uses.
 * outcome is null on a fact that is none. So it is a form of ev.outbox_events as well.
 *
 * In SQL that is, for one column, int4send(length(value)) || value, where value is int8send(seq),
 * textsend(key), uuid_send(event_id) and so on, and '\xffffffff' for a null one;
 * tests/integration/seal/tree.py does it in Python.
 *
 * No two rows have the same bytes, and no bytes are read as two rows: lengths tell null from empty and
 * one column from the next. */

#include "base/buffer.h"
#include "base/merkle.h"
#include "store/feed.h"

enum { EV_LEAF_BYTES_MAX = 4 * 1024 * 1024 }; /* a fact has 900 KiB, its texts have no bound */

/* A row, and the names of its source, topic and type; null for one that the database does not know.
 * The numbers of these three in `fact` are not looked at, and are 0 where a leaf was read. */
struct ev_leaf {
        struct ev_feed_fact fact;
        struct ev_str source, topic, type;
};

/* Appends the bytes. Fails as ev_buffer_append(), and (verdict: record) where a column is longer than a
 * leaf may be. */
int ev_leaf_write(const struct ev_leaf *leaf, struct ev_buffer *bytes) _must_check_;

/* Reads the bytes, of which slices are borrowed. Fails (verdict: record) on what ev_leaf_write() does
 * not write. */
int ev_leaf_parse(struct ev_leaf *ret_leaf, struct ev_bytes bytes) _must_check_;

/* The hash of the leaf in a tree. `scratch` is emptied and used. Fails as both. */
int ev_leaf_hash(const struct ev_leaf *leaf, struct ev_digest *digest, struct ev_buffer *scratch,
                 struct ev_merkle_hash *ret_hash) _must_check_;

#endif
