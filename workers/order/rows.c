/* The tables of order_db: their columns, and how their rows are loaded.
 *
 * The order of the loads is the order in which rows are locked, in every transaction of this
 * worker: parties that facts change, orders, then products, each sorted by its key. All that
 * belongs to them is read behind those locks, in statements of its own, and so are the parties that
 * rules only ask about. */

#include "rows.h"

#include <assert.h>

#include "order_sql.h"
#include "party_sql.h"

/* Whether a product is sold may change; the rest of it no event of ours changes yet. `dimensions`
 * is what people read, the numbers out of it are what a decide reckons with. */
static const struct ev_table_column product_columns[] = {
        EV_COLUMN(struct product, id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct product, sku, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct product, company_id, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct product, name, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct product, description, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct product, category, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL(struct product, price, 2, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL_NULLABLE(struct product, cost, 2, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL_NULLABLE(struct product, weight, 3, EV_COLUMN_FIXED),
        EV_COLUMN(struct product, dimensions, JSONB, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL_NULLABLE(struct product, length, 1, EV_COLUMN_READ),
        EV_COLUMN_DECIMAL_NULLABLE(struct product, width, 1, EV_COLUMN_READ),
        EV_COLUMN_DECIMAL_NULLABLE(struct product, height, 1, EV_COLUMN_READ),
        EV_COLUMN(struct product, active, BOOL, 0),
        EV_COLUMN(struct product, created_at, TIMESTAMPTZ, EV_COLUMN_FIXED),
        EV_COLUMN(struct product, updated_at, TIMESTAMPTZ, 0),
};

/* Requests name a product by its SKU, lines of orders by its id: a group of one. */
const struct ev_table products_table = {
        .name = "products",
        .row_size = sizeof(struct product),
        .columns = product_columns,
        .column_count = EV_ARRAY_SIZE(product_columns),
        .find_by = &product_columns[1],
        .group_by = &product_columns[0],
        .drawn = &product_columns[0],
        .sequence = "public.products_id_seq",
};

static const struct ev_table_column product_extras_columns[] = {
        EV_COLUMN(struct product_extras, product_id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct product_extras, currency, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct product_extras, hs_code, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct product_extras, country_of_origin, TEXT, EV_COLUMN_FIXED),
};

const struct ev_table product_extras_table = {
        .name = "product_extras",
        .row_size = sizeof(struct product_extras),
        .columns = product_extras_columns,
        .column_count = EV_ARRAY_SIZE(product_extras_columns),
        .group_by = &product_extras_columns[0],
};

static const struct ev_table_column order_columns[] = {
        EV_COLUMN(struct order, id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct order, order_number, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct order, status, TEXT, 0),
        EV_COLUMN_DECIMAL(struct order, total_amount, 2, EV_COLUMN_FIXED),
        EV_COLUMN(struct order, currency, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct order, customer_id, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct order, company_id, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct order, created_at, TIMESTAMPTZ, EV_COLUMN_FIXED),
        EV_COLUMN(struct order, updated_at, TIMESTAMPTZ, 0),
};

const struct ev_table orders_table = {
        .name = "orders",
        .row_size = sizeof(struct order),
        .columns = order_columns,
        .column_count = EV_ARRAY_SIZE(order_columns),
        .find_by = &order_columns[1],
        .drawn = &order_columns[0],
        .sequence = "public.orders_id_seq",
};

static const struct ev_table_column order_extras_columns[] = {
        EV_COLUMN(struct order_extras, order_id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct order_extras, origin_country, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct order_extras, destination_country, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct order_extras, placed_at, TIMESTAMPTZ, EV_COLUMN_FIXED),
        EV_COLUMN(struct order_extras, placed_event_id, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct order_extras, confirmation, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN(struct order_extras, reservation_ttl_s, INT4, EV_COLUMN_FIXED),
        EV_COLUMN(struct order_extras, backorder, BOOL, EV_COLUMN_FIXED),
        EV_COLUMN(struct order_extras, preferred_location, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN_NULLABLE(struct order_extras, cancel_requested_at, TIMESTAMPTZ, 0),
        EV_COLUMN(struct order_extras, cancel_reason, TEXT, 0),
        EV_COLUMN_NULLABLE(struct order_extras, expires_at, TIMESTAMPTZ, 0),
};

const struct ev_table order_extras_table = {
        .name = "order_extras",
        .row_size = sizeof(struct order_extras),
        .columns = order_extras_columns,
        .column_count = EV_ARRAY_SIZE(order_extras_columns),
        .group_by = &order_extras_columns[0],
};

static const struct ev_table_column order_item_columns[] = {
        EV_COLUMN(struct order_item, id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct order_item, order_id, INT4, EV_COLUMN_FIXED),
        EV_COLUMN(struct order_item, product_id, INT4, EV_COLUMN_FIXED),
        EV_COLUMN(struct order_item, quantity, INT4, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL(struct order_item, unit_price, 2, EV_COLUMN_FIXED),
        EV_COLUMN_DECIMAL(struct order_item, total_price, 2, EV_COLUMN_FIXED),
        EV_COLUMN(struct order_item, created_at, TIMESTAMPTZ, EV_COLUMN_FIXED),
};

const struct ev_table order_items_table = {
        .name = "order_items",
        .row_size = sizeof(struct order_item),
        .columns = order_item_columns,
        .column_count = EV_ARRAY_SIZE(order_item_columns),
        .group_by = &order_item_columns[1],
        .drawn = &order_item_columns[0],
        .sequence = "public.order_items_id_seq",
};

static const struct ev_table_column reservation_columns[] = {
        EV_COLUMN(struct reservation, order_id, INT4, EV_COLUMN_FIXED),
        EV_COLUMN(struct reservation, order_item_id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct reservation, product_id, INT4, EV_COLUMN_FIXED),
        EV_COLUMN(struct reservation, inventory_item_id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct reservation, quantity, INT4, 0),
        EV_COLUMN(struct reservation, status, TEXT, EV_COLUMN_KEY),
        EV_COLUMN_NULLABLE(struct reservation, expires_at, TIMESTAMPTZ, 0),
};

const struct ev_table reservations_table = {
        .name = "stock_reservations",
        .row_size = sizeof(struct reservation),
        .columns = reservation_columns,
        .column_count = EV_ARRAY_SIZE(reservation_columns),
        .group_by = &reservation_columns[0],
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

/* Reservations behind lots and lines, since they name both. */
const struct ev_table *const order_tables[ORDER_TABLES] = {
        &products_table,        &product_extras_table, &orders_table,       &order_extras_table,
        &order_items_table,     &lots_table,           &reservations_table, &movements_table,
        &party_companies_table, &party_users_table,
};

/* Products and what belongs to them come with their SKU, and with the lines of an order: the same
 * lists for all three, so that no lot is read whose product is not locked. */
static const unsigned by_order[] = { WANT_ORDER };
static const unsigned by_order_parts[] = { WANT_ORDER_PARTS };
static const unsigned by_product[] = { WANT_SKU, WANT_ORDER_PARTS };
static const unsigned by_company[] = { WANT_COMPANY };
static const unsigned by_company_changed[] = { WANT_COMPANY_CHANGED };
static const unsigned by_user[] = { WANT_USER };
static const unsigned by_user_changed[] = { WANT_USER_CHANGED };

const struct ev_load order_loads[ORDER_LOADS] = {
        { &party_companies_table, &party_sql_load_companies_changed, by_company_changed,
          EV_ARRAY_SIZE(by_company_changed) },
        { &party_users_table, &party_sql_load_users_changed, by_user_changed,
          EV_ARRAY_SIZE(by_user_changed) },
        { &orders_table, &order_sql_load_orders, by_order, EV_ARRAY_SIZE(by_order) },
        { &products_table, &order_sql_load_products, by_product, EV_ARRAY_SIZE(by_product) },
        { &order_extras_table, &order_sql_load_order_extras, by_order, EV_ARRAY_SIZE(by_order) },
        { &order_items_table, &order_sql_load_order_items, by_order_parts,
          EV_ARRAY_SIZE(by_order_parts) },
        { &reservations_table, &order_sql_load_reservations, by_order_parts,
          EV_ARRAY_SIZE(by_order_parts) },
        { &product_extras_table, &order_sql_load_product_extras, by_product,
          EV_ARRAY_SIZE(by_product) },
        { &lots_table, &order_sql_load_lots, by_product, EV_ARRAY_SIZE(by_product) },
        { &party_companies_table, &party_sql_load_companies, by_company,
          EV_ARRAY_SIZE(by_company) },
        { &party_users_table, &party_sql_load_users, by_user, EV_ARRAY_SIZE(by_user) },
};

/* Parts are never wanted without their order, whose lock covers them. */
void want_whole_order(struct ev_wants *wants, struct ev_str order_number)
{
        assert(wants);

        ev_want(wants, WANT_ORDER, order_number);
        ev_want(wants, WANT_ORDER_PARTS, order_number);
}

/* Of those that the batch has wanted. */
const struct product *find_product(const struct ev_rows *rows, struct ev_str sku)
{
        assert(!ev_str_is_null(sku));

        return ev_rows_find(rows, &products_table, sku);
}

/* For what names a product by its id: the lines of orders that stand. */
const struct product *product_by_id(const struct ev_rows *rows, int32_t id)
{
        assert(id != 0);

        return ev_rows_first(rows, &products_table, id);
}

/* A group of one. */
const struct product_extras *extras_of_product(const struct ev_rows *rows,
                                               const struct product *product)
{
        assert(product);

        return ev_rows_first(rows, &product_extras_table, product->id);
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

/* Facts and reservations name a lot by its id, and its product beside it. */
const struct lot *lot_by_id(const struct ev_rows *rows, int32_t product_id, int32_t id)
{
        const struct lot *lot = ev_rows_first(rows, &lots_table, product_id);

        assert(id != 0);

        while (lot && lot->id != id)
                lot = ev_rows_next(lot);
        return lot;
}

/* Of those that the batch has wanted, and those that it has made. */
const struct order *find_order(const struct ev_rows *rows, struct ev_str order_number)
{
        assert(!ev_str_is_null(order_number));

        return ev_rows_find(rows, &orders_table, order_number);
}

/* A group of one. */
const struct order_extras *extras_of(const struct ev_rows *rows, const struct order *order)
{
        assert(order);

        return ev_rows_first(rows, &order_extras_table, order->id);
}

/* Loaded by id, and ids are drawn in the order in which lines are added. */
const struct order_item *first_item(const struct ev_rows *rows, const struct order *order)
{
        assert(order);

        return ev_rows_first(rows, &order_items_table, order->id);
}

const struct order_item *next_item(const struct order_item *item)
{
        assert(item);

        return ev_rows_next(item);
}

/* A product has one line at most: lines with one SKU were merged. */
const struct order_item *item_of_product(const struct ev_rows *rows, const struct order *order,
                                         int32_t product_id)
{
        const struct order_item *item = first_item(rows, order);

        assert(product_id != 0);

        while (item && item->product_id != product_id)
                item = next_item(item);
        return item;
}

const struct reservation *first_reservation(const struct ev_rows *rows, const struct order *order)
{
        assert(order);

        return ev_rows_first(rows, &reservations_table, order->id);
}

const struct reservation *next_reservation(const struct reservation *reservation)
{
        assert(reservation);

        return ev_rows_next(reservation);
}

/* The three columns of the key. */
const struct reservation *find_reservation(const struct ev_rows *rows,
                                           const struct order_item *item, int32_t lot_id,
                                           struct ev_str status)
{
        const struct reservation *found = ev_rows_first(rows, &reservations_table, item->order_id);

        assert(lot_id != 0);

        while (found && (found->order_item_id != item->id || found->inventory_item_id != lot_id ||
                         !ev_str_equal(found->status, status)))
                found = next_reservation(found);
        return found;
}
