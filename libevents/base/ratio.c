/* Exact fractions of 128-bit integers.
 *
 * An operation is tried with the fractions as they are, and only if that overflows once more with
 * both reduced to lowest terms: most sums of a rate never need the greatest common divisor. Pure
 * functions without state: a dying process loses nothing here. */

#include "base/ratio.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/decimal.h"

/* The sign stands in the numerator. */
static bool ratio_check(struct ev_ratio ratio)
{
        return ratio.denominator > 0;
}

/* The table ends where int64_t does: C has no constants of 128 bits. */
ev_int128 ev_power_of_10(unsigned exponent)
{
        static const int64_t powers[] = {
                1,
                10,
                100,
                1000,
                10000,
                100000,
                1000000,
                10000000,
                100000000,
                1000000000,
                10000000000,
                100000000000,
                1000000000000,
                10000000000000,
                100000000000000,
                1000000000000000,
                10000000000000000,
                100000000000000000,
                1000000000000000000,
        };
        enum { LAST = EV_ARRAY_SIZE(powers) - 1 };
        ev_int128 power = 1;

        assert(exponent <= EV_POWER_OF_10_MAX);

        for (; exponent > LAST; exponent -= LAST)
                power *= powers[LAST];
        return power * powers[exponent];
}

/* Remainders of C have the sign of the numerator (C17 6.5.5p6), so each sign has its own tie. */
ev_int128 ev_int128_divide_half_up(ev_int128 numerator, ev_int128 denominator)
{
        ev_int128 quotient, rest;

        assert(denominator > 0);

        quotient = numerator / denominator;
        rest = numerator % denominator;
        /* rest >= denominator - rest instead of 2 * rest >= denominator, which could overflow. */
        if (rest > 0 && rest >= denominator - rest)
                return quotient + 1;
        if (rest < 0 && -rest >= denominator + rest)
                return quotient - 1;
        return quotient;
}

struct ev_ratio ev_ratio_of_decimal(int64_t unscaled, unsigned scale)
{
        assert(scale <= EV_DECIMAL_SCALE_MAX);

        return (struct ev_ratio){ unscaled, ev_power_of_10(scale) };
}

struct ev_ratio ev_ratio_of_integer(int64_t integer)
{
        return (struct ev_ratio){ integer, 1 };
}

/* Euclid's algorithm, on magnitudes because the smallest number has no positive twin. */
static struct ev_ratio reduced(struct ev_ratio ratio)
{
        ev_uint128 a =
                ratio.numerator < 0 ? -(ev_uint128)ratio.numerator : (ev_uint128)ratio.numerator;
        ev_uint128 divisor = (ev_uint128)ratio.denominator;
        ev_uint128 rest;

        assert(ratio_check(ratio));

        while (a != 0) {
                rest = divisor % a;
                divisor = a;
                a = rest;
        }
        /* The divisor divides the denominator, so it is within the signed range. */
        return (struct ev_ratio){ ratio.numerator / (ev_int128)divisor,
                                  ratio.denominator / (ev_int128)divisor };
}

/* False if a product or sum overflows; *ret is undefined then. Equal denominators, the usual case
 * of amounts, need no product. */
static bool try_add(struct ev_ratio a, struct ev_ratio b, struct ev_ratio *ret)
{
        ev_int128 left, right;

        assert(ratio_check(a) && ratio_check(b));

        if (a.denominator == b.denominator) {
                ret->denominator = a.denominator;
                return !__builtin_add_overflow(a.numerator, b.numerator, &ret->numerator);
        }
        return !__builtin_mul_overflow(a.numerator, b.denominator, &left) &&
               !__builtin_mul_overflow(b.numerator, a.denominator, &right) &&
               !__builtin_add_overflow(left, right, &ret->numerator) &&
               !__builtin_mul_overflow(a.denominator, b.denominator, &ret->denominator);
}

/* Two positive denominators have a positive product, so the result is a ratio again if it fits. */
static bool try_multiply(struct ev_ratio a, struct ev_ratio b, struct ev_ratio *ret)
{
        assert(ratio_check(a) && ratio_check(b));

        return !__builtin_mul_overflow(a.numerator, b.numerator, &ret->numerator) &&
               !__builtin_mul_overflow(a.denominator, b.denominator, &ret->denominator);
}

/* Tries as they are, then reduced. Reducing first would cost a hundred divisions of 128 bits for
 * nothing in nearly all cases. */
static int operate(bool (*try_it)(struct ev_ratio, struct ev_ratio, struct ev_ratio *),
                   struct ev_ratio a, struct ev_ratio b, struct ev_ratio *ret)
{
        struct ev_ratio result;

        assert(ratio_check(a) && ratio_check(b));
        assert(ret);

        if (!try_it(a, b, &result) && !try_it(reduced(a), reduced(b), &result))
                return EV_RATIO_OUT_OF_RANGE;
        assert(ratio_check(result));
        *ret = result;
        return 0;
}

int ev_ratio_add(struct ev_ratio a, struct ev_ratio b, struct ev_ratio *ret_sum)
{
        assert(ret_sum);

        return operate(try_add, a, b, ret_sum);
}

/* A sum with the sign turned. The smallest numerator has no opposite; it is refused although the
 * difference itself might fit, for no amount is anywhere near it. */
int ev_ratio_subtract(struct ev_ratio a, struct ev_ratio b, struct ev_ratio *ret_difference)
{
        assert(ret_difference);

        if (__builtin_sub_overflow(0, b.numerator, &b.numerator))
                return EV_RATIO_OUT_OF_RANGE;
        return operate(try_add, a, b, ret_difference);
}

int ev_ratio_multiply(struct ev_ratio a, struct ev_ratio b, struct ev_ratio *ret_product)
{
        assert(ret_product);

        return operate(try_multiply, a, b, ret_product);
}

/* A product with the inverse, whose sign has to move up into the numerator. */
int ev_ratio_divide(struct ev_ratio a, struct ev_ratio b, struct ev_ratio *ret_quotient)
{
        struct ev_ratio inverse = { b.denominator, b.numerator };

        assert(ratio_check(a) && ratio_check(b));
        assert(b.numerator != 0);

        if (b.numerator < 0 && (__builtin_sub_overflow(0, b.numerator, &inverse.denominator) ||
                                __builtin_sub_overflow(0, b.denominator, &inverse.numerator)))
                return EV_RATIO_OUT_OF_RANGE;
        return operate(try_multiply, a, inverse, ret_quotient);
}

/* Splits off the whole part, rounded towards minus infinity; the rest is within [0, 1). */
static ev_int128 split_whole(struct ev_ratio *ratio)
{
        ev_int128 whole;

        assert(ratio_check(*ratio));

        whole = ratio->numerator / ratio->denominator;
        ratio->numerator %= ratio->denominator;
        if (ratio->numerator < 0) {
                ratio->numerator += ratio->denominator;
                --whole;
        }
        return whole;
}

/* Continued fractions instead of cross products, which need 256 bits: a comparison decides which
 * bracket of a tariff holds, so it must have an answer for every pair. */
int ev_ratio_compare(struct ev_ratio a, struct ev_ratio b)
{
        int direction = 1;

        assert(ratio_check(a) && ratio_check(b));

        /* Ends as Euclid's algorithm does: the denominators shrink in every round. */
        for (;;) {
                ev_int128 whole_a = split_whole(&a);
                ev_int128 whole_b = split_whole(&b);

                if (whole_a != whole_b)
                        return whole_a < whole_b ? -direction : direction;
                if (a.numerator == 0 || b.numerator == 0)
                        return direction * ((a.numerator != 0) - (b.numerator != 0));
                /* Equal wholes: the rests decide, and the larger rest has the smaller inverse. */
                a = (struct ev_ratio){ a.denominator, a.numerator };
                b = (struct ev_ratio){ b.denominator, b.numerator };
                direction = -direction;
        }
}

/* The whole part and the digits behind the point in one division, since rounding twice is not
 * rounding once: 0.0445 would become 0.045 and then 0.05. */
int ev_ratio_round(struct ev_ratio ratio, unsigned scale, int64_t *ret_unscaled)
{
        ev_int128 numerator, rounded;

        assert(ratio_check(ratio));
        assert(scale <= EV_DECIMAL_SCALE_MAX);
        assert(ret_unscaled);

        if (__builtin_mul_overflow(ratio.numerator, ev_power_of_10(scale), &numerator)) {
                ratio = reduced(ratio);
                if (__builtin_mul_overflow(ratio.numerator, ev_power_of_10(scale), &numerator))
                        return EV_RATIO_OUT_OF_RANGE;
        }
        rounded = ev_int128_divide_half_up(numerator, ratio.denominator);
        if (rounded < INT64_MIN || rounded > INT64_MAX)
                return EV_RATIO_OUT_OF_RANGE;
        *ret_unscaled = (int64_t)rounded;
        return 0;
}
