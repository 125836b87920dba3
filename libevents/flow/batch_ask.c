/* What a batch asks of the database before it decides: round trip 1.
 *
 * Opening a record and naming what it wants changes nothing anywhere; the first statement of the
 * round trip is the barrier that proves the lanes ours (flow/batch.c). If the process dies in here,
 * a transaction that has locked some rows and moved some offsets is rolled back.
 *
 * All questions are sent before any answer is read, so what is asked must not depend on an answer:
 * rows are wanted also by records that turn out to be duplicates, which costs locks and no more.
 * Locks are taken in one order in every transaction of every worker: lanes, records of ev.parked,
 * claims, then the rows of each load by key. Two batches that meet can wait for each other in one
 * direction only. */

#include "flow/batch_private.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/sort.h"
#include "wire/content.h"

/* The length goes first, so that no two pairs of values give the same digest; null is a length of
 * its own, as it is not the same as empty. */
static void add_bytes(struct ev_digest *digest, struct ev_bytes bytes)
{
        uint64_t size = bytes.data ? bytes.size : UINT64_MAX;

        assert(bytes.data || bytes.size == 0);

        ev_digest_add(digest, &size, sizeof(size));
        ev_digest_add(digest, bytes.data, bytes.size);
}

/* A text as what it is for a digest. */
static struct ev_bytes bytes_of(struct ev_str str)
{
        return (struct ev_bytes){ (const uint8_t *)str.data, str.size };
}

/* What a lane's last record was: a topic that was made again, or a database of another day, shows
 * by it. */
static int fingerprint(struct ev_batch *batch, struct ev_bytes key, struct ev_bytes value,
                       uint8_t ret_fingerprint[EV_FINGERPRINT_BYTES])
{
        assert(batch->digest);

        ev_digest_begin(batch->digest);
        add_bytes(batch->digest, key);
        add_bytes(batch->digest, value);
        return ev_trace(ev_digest_end(batch->digest, ret_fingerprint));
}

int ev_batch_is_last(struct ev_batch *batch, const struct ev_offset *lane, struct ev_bytes key,
                     struct ev_bytes value, bool *ret_is_last)
{
        uint8_t found[EV_FINGERPRINT_BYTES];
        int r = fingerprint(batch, key, value, found);

        assert(lane->has_fingerprint);

        if (r < 0)
                return ev_trace(r);
        *ret_is_last = memcmp(found, lane->fingerprint, sizeof(found)) == 0;
        return 0;
}

/* The lane's part in the batch. Lanes are few and their records come in runs, so they are looked
 * through. */
static struct ev_advance *advance_of(struct ev_batch *batch, struct ev_offset *lane)
{
        struct ev_advance *advance;

        assert(lane);

        for (size_t i = 0; i < batch->advance_count; ++i)
                if (batch->advances[i].lane == lane)
                        return &batch->advances[i];
        assert(batch->advance_count < EV_BATCH_LANES_MAX);

        /* Until a record of the lane is met it stays where it is, which proves that it is ours. */
        batch->lanes[batch->advance_count] = lane;
        advance = &batch->advances[batch->advance_count++];
        *advance = (struct ev_advance){ .lane = lane,
                                        .next_offset = lane->next_offset,
                                        .has_fingerprint = lane->has_fingerprint };
        memcpy(advance->fingerprint, lane->fingerprint, sizeof(advance->fingerprint));
        return advance;
}

/* From where to where each lane goes. Records that come from ev.parked lie behind their lane's
 * offset and do not move it; but their lane is in the barrier too, for only its owner may decide
 * them. The fingerprint is taken of the last record alone: a digest of each would be for nothing.
 */
static int make_advances(struct ev_batch *batch)
{
        int r;

        assert(batch->advance_count == 0);

        for (size_t i = 0; i < batch->count; ++i) {
                struct ev_item *item = &batch->items[i];
                struct ev_advance *advance = advance_of(batch, item->lane);

                if (item->is_retry)
                        continue;
                assert(item->raw.place.offset >= advance->next_offset);
                advance->next_offset = item->raw.place.offset + 1;
        }
        /* Now that the ends are known: the record before each. */
        for (size_t i = batch->count; i-- > 0;) {
                struct ev_item *item = &batch->items[i];
                struct ev_advance *advance = advance_of(batch, item->lane);

                if (item->is_retry || advance->next_offset != item->raw.place.offset + 1)
                        continue;
                r = fingerprint(batch, item->raw.key, item->raw.value, advance->fingerprint);
                if (r < 0)
                        return ev_trace(r);
                advance->has_fingerprint = true;
        }
        return 0;
}

/* A claim is made for what foreign producers send; our own facts are known by their sequence. One
 * that comes from ev.parked was claimed when it was put there: by its own claim it would be taken
 * for a duplicate of itself. */
static int make_claim(struct ev_batch *batch, size_t index)
{
        struct ev_item *item = &batch->items[index];
        struct ev_claim *claim = &batch->claims[batch->claim_count];

        assert(item->fate == EV_FATE_DECIDE && item->routed);

        if (item->is_retry || item->routed->route->record->contract->kind != EV_KIND_INGRESS)
                return 0;
        *claim = (struct ev_claim){ .source = item->event.source,
                                    .event_id = item->event.id,
                                    .tag = index };
        ev_digest_begin(batch->digest);
        add_bytes(batch->digest, bytes_of(item->event.type));
        add_bytes(batch->digest, item->raw.value);
        ++batch->claim_count;
        return ev_trace(ev_digest_end(batch->digest, claim->content_hash));
}

/* Equal events side by side, and by that in the order of claims. */
static int compare_claims(const void *a, const void *b, void *context)
{
        const struct ev_claim *x = a, *y = b;
        int order = ev_str_compare(x->event_id, y->event_id);

        assert(x->tag != y->tag);

        (void)context;
        return order ? order : ev_str_compare(x->source, y->source);
}

/* Never silently dropped: two different events under one id mean that a producer numbers wrongly.
 */
static void make_reused(struct ev_item *item)
{
        assert(item->fate == EV_FATE_DECIDE);

        item->fate = EV_FATE_DEAD;
        item->refusal = EV_ID_REUSED;
        item->detail = EV_STR("ce_id was seen before with another type or value");
}

/* The same event twice in one batch: the first one to arrive stands and claims the id, the others
 * are judged by it: duplicates, or a reused id. */
static int settle_twins(struct ev_batch *batch)
{
        int r = ev_sort(batch->arena, batch->claims, batch->claim_count, sizeof(*batch->claims),
                        compare_claims, NULL);
        size_t kept = 0;

        assert(batch->claim_count <= batch->count);

        if (r < 0)
                return ev_trace(r);
        for (size_t i = 0; i < batch->claim_count; ++i) {
                struct ev_claim *claim = &batch->claims[i];
                struct ev_claim *first = kept > 0 ? &batch->claims[kept - 1] : NULL;
                struct ev_item *item = &batch->items[claim->tag];

                if (!first || !ev_str_equal(first->event_id, claim->event_id) ||
                    !ev_str_equal(first->source, claim->source)) {
                        batch->claims[kept++] = *claim;
                        continue;
                }
                /* Type and value bytes: the same event looks the same wherever it comes from. */
                if (memcmp(first->content_hash, claim->content_hash, EV_CONTENT_HASH_BYTES) != 0) {
                        make_reused(item);
                        continue;
                }
                item->fate = EV_FATE_IGNORE;
                ++batch->counts.duplicates;
        }
        batch->claim_count = kept;
        return 0;
}

/* What the request is about, as text in the arena: by it people find it in ev.request. */
static int natural_key(struct ev_batch *batch, const struct ev_item *item, struct ev_str *ret_key)
{
        struct ev_buffer *scratch = &batch->cases.scratch;
        char text[EV_DIGEST_TEXT_MAX];
        uint8_t hash[EV_DIGEST_BYTES];
        int r;

        assert(item->value);

        ev_buffer_clear(scratch);
        r = ev_natural_key_write(item->routed->route->record, item->value, scratch);
        if (r < 0)
                return ev_trace(r);
        if (scratch->size <= EV_NATURAL_KEY_MAX)
                return ev_trace(ev_arena_copy(batch->arena, ev_buffer_str(scratch), ret_key));
        /* An index entry has its bound; so long a key is no real one, but it must be told apart. */
        ev_digest_begin(batch->digest);
        ev_digest_add(batch->digest, scratch->data, scratch->size);
        r = ev_digest_end(batch->digest, hash);
        if (r < 0)
                return ev_trace(r);
        ev_digest_format(hash, text);
        return ev_trace(ev_arena_copy(batch->arena, ev_str_of(text), ret_key));
}

/* Whether the same was asked for and accepted before is asked also for a record that was set aside:
 * it may have been accepted under another id meanwhile. */
static int make_request(struct ev_batch *batch, struct ev_item *item)
{
        const struct ev_record *record = item->routed->route->record;
        struct ev_request *request = &batch->requests[batch->request_count];
        struct ev_buffer *scratch = &batch->cases.scratch;
        int r;

        assert(batch->request_count < batch->count);

        if (record->contract->kind != EV_KIND_INGRESS)
                return 0;
        *request = (struct ev_request){ .type = record->name };
        r = natural_key(batch, item, &request->natural_key);
        if (r < 0)
                return ev_trace(r);
        ev_buffer_clear(scratch);
        r = ev_content_write(record, item->value, scratch);
        if (r < 0)
                return ev_trace(r);
        ev_digest_begin(batch->digest);
        ev_digest_add(batch->digest, scratch->data, scratch->size);
        item->request = batch->request_count++;
        return ev_trace(ev_digest_end(batch->digest, request->content_hash));
}

/* Whether a record is parked that this one has to stay behind. Those that come from ev.parked
 * themselves are not held: of parked ones only the first of an aggregate is given out, and waiting
 * ones have no order. */
static void ask_held(struct ev_batch *batch, struct ev_item *item)
{
        assert(batch->held_count < batch->count);

        if (item->is_retry)
                return;
        item->held = batch->held_count++;
        batch->held[item->held] = (struct ev_held){ .topic = item->raw.place.topic,
                                                    .partition = item->raw.place.partition,
                                                    .aggregate = item->aggregate };
}

/* Nothing of it is looked at, not even its envelope: its place is all that is known. */
static void step_over(struct ev_item *item)
{
        assert(item->poison);

        item->fate = EV_FATE_DEAD;
        item->refusal = EV_POISON;
        item->detail = ev_str_of(item->poison);
        item->event = (struct ev_event){ 0 };
}

/* Every run opens its records anew: what an earlier one made of them lay in its arena. */
static int open_items(struct ev_batch *batch)
{
        bool is_any_open = false;
        int r;

        assert(batch->claim_count == 0);

        for (size_t i = 0; i < batch->count; ++i) {
                struct ev_item *item = &batch->items[i];

                item->request = item->held = item->mark = SIZE_MAX;
                item->why_ignored = NULL;
                item->is_gone = false;
                if (item->is_retry)
                        batch->retried[batch->retried_count++] = item->raw.place;
                if (item->is_noted)
                        batch->noted[batch->noted_count++] = item->raw.place;
                if (item->is_stepped_over) {
                        step_over(item);
                        continue;
                }
                is_any_open = true;
                r = ev_item_open(batch->opener, batch->arena, item);
                if (r < 0)
                        return ev_trace(r);
                if (item->fate != EV_FATE_DECIDE)
                        continue;
                r = make_claim(batch, i);
                if (r < 0)
                        return ev_trace(r);
        }
        r = settle_twins(batch);
        if (r < 0)
                return ev_trace(r);
        ev_batch_ask_marks(batch);
        return is_any_open ? ev_trace(EV_FAULT(batch_decoded)) : 0;
}

/* What is asked of the database about the records that are to be decided. */
static int ask(struct ev_batch *batch)
{
        int r;

        for (size_t i = 0; i < batch->count; ++i) {
                struct ev_item *item = &batch->items[i];

                /* A record at fault is parked, whatever stands where: what it wants may be its
                 * fault. */
                if (item->fate != EV_FATE_DECIDE || item->is_poison)
                        continue;
                ask_held(batch, item);
                r = make_request(batch, item);
                if (r < 0)
                        return ev_trace(r);
                item->routed->route->want(&batch->wants, item->value);
        }
        return ev_trace(ev_wants_finish(&batch->wants));
}

/* ---- Asking ---- */

/* A load is sent only where there is a key for it: a batch of dead letters asks for no rows. */
static bool is_wanted(const struct ev_batch *batch, const struct ev_load *load)
{
        assert(load->list_count > 0);

        for (size_t i = 0; i < load->list_count; ++i)
                if (batch->wants.lists[load->lists[i]].count > 0)
                        return true;
        return false;
}

/* Each list of keys is one array parameter, in the order of the statement's $1, $2 … */
static int queue_load(struct ev_batch *batch, const struct ev_load *load)
{
        struct ev_params *params = &batch->session.params;

        assert(is_wanted(batch, load));

        ev_params_begin(params, load->statement);
        for (size_t i = 0; i < load->list_count; ++i) {
                const struct ev_wanted *list = &batch->wants.lists[load->lists[i]];

                ev_params_array(params);
                for (size_t k = 0; k < list->count; ++k)
                        ev_params_text(params, list->keys[k]);
                ev_params_array_end(params);
        }
        return ev_trace(ev_db_queue(batch->session.db, load->statement, params));
}

int ev_batch_queue_loads(struct ev_batch *batch)
{
        const struct ev_worker *worker = batch->worker;
        int r = 0;

        assert(worker->load_count <= EV_LOADS_MAX);

        for (size_t i = 0; r == 0 && i < worker->load_count; ++i)
                if (is_wanted(batch, &worker->loads[i]))
                        r = queue_load(batch, &worker->loads[i]);
        return ev_trace(r);
}

/* The order of the statements is the order of the locks: see the head of this file. */
static int queue_first(struct ev_batch *batch)
{
        struct ev_session *session = &batch->session;
        int r = ev_db_queue_begin(session->db);

        assert(batch->advance_count > 0);

        if (r == 0)
                r = ev_offsets_queue_advance(session, batch->advances, batch->advance_count);
        if (r == 0 && batch->retried_count > 0)
                r = ev_parked_queue_lock(session, batch->retried, batch->retried_count);
        if (r == 0 && batch->mark_count > 0)
                r = ev_inbox_queue_marks(session, batch->marks, batch->mark_count);
        if (r == 0 && batch->claim_count > 0)
                r = ev_inbox_queue_claims(session, batch->claims, batch->claim_count);
        if (r == 0 && batch->request_count > 0)
                r = ev_requests_queue_find(session, batch->requests, batch->request_count);
        if (r == 0 && batch->held_count > 0)
                r = ev_parked_queue_held(session, batch->held, batch->held_count);
        if (r == 0)
                r = ev_batch_queue_loads(batch);
        if (r == 0)
                r = ev_ids_queue(batch->ids);
        if (r == 0)
                r = ev_db_sync(session->db);
        if (r == 0)
                r = EV_FAULT(transaction_begun);
        return ev_trace(r);
}

/* The result is kept: rows borrow their texts from it. */
static int receive_load(struct ev_batch *batch, const struct ev_load *load,
                        struct ev_result **ret_result)
{
        int r = ev_session_next(&batch->session, ret_result);

        assert(load->table);

        if (r == 0)
                r = ev_load_receive(load, *ret_result, batch->rows);
        return ev_trace(r);
}

int ev_batch_receive_loads(struct ev_batch *batch, struct ev_result *results[])
{
        const struct ev_worker *worker = batch->worker;
        int r = 0;

        assert(results);

        for (size_t i = 0; r == 0 && i < worker->load_count; ++i)
                if (is_wanted(batch, &worker->loads[i]))
                        r = receive_load(batch, &worker->loads[i], &results[i]);
        return ev_trace(r);
}

/* 0, EV_OFFSETS_FENCED (and the rest is left unread, for the rollback), or EV_FAILED. */
static int receive_barrier(struct ev_batch *batch)
{
        _cleanup_result_ struct ev_result *begun = NULL;
        int r = ev_session_next(&batch->session, &begun);

        if (r == 0)
                r = ev_offsets_receive_advance(&batch->session, batch->advance_count,
                                               &batch->cases.now);
        if (r == 0)
                r = EV_FAULT(offsets_locked);
        return ev_trace(r);
}

/* In the order of queue_first(). */
static int receive_first(struct ev_batch *batch, struct ev_result *results[])
{
        struct ev_session *session = &batch->session;
        int r = receive_barrier(batch);

        assert(results);

        if (r == 0 && batch->retried_count > 0)
                r = ev_parked_receive_lock(session, batch->retried_count, batch->is_there);
        if (r == 0 && batch->mark_count > 0)
                r = ev_inbox_receive_marks(session, batch->marks, batch->mark_count);
        if (r == 0 && batch->claim_count > 0)
                r = ev_inbox_receive_claims(session, batch->claims, batch->claim_count);
        if (r == 0)
                r = EV_FAULT(inbox_claimed);
        if (r == 0 && batch->request_count > 0)
                r = ev_requests_receive_find(session, batch->requests, batch->request_count,
                                             batch->arena);
        if (r == 0 && batch->held_count > 0)
                r = ev_parked_receive_held(session, batch->held, batch->held_count);
        if (r == 0)
                r = ev_batch_receive_loads(batch, results);
        if (r == 0)
                r = ev_ids_receive(batch->ids);
        if (r == 0)
                r = ev_db_finish(session->db);
        return ev_trace(r);
}

/* The one place where it shows that a lane is not ours any more; everything behind the barrier
 * relies on it. */
int ev_batch_load(struct ev_batch *batch, struct ev_result *results[])
{
        int r = queue_first(batch);

        if (r < 0)
                return ev_trace(r);
        r = receive_first(batch, results);
        assert(r == 0 || r == EV_OFFSETS_FENCED || r == EV_FAILED);
        if (r == EV_OFFSETS_FENCED)
                return EV_BATCH_FENCED;
        return ev_trace(r);
}

int ev_batch_ask(struct ev_batch *batch)
{
        int r = open_items(batch);

        assert(batch->count > 0);

        if (r == 0)
                r = make_advances(batch);
        if (r == 0)
                r = ask(batch);
        return ev_trace(r);
}
