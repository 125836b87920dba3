#ifndef EV_WIRE_SCHEMA_H
#define EV_WIRE_SCHEMA_H

/* Avro schemas (Avro 1.11 specification), read into a tree that is never changed.
 *
 * Read are records of boolean, int, long, bytes, string, decimal (on bytes), timestamp-micros,
 * enums, arrays, records and optional values (["null", T]). Refused, naming the field: float,
 * double, fixed, map, null alone, other unions, recursion, records without fields, arrays of
 * arrays and of optional items, and what exceeds the limits. A logical type not named here is
 * ignored, as the specification wants. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "base/str.h"
#include "wire/record.h"

enum {
        EV_SCHEMA_BYTES_MAX = 256 * 1024, /* of a schema's text */
        EV_SCHEMA_FIELDS_MAX = 256,       /* of one record */
        EV_SCHEMA_SYMBOLS_MAX = 1024,     /* of one enum */
        EV_SCHEMA_NAMED_MAX = 256,        /* records and enums of one schema */
        EV_SCHEMA_ALIASES_MAX = 32,       /* of one name */
        EV_SCHEMA_NAME_MAX = 255,         /* bytes of a full name */
};

struct ev_schema_type {
        enum ev_type type;
        bool optional;                       /* ["null", T]; never an array's item */
        uint8_t precision, scale;            /* of a decimal */
        const struct ev_schema_named *named; /* of a record or an enum */
        const struct ev_schema_type *item;   /* of an array; never an array */
};

struct ev_schema_field {
        struct ev_str name, doc; /* doc: null if there is none, as everywhere */
        struct ev_schema_type type;
        struct ev_default initial;
        bool secret;
        const struct ev_str *aliases;
        uint32_t aliases_count;
};

/* A record or an enum. */
struct ev_schema_named {
        enum ev_type type;
        struct ev_str name; /* full */
        struct ev_str doc;
        uint32_t index; /* place among the definitions of the schema */
        uint32_t depth; /* records and arrays in one another, this one included; enum: 0 */
        const struct ev_str *aliases; /* full names */
        uint32_t aliases_count;
        const struct ev_str *symbols; /* of an enum */
        uint32_t symbols_count;
        int32_t default_symbol;               /* −1: none */
        const struct ev_schema_field *fields; /* of a record */
        uint32_t fields_count;
};

/* The place of the field of a record that is the rank-th by name, counted from 0: names have an order
 * that no version of a schema changes. */
uint32_t ev_schema_field_by_name(const struct ev_schema_named *named, uint32_t rank);

/* The attribute "quenty" of the schema's record; fields are places among its fields. */
struct ev_schema_contract {
        bool given;
        enum ev_kind kind;
        struct ev_str topic;
        int32_t key; /* −1: none */
        const uint32_t *subject, *natural_key;
        uint32_t subject_count, natural_key_count;
        enum ev_outcome outcome;
        enum ev_repeats repeats;
        const struct ev_str *outcomes;
        uint32_t outcomes_count;
};

struct ev_schema {
        struct ev_arena *arena; /* everything below lies in it */
        const struct ev_schema_named *record;
        const struct ev_schema_named **named; /* all definitions in the order of the text */
        uint32_t named_count;
        struct ev_schema_contract contract;
};

/* Reads a schema whose top is a record. Copies what it needs of the text. Fails (verdict: the
 * record's fault) with the path of the field that is not supported or malformed.
 * The caller owns *ret_schema (ev_schema_free). */
int ev_schema_parse(struct ev_str text, struct ev_schema **ret_schema) _must_check_;

/* Accepts NULL; returns NULL. */
struct ev_schema *ev_schema_free(struct ev_schema *schema);
EV_DEFINE_CLEANUP(struct ev_schema *, ev_schema_free)

/* Whether the text is a valid schema in the eyes of avro-c. For tests and the generator: avro-c
 * knows nothing of our limits and forgets defaults. Fails with its message. */
int ev_schema_validate(struct ev_str text) _must_check_;

/* Appends the Parsing Canonical Form. */
int ev_schema_write_canonical(const struct ev_schema *schema,
                              struct ev_buffer *buffer) _must_check_;

/* Appends the form that a lock is made over: the canonical form, and what it leaves out but a
 * reader depends on: aliases, defaults, logical types, "secret" and "quenty". Not `doc`. */
int ev_schema_write_lock_form(const struct ev_schema *schema,
                              struct ev_buffer *buffer) _must_check_;

/* Appends a union of the records of several schemas, no two of which clash: what the canonical form
 * has, with logical types, and each named type in full where it stands first. Readers of all makes
 * know it as a writer's schema; defaults, which only a reader's schema needs, are left out. */
int ev_schema_write_union(const struct ev_schema *const *schemas, size_t count,
                          struct ev_buffer *buffer) _must_check_;

/* Whether they cannot stand in one union: both are versions of one event, or they give one name two
 * meanings. Fails without memory. */
int ev_schema_find_clash(const struct ev_schema *a, const struct ev_schema *b,
                         bool *ret_clash) _must_check_;

/* CRC-64-AVRO of the canonical form, and of the lock form. */
int ev_schema_fingerprint(const struct ev_schema *schema, uint64_t *ret_fingerprint) _must_check_;
int ev_schema_lock(const struct ev_schema *schema, uint64_t *ret_lock) _must_check_;

/* CRC-64-AVRO (Avro specification, "Schema Fingerprints"). */
uint64_t ev_crc64_avro(struct ev_bytes bytes);

/* Whether two versions of one event can each read what the other writes: 0, or 1 with an error that
 * says which direction breaks at which field. "older" and "newer" are how the versions are named in
 * it. */
enum { EV_SCHEMA_INCOMPATIBLE = 1 };
int ev_schema_compatible(const struct ev_schema *older, const char *older_name,
                         const struct ev_schema *newer, const char *newer_name) _must_check_;

/* Whether it is one name or several with dots between them, of EV_SCHEMA_NAME_MAX bytes at most. */
bool ev_schema_is_full_name(struct ev_str name);

/* "boolean", "int", … as schemas spell it; "timestamp" and "decimal" for those two. */
const char *ev_type_name(enum ev_type type);

#endif
