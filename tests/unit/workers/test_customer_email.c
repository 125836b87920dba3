#include "support/unit.h"

#include <string.h>

#include "customer/email.h"

UNIT_SUITE(customer_email);

/* tests/integration/customers/run compares many more with the CHECK of the table. */
Test(customer_email, accepts_what_the_table_accepts)
{
        static const char *const good[] = { "a@b.co",  "A.b_c%d+e-f@X-1.Example.COM",
                                            "1@2.xx",  "...@-.aa",
                                            "a@b..co", "a@b.c.de" };
        static const char *const bad[] = { "",
                                           "@",
                                           "a",
                                           "a@",
                                           "@b.co",
                                           "a@co",
                                           "a@.co",
                                           "a@b.c",
                                           "a@b.c1",
                                           "a@b.co.",
                                           "a@b.1co",
                                           "a@bbco",
                                           "a@b@c.co",
                                           "a b@c.co",
                                           " a@b.co",
                                           "a@b.co ",
                                           "a@b.co\n",
                                           "a'b@c.co",
                                           "a@b_c.co",
                                           "a@b%c.co",
                                           "a@b+c.co",
                                           "jos\xc3\xa9@b.co",
                                           "a@b\xc3\xa9.co",
                                           "a@b.c\xc3\xa9",
                                           "\xe2\x84\xaa@b.co" /* U+212A, the sign for kelvin */ };

        for (size_t i = 0; i < EV_ARRAY_SIZE(good); ++i)
                cr_assert(email_is_valid(ev_str_of(good[i])), "%s", good[i]);
        for (size_t i = 0; i < EV_ARRAY_SIZE(bad); ++i)
                cr_assert_not(email_is_valid(ev_str_of(bad[i])), "%s", bad[i]);
        cr_assert_not(email_is_valid((struct ev_str){ "a\0b@c.co", 8 }), "a NUL");
}

Test(customer_email, accepts_255_characters_and_no_more)
{
        char address[EMAIL_MAX + 1];

        memset(address, 'a', sizeof(address));
        address[1] = '@';
        address[EMAIL_MAX - 4] = '.';
        cr_assert(email_is_valid((struct ev_str){ address, EMAIL_MAX }));
        cr_assert_not(email_is_valid((struct ev_str){ address, EMAIL_MAX + 1 }));
}

Test(customer_email, folds_a_to_z_and_nothing_else)
{
        char buffer[EMAIL_MAX];

        cr_assert(ev_str_equal(email_fold(EV_STR("AZaz@[`{.%+-_09"), buffer),
                               EV_STR("azaz@[`{.%+-_09")));
}
