/* What ends a manifest: its order is being cancelled, or nobody mended it in time.
 *
 * order_db asks whether an order that is confirmed or beyond may still be cancelled; only the
 * manifest can tell, under the lock of its row. Answered is by a fact: rejected, or shipped
 * already. A manifest that was rejected for good before needs no answer, since that rejection is
 * one. The 7 days run here and not in order_db, under the same lock: else an order could be
 * cancelled there while its parcel is on its way. */

#include <assert.h>

#include "schemas/order.h"
#include "shipping/decides.h"
#include "shipping/manifest.h"

void want_order_cancellation(struct ev_wants *wants, const void *event)
{
        const struct order_cancellation_pending *pending = event;

        assert(pending);

        ev_want(wants, WANT_ORDER, pending->order_number);
}

static int decline(struct ev_case *c, const struct manifest *manifest)
{
        assert(!ev_str_is_null(manifest->tracking_number));

        return manifest_cancellation_declined_announce(
                c, &(struct manifest_cancellation_declined){
                           .unique_id = manifest->unique_id,
                           .company_id = manifest->company_id,
                           .order_number = order_of(ev_rows_of(c), manifest)->order_number,
                           .status = status_of(manifest),
                           .reason = SHIPPING_REASON_ALREADY_SHIPPED,
                           .detail = EV_STR("a carrier has the goods") });
}

/* The order was confirmed before, and both facts stand on one topic under one key, so that its
 * manifest is there; if it is not, the first of them was lost for us, and a person has to see it. A
 * fact cannot be refused: waited for in vain it is ignored, counted and logged. */
int decide_order_cancellation(struct ev_case *c, const void *event)
{
        const struct order_cancellation_pending *pending = event;
        const struct manifest *manifest = find_order_manifest(ev_rows_of(c), pending->order_number);

        if (manifest && !ev_str_equal(manifest->company_id, pending->company_id))
                manifest = NULL; /* of an order of the same number in another shard (draft.c) */
        if (!manifest && !ev_last_try(c))
                return ev_wait(c, "manifest");
        if (!manifest)
                return ev_ignore(c, "the order has no manifest that could be cancelled");
        switch (manifest_effect_of(ev_rows_of(c), manifest, MANIFEST_CANCELLED)) {
        case MANIFEST_MOVES:
                return announce_rejected(c, manifest,
                                         &(struct rejection){
                                                 .reason = SHIPPING_REASON_ORDER_CANCELLED,
                                                 .detail = pending->cancel_reason });
        case MANIFEST_REFUSES: return decline(c, manifest);
        case MANIFEST_STAYS:
        case MANIFEST_ILLEGAL: break;
        }
        assert(status_of(manifest) == MANIFEST_STATUS_REJECTED);
        return 0;
}

void want_not_mended(struct ev_wants *wants, struct ev_str unique_id)
{
        assert(!ev_str_is_null(unique_id));

        ev_want(wants, WANT_MANIFEST, unique_id);
}

/* For the first reason that it was held or rejected for. The manifest is loaded in a statement
 * behind the one that found it due and locked it, and meanwhile somebody else may have ended or
 * mended it: so the time is looked at again. */
int decide_not_mended(struct ev_case *c, struct ev_str unique_id)
{
        const struct manifest *manifest = find_manifest(ev_rows_of(c), unique_id);
        const struct manifest_order *order = manifest ? order_of(ev_rows_of(c), manifest) : NULL;
        struct ev_str reason;

        if (!order || !order->has_retry_until || order->retry_until > ev_now(c) ||
            manifest_effect_of(ev_rows_of(c), manifest, MANIFEST_NOT_MENDED) != MANIFEST_MOVES)
                return 0;
        reason = ev_str_is_null(order->held_reasons) ? order->rejection_code
                                                     : texts_first(order->held_reasons);
        assert(!ev_str_is_null(order->order_number));
        return announce_rejected(c, manifest,
                                 &(struct rejection){ .reason = shipping_reason_of(reason),
                                                      .detail =
                                                              EV_STR("not mended within 7 days") });
}
