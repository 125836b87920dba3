/* What the modules of a worker's store share; no server is needed here. */

#include "store/columns.h"

#include <string.h>

#include "base/error.h"
#include "support/unit.h"

UNIT_SUITE(columns);

Test(columns, a_position_counts_from_one)
{
        size_t index = 99;

        cr_assert_eq(ev_session_row(1, 3, &index), 0);
        cr_assert_eq(index, 0);
        cr_assert_eq(ev_session_row(3, 3, &index), 0);
        cr_assert_eq(index, 2);
}

Test(columns, a_position_outside_of_the_rows_stops_the_worker)
{
        static const int64_t wrong[] = { 0, -1, 4, INT64_MIN, INT64_MAX };
        size_t index = 99;

        for (size_t i = 0; i < EV_ARRAY_SIZE(wrong); ++i) {
                cr_assert_eq(ev_session_row(wrong[i], 3, &index), EV_FAILED);
                cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        }
        cr_assert_eq(index, 99, "it is untouched on failure");
}

Test(columns, nothing_is_empty_where_a_column_is_not_null)
{
        cr_assert_not_null(ev_given((struct ev_bytes){ NULL, 0 }).data);
        cr_assert_eq(ev_given((struct ev_bytes){ NULL, 0 }).size, 0);
        cr_assert_eq(ev_given((struct ev_bytes){ (const uint8_t *)"ab", 2 }).size, 2);
        cr_assert(ev_str_equal(ev_given_text(EV_STR_NULL), EV_STR("")));
        cr_assert(ev_str_equal(ev_given_text(EV_STR("x")), EV_STR("x")));
}

Test(columns, kept_bytes_are_a_copy_and_null_stays_null)
{
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        struct ev_bytes kept = { (const uint8_t *)"", 7 };
        uint8_t bytes[] = { 1, 0, 2 };

        cr_assert_eq(ev_arena_new(&arena, 1000), 0);
        cr_assert_eq(ev_session_keep(arena, (struct ev_bytes){ bytes, 3 }, &kept), 0);
        bytes[0] = 9;
        cr_assert_eq(kept.size, 3);
        cr_assert_eq(memcmp(kept.data, "\1\0\2", 3), 0);
        cr_assert_eq(ev_session_keep(arena, (struct ev_bytes){ NULL, 0 }, &kept), 0);
        cr_assert_null(kept.data);
}
