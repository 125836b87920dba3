/* One interpreter for all events: descriptors say what comes next, the loops here read or write it.
 *
 * Everything that is read is checked before it is believed: a length against the bytes that are
 * left, a block's count against the bytes that so many items need, numbers against their range,
 * text against UTF-8. Recursion follows the descriptor, whose depth its schema bounds. Every item
 * takes a byte at least (records have fields), so no input makes more work than it has bytes.
 * Nothing is kept between calls.
 *
 * Guarantees that a value which was decoded can be encoded again and that a refusal names event,
 * field and byte, since whoever reads it has the record's bytes and not our source. If the process
 * dies here, the batch's transaction was not committed and the record is read again.
 *
 * What stands on the wire, after the specification's "Binary Encoding":
 *
 *       boolean         a byte, 0 or 1
 *       int, long       zigzag, seven bits a byte, the lowest first
 *       string, bytes   the length as a long, then so many bytes
 *       decimal         as bytes: two's complement, big-endian, of the unscaled number
 *       enum            the symbol's place as an int
 *       ["null", T]     0, or 1 (in zigzag 02) and the value
 *       array           a count as a long and so many items, again and again, until a count of 0
 *       record          its fields one after another, with nothing between or around them */

#include "wire/avro.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "wire/trouble.h"

enum { VARINT_BYTES_MAX = 10 }; /* 64 bits in groups of seven */

/* A value that is being read. The slice does not change while it is read and outlives the
 * struct. */
struct reader {
        const uint8_t *start, *at, *end; /* the byte in an error counts from `start` */
        struct ev_arena *arena; /* takes arrays and optional records; strings stay in the input */
        uint32_t items;         /* of all arrays so far */
        struct ev_trouble trouble; /* undefined until something is refused */
};

/* Records contain values and values records; the depth of their schema ends the recursion. */
static int read_record(struct reader *reader, const struct ev_record *record, uint8_t *base);
static int read_value(struct reader *reader, const struct ev_field *field, uint8_t *at);
static int skip_value(struct reader *reader, const struct ev_field *field);

/* In line, so that the compiler sees that a refusal is never 0. */
static inline int refuse(struct reader *reader, enum ev_refusal refusal, const char *reason)
{
        assert(refusal > 0);

        ev_trouble_begin(&reader->trouble, reason);
        return (int)refusal;
}

/* Seven bits a byte, the lowest first (Avro specification, "Primitive Types": variable-length
 * zig-zag). The tenth byte has room for the 64th bit and no other, so more than 1 there would be
 * lost without a word.
 *
 * A form longer than it has to be (80 00 for 0) is taken: the specification does not forbid it, and
 * nobody could read it as another number. */
static int read_varint_slowly(struct reader *reader, uint64_t *ret_value)
{
        uint64_t value = 0;

        assert(reader->at <= reader->end);

        for (unsigned i = 0; i < VARINT_BYTES_MAX; ++i) {
                uint8_t byte;

                if (reader->at == reader->end)
                        return refuse(reader, EV_UNDECODABLE, "the value ends within a number");
                byte = *reader->at++;
                if (i == VARINT_BYTES_MAX - 1 && byte > 1)
                        break;
                value |= (uint64_t)(byte & 0x7f) << (7 * i);
                if (byte < 0x80) {
                        *ret_value = value;
                        return 0;
                }
        }
        return refuse(reader, EV_UNDECODABLE, "a number of more than 64 bits");
}

/* Zigzag: 0, -1, 1, -2 … are 0, 1, 2, 3 …, so that small numbers of either sign take few bytes.
 * Most take one, and that way has no call in it. */
static inline int read_long(struct reader *reader, int64_t *ret_value)
{
        uint64_t value;
        int r;

        if (reader->at < reader->end && *reader->at < 0x80) {
                value = *reader->at++;
        } else {
                r = read_varint_slowly(reader, &value);
                if (r)
                        return r;
        }
        *ret_value = (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
        return 0;
}

/* An int has the encoding of a long; what is beyond 32 bits was written by somebody who did not
 * know their own schema. */
static inline int read_int(struct reader *reader, int32_t *ret_value)
{
        int64_t value;
        int r = read_long(reader, &value);

        if (r)
                return r;
        if (value < INT32_MIN || value > INT32_MAX)
                return refuse(reader, EV_UNDECODABLE, "an int of more than 32 bits");
        *ret_value = (int32_t)value;
        return 0;
}

/* A long of any size is an instant to Avro; neither RFC 3339 nor a calendar of ours can write
 * one outside of these years, so it ends here and not in a rule. */
static inline int read_instant(struct reader *reader, int64_t *ret_value)
{
        int64_t value;
        int r = read_long(reader, &value);

        if (r)
                return r;
        if (value < EV_INSTANT_MIN || value > EV_INSTANT_MAX)
                return refuse(reader, EV_UNDECODABLE, "an instant outside of the years 1 to 9999");
        *ret_value = value;
        return 0;
}

/* One byte. Others than 0 and 1 would be true to C and something else to other readers. */
static inline int read_boolean(struct reader *reader, bool *ret_value)
{
        assert(reader->at <= reader->end);

        if (reader->at == reader->end)
                return refuse(reader, EV_UNDECODABLE, "the value ends before a boolean");
        if (*reader->at > 1)
                return refuse(reader, EV_UNDECODABLE, "a boolean that is neither 0 nor 1");
        *ret_value = *reader->at++ == 1;
        return 0;
}

/* A length and so many bytes. First whether the length can be true, then whether it is too much: a
 * lie makes the record undecodable, a truth that is too large makes it over the limit, and an
 * operator does something else about each. No sum of pointers is formed before both are known. */
static inline int read_bytes(struct reader *reader, size_t max, struct ev_bytes *ret_bytes)
{
        int64_t size;
        int r = read_long(reader, &size);

        if (r)
                return r;
        if (size < 0)
                return refuse(reader, EV_UNDECODABLE, "a negative length");
        if (size > reader->end - reader->at)
                return refuse(reader, EV_UNDECODABLE, "a length beyond the end of the value");
        if ((size_t)size > max)
                return refuse(reader, EV_OVER_LIMIT, "more than 4096 bytes");
        *ret_bytes = (struct ev_bytes){ reader->at, (size_t)size };
        reader->at += size;
        return 0;
}

/* Whether eight bytes are ASCII without NUL. The second term has a high bit where a byte is 0;
 * bytes of 0x80 on, for which it may be wrong, are found by the first. */
static inline bool is_plain(const char *bytes)
{
        const uint64_t ones = UINT64_C(0x0101010101010101);
        uint64_t eight;

        memcpy(&eight, bytes, sizeof(eight));
        return !((eight | (eight - ones)) & (ones << 7));
}

/* Nearly all text is ASCII: eight bytes a step while it is, the last step over the last eight
 * bytes. What is not, is judged by the whole rule. The overlapping last step saves a loop over the
 * rest; a NUL is caught by both ways. */
static inline bool is_text(struct ev_str str)
{
        const size_t step = sizeof(uint64_t);
        size_t i = 0;

        if (str.size >= step) {
                while (str.size - i > step && is_plain(str.data + i))
                        i += step;
                if (str.size - i <= step && is_plain(str.data + str.size - step))
                        return true;
        } else {
                while (i < str.size && (signed char)str.data[i] > 0)
                        ++i;
                if (i == str.size)
                        return true;
        }
        return ev_str_is_text((struct ev_str){ str.data + i, str.size - i });
}

/* Text is judged here, once, so that rules, logs, JSON and PostgreSQL can rely on it. Nothing is
 * copied: the slice is of the input. */
static inline int read_string(struct reader *reader, struct ev_str *ret_string)
{
        struct ev_bytes bytes;
        struct ev_str string;
        int r = read_bytes(reader, EV_STRING_BYTES_MAX, &bytes);

        if (r)
                return r;
        string = (struct ev_str){ (const char *)bytes.data, bytes.size };
        if (!is_text(string))
                return refuse(reader, EV_UNDECODABLE, "text that is not UTF-8 or holds U+0000");
        *ret_string = string;
        return 0;
}

/* Any number of sign bytes is valid Avro; a value beyond the precision is not, although most
 * writers would let it pass. */
static inline int read_decimal(struct reader *reader, unsigned precision, int64_t *ret_value)
{
        struct ev_bytes bytes;
        int r = read_bytes(reader, EV_STRING_BYTES_MAX, &bytes);

        assert(precision <= EV_PRECISION_MAX);

        if (r)
                return r;
        if (!ev_decimal_of_bytes(bytes.data, bytes.size, precision, ret_value))
                return refuse(reader, EV_UNDECODABLE,
                              "a decimal without bytes, of more than 16, or beyond its precision");
        return 0;
}

/* A plan's map gives our symbol for the writer's; skipped fields are checked against the writer's
 * own symbols. */
static inline int read_symbol(struct reader *reader, const struct ev_field *field,
                              int32_t *ret_symbol)
{
        uint32_t count = field->map ? field->map_count : field->enumeration->symbols_count;
        int64_t symbol;
        int r = read_long(reader, &symbol);

        if (r)
                return r;
        if (symbol < 0 || symbol >= count)
                return refuse(reader, EV_UNDECODABLE, "an enum index without a symbol");
        if (field->map && field->map[symbol] < 0)
                return refuse(reader, EV_UNDECODABLE, "a symbol that our schema does not know");
        *ret_symbol = field->map ? field->map[symbol] : (int32_t)symbol;
        return 0;
}

/* Whether a union's value follows (its index was 1). The null branch comes first in every union
 * that a schema may have here. */
static inline int read_presence(struct reader *reader, bool *ret_present)
{
        int64_t index;
        int r = read_long(reader, &index);

        if (r)
                return r;
        if (index != 0 && index != 1)
                return refuse(reader, EV_UNDECODABLE, "a union index other than 0 and 1");
        *ret_present = index == 1;
        return 0;
}

/* One block of an array: 0 items end it. A negative count is followed by the block's size in bytes,
 * which must be true: others skip by it. Writers that stream use them; ours never does. */
struct block {
        int64_t count;
        const uint8_t *end; /* NULL: the size was not given */
};

/* A count is only a number that somebody wrote: it is believed up to what the bytes behind it could
 * hold, at the least size of an item, before any memory is taken for it. So twelve bytes that
 * promise a billion items cost twelve bytes of reading.
 *
 * The limit counts the items of all arrays of the value, since many small arrays are as much work
 * as a large one. A block's size is checked against the end of the value here, and against its
 * items by end_block(). */
static int read_block(struct reader *reader, const struct ev_field *item, struct block *block)
{
        int64_t left, item_min, size;
        int r = read_long(reader, &block->count);

        assert(reader->items <= EV_ITEMS_MAX);

        if (r)
                return r;
        block->end = NULL;
        if (block->count < 0) {
                r = read_long(reader, &size);
                if (r)
                        return r;
                if (size < 0 || size > reader->end - reader->at)
                        return refuse(reader, EV_UNDECODABLE,
                                      "a block beyond the end of the value");
                /* It has no positive twin. */
                if (block->count == INT64_MIN)
                        return refuse(reader, EV_UNDECODABLE, "an impossible number of items");
                block->count = -block->count;
                block->end = reader->at + size;
        }
        /* What a block's items may take is its own size where it says one, else all that is
         * left. */
        left = (block->end ? block->end : reader->end) - reader->at;
        item_min = item->record ? (int64_t)item->record->wire_min : 1;
        if (block->count > left / item_min)
                return refuse(reader, EV_UNDECODABLE, "more items than the value has bytes for");
        if (block->count > EV_ITEMS_MAX - (int64_t)reader->items)
                return refuse(reader, EV_OVER_LIMIT, "more than 10000 items in one value");
        reader->items += (uint32_t)block->count;
        return 0;
}

/* A size that is not true would give those who skip by it another value than those who read. */
static int end_block(struct reader *reader, const struct block *block)
{
        assert(reader->at <= reader->end);

        if (block->end && block->end != reader->at)
                return refuse(reader, EV_UNDECODABLE,
                              "a block whose size is not that of its items");
        return 0;
}

/* An array that grows from block to block; its end is known only when it is reached. */
struct items {
        uint8_t *data; /* in the arena; NULL before the first item */
        size_t count, capacity;
};

/* The arena cannot lengthen a piece, so what was read moves into a larger one; the old one is
 * lost until the batch ends, at most as much again. */
static int make_room(struct reader *reader, struct items *items, size_t more, size_t stride)
{
        size_t capacity = items->count + more;
        uint8_t *data;

        assert(stride > 0);

        if (capacity <= items->capacity)
                return 0;
        if (capacity < 2 * items->capacity)
                capacity = 2 * items->capacity; /* many small blocks copy as little as one large */
        data = ev_arena_take_array(reader->arena, capacity, stride);
        if (!data) {
                ev_trouble_begin(&reader->trouble, "no memory");
                return ev_trace(EV_FAILED);
        }
        if (items->count > 0)
                memcpy(data, items->data, items->count * stride);
        items->data = data;
        items->capacity = capacity;
        return 0;
}

/* The items of one block into room that was made before. */
static int read_items(struct reader *reader, const struct ev_field *item, size_t count,
                      struct items *items)
{
        int r;

        assert(items->count + count <= items->capacity);

        for (size_t i = 0; i < count; ++i) {
                r = read_value(reader, item, items->data + items->count * item->size);
                if (r) {
                        ev_trouble_in_item(&reader->trouble, items->count);
                        return r;
                }
                ++items->count;
        }
        return 0;
}

/* Blocks until the empty one. Where an item fails, its index stands in the path of the error. */
static int read_array(struct reader *reader, const struct ev_field *field, struct items *items)
{
        struct block block;
        int r;

        assert(field->item);

        for (;;) {
                r = read_block(reader, field->item, &block);
                if (r)
                        return r;
                if (block.count == 0)
                        return end_block(reader, &block);
                r = make_room(reader, items, (size_t)block.count, field->item->size);
                if (r)
                        return r;
                r = read_items(reader, field->item, (size_t)block.count, items);
                if (r)
                        return r;
                r = end_block(reader, &block);
                if (r)
                        return r;
        }
}

/* As read_array(), without a place for the items; they count towards the limit all the same. */
static int skip_array(struct reader *reader, const struct ev_field *field)
{
        struct block block;
        int r;

        assert(field->item);

        do {
                r = read_block(reader, field->item, &block);
                for (int64_t i = 0; !r && i < block.count; ++i)
                        r = skip_value(reader, field->item);
                if (!r)
                        r = end_block(reader, &block);
        } while (!r && block.count > 0);
        return r;
}

/* A field of the writer's that we do not have, or one within it. The writer's own descriptor says
 * what lies there. */
static int skip_field(struct reader *reader, const struct ev_field *field)
{
        bool present = true;
        int r = 0;

        if (field->optional_on_wire)
                r = read_presence(reader, &present);
        if (!r && present)
                r = skip_value(reader, field);
        if (r > 0)
                ev_trouble_in_field(&reader->trouble, field);
        return r;
}

/* Field by field: Avro has no length that would let a record be jumped over. */
static int skip_record(struct reader *reader, const struct ev_record *record)
{
        int r = 0;

        assert(record->fields_count > 0);

        for (uint32_t i = 0; !r && i < record->fields_count; ++i)
                r = skip_field(reader, &record->fields[i]);
        return r;
}

/* Reads and forgets: what is not for us must be as well formed as what is. The readers are those of
 * real values, so a record cannot be good for one version of ours and bad for another only because
 * of what the older one skips. */
static int skip_value(struct reader *reader, const struct ev_field *field)
{
        union {
                bool flag;
                int32_t number;
                int64_t number64;
                struct ev_str string;
                struct ev_bytes bytes;
        } unused;

        switch (field->type) {
        case EV_TYPE_BOOLEAN: return read_boolean(reader, &unused.flag);
        case EV_TYPE_INT_AS_LONG:
        case EV_TYPE_INT: return read_int(reader, &unused.number);
        case EV_TYPE_LONG: return read_long(reader, &unused.number64);
        case EV_TYPE_TIMESTAMP: return read_instant(reader, &unused.number64);
        case EV_TYPE_DECIMAL: return read_decimal(reader, field->precision, &unused.number64);
        case EV_TYPE_STRING: return read_string(reader, &unused.string);
        case EV_TYPE_BYTES: return read_bytes(reader, EV_STRING_BYTES_MAX, &unused.bytes);
        case EV_TYPE_ENUM: return read_symbol(reader, field, &unused.number);
        case EV_TYPE_RECORD: return skip_record(reader, field->record);
        case EV_TYPE_ARRAY: return skip_array(reader, field);
        }
        assert(false && "a type");
        return EV_FAILED;
}

static int read_optional(struct reader *reader, const struct ev_field *field, uint8_t *base);
static int read_array_field(struct reader *reader, const struct ev_field *field, uint8_t *base);

/* A value of one member. In line wherever it is used: this switch is where decoding spends its
 * time. */
static inline __attribute__((always_inline)) int
read_member(struct reader *reader, const struct ev_field *field, uint8_t *at)
{
        int32_t number;
        int r;

        switch (field->type) {
        case EV_TYPE_BOOLEAN: return read_boolean(reader, (bool *)at);
        case EV_TYPE_INT: return read_int(reader, (int32_t *)(void *)at);
        case EV_TYPE_INT_AS_LONG:
                r = read_int(reader, &number);
                if (!r)
                        *(int64_t *)(void *)at = number;
                return r;
        case EV_TYPE_LONG: return read_long(reader, (int64_t *)(void *)at);
        case EV_TYPE_TIMESTAMP: return read_instant(reader, (int64_t *)(void *)at);
        case EV_TYPE_DECIMAL: return read_decimal(reader, field->precision, (int64_t *)(void *)at);
        case EV_TYPE_STRING: return read_string(reader, (struct ev_str *)(void *)at);
        case EV_TYPE_BYTES:
                return read_bytes(reader, EV_STRING_BYTES_MAX, (struct ev_bytes *)(void *)at);
        case EV_TYPE_ENUM: return read_symbol(reader, field, (int32_t *)(void *)at);
        case EV_TYPE_RECORD: return read_record(reader, field->record, at);
        case EV_TYPE_ARRAY: break; /* two members of a struct: read_array_field() */
        }
        assert(false && "a type of a single member");
        return EV_FAILED;
}

/* The struct is all zeros before. */
static inline __attribute__((always_inline)) int
read_field(struct reader *reader, const struct ev_field *field, uint8_t *base)
{
        if (field->skipped)
                return skip_field(reader, field);
        if (field->optional || field->optional_on_wire)
                return read_optional(reader, field, base);
        if (field->type == EV_TYPE_ARRAY)
                return read_array_field(reader, field, base);
        return read_member(reader, field, base + field->offset);
}

/* All fields in the order of the wire, then what only we have. A field that is read and
 * forgotten puts its name into an error by itself. */
static int read_record(struct reader *reader, const struct ev_record *record, uint8_t *base)
{
        int r;

        assert(record->fields_count > 0);

        for (uint32_t i = 0; i < record->fields_count; ++i) {
                r = read_field(reader, &record->fields[i], base);
                if (r) {
                        if (!record->fields[i].skipped)
                                ev_trouble_in_field(&reader->trouble, &record->fields[i]);
                        return r;
                }
        }
        for (uint32_t i = 0; i < record->missing_count; ++i)
                ev_field_set_default(record->missing[i], base);
        return 0;
}

/* An array is two members of a struct; both are written at the end, when the count is known. An
 * array that may be null needs a pointer even when it has no items, or it would be read back as
 * null. */
static int read_array_field(struct reader *reader, const struct ev_field *field, uint8_t *base)
{
        struct items items = { 0 };
        int r = read_array(reader, field, &items);

        assert(field->type == EV_TYPE_ARRAY);

        if (r)
                return r;
        if (field->optional && !items.data) { /* empty is not null */
                items.data = ev_arena_take(reader->arena, 0);
                if (!items.data) {
                        ev_trouble_begin(&reader->trouble, "no memory");
                        return ev_trace(EV_FAILED);
                }
        }
        /* memcpy() because the struct is known by offsets only; the compiler makes a move of it. */
        memcpy(base + field->offset, &items.data, sizeof(items.data));
        memcpy(base + field->beside, &items.count, sizeof(items.count));
        return 0;
}

/* A record that may be null lies outside of the struct; its memory is taken only when there is one.
 * The pointer is set first; a record that fails half way is thrown away with the whole value. */
static int read_optional_record(struct reader *reader, const struct ev_field *field, uint8_t *base)
{
        uint8_t *record = ev_arena_take(reader->arena, field->record->size);

        assert(field->optional);

        if (!record) {
                ev_trouble_begin(&reader->trouble, "no memory");
                return ev_trace(EV_FAILED);
        }
        memcpy(base + field->offset, &record, sizeof(record));
        return read_record(reader, field->record, record);
}

/* A value that may be null on the wire, in the struct, or both. Only a plan has the two differ: a
 * writer's union read into a required field, which refuses null, or a writer's plain value read
 * into an optional one, which is always there. */
static int read_optional(struct reader *reader, const struct ev_field *field, uint8_t *base)
{
        bool present = true;
        int r = 0;

        assert(field->optional || field->optional_on_wire);

        if (field->optional_on_wire)
                r = read_presence(reader, &present);
        if (r)
                return r;
        if (!present)
                return field->optional ? 0
                                       : refuse(reader, EV_UNDECODABLE,
                                                "null, where our schema wants a value");
        if (field->type == EV_TYPE_ARRAY)
                return read_array_field(reader, field, base);
        if (!field->optional)
                return read_value(reader, field, base + field->offset);
        if (field->type == EV_TYPE_RECORD)
                return read_optional_record(reader, field, base);
        if (field->type != EV_TYPE_STRING && field->type != EV_TYPE_BYTES)
                *(bool *)(base + field->beside) = true;
        return read_value(reader, field, base + field->offset);
}

/* For items and what may be null; fields of a record go the direct way. This is the one place that
 * is not in line, so that the code does not double at each level. */
static int read_value(struct reader *reader, const struct ev_field *field, uint8_t *at)
{
        assert(at);

        return read_member(reader, field, at);
}

/* The one text of a refusal: which event, which field, which byte, and why. */
static int report(const struct ev_record *record, const struct reader *reader, int r)
{
        const struct ev_trouble *trouble = &reader->trouble;
        const char *path = ev_trouble_path(trouble);

        assert(r > 0);

        (void)ev_fail(EV_VERDICT_RECORD, "%.*s%s%s, byte %td of %td: %s", EV_STR_ARG(record->name),
                      *path ? ", field " : "", path, reader->at - reader->start,
                      reader->end - reader->start, trouble->reason);
        return r;
}

/* The whole input is one value: bytes behind it would be ignored by us and perhaps not by others.
 * The reader is not set to zeros, because its path of 256 bytes is only needed for errors.
 *
 * What the arena gave to a value that was refused stays taken until the batch ends; the limit of
 * its bytes bounds how much one batch of bad records can cost. */
int ev_avro_decode(const struct ev_record *record, struct ev_bytes input, struct ev_arena *arena,
                   void **ret_value)
{
        struct reader reader; /* but for its trouble, which begins with one */
        void *value;
        int r;

        assert(record->fields_count > 0); /* all of ev_record_check() would cost as much again */
        assert(input.data || input.size == 0);
        assert(ret_value);

        reader.start = reader.at = input.data;
        reader.end = input.data + input.size;
        reader.arena = arena;
        reader.items = 0;
        if (input.size > EV_FACT_BYTES_MAX)
                return report(record, &reader,
                              refuse(&reader, EV_OVER_LIMIT, "a value of more than 900 KiB"));
        /* All zeros: whatever the bytes leave out is null, 0 or empty. */
        value = ev_arena_take(arena, record->size);
        if (!value)
                return ev_trace(EV_FAILED);
        r = read_record(&reader, record, value);
        if (!r && reader.at != reader.end)
                r = refuse(&reader, EV_UNDECODABLE, "bytes behind the end of the value");
        if (r)
                return r > 0 ? report(record, &reader, r) : ev_trace(r);
        *ret_value = value;
        return 0;
}

/* A value that is being written, behind what the buffer holds already. */
struct writer {
        uint8_t *at, *end; /* within the buffer's memory */
        struct ev_buffer *buffer;
        uint32_t items;            /* of all arrays so far */
        struct ev_trouble trouble; /* undefined until something is denied */
};

static int write_value(struct writer *writer, const struct ev_field *field, const uint8_t *at);

/* As refuse(), for values of ours: what is wrong with them is a failure and no condition. */
static inline int deny(struct writer *writer, const char *reason)
{
        ev_trouble_begin(&writer->trouble, reason);
        return EV_FAILED;
}

/* Positions are kept as pointers, since comparing them is what writing mostly does; a buffer
 * that moved makes them anew. */
static void writer_begin(struct writer *writer)
{
        struct ev_buffer *buffer = writer->buffer;

        assert(buffer->size <= buffer->capacity);

        writer->at = buffer->data ? buffer->data + buffer->size : NULL;
        writer->end = buffer->data ? buffer->data + buffer->capacity : NULL;
}

/* The buffer doubles, so this is rare; it fails where the buffer would pass its own limit. Its size
 * is brought up to date first, since what lies behind it is not copied when it moves. */
static int grow(struct writer *writer, size_t size)
{
        assert(size > 0);

        if (writer->at)
                writer->buffer->size = (size_t)(writer->at - writer->buffer->data);
        if (ev_buffer_reserve(writer->buffer, size) < 0)
                return deny(writer, "more bytes than there is room for");
        writer_begin(writer);
        return 0;
}

/* Before every write: how much may follow without a further look. One comparison for a number or a
 * text with its length, instead of one for each byte. */
static inline int want_room(struct writer *writer, size_t size)
{
        assert(writer->at <= writer->end);

        if ((size_t)(writer->end - writer->at) >= size)
                return 0;
        return grow(writer, size);
}

/* Into room that was wanted before. The shift of a negative number copies its sign in gcc and clang
 * (both document it), which makes the zigzag without a branch. */
static inline void put_long(struct writer *writer, int64_t value)
{
        uint64_t zigzag = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
        uint8_t *at = writer->at;

        assert(writer->end - at >= VARINT_BYTES_MAX);

        for (; zigzag >= 0x80; zigzag >>= 7)
                *at++ = (uint8_t)(zigzag | 0x80);
        *at++ = (uint8_t)zigzag;
        writer->at = at;
}

/* A number alone; texts ask for the room of their length and their bytes at once. */
static inline int write_long(struct writer *writer, int64_t value)
{
        int r = want_room(writer, VARINT_BYTES_MAX);

        if (r)
                return r;
        put_long(writer, value);
        return 0;
}

/* A bool of C is 0 or 1, so it is written as it is. */
static inline int write_boolean(struct writer *writer, bool value)
{
        int r = want_room(writer, 1);

        if (r)
                return r;
        *writer->at++ = value;
        return 0;
}

/* memcpy() of a few bytes costs more for the call than for the bytes. Both moves may overlap.
 * Between 8 and 16 bytes, two moves of eight that overlap in the middle copy every byte. */
static inline void copy_bytes(uint8_t *to, const uint8_t *from, size_t size)
{
        uint64_t first, last;

        assert(to);

        if (size < sizeof(first) || size > 2 * sizeof(first)) {
                memcpy(to, from, size);
                return;
        }
        memcpy(&first, from, sizeof(first));
        memcpy(&last, from + size - sizeof(last), sizeof(last));
        memcpy(to, &first, sizeof(first));
        memcpy(to + size - sizeof(last), &last, sizeof(last));
}

/* Null is denied here for strings too: a struct that was set to zeros has null in every text that
 * somebody forgot, and an empty text would hide it. */
static inline int write_bytes(struct writer *writer, struct ev_bytes bytes)
{
        int r;

        assert(bytes.data || bytes.size == 0);

        if (!bytes.data)
                return deny(writer, "null, where a value is required");
        if (bytes.size > EV_STRING_BYTES_MAX)
                return deny(writer, "more than 4096 bytes");
        r = want_room(writer, VARINT_BYTES_MAX + bytes.size);
        if (r)
                return r;
        put_long(writer, (int64_t)bytes.size);
        copy_bytes(writer->at, bytes.data, bytes.size);
        writer->at += bytes.size;
        return 0;
}

/* What we would not accept from others we do not write: a wrong text in a fact would stop every
 * reader, and for ever. */
static inline int write_string(struct writer *writer, struct ev_str string)
{
        if (string.data && !is_text(string))
                return deny(writer, "text that is not UTF-8 or holds U+0000");
        return write_bytes(writer, (struct ev_bytes){ (const uint8_t *)string.data, string.size });
}

/* Two's complement, big-endian, no byte more than the number needs. The length is one byte because
 * it is at most 8, which is 16 in zigzag; ev_decimal_to_bytes() writes all eight, so room is wanted
 * for them. */
static inline int write_decimal(struct writer *writer, const struct ev_field *field, int64_t value)
{
        int64_t bound = ev_powers_of_ten[field->precision];
        int r;

        if (value >= bound || value <= -bound)
                return deny(writer, "a decimal beyond its precision");
        r = want_room(writer, 1 + sizeof(value));
        if (r)
                return r;
        *writer->at = (uint8_t)(2 * ev_decimal_to_bytes(value, writer->at + 1));
        writer->at += 1 + *writer->at / 2;
        return 0;
}

/* A struct can hold any number in an enum; only symbols have a meaning on the wire. */
static inline int write_symbol(struct writer *writer, const struct ev_enum *enumeration,
                               int32_t symbol)
{
        assert(enumeration);

        if (symbol < 0 || (uint32_t)symbol >= enumeration->symbols_count)
                return deny(writer, "an enum value without a symbol");
        return write_long(writer, symbol);
}

/* The bounds of read_instant(): what is announced can be read again. */
static inline int write_instant(struct writer *writer, int64_t value)
{
        if (value < EV_INSTANT_MIN || value > EV_INSTANT_MAX)
                return deny(writer, "an instant outside of the years 1 to 9999");
        return write_long(writer, value);
}

/* The items, and the count of 0 that ends the array. */
static int write_items(struct writer *writer, const struct ev_field *item, const uint8_t *items,
                       size_t count)
{
        int r;

        assert(writer->items >= count);
        assert(item->size > 0);
        assert(items || count == 0);

        for (size_t i = 0; i < count; ++i) {
                r = write_value(writer, item, items + i * item->size);
                if (r) {
                        ev_trouble_in_item(&writer->trouble, i);
                        return r;
                }
        }
        return write_long(writer, 0);
}

/* One block of all items, and the empty one that ends an array. Without the size in bytes, which
 * would be known only behind the items. */
static int write_array(struct writer *writer, const struct ev_field *field, const uint8_t *base)
{
        const uint8_t *items;
        size_t count;
        int r;

        assert(field->type == EV_TYPE_ARRAY);

        memcpy(&items, base + field->offset, sizeof(items));
        memcpy(&count, base + field->beside, sizeof(count));
        if (count == 0)
                return write_long(writer, 0);
        if (!items)
                return deny(writer, "items are missing: a count without an array");
        if (count > EV_ITEMS_MAX - writer->items)
                return deny(writer, "more than 10000 items in one value");
        writer->items += (uint32_t)count;
        r = write_long(writer, (int64_t)count);
        if (r)
                return r;
        return write_items(writer, field->item, items, count);
}

static int write_record(struct writer *writer, const struct ev_record *record, const uint8_t *base);
static int write_optional(struct writer *writer, const struct ev_field *field, const uint8_t *base);

/* A value of one member; in line for the same reason as read_member(). */
static inline __attribute__((always_inline)) int
write_member(struct writer *writer, const struct ev_field *field, const uint8_t *at)
{
        const void *value = at;

        switch (field->type) {
        case EV_TYPE_BOOLEAN: return write_boolean(writer, *(const bool *)value);
        case EV_TYPE_INT: return write_long(writer, *(const int32_t *)value);
        case EV_TYPE_LONG: return write_long(writer, *(const int64_t *)value);
        case EV_TYPE_TIMESTAMP: return write_instant(writer, *(const int64_t *)value);
        case EV_TYPE_DECIMAL: return write_decimal(writer, field, *(const int64_t *)value);
        case EV_TYPE_STRING: return write_string(writer, *(const struct ev_str *)value);
        case EV_TYPE_BYTES: return write_bytes(writer, *(const struct ev_bytes *)value);
        case EV_TYPE_ENUM: return write_symbol(writer, field->enumeration, *(const int32_t *)value);
        case EV_TYPE_RECORD: return write_record(writer, field->record, at);
        case EV_TYPE_ARRAY: /* two members of a struct: write_array() */
        case EV_TYPE_INT_AS_LONG: /* in plans, which only read */ break;
        }
        assert(false && "a type of a single member, of no plan");
        return EV_FAILED;
}

static inline __attribute__((always_inline)) int
write_field(struct writer *writer, const struct ev_field *field, const uint8_t *base)
{
        if (field->optional)
                return write_optional(writer, field, base);
        if (field->type == EV_TYPE_ARRAY)
                return write_array(writer, field, base);
        return write_member(writer, field, base + field->offset);
}

/* Fields in the order of the schema. The first that cannot be written ends it, and its name is
 * in the error. */
static int write_record(struct writer *writer, const struct ev_record *record, const uint8_t *base)
{
        int r;

        assert(record->missing_count == 0);

        for (uint32_t i = 0; i < record->fields_count; ++i) {
                r = write_field(writer, &record->fields[i], base);
                if (r) {
                        ev_trouble_in_field(&writer->trouble, &record->fields[i]);
                        return r;
                }
        }
        return 0;
}

/* For items and what may be null; fields of a record go the direct way. */
static int write_value(struct writer *writer, const struct ev_field *field, const uint8_t *at)
{
        assert(at);

        return write_member(writer, field, at);
}

/* The index of the union, and the value behind it unless it is null. A record that may be null
 * is pointed to; all others lie where a required one would. */
static int write_optional(struct writer *writer, const struct ev_field *field, const uint8_t *base)
{
        const uint8_t *at = base + field->offset;
        bool is_null = ev_field_is_null(field, base);
        int r;

        assert(field->optional);

        r = write_long(writer, is_null ? 0 : 1);
        if (r || is_null)
                return r;
        if (field->type == EV_TYPE_ARRAY)
                return write_array(writer, field, base);
        if (field->type == EV_TYPE_RECORD)
                memcpy(&at, base + field->offset, sizeof(at));
        return write_value(writer, field, at);
}

/* What a topic takes of this event, without its frame. A record without a contract is written where
 * a fact may be: in tests and files. */
static size_t bytes_max(const struct ev_record *record)
{
        bool ingress = record->contract && record->contract->kind == EV_KIND_INGRESS;

        return (ingress ? EV_INGRESS_BYTES_MAX : EV_FACT_BYTES_MAX) - EV_FRAME_ID_BYTES;
}

/* The limit of the topic is judged at the end, when the size is known; until then the buffer's own
 * bound holds. What was written of a value that fails is taken back, so that the buffer may hold
 * the events before it. */
int ev_avro_encode(const struct ev_record *record, const void *value, struct ev_buffer *buffer)
{
        struct writer writer; /* but for its trouble, which begins with one */
        size_t size_before = buffer->size;
        const char *path;
        int r;

        assert(record->fields_count > 0);
        assert(value);

        writer.buffer = buffer;
        writer.items = 0;
        writer_begin(&writer);
        r = write_record(&writer, record, value);
        if (!r)
                buffer->size = (size_t)(writer.at - buffer->data);
        if (!r && buffer->size - size_before > bytes_max(record))
                r = deny(&writer, "more bytes than its topic takes");
        if (r) {
                buffer->size = size_before;
                path = ev_trouble_path(&writer.trouble);
                return ev_fail(EV_VERDICT_RECORD, "cannot encode %.*s%s%s: %s",
                               EV_STR_ARG(record->name), *path ? ", field " : "", path,
                               writer.trouble.reason);
        }
        return 0;
}

/* The first byte decides: no single-object encoding begins with 00, and no frame of Confluent's
 * with C3. A tombstone (null) and plain JSON end here as undecodable. */
int ev_frame_parse(struct ev_bytes value, struct ev_frame *ret_frame)
{
        const uint8_t *bytes = value.data;
        struct ev_frame frame = { 0 };
        size_t size;

        assert(ret_frame);

        if (value.size >= EV_FRAME_ID_BYTES && bytes[0] == 0x00) {
                size = EV_FRAME_ID_BYTES;
                /* From the highest byte to the lowest. */
                for (size_t i = 1; i < size; ++i)
                        frame.id = frame.id << 8 | bytes[i];
        } else if (value.size >= EV_FRAME_FINGERPRINT_BYTES && bytes[0] == 0xc3 &&
                   bytes[1] == 0x01) {
                size = EV_FRAME_FINGERPRINT_BYTES;
                frame.has_fingerprint = true;
                /* From the last byte to the first, for the lowest comes first. */
                for (size_t i = size; i-- > 2;)
                        frame.fingerprint = frame.fingerprint << 8 | bytes[i];
        } else {
                (void)ev_fail(EV_VERDICT_RECORD,
                              "a value of %zu bytes that begins neither with 00 and a schema id "
                              "nor with C3 01 and a fingerprint",
                              value.size);
                return EV_UNDECODABLE;
        }
        frame.payload = (struct ev_bytes){ bytes + size, value.size - size };
        *ret_frame = frame;
        return 0;
}

/* Big-endian here and little-endian below: the two formats are other people's and do not agree. */
void ev_frame_write_id(uint32_t id, uint8_t frame[EV_FRAME_ID_BYTES])
{
        assert(frame);

        frame[0] = 0x00;
        for (unsigned i = 0; i < 4; ++i)
                frame[1 + i] = (uint8_t)(id >> (24 - 8 * i));
}

void ev_frame_write_fingerprint(uint64_t fingerprint, uint8_t frame[EV_FRAME_FINGERPRINT_BYTES])
{
        assert(frame);

        frame[0] = 0xc3;
        frame[1] = 0x01;
        for (unsigned i = 0; i < 8; ++i)
                frame[2 + i] = (uint8_t)(fingerprint >> (8 * i));
}
