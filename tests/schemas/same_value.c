/* A walk of both values at once; the descriptor says where ours lies. */

#include "schemas/same_value.h"

#include <assert.h>
#include <string.h>

#include "base/decimal.h"
#include "base/ratio.h"

static bool same_record(const struct ev_record *record, const uint8_t *base, avro_value_t *theirs,
                        bool shortest, const char **ret_name);

/* Two's complement, big-endian, of up to 16 bytes; not by the function that is tested. */
static bool same_decimal(const uint8_t *at, struct ev_bytes theirs, bool shortest)
{
        ev_uint128 number = theirs.size > 0 && theirs.data[0] & 0x80 ? ~(ev_uint128)0 : 0;
        uint8_t bytes[8];
        int64_t ours;
        size_t size;

        memcpy(&ours, at, sizeof(ours));
        for (size_t i = 0; i < theirs.size; ++i)
                number = number << 8 | theirs.data[i];
        if (theirs.size == 0 || theirs.size > sizeof(number) || (ev_int128)number != ours)
                return false;
        size = ev_decimal_to_bytes(ours, bytes);
        return !shortest || (size == theirs.size && memcmp(bytes, theirs.data, size) == 0);
}

static bool same_bytes(const struct ev_field *field, const uint8_t *at, avro_value_t *theirs,
                       bool shortest)
{
        struct ev_bytes ours, bytes;
        const void *data;

        if (avro_value_get_bytes(theirs, &data, &bytes.size))
                return false;
        bytes.data = data;
        if (field->type == EV_TYPE_DECIMAL)
                return same_decimal(at, bytes, shortest);
        memcpy(&ours, at, sizeof(ours));
        return ours.size == bytes.size &&
               (ours.size == 0 || memcmp(ours.data, bytes.data, ours.size) == 0);
}

static bool same_string(const uint8_t *at, avro_value_t *theirs)
{
        struct ev_str ours;
        const char *text;
        size_t size;

        memcpy(&ours, at, sizeof(ours));
        return !avro_value_get_string(theirs, &text, &size) &&
               ev_str_equal(ours, (struct ev_str){ text, size - 1 }); /* theirs counts a NUL */
}

static bool same_number(const struct ev_field *field, const uint8_t *at, avro_value_t *theirs)
{
        int32_t ours, number;
        int64_t ours64, number64;

        memcpy(&ours, at, sizeof(ours));
        if (field->type == EV_TYPE_INT)
                return !avro_value_get_int(theirs, &number) && number == ours;
        if (field->type == EV_TYPE_ENUM)
                return !avro_value_get_enum(theirs, &number) && number == ours;
        memcpy(&ours64, at, sizeof(ours64));
        return !avro_value_get_long(theirs, &number64) && number64 == ours64;
}

static bool same_value(const struct ev_field *field, const uint8_t *at, avro_value_t *theirs,
                       bool shortest, const char **ret_name)
{
        int flag;

        switch (field->type) {
        case EV_TYPE_BOOLEAN:
                return !avro_value_get_boolean(theirs, &flag) && (flag != 0) == *(const bool *)at;
        case EV_TYPE_INT:
        case EV_TYPE_ENUM:
        case EV_TYPE_LONG:
        case EV_TYPE_TIMESTAMP: return same_number(field, at, theirs);
        case EV_TYPE_DECIMAL:
        case EV_TYPE_BYTES: return same_bytes(field, at, theirs, shortest);
        case EV_TYPE_STRING: return same_string(at, theirs);
        case EV_TYPE_RECORD: return same_record(field->record, at, theirs, shortest, ret_name);
        case EV_TYPE_ARRAY:
        case EV_TYPE_INT_AS_LONG: break;
        }
        assert(false && "a type of a single value");
        return false;
}

static bool same_array(const struct ev_field *field, const uint8_t *base, avro_value_t *theirs,
                       bool shortest, const char **ret_name)
{
        const uint8_t *items;
        size_t count, their_count;
        avro_value_t item;

        memcpy(&items, base + field->offset, sizeof(items));
        memcpy(&count, base + field->beside, sizeof(count));
        if (avro_value_get_size(theirs, &their_count) || count != their_count)
                return false;
        for (size_t i = 0; i < count; ++i)
                if (avro_value_get_by_index(theirs, i, &item, NULL) ||
                    !same_value(field->item, items + i * field->item->size, &item, shortest,
                                ret_name))
                        return false;
        return true;
}

static bool same_field(const struct ev_field *field, const uint8_t *base, avro_value_t *theirs,
                       bool shortest, const char **ret_name)
{
        const uint8_t *at = base + field->offset;
        avro_value_t branch = *theirs;
        int discriminant;

        if (field->optional) {
                bool is_null = ev_field_is_null(field, base);

                if (avro_value_get_discriminant(theirs, &discriminant) ||
                    discriminant != (is_null ? 0 : 1))
                        return false;
                if (is_null)
                        return true;
                if (avro_value_get_current_branch(theirs, &branch))
                        return false;
                if (field->type == EV_TYPE_RECORD)
                        memcpy(&at, base + field->offset, sizeof(at));
        }
        if (field->type == EV_TYPE_ARRAY)
                return same_array(field, base, &branch, shortest, ret_name);
        return same_value(field, at, &branch, shortest, ret_name);
}

/* Names the innermost field: the first that is told stays. */
static bool same_record(const struct ev_record *record, const uint8_t *base, avro_value_t *theirs,
                        bool shortest, const char **ret_name)
{
        size_t count;

        if (avro_value_get_size(theirs, &count) || count != record->fields_count)
                return false;
        for (uint32_t i = 0; i < record->fields_count; ++i) {
                const struct ev_field *field = &record->fields[i];
                avro_value_t value;
                const char *name;

                if (avro_value_get_by_index(theirs, i, &value, &name) ||
                    !ev_str_equal(field->name, ev_str_of(name)) ||
                    !same_field(field, base, &value, shortest, ret_name)) {
                        *ret_name = *ret_name ? *ret_name : field->name.data;
                        return false;
                }
        }
        return true;
}

const char *different_field(const struct ev_record *record, const void *ours, avro_value_t *theirs,
                            bool shortest)
{
        const char *name = NULL;

        assert(record && ours);

        if (same_record(record, ours, theirs, shortest, &name))
                return NULL;
        return name ? name : "all of them";
}
