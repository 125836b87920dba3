#include "support/unit.h"

#include <string.h>

#include "base/error.h"
#include "lifecycle.h"
#include "schemas/stock.h"
#include "support/standing_order.h"

UNIT_SUITE(order_cancellation);

static const struct ev_first_request earlier = { .event_id = EV_STR_INIT("first"),
                                                 .outcome_event_id = EV_STR_INIT("fact"),
                                                 .outcome_type = EV_STR_INIT("a.Type") };

/* Asks to cancel O-1 in these words. */
static int cancel(struct decide *t, struct ev_str reason)
{
        struct order_cancellation_requested request = { .order_number = NUMBER,
                                                        .reason = reason,
                                                        .requested_by = EV_STR("shop") };

        return decide(t, &order_cancellation_requested_record, &request);
}

static void refused(struct decide *t, enum order_reason reason)
{
        const struct order_request_declined *fact;

        standing_announced(t, "OrderRequestDeclined");
        fact = decide_fact(t, &order_request_declined_record);
        cr_assert_eq(fact->reason, reason, "reason %d: %.*s", fact->reason,
                     EV_STR_ARG(fact->detail));
        cr_assert_gt(fact->detail.size, 0);
}

/* At home in each state from which it may, and abroad while it is pending. */
Test(order_cancellation, is_done_at_once_where_shipping_has_no_say)
{
        static const struct {
                enum order_status from;
                bool is_abroad;
        } cases[] = { { ORDER_STATUS_PENDING, false },
                      { ORDER_STATUS_PENDING, true },
                      { ORDER_STATUS_CONFIRMED, false },
                      { ORDER_STATUS_PROCESSING, false } };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                const struct order_cancelled *fact;
                const struct stock_released *released;
                struct decide t;

                standing_begin(&t, cases[i].from, cases[i].is_abroad);
                cr_assert_eq(cancel(&t, EV_STR("too late")), 0);
                standing_announced(&t, "StockReleased StockRestored OrderCancelled");
                fact = decide_fact(&t, &order_cancelled_record);
                cr_assert(ev_str_equal(fact->company_id, EV_STR("C-1")));
                cr_assert_eq(fact->old_status, cases[i].from);
                cr_assert_eq(fact->new_status, ORDER_STATUS_CANCELLED);
                cr_assert_eq(fact->reason, ORDER_CANCEL_REASON_CANCELLATION_REQUESTED);
                cr_assert(ev_str_equal(fact->detail, EV_STR("too late")));
                cr_assert(ev_str_equal(fact->cancel_reason, EV_STR("too late")));
                cr_assert(ev_str_equal(fact->requested_by, EV_STR("shop")));
                released = decide_fact(&t, &stock_released_record);
                cr_assert_eq(released->reason, STOCK_RELEASE_REASON_CANCELLED);
                cr_assert_eq(decide_announced(&t, &order_cancelled_record)->outcome,
                             EV_OUTCOME_ACCEPTED);
                cr_assert_eq(standing_order(&t)->updated_at, t.cases.now);
                cr_assert_eq(standing_extras(&t)->cancel_requested_at, t.cases.now);
                cr_assert(ev_str_equal(standing_extras(&t)->cancel_reason, EV_STR("too late")));
                standing_check_laws(&t);
                decide_end(&t);
        }
}

/* Each lot by itself, with what the order held of it; a lot that comes above its minimum is told
 * once, and one that is above its maximum is nobody's business here. */
Test(order_cancellation, gives_back_each_lot)
{
        const struct stock_released *released;
        const struct stock_restored *restored;
        struct decide t;

        standing_begin(&t, ORDER_STATUS_CONFIRMED, false);
        cr_assert_eq(cancel(&t, EV_STR("x")), 0);
        released = decide_fact(&t, &stock_released_record);
        cr_assert_eq(released->lots_count, 3);
        cr_assert_eq(released->lots[0].inventory_item_id, LOT_A_NORTH);
        cr_assert_eq(released->lots[0].quantity, 3);
        cr_assert(ev_str_equal(released->lots[0].sku, EV_STR("A")));
        cr_assert(ev_str_equal(released->lots[0].location, EV_STR("NORTH")));
        cr_assert_eq(released->lots[1].inventory_item_id, LOT_A_SOUTH);
        cr_assert_eq(released->lots[1].quantity, 2);
        cr_assert_eq(released->lots[2].inventory_item_id, LOT_B);
        cr_assert_eq(released->lots[2].product_id, PRODUCT_B);
        cr_assert_eq(released->lots[2].quantity, 4);
        restored = decide_fact(&t, &stock_restored_record);
        cr_assert_eq(restored->inventory_item_id, LOT_B);
        cr_assert_eq(restored->available, 10);
        cr_assert_eq(restored->min_stock_level, 7);
        cr_assert_eq(standing_lot(&t, LOT_A_NORTH)->quantity, 100, "what is released stays");
        cr_assert_eq(standing_lot(&t, LOT_A_NORTH)->reserved_quantity, 0);
        cr_assert_eq(standing_lot(&t, LOT_A_NORTH)->updated_at, t.cases.now);
        decide_end(&t);
}

/* A backorder that waits for goods holds nothing yet. */
Test(order_cancellation, of_what_holds_nothing_releases_nothing)
{
        const struct reservation *row;
        struct decide t;

        standing_begin(&t, ORDER_STATUS_PENDING, false);
        while ((row = first_reservation(t.rows, standing_order(&t))))
                ev_rows_remove(t.rows, row);
        cr_assert_eq(cancel(&t, EV_STR("x")), 0);
        standing_announced(&t, "OrderCancelled");
        decide_end(&t);
}

/* Abroad shipping is asked; the order itself is not changed by a question. */
Test(order_cancellation, asks_shipping_about_what_goes_abroad)
{
        static const enum order_status from[] = { ORDER_STATUS_CONFIRMED, ORDER_STATUS_PROCESSING };

        for (size_t i = 0; i < EV_ARRAY_SIZE(from); ++i) {
                const struct order_cancellation_pending *fact;
                struct decide t;

                standing_begin(&t, from[i], true);
                cr_assert_eq(cancel(&t, EV_STR("too late")), 0);
                standing_announced(&t, "OrderCancellationPending");
                fact = decide_fact(&t, &order_cancellation_pending_record);
                cr_assert_eq(fact->status, from[i]);
                cr_assert(ev_str_equal(fact->company_id, EV_STR("C-1")));
                cr_assert(ev_str_equal(fact->cancel_reason, EV_STR("too late")));
                cr_assert(ev_str_equal(fact->requested_by, EV_STR("shop")));
                cr_assert_eq(t.facts->outcome, EV_OUTCOME_ACCEPTED);
                cr_assert_eq(standing_status(&t), from[i]);
                cr_assert_eq(standing_order(&t)->updated_at, EARLIER);
                cr_assert_eq(standing_extras(&t)->cancel_requested_at, t.cases.now);
                cr_assert(ev_str_equal(standing_extras(&t)->cancel_reason, EV_STR("too late")));
                standing_check_laws(&t);
                decide_end(&t);
        }
}

/* What a request finds, and whether the same was accepted before (then it is a repeat as long as it
 * is in effect). A marked order is one that shipping is being asked about, for the reason "old". */
Test(order_cancellation, is_refused_or_repeated_by_state)
{
        enum { REPEATED = -1, PENDING = -2 };
        static const struct {
                enum order_status from;
                bool is_marked, is_known;
                const char *reason;
                int expected; /* an enum order_reason, or as above */
        } cases[] = {
                { ORDER_STATUS_CONFIRMED, true, true, "old", REPEATED },
                { ORDER_STATUS_PROCESSING, true, true, "old", REPEATED },
                { ORDER_STATUS_PROCESSING, true, false, "old", ORDER_REASON_CANCELLATION_PENDING },
                { ORDER_STATUS_PROCESSING, true, false, "new", ORDER_REASON_CANCELLATION_PENDING },
                /* It was accepted, declined, and another one is being asked for. */
                { ORDER_STATUS_PROCESSING, true, true, "new", ORDER_REASON_CANCELLATION_PENDING },
                /* It was accepted and declined: decided afresh. */
                { ORDER_STATUS_PROCESSING, false, true, "old", PENDING },
                { ORDER_STATUS_SHIPPED, false, true, "old", ORDER_REASON_ALREADY_SHIPPED },
                { ORDER_STATUS_SHIPPED, true, true, "old", REPEATED },
                { ORDER_STATUS_SHIPPED, true, false, "new", ORDER_REASON_ALREADY_SHIPPED },
                { ORDER_STATUS_SHIPPED, false, false, "new", ORDER_REASON_ALREADY_SHIPPED },
                { ORDER_STATUS_IN_TRANSIT, false, false, "new", ORDER_REASON_ALREADY_SHIPPED },
                { ORDER_STATUS_DELIVERED, false, false, "new", ORDER_REASON_ALREADY_SHIPPED },
                { ORDER_STATUS_CANCELLED, true, true, "old", REPEATED },
                { ORDER_STATUS_CANCELLED, true, false, "new", ORDER_REASON_ILLEGAL_TRANSITION },
                { ORDER_STATUS_CANCELLED, false, false, "new", ORDER_REASON_ILLEGAL_TRANSITION },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                struct decide t;

                standing_begin(&t, cases[i].from, true);
                if (cases[i].is_marked)
                        standing_mark(&t);
                t.first_request = cases[i].is_known ? &earlier : NULL;
                cr_assert_eq(cancel(&t, ev_str_of(cases[i].reason)), 0, "case %zu", i);
                if (cases[i].expected == REPEATED)
                        standing_announced(&t, "OrderRequestRepeated");
                else if (cases[i].expected == PENDING)
                        standing_announced(&t, "OrderCancellationPending");
                else
                        refused(&t, (enum order_reason)cases[i].expected);
                cr_assert_eq(standing_status(&t), cases[i].from);
                decide_end(&t);
        }
}

/* What an earlier event of the batch did is seen by the next one. */
Test(order_cancellation, is_a_repeat_right_behind_itself)
{
        for (int abroad = 0; abroad < PLACES; ++abroad) {
                struct decide t;

                standing_begin(&t, ORDER_STATUS_CONFIRMED, abroad);
                cr_assert_eq(cancel(&t, EV_STR("x")), 0);
                t.first_request = &earlier;
                cr_assert_eq(cancel(&t, EV_STR("x")), 0);
                standing_announced(&t, "OrderRequestRepeated");
                decide_end(&t);
        }
}

Test(order_cancellation, waits_for_its_order_and_is_refused_at_the_last_try)
{
        struct order_cancellation_requested request = { .order_number = EV_STR("O-2") };
        struct decide t;

        standing_begin(&t, ORDER_STATUS_CONFIRMED, false);
        cr_assert_eq(decide(&t, &order_cancellation_requested_record, &request), EV_WAITS);
        cr_assert_str_eq(t.c.reason, "order");
        cr_assert_eq(t.facts_count, 0);
        t.is_last_try = true;
        cr_assert_eq(decide(&t, &order_cancellation_requested_record, &request), 0);
        refused(&t, ORDER_REASON_UNKNOWN_ORDER);
        decide_end(&t);
}

/* A number that no order can have is not waited for: 250 characters, which may be more bytes. */
Test(order_cancellation, of_an_impossible_number_is_refused_at_once)
{
        char wide[2 * 251]; /* U+00E9, 251 times */
        struct order_cancellation_requested request = { .order_number = EV_STR("") };
        struct decide t;

        for (size_t i = 0; i < sizeof(wide); ++i)
                wide[i] = (char)(i % 2 ? 0xa9 : 0xc3);
        standing_begin(&t, ORDER_STATUS_CONFIRMED, false);
        cr_assert_eq(decide(&t, &order_cancellation_requested_record, &request), 0);
        refused(&t, ORDER_REASON_INVALID_FIELD);
        request.order_number = (struct ev_str){ wide, sizeof(wide) };
        cr_assert_eq(decide(&t, &order_cancellation_requested_record, &request), 0);
        refused(&t, ORDER_REASON_INVALID_FIELD);
        request.order_number.size -= 2;
        cr_assert_eq(decide(&t, &order_cancellation_requested_record, &request), EV_WAITS);
        decide_end(&t);
}

/* Made by hand, beside the worker: nothing is known but the row, and that is enough. */
Test(order_cancellation, of_an_order_without_extras_is_done_at_once)
{
        struct decide t;

        standing_begin(&t, ORDER_STATUS_CONFIRMED, true);
        ev_rows_remove(t.rows, standing_extras(&t));
        cr_assert_eq(cancel(&t, EV_STR("x")), 0);
        standing_announced(&t, "StockReleased StockRestored OrderCancelled");
        cr_assert_eq(standing_status(&t), ORDER_STATUS_CANCELLED);
        decide_end(&t);
}

/* ---- Folds ---- */

static const struct ev_fact_head head = { .time = 99 };

/* The mark is that of the question, if one was asked; else that of the cancellation. */
Test(order_cancellation, a_fold_keeps_the_mark_of_the_question)
{
        struct order_cancelled fact = { .order_number = NUMBER,
                                        .new_status = ORDER_STATUS_CANCELLED,
                                        .cancel_reason = EV_STR("old") };
        struct decide t;

        standing_begin(&t, ORDER_STATUS_CONFIRMED, true);
        standing_mark(&t);
        cr_assert_eq(order_fold_cancelled(t.rows, &head, &fact), 0);
        cr_assert_eq(standing_extras(&t)->cancel_requested_at, EARLIER);
        cr_assert_eq(standing_order(&t)->updated_at, 99);
        decide_end(&t);

        standing_begin(&t, ORDER_STATUS_CONFIRMED, true);
        fact.cancel_reason = EV_STR_NULL;
        cr_assert_eq(order_fold_cancelled(t.rows, &head, &fact), 0);
        cr_assert_not(standing_extras(&t)->has_cancel_requested_at, "nobody has asked");
        cr_assert(ev_str_is_null(standing_extras(&t)->cancel_reason));
        decide_end(&t);
}

/* As if nobody had asked; and the order itself was not touched. */
Test(order_cancellation, a_declined_one_leaves_no_mark)
{
        const struct order_cancellation_declined fact = { .order_number = NUMBER };
        struct decide t;

        standing_begin(&t, ORDER_STATUS_SHIPPED, true);
        standing_mark(&t);
        cr_assert_eq(order_fold_cancellation_declined(t.rows, &head, &fact), 0);
        cr_assert_not(standing_extras(&t)->has_cancel_requested_at);
        cr_assert(ev_str_is_null(standing_extras(&t)->cancel_reason));
        cr_assert_eq(standing_order(&t)->updated_at, EARLIER);
        decide_end(&t);
}

/* In a rebuild facts come from a topic. */
Test(order_cancellation, a_fold_fails_for_an_order_that_is_not_there)
{
        const struct order_cancelled cancelled = { .order_number = EV_STR("O-2") };
        const struct order_cancellation_pending pending = { .order_number = EV_STR("O-2") };
        const struct order_cancellation_declined declined = { .order_number = EV_STR("O-2") };
        struct decide t;

        standing_begin(&t, ORDER_STATUS_CONFIRMED, true);
        cr_assert_eq(order_fold_cancelled(t.rows, &head, &cancelled), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        cr_assert_not_null(strstr(ev_error_last()->text, "OrderCancelled of O-2"));
        cr_assert_eq(order_fold_cancellation_pending(t.rows, &head, &pending), EV_FAILED);
        cr_assert_eq(order_fold_cancellation_declined(t.rows, &head, &declined), EV_FAILED);
        decide_end(&t);
}
