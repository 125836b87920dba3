#ifndef EV_FLOW_BATCH_PRIVATE_H
#define EV_FLOW_BATCH_PRIVATE_H

/* The inside of a batch, for its parts: what is asked (batch_ask.c; of a timer batch_timer.c; of
 * facts batch_marks.c), decided (batch_decide.c) and saved (batch_save.c). batch.c puts them
 * together.
 *
 * What a run makes lies in `arena` and is gone with the next one; the rest is made once. */

#include "flow/batch.h"
#include "flow/open.h"
#include "flow/wants.h"

/* The dictionary's ids of a fact: an outbox row carries two smallints in place of two texts. */
struct names {
        const struct ev_record *record;
        int16_t topic_id, type_id; /* of this database; asked for at each connect */
};

struct ev_batch {
        const struct ev_worker *worker; /* borrowed, as is the session's database */
        int64_t wait_max_us;
        bool is_replay;
        struct ev_session session;
        struct ev_opener *opener;
        struct ev_arena *arena;   /* of the present run */
        struct ev_digest *digest; /* one for all hashes: of contents, keys and fingerprints */
        struct ev_ids *ids;
        struct ev_rows *rows; /* the working set */
        struct ev_save *save;
        struct ev_cases cases; /* facts, and what deciding shares */
        struct ev_wants wants;
        struct ev_batch_counts counts;
        struct ev_shard shard;
        char group[EV_SHARD_GROUP_MAX]; /* the session's text */

        int16_t source_id;   /* under which facts are recorded: database and timeline */
        struct names *names; /* of every fact that this worker may announce */
        size_t name_count;

        /* Of the present run; the lists lie in the arena. */
        struct ev_item *items; /* the caller's */
        size_t count;
        /* Not in the arena: a COMMIT without an answer is settled by them after the run. */
        struct ev_advance advances[EV_BATCH_LANES_MAX];
        struct ev_offset *lanes[EV_BATCH_LANES_MAX]; /* of the advances */
        size_t advance_count;
        struct ev_claim *claims; /* their tags are places in `items` */
        size_t claim_count;
        struct ev_request *requests; /* what is asked for; item->request is a place in it */
        size_t request_count;
        struct ev_mark *marks; /* sources of facts on lanes; item->mark is a place in it */
        size_t mark_count;
        struct ev_batch_hole hole;
        struct ev_place *retried; /* of records from ev.parked, in the order of the items */
        bool *is_there;           /* beside them: locked, and ours to decide */
        size_t retried_count;
        struct ev_place *noted; /* whose attempts are forgotten */
        size_t noted_count;
        struct ev_held *held; /* aggregates; item->held is a place in it */
        size_t held_count;
        struct ev_dead_letter *dead; /* … and from here on what is to be written */
        size_t dead_count;
        struct ev_parked *parked;
        size_t parked_count;
        struct ev_parked *again; /* of records from ev.parked: parked for a person */
        size_t again_count;
        struct ev_place *finished,
                *postponed; /* of records from ev.parked: gone, and still there */
        size_t finished_count, postponed_count;
        struct ev_request *accepted; /* by this batch */
        uint64_t *accepted_hashes;   /* of their natural keys */
        size_t accepted_count;
        struct ev_str *due; /* keys of a timer; there are no records then */
        size_t due_count;
        struct ev_outbox_row *facts;
        bool notify;          /* the relay is to be woken */
        bool has_sent_commit; /* or may have: it was queued */
        bool is_unknown;      /* … and no answer came */
};

/* Opens the records and notes what has to be asked about them. */
int ev_batch_ask(struct ev_batch *batch) _must_check_;

/* Round trip 1. 0, EV_BATCH_FENCED, or EV_FAILED. Rows borrow from `results`, one for each load,
 * which the caller frees when the batch has ended. */
int ev_batch_load(struct ev_batch *batch, struct ev_result *results[]) _must_check_;

/* The watermarks of the facts among the records; and, once they are known, what they say of each:
 * duplicates are ignored, and the marks moved. 0 or EV_BATCH_HOLE. */
void ev_batch_ask_marks(struct ev_batch *batch);
int ev_batch_check_marks(struct ev_batch *batch) _must_check_;

/* The loads whose lists were wanted, as a part of a flight. */
int ev_batch_queue_loads(struct ev_batch *batch) _must_check_;
int ev_batch_receive_loads(struct ev_batch *batch, struct ev_result *results[]) _must_check_;

/* A timer's keys but the first `skip`, at most `max`, and what they want; then their rows; then
 * their decides. Nothing may be due: then due_count is 0, and the transaction has nothing to do. */
int ev_batch_ask_due(struct ev_batch *batch, const struct ev_timer *timer, size_t skip,
                     size_t max) _must_check_;
int ev_batch_load_due(struct ev_batch *batch, struct ev_result *results[]) _must_check_;
int ev_batch_decide_due(struct ev_batch *batch, const struct ev_timer *timer) _must_check_;

/* Decides every record, in the order of arrival. 0, EV_BATCH_HOLE, or EV_FAILED. */
int ev_batch_decide(struct ev_batch *batch) _must_check_;

/* Round trip 2, up to the answer to COMMIT. */
int ev_batch_save(struct ev_batch *batch) _must_check_;

#endif
