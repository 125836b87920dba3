#ifndef WORKERS_ORDER_ORDER_H
#define WORKERS_ORDER_ORDER_H

/* The order worker as the library sees it: for its program and for tests. */

#include "events.h"

/* Checked by ev_worker_check() wherever it is used. */
extern const struct ev_worker order_worker;

#endif
