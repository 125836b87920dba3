#ifndef SHIPPING_SHIPPING_H
#define SHIPPING_SHIPPING_H

/* The shipping worker as the library sees it: for its program and for tests. */

#include "events.h"

/* Checked by ev_worker_check() wherever it is used. */
extern const struct ev_worker shipping_worker;

enum { SHIPPING_TIMERS = 1 };
extern const struct ev_timer shipping_timers[SHIPPING_TIMERS];

#endif
