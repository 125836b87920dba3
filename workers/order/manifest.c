/* Shipping's facts move the orders that go abroad.
 *
 *      ManifestApproved               OrderProcessing
 *      ManifestRejected, for good     StockReleased, OrderCancelled
 *      ManifestRejected, retryable    nothing: it may be mended, and shipping's clock runs
 *      ManifestShipped                OrderShipped, StockConsumed
 *      ManifestCancellationDeclined   OrderCancellationDeclined
 *
 * These are reports, not requests: what shipping decided under the manifest's lock has happened,
 * and is neither refused nor checked against anything but the order's own state. A cancellation
 * that is being asked for does not stop them; that is how cancel and ship never both win. What the
 * table of steps does not allow is passed over, counted and logged. Manifests that were made by
 * hand have no order and are nothing to us. */

#include <assert.h>

#include "lifecycle.h"
#include "schemas/shipping.h"

/* What a fact finds: its order, and the step to take; or, when there is nothing to do, `step` NULL
 * and what the decide returns. */
struct found {
        const struct order *order;
        const struct order_step *step;
        int decision;
};

static struct found find_step(struct ev_case *c, struct ev_str order_number, enum order_event event)
{
        struct found found = { 0 };

        assert(event < ORDER_EVENTS);

        if (ev_str_is_null(order_number))
                return found;
        found.order = find_order(ev_rows_of(c), order_number);
        if (!found.order) {
                found.decision = ev_ignore(c, "there is no such order");
                return found;
        }
        found.step = order_next_step(ev_rows_of(c), found.order, event);
        if (!found.step)
                found.decision = ev_ignore(c, "not allowed from the order's present state");
        else if (found.step->effect == ORDER_EFFECT_NONE)
                found.step = NULL;
        return found;
}

/* ---- Approved ---- */

void order_want_manifest_approved(struct ev_wants *wants, const void *event)
{
        const struct manifest_approved *manifest = event;

        order_want(wants, manifest->order_number);
}

int order_decide_manifest_approved(struct ev_case *c, const void *event)
{
        const struct manifest_approved *manifest = event;
        struct found found = find_step(c, manifest->order_number, ORDER_MANIFEST_APPROVED);

        if (!found.step)
                return found.decision;
        assert(found.step->effect == ORDER_EFFECT_PROCESS);
        return order_processing_announce(c, &(struct order_processing){
                                                    .order_number = found.order->order_number,
                                                    .company_id = found.order->company_id,
                                                    .old_status = found.step->from,
                                                    .new_status = found.step->to,
                                                    .by = BY_SHIPPING });
}

/* ---- Rejected ---- */

void order_want_manifest_rejected(struct ev_wants *wants, const void *event)
{
        const struct manifest_rejected *manifest = event;

        want_whole_order(wants, manifest->order_number);
}

/* Shipping's answer to a request to cancel is told in the request's words; any other reason in
 * shipping's. Who asked stands in OrderCancellationPending; no row has kept it. */
int order_decide_manifest_rejected(struct ev_case *c, const void *event)
{
        const struct manifest_rejected *manifest = event;
        const struct order_extras *extras;
        struct order_cancelled why = { .reason = ORDER_CANCEL_REASON_MANIFEST_REJECTED,
                                       .detail = manifest->detail };
        struct found found;

        if (manifest->retryable)
                return 0;
        found = find_step(c, manifest->order_number, ORDER_MANIFEST_REJECTED);
        if (!found.step)
                return found.decision;
        assert(found.step->effect == ORDER_EFFECT_CANCEL);
        extras = extras_of(ev_rows_of(c), found.order);
        if (extras->has_cancel_requested_at)
                why.cancel_reason = extras->cancel_reason;
        if (manifest->reason == SHIPPING_REASON_ORDER_CANCELLED) {
                why.reason = ORDER_CANCEL_REASON_CANCELLATION_REQUESTED;
                if (!ev_str_is_null(why.cancel_reason))
                        why.detail = why.cancel_reason;
        }
        return order_cancel(c, found.order, &why);
}

/* ---- Shipped ---- */

void order_want_manifest_shipped(struct ev_wants *wants, const void *event)
{
        const struct manifest_shipped *manifest = event;

        want_whole_order(wants, manifest->order_number);
}

int order_decide_manifest_shipped(struct ev_case *c, const void *event)
{
        const struct manifest_shipped *manifest = event;
        struct found found = find_step(c, manifest->order_number, ORDER_MANIFEST_SHIPPED);
        int r;

        if (!found.step)
                return found.decision;
        assert(found.step->effect == ORDER_EFFECT_SHIP);
        r = order_shipped_announce(c, &(struct order_shipped){
                                              .order_number = found.order->order_number,
                                              .company_id = found.order->company_id,
                                              .old_status = found.step->from,
                                              .new_status = found.step->to,
                                              .carrier = manifest->carrier,
                                              .tracking_number = manifest->tracking_number,
                                              .by = BY_SHIPPING });
        return r < 0 ? r : order_consume(c, found.order, BY_SHIPPING);
}

/* ---- Cancellation declined ---- */

void order_want_manifest_cancellation_declined(struct ev_wants *wants, const void *event)
{
        const struct manifest_cancellation_declined *manifest = event;

        order_want(wants, manifest->order_number);
}

/* An answer to a question that nobody asked (any more) changes nothing. */
int order_decide_manifest_cancellation_declined(struct ev_case *c, const void *event)
{
        const struct manifest_cancellation_declined *manifest = event;
        struct found found = find_step(c, manifest->order_number, ORDER_CANCELLATION_DECLINED);

        if (!found.step)
                return found.decision;
        assert(found.step->effect == ORDER_EFFECT_UNLOCK);
        if (!extras_of(ev_rows_of(c), found.order)->has_cancel_requested_at)
                return ev_ignore(c, "no cancellation is being asked for");
        return order_cancellation_declined_announce(
                c, &(struct order_cancellation_declined){ .order_number = found.order->order_number,
                                                          .company_id = found.order->company_id,
                                                          .status = found.step->from,
                                                          .reason = ORDER_REASON_ALREADY_SHIPPED,
                                                          .detail = manifest->detail });
}

/* ---- Folding ---- */

int order_fold_processing(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct order_processing *fact = event;
        const struct order *order;

        assert(head);

        return order_move(rows, head, fact->order_number, "OrderProcessing", fact->new_status,
                          &order);
}

/* What leaves the house with it is told by StockConsumed. */
int order_fold_shipped(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct order_shipped *fact = event;
        const struct order *order;

        assert(head);

        return order_move(rows, head, fact->order_number, "OrderShipped", fact->new_status, &order);
}
