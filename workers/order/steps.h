#ifndef WORKERS_ORDER_STEPS_H
#define WORKERS_ORDER_STEPS_H

/* An order's states: which event is allowed in which state, and what it does there. One table, that
 * decides ask and tests compare with the contract and with the database's own. */

#include <stdbool.h>
#include <stddef.h>

#include "schemas/order.h"

/* What can happen to an order that stands. */
enum order_event {
        ORDER_IS_CONFIRMED,          /* OrderConfirmationRequested */
        ORDER_IS_CANCELLED,          /* OrderCancellationRequested */
        ORDER_EXPIRES,               /* the time limit of its reservation has passed */
        ORDER_MANIFEST_APPROVED,     /* ManifestApproved */
        ORDER_MANIFEST_REJECTED,     /* ManifestRejected, for good */
        ORDER_MANIFEST_SHIPPED,      /* ManifestShipped */
        ORDER_CANCELLATION_DECLINED, /* ManifestCancellationDeclined */
        ORDER_EVENTS,
};

enum order_effect {
        ORDER_EFFECT_NONE,    /* nothing is left to do, and nothing is wrong */
        ORDER_EFFECT_CONFIRM, /* OrderConfirmed */
        ORDER_EFFECT_CANCEL,  /* StockReleased, OrderCancelled */
        ORDER_EFFECT_ASK,     /* OrderCancellationPending: shipping alone may decide it */
        ORDER_EFFECT_PROCESS, /* OrderProcessing */
        ORDER_EFFECT_SHIP,    /* OrderShipped, StockConsumed */
        ORDER_EFFECT_UNLOCK,  /* OrderCancellationDeclined */
};

/* Whose orders a step is for: shipping's facts move orders that go abroad, and no others. */
enum order_reach { ORDER_ANYWHERE, ORDER_AT_HOME, ORDER_ABROAD };

struct order_step {
        enum order_event event;
        enum order_status from;
        enum order_reach reach;
        enum order_status to; /* the same: the event changes something else */
        enum order_effect effect;
};

extern const struct order_step order_steps[];
extern const size_t order_steps_count;

/* The step that the event takes from this state, or NULL: it is not allowed there. */
const struct order_step *order_step_of(enum order_event event, enum order_status from,
                                       bool is_abroad);

#endif
