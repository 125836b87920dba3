#ifndef TESTS_SQL_SETS_H
#define TESTS_SQL_SETS_H

/* The sets of statements that ev_sql() in CMake has made. */

#include <stddef.h>

#include "store/statement.h"

struct sql_set {
        const char *database;
        const struct ev_statement *const *statements;
        size_t count;
};

extern const struct sql_set sql_sets[];
extern const size_t sql_sets_count;

#endif
