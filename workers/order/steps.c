/* The state machine of orders, as a table. It knows no rows and announces nothing: what a step does
 * is the business of who asks (cancellation.c, confirmation.c, expiry.c, manifest.c).
 *
 * What is not in the table is not allowed: a request is declined then, and a fact of another worker
 * is passed over. Nothing goes back, and nothing leaves `cancelled`. */

#include "steps.h"

#include <assert.h>

#define PENDING    ORDER_STATUS_PENDING
#define CONFIRMED  ORDER_STATUS_CONFIRMED
#define PROCESSING ORDER_STATUS_PROCESSING
#define SHIPPED    ORDER_STATUS_SHIPPED
#define IN_TRANSIT ORDER_STATUS_IN_TRANSIT
#define DELIVERED  ORDER_STATUS_DELIVERED
#define CANCELLED  ORDER_STATUS_CANCELLED

const struct order_step order_steps[] = {
        { ORDER_IS_CONFIRMED, PENDING, ORDER_ANYWHERE, CONFIRMED, ORDER_EFFECT_CONFIRM },

        /* Abroad a confirmed order has a manifest, which may be shipped at this very moment. */
        { ORDER_IS_CANCELLED, PENDING, ORDER_ANYWHERE, CANCELLED, ORDER_EFFECT_CANCEL },
        { ORDER_IS_CANCELLED, CONFIRMED, ORDER_AT_HOME, CANCELLED, ORDER_EFFECT_CANCEL },
        { ORDER_IS_CANCELLED, PROCESSING, ORDER_AT_HOME, CANCELLED, ORDER_EFFECT_CANCEL },
        { ORDER_IS_CANCELLED, CONFIRMED, ORDER_ABROAD, CONFIRMED, ORDER_EFFECT_ASK },
        { ORDER_IS_CANCELLED, PROCESSING, ORDER_ABROAD, PROCESSING, ORDER_EFFECT_ASK },

        { ORDER_EXPIRES, PENDING, ORDER_ANYWHERE, CANCELLED, ORDER_EFFECT_CANCEL },

        /* An approved manifest may be recalled and approved again; the order stays where it is. */
        { ORDER_MANIFEST_APPROVED, CONFIRMED, ORDER_ABROAD, PROCESSING, ORDER_EFFECT_PROCESS },
        { ORDER_MANIFEST_APPROVED, PROCESSING, ORDER_ABROAD, PROCESSING, ORDER_EFFECT_NONE },

        { ORDER_MANIFEST_REJECTED, CONFIRMED, ORDER_ABROAD, CANCELLED, ORDER_EFFECT_CANCEL },
        { ORDER_MANIFEST_REJECTED, PROCESSING, ORDER_ABROAD, CANCELLED, ORDER_EFFECT_CANCEL },

        { ORDER_MANIFEST_SHIPPED, PROCESSING, ORDER_ABROAD, SHIPPED, ORDER_EFFECT_SHIP },

        /* It comes behind ManifestShipped; but whichever state it meets, the question is answered.
         */
        { ORDER_CANCELLATION_DECLINED, CONFIRMED, ORDER_ABROAD, CONFIRMED, ORDER_EFFECT_UNLOCK },
        { ORDER_CANCELLATION_DECLINED, PROCESSING, ORDER_ABROAD, PROCESSING, ORDER_EFFECT_UNLOCK },
        { ORDER_CANCELLATION_DECLINED, SHIPPED, ORDER_ABROAD, SHIPPED, ORDER_EFFECT_UNLOCK },
        { ORDER_CANCELLATION_DECLINED, IN_TRANSIT, ORDER_ABROAD, IN_TRANSIT, ORDER_EFFECT_UNLOCK },
        { ORDER_CANCELLATION_DECLINED, DELIVERED, ORDER_ABROAD, DELIVERED, ORDER_EFFECT_UNLOCK },
};
const size_t order_steps_count = EV_ARRAY_SIZE(order_steps);

const struct order_step *order_step_of(enum order_event event, enum order_status from,
                                       bool is_abroad)
{
        assert(event < ORDER_EVENTS);

        for (size_t i = 0; i < order_steps_count; ++i) {
                const struct order_step *step = &order_steps[i];

                if (step->event == event && step->from == from &&
                    step->reach != (is_abroad ? ORDER_AT_HOME : ORDER_ABROAD))
                        return step;
        }
        return NULL;
}
