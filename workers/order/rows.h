#ifndef WORKERS_ORDER_ROWS_H
#define WORKERS_ORDER_ROWS_H

/* The rows of order_db as the order worker sees them.
 *
 * A product's row is the lock of all its lots, an order's row that of all that belongs to it. Times
 * are µs since 1970, UTC; amounts are unscaled, with 2 places, in the currency that stands beside
 * them. */

#include "events.h"
#include "party.h"

/* What events name, and rows are loaded by: parties, and what is our own. */
enum order_list {
        WANT_SKU = PARTY_LISTS, /* a product, what is known beside it, and its lots */
        WANT_ORDER,             /* by order number: the order and its extras */
        WANT_ORDER_PARTS, /* by order number: lines, reservations, and the lines' products and lots
                           */
        WANT_LISTS,
};

/* What a company sells. */
struct product {
        struct ev_row row;
        int32_t id;                /* drawn: facts name it */
        struct ev_str sku;         /* unique over all companies */
        struct ev_str company_id;  /* whose it is: the key of every fact about it */
        struct ev_str name;        /* never empty */
        struct ev_str description; /* null: none */
        struct ev_str category;
        int64_t price;
        bool has_cost;
        int64_t cost;
        bool has_weight;
        int64_t weight;           /* of one piece, kg with 3 places */
        struct ev_str dimensions; /* JSON: as the three below, for people */
        bool has_length;
        int64_t length; /* of one piece, cm with 1 place */
        bool has_width;
        int64_t width;
        bool has_height;
        int64_t height;
        bool active; /* an inactive one is not sold, but still takes goods in */
        int64_t created_at;
        int64_t updated_at;
};

/* What the original table has no column for; each product has one. */
struct product_extras {
        struct ev_row row;
        int32_t product_id;              /* the group */
        struct ev_str currency;          /* of price and cost */
        struct ev_str hs_code;           /* without dots; null: not known */
        struct ev_str country_of_origin; /* null: not known */
};

/* An order, whether it stands or was cancelled; a refused one leaves no row. */
struct order {
        struct ev_row row;
        int32_t id;
        struct ev_str order_number; /* unique over all companies */
        struct ev_str status;       /* a symbol of order_status_enum, see steps.h */
        int64_t total_amount;
        struct ev_str currency;
        struct ev_str customer_id;
        struct ev_str company_id; /* who sells: the key of every fact about it */
        int64_t created_at;
        int64_t updated_at;
};

/* What was asked for with an order, and what is under way with it; each order has one. */
struct order_extras {
        struct ev_row row;
        int32_t order_id; /* the group */
        struct ev_str origin_country;
        struct ev_str destination_country; /* the same: the order stays in the country */
        int64_t placed_at;
        struct ev_str placed_event_id; /* ce_id of OrderPlaced, any text */
        struct ev_str confirmation;    /* a symbol of order_confirmation_enum */
        int32_t reservation_ttl_s;
        bool backorder;
        struct ev_str preferred_location; /* null: none */
        bool has_cancel_requested_at;     /* shipping is being asked, nothing else may happen */
        int64_t cancel_requested_at;
        struct ev_str cancel_reason; /* in the requester's words; null: nobody asked */
        bool has_expires_at;         /* its reservation runs out, or did */
        int64_t expires_at;
};

/* One line of an order, one for each product. */
struct order_item {
        struct ev_row row;
        int32_t id;
        int32_t order_id; /* the group */
        int32_t product_id;
        int32_t quantity; /* pieces, above 0 */
        int64_t unit_price;
        int64_t total_price; /* quantity * unit_price */
        int64_t created_at;
};

/* What of a lot is, or was, reserved for a line; one row for each (line, lot, status). */
struct reservation {
        struct ev_row row;
        int32_t order_id; /* the group */
        int32_t order_item_id;
        int32_t product_id;
        int32_t inventory_item_id; /* the lot */
        int32_t quantity;          /* pieces, above 0 */
        struct ev_str status;      /* open, released, consumed */
        bool has_expires_at;       /* only while open, and not once the order is confirmed */
        int64_t expires_at;
};

/* One lot: what lies of a product at one location under one batch number. */
struct lot {
        struct ev_row row;
        int32_t id;                /* drawn: facts name it */
        int32_t product_id;        /* the group */
        int32_t quantity;          /* pieces; 0 ≤ reserved_quantity ≤ quantity */
        int32_t reserved_quantity; /* of them: the sum of its open reservations */
        int32_t min_stock_level;   /* of available pieces: at or below it stock is low */
        bool has_max_stock_level;
        int32_t max_stock_level;    /* of all pieces: above it there is too much */
        struct ev_str location;     /* null only in rows written by hand */
        struct ev_str batch_number; /* null: without a batch, which is not the same as "" */
        bool has_expiry_date;
        int64_t expiry_date;
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
extern const struct ev_table product_extras_table;
extern const struct ev_table orders_table;
extern const struct ev_table order_extras_table;
extern const struct ev_table order_items_table;
extern const struct ev_table reservations_table;
extern const struct ev_table lots_table;
extern const struct ev_table movements_table;

/* A row's table stands behind those it refers to; loads lock in the order in which they stand. */
enum { ORDER_TABLES = 10, ORDER_LOADS = 11 };
extern const struct ev_table *const order_tables[ORDER_TABLES];
extern const struct ev_load order_loads[ORDER_LOADS];

/* Wants an order with all that belongs to it: WANT_ORDER and WANT_ORDER_PARTS. */
void want_whole_order(struct ev_wants *wants, struct ev_str order_number);

/* The product of this SKU, or of this id, or NULL. */
const struct product *find_product(const struct ev_rows *rows, struct ev_str sku);
const struct product *product_by_id(const struct ev_rows *rows, int32_t id);

/* What is known beside a product; NULL only for a product that was written by hand. */
const struct product_extras *extras_of_product(const struct ev_rows *rows,
                                               const struct product *product);

/* The lot of a product at this place and of this batch (null: without one), or NULL; and the lot of
 * this id. */
const struct lot *find_lot(const struct ev_rows *rows, const struct product *product,
                           struct ev_str location, struct ev_str batch_number);
const struct lot *lot_by_id(const struct ev_rows *rows, int32_t product_id, int32_t id);

/* The order of this number, or NULL; and its extras, NULL only for one that was written by hand. */
const struct order *find_order(const struct ev_rows *rows, struct ev_str order_number);
const struct order_extras *extras_of(const struct ev_rows *rows, const struct order *order);

/* The lines of an order, in the order in which they were accepted; NULL at the end. */
const struct order_item *first_item(const struct ev_rows *rows, const struct order *order);
const struct order_item *next_item(const struct order_item *item);

/* The line of an order with this product, or NULL. */
const struct order_item *item_of_product(const struct ev_rows *rows, const struct order *order,
                                         int32_t product_id);

/* The reservations of an order, of all its lines and in every status; NULL at the end. */
const struct reservation *first_reservation(const struct ev_rows *rows, const struct order *order);
const struct reservation *next_reservation(const struct reservation *reservation);

/* The reservation of a lot for a line in this status, or NULL. */
const struct reservation *find_reservation(const struct ev_rows *rows,
                                           const struct order_item *item, int32_t lot_id,
                                           struct ev_str status);

#endif
