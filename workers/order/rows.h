#ifndef WORKERS_ORDER_ROWS_H
#define WORKERS_ORDER_ROWS_H

/* The rows of order_db as the order worker sees them. */

#include "events.h"

/* What events name, and rows are loaded by. */
enum order_list {
        WANT_SKU,
        WANT_LISTS,
};

/* What is known of a product here; the rest of its columns no event of ours needs yet. */
struct product {
        struct ev_row row;
        int32_t id;
        struct ev_str sku;        /* unique over all companies */
        struct ev_str company_id; /* whose it is: the key of every fact about it */
        bool active;              /* an inactive one still takes goods in */
};

/* One lot: what lies of a product at one location under one batch number. */
struct lot {
        struct ev_row row;
        int32_t id;                /* drawn: facts name it */
        int32_t product_id;        /* the group */
        int32_t quantity;          /* pieces; 0 ≤ reserved_quantity ≤ quantity */
        int32_t reserved_quantity; /* of them */
        int32_t min_stock_level;   /* of available pieces: at or below it stock is low */
        bool has_max_stock_level;
        int32_t max_stock_level;    /* of all pieces: above it there is too much */
        struct ev_str location;     /* null only in rows written by hand */
        struct ev_str batch_number; /* null: without a batch, which is not the same as "" */
        bool has_expiry_date;
        int64_t expiry_date; /* µs since 1970, as all times here */
        int64_t created_at;
        int64_t updated_at;
};

/* One change of a lot's quantity; written once, never read by a decide. */
struct movement {
        struct ev_row row;
        int32_t product_id;
        struct ev_str movement_type; /* IN, OUT, ADJUSTMENT */
        int32_t quantity;            /* above 0; of an ADJUSTMENT with its sign */
        struct ev_str reference_number;
        struct ev_str notes;
        struct ev_str created_by;
        int64_t created_at;        /* its month is its partition */
        int32_t inventory_item_id; /* the lot */
        struct ev_uuid event_id;   /* the fact that made it */
};

extern const struct ev_table products_table;
extern const struct ev_table lots_table;
extern const struct ev_table movements_table;

/* A row's table stands behind those it refers to; loads lock in the order in which they stand. */
enum { ORDER_TABLES = 3, ORDER_LOADS = 2 };
extern const struct ev_table *const order_tables[ORDER_TABLES];
extern const struct ev_load order_loads[ORDER_LOADS];

/* The product of this SKU, or NULL. */
const struct product *find_product(const struct ev_rows *rows, struct ev_str sku);

/* The lot of a product at this place and of this batch (null: without one), or NULL. */
const struct lot *find_lot(const struct ev_rows *rows, const struct product *product,
                           struct ev_str location, struct ev_str batch_number);

#endif
