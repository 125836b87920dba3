#ifndef EV_BASE_RATIO_H
#define EV_BASE_RATIO_H

/* Exact fractions of 128-bit integers: what lies between a decimal that was read and an amount that
 * is rounded once. Nothing wraps and nothing is rounded on the way; what does not fit in 128 bits
 * even when reduced is the condition EV_RATIO_OUT_OF_RANGE. */

#include <stdint.h>

#include "base/macro.h"

__extension__ typedef __int128 ev_int128;
__extension__ typedef unsigned __int128 ev_uint128;

enum {
        EV_RATIO_OUT_OF_RANGE = 1,
        EV_POWER_OF_10_MAX = 38, /* 10^38 < 2^127 */
};

struct ev_ratio {
        ev_int128 numerator;
        ev_int128 denominator; /* above 0 */
};

/* 10^exponent, for exponents up to EV_POWER_OF_10_MAX. */
ev_int128 ev_power_of_10(unsigned exponent);

/* numerator / denominator to the nearest integer, ties away from zero; denominator above 0. */
ev_int128 ev_int128_divide_half_up(ev_int128 numerator, ev_int128 denominator);

/* The decimal `unscaled` at `scale` (base/decimal.h), and an integer. */
struct ev_ratio ev_ratio_of_decimal(int64_t unscaled, unsigned scale);
struct ev_ratio ev_ratio_of_integer(int64_t integer);

/* a + b, a - b, a * b, a / b. The divisor must not be zero. */
int ev_ratio_add(struct ev_ratio a, struct ev_ratio b, struct ev_ratio *ret_sum) _must_check_;
int ev_ratio_subtract(struct ev_ratio a, struct ev_ratio b,
                      struct ev_ratio *ret_difference) _must_check_;
int ev_ratio_multiply(struct ev_ratio a, struct ev_ratio b,
                      struct ev_ratio *ret_product) _must_check_;
int ev_ratio_divide(struct ev_ratio a, struct ev_ratio b,
                    struct ev_ratio *ret_quotient) _must_check_;

/* < 0, 0 or > 0. Always exact: compares continued fractions, so that no product is needed. */
int ev_ratio_compare(struct ev_ratio a, struct ev_ratio b);

/* The decimal nearest to the fraction at `scale`, ties away from zero. */
int ev_ratio_round(struct ev_ratio ratio, unsigned scale, int64_t *ret_unscaled) _must_check_;

#endif
