#ifndef TESTS_SCHEMAS_SAME_VALUE_H
#define TESTS_SCHEMAS_SAME_VALUE_H

/* Compares a value of ours with one of avro-c's, field by field. */

#include <avro.h>
#include <stdbool.h>

#include "wire/record.h"

/* Returns NULL if they are the same, else the name of a field that differs. With `shortest` the
 * bytes of decimals are ours too, in which a number has no byte more than it needs. */
const char *different_field(const struct ev_record *record, const void *ours, avro_value_t *theirs,
                            bool shortest);

#endif
