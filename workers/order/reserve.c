/* Reserving stock: which lots an order is filled from, and StockReserved.
 *
 * First expired, first out. An order is filled completely or not at all; a line may be split over
 * any number of lots, an order over ORDER_LOTS_MAX. What is planned holds until the transaction
 * ends, since the products' rows are locked: so the plan may be made before the order is accepted,
 * and carried out behind it.
 *
 * The law: a lot's reserved_quantity is the sum of its open reservations. Both are changed by one
 * fold, here (StockReserved) and in release.c (StockReleased, StockConsumed). */

#include <assert.h>

#include "placing.h"
#include "stock.h"

/* ---- Planning ---- */

/* What order of a product's lots FEFO means, and for whom. */
struct preference {
        struct ev_str location; /* null: none */
        int64_t now;
};

static bool is_preferred(const struct preference *preference, const struct lot *lot)
{
        assert(lot->id != 0);

        return !ev_str_is_null(preference->location) &&
               ev_str_equal(lot->location, preference->location);
}

/* Whether `a` is taken before `b`. A total order, since ids differ: two workers fill alike. */
static bool goes_before(const struct preference *preference, const struct lot *a,
                        const struct lot *b)
{
        bool a_preferred = is_preferred(preference, a), b_preferred = is_preferred(preference, b);

        assert(a->product_id == b->product_id);

        if (a_preferred != b_preferred)
                return a_preferred;
        if (a->has_expiry_date != b->has_expiry_date)
                return a->has_expiry_date;
        if (a->has_expiry_date && a->expiry_date != b->expiry_date)
                return a->expiry_date < b->expiry_date;
        return a->id < b->id;
}

/* A lot that expires at this very moment is expired. */
static bool has_something(const struct preference *preference, const struct lot *lot)
{
        assert(lot->reserved_quantity <= lot->quantity);

        return lot->quantity > lot->reserved_quantity &&
               (!lot->has_expiry_date || lot->expiry_date > preference->now);
}

/* The next lot to take from behind `last` (NULL: the first one), or NULL. Looks through all lots of
 * the product each time, which needs no memory: an order takes from one or two of them. */
static const struct lot *next_lot(const struct ev_rows *rows, const struct product *product,
                                  const struct preference *preference, const struct lot *last)
{
        const struct lot *best = NULL;

        assert(product);

        for (const struct lot *lot = ev_rows_first(rows, &lots_table, product->id); lot;
             lot = ev_rows_next(lot))
                if (has_something(preference, lot) &&
                    (!last || goes_before(preference, last, lot)) &&
                    (!best || goes_before(preference, lot, best)))
                        best = lot;
        return best;
}

/* Takes as much of the lot as the line still wants; returns how much that is. */
static int32_t take(struct reservation_plan *plan, const struct product *product,
                    const struct lot *lot, int32_t wanted)
{
        int32_t available = lot->quantity - lot->reserved_quantity;
        int32_t quantity = available < wanted ? available : wanted;

        assert(quantity > 0);
        assert(plan->lot_count < ORDER_LOTS_MAX);

        plan->lots[plan->lot_count++] = (struct stock_lot_quantity){
                .inventory_item_id = lot->id,
                .sku = product->sku,
                .product_id = product->id,
                .location = lot->location,
                .batch_number = lot->batch_number,
                .has_expiry_date = lot->has_expiry_date,
                .expiry_date = lot->expiry_date,
                .quantity = quantity,
        };
        return quantity;
}

/* One line; what it lacks becomes a shortage. The bound on lots counts as a shortage too: an order
 * that would have to be picked from a thousand places is not one that can be filled. */
static void plan_line(const struct ev_rows *rows, const struct wanted_line *line,
                      const struct preference *preference, struct reservation_plan *plan)
{
        const struct lot *lot = NULL;
        int32_t found = 0;

        assert(line->quantity > 0 && line->quantity <= ORDER_QUANTITY_MAX);

        while (found < line->quantity && plan->lot_count < ORDER_LOTS_MAX) {
                lot = next_lot(rows, line->product, preference, lot);
                if (!lot)
                        break;
                found += take(plan, line->product, lot, line->quantity - found);
        }
        if (found < line->quantity)
                plan->shortages[plan->shortage_count++] =
                        (struct stock_shortage){ .sku = line->product->sku,
                                                 .product_id = line->product->id,
                                                 .wanted = line->quantity,
                                                 .available = found };
}

/* All lines are planned, also behind a short one: the shortages name every product that is short.
 */
bool plan_reservation(const struct ev_rows *rows, const struct wanted_line *lines, size_t count,
                      struct ev_str preferred_location, int64_t now, struct reservation_plan *plan)
{
        const struct preference preference = { preferred_location, now };

        assert(count > 0 && count <= ORDER_LINES_MAX);

        plan->lot_count = plan->shortage_count = 0;
        for (size_t i = 0; i < count; ++i)
                plan_line(rows, &lines[i], &preference, plan);
        return plan->shortage_count == 0;
}

/* ---- Announcing ---- */

/* The levels before are kept while the fold changes the lots. */
int announce_reserved(struct ev_case *c, const struct order *order,
                      const struct reservation_plan *plan, const int64_t *expires_at)
{
        const struct ev_rows *rows = ev_rows_of(c);
        struct stock_lot_quantity lots[ORDER_LOTS_MAX];
        struct level before[ORDER_LOTS_MAX];
        struct stock_reserved fact = { .order_number = order->order_number,
                                       .company_id = order->company_id,
                                       .lots_count = plan->lot_count,
                                       .lots = lots,
                                       .has_expires_at = expires_at,
                                       .expires_at = expires_at ? *expires_at : 0 };
        int r;

        assert(plan->shortage_count == 0);

        for (size_t i = 0; i < plan->lot_count; ++i) {
                lots[i] = plan->lots[i];
                before[i] =
                        level_of(lot_by_id(rows, lots[i].product_id, lots[i].inventory_item_id));
        }
        r = stock_reserved_announce(c, &fact);
        for (size_t i = 0; r == 0 && i < plan->lot_count; ++i)
                r = announce_crossing(c, product_by_id(rows, lots[i].product_id),
                                      lot_by_id(rows, lots[i].product_id,
                                                lots[i].inventory_item_id),
                                      before[i]);
        return r;
}

/* ---- Folding ---- */

/* Lots come with their products: by the order's lines where those stand, by SKU where they are made
 * in the same batch. */
void want_stock_reserved(struct ev_wants *wants, const void *event)
{
        const struct stock_reserved *fact = event;

        assert(fact);

        want_whole_order(wants, fact->order_number);
        for (size_t i = 0; i < fact->lots_count; ++i)
                ev_want(wants, WANT_SKU, fact->lots[i].sku);
}

/* In a rebuild facts come from a topic, so that what does not fit together is an error. */
static int misses(const struct stock_reserved *fact, const char *what)
{
        assert(what);

        return ev_fail(EV_VERDICT_STOP, "StockReserved of %.*s: %s", EV_STR_ARG(fact->order_number),
                       what);
}

/* The line's open row for the lot, or one more piece of it. */
static int add_reservation(struct ev_rows *rows, const struct stock_reserved *fact,
                           const struct order_item *item, const struct stock_lot_quantity *taken)
{
        const struct reservation *open =
                find_reservation(rows, item, taken->inventory_item_id, EV_STR("open"));
        struct reservation *changed;

        assert(taken->quantity > 0);

        if (!open)
                return ev_rows_add(rows, &reservations_table,
                                   &(struct reservation){ .order_id = item->order_id,
                                                          .order_item_id = item->id,
                                                          .product_id = item->product_id,
                                                          .inventory_item_id =
                                                                  taken->inventory_item_id,
                                                          .quantity = taken->quantity,
                                                          .status = EV_STR("open"),
                                                          .has_expires_at = fact->has_expires_at,
                                                          .expires_at = fact->expires_at },
                                   NULL);
        changed = ev_rows_change(rows, open);
        changed->quantity += taken->quantity;
        changed->has_expires_at = fact->has_expires_at;
        changed->expires_at = fact->expires_at;
        return 0;
}

/* One lot of the fact: the lot's sum, and the row that explains it. */
static int reserve_lot(struct ev_rows *rows, const struct ev_fact_head *head,
                       const struct stock_reserved *fact, const struct order *order,
                       const struct stock_lot_quantity *taken)
{
        const struct order_item *item = item_of_product(rows, order, taken->product_id);
        const struct lot *found = lot_by_id(rows, taken->product_id, taken->inventory_item_id);
        struct lot *lot;

        assert(order);

        if (!item)
                return misses(fact, "the order has no line of the lot's product");
        if (!found || taken->quantity > found->quantity - found->reserved_quantity)
                return misses(fact, "a lot is not there, or has less than was reserved");
        lot = ev_rows_change(rows, found);
        lot->reserved_quantity += taken->quantity;
        lot->updated_at = head->time;
        return add_reservation(rows, fact, item, taken);
}

/* The time limit is the order's too, so that it need not be looked for in its reservations. */
int fold_stock_reserved(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct stock_reserved *fact = event;
        const struct order *order = find_order(rows, fact->order_number);
        const struct order_extras *extras = order ? extras_of(rows, order) : NULL;
        int r = 0;

        assert(head->time != 0);

        if (!order)
                return misses(fact, "there is no such order");
        for (size_t i = 0; r == 0 && i < fact->lots_count; ++i)
                r = reserve_lot(rows, head, fact, order, &fact->lots[i]);
        if (r == 0 && fact->has_expires_at && extras &&
            !(extras->has_expires_at && extras->expires_at == fact->expires_at)) {
                struct order_extras *changed = ev_rows_change(rows, extras);

                changed->has_expires_at = true;
                changed->expires_at = fact->expires_at;
        }
        return r;
}
