/* quenty-shipping: manifests of what goes abroad, from the confirmed order to the carrier.
 *
 * The tables of a worker: what comes in, what facts do to rows, what the clock does. What is not in
 * a table here does not happen. */

#include "shipping/shipping.h"

#include "party.h"
#include "schemas/customer.h"
#include "schemas/order.h"
#include "shipping/decides.h"
#include "shipping/manifest.h"
#include "shipping/rows.h"
#include "shipping_sql.h"

/* intl_shipping_db/0015_security; what comes behind it are indexes, which no statement names. */
enum { MIGRATION = 15 };

/* What comes in: facts of customer_db and order_db, and what customs and carriers report. */
static const struct ev_route routes[] = {
        { &company_registered_record, party_want_company_registered, NULL },
        { &user_registered_record, party_want_user_registered, NULL },
        { &order_confirmed_record, want_order_confirmed, decide_order_confirmed },
        { &order_cancellation_pending_record, want_order_cancellation, decide_order_cancellation },
        { &customs_decision_reported_record, want_customs_decision, decide_customs_decision },
        { &pickup_reported_record, want_pickup, decide_pickup },
};

/* Facts that change rows. Those that only tell something (ManifestCancellationDeclined) have no
 * line. */
static const struct ev_fold folds[] = {
        { &manifest_drafted_record, want_manifest_fact, fold_manifest_drafted },
        { &rates_quoted_record, want_manifest_fact, fold_rates_quoted },
        { &manifest_held_record, want_manifest_fact, fold_manifest_held },
        { &manifest_submitted_record, want_manifest_fact, fold_manifest_submitted },
        { &manifest_approved_record, want_manifest_fact, fold_manifest_approved },
        { &manifest_rejected_record, want_manifest_fact, fold_manifest_rejected },
        { &manifest_shipped_record, want_manifest_fact, fold_manifest_shipped },
        { &company_registered_record, party_want_company_registered,
          party_fold_company_registered },
        { &user_registered_record, party_want_user_registered, party_fold_user_registered },
};

/* Where this worker's facts go: its relay publishes to these and no others. */
static const char *const facts_topics[] = { "quenty.shipping.events.v1", NULL };

/* What the clock does. The 7 days are in the rows. */
const struct ev_timer shipping_timers[SHIPPING_TIMERS] = {
        { "end-what-was-not-mended", 1000, &shipping_sql_due_manifests, want_not_mended,
          decide_not_mended },
};

const struct ev_worker shipping_worker = {
        .name = "shipping",
        .database = "intl_shipping_db",
        .migration = MIGRATION,
        .facts_topics = facts_topics,
        .routes = routes,
        .route_count = EV_ARRAY_SIZE(routes),
        .timers = shipping_timers,
        .timer_count = SHIPPING_TIMERS,
        .folds = folds,
        .fold_count = EV_ARRAY_SIZE(folds),
        .loads = shipping_loads,
        .load_count = SHIPPING_LOADS,
        .tables = shipping_tables,
        .table_count = SHIPPING_TABLES,
        .list_count = WANT_LISTS,
};
