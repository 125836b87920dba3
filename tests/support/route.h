#ifndef TESTS_SUPPORT_ROUTE_H
#define TESTS_SUPPORT_ROUTE_H

/* Functions of a route that ask for nothing and do nothing, for tests of what lies around them. */

#include "flow/worker.h"

static inline void want_nothing(struct ev_wants *wants, const void *event)
{
        (void)wants;
        (void)event;
}

static inline int decide_nothing(struct ev_case *c, const void *event)
{
        (void)c;
        (void)event;
        return 0;
}

#endif
