#ifndef WORKERS_ORDER_FIELDS_H
#define WORKERS_ORDER_FIELDS_H

/* What requests of both contexts are asked about their fields before any row is looked at. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events.h"

enum {
        FIELD_TEXT_MAX = 255, /* characters, of most text columns */
        FIELD_AMOUNT_SCALE = 2,
};

/* The most that a column of amounts holds, numeric(10,2): 99,999,999.99. */
#define FIELD_AMOUNT_MAX INT64_C(9999999999)

/* A text, and what its column takes of it. */
struct text_field {
        const char *name;
        struct ev_str value; /* null: it is absent, which fits */
        size_t characters_max;
        bool may_be_empty;
};

/* The name of the first text that does not fit, or NULL. */
const char *misfit_text(const struct text_field *fields, size_t count);

/* Whether the amount is one: not negative, and not finer than its currency. In a currency that is
 * not accepted every amount of 2 places is one: what is wrong then is the currency. */
bool is_amount(struct ev_str currency, int64_t amount);

#endif
