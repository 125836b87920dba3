/* Builds binary parameters. Values lie one after the other in one buffer and are found by offset,
 * because the buffer may move while it grows; pointers are made once, at the end.
 *
 * Binary, because text would have to be made and parsed again for every number and time of a batch,
 * and bytes and quotes would have to be escaped. The price is that a wrong type is not a wrong text
 * but wrong bytes: so every value is compared with the declaration of the statement, by an assert,
 * and the declaration with the server, by a test.
 *
 * Failures are remembered and not returned: the loops that fill arrays have no branches for what
 * happens once in a million batches, and nobody can forget one.
 *
 * Nothing here talks to a server, and a half-built set of parameters is only memory. */

#include "store/params.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/macro.h"
#include "store/binary.h"
#include "store/type.h"

/* An array, by PostgreSQL 15, src/backend/utils/adt/arrayfuncs.c, array_send() and array_recv():
 *
 *      int32 dimensions, int32 has-nulls, uint32 element oid,
 *      for each dimension: int32 size, int32 lower bound,
 *      for each element: int32 size or -1 for NULL, and its binary form
 *
 * An empty array has no dimension, and its header ends behind the oid. */
enum {
        ARRAY_HEADER_EMPTY = 12,
        ARRAY_HEADER = 20,
        ARRAY_LOWER_BOUND = 1,
        ELEMENT_HEADER = 4,
};

static const int null_size = -1;
static const uint8_t jsonb_version = 1; /* jsonb_recv() in jsonb.c takes no other */

/* What holds between any two calls. Sizes and places are not looked at: they are checked where they
 * are made, and this runs for every value of a batch. */
static bool params_check(const struct ev_params *params)
{
        return params->statement && params->count <= params->statement->params_count &&
               params->statement->params_count <= EV_STATEMENT_PARAMS_MAX &&
               (!params->array_is_open || params->array_element);
}

/* Without a statement every later use fails its assert, until ev_params_begin(). */
void ev_params_done(struct ev_params *params)
{
        assert(params);

        ev_buffer_done(&params->bytes);
        params->statement = NULL;
}

/* The memory stays, what stood in it does not. */
void ev_params_begin(struct ev_params *params, const struct ev_statement *statement)
{
        assert(params && statement);
        assert(statement->params_count <= EV_STATEMENT_PARAMS_MAX);

        ev_buffer_clear(&params->bytes);
        params->statement = statement;
        params->count = 0;
        params->array_is_open = false;
        params->failed = false;
        params->failure = NULL;
}

/* Only the first failure is kept: what follows it is its consequence. */
static void remember_failure(struct ev_params *params, const char *failure)
{
        assert(params);

        if (params->failed)
                return;
        params->failed = true;
        params->failure = failure;
}

/* After a failure nothing is written any more; what is counted on stays countable. */
static void append(struct ev_params *params, const void *data, size_t size)
{
        assert(params->statement && (data || size == 0));

        if (!params->failed && ev_buffer_append(&params->bytes, data, size) < 0)
                remember_failure(params, NULL);
}

/* Lengthens the bytes; who asks writes them at once. NULL after a failure. A batch has tens of
 * thousands of values, and this is what each of them costs. */
static inline uint8_t *make_room(struct ev_params *params, size_t size)
{
        struct ev_buffer *bytes = &params->bytes;
        uint8_t *room;

        assert(size <= INT_MAX);

        if (params->failed)
                return NULL;
        if (size > bytes->capacity - bytes->size && ev_buffer_reserve(bytes, size) < 0) {
                remember_failure(params, NULL);
                return NULL;
        }
        room = bytes->data + bytes->size;
        bytes->size += size;
        return room;
}

/* The oid that the next value must have. */
static uint32_t oid_of_next(const struct ev_params *params)
{
        assert(params_check(params));

        if (params->array_is_open)
                return params->array_element;
        assert(params->count < params->statement->params_count);
        return params->statement->params[params->count];
}

/* A place and not a pointer is kept, since the buffer may still move. */
static void complete_parameter(struct ev_params *params, size_t offset, int size)
{
        assert(size >= null_size && offset <= params->bytes.size);
        assert(params->count < params->statement->params_count);

        params->offsets[params->count] = offset;
        params->sizes[params->count] = size;
        params->count++;
}

/* Room for a value of that size, or NULL. An element has its size before it; a parameter has it in
 * the protocol, from sizes[]. */
static inline uint8_t *begin_value(struct ev_params *params, size_t size)
{
        size_t offset = params->bytes.size;
        uint8_t *room;

        assert(params_check(params));

        if (!params->array_is_open) {
                room = make_room(params, size);
                complete_parameter(params, offset, (int)size);
                return room;
        }
        params->array_count++;
        room = make_room(params, ELEMENT_HEADER + size);
        if (!room)
                return NULL;
        ev_binary_put_4(room, (uint32_t)size);
        return room + ELEMENT_HEADER;
}

/* A value consists of two parts because jsonb has a byte before its text; either may be empty. */
static inline void add(struct ev_params *params, const void *head, size_t head_size,
                       const void *data, size_t size)
{
        uint8_t *room;

        assert((head || head_size == 0) && (data || size == 0));

        /* libpq counts sizes in int; PostgreSQL itself takes 1 GB. */
        if (size > INT_MAX - ELEMENT_HEADER - head_size) {
                remember_failure(params, NULL);
                size = 0;
        }
        room = begin_value(params, head_size + size);
        if (room && head_size > 0)
                memcpy(room, head, head_size);
        if (room && size > 0)
                memcpy(room + head_size, data, size);
}

/* In an array NULL is an element of size -1, and the header has to say that there are some;
 * alone it is a pointer that libpq gets as NULL. */
void ev_params_null(struct ev_params *params)
{
        uint8_t header[ELEMENT_HEADER];

        assert(oid_of_next(params));

        if (!params->array_is_open) {
                complete_parameter(params, params->bytes.size, null_size);
                return;
        }
        ev_binary_put_4(header, (uint32_t)null_size);
        append(params, header, sizeof(header));
        params->array_count++;
        params->array_has_null = true;
}

/* One byte. Source: src/backend/utils/adt/bool.c, boolsend(). */
void ev_params_bool(struct ev_params *params, bool value)
{
        uint8_t byte = value ? 1 : 0;

        assert(oid_of_next(params) == EV_OID_BOOL);

        add(params, NULL, 0, &byte, sizeof(byte));
}

void ev_params_int2(struct ev_params *params, int16_t value)
{
        uint8_t bytes[2];

        assert(oid_of_next(params) == EV_OID_INT2);

        ev_binary_put_2(bytes, (uint16_t)value);
        add(params, NULL, 0, bytes, sizeof(bytes));
}

void ev_params_int4(struct ev_params *params, int32_t value)
{
        uint8_t bytes[4];

        assert(oid_of_next(params) == EV_OID_INT4);

        ev_binary_put_4(bytes, (uint32_t)value);
        add(params, NULL, 0, bytes, sizeof(bytes));
}

void ev_params_int8(struct ev_params *params, int64_t value)
{
        uint8_t bytes[8];

        assert(oid_of_next(params) == EV_OID_INT8);

        ev_binary_put_8(bytes, (uint64_t)value);
        add(params, NULL, 0, bytes, sizeof(bytes));
}

/* json's binary form is its text, as that of text and varchar is (json_send(), textsend()). Whether
 * bytes are UTF-8 the server checks as well; what came from events was checked when it was read. */
void ev_params_text(struct ev_params *params, struct ev_str value)
{
        uint32_t oid = oid_of_next(params);

        assert(oid == EV_OID_TEXT || oid == EV_OID_VARCHAR || oid == EV_OID_JSON ||
               oid == EV_OID_JSONB);

        if (ev_str_is_null(value)) {
                ev_params_null(params);
                return;
        }
        add(params, &jsonb_version, oid == EV_OID_JSONB ? sizeof(jsonb_version) : 0, value.data,
            value.size);
}

/* The bytes themselves: escapes and hexadecimal digits belong to the text form only. */
void ev_params_bytea(struct ev_params *params, struct ev_bytes value)
{
        assert(oid_of_next(params) == EV_OID_BYTEA);

        if (!value.data) {
                ev_params_null(params);
                return;
        }
        add(params, NULL, 0, value.data, value.size);
}

/* 16 bytes in network order. Source: src/backend/utils/adt/uuid.c, uuid_send(). */
void ev_params_uuid(struct ev_params *params, const struct ev_uuid *uuid)
{
        assert(oid_of_next(params) == EV_OID_UUID);

        if (!uuid) {
                ev_params_null(params);
                return;
        }
        add(params, NULL, 0, uuid->bytes, sizeof(uuid->bytes));
}

/* Checked here because ev_instant_to_pg() takes valid ones only, while these come from events. */
void ev_params_timestamptz(struct ev_params *params, int64_t instant)
{
        bool valid = ev_instant_is_valid(instant);
        uint8_t bytes[8];

        assert(oid_of_next(params) == EV_OID_TIMESTAMPTZ);

        if (!valid)
                remember_failure(params, "an instant is outside the years 0001 to 9999");
        ev_binary_put_8(bytes, (uint64_t)ev_instant_to_pg(valid ? instant : 0));
        add(params, NULL, 0, bytes, sizeof(bytes));
}

/* As with instants. */
void ev_params_date(struct ev_params *params, int64_t day)
{
        bool valid = ev_binary_day_is_valid(day);
        uint8_t bytes[4];

        assert(oid_of_next(params) == EV_OID_DATE);

        if (!valid)
                remember_failure(params, "a day is outside the years 0001 to 9999");
        ev_binary_put_4(bytes, (uint32_t)ev_day_to_pg(valid ? day : 0));
        add(params, NULL, 0, bytes, sizeof(bytes));
}

/* In base 10000, as PostgreSQL computes; base/decimal.c has the format. The column's own scale may
 * be smaller, and the server would round then: so the caller gives what the column has. */
void ev_params_numeric(struct ev_params *params, int64_t unscaled, unsigned scale)
{
        uint8_t bytes[EV_DECIMAL_NUMERIC_MAX];
        size_t size;

        assert(oid_of_next(params) == EV_OID_NUMERIC);

        size = ev_decimal_to_numeric(unscaled, scale, bytes);
        assert(size <= sizeof(bytes));
        add(params, NULL, 0, bytes, size);
}

/* Space for the header now, its content at the end, when count and NULLs are known: rows are
 * walked over once. */
void ev_params_array(struct ev_params *params)
{
        static const uint8_t header[ARRAY_HEADER];
        uint32_t element;

        assert(!params->array_is_open);

        element = ev_type_element(oid_of_next(params));
        assert(element);
        params->array_is_open = true;
        params->array_element = element;
        params->array_offset = params->bytes.size;
        params->array_count = 0;
        params->array_has_null = false;
        append(params, header, sizeof(header)); /* filled in at the end */
}

/* An array that failed becomes NULL, so that the count of parameters is right; it is never sent. */
void ev_params_array_end(struct ev_params *params)
{
        uint8_t *header;
        size_t size;

        assert(params_check(params) && params->array_is_open);

        params->array_is_open = false;
        if (params->failed) {
                complete_parameter(params, params->array_offset, null_size);
                return;
        }
        /* An empty array ends behind the oid, so part of the space is given back. */
        if (params->array_count == 0)
                params->bytes.size = params->array_offset + ARRAY_HEADER_EMPTY;
        header = params->bytes.data + params->array_offset;
        ev_binary_put_4(header, params->array_count ? 1 : 0);
        ev_binary_put_4(header + 4, params->array_has_null);
        ev_binary_put_4(header + 8, params->array_element);
        if (params->array_count) {
                ev_binary_put_4(header + 12, params->array_count);
                ev_binary_put_4(header + 16, ARRAY_LOWER_BOUND);
        }
        size = params->bytes.size - params->array_offset;
        if (size > INT_MAX)
                remember_failure(params, NULL);
        complete_parameter(params, params->array_offset, params->failed ? null_size : (int)size);
}

/* Here and not while appending, since only now the buffer stands still. */
int ev_params_finish(struct ev_params *params)
{
        assert(params_check(params) && !params->array_is_open);
        assert(params->count == params->statement->params_count);

        if (params->failed && params->failure)
                return ev_fail(EV_VERDICT_RECORD, "%s: %s", params->statement->name,
                               params->failure);
        if (params->failed)
                return ev_fail(EV_VERDICT_RECORD, "%s: the parameters need more than %zu bytes",
                               params->statement->name, params->bytes.bytes_max);
        for (size_t i = 0; i < params->count; ++i) {
                const char *data = (const char *)params->bytes.data;

                /* libpq takes a NULL pointer for NULL, so an empty value needs some other one. */
                params->values[i] = params->sizes[i] == null_size ? NULL
                                    : params->sizes[i] == 0       ? ""
                                                                  : data + params->offsets[i];
        }
        return 0;
}

/* The bytes come from the server, which is trusted to be right but not to be of our version:
 * each length is checked before it is used. */
int ev_array_open(struct ev_array *array, struct ev_bytes bytes, uint32_t element)
{
        uint32_t dimensions, count = 0;

        assert(array && element);
        assert(ev_type_by_oid(element));

        if (!bytes.data || bytes.size < ARRAY_HEADER_EMPTY)
                return ev_fail(EV_VERDICT_STOP, "the server sent no array");
        dimensions = ev_binary_get_4(bytes.data);
        if (ev_binary_get_4(bytes.data + 8) != element)
                return ev_fail(EV_VERDICT_STOP, "the server sent an array of oid %u, not %u",
                               ev_binary_get_4(bytes.data + 8), element);
        if (dimensions > 1 || (dimensions == 1 && bytes.size < ARRAY_HEADER))
                return ev_fail(EV_VERDICT_STOP, "the server sent an array of %u dimensions",
                               dimensions);
        if (dimensions == 1)
                count = ev_binary_get_4(bytes.data + 12);
        bytes.data += dimensions ? ARRAY_HEADER : ARRAY_HEADER_EMPTY;
        bytes.size -= dimensions ? ARRAY_HEADER : ARRAY_HEADER_EMPTY;
        /* An element needs at least its header: a count beyond that is no count, and nobody
         * loops over it. */
        if (count > bytes.size / ELEMENT_HEADER)
                return ev_fail(EV_VERDICT_STOP, "the server sent %zu bytes for %u elements",
                               bytes.size, count);
        *array = (struct ev_array){ bytes.data, bytes.size, element, count };
        return 0;
}

/* The slice points into the result and lives as long. Bytes behind the last element are not looked
 * for: nobody reads them. */
int ev_array_next(struct ev_array *array, struct ev_bytes *ret_element)
{
        const struct ev_type *type = ev_type_by_oid(array->element);
        uint32_t size;

        assert(type && ret_element);

        if (array->left == 0)
                return EV_ARRAY_END;
        if (array->size < ELEMENT_HEADER)
                return ev_fail(EV_VERDICT_STOP, "the server sent an array that ends early");
        size = ev_binary_get_4(array->bytes);
        array->bytes += ELEMENT_HEADER;
        array->size -= ELEMENT_HEADER;
        array->left--;
        /* NULL has no bytes behind its size. */
        if (size == (uint32_t)null_size) {
                *ret_element = (struct ev_bytes){ NULL, 0 };
                return 0;
        }
        if (size > array->size || (type->size != EV_TYPE_VARIABLE && size != (uint32_t)type->size))
                return ev_fail(EV_VERDICT_STOP, "the server sent %u bytes for an element of %s",
                               size, type->name);
        *ret_element = (struct ev_bytes){ array->bytes, size };
        array->bytes += size;
        array->size -= size;
        return 0;
}
