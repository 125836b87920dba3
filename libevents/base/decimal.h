#ifndef EV_BASE_DECIMAL_H
#define EV_BASE_DECIMAL_H

/* Decimal numbers with a fixed scale: money, weights, percentages. Never floating point.
 *
 * A decimal is an int64_t of *unscaled* units and a scale that the place in the code knows, as in
 * Avro's decimal and PostgreSQL's numeric(p,s): 19.90 at scale 2 is 1990. Nothing wraps: what does
 * not fit is a condition. Rounding is half up for positive numbers and the mirror image for
 * negative ones (a tie goes away from zero, 2.5 to 3 and -2.5 to -3), which is what PostgreSQL's
 * round(numeric, int) does, so that SQL can check our amounts.
 *
 * Functions return 0 or one of the conditions below; they never fail otherwise. */

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/str.h"

enum {
        EV_DECIMAL_SCALE_MAX = 18,
        EV_DECIMAL_TEXT_MAX = 22,    /* bytes: sign, 19 digits, point, NUL */
        EV_DECIMAL_NUMERIC_MAX = 20, /* bytes: a header of 8 and at most 6 digits of base 10000 */
};

enum ev_decimal_condition {
        EV_DECIMAL_MALFORMED = 1,    /* not written as a decimal; not a number */
        EV_DECIMAL_TOO_FINE,         /* more digits behind the point than the scale has */
        EV_DECIMAL_OUT_OF_RANGE,     /* the unscaled result needs more than 64 bits */
        EV_DECIMAL_DIVISION_BY_ZERO, /* only from ev_decimal_divide() */
};

/* "malformed", "too fine", …: for texts of errors. */
const char *ev_decimal_condition_name(enum ev_decimal_condition condition);

/* Reads a whole slice of the form -?digits[.digits]: no "+", no spaces, no exponent, a digit on
 * each side of the point. Fewer digits behind the point than `scale` are filled up with zeros,
 * more are EV_DECIMAL_TOO_FINE even when they are zeros. A null slice is malformed. */
int ev_decimal_parse(struct ev_str text, unsigned scale, int64_t *ret_unscaled) _must_check_;

/* Writes the number with exactly `scale` digits behind the point (no point for scale 0), the only
 * form in which we write decimals, NUL-terminated into EV_DECIMAL_TEXT_MAX bytes. Returns the
 * length without the NUL. */
size_t ev_decimal_format(int64_t unscaled, unsigned scale, char *buffer);

/* Sums, differences and products with an integer, of one scale and exact. */
int ev_decimal_add(int64_t a, int64_t b, int64_t *ret_sum) _must_check_;
int ev_decimal_subtract(int64_t a, int64_t b, int64_t *ret_difference) _must_check_;
int ev_decimal_times(int64_t a, int64_t count, int64_t *ret_product) _must_check_;

/* The same number at another scale, rounded once if `to` is coarser. */
int ev_decimal_rescale(int64_t unscaled, unsigned from, unsigned to,
                       int64_t *ret_unscaled) _must_check_;

/* The exact product or quotient of two decimals, rounded once to `scale`. */
int ev_decimal_multiply(int64_t a, unsigned a_scale, int64_t b, unsigned b_scale, unsigned scale,
                        int64_t *ret_unscaled) _must_check_;
int ev_decimal_divide(int64_t a, unsigned a_scale, int64_t b, unsigned b_scale, unsigned scale,
                      int64_t *ret_unscaled) _must_check_;

/* PostgreSQL's binary form of numeric, for binary parameters and results; big-endian:
 *
 *      int16 ndigits, int16 weight, uint16 sign, uint16 dscale, ndigits times int16 digit
 *
 * A digit is 0..9999, the first one counts 10000^weight; sign is 0x0000, 0x4000 for negative, and
 * NaN and the infinities are 0xc000, 0xd000, 0xf000; dscale is the number of decimal digits shown.
 * Source: PostgreSQL 15, src/backend/utils/adt/numeric.c, numeric_recv() and numeric_send(). */

/* Writes into EV_DECIMAL_NUMERIC_MAX bytes, without zero digits at either end as the server does;
 * dscale is `scale`. Returns the length in bytes. */
size_t ev_decimal_to_numeric(int64_t unscaled, unsigned scale, uint8_t *buffer);

/* Reads a whole value. Decimal digits behind `scale` must be zeros, else EV_DECIMAL_TOO_FINE; NaN,
 * infinities, digits above 9999 and a wrong length are EV_DECIMAL_MALFORMED. */
int ev_decimal_from_numeric(struct ev_bytes numeric, unsigned scale,
                            int64_t *ret_unscaled) _must_check_;

#endif
