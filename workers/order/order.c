/* quenty-order: orders and stock, in one database and one transaction.
 *
 * The three tables of a worker: what comes in, what facts do to rows, and which rows there are. */

#include "events.h"
#include "rows.h"
#include "stock.h"

static const struct ev_route routes[] = {
        { &goods_received_record, want_goods_received, decide_goods_received },
};

static const struct ev_fold folds[] = {
        { &stock_received_record, want_stock_received, fold_stock_received },
};

enum { ORDER_MIGRATION = 15 }; /* order_db/0015_ops; what comes behind it are indexes for people */

static const char *const facts_topics[] = { "quenty.order.events.v1", "quenty.stock.events.v1",
                                            NULL };

int main(int argc, char **argv)
{
        const struct ev_worker order = {
                .name = "order",
                .database = "order_db",
                .migration = ORDER_MIGRATION,
                .facts_topics = facts_topics,
                .routes = routes,
                .route_count = EV_ARRAY_SIZE(routes),
                .folds = folds,
                .fold_count = EV_ARRAY_SIZE(folds),
                .loads = order_loads,
                .load_count = order_loads_count,
                .tables = order_tables,
                .table_count = order_tables_count,
                .list_count = WANT_LISTS,
        };

        return ev_worker_main(&order, argc, argv);
}
