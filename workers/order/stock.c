/* What stock events share: levels, lots and movements. Decides ask the first, folds call the
 * others; nothing here writes but through the working set, which the batch saves or forgets as a
 * whole.
 *
 * The ledger's law: each change of a lot's quantity has exactly one movement, in the same
 * transaction. So a fold that changes `quantity` calls add_movement(), and nothing else does. */

#include "stock.h"

#include <assert.h>

/* What a lot that is not there has is nothing, and that is not low: else the first delivery of
 * every lot would restore what never was. */
struct level level_of(const struct lot *lot)
{
        struct level level = { 0 };

        if (!lot)
                return level;
        assert(lot->reserved_quantity <= lot->quantity);

        level.available = lot->quantity - lot->reserved_quantity;
        level.min_stock_level = lot->min_stock_level;
        level.was_low = level.available <= level.min_stock_level;
        return level;
}

/* The lot and its numbers, for whoever has to order more. */
static int announce_low(struct ev_case *c, const struct product *product, const struct lot *lot,
                        struct level after)
{
        assert(after.was_low);

        return low_stock_detected_announce(c, &(struct low_stock_detected){
                                                      .sku = product->sku,
                                                      .company_id = product->company_id,
                                                      .inventory_item_id = lot->id,
                                                      .product_id = product->id,
                                                      .location = lot->location,
                                                      .batch_number = lot->batch_number,
                                                      .has_expiry_date = lot->has_expiry_date,
                                                      .expiry_date = lot->expiry_date,
                                                      .available = after.available,
                                                      .min_stock_level = after.min_stock_level });
}

/* The other edge; its fields are the same, its type is not. */
static int announce_restored(struct ev_case *c, const struct product *product,
                             const struct lot *lot, struct level after)
{
        assert(!after.was_low);

        return stock_restored_announce(c, &(struct stock_restored){
                                                  .sku = product->sku,
                                                  .company_id = product->company_id,
                                                  .inventory_item_id = lot->id,
                                                  .product_id = product->id,
                                                  .location = lot->location,
                                                  .batch_number = lot->batch_number,
                                                  .has_expiry_date = lot->has_expiry_date,
                                                  .expiry_date = lot->expiry_date,
                                                  .available = after.available,
                                                  .min_stock_level = after.min_stock_level });
}

/* Not an edge: it is told at each receipt that ends above the maximum, and nothing is clamped. */
static int announce_overstock(struct ev_case *c, const struct product *product,
                              const struct lot *lot)
{
        assert(lot->has_max_stock_level);

        return overstock_detected_announce(c, &(struct overstock_detected){
                                                      .sku = product->sku,
                                                      .company_id = product->company_id,
                                                      .inventory_item_id = lot->id,
                                                      .product_id = product->id,
                                                      .location = lot->location,
                                                      .batch_number = lot->batch_number,
                                                      .has_expiry_date = lot->has_expiry_date,
                                                      .expiry_date = lot->expiry_date,
                                                      .quantity_after = lot->quantity,
                                                      .max_stock_level = lot->max_stock_level });
}

/* Both sides are of the same event: what happened in between nobody has seen. */
int announce_crossing(struct ev_case *c, const struct product *product, const struct lot *lot,
                      struct level before)
{
        struct level after = level_of(lot);

        assert(product);
        assert(lot->product_id == product->id);

        if (after.was_low && !before.was_low)
                return announce_low(c, product, lot, after);
        if (!after.was_low && before.was_low)
                return announce_restored(c, product, lot, after);
        return 0;
}

/* The order is fixed, as that of all facts of an event: subscribers and tests may rely on it. */
int announce_levels(struct ev_case *c, const struct product *product, const struct lot *lot,
                    struct level before)
{
        int r = announce_crossing(c, product, lot, before);

        assert(lot->quantity >= 0);

        if (r < 0)
                return r;
        if (lot->has_max_stock_level && lot->quantity > lot->max_stock_level)
                r = announce_overstock(c, product, lot);
        return r;
}

/* Its times are the fact's, so that a rebuild makes the same row. */
int add_lot(struct ev_rows *rows, const struct ev_fact_head *head,
            const struct stock_received *fact)
{
        assert(fact->lot_created);

        return ev_rows_add(rows, &lots_table,
                           &(struct lot){ .id = fact->inventory_item_id,
                                          .product_id = fact->product_id,
                                          .location = fact->location,
                                          .batch_number = fact->batch_number,
                                          .has_expiry_date = fact->has_expiry_date,
                                          .expiry_date = fact->expiry_date,
                                          .created_at = head->time,
                                          .updated_at = head->time },
                           NULL);
}

/* Product, lot, event and time are those of the fact in every movement, so a fold cannot forget
 * them. */
int add_movement(struct ev_rows *rows, const struct ev_fact_head *head, const struct lot *lot,
                 const struct movement *movement)
{
        struct movement row = *movement;

        assert(lot);

        assert(row.quantity != 0);

        /* The sign of the quantity is the fold's; the database checks it against the type. */
        row.product_id = lot->product_id;
        row.inventory_item_id = lot->id;
        row.created_at = head->time;
        row.event_id = head->id;
        return ev_rows_add(rows, &movements_table, &row, NULL);
}
