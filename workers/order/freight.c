/* Weighs an order that leaves the country. Exact, by integers: what shipping will compute of the
 * same lines (a line's volume is rounded to 0.001 m3 once) has to fit the columns of a manifest,
 * and if it does not, the order is refused here and not stuck there. */

#include "freight.h"

#include <assert.h>

/* Of numeric(8,3); one kg or m3 is 1000. */
enum { MANIFEST_MAX = 99999999, CM3_PER_UNIT = 1000 };

/* Edges have one place: a product of three is in 0.001 cm3. It needs up to 71 bits. */
int64_t unit_volume_cm3(const struct product *product)
{
        ev_int128 volume;

        assert(product);

        if (!product->has_length || !product->has_width || !product->has_height)
                return 0;
        volume = (ev_int128)product->length * product->width * product->height;
        return (int64_t)ev_int128_divide_half_up(volume, 1000);
}

/* Adds a line's amount to a total. False if either passes what a manifest holds; the total then
 * stays where it was, so that nothing wraps however many lines follow. */
static bool add(int64_t *total, ev_int128 line)
{
        assert(*total >= 0 && *total <= MANIFEST_MAX);

        if (line > MANIFEST_MAX - *total)
                return false;
        *total += (int64_t)line;
        return true;
}

void freight_add(struct freight *freight, const struct product *product, int32_t quantity)
{
        ev_int128 volume = (ev_int128)unit_volume_cm3(product) * quantity;
        bool fits = add(&freight->volume, ev_int128_divide_half_up(volume, CM3_PER_UNIT));

        assert(quantity > 0);

        if (!product->has_weight || product->weight <= 0) {
                if (ev_str_is_null(freight->unknown))
                        freight->unknown = product->sku;
        } else if (!add(&freight->weight, (ev_int128)product->weight * quantity)) {
                fits = false;
        }
        if (!fits && ev_str_is_null(freight->out_of_range))
                freight->out_of_range = product->sku;
}

/* In the order of the contract. */
bool freight_fits(const struct freight *freight, enum order_reason *ret_reason,
                  struct ev_str *ret_sku)
{
        assert(ret_reason && ret_sku);

        if (!ev_str_is_null(freight->out_of_range)) {
                *ret_reason = ORDER_REASON_AMOUNT_OUT_OF_RANGE;
                *ret_sku = freight->out_of_range;
                return false;
        }
        if (!ev_str_is_null(freight->unknown)) {
                *ret_reason = ORDER_REASON_WEIGHT_UNKNOWN;
                *ret_sku = freight->unknown;
                return false;
        }
        return true;
}
