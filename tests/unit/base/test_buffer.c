#include "support/unit.h"

#include "base/buffer.h"
#include "base/error.h"

UNIT_SUITE(buffer);

Test(buffer, what_is_appended_stands_there)
{
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(1 << 20);

        cr_assert_eq(ev_buffer_append_str(&buffer, EV_STR("lot ")), 0);
        cr_assert_eq(ev_buffer_printf(&buffer, "%d of %s", 7, "SKU-1"), 0);
        cr_assert(ev_str_equal(ev_buffer_str(&buffer), EV_STR("lot 7 of SKU-1")));
        for (int i = 0; i < 10000; ++i)
                cr_assert_eq(ev_buffer_append(&buffer, "x", 1), 0);
        cr_assert_eq(buffer.size, 10014);
        ev_buffer_clear(&buffer);
        cr_assert(ev_str_equal(ev_buffer_str(&buffer), EV_STR("")));
}

Test(buffer, the_limit_is_exact_and_an_error)
{
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(1000);

        for (int i = 0; i < 100; ++i)
                cr_assert_eq(ev_buffer_append(&buffer, "0123456789", 10), 0);
        cr_assert_eq(ev_buffer_append(&buffer, "x", 1), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD);
        cr_assert_eq(buffer.size, 1000, "a refused append changed nothing");
        cr_assert_eq(ev_buffer_reserve(&buffer, SIZE_MAX), EV_FAILED);
}

Test(buffer, a_file_is_appended_whole_or_refused)
{
        struct ev_buffer buffer = EV_BUFFER_INIT(100);

        cr_assert_eq(ev_buffer_append(&buffer, "<", 1), 0);
        cr_assert_eq(ev_buffer_read_file(&buffer, "/proc/sys/kernel/ostype"), 0);
        cr_assert(ev_str_equal(ev_buffer_str(&buffer), EV_STR("<Linux\n")));
        cr_assert_eq(ev_buffer_read_file(&buffer, "/nowhere/file"), EV_FAILED);
        cr_assert_not_null(strstr(ev_error_last()->text, "cannot open /nowhere/file"));
        cr_assert_eq(ev_buffer_read_file(&buffer, "/proc/self/maps"), EV_FAILED);
        ev_buffer_done(&buffer);
}
