/* Content, natural key, subject and key of a value, by descriptor.
 *
 * The form of the content is hashed and stored (ev.request), so it may never change: a repeat of an
 * old request would not be recognised any more. The vectors in the unit test stand guard.
 *
 * Values come from decoding, so lengths and depth are bounded; the buffer's bound decides what is
 * too much. Nothing is kept between calls. */

#include "wire/content.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* Descriptors know offsets and no types, so every access goes through bytes. */
static const void *member(const void *value, size_t offset)
{
        assert(value);

        return (const char *)value + offset;
}

/* The integer of a scalar field, whatever its width. One width for all, because an int that becomes
 * a long in a later version must not change the content. */
static int64_t number_of(const struct ev_field *field, const void *value)
{
        int32_t small;
        int64_t number;

        assert(field && value);

        switch (field->type) {
        case EV_TYPE_BOOLEAN: return *(const bool *)member(value, field->offset);
        case EV_TYPE_INT:
        case EV_TYPE_ENUM:
                memcpy(&small, member(value, field->offset), sizeof(small));
                return small;
        case EV_TYPE_LONG:
        case EV_TYPE_TIMESTAMP:
        case EV_TYPE_DECIMAL:
                memcpy(&number, member(value, field->offset), sizeof(number));
                return number;
        case EV_TYPE_STRING:
        case EV_TYPE_BYTES:
        case EV_TYPE_RECORD:
        case EV_TYPE_ARRAY:
        case EV_TYPE_INT_AS_LONG: break;
        }
        assert(field->type != field->type); /* no other type is a number */
        return 0;
}

/* What is written as eight bytes, or by the name that a number stands for. */
static bool is_number(const struct ev_field *field)
{
        assert(field);

        return field->type != EV_TYPE_STRING && field->type != EV_TYPE_BYTES &&
               field->type != EV_TYPE_RECORD && field->type != EV_TYPE_ARRAY;
}

/* What is written as it is behind its length. */
static bool is_text(const struct ev_field *field)
{
        assert(field);

        return field->type == EV_TYPE_STRING || field->type == EV_TYPE_BYTES;
}

/* A slice of bytes has the shape of one of text, so that one copy serves for both. */
static struct ev_str text_of(const struct ev_field *field, const void *value)
{
        struct ev_str text;

        assert(is_text(field));

        memcpy(&text, member(value, field->offset), sizeof(text));
        return text;
}

/* The default of every optional field is null, whether its schema says so or not; that of an array
 * can only be the empty one, and a record has none. */
static bool is_default(const struct ev_field *field, const void *value)
{
        size_t count;

        assert(field && value);

        if (field->optional)
                return ev_field_is_null(field, value);
        if (!field->initial.given)
                return false;
        if (is_text(field))
                return ev_str_equal(text_of(field, value), field->initial.text);
        if (field->type == EV_TYPE_ARRAY) {
                memcpy(&count, member(value, field->beside), sizeof(count));
                return count == 0;
        }
        return is_number(field) && number_of(field, value) == field->initial.number;
}

/* Big-endian and two's complement on every machine: the hash is stored, and a database outlives the
 * machine that made it. */
static int write_number(struct ev_buffer *buffer, int64_t number)
{
        uint64_t bytes = htobe64((uint64_t)number);

        assert(buffer);

        return ev_trace(ev_buffer_append(buffer, &bytes, sizeof(bytes)));
}

/* With the length before it, "ab" and "c" are not "a" and "bc". */
static int write_text(struct ev_buffer *buffer, struct ev_str text)
{
        int r = write_number(buffer, (int64_t)text.size);

        assert(!ev_str_is_null(text));

        if (r == 0)
                r = ev_buffer_append_str(buffer, text);
        return ev_trace(r);
}

/* A symbol is written as its name: its index may be another one in another version. An array begins
 * with its count, and an item that is a record ends with its own count of fields, so nothing can
 * move from one item into the next. */
static int write_value(const struct ev_field *field, const void *value, struct ev_buffer *buffer)
{
        const char *items;
        size_t count;
        int r;

        if (field->type == EV_TYPE_ENUM)
                return ev_trace(
                        write_text(buffer, field->enumeration->symbols[number_of(field, value)]));
        if (is_number(field))
                return ev_trace(write_number(buffer, number_of(field, value)));
        if (is_text(field))
                return ev_trace(write_text(buffer, text_of(field, value)));
        if (field->type == EV_TYPE_RECORD)
                return ev_trace(ev_content_write(
                        field->record,
                        field->optional ? *(const void *const *)member(value, field->offset)
                                        : member(value, field->offset),
                        buffer));

        assert(field->type == EV_TYPE_ARRAY);
        /* The pointer may be NULL where the count is 0; it is not touched then. */
        memcpy(&items, member(value, field->offset), sizeof(items));
        memcpy(&count, member(value, field->beside), sizeof(count));
        r = write_number(buffer, (int64_t)count);
        for (size_t i = 0; r == 0 && i < count; ++i)
                r = write_value(field->item, items + i * field->item->size, buffer);
        return ev_trace(r);
}

/* For a field `n` of 7 alone, in hexadecimal (names behind their length, the count negated at the
 * end):
 *
 *       0000000000000001 6e  0000000000000007  ffffffffffffffff
 *
 * Names and not places order the form, because a new version may put its fields in another order. */
int ev_content_write(const struct ev_record *record, const void *value, struct ev_buffer *buffer)
{
        int64_t written = 0;
        int r = 0;

        assert(record && buffer);
        assert(value);

        for (uint32_t i = 0; r == 0 && i < record->fields_count; ++i) {
                const struct ev_field *field = &record->fields[record->fields[i].by_name];

                if (is_default(field, value))
                        continue;
                ++written;
                r = write_text(buffer, field->name);
                if (r == 0)
                        r = write_value(field, value, buffer);
        }
        /* The number of fields ends a record, so that what follows cannot be taken for one. */
        if (r == 0)
                r = write_number(buffer, -written);
        return ev_trace(r);
}

/* Without the escapes, the parts "a|b" and "c" would make the same key as "a" and "b|c", and two
 * requests would be taken for one. */
static int write_escaped(struct ev_buffer *buffer, struct ev_str text)
{
        int r = 0;

        assert(text.data || text.size == 0);

        for (size_t i = 0; r == 0 && i < text.size; ++i) {
                if (text.data[i] == '|' || text.data[i] == '\\')
                        r = ev_buffer_append(buffer, "\\", 1);
                if (r == 0)
                        r = ev_buffer_append(buffer, &text.data[i], 1);
        }
        return ev_trace(r);
}

/* "\N" cannot be a text: there the backslash would be doubled. So null is not the text "N", and not
 * the empty one either. */
static int write_part(struct ev_buffer *buffer, const struct ev_field *field, const void *value)
{
        assert(is_text(field) || is_number(field));

        if (ev_field_is_null(field, value))
                return ev_trace(ev_buffer_append(buffer, "\\N", 2));
        if (is_text(field))
                return ev_trace(write_escaped(buffer, text_of(field, value)));
        return ev_trace(ev_buffer_printf(buffer, "%" PRId64, number_of(field, value)));
}

/* In the order of the contract, which is part of the schema's lock: another order would be another
 * key for the same request. Long ones are the caller's matter, who has a digest. */
int ev_natural_key_write(const struct ev_record *record, const void *value,
                         struct ev_buffer *buffer)
{
        const struct ev_contract *contract = record->contract;
        int r = 0;

        assert(record && value && buffer);
        assert(contract && contract->natural_key_count > 0);

        for (uint32_t i = 0; r == 0 && i < contract->natural_key_count; ++i) {
                if (i > 0)
                        r = ev_buffer_append(buffer, "|", 1);
                if (r == 0)
                        r = write_part(buffer, contract->natural_key[i], value);
        }
        return ev_trace(r);
}

/* A list, because a refusal may be about something that was never made: the fact that declines a
 * request has no id of the thing asked for and is about whatever else it names. */
int ev_subject_of(const struct ev_record *record, const void *value, struct ev_arena *arena,
                  struct ev_str *ret_subject)
{
        const struct ev_contract *contract = record->contract;
        char text[24]; /* an int64_t, its sign and a NUL */

        assert(value && arena && ret_subject);
        assert(contract);

        for (uint32_t i = 0; i < contract->subject_count; ++i) {
                const struct ev_field *field = contract->subject[i];

                if (ev_field_is_null(field, value))
                        continue;
                if (is_text(field)) {
                        *ret_subject = text_of(field, value);
                        return 0;
                }
                snprintf(text, sizeof(text), "%" PRId64, number_of(field, value));
                return ev_trace(ev_arena_copy(arena, ev_str_of(text), ret_subject));
        }
        *ret_subject = EV_STR_NULL;
        return 0;
}

/* As it is: the partition is computed from these bytes, so events of one aggregate meet in one
 * partition only if nobody changes them on the way. */
struct ev_str ev_key_of(const struct ev_record *record, const void *value)
{
        const struct ev_field *field = record->contract->key;

        assert(record->contract && value);

        if (!field || ev_field_is_null(field, value))
                return EV_STR_NULL;
        return text_of(field, value);
}
