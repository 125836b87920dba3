#include "support/unit.h"

#include "customer/nit.h"

UNIT_SUITE(customer_nit);

/* From the tests and documents of other implementations: python-stdnum and stdnum (npm) for the
 * first three, nit-verifier (npm) for the fourth. */
static const struct {
        const char *number;
        int digit;
} vectors[] = {
        { "213.123.432-1", 1 },
        { "1018464851-9", 9 },
        { "900544472-2", 2 },
        { "860.069.804-2", 2 },
};

Test(customer_nit, agrees_with_other_implementations)
{
        for (size_t i = 0; i < EV_ARRAY_SIZE(vectors); ++i) {
                int digit = -1;

                cr_assert_eq(nit_check(ev_str_of(vectors[i].number), &digit), NIT_GOOD, "%s",
                             vectors[i].number);
                cr_assert_eq(digit, vectors[i].digit);
        }
}

Test(customer_nit, tells_the_digit_that_would_be_right)
{
        int digit = -1;

        for (int last = '0'; last <= '9'; ++last) {
                const char number[] = { '2', '1', '3', '1', '2', '3', '4', '3', '2', (char)last };

                cr_assert_eq(nit_check((struct ev_str){ number, sizeof(number) }, &digit),
                             last == '1' ? NIT_GOOD : NIT_WRONG_DIGIT);
                cr_assert_eq(digit, 1);
        }
}

/* A rest of 0 or 1 is the check digit itself: 4·3 leaves 1, 8·3 leaves 2. */
Test(customer_nit, takes_rests_of_0_and_1_as_they_are)
{
        int digit = -1;

        cr_assert_eq(nit_check(EV_STR("4-1"), &digit), NIT_GOOD);
        cr_assert_eq(nit_check(EV_STR("0-0"), &digit), NIT_GOOD);
        cr_assert_eq(nit_check(EV_STR("8-9"), &digit), NIT_GOOD); /* 11 - 2 */
}

Test(customer_nit, takes_2_to_16_digits_and_separators)
{
        static const char *const none[] = { "", "-", "5", "12a", "12345678901234567", "９0" };
        int digit = -1;

        for (size_t i = 0; i < EV_ARRAY_SIZE(none); ++i)
                cr_assert_eq(nit_check(ev_str_of(none[i]), &digit), NIT_NOT_A_NUMBER, "%s",
                             none[i]);
        cr_assert_eq(digit, -1, "nothing was set");
        cr_assert_neq(nit_check(EV_STR("1234567890123456"), &digit), NIT_NOT_A_NUMBER);
        cr_assert_eq(nit_check(EV_STR(" 213 123.432 - 1 "), &digit), NIT_GOOD);
}
