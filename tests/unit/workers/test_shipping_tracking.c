#include "support/unit.h"

#include <stdio.h>

#include "shipping/tracking.h"

UNIT_SUITE(shipping_tracking);

static bool is_valid(const char *number)
{
        return tracking_number_is_valid(ev_str_of(number), EV_STR_NULL);
}

/* Numbers that others have published as examples: RB123456785GB (the UPU's standard itself),
 * RR473124829GB and AA473124829DE (Wikipedia, "S10 (UPU standard)", which works the digit 9 of
 * 47312482 out), RR123456785DE (Deutsche Post); and one whose digit would be 11 and is written 5.
 */
Test(shipping_tracking, checks_the_digit_of_postal_numbers)
{
        static const char *const valid[] = { "RR473124829GB", "RB123456785GB", "RR123456785DE",
                                             "AA473124829DE", "EE000000005CO" };

        for (size_t i = 0; i < EV_ARRAY_SIZE(valid); ++i) {
                char number[14];

                cr_assert(is_valid(valid[i]), "%s", valid[i]);
                for (int digit = '0'; digit <= '9'; ++digit) {
                        snprintf(number, sizeof(number), "%s", valid[i]);
                        number[10] = (char)digit;
                        cr_assert_eq(is_valid(number), digit == valid[i][10], "%s", number);
                }
        }
}

/* Computed another way: from the right, and by the rest alone. */
Test(shipping_tracking, agrees_with_the_rest_by_eleven)
{
        for (int n = 0; n < 100000000; n += 9973) {
                static const int weights[] = { 7, 9, 5, 3, 2, 4, 6, 8 }; /* from the right */
                char number[14];
                int sum = 0, digits = n, rest, check;

                for (size_t i = 0; i < EV_ARRAY_SIZE(weights); ++i, digits /= 10)
                        sum += weights[i] * (digits % 10);
                rest = sum % 11;
                check = rest == 0 ? 5 : rest == 1 ? 0 : 11 - rest;
                snprintf(number, sizeof(number), "CP%08d%dCO", n, check);
                cr_assert(is_valid(number), "%s", number);
                number[10] = (char)('0' + (check + 1) % 10);
                cr_assert_not(is_valid(number), "%s", number);
        }
}

/* What has not that shape is the carrier's own: `^[A-Z0-9]{8,35}$`. */
Test(shipping_tracking, takes_other_numbers_by_the_usual_pattern)
{
        cr_assert(is_valid("1Z999AA10123456784"));
        cr_assert(is_valid("12345678"));
        cr_assert(is_valid("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345678"));
        cr_assert_not(is_valid("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"));
        cr_assert_not(is_valid("1234567"));
        cr_assert_not(is_valid(""));
        cr_assert_not(is_valid("1z999aa10123456784"));
        cr_assert_not(is_valid("1234 5678"));
        cr_assert_not(is_valid("12345678\n"));
        cr_assert_not(is_valid("RR-473124829-GB"));
        cr_assert(is_valid("RR4731248290GB"), "one digit more is another number");
        cr_assert(is_valid("rr473124829gb") == false, "and small letters are none");
}

Test(shipping_tracking, takes_other_numbers_by_the_cards_pattern)
{
        const struct ev_str pattern = EV_STR("^JD[0-9]{10}$");
        char long_number[300];

        cr_assert(tracking_number_is_valid(EV_STR("JD0123456789"), pattern));
        cr_assert_not(tracking_number_is_valid(EV_STR("1Z999AA10123456784"), pattern));
        cr_assert(tracking_number_is_valid(EV_STR("RR473124829GB"), pattern));
        cr_assert_not(tracking_number_is_valid(EV_STR("JD0123456789"), EV_STR("([")),
                      "a pattern that is none");
        for (size_t i = 0; i < sizeof(long_number); ++i)
                long_number[i] = '1';
        cr_assert_not(
                tracking_number_is_valid((struct ev_str){ long_number, 256 }, EV_STR("^1*$")));
        cr_assert(tracking_number_is_valid((struct ev_str){ long_number, 255 }, EV_STR("^1*$")));
}
