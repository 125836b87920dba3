#include "support/unit.h"

#include <string.h>

#include "base/error.h"
#include "lifecycle.h"
#include "schemas/shipping.h"
#include "schemas/stock.h"
#include "support/standing_order.h"

UNIT_SUITE(order_manifest);

static int reject(struct decide *t, enum shipping_reason reason, bool retryable)
{
        struct manifest_rejected rejected = { .unique_id = EV_STR("MAN-O-1"),
                                              .order_number = NUMBER,
                                              .reason = reason,
                                              .retryable = retryable,
                                              .detail = EV_STR("papers") };

        return decide(t, &manifest_rejected_record, &rejected);
}

Test(order_manifest, approved_moves_the_order_on)
{
        const struct order_processing *fact;
        struct decide t;

        standing_begin(&t, ORDER_STATUS_CONFIRMED, true);
        cr_assert_eq(standing_event(&t, ORDER_MANIFEST_APPROVED), 0);
        standing_announced(&t, "OrderProcessing");
        fact = decide_fact(&t, &order_processing_record);
        cr_assert_eq(fact->old_status, ORDER_STATUS_CONFIRMED);
        cr_assert_eq(fact->new_status, ORDER_STATUS_PROCESSING);
        cr_assert(ev_str_equal(fact->company_id, EV_STR("C-1")));
        cr_assert(ev_str_equal(fact->by, EV_STR("quenty-shipping")));
        cr_assert_eq(t.facts->outcome, EV_OUTCOME_NONE, "nobody asked us");
        cr_assert_eq(standing_order(&t)->updated_at, t.cases.now);

        /* Recalled and approved again: nothing to do, and nothing wrong. */
        cr_assert_eq(standing_event(&t, ORDER_MANIFEST_APPROVED), 0);
        standing_announced(&t, "");
        cr_assert_not(t.c.is_ignored);
        decide_end(&t);
}

Test(order_manifest, rejected_for_good_cancels_the_order)
{
        static const enum order_status from[] = { ORDER_STATUS_CONFIRMED, ORDER_STATUS_PROCESSING };

        for (size_t i = 0; i < EV_ARRAY_SIZE(from); ++i) {
                const struct order_cancelled *fact;
                struct decide t;

                standing_begin(&t, from[i], true);
                cr_assert_eq(reject(&t, SHIPPING_REASON_PROHIBITED_GOODS, false), 0);
                standing_announced(&t, "StockReleased StockRestored OrderCancelled");
                fact = decide_fact(&t, &order_cancelled_record);
                cr_assert_eq(fact->old_status, from[i]);
                cr_assert_eq(fact->reason, ORDER_CANCEL_REASON_MANIFEST_REJECTED);
                cr_assert(ev_str_equal(fact->detail, EV_STR("papers")));
                cr_assert(ev_str_is_null(fact->cancel_reason), "nobody asked");
                cr_assert(ev_str_is_null(fact->requested_by));
                cr_assert_not(standing_extras(&t)->has_cancel_requested_at);
                standing_check_laws(&t);
                decide_end(&t);
        }
}

/* Every reason but ORDER_CANCELLED is shipping's own, whatever was asked meanwhile. */
Test(order_manifest, rejected_says_why_the_order_is_cancelled)
{
        for (int reason = 0; reason <= SHIPPING_REASON_OTHER; ++reason)
                for (int marked = 0; marked < 2; ++marked) {
                        bool is_ours = reason == SHIPPING_REASON_ORDER_CANCELLED;
                        const struct order_cancelled *fact;
                        struct decide t;

                        standing_begin(&t, ORDER_STATUS_PROCESSING, true);
                        if (marked)
                                standing_mark(&t);
                        cr_assert_eq(reject(&t, (enum shipping_reason)reason, false), 0);
                        fact = decide_fact(&t, &order_cancelled_record);
                        cr_assert_eq(fact->reason,
                                     is_ours ? ORDER_CANCEL_REASON_CANCELLATION_REQUESTED
                                             : ORDER_CANCEL_REASON_MANIFEST_REJECTED);
                        cr_assert(ev_str_equal(fact->detail, is_ours && marked ? EV_STR("old")
                                                                               : EV_STR("papers")));
                        cr_assert(ev_str_equal(fact->cancel_reason,
                                               marked ? EV_STR("old") : EV_STR_NULL));
                        decide_end(&t);
                }
}

/* It may be mended: the order stays as it is, in whatever state. */
Test(order_manifest, rejected_for_now_changes_nothing)
{
        for (int status = 0; status < STATUSES; ++status) {
                struct decide t;

                standing_begin(&t, (enum order_status)status, true);
                cr_assert_eq(reject(&t, SHIPPING_REASON_CUSTOMS_REJECTED, true), 0);
                standing_announced(&t, "");
                cr_assert_not(t.c.is_ignored);
                cr_assert_eq(standing_status(&t), (enum order_status)status);
                decide_end(&t);
        }
}

/* The movement of a lot, of which there must be one. */
static const struct movement *movement_of(struct decide *t, int32_t lot)
{
        const struct movement *found = NULL;
        const struct ev_row *const *list;
        size_t count;

        cr_assert_eq(ev_rows_collect(t->rows, &movements_table, EV_ROWS_INSERTED, &list, &count),
                     0);
        cr_assert_eq(count, 3, "one for each lot");
        for (size_t i = 0; i < count; ++i) {
                const struct movement *movement = (const struct movement *)list[i];

                if (movement->inventory_item_id == lot)
                        found = movement;
        }
        cr_assert_not_null(found);
        return found;
}

Test(order_manifest, shipped_consumes_what_the_order_held)
{
        const struct order_shipped *fact;
        const struct stock_consumed *consumed;
        const struct movement *movement;
        struct decide t;

        standing_begin(&t, ORDER_STATUS_PROCESSING, true);
        cr_assert_eq(standing_event(&t, ORDER_MANIFEST_SHIPPED), 0);
        standing_announced(&t, "OrderShipped StockConsumed");
        fact = decide_fact(&t, &order_shipped_record);
        cr_assert_eq(fact->old_status, ORDER_STATUS_PROCESSING);
        cr_assert_eq(fact->new_status, ORDER_STATUS_SHIPPED);
        cr_assert(ev_str_equal(fact->carrier, EV_STR("DHL")));
        cr_assert(ev_str_equal(fact->tracking_number, EV_STR("TRACK12345")));
        cr_assert(ev_str_equal(fact->by, EV_STR("quenty-shipping")));
        consumed = decide_fact(&t, &stock_consumed_record);
        cr_assert_eq(consumed->lots_count, 3);
        cr_assert(ev_str_equal(consumed->reference_number, NUMBER));
        cr_assert(ev_str_equal(consumed->created_by, EV_STR("quenty-shipping")));
        cr_assert(ev_str_is_null(consumed->notes));

        cr_assert_eq(standing_lot(&t, LOT_A_NORTH)->quantity, 97);
        cr_assert_eq(standing_lot(&t, LOT_A_SOUTH)->quantity, 48);
        cr_assert_eq(standing_lot(&t, LOT_B)->quantity, 6);
        cr_assert_eq(standing_lot(&t, LOT_B)->reserved_quantity, 0);
        cr_assert_eq(standing_lot(&t, LOT_B)->updated_at, t.cases.now);
        standing_check_laws(&t);

        /* The ledger's law: what left a lot has one movement. */
        movement = movement_of(&t, LOT_A_NORTH);
        cr_assert(ev_str_equal(movement->movement_type, EV_STR("OUT")));
        cr_assert_eq(movement->quantity, 3);
        cr_assert_eq(movement->product_id, PRODUCT_A);
        cr_assert(ev_str_equal(movement->reference_number, NUMBER));
        cr_assert(ev_str_equal(movement->created_by, EV_STR("quenty-shipping")));
        cr_assert_eq(memcmp(&movement->event_id, &decide_announced(&t, &stock_consumed_record)->id,
                            sizeof(movement->event_id)),
                     0);
        cr_assert_eq(movement_of(&t, LOT_A_SOUTH)->quantity, 2);
        cr_assert_eq(movement_of(&t, LOT_B)->quantity, 4);
        decide_end(&t);
}

Test(order_manifest, declined_answers_the_question)
{
        const struct order_cancellation_declined *fact;
        struct decide t;

        standing_begin(&t, ORDER_STATUS_SHIPPED, true);
        standing_mark(&t);
        cr_assert_eq(standing_event(&t, ORDER_CANCELLATION_DECLINED), 0);
        standing_announced(&t, "OrderCancellationDeclined");
        fact = decide_fact(&t, &order_cancellation_declined_record);
        cr_assert_eq(fact->status, ORDER_STATUS_SHIPPED);
        cr_assert_eq(fact->reason, ORDER_REASON_ALREADY_SHIPPED);
        cr_assert(ev_str_equal(fact->detail, EV_STR("it has left")));
        cr_assert_not(standing_extras(&t)->has_cancel_requested_at);

        /* An answer to no question. */
        cr_assert_eq(standing_event(&t, ORDER_CANCELLATION_DECLINED), 0);
        standing_announced(&t, "");
        cr_assert(t.c.is_ignored);
        decide_end(&t);
}

/* The mark stops requests, not reports. */
Test(order_manifest, is_not_stopped_by_a_cancellation_that_is_asked_for)
{
        struct decide t;

        standing_begin(&t, ORDER_STATUS_CONFIRMED, true);
        standing_mark(&t);
        cr_assert_eq(standing_event(&t, ORDER_MANIFEST_APPROVED), 0);
        standing_announced(&t, "OrderProcessing");
        cr_assert_eq(standing_event(&t, ORDER_MANIFEST_SHIPPED), 0);
        standing_announced(&t, "OrderShipped StockConsumed");
        cr_assert(standing_extras(&t)->has_cancel_requested_at, "the answer is still to come");
        decide_end(&t);
}

/* What shipping makes by hand has no order, and is neither decided nor counted. */
Test(order_manifest, without_an_order_is_nothing_to_us)
{
        struct manifest_approved approved = { .tracking_number = EV_STR("TRACK12345") };
        struct manifest_rejected rejected = { 0 };
        struct manifest_shipped shipped = { .carrier = EV_STR("DHL") };
        struct decide t;

        standing_begin(&t, ORDER_STATUS_CONFIRMED, true);
        approved.unique_id = rejected.unique_id = shipped.unique_id = EV_STR("HAND-1");
        cr_assert_eq(decide(&t, &manifest_approved_record, &approved), 0);
        cr_assert_not(t.c.is_ignored);
        cr_assert_eq(decide(&t, &manifest_rejected_record, &rejected), 0);
        cr_assert_not(t.c.is_ignored);
        cr_assert_eq(decide(&t, &manifest_shipped_record, &shipped), 0);
        cr_assert_not(t.c.is_ignored);
        cr_assert_null(t.cases.first);
        decide_end(&t);
}

/* Nobody waits for an order that a fact names: it was there when the manifest was made. */
Test(order_manifest, of_an_unknown_order_is_passed_over)
{
        struct manifest_approved approved = { .unique_id = EV_STR("MAN-O-2"),
                                              .order_number = EV_STR("O-2") };
        struct decide t;

        standing_begin(&t, ORDER_STATUS_CONFIRMED, true);
        cr_assert_eq(decide(&t, &manifest_approved_record, &approved), 0);
        standing_announced(&t, "");
        cr_assert(t.c.is_ignored);
        cr_assert_not_null(t.c.reason);
        decide_end(&t);
}

Test(order_manifest, a_fold_fails_for_an_order_that_is_not_there)
{
        const struct ev_fact_head head = { .time = 99 };
        const struct order_processing processing = { .order_number = EV_STR("O-2") };
        const struct order_shipped shipped = { .order_number = EV_STR("O-2") };
        struct decide t;

        standing_begin(&t, ORDER_STATUS_CONFIRMED, true);
        cr_assert_eq(order_fold_processing(t.rows, &head, &processing), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        cr_assert_eq(order_fold_shipped(t.rows, &head, &shipped), EV_FAILED);
        decide_end(&t);
}
