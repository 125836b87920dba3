#ifndef WORKERS_ORDER_PLACING_H
#define WORKERS_ORDER_PLACING_H

/* Placing an order: what is checked and reserved, and what both share with later events of the
 * order. */

#include "events.h"
#include "rows.h"
#include "schemas/stock.h"

enum {
        ORDER_LINES_MAX = 500,        /* of an order, before and after equal SKUs are merged */
        ORDER_LOTS_MAX = 1000,        /* that an order may be reserved on */
        ORDER_QUANTITY_MAX = 1000000, /* pieces of a line */
};

/* ---- OrderPlaced (order_placed.c) ---- */

void want_order_placed(struct ev_wants *wants, const void *event);
int decide_order_placed(struct ev_case *c, const void *event);
void want_accepted_order(struct ev_wants *wants, const void *event);
int fold_order_accepted(struct ev_rows *rows, const struct ev_fact_head *head, const void *event);

/* ---- Reserving (reserve.c) ---- */

/* From which lots an order is filled, or what is missing. Large: on the stack of one function. */
struct reservation_plan {
        struct stock_lot_quantity lots[ORDER_LOTS_MAX]; /* what is taken from each, in FEFO order */
        size_t lot_count;
        struct stock_shortage shortages[ORDER_LINES_MAX]; /* empty: the order can be filled */
        size_t shortage_count;
};

/* One product and how many pieces of it. */
struct wanted_line {
        const struct product *product;
        int32_t quantity; /* above 0 */
};

/* Plans all lines (of different products) or none: the preferred location first (null: none), then
 * the earliest expiry, then the lower id; lots that are expired `now` are passed over. Changes
 * nothing. True: it can be done. */
bool plan_reservation(const struct ev_rows *rows, const struct wanted_line *lines, size_t count,
                      struct ev_str preferred_location, int64_t now, struct reservation_plan *plan);

/* StockReserved, and LowStockDetected for each lot that comes to its minimum by it. `expires_at`
 * NULL: the reservation does not run out. */
int announce_reserved(struct ev_case *c, const struct order *order,
                      const struct reservation_plan *plan, const int64_t *expires_at);

void want_stock_reserved(struct ev_wants *wants, const void *event);
int fold_stock_reserved(struct ev_rows *rows, const struct ev_fact_head *head, const void *event);

#endif
