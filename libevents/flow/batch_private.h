#ifndef EV_FLOW_BATCH_PRIVATE_H
#define EV_FLOW_BATCH_PRIVATE_H

/* The inside of a batch, for its three parts: what is asked (batch_ask.c), decided (batch_decide.c)
 * and saved (batch_save.c). batch.c puts them together. */

#include "flow/batch.h"
#include "flow/open.h"
#include "flow/wants.h"

/* The dictionary's ids of a fact. */
struct names {
        const struct ev_record *record;
        int16_t topic_id, type_id;
};

struct ev_batch {
        const struct ev_worker *worker;
        int64_t wait_max_us;
        struct ev_session session;
        struct ev_opener *opener;
        struct ev_arena *arena;
        struct ev_digest *digest;
        struct ev_ids *ids;
        struct ev_rows *rows;
        struct ev_save *save;
        struct ev_cases cases;
        struct ev_wants wants;
        struct ev_batch_counts counts;
        char group[64];

        int16_t source_id;
        struct names *names;
        size_t name_count;

        /* Of the present run; the lists lie in the arena. */
        struct ev_item *items;
        size_t count;
        struct ev_advance advances[EV_BATCH_LANES_MAX];
        struct ev_offset *lanes[EV_BATCH_LANES_MAX]; /* of the advances */
        size_t advance_count;
        struct ev_claim *claims; /* their tags are places in `items` */
        size_t claim_count;
        struct ev_request *requests;
        size_t request_count;
        struct ev_held *held;
        size_t held_count;
        struct ev_dead_letter *dead;
        size_t dead_count;
        struct ev_parked *parked;
        size_t parked_count;
        struct ev_place *finished, *postponed; /* of records from ev.parked */
        size_t finished_count, postponed_count;
        struct ev_request *accepted;
        uint64_t *accepted_hashes; /* of their natural keys */
        size_t accepted_count;
        struct ev_outbox_row *facts;
        bool notify;
        bool has_sent_commit; /* or may have: it was queued */
        bool is_unknown;      /* … and no answer came */
};

/* Opens the records and notes what has to be asked about them. */
int ev_batch_ask(struct ev_batch *batch) _must_check_;

/* Round trip 1. 0, EV_BATCH_FENCED, or EV_FAILED. Rows borrow from `results`, one for each load,
 * which the caller frees when the batch has ended. */
int ev_batch_load(struct ev_batch *batch, struct ev_result *results[]) _must_check_;

/* Decides every record, in the order of arrival. */
int ev_batch_decide(struct ev_batch *batch) _must_check_;

/* Round trip 2, up to the answer to COMMIT. */
int ev_batch_save(struct ev_batch *batch) _must_check_;

#endif
