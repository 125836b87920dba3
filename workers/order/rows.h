#ifndef WORKERS_ORDER_ROWS_H
#define WORKERS_ORDER_ROWS_H

/* The rows of order_db as the order worker sees them. */

#include "events.h"

/* What events name, and rows are loaded by. */
enum order_list {
        WANT_SKU,
        WANT_LISTS,
};

struct product {
        struct ev_row row;
        int32_t id;
        struct ev_str sku;
        struct ev_str company_id;
        bool active;
};

/* One lot: what lies of a product at one location under one batch number. */
struct lot {
        struct ev_row row;
        int32_t id;
        int32_t product_id;
        int32_t quantity;
        int32_t reserved_quantity;
        int32_t min_stock_level;
        bool has_max_stock_level;
        int32_t max_stock_level;
        struct ev_str location;
        struct ev_str batch_number;
        bool has_expiry_date;
        int64_t expiry_date;
        int64_t created_at;
        int64_t updated_at;
};

/* One change of a lot's quantity; written once, never read by a decide. */
struct movement {
        struct ev_row row;
        int32_t product_id;
        struct ev_str movement_type;
        int32_t quantity;
        struct ev_str reference_number;
        struct ev_str notes;
        struct ev_str created_by;
        int64_t created_at;
        int32_t inventory_item_id;
        struct ev_uuid event_id;
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
