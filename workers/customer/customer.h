#ifndef WORKERS_CUSTOMER_CUSTOMER_H
#define WORKERS_CUSTOMER_CUSTOMER_H

/* The customer worker as the library sees it: for its program and for tests. */

#include "events.h"

/* Checked by ev_worker_check() wherever it is used. */
extern const struct ev_worker customer_worker;

#endif
