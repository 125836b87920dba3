/* Random values, biased towards the edges where codecs break. Runs out of memory with an abort: it
 * serves tests only. */

#include "schemas/random_value.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { STRING_MAX = 40, ITEMS_MAX = 4 };

uint64_t random_next(struct random_source *source)
{
        assert(source->state != 0);

        source->state ^= source->state << 13;
        source->state ^= source->state >> 7;
        source->state ^= source->state << 17;
        return source->state;
}

/* Within both bounds; any number of bits is equally likely. */
static int64_t random_number(struct random_source *source, int64_t min, int64_t max)
{
        uint64_t bits = random_next(source) >> (random_next(source) % 64);
        int64_t value = (int64_t)bits;

        assert(min < max);

        switch (random_next(source) % 16) {
        case 0: return min;
        case 1: return max;
        case 2: return 0;
        case 3: return -1;
        default: break;
        }
        if (random_next(source) % 2)
                value = value == INT64_MIN ? max : -value;
        while (value < min || value > max)
                value /= 3;
        return value;
}

static struct ev_str random_text(struct random_source *source, struct ev_arena *arena)
{
        static const char *const pieces[] = {
                "a",  "Z",  "0",    "-", " ", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                "\"", "\\", "\x1b", "\n"
        };
        char *text = ev_arena_take(arena, STRING_MAX * 4 + 1);
        size_t count = random_next(source) % STRING_MAX, size = 0;

        if (!text)
                abort();
        for (size_t i = 0; i < count; ++i) {
                const char *piece = pieces[random_next(source) % EV_ARRAY_SIZE(pieces)];

                memcpy(text + size, piece, strlen(piece));
                size += strlen(piece);
        }
        assert(size <= STRING_MAX * 4);
        return (struct ev_str){ text, size };
}

static void fill_record(struct random_source *source, const struct ev_record *record,
                        struct ev_arena *arena, uint8_t *base);

static void fill_value(struct random_source *source, const struct ev_field *field,
                       struct ev_arena *arena, void *at)
{
        int64_t bound = field->type == EV_TYPE_DECIMAL ? ev_powers_of_ten[field->precision] - 1 : 0;
        int32_t number;
        int64_t number64;
        struct ev_str text;

        assert(at);

        switch (field->type) {
        case EV_TYPE_BOOLEAN: *(bool *)at = random_next(source) % 2; return;
        case EV_TYPE_RECORD: fill_record(source, field->record, arena, at); return;
        case EV_TYPE_INT:
                number = (int32_t)random_number(source, INT32_MIN, INT32_MAX);
                memcpy(at, &number, sizeof(number));
                return;
        case EV_TYPE_ENUM:
                number = (int32_t)(random_next(source) % field->enumeration->symbols_count);
                memcpy(at, &number, sizeof(number));
                return;
        case EV_TYPE_STRING:
        case EV_TYPE_BYTES:
                text = random_text(source, arena);
                memcpy(at, &text, sizeof(text));
                return;
        case EV_TYPE_LONG: number64 = random_number(source, INT64_MIN, INT64_MAX); break;
        case EV_TYPE_TIMESTAMP:
                number64 = random_number(source, EV_INSTANT_MIN, EV_INSTANT_MAX);
                break;
        case EV_TYPE_DECIMAL: number64 = random_number(source, -bound, bound); break;
        case EV_TYPE_ARRAY:
        case EV_TYPE_INT_AS_LONG:
        default: abort();
        }
        memcpy(at, &number64, sizeof(number64));
}

static void fill_array(struct random_source *source, const struct ev_field *field,
                       struct ev_arena *arena, uint8_t *base)
{
        size_t count = random_next(source) % ITEMS_MAX;
        uint8_t *items = ev_arena_take_array(arena, count, field->item->size);

        if (!items)
                abort();
        for (size_t i = 0; i < count; ++i)
                fill_value(source, field->item, arena, items + i * field->item->size);
        memcpy(base + field->offset, &items, sizeof(items));
        memcpy(base + field->beside, &count, sizeof(count));
        assert(count < ITEMS_MAX);
}

static void fill_field(struct random_source *source, const struct ev_field *field,
                       struct ev_arena *arena, uint8_t *base)
{
        void *at = base + field->offset;

        assert(field->size > 0);

        if (field->optional && random_next(source) % 2)
                return;
        if (field->type == EV_TYPE_ARRAY) {
                fill_array(source, field, arena, base);
                return;
        }
        if (field->optional && field->type == EV_TYPE_RECORD) {
                at = ev_arena_take(arena, field->record->size);
                if (!at)
                        abort();
                memcpy(base + field->offset, &at, sizeof(at));
        } else if (field->optional && field->type != EV_TYPE_STRING &&
                   field->type != EV_TYPE_BYTES) {
                *(bool *)(base + field->beside) = true;
        }
        fill_value(source, field, arena, at);
}

static void fill_record(struct random_source *source, const struct ev_record *record,
                        struct ev_arena *arena, uint8_t *base)
{
        assert(record->fields_count > 0);

        for (uint32_t i = 0; i < record->fields_count; ++i)
                fill_field(source, &record->fields[i], arena, base);
}

void *random_value(struct random_source *source, const struct ev_record *record,
                   struct ev_arena *arena)
{
        void *value = ev_arena_take(arena, record->size);

        assert(record->missing_count == 0);

        if (!value)
                abort();
        fill_record(source, record, arena, value);
        return value;
}
