/* quenty-order: orders and stock, in one database and one transaction.
 *
 * The three tables of a worker: what comes in, what facts do to rows, and which rows there are.
 * What is not in a table here does not happen. */

#include "order.h"

#include "lifecycle.h"
#include "order_sql.h"
#include "placing.h"
#include "rows.h"
#include "schemas/customer.h"
#include "schemas/shipping.h"
#include "stock.h"

/* order_db/0015_ops; what comes behind it are indexes and foreign keys, which no statement names.
 */
enum { MIGRATION = 15 };

/* What comes in; topics are named by the schemas. */
static const struct ev_route routes[] = {
        { &company_registered_record, party_want_company_registered, NULL },
        { &user_registered_record, party_want_user_registered, NULL },
        { &product_listing_requested_record, want_product_listing, decide_product_listing },
        { &goods_received_record, want_goods_received, decide_goods_received },
        { &order_placed_record, want_order_placed, decide_order_placed },
        { &order_confirmation_requested_record, order_want_confirmation,
          order_decide_confirmation },
        { &order_cancellation_requested_record, order_want_cancellation,
          order_decide_cancellation },
        { &manifest_approved_record, order_want_manifest_approved, order_decide_manifest_approved },
        { &manifest_rejected_record, order_want_manifest_rejected, order_decide_manifest_rejected },
        { &manifest_shipped_record, order_want_manifest_shipped, order_decide_manifest_shipped },
        { &manifest_cancellation_declined_record, order_want_manifest_cancellation_declined,
          order_decide_manifest_cancellation_declined },
};

/* Facts that change rows. Those that only tell something (LowStockDetected) have no line. */
static const struct ev_fold folds[] = {
        { &company_registered_record, party_want_company_registered,
          party_fold_company_registered },
        { &user_registered_record, party_want_user_registered, party_fold_user_registered },
        { &product_listed_record, want_product_listed, fold_product_listed },
        { &stock_received_record, want_stock_received, fold_stock_received },
        { &order_accepted_record, want_accepted_order, fold_order_accepted },
        { &stock_reserved_record, want_stock_reserved, fold_stock_reserved },
        { &stock_released_record, want_stock_released, fold_stock_released },
        { &stock_consumed_record, want_stock_consumed, fold_stock_consumed },
        { &order_confirmed_record, order_want_confirmed, order_fold_confirmed },
        { &order_processing_record, order_want_fact, order_fold_processing },
        { &order_shipped_record, order_want_fact, order_fold_shipped },
        { &order_cancelled_record, order_want_fact, order_fold_cancelled },
        { &order_cancellation_pending_record, order_want_fact, order_fold_cancellation_pending },
        { &order_cancellation_declined_record, order_want_fact, order_fold_cancellation_declined },
};

/* What the clock does. A time limit is told in seconds, and may be up to a second late. */
static const struct ev_timer timers[] = {
        { .name = "expire-reservations",
          .interval_ms = 1000,
          .due = &order_sql_due_expired,
          .want = order_want_expired,
          .decide = order_decide_expired },
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
        .timers = timers,
        .timer_count = EV_ARRAY_SIZE(timers),
        .folds = folds,
        .fold_count = EV_ARRAY_SIZE(folds),
        .loads = order_loads,
        .load_count = ORDER_LOADS,
        .tables = order_tables,
        .table_count = ORDER_TABLES,
        .list_count = WANT_LISTS,
        .is_divisible = true,
};
