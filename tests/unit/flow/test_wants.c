#include "support/unit.h"

#include <stdio.h>

#include "base/error.h"
#include "flow/wants.h"

UNIT_SUITE(wants);

static struct ev_arena *arena_of(size_t bytes_max)
{
        struct ev_arena *arena;

        cr_assert_eq(ev_arena_new(&arena, bytes_max), 0);
        return arena;
}

Test(wants, are_sorted_and_come_once)
{
        const struct ev_str keys[] = { EV_STR("b"), EV_STR("a"),  EV_STR("c"),        EV_STR("a"),
                                       EV_STR("B"), EV_STR("ab"), EV_STR("\xc3\xa9"), EV_STR("b") };
        const char *const sorted[] = { "B", "a", "ab", "b", "c", "\xc3\xa9" };
        struct ev_arena *arena = arena_of(1 << 16);
        struct ev_wants wants;

        ev_wants_begin(&wants, arena);
        for (size_t i = 0; i < EV_ARRAY_SIZE(keys); ++i)
                ev_want(&wants, 2, keys[i]);
        cr_assert_eq(ev_wants_finish(&wants), 0);
        cr_assert_eq(wants.lists[2].count, EV_ARRAY_SIZE(sorted));
        for (size_t i = 0; i < EV_ARRAY_SIZE(sorted); ++i)
                cr_assert(ev_str_equal(wants.lists[2].keys[i], ev_str_of(sorted[i])), "%zu", i);
        cr_assert_eq(wants.lists[0].count, 0);
        ev_arena_free(arena);
}

Test(wants, leave_null_out_and_keep_the_empty_key)
{
        struct ev_arena *arena = arena_of(1 << 16);
        struct ev_wants wants;

        ev_wants_begin(&wants, arena);
        ev_want(&wants, 0, EV_STR_NULL);
        ev_want(&wants, 0, EV_STR(""));
        cr_assert_eq(ev_wants_finish(&wants), 0);
        cr_assert_eq(wants.lists[0].count, 1);
        cr_assert_eq(wants.lists[0].keys[0].size, 0);
        ev_arena_free(arena);
}

Test(wants, grow_and_begin_anew)
{
        enum { EACH = 125, NAMES = EACH * EV_LISTS_MAX };
        struct ev_arena *arena = arena_of(1 << 22);
        static char names[NAMES][8];
        struct ev_wants wants;

        for (int turn = 0; turn < 2; ++turn) {
                ev_arena_reset(arena);
                ev_wants_begin(&wants, arena);
                for (int i = 0; i < NAMES; ++i) {
                        snprintf(names[i], sizeof(names[i]), "%04d", NAMES - i);
                        ev_want(&wants, (unsigned)i % EV_LISTS_MAX, ev_str_of(names[i]));
                        ev_want(&wants, (unsigned)i % EV_LISTS_MAX, ev_str_of(names[i]));
                }
                cr_assert_eq(ev_wants_finish(&wants), 0);
                for (size_t list = 0; list < EV_LISTS_MAX; ++list) {
                        cr_assert_eq(wants.lists[list].count, EACH);
                        for (size_t k = 1; k < EACH; ++k)
                                cr_assert_lt(ev_str_compare(wants.lists[list].keys[k - 1],
                                                            wants.lists[list].keys[k]),
                                             0);
                }
        }
        ev_arena_free(arena);
}

/* The bound of the arena is met somewhere in a want, which cannot fail; the end tells it. */
Test(wants, tell_at_the_end_that_memory_ran_out)
{
        struct ev_arena *arena = arena_of(2048);
        struct ev_wants wants;

        ev_wants_begin(&wants, arena);
        for (int i = 0; i < 1000; ++i)
                ev_want(&wants, 0, EV_STR("key"));
        cr_assert_eq(ev_wants_finish(&wants), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD, "the batch is halved");
        ev_arena_free(arena);
}
