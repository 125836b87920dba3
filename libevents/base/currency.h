#ifndef EV_BASE_CURRENCY_H
#define EV_BASE_CURRENCY_H

/* Currencies of ISO 4217 and how fine an amount in them may be. */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum {
        EV_CURRENCY_MINOR_DIGITS_MAX = 2, /* what our columns of scale 2 can hold */
};

/* Whether amounts in this currency are accepted: a code of the list, in upper case, whose minor
 * unit has 0 to 2 digits. Not BHD with its three digits, not CLF with four, and not what has no
 * minor unit at all (gold, funds codes, XTS, XXX). A null slice is no code. */
bool ev_currency_is_accepted(struct ev_str code);

/* Digits of the minor unit of an accepted currency: 0 for JPY, 2 for USD and COP. */
unsigned ev_currency_minor_digits(struct ev_str code);

/* Whether a decimal (base/decimal.h) can be paid in an accepted currency: not finer than its minor
 * unit. 12.50 USD can; 12.50 JPY cannot, 12.00 JPY can. */
bool ev_currency_can_pay(struct ev_str code, int64_t unscaled, unsigned scale);

#endif
