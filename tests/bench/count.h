#ifndef TESTS_BENCH_COUNT_H
#define TESTS_BENCH_COUNT_H

/* What record.c sees of the session, for count.c. */

#include <stdbool.h>

/* A prepared statement is queued. */
void count_statement(const char *name);

/* A Sync is sent: everything queued before it is a flight. */
void count_sync(void);

#endif
