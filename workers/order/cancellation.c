/* An order is to be cancelled: OrderCancellationRequested → OrderCancelled,
 * OrderCancellationPending or a refusal.
 *
 * At home, or while it is still pending, this database alone decides and does it at once. Abroad a
 * confirmed order has a manifest in another database, which may be picked up at this very moment:
 * whoever cancelled here could cancel what has left. So the order is marked (`cancel_requested_at`,
 * a semantic lock: no request moves it any more) and shipping is asked; its answer is a fact
 * (manifest.c): ManifestRejected cancels the order, ManifestCancellationDeclined takes the mark
 * away. The mark stops requests, not reports: what shipping says happened has happened.
 *
 * If the process dies between the question and the answer, both lie in committed rows and topics,
 * and the answer finds the mark whenever it comes. */

#include <assert.h>

#include "lifecycle.h"

/* ---- Cancelling ---- */

/* Stock goes back before the order is gone, so that who reads the topic never sees a cancelled
 * order that holds something. An order that was waiting for goods holds nothing. */
int order_cancel(struct ev_case *c, const struct order *order, const struct order_cancelled *why)
{
        struct order_cancelled fact = *why;
        int r;

        assert(why->reason != ORDER_CANCEL_REASON_OTHER);

        r = order_release(c, order,
                          why->reason == ORDER_CANCEL_REASON_RESERVATION_EXPIRED
                                  ? STOCK_RELEASE_REASON_RESERVATION_EXPIRED
                                  : STOCK_RELEASE_REASON_CANCELLED);
        if (r < 0)
                return r;
        fact.order_number = order->order_number;
        fact.company_id = order->company_id;
        fact.old_status = order_status_of(order);
        fact.new_status = ORDER_STATUS_CANCELLED;
        return order_cancelled_announce(c, &fact);
}

/* ---- OrderCancellationRequested ---- */

void order_want_cancellation(struct ev_wants *wants, const void *event)
{
        const struct order_cancellation_requested *request = event;

        want_whole_order(wants, request->order_number);
}

/* Whether the order is cancelled, or about to be, because of this very text. A request that was
 * accepted and then undone (OrderCancellationDeclined) has left no mark, so that the same again is
 * no repeat. */
static bool is_in_effect(const struct order_extras *extras, struct ev_str reason)
{
        assert(!ev_str_is_null(reason));

        return extras && extras->has_cancel_requested_at &&
               ev_str_equal(extras->cancel_reason, reason);
}

/* Nothing may be done: which reason that has. Shipped goes before pending, since that is how a
 * pending question about a shipped order will be answered. */
static int decline(struct ev_case *c, const struct order *order, bool is_pending)
{
        enum order_status status = order_status_of(order);

        assert(status != ORDER_STATUS_PENDING);

        switch (status) {
        case ORDER_STATUS_SHIPPED:
        case ORDER_STATUS_IN_TRANSIT:
        case ORDER_STATUS_DELIVERED:
                return ev_refuse(c, ORDER_REASON_ALREADY_SHIPPED, "the order is %.*s",
                                 EV_STR_ARG(order->status));
        case ORDER_STATUS_PENDING:
        case ORDER_STATUS_CONFIRMED:
        case ORDER_STATUS_PROCESSING:
        case ORDER_STATUS_CANCELLED:
        case ORDER_STATUS_UNKNOWN: break;
        }
        if (is_pending && status != ORDER_STATUS_CANCELLED)
                return ev_refuse(c, ORDER_REASON_CANCELLATION_PENDING,
                                 "another request to cancel the order is not answered yet");
        return ev_refuse(c, ORDER_REASON_ILLEGAL_TRANSITION, "the order is %.*s",
                         EV_STR_ARG(order->status));
}

/* The order is there: what becomes of the request. */
static int decide_known(struct ev_case *c, const struct order_cancellation_requested *request,
                        const struct order *order)
{
        const struct order_extras *extras = extras_of(ev_rows_of(c), order);
        const struct order_step *step = order_next_step(ev_rows_of(c), order, ORDER_IS_CANCELLED);
        bool is_pending = extras && extras->has_cancel_requested_at;
        int r = is_in_effect(extras, request->reason) ? ev_repeat(c) : 0;

        if (r != 0)
                return r < 0 ? r : 0;
        if (!step || is_pending)
                return decline(c, order, is_pending);
        if (step->effect == ORDER_EFFECT_CANCEL)
                return order_cancel(c, order,
                                    &(struct order_cancelled){
                                            .reason = ORDER_CANCEL_REASON_CANCELLATION_REQUESTED,
                                            .detail = request->reason,
                                            .cancel_reason = request->reason,
                                            .requested_by = request->requested_by });
        assert(step->effect == ORDER_EFFECT_ASK);
        return order_cancellation_pending_announce(c,
                                                   &(struct order_cancellation_pending){
                                                           .order_number = order->order_number,
                                                           .company_id = order->company_id,
                                                           .status = order_status_of(order),
                                                           .cancel_reason = request->reason,
                                                           .requested_by = request->requested_by });
}

/* It may come before its order: events of different topics race, and a shop may cancel at once. */
int order_decide_cancellation(struct ev_case *c, const void *event)
{
        const struct order_cancellation_requested *request = event;
        const struct order *order;
        int r = order_of_request(c, request->order_number, &order);

        assert(r == 0 || !order);

        return order ? decide_known(c, request, order) : r;
}

/* ---- Folding ---- */

/* Marks the order as asked to be cancelled, for this reason and since the first time. One that was
 * made without extras has no place for a mark. */
static int mark(struct ev_rows *rows, const struct order *order, int64_t at, struct ev_str reason)
{
        const struct order_extras *extras = extras_of(rows, order);
        struct order_extras *changed;

        assert(!ev_str_is_null(reason));

        if (!extras)
                return 0;
        changed = ev_rows_change(rows, extras);
        if (!changed->has_cancel_requested_at) {
                changed->has_cancel_requested_at = true;
                changed->cancel_requested_at = at;
        }
        return ev_rows_text(rows, reason, &changed->cancel_reason);
}

/* What was asked for at once has its mark too, so that the same request again is known. */
int order_fold_cancelled(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct order_cancelled *fact = event;
        const struct order *order;
        int r = order_move(rows, head, fact->order_number, "OrderCancelled", fact->new_status,
                           &order);

        assert(head);

        if (r < 0 || ev_str_is_null(fact->cancel_reason))
                return r;
        return mark(rows, order, head->time, fact->cancel_reason);
}

/* A question changes nothing of the order itself, so its updated_at stays. */
int order_fold_cancellation_pending(struct ev_rows *rows, const struct ev_fact_head *head,
                                    const void *event)
{
        const struct order_cancellation_pending *fact = event;
        const struct order *order;
        int r = order_of_fact(rows, fact->order_number, "OrderCancellationPending", &order);

        assert(head);

        return r < 0 ? r : mark(rows, order, head->time, fact->cancel_reason);
}

/* As if nobody had asked. */
int order_fold_cancellation_declined(struct ev_rows *rows, const struct ev_fact_head *head,
                                     const void *event)
{
        const struct order_cancellation_declined *fact = event;
        const struct order_extras *extras;
        struct order_extras *changed;
        const struct order *order;
        int r = order_of_fact(rows, fact->order_number, "OrderCancellationDeclined", &order);

        assert(head);

        if (r < 0 || !(extras = extras_of(rows, order)))
                return r;
        changed = ev_rows_change(rows, extras);
        changed->has_cancel_requested_at = false;
        changed->cancel_requested_at = 0;
        changed->cancel_reason = EV_STR_NULL;
        return 0;
}
