#ifndef WORKERS_ORDER_STOCK_H
#define WORKERS_ORDER_STOCK_H

/* What changes lots: decides and folds of stock events, and the pieces they share. */

#include "events.h"
#include "rows.h"
#include "schemas/stock.h"

/* How full a lot is, before or after an event: what low-stock facts are about. */
struct level {
        int32_t available; /* pieces that are not reserved */
        int32_t min_stock_level;
        bool was_low; /* a lot that is not there yet counts as not low */
};

/* The level of a lot; of one that is not there yet (NULL) too. */
struct level level_of(const struct lot *lot);

/* Announces that the lot has crossed its min_stock_level since `before` (once for each crossing):
 * LowStockDetected or StockRestored, or nothing. */
int announce_crossing(struct ev_case *c, const struct product *product, const struct lot *lot,
                      struct level before);

/* The same for what adds to a lot, with OverstockDetected behind it where the lot ends above its
 * maximum. */
int announce_levels(struct ev_case *c, const struct product *product, const struct lot *lot,
                    struct level before);

/* Adds the lot that a receipt makes, still empty. */
int add_lot(struct ev_rows *rows, const struct ev_fact_head *head,
            const struct stock_received *fact);

/* Adds a movement of a lot; product, lot, event and time are filled in. */
int add_movement(struct ev_rows *rows, const struct ev_fact_head *head, const struct lot *lot,
                 const struct movement *movement);

/* ProductListingRequested (listing.c) and GoodsReceived (goods_received.c): for the tables of
 * order.c. */
void want_product_listing(struct ev_wants *wants, const void *event);
int decide_product_listing(struct ev_case *c, const void *event);
void want_product_listed(struct ev_wants *wants, const void *event);
int fold_product_listed(struct ev_rows *rows, const struct ev_fact_head *head, const void *event);

void want_goods_received(struct ev_wants *wants, const void *event);
int decide_goods_received(struct ev_case *c, const void *event);
void want_stock_received(struct ev_wants *wants, const void *event);
int fold_stock_received(struct ev_rows *rows, const struct ev_fact_head *head, const void *event);

#endif
