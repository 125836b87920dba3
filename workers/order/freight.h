#ifndef WORKERS_ORDER_FREIGHT_H
#define WORKERS_ORDER_FREIGHT_H

/* Weight and volume of what leaves the country: asked when an order is placed, and again when it is
 * confirmed, since products may have changed in between. */

#include "events.h"
#include "rows.h"
#include "schemas/order.h"

/* Of one piece in cm3, rounded half up; 0 unless length, width and height are all known. */
int64_t unit_volume_cm3(const struct product *product);

/* The lines so far; begins as zeros. Weights are kg, volumes m3, both with 3 places. */
struct freight {
        int64_t weight, volume;
        struct ev_str unknown;      /* the first SKU without a weight; null: none */
        struct ev_str out_of_range; /* the first SKU with which a line or the total passes what a
                                     * manifest can hold, 99,999.999; null: none */
};

void freight_add(struct freight *freight, const struct product *product, int32_t quantity);

/* Whether a manifest can be made of it. If not, *ret_reason is AMOUNT_OUT_OF_RANGE or
 * WEIGHT_UNKNOWN, and *ret_sku the product. */
bool freight_fits(const struct freight *freight, enum order_reason *ret_reason,
                  struct ev_str *ret_sku);

#endif
