#ifndef EV_WIRE_RECORD_H
#define EV_WIRE_RECORD_H

/* Descriptors: what an event's struct looks like, as constant data.
 *
 * avrogen writes a struct and its descriptor from each schema at build time; ev_record_new() makes
 * the same from a schema that is read at run time. One interpreter runs them both ways
 * (wire/avro.h), one prints them as JSON (wire/form.h), and a plan (wire/plan.h) is a descriptor
 * too, in the order of another writer's fields.
 *
 * How values lie in a struct:
 *
 *      boolean        bool                              timestamp   int64_t, µs since 1970, UTC
 *      int            int32_t                           decimal     int64_t, unscaled
 *      long           int64_t                           enum        enum (an int32_t): symbol index
 *      string, bytes  struct ev_str, struct ev_bytes    record      the struct itself
 *      array          T *x and size_t x_count
 *      optional       string, bytes, array: data NULL is null (an empty array is not NULL);
 *                     record: a pointer, NULL is null; all others: bool has_x beside x
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/macro.h"
#include "base/str.h"

enum {
        EV_DEPTH_MAX = 16,                 /* records and arrays in one another */
        EV_PRECISION_MAX = 18,             /* digits of a decimal: what int64_t holds */
        EV_STRING_BYTES_MAX = 4096,        /* of one string or bytes value */
        EV_ITEMS_MAX = 10000,              /* of all arrays of one value together */
        EV_INGRESS_BYTES_MAX = 256 * 1024, /* of an encoded ingress event, frame included */
        EV_FACT_BYTES_MAX = 900 * 1024,    /* of an encoded fact, frame included */
        EV_DECIMAL_BYTES_MAX = 16,         /* of a decimal on the wire */
};

enum ev_type {
        EV_TYPE_BOOLEAN,
        EV_TYPE_INT,
        EV_TYPE_LONG,
        EV_TYPE_TIMESTAMP, /* long, timestamp-micros */
        EV_TYPE_DECIMAL,   /* bytes, decimal */
        EV_TYPE_STRING,
        EV_TYPE_BYTES,
        EV_TYPE_ENUM,
        EV_TYPE_RECORD,
        EV_TYPE_ARRAY,
        EV_TYPE_INT_AS_LONG, /* in plans only: an int on the wire, an int64_t in the struct */
};

struct ev_enum {
        struct ev_str name; /* full name */
        const struct ev_str *symbols;
        uint32_t symbols_count;
        int32_t default_symbol; /* stands for symbols that a reader does not know; −1: none */
        const struct ev_str *aliases; /* full names */
        uint32_t aliases_count;
};

/* The Avro default of a field, as it lies in a struct. */
struct ev_default {
        bool given;
        int64_t number;     /* boolean, int, long, timestamp, decimal, enum */
        struct ev_str text; /* string and bytes; null elsewhere */
};

/* One field of a record, or the item of an array (then without a name, at offset 0). */
struct ev_field {
        struct ev_str name;
        enum ev_type type;
        uint32_t offset;  /* of the value; of the pointer for an array or an optional record */
        uint32_t beside;  /* offset of x_count for an array, of has_x for an optional scalar */
        uint32_t size;    /* bytes of the value itself: the stride of an array's items */
        uint32_t by_name; /* field i of a record: the place of that which is the i-th by name */
        uint8_t precision, scale; /* decimal */
        bool optional;            /* may be null in the struct */
        bool optional_on_wire;    /* a union; differs from `optional` in plans only */
        bool secret;              /* never printed */
        bool skipped;             /* in plans only: read and forgotten */
        struct ev_default initial;
        const struct ev_str *aliases; /* earlier names of the field */
        uint32_t aliases_count;
        uint32_t map_count; /* in plans only: the writer's symbols … */
        const int32_t *map; /* … as ours; −1: unknown to us. NULL: the symbols are the same */
        const struct ev_enum *enumeration;
        const struct ev_record *record; /* of a record */
        const struct ev_field *item;    /* of an array */
};

enum ev_kind {
        EV_KIND_INGRESS, /* reported or asked by another system */
        EV_KIND_FACT,    /* committed by one of our databases */
};

enum ev_repeats {
        EV_REPEATS_AT_ONCE,  /* the same again is a repeat */
        EV_REPEATS_BY_STATE, /* only where it would change nothing or is not allowed any more */
};

/* What `ce_outcome` says of a fact. */
enum ev_outcome {
        EV_OUTCOME_NONE,
        EV_OUTCOME_ACCEPTED,
        EV_OUTCOME_REFUSED,
        EV_OUTCOME_REPEATED,
};

/* The schema attribute "quenty"; schemas/README.md says what each member means. Fields are those of
 * the record that the contract belongs to. */
struct ev_contract {
        enum ev_kind kind;
        struct ev_str topic;
        const struct ev_field *key;            /* NULL: none */
        const struct ev_field *const *subject; /* the first that is present */
        uint32_t subject_count;
        enum ev_outcome outcome; /* of a fact; NONE for ingress */
        enum ev_repeats repeats; /* of ingress, like all that follows */
        const struct ev_field *const *natural_key;
        uint32_t natural_key_count;
        const struct ev_str *outcomes; /* full names of the facts that may be its outcome */
        uint32_t outcomes_count;
};

struct ev_record {
        struct ev_str name; /* full name: `ce_type` */
        uint32_t size;      /* bytes of the struct */
        uint32_t wire_min; /* bytes that the shortest value takes, ≥ 1: bounds what a count means */
        const struct ev_field *fields; /* in the order of the wire */
        uint32_t fields_count;
        bool has_secret;              /* of a field at any depth */
        const struct ev_str *aliases; /* full names */
        uint32_t aliases_count;
        /* In plans only: our fields that the writer does not have, all with a default. */
        const struct ev_field *const *missing;
        uint32_t missing_count;
        /* Of an event, not of a record within one: */
        uint32_t schema_id; /* 0: none */
        uint32_t version;
        uint64_t fingerprint;               /* CRC-64-AVRO of the Parsing Canonical Form */
        const struct ev_contract *contract; /* NULL: none */
};

/* One line of the table of all schemas ever published (schemas/ids). */
struct ev_registered {
        uint32_t id;
        uint32_t version;
        struct ev_str name; /* full name */
        struct ev_str file; /* relative to schemas/ */
        uint64_t fingerprint;
        const struct ev_record *record; /* of the newest version; NULL for superseded ones */
        struct ev_str text;             /* the schema itself */
};

struct ev_schema;

/* Lays a struct out for a schema and describes it, in the arena; both the arena and the schema must
 * outlive *ret_record. Alignment is natural. Fails (verdict: the record's fault) only without
 * memory. The layout is not that of a generated struct: use it through descriptors only. */
int ev_record_new(const struct ev_schema *schema, struct ev_arena *arena,
                  const struct ev_record **ret_record) _must_check_;

/* Checks what decoding relies on, for asserts: offsets lie in the struct, counts fit. */
bool ev_record_check(const struct ev_record *record);

/* The field of that name; NULL if there is none. */
const struct ev_field *ev_record_field(const struct ev_record *record, struct ev_str name);

/* The index of a symbol; −1 if there is none. */
int32_t ev_enum_index(const struct ev_enum *enumeration, struct ev_str symbol);

/* Writes a field's default (which it must have) into a struct that is all zeros. */
void ev_field_set_default(const struct ev_field *field, void *value);

/* Whether the field is null in this struct: false where it is not optional. */
bool ev_field_is_null(const struct ev_field *field, const void *value);

/* Reads a big-endian two's complement number of 1 to EV_DECIMAL_BYTES_MAX bytes, with any number of
 * leading sign bytes. False if it has more than `precision` digits, or no or too many bytes. */
bool ev_decimal_of_bytes(const uint8_t *bytes, size_t size, unsigned precision,
                         int64_t *ret_unscaled);

/* Writes it with as few bytes as hold it; returns their number, 1 to 8. The bytes behind them
 * become zeros. */
size_t ev_decimal_to_bytes(int64_t unscaled, uint8_t bytes[8]);

/* 10 to the power `digits` ≤ EV_PRECISION_MAX: a decimal's absolute value lies below it. */
extern const int64_t ev_powers_of_ten[EV_PRECISION_MAX + 1];

#endif
