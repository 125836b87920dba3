#include "base/sort.h"

#include <stdlib.h>

#include "base/error.h"
#include "support/unit.h"

UNIT_SUITE(sort);

enum { COUNT_MAX = 300 };

struct item {
        unsigned key, place; /* where it stood */
};

/* The context counts the comparisons. */
static int compare(const void *a, const void *b, void *context)
{
        const struct item *x = a, *y = b;

        ++*(size_t *)context;
        return (x->key > y->key) - (x->key < y->key);
}

static void try(struct ev_arena *arena, size_t count, unsigned (*key_of)(unsigned place))
{
        struct item items[COUNT_MAX];
        size_t comparisons = 0, bits = 0;

        for (unsigned i = 0; i < count; ++i)
                items[i] = (struct item){ key_of(i), i };
        cr_assert_eq(ev_sort(arena, items, count, sizeof(items[0]), compare, &comparisons), 0);
        for (size_t i = 0; i < count; ++i)
                cr_assert_eq(items[i].key, key_of(items[i].place), "it is one of those");
        for (size_t i = 1; i < count; ++i)
                cr_assert(items[i - 1].key < items[i].key || (items[i - 1].key == items[i].key &&
                                                              items[i - 1].place < items[i].place),
                          "%zu of %zu: in order, and what is equal as it was", i, count);
        while ((size_t)1 << bits < count)
                ++bits;
        cr_assert_leq(comparisons, count * bits);
}

static unsigned rising(unsigned place)
{
        return place;
}

static unsigned falling(unsigned place)
{
        return COUNT_MAX - place;
}

static unsigned equal(unsigned place)
{
        (void)place;
        return 7;
}

static unsigned mixed(unsigned place)
{
        return place * 2654435761U >> 26;
}

Test(sort, puts_any_number_in_any_order_into_order)
{
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;

        cr_assert_eq(ev_arena_new(&arena, 1 << 20), 0);
        for (size_t count = 0; count <= COUNT_MAX; ++count) {
                ev_arena_reset(arena);
                try(arena, count, rising);
                try(arena, count, falling);
                try(arena, count, equal);
                try(arena, count, mixed);
        }
}

Test(sort, moves_nothing_without_memory)
{
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        struct item items[COUNT_MAX];
        size_t comparisons = 0;

        cr_assert_eq(ev_arena_new(&arena, 64), 0);
        for (unsigned i = 0; i < COUNT_MAX; ++i)
                items[i] = (struct item){ falling(i), i };
        cr_assert_lt(ev_sort(arena, items, COUNT_MAX, sizeof(items[0]), compare, &comparisons), 0);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD);
        for (unsigned i = 0; i < COUNT_MAX; ++i)
                cr_assert_eq(items[i].place, i);
}
