#include "support/unit.h"

#include <string.h>

#include "base/error.h"
#include "freight.h"
#include "lifecycle.h"
#include "support/standing_order.h"

UNIT_SUITE(order_confirmation);

static const struct ev_first_request earlier = { .event_id = EV_STR_INIT("first"),
                                                 .outcome_event_id = EV_STR_INIT("fact"),
                                                 .outcome_type = EV_STR_INIT("a.Type") };

static void refused(struct decide *t, enum order_reason reason)
{
        const struct order_request_declined *fact;

        standing_announced(t, "OrderRequestDeclined");
        fact = decide_fact(t, &order_request_declined_record);
        cr_assert_eq(fact->reason, reason, "reason %d: %.*s", fact->reason,
                     EV_STR_ARG(fact->detail));
        cr_assert_gt(fact->detail.size, 0);
        cr_assert_eq(standing_status(t), ORDER_STATUS_PENDING);
}

static struct product *change_product(struct decide *t, int32_t id)
{
        return ev_rows_change(t->rows, product_by_id(t->rows, id));
}

Test(order_confirmation, carries_what_a_manifest_is_made_of)
{
        const struct order_confirmed *fact;
        struct product *product;
        struct decide t;

        standing_begin(&t, ORDER_STATUS_PENDING, true);
        product = change_product(&t, PRODUCT_B);
        product->description = EV_STR("Lamp of brass");
        product->has_length = product->has_width = product->has_height = true;
        product->length = 105; /* 10.5 cm */
        product->width = 50;
        product->height = 31;
        cr_assert_eq(standing_event(&t, ORDER_IS_CONFIRMED), 0);
        standing_announced(&t, "OrderConfirmed");
        fact = decide_fact(&t, &order_confirmed_record);
        cr_assert_eq(fact->old_status, ORDER_STATUS_PENDING);
        cr_assert_eq(fact->new_status, ORDER_STATUS_CONFIRMED);
        cr_assert(ev_str_equal(fact->company_id, EV_STR("C-1")));
        cr_assert(ev_str_equal(fact->customer_id, EV_STR("U-1")));
        cr_assert(ev_str_equal(fact->currency, EV_STR("USD")));
        cr_assert_eq(fact->total_amount, 9000);
        cr_assert(ev_str_equal(fact->origin_country, EV_STR("US")));
        cr_assert(ev_str_equal(fact->destination_country, EV_STR("DE")));
        cr_assert_eq(fact->lines_count, 2);
        cr_assert(ev_str_equal(fact->lines[0].sku, EV_STR("A")));
        cr_assert_eq(fact->lines[0].product_id, PRODUCT_A);
        cr_assert_eq(fact->lines[0].quantity, 5);
        cr_assert(ev_str_equal(fact->lines[0].category, EV_STR("toys")));
        cr_assert(ev_str_equal(fact->lines[0].description, EV_STR("Lamp")), "the name");
        cr_assert(ev_str_is_null(fact->lines[0].hs_code));
        cr_assert(fact->lines[0].has_unit_weight);
        cr_assert_eq(fact->lines[0].unit_weight, 1500);
        cr_assert_eq(fact->lines[0].unit_volume_cm3, 0, "not measured");
        cr_assert_eq(fact->lines[0].line_value, 5000);
        cr_assert(ev_str_equal(fact->lines[1].description, EV_STR("Lamp of brass")));
        cr_assert_eq(fact->lines[1].unit_volume_cm3, 163, "10.5 * 5.0 * 3.1 is 162.75");
        cr_assert_eq(t.facts->outcome, EV_OUTCOME_ACCEPTED);
        decide_end(&t);
}

Test(order_confirmation, tells_what_is_known_beside_a_product)
{
        const struct order_confirmed *fact;
        struct product_extras *extras;
        struct decide t;

        standing_begin(&t, ORDER_STATUS_PENDING, true);
        extras =
                ev_rows_change(t.rows, extras_of_product(t.rows, product_by_id(t.rows, PRODUCT_A)));
        extras->hs_code = EV_STR("950300");
        extras->country_of_origin = EV_STR("CN");
        cr_assert_eq(standing_event(&t, ORDER_IS_CONFIRMED), 0);
        fact = decide_fact(&t, &order_confirmed_record);
        cr_assert(ev_str_equal(fact->lines[0].hs_code, EV_STR("950300")));
        cr_assert(ev_str_equal(fact->lines[0].country_of_origin, EV_STR("CN")));
        decide_end(&t);
}

/* 200 characters, which may be more bytes. */
Test(order_confirmation, cuts_descriptions_between_characters)
{
        const struct order_confirmed *fact;
        char wide[2 * 201]; /* U+00E9, 201 times */
        struct decide t;

        for (size_t i = 0; i < sizeof(wide); ++i)
                wide[i] = (char)(i % 2 ? 0xa9 : 0xc3);
        standing_begin(&t, ORDER_STATUS_PENDING, false);
        change_product(&t, PRODUCT_A)->description = (struct ev_str){ wide, sizeof(wide) };
        change_product(&t, PRODUCT_B)->description = (struct ev_str){ wide, sizeof(wide) - 2 };
        cr_assert_eq(standing_event(&t, ORDER_IS_CONFIRMED), 0);
        fact = decide_fact(&t, &order_confirmed_record);
        cr_assert_eq(fact->lines[0].description.size, 400);
        cr_assert_eq(fact->lines[1].description.size, 400);
        decide_end(&t);
}

/* The limit has passed, the timer has not run: it may be confirmed, and holds without a limit. */
Test(order_confirmation, takes_the_time_limit_away)
{
        struct decide t;

        standing_begin_pending(&t, false, EARLIER);
        cr_assert(first_reservation(t.rows, standing_order(&t))->has_expires_at);
        cr_assert_eq(standing_event(&t, ORDER_IS_CONFIRMED), 0);
        cr_assert_not(standing_extras(&t)->has_expires_at);
        for (const struct reservation *row = first_reservation(t.rows, standing_order(&t)); row;
             row = next_reservation(row))
                cr_assert_not(row->has_expires_at);
        cr_assert_eq(standing_order(&t)->updated_at, t.cases.now);
        cr_assert_eq(standing_event(&t, ORDER_EXPIRES), 0);
        standing_announced(&t, "");
        standing_check_laws(&t);
        decide_end(&t);
}

/* A backorder that waits holds nothing, a short order too little. */
Test(order_confirmation, is_refused_to_what_does_not_hold_all)
{
        struct reservation *row;
        struct decide t;

        standing_begin(&t, ORDER_STATUS_PENDING, false);
        row = ev_rows_change(t.rows, first_reservation(t.rows, standing_order(&t)));
        t.is_not_rebuilt = true;
        --row->quantity;
        cr_assert_eq(standing_event(&t, ORDER_IS_CONFIRMED), 0);
        refused(&t, ORDER_REASON_INSUFFICIENT_STOCK);
        ++row->quantity;
        cr_assert_eq(standing_event(&t, ORDER_IS_CONFIRMED), 0);
        standing_announced(&t, "OrderConfirmed");
        decide_end(&t);

        standing_begin(&t, ORDER_STATUS_PENDING, false);
        while (first_reservation(t.rows, standing_order(&t)))
                ev_rows_remove(t.rows, first_reservation(t.rows, standing_order(&t)));
        cr_assert_eq(standing_event(&t, ORDER_IS_CONFIRMED), 0);
        refused(&t, ORDER_REASON_INSUFFICIENT_STOCK);
        decide_end(&t);
}

/* Products may have changed since the order was placed. At home nobody asks. */
Test(order_confirmation, abroad_repeats_the_checks_of_weight_and_range)
{
        struct decide t;

        for (int abroad = 0; abroad < PLACES; ++abroad) {
                standing_begin(&t, ORDER_STATUS_PENDING, abroad);
                change_product(&t, PRODUCT_B)->has_weight = false;
                cr_assert_eq(standing_event(&t, ORDER_IS_CONFIRMED), 0);
                if (abroad)
                        refused(&t, ORDER_REASON_WEIGHT_UNKNOWN);
                else
                        standing_announced(&t, "OrderConfirmed");
                decide_end(&t);

                standing_begin(&t, ORDER_STATUS_PENDING, abroad);
                change_product(&t, PRODUCT_B)->has_weight = false;
                change_product(&t, PRODUCT_A)->weight = 20 * 1000 * 1000; /* 20 t, five times */
                cr_assert_eq(standing_event(&t, ORDER_IS_CONFIRMED), 0);
                if (abroad)
                        refused(&t, ORDER_REASON_AMOUNT_OUT_OF_RANGE);
                else
                        standing_announced(&t, "OrderConfirmed");
                decide_end(&t);
        }
}

/* Whoever it was confirmed by: the same request again is a repeat only if one was accepted. */
Test(order_confirmation, comes_twice)
{
        for (int status = ORDER_STATUS_CONFIRMED; status < STATUSES; ++status)
                for (int known = 0; known < 2; ++known) {
                        struct decide t;

                        standing_begin(&t, (enum order_status)status, false);
                        t.first_request = known ? &earlier : NULL;
                        cr_assert_eq(standing_event(&t, ORDER_IS_CONFIRMED), 0);
                        if (known)
                                standing_announced(&t, "OrderRequestRepeated");
                        else
                                cr_assert_eq(((const struct order_request_declined *)decide_fact(
                                                      &t, &order_request_declined_record))
                                                     ->reason,
                                             ORDER_REASON_ILLEGAL_TRANSITION);
                        cr_assert_eq(standing_status(&t), (enum order_status)status);
                        decide_end(&t);
                }
}

Test(order_confirmation, waits_for_its_order_and_is_refused_at_the_last_try)
{
        struct order_confirmation_requested request = { .order_number = EV_STR("O-2") };
        struct decide t;

        standing_begin(&t, ORDER_STATUS_PENDING, false);
        cr_assert_eq(decide(&t, &order_confirmation_requested_record, &request), EV_WAITS);
        cr_assert_str_eq(t.c.reason, "order");
        t.is_last_try = true;
        cr_assert_eq(decide(&t, &order_confirmation_requested_record, &request), 0);
        refused(&t, ORDER_REASON_UNKNOWN_ORDER);
        t.is_last_try = false;
        request.order_number = EV_STR("");
        cr_assert_eq(decide(&t, &order_confirmation_requested_record, &request), 0);
        refused(&t, ORDER_REASON_INVALID_FIELD);
        decide_end(&t);
}

/* 500 lines are an order, more were made by hand: a person is asked, nothing is cut. */
Test(order_confirmation, of_too_many_lines_is_the_records_own_fault)
{
        struct decide t;

        standing_begin(&t, ORDER_STATUS_PENDING, false);
        for (int32_t i = 0; i < 500; ++i) {
                decide_put(&t, &order_items_table,
                           &(struct order_item){ .id = 100 + i,
                                                 .order_id = ORDER_ID,
                                                 .product_id = PRODUCT_A,
                                                 .quantity = 1 });
                decide_put(&t, &reservations_table,
                           &(struct reservation){ .order_id = ORDER_ID,
                                                  .order_item_id = 100 + i,
                                                  .product_id = PRODUCT_A,
                                                  .inventory_item_id = LOT_A_NORTH,
                                                  .quantity = 1,
                                                  .status = EV_STR("open") });
        }
        cr_assert_eq(standing_event(&t, ORDER_IS_CONFIRMED), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD);
        decide_end(&t);
}

Test(order_confirmation, a_fold_fails_for_an_order_that_is_not_there)
{
        const struct ev_fact_head head = { .time = 99 };
        const struct order_confirmed fact = { .order_number = EV_STR("O-2") };
        struct decide t;

        standing_begin(&t, ORDER_STATUS_PENDING, false);
        cr_assert_eq(order_fold_confirmed(t.rows, &head, &fact), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        decide_end(&t);
}
