#ifndef EV_FLOW_OPEN_H
#define EV_FLOW_OPEN_H

/* From the bytes of a record to an event that a route can decide. */

#include "flow/batch.h"
#include "flow/schemas.h"

/* What opening needs to know: the routes, by type, and how to read other versions of their
 * schemas. */
struct ev_opener;

/* All is borrowed for its life; `shard` may be NULL (all companies), and `schemas` too: those of
 * the build. The caller owns *ret_opener (ev_opener_free). */
int ev_opener_new(struct ev_opener **ret_opener, const struct ev_worker *worker,
                  const struct ev_shard *shard, struct ev_schemas *schemas) _must_check_;
struct ev_opener *ev_opener_free(struct ev_opener *opener);
EV_DEFINE_CLEANUP(struct ev_opener *, ev_opener_free)

/* Reads envelope and value of an item and finds its route: fate becomes DECIDE, IGNORE or DEAD, the
 * latter with refusal and detail. What it makes lies in the arena or borrows from the record, which
 * must outlive it. Fails without memory (verdict: the record's fault), and when more versions of
 * schemas were met than there is room for (stop). */
int ev_item_open(struct ev_opener *opener, struct ev_arena *arena,
                 struct ev_item *item) _must_check_;

#endif
