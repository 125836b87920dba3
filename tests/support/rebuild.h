#ifndef TESTS_SUPPORT_REBUILD_H
#define TESTS_SUPPORT_REBUILD_H

/* What a working set would save, as text, and facts folded a second time: a rebuild in small. */

#include "base/buffer.h"
#include "support/decide.h"

/* Appends each row that was inserted, updated or deleted, table by table, in the order in which
 * they would be written: "orders + 1 O-1 pending …". `except`, where it is not NULL, is left out.
 */
void rebuild_print(struct decide *t, const struct ev_table *except, struct ev_buffer *text);

/* Folds all facts that `live` has announced into `again`, as they are read from a topic. */
void rebuild_fold(struct decide *again, const struct decide *live);

#endif
