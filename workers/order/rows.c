/* The tables of order_db: their columns, and how their rows are loaded.
 *
 * The order of the loads is the order in which rows are locked, in every transaction of this
 * worker: products last, sorted by id (sql/load_products.sql). */

#include "rows.h"

#include <assert.h>

#include "order_sql.h"

/* Products are loaded and locked here, and changed by other events than those of stock. */
static const struct ev_table_column product_columns[] = {
        EV_COLUMN(struct product, id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct product, sku, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct product, company_id, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct product, active, BOOL, 0),
};

const struct ev_table products_table = {
        .name = "products",
        .row_size = sizeof(struct product),
        .columns = product_columns,
        .column_count = EV_ARRAY_SIZE(product_columns),
        .find_by = &product_columns[1],
};

/* Lots of a product are few and are looked through; which one it is, is a comparison of two texts
 * of which one may be null (find_lot()). `updated_at` is set by folds, as the trigger would in a
 * hand- written UPDATE. */
static const struct ev_table_column lot_columns[] = {
        EV_COLUMN(struct lot, id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct lot, product_id, INT4, EV_COLUMN_FIXED),
        EV_COLUMN(struct lot, quantity, INT4, 0),
        EV_COLUMN(struct lot, reserved_quantity, INT4, 0),
        EV_COLUMN(struct lot, min_stock_level, INT4, 0),
        EV_COLUMN_NULLABLE(struct lot, max_stock_level, INT4, 0),
        EV_COLUMN(struct lot, location, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct lot, batch_number, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN_NULLABLE(struct lot, expiry_date, TIMESTAMPTZ, EV_COLUMN_FIXED),
        EV_COLUMN(struct lot, created_at, TIMESTAMPTZ, EV_COLUMN_FIXED),
        EV_COLUMN(struct lot, updated_at, TIMESTAMPTZ, 0),
};

const struct ev_table lots_table = {
        .name = "inventory_items",
        .row_size = sizeof(struct lot),
        .columns = lot_columns,
        .column_count = EV_ARRAY_SIZE(lot_columns),
        .group_by = &lot_columns[1],
        .drawn = &lot_columns[0],
        .sequence = "public.inventory_items_id_seq",
};

/* A ledger is only added to: it has no key here, and so neither an UPDATE nor a DELETE. The id and
 * the partition are PostgreSQL's. */
static const struct ev_table_column movement_columns[] = {
        EV_COLUMN(struct movement, product_id, INT4, 0),
        EV_COLUMN(struct movement, movement_type, TEXT, 0),
        EV_COLUMN(struct movement, quantity, INT4, 0),
        EV_COLUMN(struct movement, reference_number, TEXT, 0),
        EV_COLUMN(struct movement, notes, TEXT, 0),
        EV_COLUMN(struct movement, created_by, TEXT, 0),
        EV_COLUMN(struct movement, created_at, TIMESTAMPTZ, 0),
        EV_COLUMN(struct movement, inventory_item_id, INT4, 0),
        EV_COLUMN(struct movement, event_id, UUID, 0),
};

const struct ev_table movements_table = {
        .name = "stock_movements",
        .row_size = sizeof(struct movement),
        .columns = movement_columns,
        .column_count = EV_ARRAY_SIZE(movement_columns),
};

const struct ev_table *const order_tables[ORDER_TABLES] = { &products_table, &lots_table,
                                                            &movements_table };

/* Both loads find by the same list: lots come with their product, whose lock covers them. */
static const unsigned by_sku[] = { WANT_SKU };

const struct ev_load order_loads[ORDER_LOADS] = {
        { &products_table, &order_sql_load_products, by_sku, EV_ARRAY_SIZE(by_sku) },
        { &lots_table, &order_sql_load_lots, by_sku, EV_ARRAY_SIZE(by_sku) },
};

/* Of those that the batch has wanted. */
const struct product *find_product(const struct ev_rows *rows, struct ev_str sku)
{
        assert(!ev_str_is_null(sku));

        return ev_rows_find(rows, &products_table, sku);
}

/* Null and null are the same batch, null and "" are not: as in the table's UNIQUE NULLS NOT
 * DISTINCT. */
const struct lot *find_lot(const struct ev_rows *rows, const struct product *product,
                           struct ev_str location, struct ev_str batch_number)
{
        const struct lot *lot;

        assert(product);
        assert(!ev_str_is_null(location));

        for (lot = ev_rows_first(rows, &lots_table, product->id); lot; lot = ev_rows_next(lot))
                if (ev_str_equal(lot->location, location) &&
                    ev_str_equal(lot->batch_number, batch_number))
                        return lot;
        return NULL;
}
