#include "support/unit.h"

#include <string.h>

#include "lifecycle.h"
#include "schemas/stock.h"
#include "support/standing_order.h"

UNIT_SUITE(order_expiry);

Test(order_expiry, gives_back_and_cancels)
{
        const struct reservation_expired *expired;
        const struct order_cancelled *cancelled;
        const struct stock_released *released;
        struct decide t;

        standing_begin_pending(&t, false, EARLIER);
        cr_assert_eq(standing_event(&t, ORDER_EXPIRES), 0);
        standing_announced(&t, "ReservationExpired StockReleased StockRestored OrderCancelled");
        expired = decide_fact(&t, &reservation_expired_record);
        cr_assert_eq(expired->expires_at, EARLIER);
        cr_assert(ev_str_equal(expired->company_id, EV_STR("C-1")));
        released = decide_fact(&t, &stock_released_record);
        cr_assert_eq(released->reason, STOCK_RELEASE_REASON_RESERVATION_EXPIRED);
        cancelled = decide_fact(&t, &order_cancelled_record);
        cr_assert_eq(cancelled->reason, ORDER_CANCEL_REASON_RESERVATION_EXPIRED);
        cr_assert(ev_str_equal(cancelled->detail, EV_STR("not confirmed within 900 s")));
        cr_assert(ev_str_is_null(cancelled->cancel_reason), "nobody asked");
        cr_assert(standing_extras(&t)->has_expires_at, "what the limit was is kept");
        cr_assert_not(standing_extras(&t)->has_cancel_requested_at);
        standing_check_laws(&t);
        decide_end(&t);
}

/* Time has no cause; the facts belong to the conversation that OrderPlaced began. */
Test(order_expiry, belongs_to_what_the_placing_began)
{
        struct decide t;

        standing_begin_pending(&t, false, EARLIER);
        cr_assert_eq(standing_event(&t, ORDER_EXPIRES), 0);
        cr_assert_gt(t.facts_count, 0);
        for (const struct ev_announced *fact = t.facts; fact; fact = fact->next) {
                cr_assert(ev_str_equal(fact->correlation_id, EV_STR("placed-1")));
                cr_assert(ev_str_is_null(fact->causation_id));
                cr_assert_eq(fact->outcome, EV_OUTCOME_NONE);
                cr_assert(ev_str_equal(fact->key, EV_STR("C-1")));
        }
        decide_end(&t);
}

/* To the microsecond: at the limit it is over. */
Test(order_expiry, waits_for_the_limit)
{
        struct decide t;

        standing_begin_pending(&t, false, 0);
        cr_assert_eq(standing_event(&t, ORDER_EXPIRES), 0);
        standing_announced(&t, "");
        decide_end(&t);

        standing_begin_pending(&t, false, INT64_MAX);
        t.is_not_rebuilt = true;
        cr_assert_eq(standing_event(&t, ORDER_EXPIRES), 0);
        standing_announced(&t, "");
        ((struct order_extras *)ev_rows_change(t.rows, standing_extras(&t)))->expires_at =
                t.cases.now + 1;
        cr_assert_eq(standing_event(&t, ORDER_EXPIRES), 0);
        standing_announced(&t, "");
        ((struct order_extras *)ev_rows_change(t.rows, standing_extras(&t)))->expires_at =
                t.cases.now;
        cr_assert_eq(standing_event(&t, ORDER_EXPIRES), 0);
        cr_assert_eq(decide_count(&t, &order_cancelled_record), 1);

        /* And it is over once. */
        cr_assert_eq(standing_event(&t, ORDER_EXPIRES), 0);
        standing_announced(&t, "");
        decide_end(&t);
}

/* What the search has found may be gone, or no longer pending, when its rows are loaded. */
Test(order_expiry, looks_again_at_what_was_found)
{
        struct decide t;

        standing_begin_pending(&t, false, EARLIER);
        cr_assert_eq(decide_timer(&t, &order_worker.timers[0], EV_STR("O-2")), 0);
        standing_announced(&t, "");
        cr_assert_eq(standing_event(&t, ORDER_IS_CONFIRMED), 0);
        cr_assert_eq(standing_event(&t, ORDER_EXPIRES), 0);
        standing_announced(&t, "");
        cr_assert_eq(standing_status(&t), ORDER_STATUS_CONFIRMED);
        decide_end(&t);
}
