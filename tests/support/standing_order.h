#ifndef TESTS_SUPPORT_STANDING_ORDER_H
#define TESTS_SUPPORT_STANDING_ORDER_H

/* An order that stands, for tests of what becomes of it: O-1 of company C-1, two lines, three lots.
 *
 *      line 11  5 pieces of A   3 of lot 5 (100 pieces), 2 of lot 6 (50 pieces)
 *      line 12  4 pieces of B   4 of lot 7 (10 pieces, low below 8: what is reserved makes it low)
 *
 * Its reservations are those of its status: open, consumed once it was shipped, released once it
 * was cancelled. */

#include "order.h"
#include "rows.h"
#include "schemas/order.h"
#include "steps.h"
#include "support/decide.h"

enum {
        ORDER_ID = 1,
        LINE_A = 11,
        LINE_B = 12,
        PRODUCT_A = 1,
        PRODUCT_B = 2,
        LOT_A_NORTH = 5,
        LOT_A_SOUTH = 6,
        LOT_B = 7,
        STATUSES = ORDER_STATUS_UNKNOWN, /* that an order may have */
        EARLIER = 7,                     /* when all of it was made */
        PLACES = 2,                      /* at home, abroad */
};

#define NUMBER EV_STR("O-1")

/* The contract of the steps, written down a second time and the other way round: for each event
 * what comes of each state, pending confirmed processing shipped in_transit delivered cancelled. A
 * letter is the state after it, '.' means that it is not allowed. */
struct contract {
        enum order_event event;
        const char *after[PLACES];
};
extern const struct contract contract[ORDER_EVENTS];

/* The state of a letter. */
enum order_status contract_status(char letter);

/* A decide with products, lots and the order in this status; a pending one has expired, or will at
 * `expires_at` (0: never). */
void standing_begin(struct decide *t, enum order_status status, bool is_abroad);
void standing_begin_pending(struct decide *t, bool is_abroad, int64_t expires_at);

/* Shipping is being asked to cancel it, for the reason `old`. */
void standing_mark(struct decide *t);

/* Its rows now. */
const struct order *standing_order(struct decide *t);
const struct order_extras *standing_extras(struct decide *t);
enum order_status standing_status(struct decide *t);
const struct lot *standing_lot(struct decide *t, int32_t id);

/* Pieces of its reservations with this status, over all lots. */
int64_t standing_pieces(struct decide *t, const char *status);

/* What an event does to it, by the plainest record of its kind: what decide() says. Requests have
 * the reason `old`, as the mark has. */
int standing_event(struct decide *t, enum order_event event);

/* Whether the last event's facts are these, in this order: short names with a blank between. */
void standing_announced(struct decide *t, const char *names);

/* The laws of one order that hold after each event; and those of its lots alone. */
void standing_check_laws_of_lots(struct decide *t);
void standing_check_laws(struct decide *t);

#endif
