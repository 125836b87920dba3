#ifndef SHIPPING_DECIDES_H
#define SHIPPING_DECIDES_H

/* Wants and decides of the events that come in: for the tables of shipping.c. */

#include "events.h"

/* draft.c */
void want_order_confirmed(struct ev_wants *wants, const void *event);
int decide_order_confirmed(struct ev_case *c, const void *event);

/* customs.c */
void want_customs_decision(struct ev_wants *wants, const void *event);
int decide_customs_decision(struct ev_case *c, const void *event);

/* pickup.c */
void want_pickup(struct ev_wants *wants, const void *event);
int decide_pickup(struct ev_case *c, const void *event);

/* cancellation.c */
void want_order_cancellation(struct ev_wants *wants, const void *event);
int decide_order_cancellation(struct ev_case *c, const void *event);
void want_not_mended(struct ev_wants *wants, struct ev_str unique_id);
int decide_not_mended(struct ev_case *c, struct ev_str unique_id);

#endif
