#ifndef EVENTCTL_ORDER_STATE_H
#define EVENTCTL_ORDER_STATE_H

/* An order and its manifest as they stood at some moment, told from their facts alone.
 *
 * A fact carries the values that hold after it under the names of their columns, so most of it is
 * copied by name. What is named otherwise stands in a table of rules in order_state.c: a new type
 * of fact needs a line there only where its fields are not those of the state. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/macro.h"
#include "event_line.h"

enum {
        ORDER_STATE_FIELDS_MAX = 32,
        ORDER_STATE_HOLDINGS_MAX = 4096,
        ORDER_STATE_FORMS_MAX = 4000,
        ORDER_STATE_TIME_MAX = 28, /* bytes of an instant as text, with the NUL */
};

/* A value as the JSON form of its fact has it, or a fact's own time; neither: null. */
struct order_value {
        const struct ev_json *node;
        char time[ORDER_STATE_TIME_MAX];
};

/* Which values there are, in the order in which they are shown. */
struct order_part_kind {
        const char *name;  /* "order", "manifest" */
        const char *begin; /* the type of fact that makes it */
        const char *const *fields;
        size_t fields_count;
};

/* The order or its manifest. */
struct order_part {
        const struct order_part_kind *kind;
        bool exists;
        struct order_value values[ORDER_STATE_FIELDS_MAX];
};

/* Pieces of a lot for the order, by their state: a row of stock_reservations. */
struct order_holding {
        const struct ev_json *lot; /* as a fact names it: inventory_item_id, sku, location, … */
        int64_t lot_id;
        const char *status; /* "open", "released", "consumed" */
        int64_t quantity;   /* above 0 */
        struct order_value expires_at;
};

/* Begins as order_state_begin(), ends with order_state_done(). Large. */
struct order_state {
        struct order_part order, manifest;
        struct order_holding holdings[ORDER_STATE_HOLDINGS_MAX];
        size_t holdings_count;
        struct ev_json *forms[ORDER_STATE_FORMS_MAX]; /* of the facts: values point into them */
        size_t forms_count;
};

void order_state_begin(struct order_state *state);
void order_state_done(struct order_state *state);
EV_DEFINE_CLEANUP(struct order_state *, order_state_done)

/* Takes in the next fact about the order or the manifest, which were recorded in this order. Fails
 * (verdict: stop) for one that does not go with those before it, as when these are missing, and for
 * one whose schema this program does not know. */
int order_state_fold(struct order_state *state, const struct event_line *line) _must_check_;

/* A value of a part; NULL if it has none of that name. */
const struct order_value *order_state_value(const struct order_part *part, const char *name);

/* The text of a scalar: borrowed, or written into `buffer`; null for null and for lists. */
enum { ORDER_STATE_TEXT_MAX = 32 };
struct ev_str order_state_text(const struct ev_json *node, char buffer[ORDER_STATE_TEXT_MAX]);

/* The whole as one object of JSON; `at` null: now. */
int order_state_write_json(const struct order_state *state, struct ev_str at,
                           struct ev_buffer *out) _must_check_;

#endif
