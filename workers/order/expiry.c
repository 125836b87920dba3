/* The clock: a pending order whose time limit has passed gives its stock back.
 *
 * `due_expired.sql` locks the orders' rows and passes over those that somebody holds: who confirms
 * one at this moment wins, and the timer finds it no longer pending. What it saw of an order before
 * the lock may be out of date when the rows are loaded, so it is looked at again here.
 *
 * Facts that time made have no cause. They belong to the conversation that OrderPlaced began. */

#include <assert.h>
#include <stdio.h>

#include "lifecycle.h"

enum { DETAIL_MAX = 100 }; /* bytes */

void order_want_expired(struct ev_wants *wants, struct ev_str order_number)
{
        assert(!ev_str_is_null(order_number));

        want_whole_order(wants, order_number);
}

/* The limit stands with the order and with each open reservation; that of the order decides. */
static bool is_due(const struct ev_case *c, const struct order *order,
                   const struct order_extras *extras)
{
        assert(order);

        return order_next_step(ev_rows_of(c), order, ORDER_EXPIRES) && extras &&
               extras->has_expires_at && extras->expires_at <= ev_now(c);
}

int order_decide_expired(struct ev_case *c, struct ev_str order_number)
{
        const struct order *order = find_order(ev_rows_of(c), order_number);
        const struct order_extras *extras = order ? extras_of(ev_rows_of(c), order) : NULL;
        char detail[DETAIL_MAX];
        int r;

        assert(!ev_str_is_null(order_number));

        if (!order || !is_due(c, order, extras))
                return 0;
        ev_correlate(c, extras->placed_event_id);
        r = reservation_expired_announce(c, &(struct reservation_expired){
                                                    .order_number = order->order_number,
                                                    .company_id = order->company_id,
                                                    .expires_at = extras->expires_at });
        if (r < 0)
                return r;
        snprintf(detail, sizeof(detail), "not confirmed within %d s", extras->reservation_ttl_s);
        return order_cancel(c, order,
                            &(struct order_cancelled){
                                    .reason = ORDER_CANCEL_REASON_RESERVATION_EXPIRED,
                                    .detail = ev_str_of(detail) });
}
