#include "support/unit.h"

#include "base/str.h"

UNIT_SUITE(str);

Test(str, null_is_not_empty)
{
        cr_assert(ev_str_is_null(EV_STR_NULL));
        cr_assert(ev_str_is_null(ev_str_of(NULL)));
        cr_assert_not(ev_str_is_null(EV_STR("")));
        cr_assert_not(ev_str_equal(EV_STR_NULL, EV_STR("")));
        cr_assert(ev_str_equal(EV_STR_NULL, EV_STR_NULL));
}

Test(str, order_is_by_bytes_then_length)
{
        cr_assert_lt(ev_str_compare(EV_STR("a"), EV_STR("b")), 0);
        cr_assert_lt(ev_str_compare(EV_STR("a"), EV_STR("aa")), 0);
        cr_assert_lt(ev_str_compare(EV_STR("z"), EV_STR("\xc3\xa4")), 0);
        cr_assert_lt(ev_str_compare(EV_STR_NULL, EV_STR("")), 0);
        cr_assert_eq(ev_str_compare(EV_STR("abc"), EV_STR("abc")), 0);
        cr_assert_gt(ev_str_compare(EV_STR("b"), EV_STR("aa")), 0);
}

Test(str, prefixes)
{
        cr_assert(ev_str_starts_with(EV_STR("MAN-1"), EV_STR("MAN-")));
        cr_assert(ev_str_starts_with(EV_STR("MAN-"), EV_STR("MAN-")));
        cr_assert_not(ev_str_starts_with(EV_STR("MAN"), EV_STR("MAN-")));
        cr_assert_not(ev_str_starts_with(EV_STR_NULL, EV_STR("")));
}

/* The vectors of the FNV draft, appendix C. */
Test(str, the_hash_is_fnv_1a)
{
        cr_assert_eq(ev_str_hash(EV_STR("")), UINT64_C(0xcbf29ce484222325));
        cr_assert_eq(ev_str_hash(EV_STR("a")), UINT64_C(0xaf63dc4c8601ec8c));
        cr_assert_eq(ev_str_hash(EV_STR("foobar")), UINT64_C(0x85944171f73967e8));
}

Test(str, text_is_what_rfc_3629_and_postgresql_allow)
{
        static const struct {
                struct ev_str bytes;
                bool is_text;
        } cases[] = {
                { EV_STR_INIT(""), true },
                { EV_STR_INIT("plain"), true },
                { EV_STR_INIT("\xc2\x80"), true },         /* U+0080, the first of two bytes */
                { EV_STR_INIT("\xdf\xbf"), true },         /* U+07FF, the last */
                { EV_STR_INIT("\xe0\xa0\x80"), true },     /* U+0800 */
                { EV_STR_INIT("\xed\x9f\xbf"), true },     /* U+D7FF, before the surrogates */
                { EV_STR_INIT("\xee\x80\x80"), true },     /* U+E000, behind them */
                { EV_STR_INIT("\xef\xbf\xbf"), true },     /* U+FFFF */
                { EV_STR_INIT("\xf0\x90\x80\x80"), true }, /* U+10000 */
                { EV_STR_INIT("\xf4\x8f\xbf\xbf"), true }, /* U+10FFFF, the last of all */
                { EV_STR_INIT("\0"), false },              /* NUL */
                { EV_STR_INIT("a\0b"), false },
                { EV_STR_INIT("\x80"), false },     /* continuation alone */
                { EV_STR_INIT("\xc0\xaf"), false }, /* overlong '/' */
                { EV_STR_INIT("\xc1\xbf"), false },
                { EV_STR_INIT("\xe0\x80\xaf"), false },     /* overlong in three */
                { EV_STR_INIT("\xf0\x80\x80\xaf"), false }, /* overlong in four */
                { EV_STR_INIT("\xed\xa0\x80"), false },     /* U+D800, a surrogate */
                { EV_STR_INIT("\xed\xbf\xbf"), false },     /* U+DFFF */
                { EV_STR_INIT("\xf4\x90\x80\x80"), false }, /* U+110000 */
                { EV_STR_INIT("\xf5\x80\x80\x80"), false },
                { EV_STR_INIT("\xff"), false },
                { EV_STR_INIT("\xc3"), false }, /* cut off */
                { EV_STR_INIT("\xe2\x82"), false },
                { EV_STR_INIT("\xf0\x9f\x98"), false },
                { EV_STR_INIT("\xe2\x28\xa1"), false }, /* broken in the middle */
                { EV_STR_INIT("\xe2\x82\x28"), false },
                { EV_STR_INIT("ok\xf0\x9f\x98\x80ok"), true },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i)
                cr_assert_eq(ev_str_is_text(cases[i].bytes), cases[i].is_text, "case %zu", i);
        cr_assert(ev_str_is_text(EV_STR_NULL));
}

Test(str, characters_are_code_points)
{
        cr_assert_eq(ev_str_characters(EV_STR_NULL), 0);
        cr_assert_eq(ev_str_characters(EV_STR("abc")), 3);
        cr_assert_eq(ev_str_characters(EV_STR("Bogot\xc3\xa1 \xe2\x82\xac \xf0\x9f\x98\x80")), 10);
}

Test(str, a_cut_keeps_code_points_whole)
{
        struct ev_str text = EV_STR("a\xe2\x82\xac"
                                    "b");

        cr_assert_eq(ev_str_cut(text, 5).size, 5);
        cr_assert_eq(ev_str_cut(text, 4).size, 4);
        cr_assert_eq(ev_str_cut(text, 3).size, 1);
        cr_assert_eq(ev_str_cut(text, 2).size, 1);
        cr_assert_eq(ev_str_cut(text, 1).size, 1);
        cr_assert_eq(ev_str_cut(text, 0).size, 0);
        cr_assert(ev_str_is_null(ev_str_cut(EV_STR_NULL, 3)));
}

Test(str, numbers_are_whole_slices_within_63_bits)
{
        int64_t value = -7;

        cr_assert(ev_str_to_int64(EV_STR("0"), &value));
        cr_assert_eq(value, 0);
        cr_assert(ev_str_to_int64(EV_STR("9223372036854775807"), &value));
        cr_assert_eq(value, INT64_MAX);
        cr_assert_not(ev_str_to_int64(EV_STR("9223372036854775808"), &value));
        cr_assert_not(ev_str_to_int64(EV_STR(""), &value));
        cr_assert_not(ev_str_to_int64(EV_STR("-1"), &value));
        cr_assert_not(ev_str_to_int64(EV_STR("1 "), &value));
        cr_assert_not(ev_str_to_int64(EV_STR_NULL, &value));
        cr_assert_eq(value, INT64_MAX, "a failure left the value alone");
}

Test(str, a_copy_fits_or_is_refused)
{
        char buffer[4];

        cr_assert(ev_str_copy(EV_STR("abc"), buffer, sizeof(buffer)));
        cr_assert_str_eq(buffer, "abc");
        cr_assert_not(ev_str_copy(EV_STR("abcd"), buffer, sizeof(buffer)));
        cr_assert_str_empty(buffer);
        cr_assert_not(ev_str_copy(EV_STR_NULL, buffer, sizeof(buffer)));
}

Test(str, pieces_are_taken_off_a_text_until_its_end)
{
        struct ev_str text = EV_STR("a::b:");

        cr_assert(ev_str_equal(ev_str_take(&text, ':'), EV_STR("a")));
        cr_assert(ev_str_equal(ev_str_take(&text, ':'), EV_STR("")));
        cr_assert(ev_str_equal(ev_str_take(&text, ':'), EV_STR("b")));
        cr_assert(ev_str_is_null(ev_str_take(&text, ':')), "a separator at the end ends no piece");
}
