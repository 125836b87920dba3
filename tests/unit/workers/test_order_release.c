#include "support/unit.h"

#include <string.h>

#include "base/error.h"
#include "lifecycle.h"
#include "schemas/stock.h"
#include "support/standing_order.h"

UNIT_SUITE(order_release);

static const struct ev_fact_head head = { .time = 99 };

/* Some pieces of the lot LOT_A_NORTH, of which O-1 holds three. */
static struct stock_lot_quantity pieces(int32_t quantity)
{
        return (struct stock_lot_quantity){ .inventory_item_id = LOT_A_NORTH,
                                            .sku = EV_STR("A"),
                                            .product_id = PRODUCT_A,
                                            .location = EV_STR("NORTH"),
                                            .quantity = quantity };
}

static int fold_released(struct decide *t, struct stock_lot_quantity lot)
{
        const struct stock_released fact = { .order_number = NUMBER,
                                             .lots_count = 1,
                                             .lots = &lot };

        return fold_stock_released(t->rows, &head, &fact);
}

/* The row of LOT_A_NORTH in this status: its pieces, 0 where there is none. */
static int32_t pieces_of(struct decide *t, const char *status)
{
        const struct order_item *item = item_of_product(t->rows, standing_order(t), PRODUCT_A);
        const struct reservation *row =
                find_reservation(t->rows, item, LOT_A_NORTH, ev_str_of(status));

        return row ? row->quantity : 0;
}

/* Pieces move from the open row to the released one, of which there is one for all of them; an open
 * row that is empty goes. */
Test(order_release, moves_pieces_from_row_to_row)
{
        struct decide t;

        standing_begin(&t, ORDER_STATUS_CONFIRMED, false);
        cr_assert_eq(fold_released(&t, pieces(1)), 0);
        cr_assert_eq(pieces_of(&t, "open"), 2);
        cr_assert_eq(pieces_of(&t, "released"), 1);
        cr_assert_eq(standing_lot(&t, LOT_A_NORTH)->reserved_quantity, 2);
        cr_assert_eq(standing_lot(&t, LOT_A_NORTH)->quantity, 100);
        cr_assert_eq(standing_lot(&t, LOT_A_NORTH)->updated_at, 99);
        standing_check_laws_of_lots(&t);

        cr_assert_eq(fold_released(&t, pieces(2)), 0);
        cr_assert_eq(pieces_of(&t, "open"), 0);
        cr_assert_eq(pieces_of(&t, "released"), 3);
        standing_check_laws_of_lots(&t);
        decide_end(&t);
}

/* A time limit belongs to what is open. */
Test(order_release, leaves_no_time_limit_behind)
{
        struct decide t;

        standing_begin_pending(&t, false, EARLIER);
        cr_assert_eq(standing_event(&t, ORDER_EXPIRES), 0);
        for (const struct reservation *row = first_reservation(t.rows, standing_order(&t)); row;
             row = next_reservation(row))
                cr_assert_not(row->has_expires_at);
        decide_end(&t);
}

/* In a rebuild facts come from a topic: what they say must fit what stands there. */
Test(order_release, of_what_is_not_held_is_an_error)
{
        struct stock_lot_quantity lot = pieces(1);
        const struct stock_consumed consumed = { .order_number = EV_STR("O-2"),
                                                 .lots_count = 1,
                                                 .lots = &lot };
        struct decide t;

        standing_begin(&t, ORDER_STATUS_CONFIRMED, false);
        cr_assert_eq(fold_released(&t, pieces(4)), EV_FAILED, "three are held");
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        cr_assert_not_null(strstr(ev_error_last()->text, "O-1"));
        lot.inventory_item_id = 77;
        cr_assert_eq(fold_released(&t, lot), EV_FAILED, "no such lot");
        cr_assert_eq(fold_stock_consumed(t.rows, &head, &consumed), EV_FAILED, "no such order");
        cr_assert_eq(pieces_of(&t, "open"), 3);
        decide_end(&t);

        standing_begin(&t, ORDER_STATUS_CANCELLED, false);
        cr_assert_eq(fold_released(&t, pieces(1)), EV_FAILED, "nothing is held any more");
        decide_end(&t);
}

/* A fact has room for 1,000 lots, which is what an order may hold; one that was given more by hand
 * has two facts, and loses nothing. */
Test(order_release, of_more_lots_than_a_fact_holds_makes_two)
{
        enum { MORE = 1000 };
        struct order_cancellation_requested request = { .order_number = NUMBER,
                                                        .reason = EV_STR("x"),
                                                        .requested_by = EV_STR("shop") };
        struct decide t;

        standing_begin(&t, ORDER_STATUS_CONFIRMED, false);
        for (int32_t i = 0; i < MORE; ++i) {
                decide_put(&t, &lots_table,
                           &(struct lot){ .id = 100 + i,
                                          .product_id = PRODUCT_A,
                                          .quantity = 1,
                                          .reserved_quantity = 1,
                                          .location = EV_STR("NORTH") });
                decide_put(&t, &reservations_table,
                           &(struct reservation){ .order_id = ORDER_ID,
                                                  .order_item_id = LINE_A,
                                                  .product_id = PRODUCT_A,
                                                  .inventory_item_id = 100 + i,
                                                  .quantity = 1,
                                                  .status = EV_STR("open") });
        }
        cr_assert_eq(decide(&t, &order_cancellation_requested_record, &request), 0);
        cr_assert_eq(decide_count(&t, &stock_released_record), 2);
        cr_assert_eq(decide_count(&t, &order_cancelled_record), 1);
        cr_assert_eq(standing_pieces(&t, "open"), 0);
        cr_assert_eq(standing_pieces(&t, "released"), 9 + MORE);
        cr_assert_eq(lot_by_id(t.rows, PRODUCT_A, 100 + MORE - 1)->reserved_quantity, 0);
        decide_end(&t);
}

/* Somebody took a lot away under the reservation: it is said, and nothing is guessed. */
Test(order_release, of_a_lot_that_is_gone_is_an_error)
{
        struct decide t;

        standing_begin(&t, ORDER_STATUS_PROCESSING, true);
        ev_rows_remove(t.rows, standing_lot(&t, LOT_B));
        cr_assert_eq(standing_event(&t, ORDER_MANIFEST_SHIPPED), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD);
        cr_assert_not_null(strstr(ev_error_last()->text, "lot 7"));
        decide_end(&t);
}
