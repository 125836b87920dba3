/* The table of SQL types. It knows no connection: the generator of statements and the library that
 * sends them read the same rows, so they cannot disagree about a type. */

#include "store/type.h"

#include <assert.h>

#include "base/macro.h"

/* By name. Columns: name, oid, oid of the array (pg_type.dat's array_type_oid), bytes of the binary
 * form. json and jsonb are there for payloads that people query, numeric for what is decimal. Types
 * with a time zone but no instant, or with an inexact value, are left out on purpose. */
static const struct ev_type types[] = {
        { "bool", EV_OID_BOOL, 1000, 1 },
        { "bytea", EV_OID_BYTEA, 1001, EV_TYPE_VARIABLE },
        { "date", EV_OID_DATE, 1182, 4 },
        { "int2", EV_OID_INT2, 1005, 2 },
        { "int4", EV_OID_INT4, 1007, 4 },
        { "int8", EV_OID_INT8, 1016, 8 },
        { "json", EV_OID_JSON, 199, EV_TYPE_VARIABLE },
        { "jsonb", EV_OID_JSONB, 3807, EV_TYPE_VARIABLE },
        { "numeric", EV_OID_NUMERIC, 1231, EV_TYPE_VARIABLE },
        { "text", EV_OID_TEXT, 1009, EV_TYPE_VARIABLE },
        { "timestamptz", EV_OID_TIMESTAMPTZ, 1185, 8 },
        { "uuid", EV_OID_UUID, 2951, 16 },
        { "varchar", EV_OID_VARCHAR, 1015, EV_TYPE_VARIABLE },
};

/* The names of SQL's standard (integer, timestamp with time zone) are left out: one way to write
 * a type. */
const struct ev_type *ev_type_by_name(struct ev_str name)
{
        assert(name.data && name.size > 0);

        for (size_t i = 0; i < EV_ARRAY_SIZE(types); ++i)
                if (ev_str_equal(name, ev_str_of(types[i].name)))
                        return &types[i];
        return NULL;
}

/* An array leads to the row of its elements, as both stand in one. */
const struct ev_type *ev_type_by_oid(uint32_t oid)
{
        assert(oid);

        for (size_t i = 0; i < EV_ARRAY_SIZE(types); ++i)
                if (types[i].oid == oid || types[i].array_oid == oid)
                        return &types[i];
        return NULL;
}

/* A scalar of the table and a type outside of it are no arrays. */
uint32_t ev_type_element(uint32_t oid)
{
        const struct ev_type *type = ev_type_by_oid(oid);

        assert(!type || type->oid != type->array_oid);

        return type && type->array_oid == oid ? type->oid : 0;
}
