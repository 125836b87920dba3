/* Descriptors: the small helpers that everything which walks them shares, and descriptors made at
 * run time.
 *
 * A run-time descriptor serves where no struct was compiled in: printing a value in its writer's
 * own form, and judging whether two schemas can read each other. Nothing here outlives its arena.

 *
 * A struct that is laid out here, in bytes, for a string, an optional int and an array:
 *
 *       0   struct ev_str s               24   int32_t o  (4 bytes unused)
 *       16  bool has_o  (7 bytes unused)  32   size_t a_count   40  void *a */

#include "wire/record.h"

#include <assert.h>
#include <endian.h>
#include <stdalign.h>
#include <string.h>

#include "base/error.h"
#include "wire/schema.h"

/* A table, since a bound is looked up for each decimal that is read or written. */
const int64_t ev_powers_of_ten[EV_PRECISION_MAX + 1] = {
        INT64_C(1),
        INT64_C(10),
        INT64_C(100),
        INT64_C(1000),
        INT64_C(10000),
        INT64_C(100000),
        INT64_C(1000000),
        INT64_C(10000000),
        INT64_C(100000000),
        INT64_C(1000000000),
        INT64_C(10000000000),
        INT64_C(100000000000),
        INT64_C(1000000000000),
        INT64_C(10000000000000),
        INT64_C(100000000000000),
        INT64_C(1000000000000000),
        INT64_C(10000000000000000),
        INT64_C(100000000000000000),
        INT64_C(1000000000000000000),
};

/* Sign bytes are taken away until eight are left; what was taken must have been the sign of what
 * is left. The absolute value is compared without computing it, since that of INT64_MIN does not
 * exist. */
bool ev_decimal_of_bytes(const uint8_t *bytes, size_t size, unsigned precision,
                         int64_t *ret_unscaled)
{
        uint64_t value;
        uint8_t sign;

        assert(bytes || size == 0);
        assert(precision <= EV_PRECISION_MAX);

        if (size == 0 || size > EV_DECIMAL_BYTES_MAX)
                return false;
        sign = bytes[0] & 0x80 ? 0xff : 0x00;
        value = sign ? UINT64_MAX : 0;
        /* Each byte above the eighth may only repeat the sign. */
        for (; size > 8; --size)
                if (*bytes++ != sign)
                        return false;
        if (size == 8 && ((bytes[0] ^ sign) & 0x80))
                return false; /* the sign bytes were no repetition of the number's own sign */
        for (size_t i = 0; i < size; ++i)
                value = value << 8 | bytes[i];
        if ((int64_t)value >= ev_powers_of_ten[precision] ||
            (int64_t)value <= -ev_powers_of_ten[precision])
                return false;
        *ret_unscaled = (int64_t)value;
        return true;
}

/* A byte is not needed where it only repeats the sign of the one behind it. */
size_t ev_decimal_to_bytes(int64_t unscaled, uint8_t bytes[8])
{
        uint64_t magnitude = (uint64_t)(unscaled ^ unscaled >> 63); /* without the sign's bits */
        unsigned bits = magnitude ? 64 - (unsigned)__builtin_clzll(magnitude) : 0;
        size_t size = bits / 8 + 1; /* a bit more than the magnitude's, for the sign */
        uint64_t shifted = htobe64((uint64_t)unscaled << (64 - 8 * size));

        assert(bytes);
        assert(size >= 1 && size <= 8);
        memcpy(bytes, &shifted, sizeof(shifted));
        return size;
}

/* Records have few fields and this is not asked for a value: a walk is enough. */
const struct ev_field *ev_record_field(const struct ev_record *record, struct ev_str name)
{
        assert(record);

        for (uint32_t i = 0; i < record->fields_count; ++i)
                if (ev_str_equal(record->fields[i].name, name))
                        return &record->fields[i];
        return NULL;
}

/* A walk: symbols are looked up when plans are made and forms are read, not for each event. */
int32_t ev_enum_index(const struct ev_enum *enumeration, struct ev_str symbol)
{
        assert(enumeration);

        for (uint32_t i = 0; i < enumeration->symbols_count; ++i)
                if (ev_str_equal(enumeration->symbols[i], symbol))
                        return (int32_t)i;
        return -1;
}

/* Texts are borrowed from the descriptor, as decoded ones are from the input. */
void ev_field_set_default(const struct ev_field *field, void *value)
{
        const struct ev_default *initial = &field->initial;
        uint8_t *at = (uint8_t *)value + field->offset;
        int32_t number = (int32_t)initial->number;

        assert(field && value);
        assert(initial->given);

        if (field->optional)
                return; /* null, and all zeros are null */
        switch (field->type) {
        case EV_TYPE_BOOLEAN: *(bool *)at = initial->number != 0; break;
        case EV_TYPE_INT:
        case EV_TYPE_ENUM: memcpy(at, &number, sizeof(number)); break;
        case EV_TYPE_LONG:
        case EV_TYPE_TIMESTAMP:
        case EV_TYPE_DECIMAL:
        case EV_TYPE_INT_AS_LONG: memcpy(at, &initial->number, sizeof(initial->number)); break;
        case EV_TYPE_STRING:
        case EV_TYPE_BYTES: memcpy(at, &initial->text, sizeof(initial->text)); break;
        case EV_TYPE_ARRAY: /* empty: all zeros */
        case EV_TYPE_RECORD: break;
        }
}

/* Whatever has a pointer is null by it, and everything else has a flag beside it; so all zeros are
 * a struct whose optional fields are all null. */
bool ev_field_is_null(const struct ev_field *field, const void *value)
{
        const uint8_t *base = value;
        const void *pointer;

        assert(base);

        if (!field->optional)
                return false;
        switch (field->type) {
        case EV_TYPE_STRING: /* slices begin with their pointer */
        case EV_TYPE_BYTES:
        case EV_TYPE_RECORD:
        case EV_TYPE_ARRAY:
                memcpy(&pointer, base + field->offset, sizeof(pointer));
                return !pointer;
        case EV_TYPE_BOOLEAN:
        case EV_TYPE_INT:
        case EV_TYPE_LONG:
        case EV_TYPE_TIMESTAMP:
        case EV_TYPE_DECIMAL:
        case EV_TYPE_ENUM:
        case EV_TYPE_INT_AS_LONG: break;
        }
        /* All that has no pointer has a flag. */
        return !*(const bool *)(base + field->beside);
}

/* What the interpreter relies on for one field: its place lies in the struct, and the type has the
 * descriptor that it needs and no other. */
static bool field_check(const struct ev_field *field, uint32_t size)
{
        bool pointed =
                field->type == EV_TYPE_ARRAY || (field->type == EV_TYPE_RECORD && field->optional);
        size_t needed = pointed ? sizeof(void *) : field->size;

        return (field->skipped || field->offset + needed <= size) &&
               (field->type == EV_TYPE_ARRAY) == (field->item != NULL) &&
               (field->type == EV_TYPE_RECORD) == (field->record != NULL) &&
               (field->type == EV_TYPE_ENUM) == (field->enumeration != NULL);
}

/* Of one level, so that an assert does not cost a walk through the whole tree. */
bool ev_record_check(const struct ev_record *record)
{
        assert(record);

        for (uint32_t i = 0; i < record->fields_count; ++i)
                if (!field_check(&record->fields[i], record->size) ||
                    record->fields[i].by_name >= record->fields_count)
                        return false;
        return record->fields_count > 0 && record->wire_min > 0 && record->name.size > 0;
}

/* Makes descriptors of a schema's types, one for each definition. */
struct maker {
        struct ev_arena *arena;
        const struct ev_record **records; /* by index of the definition */
        const struct ev_enum **enums;     /* the same; NULL where a definition is the other kind */
};

/* What a value takes in a struct, by the table in record.h; an array's pointer only. */
static uint32_t value_size(enum ev_type type, const struct ev_record *record)
{
        switch (type) {
        case EV_TYPE_BOOLEAN: return sizeof(bool);
        case EV_TYPE_INT:
        case EV_TYPE_ENUM: return sizeof(int32_t);
        case EV_TYPE_LONG:
        case EV_TYPE_TIMESTAMP:
        case EV_TYPE_DECIMAL:
        case EV_TYPE_INT_AS_LONG: return sizeof(int64_t);
        case EV_TYPE_STRING:
        case EV_TYPE_BYTES: return sizeof(struct ev_str);
        case EV_TYPE_ARRAY: return sizeof(void *);
        case EV_TYPE_RECORD: break;
        }
        assert(record);
        return record->size;
}

/* Gives `size` bytes of the struct out; everything is aligned for a pointer, which is enough. The
 * largest struct is bounded by make_record(), so sizes cannot wrap. */
static uint32_t place(struct ev_record *record, uint32_t size)
{
        uint32_t offset = record->size;
        uint32_t alignment = alignof(int64_t);

        assert(offset % alignment == 0);

        record->size += (size + alignment - 1) / alignment * alignment;
        return offset;
}

/* What fields and items have in common. Definitions within are made already, see
 * ev_record_new(). */
static void fill_field(struct maker *maker, const struct ev_schema_type *type,
                       struct ev_field *field)
{
        assert(type->type != EV_TYPE_INT_AS_LONG);

        field->type = type->type;
        field->precision = type->precision;
        field->scale = type->scale;
        field->optional = type->optional;
        field->optional_on_wire = type->optional;
        if (type->type == EV_TYPE_RECORD)
                field->record = maker->records[type->named->index];
        if (type->type == EV_TYPE_ENUM)
                field->enumeration = maker->enums[type->named->index];
        field->size = value_size(type->type, field->record);
}

/* A field and its place in the struct: count before pointer, flag before value. */
static int make_field(struct maker *maker, const struct ev_schema_field *from,
                      struct ev_record *record, struct ev_field *field)
{
        struct ev_field *item;

        field->name = from->name;
        field->initial = from->initial;
        field->secret = from->secret;
        field->aliases = from->aliases;
        field->aliases_count = from->aliases_count;
        fill_field(maker, &from->type, field);
        if (field->type == EV_TYPE_ARRAY) {
                item = ev_arena_take(maker->arena, sizeof(*item));
                if (!item)
                        return ev_trace(EV_FAILED);
                fill_field(maker, from->type.item, item);
                field->item = item;
                /* The order of record.h: what says how many, or whether, lies before the value. */
                field->beside = place(record, sizeof(size_t));
                field->offset = place(record, sizeof(void *));
        } else if (field->optional && field->type == EV_TYPE_RECORD) {
                field->offset = place(record, sizeof(void *));
        } else {
                if (field->optional)
                        field->beside = place(record, sizeof(bool));
                field->offset = place(record, field->size);
        }
        assert(field_check(field, record->size));
        return 0;
}

/* The bytes that the shortest value of a field takes. A null takes its index; numbers, texts and
 * arrays take a byte for 0; a decimal takes a length and one byte, for it has no empty form. */
static uint32_t wire_min_of(const struct ev_field *field)
{
        assert(field);

        if (field->optional_on_wire || field->type != EV_TYPE_RECORD)
                return field->type == EV_TYPE_DECIMAL && !field->optional_on_wire ? 2 : 1;
        return field->record->wire_min;
}

/* At any depth, so that whoever prints can ask the event once. */
static bool field_has_secret(const struct ev_field *field)
{
        assert(field);

        return field->secret || (field->record && field->record->has_secret) ||
               (field->item && field_has_secret(field->item));
}

/* Sizes are checked after each field: a few nested definitions of many fields can multiply into
 * gigabytes, and offsets have 32 bits. */
static int make_record(struct maker *maker, const struct ev_schema_named *named)
{
        struct ev_record *record = ev_arena_take(maker->arena, sizeof(*record));
        struct ev_field *fields =
                ev_arena_take_array(maker->arena, named->fields_count, sizeof(*fields));
        int r;

        assert(maker->arena);
        assert(named->type == EV_TYPE_RECORD);

        if (!record || !fields)
                return ev_trace(EV_FAILED);
        record->name = named->name;
        record->fields = fields;
        record->fields_count = named->fields_count;
        record->aliases = named->aliases;
        record->aliases_count = named->aliases_count;
        for (uint32_t i = 0; i < named->fields_count; ++i) {
                r = make_field(maker, &named->fields[i], record, &fields[i]);
                if (r < 0)
                        return ev_trace(r);
                fields[i].by_name = ev_schema_field_by_name(named, i);
                /* Sums of what was made already: fields come before the record that has them. */
                record->wire_min += wire_min_of(&fields[i]);
                record->has_secret |= field_has_secret(&fields[i]);
                if (record->size > EV_FACT_BYTES_MAX || record->wire_min > EV_FACT_BYTES_MAX)
                        return ev_fail(EV_VERDICT_RECORD, "the record %.*s is too large",
                                       EV_STR_ARG(named->name));
        }
        maker->records[named->index] = record;
        return 0;
}

/* Enums point to the schema's own lists, which is why the schema must outlive them. */
static int make_enum(struct maker *maker, const struct ev_schema_named *named)
{
        struct ev_enum *enumeration = ev_arena_take(maker->arena, sizeof(*enumeration));

        assert(named->type == EV_TYPE_ENUM);

        if (!enumeration)
                return ev_trace(EV_FAILED);
        *enumeration = (struct ev_enum){
                .name = named->name,
                .symbols = named->symbols,
                .symbols_count = named->symbols_count,
                .default_symbol = named->default_symbol,
                .aliases = named->aliases,
                .aliases_count = named->aliases_count,
        };
        maker->enums[named->index] = enumeration;
        return 0;
}

/* Definitions become descriptors once each, however often they are named. The event's own record is
 * a copy with the fingerprint, since the same definition may also stand within another schema. */
int ev_record_new(const struct ev_schema *schema, struct ev_arena *arena,
                  const struct ev_record **ret_record)
{
        struct maker maker = { .arena = arena };
        struct ev_record *event;
        uint32_t count = schema->named_count;
        int r;

        assert(schema->record);

        maker.records = ev_arena_take_array(arena, count, sizeof(const struct ev_record *));
        maker.enums = ev_arena_take_array(arena, count, sizeof(const struct ev_enum *));
        event = ev_arena_take(arena, sizeof(*event));
        if (!maker.records || !maker.enums || !event)
                return ev_trace(EV_FAILED);
        /* What contains a record is deeper than it, so by depth each part is made before the whole.
         */
        for (uint32_t i = 0; i < count; ++i) {
                r = schema->named[i]->type == EV_TYPE_ENUM ? make_enum(&maker, schema->named[i])
                                                           : 0;
                if (r < 0)
                        return ev_trace(r);
        }
        for (uint32_t depth = 1; depth <= schema->record->depth; ++depth)
                for (uint32_t i = 0; i < count; ++i) {
                        r = schema->named[i]->depth == depth ? make_record(&maker, schema->named[i])
                                                             : 0;
                        if (r < 0)
                                return ev_trace(r);
                }
        *event = *maker.records[schema->record->index];
        r = ev_schema_fingerprint(schema, &event->fingerprint);
        if (r < 0)
                return ev_trace(r);
        assert(ev_record_check(event));
        *ret_record = event;
        return 0;
}
