/* quenty-order: orders and stock, in one database and one transaction.
 *
 * The three tables of a worker: what comes in, what facts do to rows, and which rows there are.
 * What is not in a table here does not happen. */

#include "order.h"

#include "lifecycle.h"
#include "order_sql.h"
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
        { &goods_received_record, want_goods_received, decide_goods_received },
        { &order_cancellation_requested_record, want_cancellation, decide_cancellation },
        { &manifest_approved_record, want_manifest_approved, decide_manifest_approved },
        { &manifest_rejected_record, want_manifest_rejected, decide_manifest_rejected },
        { &manifest_shipped_record, want_manifest_shipped, decide_manifest_shipped },
        { &manifest_cancellation_declined_record, want_manifest_cancellation_declined,
          decide_manifest_cancellation_declined },
};

/* Facts that change rows. Those that only tell something (LowStockDetected) have no line. */
static const struct ev_fold folds[] = {
        { &company_registered_record, party_want_company_registered,
          party_fold_company_registered },
        { &user_registered_record, party_want_user_registered, party_fold_user_registered },
        { &stock_received_record, want_stock_received, fold_stock_received },
        { &stock_released_record, want_stock_released, fold_stock_released },
        { &stock_consumed_record, want_stock_consumed, fold_stock_consumed },
        { &order_processing_record, want_order_processing, fold_order_processing },
        { &order_shipped_record, want_order_shipped, fold_order_shipped },
        { &order_cancelled_record, want_order_cancelled, fold_order_cancelled },
        { &order_cancellation_pending_record, want_order_cancellation_pending,
          fold_order_cancellation_pending },
        { &order_cancellation_declined_record, want_order_cancellation_declined,
          fold_order_cancellation_declined },
};

/* What the clock does. A time limit is told in seconds, and may be up to a second late. */
static const struct ev_timer timers[] = {
        { .name = "expire-reservations",
          .interval_ms = 1000,
          .due = &order_sql_due_expired,
          .want = want_expired,
          .decide = decide_expired },
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
};
