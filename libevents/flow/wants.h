#ifndef EV_FLOW_WANTS_H
#define EV_FLOW_WANTS_H

/* The keys that the events of a batch name, list by list. */

#include "base/arena.h"
#include "flow/worker.h"

struct ev_wanted {
        struct ev_str *keys; /* in the arena; their texts are borrowed */
        size_t count, capacity;
};

struct ev_wants {
        struct ev_arena *arena;
        bool failed;                          /* told once, by ev_wants_finish() */
        struct ev_wanted lists[EV_LISTS_MAX]; /* by the worker's numbers */
};

/* Empties all lists. The arena must have been reset before, or they stay in it. */
void ev_wants_begin(struct ev_wants *wants, struct ev_arena *arena);

/* Sorts each list and takes repeated keys out: rows are locked in one order in every transaction.
 * Fails if memory ran out on the way (verdict: the record's fault, as a smaller batch wants less).
 * Nothing may be wanted behind it. */
int ev_wants_finish(struct ev_wants *wants) _must_check_;

#endif
