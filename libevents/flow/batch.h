#ifndef EV_FLOW_BATCH_H
#define EV_FLOW_BATCH_H

/* A batch: records in, one transaction, two round trips.
 *
 *      round trip 1   BEGIN, offsets (the barrier), inbox, requests, held aggregates, rows
 *      in memory      every record is decided in the order of arrival, over one working set
 *      round trip 2   net rows, requests, dead letters, parked, outbox, COMMIT
 *
 * Nothing is decided before the barrier has proved that the lanes are ours at these offsets, and
 * nothing is true before COMMIT: if the process dies anywhere in between, the next owner of the
 * lanes begins where they stood. */

#include "base/arena.h"
#include "base/digest.h"
#include "base/error.h"
#include "flow/case.h"
#include "flow/shard.h"
#include "flow/worker.h"
#include "store/deadletter.h"
#include "store/ids.h"
#include "store/inbox.h"
#include "store/offsets.h"
#include "store/outbox.h"
#include "store/parked.h"
#include "store/requests.h"
#include "store/tables.h"
#include "wire/consumer.h"
#include "wire/envelope.h"
#include "wire/refusal.h"

enum {
        EV_BATCH_MAX = 1000,                    /* records of one batch */
        EV_BATCH_LANES_MAX = EV_BATCH_MAX,      /* lanes of one batch: a record has one */
        EV_BATCH_BYTES_MAX = 256 * 1024 * 1024, /* of a batch's arena */
        EV_BATCH_NOTIFY_MAX = 20,               /* facts of a batch that wakes the relay */
};

/* What becomes of a record. The first three are what opening it finds; a run ends with each record
 * in another one than DECIDE. */
enum ev_fate {
        EV_FATE_DECIDE,  /* its route decides */
        EV_FATE_IGNORE,  /* no route wants it, or it was applied before */
        EV_FATE_DEAD,    /* it can never be applied: dead letter; from ev.parked: parked again */
        EV_FATE_PARK,    /* set aside for a person, and its aggregate with it */
        EV_FATE_WAIT,    /* set aside until what it refers to appears */
        EV_FATE_DECIDED, /* its facts are announced */
};

/* One record of a batch. The first part is filled in by the caller, the rest by ev_item_open() and
 * the run. */
struct ev_item {
        struct ev_raw raw; /* borrowed; with headers only where there is no message */
        const struct ev_message *message; /* borrowed; NULL: the headers are in `raw` */
        struct ev_offset *lane; /* borrowed, of this process; moved when the batch is committed */
        bool is_retry;          /* from ev.parked: its id is claimed, its offset is behind */
        bool is_last_try;       /* its deadline has passed, or a person asks: no more waiting */
        bool is_poison;         /* applying it alone failed: it is to be parked */
        bool is_stepped_over;   /* opening it ends the process: it is known by its place alone */
        const char *poison;     /* why, for people; borrowed */
        int32_t tries;          /* of a retry: times that a process died with it in hand */
        bool is_noted;          /* that it is in hand stands in ev.attempt */

        enum ev_fate fate;
        enum ev_refusal refusal;        /* of EV_FATE_DEAD */
        struct ev_str detail;           /* of EV_FATE_DEAD: for people */
        struct ev_event event;          /* unset where the envelope could not be read */
        const struct ev_routed *routed; /* from here on: of records that are to be decided */
        void *value;                    /* decoded, as the route's record lays it out */
        struct ev_str aggregate;        /* whom it is about; empty: its fields name nobody */
        const char *why_ignored;    /* a fact that the present state does not allow; else NULL */
        size_t request, held, mark; /* places in the batch's lists; SIZE_MAX: none */
        bool is_gone; /* from ev.parked: it stands there no more, or somebody has it in hand */
};

struct ev_batch;

struct ev_batch_options {
        const struct ev_worker *worker;
        struct ev_db *db;             /* borrowed */
        struct ev_schemas *schemas;   /* borrowed; NULL: those of the build */
        const struct ev_shard *shard; /* NULL: all companies */
        int64_t wait_max_us;          /* how long a record may wait */
        bool is_replay;               /* what cannot be read fails the batch (verdict: stop) */
};

/* The caller owns *ret_batch (ev_batch_free). */
int ev_batch_new(struct ev_batch **ret_batch, const struct ev_batch_options *options) _must_check_;
struct ev_batch *ev_batch_free(struct ev_batch *batch);
EV_DEFINE_CLEANUP(struct ev_batch *, ev_batch_free)

/* The session that the batch works in, for what is done between batches. */
struct ev_session *ev_batch_session(struct ev_batch *batch);

/* After each connect: what the database gives numbers to. */
int ev_batch_prepare(struct ev_batch *batch) _must_check_;

enum { EV_BATCH_FENCED = 1, EV_BATCH_HOLE = 3 };

/* Applies the records, in one transaction that is committed when this returns 0; the lanes' offsets
 * (in memory) are then behind them. EV_BATCH_FENCED: a lane is not ours any more, nothing happened.
 * EV_BATCH_HOLE: nothing happened, because facts are missing before a record (ev_batch_hole()).
 * EV_FAILED: nothing happened, and the verdict says what to do; only where ev_batch_is_unknown() it
 * may have happened: ev_batch_settle() tells. No transaction is open afterwards. Items stay the
 * caller's and may be given again. */
int ev_batch_run(struct ev_batch *batch, struct ev_item *items, size_t count) _must_check_;

/* Where the last run has met facts that are missing: its lane must not go on. */
struct ev_batch_hole {
        size_t index;                   /* of the item before which they are missing */
        char reason[EV_ERROR_TEXT_MAX]; /* for a person: what was found, and what to do */
};
const struct ev_batch_hole *ev_batch_hole(const struct ev_batch *batch);

/* Runs a timer once, in a transaction of its own: asks for keys that are due, passes over the first
 * `skip` of them, decides up to `max` of the others and saves (together EV_TIMER_KEYS_MAX at most).
 * 0 and the number of keys decided, committed where there are any; where it is `max`, more may be
 * due. EV_FAILED: what happened is told by the next look, also where the COMMIT is unknown. No
 * transaction is open afterwards. */
int ev_batch_run_timer(struct ev_batch *batch, const struct ev_timer *timer, size_t skip,
                       size_t max, size_t *ret_count) _must_check_;

/* Whether the last run has sent a COMMIT that was not answered. What the session says of itself
 * (ev_db_commit_is_unknown()) may be about a COMMIT of somebody else in it. */
bool ev_batch_is_unknown(const struct ev_batch *batch);

/* After an unknown COMMIT, with a new connection: 0, the batch was committed and is done;
 * EV_BATCH_LOST, it was not and is to be run again; EV_BATCH_FENCED, what is in hand is to be
 * dropped and read again; EV_FAILED, nothing is known yet. */
enum { EV_BATCH_LOST = 2 };
int ev_batch_settle(struct ev_batch *batch) _must_check_;

/* Whether this is the record that the lane's fingerprint was taken of, which it has: the last one that
 * was applied. Not during a run. */
int ev_batch_is_last(struct ev_batch *batch, const struct ev_offset *lane, struct ev_bytes key,
                     struct ev_bytes value, bool *ret_is_last) _must_check_;

/* What the last run did; of one that failed, how far it came. */
struct ev_batch_counts {
        uint64_t records;    /* = decided + ignored + dead + parked + waiting */
        uint64_t decided;    /* by their routes, repeats included */
        uint64_t ignored;    /* duplicates, and facts that no route wants */
        uint64_t duplicates; /* of the ignored */
        uint64_t disallowed; /* of the ignored: facts that the present state does not allow */
        uint64_t dead;
        uint64_t parked; /* for a person */
        uint64_t waiting;
        uint64_t facts; /* announced */
};
const struct ev_batch_counts *ev_batch_counts(const struct ev_batch *batch);

#endif
