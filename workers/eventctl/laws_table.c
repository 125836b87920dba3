/* The laws, set by set: their names, what they mean, and the statements that find what breaks them.
 *
 * A new law is a row here and a file beside the others of its set; integration/laws wants a violation
 * that it notices. Nothing is run here, so nothing is lost if the process dies. */

#include "base/macro.h"
#include "eventctl_customer_sql.h"
#include "eventctl_laws.h"
#include "eventctl_laws_customer.h"
#include "eventctl_laws_order.h"
#include "eventctl_laws_shipping.h"
#include "eventctl_laws_parties.h"
#include "eventctl_laws_manifests.h"
#include "eventctl_shipping_sql.h"
#include "laws.h"

/* Of every database: about its facts, its gaps, its lanes. Those of rest stand at the end of
 * each table, since they are looked at last. */
static const struct law each[] = {
        { "fact-has-names", false, &eventctl_laws_fact_has_names,
          "The topic, the type and the source of every fact are known by name." },
        { "fact-has-one-id", false, &eventctl_laws_fact_has_one_id, "No two facts share an id." },
        { "hole-is-explained", false, &eventctl_laws_hole_is_explained,
          "Below the relay's position each number is a fact or lies in a gap that the relay has "
          "proven, and no number is both." },
        { "outcome-is-one", false, &eventctl_laws_outcome_is_one,
          "No event has two outcomes, and no outcome is without the event that it answers." },
        { "request-names-its-outcome", false, &eventctl_laws_request_names_its_outcome,
          "What is known as accepted names the fact that said so, and the event that asked." },
        { "all-is-published", true, &eventctl_laws_all_is_published,
          "The relay has published every fact and every dead letter." },
        { "no-lane-is-halted", true, &eventctl_laws_no_lane_is_halted, "Every lane goes on." },
        { "nothing-waits", true, &eventctl_laws_nothing_waits,
          "At rest no record waits for something not yet known: it was decided, or its time has "
          "passed." },
};

/* Companies, users, and the facts that made them. */
static const struct law of_customer[] = {
        { "address-is-of-one-user", false, &eventctl_laws_customer_address_is_of_one_user,
          "An address is that of one user, however it is written; a name too." },
        { "document-type-is-known", false, &eventctl_laws_customer_document_type_is_known,
          "A company's document is of a known type, and has a number exactly if it has a type." },
        { "rows-have-facts", false, &eventctl_laws_customer_rows_have_facts,
          "A company, and a user, is there exactly if a fact registered it, once." },
        { "user-belongs-to-a-company", false, &eventctl_laws_customer_user_belongs_to_a_company,
          "The company of a user exists." },
        { "user-has-a-secret", false, &eventctl_laws_customer_user_has_a_secret,
          "Every user of the live database has a password's hash; '!' is what a rebuild puts "
          "there." },
        { "users-follow-their-company", false, &eventctl_laws_customer_users_follow_their_company,
          "An inactive company has no active user." },
};

/* Stock and orders: the ledger, what is reserved, what was sent, and that orders stand where
 * their facts say. */
static const struct law of_order[] = {
        { "cancellation-is-asked-abroad", false, &eventctl_laws_order_cancellation_is_asked_abroad,
          "Shipping is asked only about orders that go abroad, and only once they are "
          "confirmed." },
        { "cancelled-holds-nothing", false, &eventctl_laws_order_cancelled_holds_nothing,
          "A cancelled order holds no stock." },
        { "confirmed-is-reserved", false, &eventctl_laws_order_confirmed_is_reserved,
          "Every line of a confirmed or processing order is fully reserved, but for a shortage "
          "that was told and is not served yet." },
        { "consumed-is-shipped", false, &eventctl_laws_order_consumed_is_shipped,
          "Only of a shipped order something has left the house: nothing is consumed for an "
          "order that is on its way there or was cancelled." },
        { "consumption-is-in-the-ledger", false, &eventctl_laws_order_consumption_is_in_the_ledger,
          "What an order consumed of a lot is one OUT movement of that lot with the order's "
          "number." },
        { "line-is-of-its-order", false, &eventctl_laws_order_line_is_of_its_order,
          "Every line belongs to an order and a product, both of one company and in one "
          "currency." },
        { "movement-is-of-its-lot", false, &eventctl_laws_order_movement_is_of_its_lot,
          "A movement names a lot of its product, and the fact that made it." },
        { "never-cancelled-and-shipped", false, &eventctl_laws_order_never_cancelled_and_shipped,
          "No order was told to be both cancelled and shipped, or one of them twice." },
        { "order-has-extras", false, &eventctl_laws_order_order_has_extras,
          "Every order has its row beside it, and none is without its order." },
        { "pending-is-all-or-nothing", false, &eventctl_laws_order_pending_is_all_or_nothing,
          "A pending order holds all that it wants, with a time limit, or nothing and waits for "
          "stock." },
        { "quantity-is-ledger", false, &eventctl_laws_order_quantity_is_ledger,
          "What a lot holds is the sum of its movements: in - out + adjustments." },
        { "reservation-is-of-its-line", false, &eventctl_laws_order_reservation_is_of_its_line,
          "A reservation names the order, the product and a lot of its line, and all that a "
          "line holds or has consumed is no more than it wants." },
        { "reserved-is-open-reservations", false,
          &eventctl_laws_order_reserved_is_open_reservations,
          "What a lot has reserved is the sum of the open reservations on it." },
        { "reserved-is-within-quantity", false, &eventctl_laws_order_reserved_is_within_quantity,
          "No lot has reserved more than it holds, or less than nothing." },
        { "shipped-is-consumed", false, &eventctl_laws_order_shipped_is_consumed,
          "Every line of a shipped order has left the house, and nothing is reserved for it any "
          "more." },
        { "status-follows-facts", false, &eventctl_laws_order_status_follows_facts,
          "An order's status is what its last fact about it says; there is no order without a "
          "fact, and none was accepted twice." },
        { "time-limit-is-of-pending", false, &eventctl_laws_order_time_limit_is_of_pending,
          "Only what may still be confirmed has a time limit, and the order and its "
          "reservations have the same." },
        { "total-is-sum-of-lines", false, &eventctl_laws_order_total_is_sum_of_lines,
          "An order has lines, and its total is their sum." },
        { "cancellation-is-answered", true, &eventctl_laws_order_cancellation_is_answered,
          "Every cancellation that shipping was asked about is answered: the order is "
          "cancelled, or the question is taken back." },
        { "no-backorder-beside-stock", true, &eventctl_laws_order_no_backorder_beside_stock,
          "No order waits for stock that is there: each waiting one lacks stock for some line." },
        { "time-limit-is-kept", true, &eventctl_laws_order_time_limit_is_kept,
          "No order is pending with its time limit behind it: the timer has run." },
};

/* Manifests, their items, rates and states. */
static const struct law of_shipping[] = {
        { "approved-is-tracked", false, &eventctl_laws_shipping_approved_is_tracked,
          "From approval on a manifest has a tracking number and its time, from the pickup on "
          "that time too; before it has none of them." },
        { "item-volume-is-rounded-once", false, &eventctl_laws_shipping_item_volume_is_rounded_once,
          "An item's volume in cubic metres is its exact one in cubic centimetres, rounded "
          "once." },
        { "manifest-follows-facts", false, &eventctl_laws_shipping_manifest_follows_facts,
          "A manifest's status is what the last fact about it says; none is without a fact, and "
          "none was drafted, approved or shipped twice." },
        { "manifest-has-its-rows", false, &eventctl_laws_shipping_manifest_has_its_rows,
          "Every manifest has its row beside it, and so has every item." },
        { "never-rejected-and-shipped", false, &eventctl_laws_shipping_never_rejected_and_shipped,
          "Nothing was picked up and rejected after it." },
        { "orders-manifest-is-named-after-it", false,
          &eventctl_laws_shipping_orders_manifest_is_named_after_it,
          "The manifest of an order is MAN- and the order's number; only those begin like that." },
        { "rate-proves-itself", false, &eventctl_laws_shipping_rate_proves_itself,
          "A quote is the sum of its parts, in the currency of its manifest." },
        { "rejection-has-a-reason", false, &eventctl_laws_shipping_rejection_has_a_reason,
          "A manifest has a reason of its rejection exactly if it is rejected. It has a time to "
          "be mended in only while it may be, and always then if it is an order's." },
        { "submitted-is-complete", false, &eventctl_laws_shipping_submitted_is_complete,
          "What was submitted has a quote of its own selected, a time, a delivery day, and "
          "every item's code and origin." },
        { "total-is-sum-of-items", false, &eventctl_laws_shipping_total_is_sum_of_items,
          "A manifest's totals are the sums of its items." },
        { "time-to-mend-is-kept", true, &eventctl_laws_shipping_time_to_mend_is_kept,
          "Nothing that was held or rejected 7 days ago is still waiting to be mended: the "
          "timer has run." },
};

/* What order_db and intl_shipping_db remember of customer_db's facts. */
static const struct law of_parties[] = {
        { "parties-are-known", true, &eventctl_laws_parties_parties_are_known,
          "What this database knows of companies and users is what customer_db says." },
};

/* Orders that go abroad, beside their manifests. */
static const struct law of_manifests[] = {
        { "manifest-agrees-with-its-order", true,
          &eventctl_laws_manifests_manifest_agrees_with_its_order,
          "Value, currency, company and countries of a manifest are those of its order." },
        { "manifest-items-are-the-lines", true,
          &eventctl_laws_manifests_manifest_items_are_the_lines,
          "A manifest has the pieces of its order, line by line, each for its price; and of an "
          "order that stands they are what is reserved or has left the house." },
        { "manifest-stands-where-its-order-does", true,
          &eventctl_laws_manifests_manifest_stands_where_its_order_does,
          "Confirmed: the manifest is a draft, submitted, or rejected and can be mended; "
          "processing: approved, or one of those after a recall; shipped or in transit: "
          "shipped; delivered: delivered; cancelled: rejected for good. And the other way "
          "round." },
        { "order-has-one-manifest", true, &eventctl_laws_manifests_order_has_one_manifest,
          "An order that was confirmed and goes abroad has exactly one manifest; no other order "
          "has one." },
};

/* Places in database_names. A law that was written for one database and holds in another as
 * well is a row of two sets, not a second file. */
enum { CUSTOMER, ORDER, SHIPPING };

#define ALONE LAWS_ALONE, NULL, NULL, NULL
#define BESIDE_PARTIES \
        CUSTOMER, &eventctl_customer_sql_law_parties, &eventctl_customer_sql_law_parties_count, NULL
#define BESIDE_MANIFESTS                                \
        SHIPPING, &eventctl_shipping_sql_law_manifests, \
                &eventctl_shipping_sql_law_manifests_count, &eventctl_shipping_sql_law_companies

const struct law_set law_sets[] = {
        { LAWS_EACH, ALONE, each, EV_ARRAY_SIZE(each) },
        { CUSTOMER, ALONE, of_customer, EV_ARRAY_SIZE(of_customer) },
        { ORDER, ALONE, of_order, EV_ARRAY_SIZE(of_order) },
        { SHIPPING, ALONE, of_shipping, EV_ARRAY_SIZE(of_shipping) },
        { ORDER, BESIDE_PARTIES, of_parties, EV_ARRAY_SIZE(of_parties) },
        { SHIPPING, BESIDE_PARTIES, of_parties, EV_ARRAY_SIZE(of_parties) },
        { ORDER, BESIDE_MANIFESTS, of_manifests, EV_ARRAY_SIZE(of_manifests) },
};
const size_t law_sets_count = EV_ARRAY_SIZE(law_sets);
