#ifndef EV_STORE_TYPE_H
#define EV_STORE_TYPE_H

/* The SQL types that statements may have for parameters and columns: one table. */

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Object ids of built-in types never change. Source: PostgreSQL 15,
 * src/include/catalog/pg_type.dat. */
enum ev_oid {
        EV_OID_BOOL = 16,
        EV_OID_BYTEA = 17,
        EV_OID_INT8 = 20,
        EV_OID_INT2 = 21,
        EV_OID_INT4 = 23,
        EV_OID_TEXT = 25,
        EV_OID_JSON = 114,
        EV_OID_VARCHAR = 1043,
        EV_OID_DATE = 1082,
        EV_OID_TIMESTAMPTZ = 1184,
        EV_OID_NUMERIC = 1700,
        EV_OID_UUID = 2950,
        EV_OID_JSONB = 3802,
};

enum { EV_TYPE_VARIABLE = -1 }; /* the size stands before each value, as typlen -1 says */

struct ev_type {
        const char *name; /* as in `-- in:` and `-- out:` lines, and in SQL */
        uint32_t oid;     /* of the type, and of its array */
        uint32_t array_oid;
        int size; /* bytes of the binary form, or EV_TYPE_VARIABLE */
};

/* The type of this name without "[]", or NULL. */
const struct ev_type *ev_type_by_name(struct ev_str name);

/* The type that has this oid, or whose array has it; NULL for types not in the table. */
const struct ev_type *ev_type_by_oid(uint32_t oid);

/* The oid of elements of the array type `oid`, or 0 if that is no array of the table. */
uint32_t ev_type_element(uint32_t oid);

#endif
