#include "support/unit.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"

UNIT_SUITE(arena);

Test(arena, pieces_are_zeroed_aligned_and_apart)
{
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        unsigned char *pieces[200];

        cr_assert_eq(ev_arena_new(&arena, 1 << 20), 0);
        for (size_t i = 0; i < 200; ++i) {
                pieces[i] = ev_arena_take(arena, i);
                cr_assert_not_null(pieces[i]);
                cr_assert_eq((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
                for (size_t k = 0; k < i; ++k)
                        cr_assert_eq(pieces[i][k], 0);
                memset(pieces[i], (int)i, i);
        }
        for (size_t i = 0; i < 200; ++i)
                for (size_t k = 0; k < i; ++k)
                        cr_assert_eq(pieces[i][k], i);
}

Test(arena, the_limit_is_an_error_of_the_record)
{
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;

        cr_assert_eq(ev_arena_new(&arena, 1000), 0);
        cr_assert_not_null(ev_arena_take(arena, 900));
        cr_assert_null(ev_arena_take(arena, 200));
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD);
        cr_assert_null(ev_arena_take_array(arena, SIZE_MAX / 2, 3));
        cr_assert_null(ev_arena_take(arena, SIZE_MAX));
        ev_arena_reset(arena);
        cr_assert_not_null(ev_arena_take(arena, 900));
}

Test(arena, a_warm_arena_asks_the_heap_for_nothing)
{
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        size_t held = 0;

        cr_assert_eq(ev_arena_new(&arena, 64 << 20), 0);
        for (int round = 0; round < 5; ++round) {
                for (size_t i = 0; i < 3000; ++i)
                        cr_assert_not_null(ev_arena_take(arena, i % 2000));
                if (round == 0)
                        held = ev_arena_held_bytes(arena);
                cr_assert_eq(ev_arena_held_bytes(arena), held);
                ev_arena_reset(arena);
                cr_assert_eq(ev_arena_used_bytes(arena), 0);
        }
}

Test(arena, a_piece_larger_than_any_block_gets_its_own)
{
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        char *small, *large;

        cr_assert_eq(ev_arena_new(&arena, 64 << 20), 0);
        small = ev_arena_take(arena, 10);
        large = ev_arena_take(arena, 10 << 20);
        cr_assert_not_null(small);
        cr_assert_not_null(large);
        memset(large, 1, 10 << 20);
        cr_assert_eq(small[0], 0);
}

Test(arena, copies_end_with_nul_and_null_stays_null)
{
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        struct ev_str copy;

        cr_assert_eq(ev_arena_new(&arena, 1000), 0);
        cr_assert_eq(ev_arena_copy(arena, EV_STR("abc"), &copy), 0);
        cr_assert_str_eq(copy.data, "abc");
        cr_assert_eq(copy.size, 3);
        cr_assert_eq(ev_arena_copy(arena, EV_STR_NULL, &copy), 0);
        cr_assert(ev_str_is_null(copy));
}
