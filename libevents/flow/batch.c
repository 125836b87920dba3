/* A batch: one transaction, two round trips.
 *
 * What is true if the process dies here:
 *  - before COMMIT was sent: nothing happened. The transaction is rolled back, the next owner of
 * the lanes begins at the same offsets.
 *  - after COMMIT was sent, before its answer: it happened or it did not, as a whole; the offset
 * row tells which, and the next owner reads it.
 *  - after COMMIT: everything happened, and the offsets behind it are kept with it.
 *
 * The fault points of a batch stand where its steps meet. The two flights are sent as wholes, so a
 * point between two statements of one means that what came before it may have reached the server;
 * commit_sent is behind the last byte, and its injected error breaks the connection, as trouble
 * there would. An error injected anywhere else is a server's trouble: rolled back, tried again.
 *
 * The order of the statements matters. The offsets come first: their row locks and their comparison
 * keep out everybody who has lost the lane. The outbox comes last, so that the numbers it draws are
 * held for as short as can be, and so that the order of numbers is the order of commits for each
 * aggregate whose rows were locked before. */

#include "flow/batch_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fault.h"
#include "schemas/registry.h"

enum { PARAMS_BYTES_MAX = 256 * 1024 * 1024 };

/* ---- Life ---- */

/* The parts that live as long as the batch. On failure the caller frees what is there. */
static int make_parts(struct ev_batch *batch, struct ev_schemas *schemas)
{
        const struct ev_worker *worker = batch->worker;
        int r = 0;

        for (size_t i = 0; r == 0 && i < worker->load_count; ++i)
                r = ev_load_check(&worker->loads[i]);
        if (r == 0)
                r = ev_opener_new(&batch->opener, worker, &batch->shard, schemas);
        if (r == 0)
                r = ev_arena_new(&batch->arena, EV_BATCH_BYTES_MAX);
        if (r == 0)
                r = ev_digest_new(&batch->digest);
        if (r == 0)
                r = ev_ids_new(&batch->ids, batch->session.db);
        if (r == 0)
                r = ev_rows_new(&batch->rows, worker->tables, worker->table_count,
                                ev_ids_source(batch->ids));
        if (r == 0)
                r = ev_save_new(&batch->save, worker->tables, worker->table_count);
        return ev_trace(r);
}

int ev_batch_new(struct ev_batch **ret_batch, const struct ev_batch_options *options)
{
        _cleanup_(ev_batch_free_p) struct ev_batch *batch = NULL;
        const struct ev_worker *worker = options->worker;
        int r;

        assert(ret_batch);
        assert(ev_worker_check(worker));

        batch = calloc(1, sizeof(*batch));
        if (!batch)
                return ev_fail_memory("a batch");
        batch->worker = worker;
        batch->wait_max_us = options->wait_max_us;
        batch->is_replay = options->is_replay;
        batch->shard = options->shard ? *options->shard : (struct ev_shard){ .count = 1 };
        ev_shard_name_group(&batch->shard, worker, batch->group);
        /* The group's name is a slice of the batch itself, which never moves. */
        batch->session = (struct ev_session){ .db = options->db,
                                              .params = EV_PARAMS_INIT(PARAMS_BYTES_MAX),
                                              .group = ev_str_of(batch->group) };
        batch->cases =
                (struct ev_cases){ .worker = worker, .scratch = EV_BUFFER_INIT(EV_FACT_BYTES_MAX) };
        r = make_parts(batch, options->schemas);
        if (r < 0)
                return ev_trace(r);
        *ret_batch = batch;
        batch = NULL;
        return 0;
}

/* Accepts NULL, and one that ev_batch_new() could not finish. The session's database is not ours.
 */
struct ev_batch *ev_batch_free(struct ev_batch *batch)
{
        if (!batch)
                return NULL;
        ev_params_done(&batch->session.params);
        ev_buffer_done(&batch->cases.scratch);
        ev_opener_free(batch->opener);
        ev_save_free(batch->save);
        ev_rows_free(batch->rows);
        ev_ids_free(batch->ids);
        ev_digest_free(batch->digest);
        ev_arena_free(batch->arena);
        free(batch->names);
        free(batch);
        return NULL;
}

/* Valid until the next run. */
const struct ev_batch_counts *ev_batch_counts(const struct ev_batch *batch)
{
        assert(batch);

        return &batch->counts;
}

/* With the group's name: whoever works between batches writes for the same group. */
struct ev_session *ev_batch_session(struct ev_batch *batch)
{
        assert(batch);

        return &batch->session;
}

/* ---- What the database gives numbers to ---- */

/* Whether this worker may announce it: a fact of one of its topics. Superseded versions of a schema
 * have no record. */
static bool is_ours(const struct ev_worker *worker, const struct ev_record *record)
{
        assert(worker->facts_topics);

        if (!record || !record->contract || record->contract->kind != EV_KIND_FACT)
                return false;
        for (size_t i = 0; worker->facts_topics[i]; ++i)
                if (ev_str_equal(record->contract->topic, ev_str_of(worker->facts_topics[i])))
                        return true;
        return false;
}

/* Asks for topic and type of each fact in one statement: names[2 i] and names[2 i + 1]. */
static int ask_names(struct ev_batch *batch)
{
        _cleanup_free_ struct ev_str *names = NULL;
        _cleanup_free_ int16_t *ids = NULL;
        int r;

        assert(batch->name_count > 0);

        names = calloc(2 * batch->name_count, sizeof(*names));
        ids = calloc(2 * batch->name_count, sizeof(*ids));
        if (!names || !ids)
                return ev_fail_memory("names");
        for (size_t i = 0; i < batch->name_count; ++i) {
                names[2 * i] = batch->names[i].record->contract->topic;
                names[2 * i + 1] = batch->names[i].record->name;
        }
        r = ev_outbox_name_ids(&batch->session, names, 2 * batch->name_count, ids);
        if (r < 0)
                return ev_trace(r);
        for (size_t i = 0; i < batch->name_count; ++i) {
                batch->names[i].topic_id = ids[2 * i];
                batch->names[i].type_id = ids[2 * i + 1];
        }
        return 0;
}

/* The source is asked for at each connect: behind a new connection may be another timeline, and its
 * facts must not look like those of the old one. Partitions of the outbox are made ahead here, so
 * that a worker that was away for long does not write into one that is not there. */
int ev_batch_prepare(struct ev_batch *batch)
{
        int r;

        assert(batch);

        ev_ids_forget(batch->ids);
        if (!batch->names) {
                batch->names = calloc(schemas_registry_count, sizeof(*batch->names));
                if (!batch->names)
                        return ev_fail_memory("names");
                /* Every fact that may come: a batch must not have to ask for a name. */
                for (size_t i = 0; i < schemas_registry_count; ++i)
                        if (is_ours(batch->worker, schemas_registry[i].record))
                                batch->names[batch->name_count++].record =
                                        schemas_registry[i].record;
        }
        r = ask_names(batch);
        if (r == 0)
                r = ev_outbox_source_id(&batch->session, &batch->source_id);
        if (r == 0)
                r = ev_outbox_make_partitions(&batch->session);
        return ev_trace(r);
}

/* ---- A run ---- */

/* A list of the run with room for one entry a record. */
#define TAKE_LIST(batch, list)                                                \
        (((batch)->list = ev_arena_take_array((batch)->arena, (batch)->count, \
                                              sizeof(*(batch)->list))) != NULL)

/* Forgets the lists of the last run and takes new ones: each has room for all records, so that
 * nothing has to grow on the way. */
static int take_lists(struct ev_batch *batch)
{
        assert(batch->count <= EV_BATCH_MAX);

        batch->due_count = 0;
        batch->advance_count = batch->claim_count = batch->request_count = 0;
        batch->mark_count = batch->retried_count = 0;
        batch->held_count = batch->dead_count = batch->parked_count = 0;
        batch->noted_count = batch->again_count = 0;
        batch->finished_count = batch->postponed_count = batch->accepted_count = 0;
        batch->cases.first = batch->cases.last = NULL;
        batch->cases.count = 0;
        if (TAKE_LIST(batch, claims) && TAKE_LIST(batch, requests) && TAKE_LIST(batch, held) &&
            TAKE_LIST(batch, marks) && TAKE_LIST(batch, retried) && TAKE_LIST(batch, is_there) &&
            TAKE_LIST(batch, dead) && TAKE_LIST(batch, parked) && TAKE_LIST(batch, finished) &&
            TAKE_LIST(batch, postponed) && TAKE_LIST(batch, noted) && TAKE_LIST(batch, again) &&
            TAKE_LIST(batch, accepted) && TAKE_LIST(batch, accepted_hashes))
                return 0;
        return ev_trace(EV_FAILED);
}

/* Everything of the last run is void from here on, also what its items pointed to. A timer's run
 * has none. */
static int begin_run(struct ev_batch *batch, struct ev_item *items, size_t count)
{
        assert((items != NULL) == (count > 0));
        assert(!ev_db_is_in_transaction(batch->session.db));

        batch->has_sent_commit = batch->is_unknown = false;
        ev_arena_reset(batch->arena);
        batch->counts = (struct ev_batch_counts){ .records = count };
        batch->items = items;
        batch->count = count;
        batch->cases.arena = batch->arena;
        batch->cases.rows = batch->rows;
        ev_rows_begin(batch->rows, batch->arena);
        ev_wants_begin(&batch->wants, batch->arena);
        return ev_trace(take_lists(batch));
}

/* Leaves no transaction behind: where ROLLBACK fails, the session is lost and the transaction with
 * it. What went wrong first is what is told. A rollback may itself lose the connection with our
 * COMMIT unanswered, so what is unknown is looked at last. */
static int give_up(struct ev_batch *batch, int r)
{
        struct ev_error error = *ev_error_last();
        struct ev_db *db = batch->session.db;

        assert(r != 0);

        if (EV_FAULT(in_rollback) < 0)
                ev_db_close(db);
        else if (ev_db_is_open(db))
                (void)!ev_db_rollback(db);
        ev_error_restore(&error);
        batch->is_unknown = batch->has_sent_commit && ev_db_commit_is_unknown(db);
        return r;
}

/* The lanes stand behind the batch, in the database for certain and now in memory too. A commit
 * that moves a lane ends its row of unclean takeovers, as the statement has said there; but which
 * of the records killed its owners is not known yet, so the next ones still go one by one. */
static void advance_lanes(struct ev_batch *batch)
{
        assert(!batch->is_unknown);

        for (size_t i = 0; i < batch->advance_count; ++i) {
                struct ev_advance *advance = &batch->advances[i];
                struct ev_offset *lane = batch->lanes[i];

                assert(lane == advance->lane);
                if (advance->next_offset != lane->next_offset) {
                        lane->unclean = 0;
                        lane->suspects -= lane->suspects > 0;
                }
                lane->next_offset = advance->next_offset;
                lane->has_fingerprint = advance->has_fingerprint;
                memcpy(lane->fingerprint, advance->fingerprint, sizeof(lane->fingerprint));
        }
}

/* The four steps of a batch; what any of them returns but 0 ends it. */
static int run(struct ev_batch *batch, struct ev_result *results[])
{
        int r = ev_batch_ask(batch);

        assert(results);

        if (r == 0)
                r = ev_batch_load(batch, results);
        if (r == 0)
                r = ev_batch_decide(batch);
        if (r == 0)
                r = ev_batch_save(batch);
        return ev_trace(r);
}

/* As run(), for a timer. That nothing is due ends it well: what was begun is rolled back. */
static int run_timer(struct ev_batch *batch, const struct ev_timer *timer, size_t skip, size_t max,
                     struct ev_result *results[])
{
        int r = ev_batch_ask_due(batch, timer, skip, max);

        assert(results);

        if (r == 0 && batch->due_count == 0)
                return ev_trace(ev_db_rollback(batch->session.db));
        if (r == 0)
                r = ev_batch_load_due(batch, results);
        if (r == 0)
                r = ev_batch_decide_due(batch, timer);
        if (r == 0)
                r = ev_batch_save(batch);
        return ev_trace(r);
}

static void free_results(struct ev_result *results[])
{
        assert(results);

        for (size_t i = 0; i < EV_LOADS_MAX; ++i)
                ev_result_free(results[i]);
}

/* Whether a COMMIT without an answer landed is not asked: a key that was decided is not due any
 * more. */
int ev_batch_run_timer(struct ev_batch *batch, const struct ev_timer *timer, size_t skip,
                       size_t max, size_t *ret_count)
{
        struct ev_result *results[EV_LOADS_MAX] = { NULL };
        int r = begin_run(batch, NULL, 0);

        assert(ret_count);

        if (r == 0)
                r = run_timer(batch, timer, skip, max, results);
        free_results(results);
        if (r < 0) {
                r = give_up(batch, r);
                batch->is_unknown = false;
                return r;
        }
        r = batch->due_count > 0 ? EV_FAULT(commit_known) : 0;
        if (r < 0)
                return ev_trace(r);
        *ret_count = batch->due_count;
        return 0;
}

/* The results of the loads live until the last statement is queued: rows borrow their texts. */
int ev_batch_run(struct ev_batch *batch, struct ev_item *items, size_t count)
{
        struct ev_result *results[EV_LOADS_MAX] = { NULL };
        int r = begin_run(batch, items, count);

        assert(batch->count == count);

        if (r == 0)
                r = run(batch, results);
        free_results(results);
        if (r != 0)
                return give_up(batch, r);
        r = EV_FAULT(commit_known);
        if (r == 0 && batch->dead_count > 0)
                r = EV_FAULT(dead_letter_committed);
        if (r < 0)
                return ev_trace(r); /* run again, the batch will find itself fenced */
        advance_lanes(batch);
        return 0;
}

/* Valid until the next run. */
const struct ev_batch_hole *ev_batch_hole(const struct ev_batch *batch)
{
        assert(batch->hole.reason[0]);

        return &batch->hole;
}

bool ev_batch_is_unknown(const struct ev_batch *batch)
{
        assert(!batch->is_unknown || batch->has_sent_commit);

        return batch->is_unknown;
}

/* A transaction moved all its lanes or none, so their rows speak for all that was in it. */
int ev_batch_settle(struct ev_batch *batch)
{
        enum ev_settled settled;
        int r;

        assert(batch->is_unknown);
        assert(batch->advance_count > 0);

        r = ev_offsets_settle(&batch->session, batch->advances, batch->advance_count, &settled);
        if (r < 0)
                return ev_trace(r);
        batch->is_unknown = false;
        switch (settled) {
        /* Only now is it certain that the lanes stand behind the batch. */
        case EV_SETTLED_COMMITTED: advance_lanes(batch); return 0;
        case EV_SETTLED_LOST: return EV_BATCH_LOST;
        case EV_SETTLED_FENCED: return EV_BATCH_FENCED;
        }
        return EV_BATCH_FENCED;
}
