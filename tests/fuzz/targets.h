#ifndef TESTS_FUZZ_TARGETS_H
#define TESTS_FUZZ_TARGETS_H

/* The records that fuzz_codec decodes: those of all schemas, one with every type there is, and
 * plans between versions that differ in every way that resolves. An input names one by its number.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "wire/record.h"

struct fuzz_target {
        const struct ev_record *record; /* to decode by: a plan's, or the same as `own` */
        const struct ev_record *own;    /* what the value is afterwards */
        struct ev_str text;             /* of the schema; null for plans */
};

/* Made once and kept until the process ends. */
size_t fuzz_targets(const struct fuzz_target **ret_targets);

#endif
