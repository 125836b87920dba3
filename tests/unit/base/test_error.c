#include "support/unit.h"

#include <string.h>

#include "base/error.h"

UNIT_SUITE(error);

Test(error, a_failure_keeps_text_and_verdict)
{
        cr_assert_eq(ev_fail(EV_VERDICT_RETRY, "cannot reach %s", "db1"), EV_FAILED);
        cr_assert_str_eq(ev_error_last()->text, "cannot reach db1");
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RETRY);
}

Test(error, a_new_failure_forgets_the_old_one)
{
        ev_fail(EV_VERDICT_RECORD, "first");
        ev_error_set_record("orders", 3, 41);
        ev_error_set_sqlstate("23514");
        ev_fail(EV_VERDICT_STOP, "second");
        cr_assert_str_empty(ev_error_last()->topic);
        cr_assert_str_empty(ev_error_last()->sqlstate);
        cr_assert_eq(ev_error_last()->trail_count, 0);
}

Test(error, the_old_text_may_be_an_argument_of_the_new_one)
{
        ev_fail(EV_VERDICT_STOP, "no such file");
        ev_fail(EV_VERDICT_STOP, "settings: %s", ev_error_last()->text);
        cr_assert_str_eq(ev_error_last()->text, "settings: no such file");
}

Test(error, what_was_being_done_stands_before_the_text)
{
        ev_fail(EV_VERDICT_RETRY, "timeout");
        cr_assert_eq(ev_fail_while("asking %s for offsets", "broker 1"), EV_FAILED);
        cr_assert_str_eq(ev_error_last()->text, "asking broker 1 for offsets: timeout");
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RETRY);
}

Test(error, an_error_can_be_put_back)
{
        struct ev_error first;

        ev_fail(EV_VERDICT_RECORD, "the first one");
        first = *ev_error_last();
        ev_fail(EV_VERDICT_RETRY, "another one on the way out");
        ev_error_restore(&first);
        cr_assert_str_eq(ev_error_last()->text, "the first one");
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD);
}

Test(error, the_deepest_coordinates_stay)
{
        ev_fail(EV_VERDICT_RECORD, "undecodable");
        ev_error_set_record("orders", 3, 41);
        ev_error_set_record("orders", 4, 1);
        cr_assert_eq(ev_error_last()->partition, 3);
        cr_assert_eq(ev_error_last()->offset, 41);
}

Test(error, the_trail_names_the_way_up_and_is_bounded)
{
        int r = ev_fail(EV_VERDICT_STOP, "deep");

        for (int i = 0; i < EV_ERROR_TRAIL_MAX + 5; ++i)
                r = ev_trace(r);
        cr_assert_eq(r, EV_FAILED);
        cr_assert_eq(ev_error_last()->trail_count, EV_ERROR_TRAIL_MAX);
        cr_assert_not_null(strstr(ev_error_last()->trail[0], "test_error.c:"));
}

Test(error, success_leaves_no_trail)
{
        ev_fail(EV_VERDICT_STOP, "old");
        cr_assert_eq(ev_trace(0), 0);
        cr_assert_eq(ev_trace(7), 7);
        cr_assert_eq(ev_error_last()->trail_count, 0);
}

Test(error, a_text_is_one_line_and_cannot_move_a_terminal)
{
        ev_fail(EV_VERDICT_RECORD, "key %s", "a\nb\x1b[2J\x7f");
        cr_assert_str_eq(ev_error_last()->text, "key a?b?[2J?");
}

Test(error, a_long_text_is_cut)
{
        char text[2 * EV_ERROR_TEXT_MAX];

        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        ev_fail(EV_VERDICT_STOP, "%s", text);
        cr_assert_eq(strlen(ev_error_last()->text), EV_ERROR_TEXT_MAX - 1);
        ev_fail_while("%s", text);
        cr_assert_eq(strlen(ev_error_last()->text), EV_ERROR_TEXT_MAX - 1);
}
