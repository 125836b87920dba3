#include "support/unit.h"

#include <stdlib.h>

#include "base/ratio.h"

UNIT_SUITE(ratio);

#define INT128_MAX ((ev_int128)(~(ev_uint128)0 >> 1))
#define INT128_MIN (-INT128_MAX - 1)

static struct ev_ratio ratio_of(int64_t numerator, int64_t denominator)
{
        return (struct ev_ratio){ numerator, denominator };
}

Test(ratio, the_four_operations_are_exact)
{
        struct ev_ratio r;

        cr_assert_eq(ev_ratio_add(ratio_of(1, 3), ratio_of(1, 6), &r), 0);
        cr_assert_eq(ev_ratio_compare(r, ratio_of(1, 2)), 0);
        cr_assert_eq(ev_ratio_subtract(ratio_of(1, 3), ratio_of(1, 2), &r), 0);
        cr_assert_eq(ev_ratio_compare(r, ratio_of(-1, 6)), 0);
        cr_assert_eq(ev_ratio_multiply(ratio_of(-2, 3), ratio_of(3, 4), &r), 0);
        cr_assert_eq(ev_ratio_compare(r, ratio_of(-1, 2)), 0);
        cr_assert_eq(ev_ratio_divide(ratio_of(1, 2), ratio_of(-3, 4), &r), 0);
        cr_assert_eq(ev_ratio_compare(r, ratio_of(-2, 3)), 0);
        cr_assert(r.denominator > 0);
        cr_assert_eq(ev_ratio_compare(ev_ratio_of_decimal(1990, 2), ratio_of(199, 10)), 0);
        cr_assert_eq(ev_ratio_compare(ev_ratio_of_integer(-7), ratio_of(-14, 2)), 0);
}

Test(ratio, what_fits_when_reduced_is_not_an_overflow)
{
        struct ev_ratio large = { ev_power_of_10(38), ev_power_of_10(37) };
        struct ev_ratio r;

        cr_assert_eq(ev_ratio_multiply(large, large, &r), 0);
        cr_assert_eq(ev_ratio_compare(r, ratio_of(100, 1)), 0);
        cr_assert_eq(ev_ratio_add(large, ratio_of(1, 3), &r), 0);
        cr_assert_eq(ev_ratio_compare(r, ratio_of(31, 3)), 0);
        cr_assert_eq(ev_ratio_divide((struct ev_ratio){ INT128_MIN, 2 }, ratio_of(2, 1), &r), 0);
        cr_assert_eq(ev_ratio_compare(r, (struct ev_ratio){ INT128_MIN / 4, 1 }), 0);
}

Test(ratio, nothing_wraps)
{
        struct ev_ratio r = ratio_of(4711, 1);
        struct ev_ratio max = { INT128_MAX, 1 }, min = { INT128_MIN, 1 };

        cr_assert_eq(ev_ratio_add(max, ratio_of(1, 1), &r), EV_RATIO_OUT_OF_RANGE);
        cr_assert_eq(ev_ratio_add(max, ratio_of(1, 3), &r), EV_RATIO_OUT_OF_RANGE);
        cr_assert_eq(ev_ratio_subtract(max, min, &r), EV_RATIO_OUT_OF_RANGE);
        cr_assert_eq(ev_ratio_subtract(min, ratio_of(1, 1), &r), EV_RATIO_OUT_OF_RANGE);
        cr_assert_eq(ev_ratio_multiply(max, ratio_of(2, 1), &r), EV_RATIO_OUT_OF_RANGE);
        cr_assert_eq(ev_ratio_divide(ratio_of(1, 1), min, &r), EV_RATIO_OUT_OF_RANGE);
        cr_assert_eq(ev_ratio_divide(max, ratio_of(1, 2), &r), EV_RATIO_OUT_OF_RANGE);
        cr_assert_eq(r.numerator == 4711, 1);
}

Test(ratio, order_is_exact_where_products_would_overflow)
{
        struct ev_ratio a = { INT128_MAX - 1, INT128_MAX }, b = { INT128_MAX - 2, INT128_MAX - 1 };

        cr_assert_gt(ev_ratio_compare(a, b), 0, "1 - 1/n grows with n");
        cr_assert_lt(ev_ratio_compare(b, a), 0);
        cr_assert_eq(ev_ratio_compare(a, a), 0);
        a.numerator = -a.numerator;
        b.numerator = -b.numerator;
        cr_assert_lt(ev_ratio_compare(a, b), 0);
        cr_assert_lt(ev_ratio_compare((struct ev_ratio){ INT128_MIN, 1 }, ratio_of(0, 1)), 0);
        cr_assert_eq(ev_ratio_compare(ratio_of(0, 1), ratio_of(0, 5)), 0);
        cr_assert_lt(ev_ratio_compare(ratio_of(-1, 3), ratio_of(0, 1)), 0);
}

Test(ratio, order_agrees_with_cross_products)
{
        unsigned short seed[3] = { 7, 8, 9 };

        for (int i = 0; i < 50000; ++i) {
                int64_t an = jrand48(seed) % 50, ad = nrand48(seed) % 50 + 1;
                int64_t bn = jrand48(seed) % 50, bd = nrand48(seed) % 50 + 1;
                int order = ev_ratio_compare(ratio_of(an, ad), ratio_of(bn, bd));
                int64_t cross = an * bd - bn * ad;

                cr_assert_eq((order > 0) - (order < 0), (cross > 0) - (cross < 0),
                             "%jd/%jd and %jd/%jd", (intmax_t)an, (intmax_t)ad, (intmax_t)bn,
                             (intmax_t)bd);
        }
}

Test(ratio, rounding_is_half_away_from_zero)
{
        struct ev_ratio huge = { INT128_MAX, INT128_MAX };
        int64_t value = 4711;

        cr_assert_eq(ev_ratio_round(ratio_of(1, 8), 2, &value), 0);
        cr_assert_eq(value, 13);
        cr_assert_eq(ev_ratio_round(ratio_of(-1, 8), 2, &value), 0);
        cr_assert_eq(value, -13);
        cr_assert_eq(ev_ratio_round(ratio_of(2, 3), 0, &value), 0);
        cr_assert_eq(value, 1);
        cr_assert_eq(ev_ratio_round(ratio_of(1, 3), 18, &value), 0);
        cr_assert_eq(value, INT64_C(333333333333333333));
        cr_assert_eq(ev_ratio_round(huge, 18, &value), 0);
        cr_assert_eq(value, INT64_C(1000000000000000000));
        cr_assert_eq(ev_ratio_round(ratio_of(INT64_MAX, 1), 1, &value), EV_RATIO_OUT_OF_RANGE);
        cr_assert_eq(ev_ratio_round((struct ev_ratio){ INT128_MAX, 1 }, 1, &value),
                     EV_RATIO_OUT_OF_RANGE);
        cr_assert_eq(value, INT64_C(1000000000000000000));
}

Test(ratio, dividing_rounds_right_at_the_largest_numbers)
{
        cr_assert(ev_int128_divide_half_up(INT128_MAX, INT128_MAX) == 1);
        cr_assert(ev_int128_divide_half_up(INT128_MAX / 2 + 1, INT128_MAX) == 1);
        cr_assert(ev_int128_divide_half_up(INT128_MAX / 2, INT128_MAX) == 0);
        cr_assert(ev_int128_divide_half_up(INT128_MIN, INT128_MAX) == -1);
        cr_assert(ev_int128_divide_half_up(-(INT128_MAX / 2), INT128_MAX) == 0);
        cr_assert(ev_int128_divide_half_up(INT128_MIN, 1) == INT128_MIN);
}

Test(ratio, powers_of_ten)
{
        ev_int128 power = 1;

        for (unsigned i = 0; i <= EV_POWER_OF_10_MAX; ++i) {
                cr_assert(ev_power_of_10(i) == power, "10^%u", i);
                if (i < EV_POWER_OF_10_MAX)
                        power *= 10;
        }
}
