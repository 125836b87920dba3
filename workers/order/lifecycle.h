#ifndef WORKERS_ORDER_LIFECYCLE_H
#define WORKERS_ORDER_LIFECYCLE_H

/* What becomes of an order once it stands: confirmed on request, cancelled, expired, and moved by
 * the facts of the shipping worker. Which of it is allowed when is the table of steps.h. */

#include "events.h"
#include "rows.h"
#include "schemas/order.h"
#include "schemas/stock.h"
#include "steps.h"

/* Who an order's facts say did it, when a manifest drives the order. */
#define BY_SHIPPING EV_STR("quenty-shipping")

/* ---- Orders (lifecycle.c) ---- */

/* The order and its extras, and nothing else of it: see want_whole_order(). */
void order_want(struct ev_wants *wants, struct ev_str order_number);

/* The same, of the order that a fact is about: for facts that begin with its number. */
void order_want_fact(struct ev_wants *wants, const void *fact);

enum order_status order_status_of(const struct order *order);

/* Whether goods leave the country, so that shipping has a say. */
bool order_goes_abroad(const struct ev_rows *rows, const struct order *order);

/* The step that the event takes from where the order stands, or NULL. */
const struct order_step *order_next_step(const struct ev_rows *rows, const struct order *order,
                                         enum order_event event);

/* Why a number cannot be that of an order, or NULL: for requests that would wait for it in vain. */
const char *misfit_of_number(struct ev_str order_number);

/* For decides: the order that a request names. Without it, which *ret_order = NULL tells, the request
 * is decided: it is refused or waits, for it may come before its order. */
int order_of_request(struct ev_case *c, struct ev_str order_number, const struct order **ret_order);

/* For folds: the order that a fact names, or an error (in a rebuild facts come from a topic). */
int order_of_fact(const struct ev_rows *rows, struct ev_str order_number, const char *fact,
                  const struct order **ret_order);

/* The same, and the order has the status after the fact, and its time. */
int order_move(struct ev_rows *rows, const struct ev_fact_head *head, struct ev_str order_number,
               const char *fact, enum order_status status, const struct order **ret_order);

/* ---- Reserved stock (release.c) ---- */

/* Whether every line holds as many pieces as it wants. */
bool order_is_fully_reserved(const struct ev_rows *rows, const struct order *order);

/* Gives back all that an order holds: StockReleased, and StockRestored for lots that come above
 * their minimum by it. Nothing for an order that holds nothing. */
int order_release(struct ev_case *c, const struct order *order, enum stock_release_reason reason);

/* All that an order holds left the house: StockConsumed. */
int order_consume(struct ev_case *c, const struct order *order, struct ev_str by);

void want_stock_released(struct ev_wants *wants, const void *event);
int fold_stock_released(struct ev_rows *rows, const struct ev_fact_head *head, const void *event);
void want_stock_consumed(struct ev_wants *wants, const void *event);
int fold_stock_consumed(struct ev_rows *rows, const struct ev_fact_head *head, const void *event);

/* ---- Confirmation (confirmation.c) ---- */

/* OrderConfirmed of an order that is pending and holds all that it wants. */
int order_announce_confirmed(struct ev_case *c, const struct order *order);

void order_want_confirmation(struct ev_wants *wants, const void *event);
int order_decide_confirmation(struct ev_case *c, const void *event);

void order_want_confirmed(struct ev_wants *wants, const void *event);
int order_fold_confirmed(struct ev_rows *rows, const struct ev_fact_head *head, const void *event);

/* ---- Cancellation (cancellation.c) ---- */

/* StockReleased and OrderCancelled. Of `why` the reason and the texts are the caller's; the rest is
 * filled in. */
int order_cancel(struct ev_case *c, const struct order *order, const struct order_cancelled *why);

void order_want_cancellation(struct ev_wants *wants, const void *event);
int order_decide_cancellation(struct ev_case *c, const void *event);

int order_fold_cancelled(struct ev_rows *rows, const struct ev_fact_head *head, const void *event);
int order_fold_cancellation_pending(struct ev_rows *rows, const struct ev_fact_head *head,
                                    const void *event);
int order_fold_cancellation_declined(struct ev_rows *rows, const struct ev_fact_head *head,
                                     const void *event);

/* ---- Time limits (expiry.c) ---- */

void order_want_expired(struct ev_wants *wants, struct ev_str order_number);
int order_decide_expired(struct ev_case *c, struct ev_str order_number);

/* ---- Shipping's facts (manifest.c) ---- */

void order_want_manifest_approved(struct ev_wants *wants, const void *event);
int order_decide_manifest_approved(struct ev_case *c, const void *event);
void order_want_manifest_rejected(struct ev_wants *wants, const void *event);
int order_decide_manifest_rejected(struct ev_case *c, const void *event);
void order_want_manifest_shipped(struct ev_wants *wants, const void *event);
int order_decide_manifest_shipped(struct ev_case *c, const void *event);
void order_want_manifest_cancellation_declined(struct ev_wants *wants, const void *event);
int order_decide_manifest_cancellation_declined(struct ev_case *c, const void *event);

int order_fold_processing(struct ev_rows *rows, const struct ev_fact_head *head, const void *event);
int order_fold_shipped(struct ev_rows *rows, const struct ev_fact_head *head, const void *event);

#endif
