/* A walk over a descriptor and a value of avro-c's, each way. */

#include "bench/generic.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/decimal.h"

enum { ABSENT = 0, PRESENT = 1 }; /* branches of an optional field's union: null comes first */

static int fill_text(const struct ev_field *field, const uint8_t *at, avro_value_t *value)
{
        struct ev_str text;

        assert(field->type == EV_TYPE_STRING);

        memcpy(&text, at, sizeof(text));
        return avro_value_set_string_len(value, text.data, text.size + 1); /* it counts a NUL */
}

/* avro-c takes bytes by copying them, and does not change them. */
static int fill_bytes(const struct ev_field *field, const uint8_t *at, avro_value_t *value)
{
        struct ev_bytes bytes;
        uint8_t number[8];
        int64_t unscaled;

        assert(field->type == EV_TYPE_BYTES || field->type == EV_TYPE_DECIMAL);

        if (field->type == EV_TYPE_DECIMAL) {
                memcpy(&unscaled, at, sizeof(unscaled));
                return avro_value_set_bytes(value, number, ev_decimal_to_bytes(unscaled, number));
        }
        memcpy(&bytes, at, sizeof(bytes));
        return avro_value_set_bytes(value, (void *)(uintptr_t)bytes.data, bytes.size);
}

static int fill_number(const struct ev_field *field, const uint8_t *at, avro_value_t *value)
{
        int32_t number;
        int64_t wide;

        assert(field->size > 0);

        if (field->type == EV_TYPE_BOOLEAN)
                return avro_value_set_boolean(value, *(const bool *)at);
        if (field->type == EV_TYPE_LONG || field->type == EV_TYPE_TIMESTAMP) {
                memcpy(&wide, at, sizeof(wide));
                return avro_value_set_long(value, wide);
        }
        memcpy(&number, at, sizeof(number));
        return field->type == EV_TYPE_ENUM ? avro_value_set_enum(value, number)
                                           : avro_value_set_int(value, number);
}

static int fill_one(const struct ev_field *field, const uint8_t *at, avro_value_t *value)
{
        assert(field->type != EV_TYPE_ARRAY);

        if (field->type == EV_TYPE_RECORD)
                return generic_fill(field->record, at, value);
        if (field->type == EV_TYPE_STRING)
                return fill_text(field, at, value);
        if (field->type == EV_TYPE_BYTES || field->type == EV_TYPE_DECIMAL)
                return fill_bytes(field, at, value);
        return fill_number(field, at, value);
}

static int fill_array(const struct ev_field *field, const uint8_t *base, avro_value_t *value)
{
        const uint8_t *items;
        size_t count;
        int r = 0;

        assert(field->type == EV_TYPE_ARRAY);

        memcpy(&items, base + field->offset, sizeof(items));
        memcpy(&count, base + field->beside, sizeof(count));
        for (size_t i = 0; r == 0 && i < count; ++i) {
                avro_value_t item;

                r = avro_value_append(value, &item, NULL);
                if (r == 0)
                        r = fill_one(field->item, items + i * field->item->size, &item);
        }
        return r;
}

static int fill_field(const struct ev_field *field, const uint8_t *base, avro_value_t *value)
{
        const uint8_t *at = base + field->offset;
        avro_value_t branch = *value;

        assert(base);

        if (field->optional) {
                bool is_null = ev_field_is_null(field, base);

                if (avro_value_set_branch(value, is_null ? ABSENT : PRESENT, &branch))
                        return -1;
                if (is_null)
                        return avro_value_set_null(&branch);
                if (field->type == EV_TYPE_RECORD)
                        memcpy(&at, base + field->offset, sizeof(at));
        }
        return field->type == EV_TYPE_ARRAY ? fill_array(field, base, &branch)
                                            : fill_one(field, at, &branch);
}

int generic_fill(const struct ev_record *record, const void *ours, avro_value_t *value)
{
        int r = 0;

        assert(record && ours);

        for (uint32_t i = 0; r == 0 && i < record->fields_count; ++i) {
                avro_value_t field;

                r = avro_value_get_by_index(value, i, &field, NULL);
                if (r == 0)
                        r = fill_field(&record->fields[i], ours, &field);
        }
        return r;
}

static int take_number(const struct ev_field *field, avro_value_t *value, uint64_t *sum)
{
        int32_t number = 0;
        int64_t wide = 0;
        int r;

        assert(field->size > 0);

        if (field->type == EV_TYPE_BOOLEAN)
                r = avro_value_get_boolean(value, &number);
        else if (field->type == EV_TYPE_ENUM)
                r = avro_value_get_enum(value, &number);
        else if (field->type == EV_TYPE_INT)
                r = avro_value_get_int(value, &number);
        else
                r = avro_value_get_long(value, &wide);
        *sum += (uint64_t)wide + (uint64_t)number;
        return r;
}

/* Two's complement, big-endian. */
static int64_t number_of(const uint8_t *bytes, size_t size)
{
        uint64_t number = size > 0 && bytes[0] & 0x80 ? UINT64_MAX : 0;

        assert(bytes || size == 0);

        for (size_t i = 0; i < size; ++i)
                number = number << 8 | bytes[i];
        return (int64_t)number;
}

static int take_bytes(const struct ev_field *field, avro_value_t *value, uint64_t *sum)
{
        const void *data = NULL;
        const char *text = NULL;
        size_t size = 0;
        int r;

        assert(sum);

        r = field->type == EV_TYPE_STRING ? avro_value_get_string(value, &text, &size)
                                          : avro_value_get_bytes(value, &data, &size);
        if (r == 0 && field->type == EV_TYPE_DECIMAL)
                *sum += (uint64_t)number_of(data, size);
        *sum += size + (uintptr_t)data + (uintptr_t)text;
        return r;
}

static int take_one(const struct ev_field *field, avro_value_t *value, uint64_t *sum)
{
        assert(field->type != EV_TYPE_ARRAY);

        if (field->type == EV_TYPE_RECORD)
                return generic_take(field->record, value, sum);
        if (field->type == EV_TYPE_STRING || field->type == EV_TYPE_BYTES ||
            field->type == EV_TYPE_DECIMAL)
                return take_bytes(field, value, sum);
        return take_number(field, value, sum);
}

static int take_array(const struct ev_field *field, avro_value_t *value, uint64_t *sum)
{
        size_t count = 0;
        int r = avro_value_get_size(value, &count);

        assert(field->type == EV_TYPE_ARRAY);

        for (size_t i = 0; r == 0 && i < count; ++i) {
                avro_value_t item;

                r = avro_value_get_by_index(value, i, &item, NULL);
                if (r == 0)
                        r = take_one(field->item, &item, sum);
        }
        return r;
}

static int take_field(const struct ev_field *field, avro_value_t *value, uint64_t *sum)
{
        avro_value_t branch = *value;
        int which = PRESENT;

        assert(sum);

        if (field->optional && (avro_value_get_discriminant(value, &which) ||
                                avro_value_get_current_branch(value, &branch)))
                return -1;
        if (which == ABSENT)
                return 0;
        return field->type == EV_TYPE_ARRAY ? take_array(field, &branch, sum)
                                            : take_one(field, &branch, sum);
}

int generic_take(const struct ev_record *record, avro_value_t *value, uint64_t *sum)
{
        int r = 0;

        assert(record && sum);

        for (uint32_t i = 0; r == 0 && i < record->fields_count; ++i) {
                avro_value_t field;

                r = avro_value_get_by_index(value, i, &field, NULL);
                if (r == 0)
                        r = take_field(&record->fields[i], &field, sum);
        }
        return r;
}
