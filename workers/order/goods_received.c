/* Goods come in: GoodsReceived → StockReceived.
 *
 * Adds to a lot, or makes it. The decide runs under the lock of the product's row, so a lot that is
 * made here is made once: whoever else wants to make it waits for this transaction's end and then
 * finds it. Checks go from what the request says by itself to what it says about rows, so that a
 * request that can never be accepted is refused at once and does not wait for its product. */

#include <assert.h>

#include "fields.h"
#include "stock.h"

/* The product, and with it all its lots: which of them it is, is for the decide to find. */
void want_goods_received(struct ev_wants *wants, const void *event)
{
        const struct goods_received *received = event;

        assert(received);

        ev_want(wants, WANT_SKU, received->sku);
}

/* The name of the first field that does not fit its column, or NULL. An instant fits: the codec
 * lets none pass that PostgreSQL could not hold. */
static const char *misfit(const struct goods_received *received)
{
        const struct text_field texts[] = {
                { "sku", received->sku, FIELD_TEXT_MAX, false },
                { "location", received->location, FIELD_TEXT_MAX, false },
                { "batch_number", received->batch_number, FIELD_TEXT_MAX, true },
                { "reference_number", received->reference_number, FIELD_TEXT_MAX, false },
                { "received_by", received->received_by, FIELD_TEXT_MAX, false },
        };
        const char *name = misfit_text(texts, EV_ARRAY_SIZE(texts));

        assert(received->sku.data); /* the codec lets no required text be null */

        if (name)
                return name;
        if (received->has_min_stock_level && received->min_stock_level < 0)
                return "min_stock_level";
        if (received->has_max_stock_level && received->max_stock_level < 0)
                return "max_stock_level";
        return NULL;
}

/* A batch has one date: another one under the same number is a mistake of somebody's, and adding
 * the pieces would hide it. */
static bool same_expiry(const struct lot *lot, const struct goods_received *received)
{
        assert(lot);

        return lot->has_expiry_date == received->has_expiry_date &&
               (!lot->has_expiry_date || lot->expiry_date == received->expiry_date);
}

/* What holds after the receipt. `lot` is NULL for a new one, whose id is drawn here, because the
 * fact has to name it. Levels that were not given stay as they are. */
static int announce_received(struct ev_case *c, const struct goods_received *received,
                             const struct product *product, const struct lot *lot)
{
        struct stock_received fact = {
                .sku = product->sku,
                .company_id = product->company_id,
                .inventory_item_id = lot ? lot->id : 0,
                .product_id = product->id,
                .location = received->location,
                .batch_number = received->batch_number,
                .has_expiry_date = received->has_expiry_date,
                .expiry_date = received->expiry_date,
                .quantity = received->quantity,
                .quantity_after = (lot ? lot->quantity : 0) + received->quantity,
                .reserved_after = lot ? lot->reserved_quantity : 0,
                .min_stock_level = lot ? lot->min_stock_level : 0,
                .has_max_stock_level = lot && lot->has_max_stock_level,
                .max_stock_level = lot ? lot->max_stock_level : 0,
                .lot_created = !lot,
                .reference_number = received->reference_number,
                .created_by = received->received_by,
        };
        int r;

        assert(product);
        assert(!lot || lot->product_id == product->id);

        if (received->has_min_stock_level)
                fact.min_stock_level = received->min_stock_level;
        if (received->has_max_stock_level) {
                fact.has_max_stock_level = true;
                fact.max_stock_level = received->max_stock_level;
        }
        if (!lot) {
                r = ev_draw(c, &lots_table, &fact.inventory_item_id);
                if (r < 0)
                        return r;
        }
        return stock_received_announce(c, &fact);
}

/* Either a refusal, or StockReceived and what follows from it; or it waits for its product. */
int decide_goods_received(struct ev_case *c, const void *event)
{
        const struct goods_received *received = event;
        const struct product *product = find_product(ev_rows_of(c), received->sku);
        const struct lot *lot;
        struct level before;
        int32_t quantity;
        int r;

        /* What can never be right, whatever the rows say. */
        if (misfit(received))
                return ev_refuse(c, STOCK_REASON_INVALID_FIELD, "%s is empty, negative or too long",
                                 misfit(received));
        if (received->quantity <= 0)
                return ev_refuse(c, STOCK_REASON_INVALID_QUANTITY, "quantity %d is not above 0",
                                 received->quantity);
        if (!product && !ev_last_try(c))
                return ev_wait(c, "product");
        if (!product)
                return ev_refuse(c, STOCK_REASON_UNKNOWN_PRODUCT, "no product has this sku");

        /* What the lot has to say about it. */
        lot = find_lot(ev_rows_of(c), product, received->location, received->batch_number);
        if (lot && !same_expiry(lot, received))
                return ev_refuse(c, STOCK_REASON_INVALID_FIELD,
                                 "expiry_date is not that of the lot %d", lot->id);
        if (__builtin_add_overflow(lot ? lot->quantity : 0, received->quantity, &quantity))
                return ev_refuse(c, STOCK_REASON_INVALID_QUANTITY,
                                 "the lot %d would hold more than 2147483647 pieces", lot->id);

        /* The fold of the announcement changes the lot: its level before it has to be kept. */
        before = level_of(lot);
        r = announce_received(c, received, product, lot);
        if (r < 0)
                return r;
        lot = find_lot(ev_rows_of(c), product, received->location, received->batch_number);
        assert(lot && lot->quantity == quantity);
        return announce_levels(c, product, lot, before);
}

/* For a rebuild; in the live path the request has wanted the same. */
void want_stock_received(struct ev_wants *wants, const void *event)
{
        const struct stock_received *fact = event;

        assert(fact);

        ev_want(wants, WANT_SKU, fact->sku);
}

/* In a rebuild facts come from a topic, so that what does not fit together is an error, not a
 * promise of ours. */
static int misses(const char *what, const struct stock_received *fact)
{
        assert(what);

        return ev_fail(EV_VERDICT_STOP, "StockReceived of %.*s: %s", EV_STR_ARG(fact->sku), what);
}

/* A movement IN, and the lot as the fact says it is: values after the change, not differences, so
 * that a fact that is folded twice makes the same lot. Reservations are other facts' business. */
int fold_stock_received(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct stock_received *fact = event;
        const struct product *product = find_product(rows, fact->sku);
        const struct lot *found;
        struct lot *lot;
        int r;

        if (!product)
                return misses("there is no such product", fact);
        if (fact->lot_created) {
                r = add_lot(rows, head, fact);
                if (r < 0)
                        return r;
        }
        found = find_lot(rows, product, fact->location, fact->batch_number);
        if (!found || found->id != fact->inventory_item_id)
                return misses("the lot is not there, or is another one", fact);
        lot = ev_rows_change(rows, found);
        lot->quantity = fact->quantity_after;
        lot->min_stock_level = fact->min_stock_level;
        lot->has_max_stock_level = fact->has_max_stock_level;
        lot->max_stock_level = fact->max_stock_level;
        lot->updated_at = head->time;
        return add_movement(rows, head, lot,
                            &(struct movement){ .movement_type = EV_STR("IN"),
                                                .quantity = fact->quantity,
                                                .reference_number = fact->reference_number,
                                                .notes = fact->notes,
                                                .created_by = fact->created_by });
}
