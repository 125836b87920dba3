#include "support/unit.h"

#include "freight.h"

UNIT_SUITE(order_freight);

/* A product of `weight` grams and a cube of this edge in 0.1 cm (0: not measured). */
static struct product made(const char *sku, int64_t weight, int64_t edge)
{
        return (struct product){ .sku = ev_str_of(sku),
                                 .has_weight = weight >= 0,
                                 .weight = weight,
                                 .has_length = edge > 0,
                                 .length = edge,
                                 .has_width = edge > 0,
                                 .width = edge,
                                 .has_height = edge > 0,
                                 .height = edge };
}

/* What becomes of one line: −1 if it fits. */
static int one_line(struct product product, int32_t quantity)
{
        struct freight freight = { 0 };
        enum order_reason reason;
        struct ev_str sku;

        freight_add(&freight, &product, quantity);
        return freight_fits(&freight, &reason, &sku) ? -1 : (int)reason;
}

Test(order_freight, rounds_the_volume_of_one_piece_half_up)
{
        static const struct {
                int64_t length, width, height, volume;
        } cases[] = {
                { 10, 10, 10, 1 },
                { 10, 10, 5, 1 },                                  /* 0.5 */
                { 10, 10, 4, 0 },                                  /* 0.4 */
                { 15, 10, 10, 2 },                                 /* 1.5 */
                { 9999999, 9999999, 9999999, 999999700000030000 }, /* all that the columns hold */
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                struct product product = made("A", 1, 1);

                product.length = cases[i].length;
                product.width = cases[i].width;
                product.height = cases[i].height;
                cr_assert_eq(unit_volume_cm3(&product), cases[i].volume, "case %zu", i);
                product.has_width = false;
                cr_assert_eq(unit_volume_cm3(&product), 0);
        }
}

Test(order_freight, knows_its_weight)
{
        cr_assert_eq(one_line(made("A", 1, 0), 1), -1);
        cr_assert_eq(one_line(made("A", 0, 0), 1), ORDER_REASON_WEIGHT_UNKNOWN);
        cr_assert_eq(one_line(made("A", -1, 0), 1), ORDER_REASON_WEIGHT_UNKNOWN);
}

/* 99,999.999 kg or m3 is the last that a column holds. */
Test(order_freight, of_a_line_fits_its_columns)
{
        cr_assert_eq(one_line(made("A", 99999999, 0), 1), -1);
        cr_assert_eq(one_line(made("A", 100000000, 0), 1), ORDER_REASON_AMOUNT_OUT_OF_RANGE);
        cr_assert_eq(one_line(made("A", 33333333, 0), 3), -1);
        cr_assert_eq(one_line(made("A", 33333334, 0), 3), ORDER_REASON_AMOUNT_OUT_OF_RANGE);
        cr_assert_eq(one_line(made("A", 99999999, 0), 1000000), ORDER_REASON_AMOUNT_OUT_OF_RANGE);
        /* A cube of 10 cm is 0.001 m3. */
        cr_assert_eq(one_line(made("A", 1, 100), 99999999), -1);
        cr_assert_eq(one_line(made("A", 1, 100), 100000000), ORDER_REASON_AMOUNT_OUT_OF_RANGE);
        cr_assert_eq(one_line(made("A", 1, 9999999), 1000000), ORDER_REASON_AMOUNT_OUT_OF_RANGE);
}

Test(order_freight, fits_in_total)
{
        const struct product half = made("A", 50000000, 0), less = made("B", 49999999, 0);
        const struct product gram = made("C", 1, 0);
        struct freight freight = { 0 };
        enum order_reason reason;
        struct ev_str sku;

        freight_add(&freight, &half, 1);
        freight_add(&freight, &less, 1);
        cr_assert(freight_fits(&freight, &reason, &sku));
        freight_add(&freight, &gram, 1);
        cr_assert_not(freight_fits(&freight, &reason, &sku));
        cr_assert_eq(reason, ORDER_REASON_AMOUNT_OUT_OF_RANGE);
        cr_assert(ev_str_equal(sku, EV_STR("C")));
}

/* What shipping computes: each line is rounded to 0.001 m3 by itself. 800 cubes of 1.2 cm are
 * 1,600 cm3 of rounded pieces, which is 0.002 m3. */
Test(order_freight, rounds_each_line_once)
{
        const struct product cube = made("A", 1, 12); /* 1.728 cm3, so 2 */
        struct freight freight = { 0 };

        freight_add(&freight, &cube, 800);
        cr_assert_eq(freight.volume, 2);
        freight_add(&freight, &cube, 249); /* 498 cm3 */
        cr_assert_eq(freight.volume, 2);
        freight_add(&freight, &cube, 250);
        cr_assert_eq(freight.volume, 3);
}

/* Both at fault: range stands first in the contract, whichever line comes first. */
Test(order_freight, names_the_first_reason_and_product)
{
        const struct product unknown = made("A", -1, 0), heavy = made("B", 99999999, 0);
        struct freight freight = { 0 };
        enum order_reason reason;
        struct ev_str sku;

        freight_add(&freight, &unknown, 1);
        cr_assert_not(freight_fits(&freight, &reason, &sku));
        cr_assert_eq(reason, ORDER_REASON_WEIGHT_UNKNOWN);
        cr_assert(ev_str_equal(sku, EV_STR("A")));
        freight_add(&freight, &heavy, 2);
        freight_add(&freight, &heavy, 2);
        cr_assert_not(freight_fits(&freight, &reason, &sku));
        cr_assert_eq(reason, ORDER_REASON_AMOUNT_OUT_OF_RANGE);
        cr_assert(ev_str_equal(sku, EV_STR("B")));
}
