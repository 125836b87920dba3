/* Tracking numbers: the form of the Universal Postal Union, or the carrier's own. */

#include "shipping/tracking.h"

#include <assert.h>
#include <regex.h>
#include <stdlib.h>

enum {
        S10_SIZE = 13,
        S10_DIGITS_AT = 2,
        S10_DIGITS = 8,
        NUMBER_BYTES_MAX = 255, /* characters of the column, and these are ASCII */
        PATTERN_BYTES = 256,
};

static const struct ev_str usual_pattern = EV_STR_INIT("^[A-Z0-9]{8,35}$");

static bool is_letter(char c)
{
        return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

/* "AA999999999AA" */
static bool is_postal(struct ev_str number)
{
        assert(number.data || number.size == 0);

        if (number.size != S10_SIZE)
                return false;
        for (size_t i = 0; i < S10_SIZE; ++i)
                if (i < S10_DIGITS_AT || i > S10_DIGITS_AT + S10_DIGITS ? !is_letter(number.data[i])
                                                                        : !is_digit(number.data[i]))
                        return false;
        return true;
}

/* Source: UPU Technical Standard S10-12, annex A: the sum of the digits with these weights, 11
 * minus its rest by 11, where 10 is written 0 and 11 is written 5. */
static bool postal_digit_checks(struct ev_str number)
{
        static const int weights[S10_DIGITS] = { 8, 6, 4, 2, 3, 5, 9, 7 };
        int sum = 0, check;

        assert(is_postal(number));

        for (size_t i = 0; i < S10_DIGITS; ++i)
                sum += weights[i] * (number.data[S10_DIGITS_AT + i] - '0');
        check = 11 - sum % 11;
        check = check == 10 ? 0 : check == 11 ? 5 : check;
        return number.data[S10_DIGITS_AT + S10_DIGITS] - '0' == check;
}

/* A pattern that is none matches nothing: whoever registered it hears of it with the first number.
 */
static bool matches(const char *number, const char *pattern)
{
        regex_t regex;
        bool found;

        assert(number && pattern);

        if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
                return false;
        found = regexec(&regex, number, 0, NULL, 0) == 0;
        regfree(&regex);
        return found;
}

bool tracking_number_is_valid(struct ev_str number, struct ev_str pattern)
{
        char number_text[NUMBER_BYTES_MAX + 1], pattern_text[PATTERN_BYTES];

        assert(!ev_str_is_null(number));

        if (is_postal(number))
                return postal_digit_checks(number);
        return ev_str_copy(number, number_text, sizeof(number_text)) &&
               ev_str_copy(ev_str_is_null(pattern) ? usual_pattern : pattern, pattern_text,
                           sizeof(pattern_text)) &&
               matches(number_text, pattern_text);
}
