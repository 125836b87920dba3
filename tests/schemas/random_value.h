#ifndef TESTS_SCHEMAS_RANDOM_VALUE_H
#define TESTS_SCHEMAS_RANDOM_VALUE_H

/* Random values of any record, from a seed: the same seed gives the same values everywhere. */

#include <stdint.h>

#include "base/arena.h"
#include "wire/record.h"

struct random_source {
        uint64_t state; /* xorshift64; never 0 */
};

uint64_t random_next(struct random_source *source);

/* A struct in the arena whose every field is within its range: bounds, zeros and empty ones are as
 * likely as anything between. */
void *random_value(struct random_source *source, const struct ev_record *record,
                   struct ev_arena *arena);

#endif
