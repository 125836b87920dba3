#ifndef EV_FLOW_RECONCILE_PRIVATE_H
#define EV_FLOW_RECONCILE_PRIVATE_H

/* What the files reconcile*.c share. Nobody else includes this. */

#include "base/arena.h"
#include "base/buffer.h"
#include "flow/ledger.h"
#include "flow/reconcile.h"
#include "flow/relay_place.h"
#include "flow/relay_record.h"
#include "flow/tap.h"
#include "store/feed.h"

/* A partition of a topic. */
struct ev_reconcile_lane {
        struct ev_tap tap;
        size_t topic; /* its place in the chain */
        int32_t partition;
        bool is_read;  /* the shard's */
        bool is_whole; /* from its very first record on: who has none before him is the first */
        bool is_ahead; /* its next record is that of a later row, as was looked up */
};

/* A row, and where it belongs. */
struct ev_reconcile_row {
        struct ev_feed_fact fact;
        struct ev_place_of_fact place;
        struct ev_reconcile_lane *lane; /* NULL: nobody knows, and the error says why */
        struct ev_lane *link;           /* of the chain; `published` is the fact before it */
};

/* Rows that were looked up, a page of them: what has to be looked up (repetitions, records of a lane that
 * was drained) comes in the order of numbers, so the next is often here. All numbers from `first` to `last` that are not among them have none. */
struct ev_reconcile_near {
        struct ev_result *rows;
        int64_t first, last;
};

struct ev_reconcile {
        struct ev_feed feed;
        ev_finding_fn *found;
        void *context;
        struct ev_shard shard;
        struct ev_places places;
        struct ev_reconcile_lane *lanes; /* of the chain's topics, in its order */
        size_t lanes_count;
        char now[EV_FEED_URI_MAX]; /* the source of what is recorded at present */
        size_t home_bytes;         /* of it: without the timeline */
        struct ev_result *voids;   /* sources whose lost facts were accepted */
        struct ev_ledger *ledger;
        struct ev_reconcile_near near;
        struct ev_result *gaps;
        size_t gap;     /* the next of them */
        int64_t next;   /* the number that is expected */
        size_t drained; /* lanes that were read to their end */
        struct ev_relay_record record;
        struct ev_arena *arena;
        struct ev_buffer text;
        struct ev_reconcile_counts counts;
};

/* reconcile_judge.c: looks for the record of the row, which is the next in order of seq. */
int ev_reconcile_row(struct ev_reconcile *reconcile, struct ev_reconcile_row *row) _must_check_;

/* The same file: judges what a lane still has, when all rows are known. */
int ev_reconcile_drain(struct ev_reconcile *reconcile, struct ev_reconcile_lane *lane) _must_check_;

/* The same file: tells of the row that its record is missing. */
int ev_reconcile_tell_missing(struct ev_reconcile *reconcile, int64_t seq) _must_check_;

/* reconcile.c: where a fact belongs; row->fact is set. */
int ev_reconcile_locate(struct ev_reconcile *reconcile, struct ev_reconcile_row *row) _must_check_;

/* reconcile.c: counts and tells. */
void ev_reconcile_tell(struct ev_reconcile *reconcile, const struct ev_finding *finding);

#endif
