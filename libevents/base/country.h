#ifndef EV_BASE_COUNTRY_H
#define EV_BASE_COUNTRY_H

/* Countries of ISO 3166-1. */

#include <stdbool.h>

#include "base/str.h"

/* Whether it is an officially assigned alpha-2 code, in upper case: "CO", "GB"; not "UK", "EU",
 * "XK" or "co". A null slice is none. */
bool ev_country_is_known(struct ev_str code);

#endif
