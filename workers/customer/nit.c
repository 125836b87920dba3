/* The check digit of a NIT, modulo 11.
 *
 * Source: Orden Administrativa 4 of 1989 of Colombia's tax office. Each digit, from the right, is
 * multiplied by its weight; the rest of the sum divided by 11 is the check digit if it is 0 or 1,
 * else what it lacks to 11.
 *
 * Nothing here has a state. */

#include "nit.h"

#include <assert.h>

enum { MODULUS = 11, DIGITS_MIN = 2, DIGITS_MAX = 16 };

/* Of the last digit before the check digit, the one before it, and so on. */
static const int weights[] = { 3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71 };

/* The digits alone; their count, or 0 where something else than a separator stands between them, or
 * where there are too many. */
static size_t read_digits(struct ev_str number, int digits[DIGITS_MAX])
{
        size_t count = 0;

        assert(!ev_str_is_null(number));

        for (size_t i = 0; i < number.size; ++i) {
                char c = number.data[i];

                if (c == '.' || c == ' ' || c == '-')
                        continue;
                if (c < '0' || c > '9' || count == DIGITS_MAX)
                        return 0;
                digits[count++] = c - '0';
        }
        return count;
}

enum nit_form nit_check(struct ev_str number, int *ret_digit)
{
        int digits[DIGITS_MAX], sum = 0;
        size_t count = read_digits(number, digits);

        _Static_assert(EV_ARRAY_SIZE(weights) == DIGITS_MAX - 1, "a weight for each digit");
        assert(ret_digit);

        if (count < DIGITS_MIN)
                return NIT_NOT_A_NUMBER;
        for (size_t i = 0; i < count - 1; ++i)
                sum += weights[i] * digits[count - 2 - i];
        *ret_digit = sum % MODULUS <= 1 ? sum % MODULUS : MODULUS - sum % MODULUS;
        return digits[count - 1] == *ret_digit ? NIT_GOOD : NIT_WRONG_DIGIT;
}
