/* quenty-order: orders and stock, in one database and one transaction.
 *
 * The three tables of a worker: what comes in, what facts do to rows, and which rows there are.
 * What is not in a table here does not happen. */

#include "order.h"

#include "rows.h"
#include "schemas/customer.h"
#include "stock.h"

/* order_db/0015_ops; what comes behind it are indexes and foreign keys, which no statement names.
 */
enum { MIGRATION = 15 };

/* What comes in; topics are named by the schemas. */
static const struct ev_route routes[] = {
        { &company_registered_record, party_want_company_registered, NULL },
        { &user_registered_record, party_want_user_registered, NULL },
        { &goods_received_record, want_goods_received, decide_goods_received },
};

/* Facts that change rows. Those that only tell something (LowStockDetected) have no line. */
static const struct ev_fold folds[] = {
        { &company_registered_record, party_want_company_registered,
          party_fold_company_registered },
        { &user_registered_record, party_want_user_registered, party_fold_user_registered },
        { &stock_received_record, want_stock_received, fold_stock_received },
};

/* Where this worker's facts go: its relay publishes to these and no others. */
static const char *const facts_topics[] = { "quenty.order.events.v1", "quenty.stock.events.v1",
                                            NULL };

const struct ev_worker order_worker = {
        .name = "order",
        .database = "order_db",
        .migration = MIGRATION,
        .facts_topics = facts_topics,
        .routes = routes,
        .route_count = EV_ARRAY_SIZE(routes),
        .folds = folds,
        .fold_count = EV_ARRAY_SIZE(folds),
        .loads = order_loads,
        .load_count = ORDER_LOADS,
        .tables = order_tables,
        .table_count = ORDER_TABLES,
        .list_count = WANT_LISTS,
};
