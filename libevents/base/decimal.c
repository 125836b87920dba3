/* Fixed-point decimals on 64 bits, with 128 bits between.
 *
 * Guarantees that a result is either exact (or rounded once, where the header says so) or a
 * condition. Pure functions without state: a dying process loses nothing here.
 *
 * Texts and binary numerics come from outside and may hold anything; each digit that is taken is
 * checked for overflow before the next, so the answer is the number or a condition. */

#include "base/decimal.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/ratio.h"

enum {
        NUMERIC_HEADER_BYTES = 8, /* ndigits, weight, sign, dscale */
        NUMERIC_BASE = 10000,     /* NBASE of PostgreSQL's numeric.c */
        NUMERIC_BASE_DIGITS = 4,  /* decimal digits in one digit of base 10000 */
        NUMERIC_DIGITS_MAX = (EV_DECIMAL_NUMERIC_MAX - NUMERIC_HEADER_BYTES) / 2,
        NUMERIC_POSITIVE = 0x0000,
        NUMERIC_NEGATIVE = 0x4000,
};

/* For texts of errors and reasons of refusals: they are read by other systems, so they stay as they
 * are. */
const char *ev_decimal_condition_name(enum ev_decimal_condition condition)
{
        static const char *const names[] = {
                [EV_DECIMAL_MALFORMED] = "malformed",
                [EV_DECIMAL_TOO_FINE] = "too fine",
                [EV_DECIMAL_OUT_OF_RANGE] = "out of range",
                [EV_DECIMAL_DIVISION_BY_ZERO] = "division by zero",
        };

        assert(condition > 0 && condition < EV_ARRAY_SIZE(names));
        return names[condition];
}

/* Not isdigit(), which depends on the locale and takes no negative char. */
static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

/* Takes one more decimal digit. Numbers are collected below zero, where the range of int64_t is
 * larger by one, so that its smallest value can be read like any other. */
static bool push_digit(int64_t *negative, int digit)
{
        assert(*negative <= 0);
        assert(digit >= 0 && digit <= 9);

        return !__builtin_mul_overflow(*negative, 10, negative) &&
               !__builtin_sub_overflow(*negative, digit, negative);
}

/* Whether the text has the form -?digits[.digits]; tells how many digits stand behind the point. */
static bool has_decimal_form(struct ev_str text, size_t *ret_fraction_digits)
{
        size_t i = text.size > 0 && text.data[0] == '-' ? 1 : 0;
        size_t start = i;

        assert(text.data || text.size == 0);

        while (i < text.size && is_digit(text.data[i]))
                ++i;
        if (i == start)
                return false;
        *ret_fraction_digits = 0;
        if (i == text.size)
                return true;
        if (text.data[i] != '.')
                return false;
        start = ++i;
        while (i < text.size && is_digit(text.data[i]))
                ++i;
        *ret_fraction_digits = i - start;
        return i > start && i == text.size;
}

/* First the form, then the digits: a text that is both malformed and too long is malformed. */
int ev_decimal_parse(struct ev_str text, unsigned scale, int64_t *ret_unscaled)
{
        size_t fraction_digits;
        int64_t negative = 0;

        assert(scale <= EV_DECIMAL_SCALE_MAX);
        assert(ret_unscaled);

        if (!has_decimal_form(text, &fraction_digits))
                return EV_DECIMAL_MALFORMED;
        if (fraction_digits > scale)
                return EV_DECIMAL_TOO_FINE;
        for (size_t i = 0; i < text.size; ++i)
                if (is_digit(text.data[i]) && !push_digit(&negative, text.data[i] - '0'))
                        return EV_DECIMAL_OUT_OF_RANGE;
        for (size_t i = fraction_digits; i < scale; ++i)
                if (!push_digit(&negative, 0))
                        return EV_DECIMAL_OUT_OF_RANGE;
        if (text.data[0] != '-' && negative == INT64_MIN)
                return EV_DECIMAL_OUT_OF_RANGE;
        *ret_unscaled = text.data[0] == '-' ? negative : -negative;
        return 0;
}

/* |value|, which for the smallest int64_t is no int64_t. */
static uint64_t magnitude_of(int64_t value)
{
        return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

/* By hand, because every amount of every fact passes here, and printf knows no fixed point. */
size_t ev_decimal_format(int64_t unscaled, unsigned scale, char *buffer)
{
        char reversed[EV_DECIMAL_TEXT_MAX];
        uint64_t left = magnitude_of(unscaled);
        size_t count = 0, size = 0;

        assert(scale <= EV_DECIMAL_SCALE_MAX);
        assert(buffer);

        /* From the last digit on; one digit at least stands before the point. */
        for (unsigned digits = 0; left > 0 || digits <= scale; ++digits) {
                if (digits == scale && scale > 0)
                        reversed[count++] = '.';
                reversed[count++] = (char)('0' + left % 10);
                left /= 10;
        }
        assert(count + 1 < EV_DECIMAL_TEXT_MAX);
        if (unscaled < 0)
                buffer[size++] = '-';
        while (count > 0)
                buffer[size++] = reversed[--count];
        buffer[size] = '\0';
        return size;
}

/* The result is written only when it is right: a caller that ignores the condition keeps its old
 * sum and does not go on with a wrapped one. So in the two functions below. */
int ev_decimal_add(int64_t a, int64_t b, int64_t *ret_sum)
{
        int64_t sum;

        assert(ret_sum);

        if (__builtin_add_overflow(a, b, &sum))
                return EV_DECIMAL_OUT_OF_RANGE;
        *ret_sum = sum;
        return 0;
}

int ev_decimal_subtract(int64_t a, int64_t b, int64_t *ret_difference)
{
        int64_t difference;

        assert(ret_difference);

        if (__builtin_sub_overflow(a, b, &difference))
                return EV_DECIMAL_OUT_OF_RANGE;
        *ret_difference = difference;
        return 0;
}

int ev_decimal_times(int64_t a, int64_t count, int64_t *ret_product)
{
        int64_t product;

        assert(ret_product);

        if (__builtin_mul_overflow(a, count, &product))
                return EV_DECIMAL_OUT_OF_RANGE;
        *ret_product = product;
        return 0;
}

/* The fraction numerator / denominator times 10^shift, rounded once. The shift goes into whichever
 * of the two it makes larger, so that nothing is lost before the rounding. A numerator that leaves
 * 128 bits is out of range without a look at the divisor: no divisor here passes 2^63, so more than
 * 64 bits would be left. */
static int round_shifted(ev_int128 numerator, ev_int128 denominator, int shift,
                         int64_t *ret_unscaled)
{
        ev_int128 rounded;

        assert(denominator > 0);
        assert(ret_unscaled);

        if (shift >= 0 &&
            __builtin_mul_overflow(numerator, ev_power_of_10((unsigned)shift), &numerator))
                return EV_DECIMAL_OUT_OF_RANGE;
        if (shift < 0 &&
            __builtin_mul_overflow(denominator, ev_power_of_10((unsigned)-shift), &denominator))
                return EV_DECIMAL_OUT_OF_RANGE;
        rounded = ev_int128_divide_half_up(numerator, denominator);
        if (rounded < INT64_MIN || rounded > INT64_MAX)
                return EV_DECIMAL_OUT_OF_RANGE;
        *ret_unscaled = (int64_t)rounded;
        return 0;
}

/* This and the next two make one exact fraction and leave the only rounding to round_shifted(): an
 * amount that is rounded twice can be off by one unit. */
int ev_decimal_rescale(int64_t unscaled, unsigned from, unsigned to, int64_t *ret_unscaled)
{
        assert(from <= EV_DECIMAL_SCALE_MAX && to <= EV_DECIMAL_SCALE_MAX);

        return round_shifted(unscaled, 1, (int)to - (int)from, ret_unscaled);
}

int ev_decimal_multiply(int64_t a, unsigned a_scale, int64_t b, unsigned b_scale, unsigned scale,
                        int64_t *ret_unscaled)
{
        assert(a_scale <= EV_DECIMAL_SCALE_MAX && b_scale <= EV_DECIMAL_SCALE_MAX);
        assert(scale <= EV_DECIMAL_SCALE_MAX);

        return round_shifted((ev_int128)a * b, 1, (int)scale - (int)(a_scale + b_scale),
                             ret_unscaled);
}

/* Signs move into the numerator, in 128 bits, where the smallest int64_t has a positive twin. */
int ev_decimal_divide(int64_t a, unsigned a_scale, int64_t b, unsigned b_scale, unsigned scale,
                      int64_t *ret_unscaled)
{
        assert(a_scale <= EV_DECIMAL_SCALE_MAX && b_scale <= EV_DECIMAL_SCALE_MAX);
        assert(scale <= EV_DECIMAL_SCALE_MAX);

        if (b == 0)
                return EV_DECIMAL_DIVISION_BY_ZERO;
        return round_shifted(b < 0 ? -(ev_int128)a : a, b < 0 ? -(ev_int128)b : b,
                             (int)(scale + b_scale) - (int)a_scale, ret_unscaled);
}

/* Both are in the order of the network, whatever that of the machine. */
static void put_be16(uint8_t *at, unsigned value)
{
        assert(value <= UINT16_MAX);

        at[0] = (uint8_t)(value >> 8);
        at[1] = (uint8_t)value;
}

static unsigned get_be16(const uint8_t *at)
{
        assert(at);

        return (unsigned)at[0] << 8 | at[1];
}

/* Canonical, as numeric_send() would write it: at one scale, equal amounts are equal bytes. */
size_t ev_decimal_to_numeric(int64_t unscaled, unsigned scale, uint8_t *buffer)
{
        unsigned fraction_groups = (scale + NUMERIC_BASE_DIGITS - 1) / NUMERIC_BASE_DIGITS;
        unsigned padding = fraction_groups * NUMERIC_BASE_DIGITS - scale;
        ev_int128 left = (ev_int128)magnitude_of(unscaled) * ev_power_of_10(padding);
        unsigned digits[NUMERIC_DIGITS_MAX];
        unsigned count = 0, trailing_zeros = 0;
        int weight;

        assert(scale <= EV_DECIMAL_SCALE_MAX);
        assert(buffer);

        /* The scale is filled up to whole groups of four digits, so that the point falls between
         * two digits of base 10000; zeros at the end are not sent. */
        for (; left > 0; left /= NUMERIC_BASE) {
                assert(count < NUMERIC_DIGITS_MAX);
                digits[count++] = (unsigned)(left % NUMERIC_BASE);
        }
        while (trailing_zeros < count && digits[trailing_zeros] == 0)
                ++trailing_zeros;
        weight = count > 0 ? (int)count - (int)fraction_groups - 1 : 0;

        put_be16(buffer, count - trailing_zeros);
        put_be16(buffer + 2, (unsigned)weight & 0xffff);
        put_be16(buffer + 4, unscaled < 0 ? NUMERIC_NEGATIVE : NUMERIC_POSITIVE);
        put_be16(buffer + 6, scale);
        for (unsigned i = 0; i < count - trailing_zeros; ++i)
                put_be16(buffer + NUMERIC_HEADER_BYTES + (size_t)2 * i, digits[count - 1 - i]);
        return NUMERIC_HEADER_BYTES + (size_t)2 * (count - trailing_zeros);
}

/* Adds what one digit of base 10000 is worth at `scale`. Its last decimal digit stands at
 * 10^exponent; decimal digits behind the scale have to be zeros. */
static int add_numeric_digit(int64_t *negative, unsigned digit, int exponent, unsigned scale)
{
        ev_int128 units = digit;
        int shift = exponent + (int)scale;

        assert(digit < NUMERIC_BASE);

        if (digit == 0)
                return 0;
        for (; shift < 0; ++shift) {
                if (units % 10 != 0)
                        return EV_DECIMAL_TOO_FINE;
                units /= 10;
        }
        if (shift > EV_DECIMAL_SCALE_MAX)
                return EV_DECIMAL_OUT_OF_RANGE;
        units *= ev_power_of_10((unsigned)shift);
        if (units > INT64_MAX) /* one digit alone never makes INT64_MIN: 4 digits and zeros */
                return EV_DECIMAL_OUT_OF_RANGE;
        return __builtin_sub_overflow(*negative, (int64_t)units, negative) ? EV_DECIMAL_OUT_OF_RANGE
                                                                           : 0;
}

/* The server may send more than we would: zeros at either end, any weight, any dscale. What counts
 * is the value. */
int ev_decimal_from_numeric(struct ev_bytes numeric, unsigned scale, int64_t *ret_unscaled)
{
        unsigned count, sign;
        int64_t negative = 0;
        int weight, r;

        assert(scale <= EV_DECIMAL_SCALE_MAX);
        assert(ret_unscaled);

        if (!numeric.data || numeric.size < NUMERIC_HEADER_BYTES)
                return EV_DECIMAL_MALFORMED;
        count = get_be16(numeric.data);
        weight = (int16_t)get_be16(numeric.data + 2);
        sign = get_be16(numeric.data + 4);
        if ((sign != NUMERIC_POSITIVE && sign != NUMERIC_NEGATIVE) ||
            numeric.size != NUMERIC_HEADER_BYTES + (size_t)2 * count)
                return EV_DECIMAL_MALFORMED;

        for (unsigned i = 0; i < count; ++i) {
                unsigned digit = get_be16(numeric.data + NUMERIC_HEADER_BYTES + (size_t)2 * i);

                if (digit >= NUMERIC_BASE)
                        return EV_DECIMAL_MALFORMED;
                r = add_numeric_digit(&negative, digit, (weight - (int)i) * NUMERIC_BASE_DIGITS,
                                      scale);
                if (r > 0)
                        return r;
        }
        if (sign == NUMERIC_POSITIVE && negative == INT64_MIN)
                return EV_DECIMAL_OUT_OF_RANGE;
        *ret_unscaled = sign == NUMERIC_NEGATIVE ? negative : -negative;
        return 0;
}
