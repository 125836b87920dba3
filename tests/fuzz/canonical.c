/* A walk over bytes of which is known that they are a value: it looks at their form only, and knows
 * nothing of how wire/avro.c reads or writes. */

#include "fuzz/canonical.h"

#include <assert.h>

struct walk {
        const uint8_t *at, *end;
        bool canonical; /* so far */
};

static void walk_record(struct walk *walk, const struct ev_record *record);

static uint8_t walk_byte(struct walk *walk)
{
        assert(walk->at < walk->end);

        return *walk->at++;
}

/* One that ends with a byte of zeros could end before it. */
static int64_t walk_number(struct walk *walk)
{
        uint64_t number = 0;
        unsigned shift = 0;
        uint8_t byte;

        do {
                byte = walk_byte(walk);
                number |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
                shift += 7;
        } while (byte & 0x80);
        if (byte == 0 && shift > 7)
                walk->canonical = false;
        return (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
}

static struct ev_bytes walk_bytes(struct walk *walk)
{
        int64_t size = walk_number(walk);
        struct ev_bytes bytes = { walk->at, (size_t)size };

        assert(size >= 0 && size <= walk->end - walk->at);

        walk->at += size;
        return bytes;
}

/* The first byte says more than the sign only if the bit below it does not. */
static void walk_decimal(struct walk *walk)
{
        struct ev_bytes bytes = walk_bytes(walk);

        assert(bytes.size > 0);

        if (bytes.size > 1 && bytes.data[0] == (bytes.data[1] & 0x80 ? 0xff : 0x00))
                walk->canonical = false;
}

static void walk_value(struct walk *walk, const struct ev_field *field)
{
        switch (field->type) {
        case EV_TYPE_BOOLEAN: walk_byte(walk); return;
        case EV_TYPE_INT:
        case EV_TYPE_LONG:
        case EV_TYPE_TIMESTAMP:
        case EV_TYPE_ENUM: walk_number(walk); return;
        case EV_TYPE_STRING:
        case EV_TYPE_BYTES: walk_bytes(walk); return;
        case EV_TYPE_DECIMAL: walk_decimal(walk); return;
        case EV_TYPE_RECORD: walk_record(walk, field->record); return;
        case EV_TYPE_ARRAY:
        case EV_TYPE_INT_AS_LONG: break;
        }
        assert(false && "a type of a single value");
}

/* A count below 0 is followed by the size of its block. */
static void walk_array(struct walk *walk, const struct ev_field *item)
{
        int64_t count, blocks = 0;

        while ((count = walk_number(walk)) != 0) {
                if (count < 0) {
                        walk->canonical = false;
                        walk_number(walk);
                        count = -count;
                }
                if (++blocks > 1)
                        walk->canonical = false;
                while (count-- > 0)
                        walk_value(walk, item);
        }
}

static void walk_record(struct walk *walk, const struct ev_record *record)
{
        assert(record->missing_count == 0);

        for (uint32_t i = 0; i < record->fields_count; ++i) {
                const struct ev_field *field = &record->fields[i];

                if (field->optional && walk_number(walk) == 0)
                        continue;
                if (field->type == EV_TYPE_ARRAY)
                        walk_array(walk, field->item);
                else
                        walk_value(walk, field);
        }
}

bool is_canonical(const struct ev_record *record, struct ev_bytes input)
{
        struct walk walk = { input.data, input.data + input.size, true };

        walk_record(&walk, record);
        assert(walk.at == walk.end);
        return walk.canonical;
}
