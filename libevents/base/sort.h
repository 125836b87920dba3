#ifndef EV_BASE_SORT_H
#define EV_BASE_SORT_H

/* Sorting without the heap: glibc's qsort() takes memory from it for more than 1 KiB. */

#include <stddef.h>

#include "base/arena.h"
#include "base/macro.h"

/* Sorts in place by `compare` (as of qsort_r()); what is equal keeps its order. Takes as much as
 * the items have from the arena. Fails like ev_arena_take(), and nothing is moved then. */
int ev_sort(struct ev_arena *arena, void *items, size_t count, size_t size,
            int (*compare)(const void *a, const void *b, void *context),
            void *context) _must_check_;

#endif
