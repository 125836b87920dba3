#ifndef SHIPPING_TRACKING_H
#define SHIPPING_TRACKING_H

/* Tracking numbers. */

#include <stdbool.h>

#include "events.h"

/* Whether a number can be one of this carrier. Two letters, nine digits and two letters are a
 * number of a postal operator, whose last digit checks the eight before it (UPU S10); all others
 * must match the carrier's pattern, a POSIX extended regular expression, or where that is null
 * `^[A-Z0-9]{8,35}$`. */
bool tracking_number_is_valid(struct ev_str number, struct ev_str pattern);

#endif
