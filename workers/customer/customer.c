/* quenty-customer: companies and their users.
 *
 * The three tables of a worker: what comes in, what facts do to rows, and which rows there are.
 * What is not in a table here does not happen. */

#include "customer.h"

#include "registration.h"
#include "rows.h"

/* customer_db/0012_security; what comes behind it are indexes, which no statement names. */
enum { MIGRATION = 12 };

/* What comes in; topics are named by the schemas. */
static const struct ev_route routes[] = {
        { &company_registration_requested_record, want_company_registration,
          decide_company_registration },
        { &user_registration_requested_record, want_user_registration, decide_user_registration },
};

/* Facts that change rows: of these two, all. */
static const struct ev_fold folds[] = {
        { &company_registered_record, want_company_registered, fold_company_registered },
        { &user_registered_record, want_user_registered, fold_user_registered },
};

/* Where this worker's facts go: its relay publishes to these and no others. */
static const char *const facts_topics[] = { "quenty.customer.events.v1", NULL };

const struct ev_worker customer_worker = {
        .name = "customer",
        .database = "customer_db",
        .migration = MIGRATION,
        .facts_topics = facts_topics,
        .routes = routes,
        .route_count = EV_ARRAY_SIZE(routes),
        .folds = folds,
        .fold_count = EV_ARRAY_SIZE(folds),
        .loads = customer_loads,
        .load_count = CUSTOMER_LOADS,
        .tables = customer_tables,
        .table_count = CUSTOMER_TABLES,
        .list_count = WANT_LISTS,
};
