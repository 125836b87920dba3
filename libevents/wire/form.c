/* Structs to JSON and back, by descriptor.
 *
 * Reading is strict: what one tool writes another one produces from, so a misspelt field must not
 * be silently a default, and a decimal that went through floating point must not be believed.
 * Nothing is kept between calls.
 *
 * A text may come from anybody: its size and depth are bounded by base/json.c, its values here, and
 * what is wrong is told with the path of the field. If the process dies, nothing was changed.
 *
 * One of each type, in the order of the schema; `note` is optional and absent, `password` a secret:
 *
 *       {"sku":"A-1","quantity":2,"price":"19.90","at":"2025-01-31T23:59:59.000000Z",
 *       "status":"PLACED","label":"AP8=","lines":[{"quantity":1},{"quantity":1}],
 *       "fragile":false,"note":null,"password":"***"} */

#include "wire/form.h"

#include <assert.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "base/error.h"
#include "wire/trouble.h"

enum { TEXT_BYTES_MAX = 8 * EV_FACT_BYTES_MAX }; /* what a value of the largest size may print as */

static void write_value(const struct ev_field *field, const uint8_t *at,
                        struct ev_json_writer *writer);

/* All places, so that the text says the scale: 19.90 is not 19.9 to who compares texts. */
static void write_decimal(int64_t value, unsigned scale, struct ev_json_writer *writer)
{
        char text[EV_DECIMAL_TEXT_MAX];
        size_t size = ev_decimal_format(value, scale, text);

        assert(size < sizeof(text));
        ev_json_write_string(writer, (struct ev_str){ text, size });
}

/* The value was decoded or could be encoded, so it is an instant that can be written. */
static void write_instant(int64_t value, struct ev_json_writer *writer)
{
        char text[EV_INSTANT_TEXT_MAX];
        size_t size;

        assert(ev_instant_is_valid(value));

        size = ev_instant_format(value, text);
        ev_json_write_string(writer, (struct ev_str){ text, size });
}

/* Count and pointer lie apart in the struct, so an array is written from the struct and not from
 * its own place like all other values. */
static void write_array(const struct ev_field *field, const uint8_t *base,
                        struct ev_json_writer *writer)
{
        const uint8_t *items;
        size_t count;

        assert(field->type == EV_TYPE_ARRAY);

        memcpy(&items, base + field->offset, sizeof(items));
        memcpy(&count, base + field->beside, sizeof(count));
        assert(items || count == 0);

        ev_json_array_begin(writer);
        for (size_t i = 0; i < count; ++i)
                write_value(field->item, items + i * field->item->size, writer);
        ev_json_array_end(writer);
}

/* A secret that is absent may be seen to be absent; one that is there shows nothing, not even
 * its length. */
static void write_field(const struct ev_field *field, const uint8_t *base,
                        struct ev_json_writer *writer)
{
        const uint8_t *at = base + field->offset;

        assert(!field->skipped);

        ev_json_write_name(writer, field->name);
        if (ev_field_is_null(field, base)) {
                ev_json_write_null(writer);
        } else if (field->secret) {
                ev_json_write_string(writer, EV_STR("***"));
        } else if (field->type == EV_TYPE_ARRAY) {
                write_array(field, base, writer);
        } else {
                if (field->type == EV_TYPE_RECORD && field->optional)
                        memcpy(&at, base + field->offset, sizeof(at));
                write_value(field, at, writer);
        }
}

/* In the order of the schema and with every field, so that two texts can be compared line by
 * line. */
void ev_form_write(const struct ev_record *record, const void *value, struct ev_json_writer *writer)
{
        assert(value);

        ev_json_object_begin(writer);
        for (uint32_t i = 0; i < record->fields_count; ++i)
                write_field(&record->fields[i], value, writer);
        ev_json_object_end(writer);
}

/* By name: an index means nothing to a person, and something else in another version. */
static void write_symbol(const struct ev_enum *enumeration, int32_t symbol,
                         struct ev_json_writer *writer)
{
        assert(symbol >= 0 && (uint32_t)symbol < enumeration->symbols_count);

        ev_json_write_string(writer, enumeration->symbols[symbol]);
}

/* One value that lies at `at`: a member of a struct, an item, or what an optional member points
 * to. */
static void write_value(const struct ev_field *field, const uint8_t *at,
                        struct ev_json_writer *writer)
{
        const void *value = at;

        assert(at);

        switch (field->type) {
        case EV_TYPE_BOOLEAN: ev_json_write_bool(writer, *(const bool *)value); return;
        case EV_TYPE_INT: ev_json_write_int(writer, *(const int32_t *)value); return;
        case EV_TYPE_INT_AS_LONG:
        case EV_TYPE_LONG: ev_json_write_int(writer, *(const int64_t *)value); return;
        case EV_TYPE_TIMESTAMP: write_instant(*(const int64_t *)value, writer); return;
        case EV_TYPE_DECIMAL: write_decimal(*(const int64_t *)value, field->scale, writer); return;
        case EV_TYPE_STRING: ev_json_write_string(writer, *(const struct ev_str *)value); return;
        case EV_TYPE_BYTES: ev_json_write_bytes(writer, *(const struct ev_bytes *)value); return;
        case EV_TYPE_ENUM:
                write_symbol(field->enumeration, *(const int32_t *)value, writer);
                return;
        case EV_TYPE_RECORD: ev_form_write(field->record, value, writer); return;
        case EV_TYPE_ARRAY: break; /* two members of a struct: write_array() */
        }
        assert(false && "a type of a single member");
}

/* Failures of all appends come up here: the writer keeps the first. */
int ev_form_print(const struct ev_record *record, const void *value, struct ev_buffer *buffer)
{
        struct ev_json_writer writer = EV_JSON_WRITER_INIT(buffer);

        assert(record);

        ev_form_write(record, value, &writer);
        return ev_trace(ev_json_writer_end(&writer));
}

/* A text that is read into a struct. */
struct form_reader {
        struct ev_arena *arena;    /* takes the struct, its arrays, texts and bytes */
        struct ev_trouble trouble; /* undefined until something is refused */
        struct ev_str unknown;     /* a member that no field is named after */
};

static int read_value(struct form_reader *reader, const struct ev_field *field,
                      const struct ev_json *node, void *at);

/* Notes the reason; the path is put in front of it on the way up. */
static int refuse(struct form_reader *reader, const char *reason)
{
        assert(reason);

        ev_trouble_begin(&reader->trouble, reason);
        return EV_FAILED;
}

/* A number with a fraction or an exponent is refused, even 1.0: it may have been rounded before. */
static int read_int(struct form_reader *reader, const struct ev_json *node, int64_t min,
                    int64_t max, int64_t *ret_value)
{
        assert(min < max);

        if (!ev_json_int(node, ret_value))
                return refuse(reader, "not a whole number");
        if (*ret_value < min || *ret_value > max)
                return refuse(reader, "a number out of its range");
        return 0;
}

/* Read wide and then narrowed: a number beyond 32 bits must not wrap into the range. */
static int read_int32(struct form_reader *reader, const struct ev_json *node, void *at)
{
        int64_t value = 0;
        int32_t narrow;
        int r = read_int(reader, node, INT32_MIN, INT32_MAX, &value);

        assert(at);

        if (r < 0)
                return r;
        narrow = (int32_t)value;
        memcpy(at, &narrow, sizeof(narrow));
        return 0;
}

/* A JSON number would have gone through floating point in most programs, so only text is taken.
 * Missing places are zeros, more than the scale are refused and never rounded. */
static int read_decimal(struct form_reader *reader, const struct ev_field *field,
                        const struct ev_json *node, int64_t *at)
{
        int64_t bound = ev_powers_of_ten[field->precision];
        int64_t value;

        assert(field->type == EV_TYPE_DECIMAL);

        if (ev_json_type(node) != EV_JSON_STRING)
                return refuse(reader, "a decimal must be a string, such as \"19.90\"");
        if (ev_decimal_parse(ev_json_string(node), field->scale, &value))
                return refuse(reader, "no decimal of its scale");
        if (value >= bound || value <= -bound)
                return refuse(reader, "a decimal beyond its precision");
        *at = value;
        return 0;
}

/* Any zone is taken and becomes UTC. A number is refused: whether it is seconds, milliseconds or
 * microseconds, nobody can see. */
static int read_instant(struct form_reader *reader, const struct ev_json *node, int64_t *at)
{
        assert(at);

        if (ev_json_type(node) != EV_JSON_STRING || !ev_instant_parse(ev_json_string(node), at))
                return refuse(reader, "not an instant of RFC 3339");
        return 0;
}

/* The exact spelling of the schema; the default symbol is for readers of newer writers, not for
 * typing errors. */
static int read_symbol(struct form_reader *reader, const struct ev_enum *enumeration,
                       const struct ev_json *node, void *at)
{
        int32_t symbol = -1;

        assert(enumeration);

        if (ev_json_type(node) == EV_JSON_STRING)
                symbol = ev_enum_index(enumeration, ev_json_string(node));
        if (symbol < 0)
                return refuse(reader, "not a symbol of its enum");
        memcpy(at, &symbol, sizeof(symbol));
        return 0;
}

/* Copied, because the parsed text ends before the struct does. What a secret is printed as is
 * refused for a secret, or a copy of a printed event would put three stars into somebody's
 * account. */
static int read_string(struct form_reader *reader, const struct ev_field *field,
                       const struct ev_json *node, struct ev_str *at)
{
        assert(at);

        if (ev_json_type(node) != EV_JSON_STRING)
                return refuse(reader, "not a string");
        if (field->secret && ev_str_equal(ev_json_string(node), EV_STR("***")))
                return refuse(reader, "a secret is never printed; give the value itself");
        if (ev_arena_copy(reader->arena, ev_json_string(node), at) < 0)
                return refuse(reader, "no memory for it");
        return 0;
}

/* The arena gets a byte for each digit, which is more than the bytes need and known before they
 * are. */
static int read_bytes(struct form_reader *reader, const struct ev_json *node, struct ev_bytes *at)
{
        struct ev_str text = ev_json_string(node);
        uint8_t *bytes = ev_arena_take(reader->arena, text.size + 1);
        size_t size;

        assert(at);

        if (!bytes)
                return refuse(reader, "no memory for it");
        if (ev_str_is_null(text) || !ev_base64_decode(text, bytes, &size))
                return refuse(reader, "bytes must be a string of base64");
        *at = (struct ev_bytes){ bytes, size };
        return 0;
}

/* How many items are too many is left to encoding, which counts those of all arrays together; the
 * arena bounds the memory until then. */
static int read_array(struct form_reader *reader, const struct ev_field *field,
                      const struct ev_json *node, uint8_t *base)
{
        size_t count = ev_json_count(node);
        uint8_t *items;
        int r;

        assert(field->item);

        if (ev_json_type(node) != EV_JSON_ARRAY)
                return refuse(reader, "not a list");
        items = ev_arena_take_array(reader->arena, count, field->item->size);
        if (!items)
                return refuse(reader, "no memory for it");
        for (size_t i = 0; i < count; ++i) {
                r = read_value(reader, field->item, ev_json_item(node, i),
                               items + i * field->item->size);
                if (r < 0) {
                        ev_trouble_in_item(&reader->trouble, i);
                        return r;
                }
        }
        memcpy(base + field->offset, &items, sizeof(items));
        memcpy(base + field->beside, &count, sizeof(count));
        return 0;
}

/* Marks an optional value as present in the way its type wants it, and reads it. */
static int read_present(struct form_reader *reader, const struct ev_field *field,
                        const struct ev_json *node, uint8_t *base)
{
        void *at = base + field->offset;

        assert(ev_json_type(node) != EV_JSON_NULL);

        if (field->type == EV_TYPE_ARRAY)
                return read_array(reader, field, node, base);
        if (field->optional && field->type == EV_TYPE_RECORD) {
                at = ev_arena_take(reader->arena, field->record->size);
                if (!at)
                        return refuse(reader, "no memory for it");
                memcpy(base + field->offset, &at, sizeof(at));
        } else if (field->optional && field->type != EV_TYPE_STRING &&
                   field->type != EV_TYPE_BYTES) {
                *(bool *)(base + field->beside) = true;
        }
        return read_value(reader, field, node, at);
}

/* Absent means the default where there is one; null means null, and is an error where a value is
 * required. A missing field without default is told as missing. The struct is all zeros before, so
 * null needs nothing to be written. */
static int read_field(struct form_reader *reader, const struct ev_field *field,
                      const struct ev_json *object, uint8_t *base)
{
        const struct ev_json *node = ev_json_get(object, field->name);

        assert(field->name.data);

        /* Only a member that is absent takes the default: null that somebody wrote is meant as
         * null. */
        if (!node && field->initial.given) {
                ev_field_set_default(field, base);
                return 0;
        }
        if (ev_json_type(node) == EV_JSON_NULL) {
                if (field->optional)
                        return 0;
                return refuse(reader, node ? "null, where a value is required" : "missing");
        }
        return read_present(reader, field, node, base);
}

/* A name that the schema does not have is a typing error until proved otherwise: taking it for
 * nothing would silently give its neighbour the default. */
static int check_members(struct form_reader *reader, const struct ev_record *record,
                         const struct ev_json *object)
{
        struct ev_json_member member = { 0 };

        assert(ev_json_type(object) == EV_JSON_OBJECT);

        while (ev_json_next(object, &member)) {
                if (ev_record_field(record, member.name))
                        continue;
                reader->unknown = member.name;
                return refuse(reader, "there is no such field: ");
        }
        return 0;
}

/* Unknown members first: a misspelt name is a better answer than "missing" for the field that it
 * should have been. */
static int read_record(struct form_reader *reader, const struct ev_record *record,
                       const struct ev_json *object, uint8_t *base)
{
        int r;

        assert(base);
        assert(record->fields_count > 0);

        if (ev_json_type(object) != EV_JSON_OBJECT)
                return refuse(reader, "not an object");
        r = check_members(reader, record, object);
        for (uint32_t i = 0; r == 0 && i < record->fields_count; ++i) {
                r = read_field(reader, &record->fields[i], object, base);
                if (r < 0)
                        ev_trouble_in_field(&reader->trouble, &record->fields[i]);
        }
        return r;
}

/* One value into its place. Ranges are those of decoding, so that what was read can be encoded. */
static int read_value(struct form_reader *reader, const struct ev_field *field,
                      const struct ev_json *node, void *at)
{
        switch (field->type) {
        case EV_TYPE_BOOLEAN: return ev_json_bool(node, at) ? 0 : refuse(reader, "not a boolean");
        case EV_TYPE_INT: return read_int32(reader, node, at);
        case EV_TYPE_INT_AS_LONG:
        case EV_TYPE_LONG: return read_int(reader, node, INT64_MIN, INT64_MAX, at);
        case EV_TYPE_TIMESTAMP: return read_instant(reader, node, at);
        case EV_TYPE_DECIMAL: return read_decimal(reader, field, node, at);
        case EV_TYPE_STRING: return read_string(reader, field, node, at);
        case EV_TYPE_BYTES: return read_bytes(reader, node, at);
        case EV_TYPE_ENUM: return read_symbol(reader, field->enumeration, node, at);
        case EV_TYPE_RECORD: return read_record(reader, field->record, node, at);
        case EV_TYPE_ARRAY: break; /* two members of a struct: read_array() */
        }
        assert(at);
        assert(false && "a type of a single member");
        return EV_FAILED;
}

/* The error has the field's path and, for an unknown member, its name, which is input and is made
 * harmless by ev_fail() like all other text. */
int ev_form_read(const struct ev_record *record, const struct ev_json *node, struct ev_arena *arena,
                 void **ret_value)
{
        struct form_reader reader = { .arena = arena, .unknown = EV_STR("") };
        void *value = ev_arena_take(arena, record->size);
        const char *path;

        assert(arena);
        assert(ret_value);

        if (!value)
                return ev_trace(EV_FAILED);
        if (read_record(&reader, record, node, value) < 0) {
                path = ev_trouble_path(&reader.trouble);
                return ev_fail(EV_VERDICT_RECORD, "%.*s%s%s: %s%.*s", EV_STR_ARG(record->name),
                               *path ? ", field " : "", path, reader.trouble.reason,
                               EV_STR_ARG(reader.unknown));
        }
        *ret_value = value;
        return 0;
}

/* The tree is gone before the struct is used: strings were copied into the arena. */
int ev_form_parse(const struct ev_record *record, struct ev_str text, struct ev_arena *arena,
                  void **ret_value)
{
        _cleanup_(ev_json_free_p) struct ev_json *root = NULL;
        int r;

        assert(record);

        r = ev_json_parse(text, TEXT_BYTES_MAX, &root);
        if (r < 0)
                return ev_trace(r);
        return ev_trace(ev_form_read(record, root, arena, ret_value));
}
