#ifndef EV_STORE_PARAMS_H
#define EV_STORE_PARAMS_H

/* Binary parameters of one statement, built in memory that is kept and used again.
 *
 * Scalars and one-dimensional arrays, so that a batch is one statement, `INSERT … SELECT … FROM
 * unnest($1::int8[], …)`. Values are appended in the order of the statement's parameters; an array
 * is opened, filled and closed:
 *
 *      ev_params_begin(&params, &sql_park);
 *      ev_params_text(&params, group);
 *      ev_params_array(&params);
 *      for (…)
 *              ev_params_int8(&params, rows[i].offset);
 *      ev_params_array_end(&params);
 *
 * A value of another type than the statement declares is a bug and an assert. What the world can
 * cause (more bytes than the bound, an instant that cannot be written) is remembered and told once,
 * by ev_params_finish(), which ev_db_queue() calls: appending never needs to be checked.
 *
 * NULL is a null slice or ev_params_null(). Nothing is allocated once the memory has grown to the
 * largest batch. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/str.h"
#include "base/uuid.h"
#include "store/statement.h"

/* Begins as EV_PARAMS_INIT(); ends with ev_params_done(). The fields are the builder's own. */
struct ev_params {
        struct ev_buffer bytes;
        const struct ev_statement *statement;
        size_t count;                                /* parameters complete */
        size_t offsets[EV_STATEMENT_PARAMS_MAX];     /* into bytes */
        int sizes[EV_STATEMENT_PARAMS_MAX];          /* -1: NULL */
        const char *values[EV_STATEMENT_PARAMS_MAX]; /* set by ev_params_finish() */
        bool array_is_open;
        uint32_t array_element; /* oid */
        size_t array_offset;    /* of the header of the open array */
        uint32_t array_count;   /* elements so far */
        bool array_has_null;
        bool failed;         /* nothing is appended any more; told by ev_params_finish() */
        const char *failure; /* a constant; NULL: the bytes did not fit */
};

/* bytes_max bounds the values of one statement, array headers included. */
#define EV_PARAMS_INIT(max) ((struct ev_params){ .bytes = EV_BUFFER_INIT(max) })

void ev_params_done(struct ev_params *params);
#define _cleanup_params_ _cleanup_(ev_params_done)

/* Forgets what stands there and begins the parameters of `statement` (borrowed). */
void ev_params_begin(struct ev_params *params, const struct ev_statement *statement);

/* One value each: a parameter, or an element of the open array. Slices are copied. */
void ev_params_null(struct ev_params *params);
void ev_params_bool(struct ev_params *params, bool value);
void ev_params_int2(struct ev_params *params, int16_t value);
void ev_params_int4(struct ev_params *params, int32_t value);
void ev_params_int8(struct ev_params *params, int64_t value);
/* For text, varchar, json and jsonb. */
void ev_params_text(struct ev_params *params, struct ev_str value);
void ev_params_bytea(struct ev_params *params, struct ev_bytes value);
/* NULL: null. */
void ev_params_uuid(struct ev_params *params, const struct ev_uuid *uuid);
/* An instant and a day (base/clock.h); outside the years 0001 to 9999 they are a failure. */
void ev_params_timestamptz(struct ev_params *params, int64_t instant);
void ev_params_date(struct ev_params *params, int64_t day);
/* base/decimal.h */
void ev_params_numeric(struct ev_params *params, int64_t unscaled, unsigned scale);

/* Opens the next parameter, which is an array; its elements follow. */
void ev_params_array(struct ev_params *params);
void ev_params_array_end(struct ev_params *params);

/* Every parameter of the statement must be there. 0, and values[] and sizes[] are what PostgreSQL
 * gets; or EV_FAILED for what went wrong on the way (verdict: the record's fault). */
int ev_params_finish(struct ev_params *params) _must_check_;

/* Reads a one-dimensional array in its binary form, element by element. */
struct ev_array {
        const uint8_t *bytes;
        size_t size;
        uint32_t element; /* oid */
        uint32_t left;    /* elements not read yet */
};

/* Fails (verdict: stop) when the bytes are no such array of elements of this oid: a null slice,
 * more dimensions, another oid, more elements than the bytes can hold. Borrows. */
int ev_array_open(struct ev_array *array, struct ev_bytes bytes, uint32_t element) _must_check_;

enum { EV_ARRAY_END = 1 };

/* 0 and the binary form of the next element (null slice: NULL); EV_ARRAY_END behind the last one;
 * or EV_FAILED when the bytes end early or an element has not the size of its type. */
int ev_array_next(struct ev_array *array, struct ev_bytes *ret_element) _must_check_;

#endif
