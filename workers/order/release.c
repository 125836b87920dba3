/* Reserved stock goes: back to what can be sold (StockReleased), or out of the house
 * (StockConsumed).
 *
 * Both name every lot and how much of it, so that a rebuild moves the same pieces: quantity goes
 * from the open row of a line and lot to the released or consumed one, and what the lot has
 * reserved becomes less by it. An open row that is empty goes. A release never makes a lot
 * available that is not there, and a consumption leaves what is available as it was, so only the
 * first can cross a minimum. All of it runs under the locks of the order's and the products' rows.
 */

#include <assert.h>

#include "lifecycle.h"
#include "stock.h"

/* Lots in one fact; an order holds no more (placing it would have failed), and one that was made so
 * by hand has one fact more. */
enum { FACT_LOTS_MAX = 1000 };

/* Some of what an order holds: what a fact says of it, and what the edges of low stock compare. */
struct held {
        size_t count;
        struct stock_lot_quantity lots[FACT_LOTS_MAX];
        struct level before[FACT_LOTS_MAX];
};

static bool is_open(const struct reservation *reservation)
{
        assert(reservation->quantity > 0);

        return ev_str_equal(reservation->status, EV_STR("open"));
}

static const struct reservation *first_open(const struct ev_rows *rows, const struct order *order)
{
        const struct reservation *row = first_reservation(rows, order);

        while (row && !is_open(row))
                row = next_reservation(row);
        return row;
}

static const struct reservation *next_open(const struct reservation *row)
{
        assert(row);

        do
                row = next_reservation(row);
        while (row && !is_open(row));
        return row;
}

/* Pieces that are reserved for a line, over all lots. */
static int64_t reserved_of(const struct ev_rows *rows, const struct order *order,
                           const struct order_item *item)
{
        int64_t sum = 0;

        assert(item->order_id == order->id);

        for (const struct reservation *row = first_open(rows, order); row; row = next_open(row))
                if (row->order_item_id == item->id)
                        sum += row->quantity;
        return sum;
}

bool order_is_fully_reserved(const struct ev_rows *rows, const struct order *order)
{
        const struct order_item *item = first_item(rows, order);

        assert(item); /* no order is without lines */

        for (; item; item = next_item(item))
                if (reserved_of(rows, order, item) != item->quantity)
                        return false;
        return true;
}

/* ---- Deciding ---- */

/* Product and lot come with the order's lines: where one is missing, somebody took it away under
 * the reservation. That is this order's trouble, and stops no other. */
static int hold(const struct ev_rows *rows, const struct reservation *row, struct held *held)
{
        const struct product *product = product_by_id(rows, row->product_id);
        const struct lot *lot = lot_by_id(rows, row->product_id, row->inventory_item_id);

        assert(held->count < FACT_LOTS_MAX);

        if (!product || !lot)
                return ev_fail(EV_VERDICT_RECORD,
                               "a reservation names the lot %d of product %d, which is not there",
                               row->inventory_item_id, row->product_id);
        held->before[held->count] = level_of(lot);
        held->lots[held->count++] =
                (struct stock_lot_quantity){ .inventory_item_id = lot->id,
                                             .sku = product->sku,
                                             .product_id = product->id,
                                             .location = lot->location,
                                             .batch_number = lot->batch_number,
                                             .has_expiry_date = lot->has_expiry_date,
                                             .expiry_date = lot->expiry_date,
                                             .quantity = row->quantity };
        return 0;
}

/* What the order holds, as far as it fits into one fact. */
static int find_held(const struct ev_rows *rows, const struct order *order, struct held *held)
{
        int r = 0;

        assert(held);

        held->count = 0;
        for (const struct reservation *row = first_open(rows, order);
             row && r == 0 && held->count < FACT_LOTS_MAX; row = next_open(row))
                r = hold(rows, row, held);
        return r;
}

/* The lots are again where they were found, and have more to sell. */
static int announce_edges(struct ev_case *c, const struct held *held)
{
        const struct ev_rows *rows = ev_rows_of(c);
        int r = 0;

        assert(held->count > 0);

        for (size_t i = 0; i < held->count && r == 0; ++i) {
                const struct stock_lot_quantity *lot = &held->lots[i];

                r = announce_crossing(c, product_by_id(rows, lot->product_id),
                                      lot_by_id(rows, lot->product_id, lot->inventory_item_id),
                                      held->before[i]);
        }
        return r;
}

int order_release(struct ev_case *c, const struct order *order, enum stock_release_reason reason)
{
        struct held held;
        int r = find_held(ev_rows_of(c), order, &held);

        assert(reason != STOCK_RELEASE_REASON_OTHER);

        /* The fold of the announcement closes what was held: it ends. */
        while (r == 0 && held.count > 0) {
                r = stock_released_announce(c, &(struct stock_released){
                                                       .order_number = order->order_number,
                                                       .company_id = order->company_id,
                                                       .lots_count = held.count,
                                                       .lots = held.lots,
                                                       .reason = reason });
                if (r == 0)
                        r = announce_edges(c, &held);
                if (r == 0)
                        r = find_held(ev_rows_of(c), order, &held);
        }
        return r;
}

int order_consume(struct ev_case *c, const struct order *order, struct ev_str by)
{
        struct held held;
        int r = find_held(ev_rows_of(c), order, &held);

        assert(by.size > 0);

        while (r == 0 && held.count > 0) {
                r = stock_consumed_announce(c, &(struct stock_consumed){
                                                       .order_number = order->order_number,
                                                       .company_id = order->company_id,
                                                       .lots_count = held.count,
                                                       .lots = held.lots,
                                                       .reference_number = order->order_number,
                                                       .created_by = by });
                if (r == 0)
                        r = find_held(ev_rows_of(c), order, &held);
        }
        return r;
}

/* ---- Folding ---- */

/* The row of a line and lot in this status, or NULL. `like` names all but the status. */
static const struct reservation *find_row(const struct ev_rows *rows,
                                          const struct reservation *like, struct ev_str status)
{
        const struct reservation *row = ev_rows_first(rows, &reservations_table, like->order_id);

        assert(!ev_str_equal(status, like->status));

        while (row && !(row->order_item_id == like->order_item_id &&
                        row->inventory_item_id == like->inventory_item_id &&
                        ev_str_equal(row->status, status)))
                row = ev_rows_next(row);
        return row;
}

/* Adds pieces to the row of another status, or makes it. */
static int add_closed(struct ev_rows *rows, const struct reservation *open, int32_t quantity,
                      struct ev_str status)
{
        const struct reservation *closed = find_row(rows, open, status);
        struct reservation *changed;

        assert(quantity > 0);

        if (!closed)
                return ev_rows_add(rows, &reservations_table,
                                   &(struct reservation){ .order_id = open->order_id,
                                                          .order_item_id = open->order_item_id,
                                                          .product_id = open->product_id,
                                                          .inventory_item_id =
                                                                  open->inventory_item_id,
                                                          .quantity = quantity,
                                                          .status = status },
                                   NULL);
        changed = ev_rows_change(rows, closed);
        changed->quantity += quantity;
        return 0;
}

/* Moves pieces from the open row to the one of `status`. */
static int close_row(struct ev_rows *rows, const struct reservation *open, int32_t quantity,
                     struct ev_str status)
{
        int r = add_closed(rows, open, quantity, status);

        assert(is_open(open) && quantity <= open->quantity);

        if (r < 0)
                return r;
        if (quantity == open->quantity)
                ev_rows_remove(rows, open);
        else
                ((struct reservation *)ev_rows_change(rows, open))->quantity -= quantity;
        return 0;
}

/* One lot of a fact: its pieces are no longer reserved. *ret_lot is the lot, for what else happens
 * to it. */
static int close_lot(struct ev_rows *rows, const struct ev_fact_head *head,
                     const struct order *order, const struct stock_lot_quantity *closed,
                     struct ev_str status, struct lot **ret_lot)
{
        const struct lot *lot = lot_by_id(rows, closed->product_id, closed->inventory_item_id);
        const struct reservation *open = first_open(rows, order);

        assert(closed->quantity > 0);

        while (open && open->inventory_item_id != closed->inventory_item_id)
                open = next_open(open);
        if (!lot || !open || open->quantity < closed->quantity)
                return ev_fail(EV_VERDICT_STOP,
                               "order %.*s does not hold %d pieces of the lot %d that a fact says "
                               "were %.*s",
                               EV_STR_ARG(order->order_number), closed->quantity,
                               closed->inventory_item_id, EV_STR_ARG(status));
        *ret_lot = ev_rows_change(rows, lot);
        (*ret_lot)->reserved_quantity -= closed->quantity;
        (*ret_lot)->updated_at = head->time;
        return close_row(rows, open, closed->quantity, status);
}

void want_stock_released(struct ev_wants *wants, const void *event)
{
        const struct stock_released *fact = event;

        want_whole_order(wants, fact->order_number);
}

int fold_stock_released(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct stock_released *fact = event;
        const struct order *order;
        struct lot *lot;
        int r = order_of_fact(rows, fact->order_number, "StockReleased", &order);

        assert(fact->lots_count == 0 || fact->lots);

        for (size_t i = 0; r == 0 && i < fact->lots_count; ++i)
                r = close_lot(rows, head, order, &fact->lots[i], EV_STR("released"), &lot);
        return r;
}

void want_stock_consumed(struct ev_wants *wants, const void *event)
{
        const struct stock_consumed *fact = event;

        want_whole_order(wants, fact->order_number);
}

/* The ledger's law: what leaves a lot has one movement OUT. */
static int take_out(struct ev_rows *rows, const struct ev_fact_head *head, struct lot *lot,
                    const struct stock_consumed *fact, int32_t quantity)
{
        assert(quantity <= lot->quantity);

        lot->quantity -= quantity;
        return add_movement(rows, head, lot,
                            &(struct movement){ .movement_type = EV_STR("OUT"),
                                                .quantity = quantity,
                                                .reference_number = fact->reference_number,
                                                .notes = fact->notes,
                                                .created_by = fact->created_by });
}

int fold_stock_consumed(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct stock_consumed *fact = event;
        const struct order *order;
        struct lot *lot;
        int r = order_of_fact(rows, fact->order_number, "StockConsumed", &order);

        assert(fact->lots_count == 0 || fact->lots);

        for (size_t i = 0; r == 0 && i < fact->lots_count; ++i) {
                r = close_lot(rows, head, order, &fact->lots[i], EV_STR("consumed"), &lot);
                if (r == 0)
                        r = take_out(rows, head, lot, fact, fact->lots[i].quantity);
        }
        return r;
}
