#ifndef TESTS_FUZZ_CANONICAL_H
#define TESTS_FUZZ_CANONICAL_H

/* Whether bytes that are a value of a schema are the ones that Avro's writers make of it. */

#include <stdbool.h>

#include "base/str.h"
#include "wire/record.h"

/* Each number in as few bytes as it takes, decimals too; each array as one block without its size.
 * `input` must be one whole value of the record, which nobody's plan is. */
bool is_canonical(const struct ev_record *record, struct ev_bytes input);

#endif
