/* Merging runs of growing length, from one array to another and back.
 *
 * The number of comparisons is at most n log2 n whatever the order is: keys come from strangers,
 * who would find the order that a quicksort is slow at. */

#include "base/sort.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

struct order {
        size_t size; /* of an item */
        int (*compare)(const void *a, const void *b, void *context);
        void *context;
};

/* Two runs that lie side by side, `left` and `right` items long. */
static void merge(const struct order *order, const uint8_t *from, size_t left, size_t right,
                  uint8_t *to)
{
        const uint8_t *a = from, *b = from + left * order->size;
        const uint8_t *a_end = b, *b_end = b + right * order->size;

        assert(order->size > 0);

        for (; a < a_end && b < b_end; to += order->size) {
                const uint8_t **first = order->compare(a, b, order->context) <= 0 ? &a : &b;

                memcpy(to, *first, order->size);
                *first += order->size;
        }
        memcpy(to, a, (size_t)(a_end - a));
        memcpy(to + (a_end - a), b, (size_t)(b_end - b));
}

/* All pairs of runs of this length; the last one may be short, or without a second. */
static void merge_all(const struct order *order, const uint8_t *from, size_t count, size_t length,
                      uint8_t *to)
{
        assert(length > 0);

        for (size_t at = 0; at < count; at += 2 * length) {
                size_t left = count - at < length ? count - at : length;
                size_t right = count - at - left < length ? count - at - left : length;

                merge(order, from + at * order->size, left, right, to + at * order->size);
        }
}

int ev_sort(struct ev_arena *arena, void *items, size_t count, size_t size,
            int (*compare)(const void *a, const void *b, void *context), void *context)
{
        const struct order order = { size, compare, context };
        uint8_t *from = items, *to, *swap;

        assert(compare && size > 0);

        if (count < 2)
                return 0;
        assert(items);
        to = ev_arena_take_array(arena, count, size);
        if (!to)
                return ev_trace(EV_FAILED);
        for (size_t length = 1; length < count; length *= 2) {
                merge_all(&order, from, count, length, to);
                swap = from;
                from = to;
                to = swap;
        }
        if (from != items)
                memcpy(items, from, count * size);
        return 0;
}
