/* What a batch writes: round trip 2.
 *
 * Statements of one kind for all records, in a fixed order; the outbox last, COMMIT behind it in
 * the same flight. If one of them fails, the server skips the rest up to the Sync, COMMIT included,
 * so that nothing is committed in parts. If the process dies before COMMIT has left it, nothing
 * happened; after that it happened or not, and the offset row tells the next owner which. */

#include "flow/batch_private.h"

#include <assert.h>

#include "base/error.h"
#include "base/fault.h"
#include "store/attempts.h"

/* A worker has some dozens of facts, and a batch some hundreds: to look through them costs less
 * than the encoding of one. */
static const struct names *names_of(const struct ev_batch *batch, const struct ev_record *record)
{
        size_t i = 0;

        assert(batch->names);

        while (i < batch->name_count && batch->names[i].record != record)
                ++i;
        assert(i < batch->name_count); /* the worker announces facts of its own topics */
        return &batch->names[i];
}

/* The facts as rows, in the order of announcement, which becomes the order of their numbers. A
 * large batch does not wake the relay: it is busy then, and a NOTIFY costs 8 % at full load. */
static int make_facts(struct ev_batch *batch)
{
        struct ev_outbox_row *row;

        assert((batch->cases.first != NULL) == (batch->cases.count > 0));

        batch->notify = batch->cases.count <= EV_BATCH_NOTIFY_MAX;
        batch->facts = ev_arena_take_array(batch->arena, batch->cases.count, sizeof(*batch->facts));
        if (!batch->facts)
                return ev_trace(EV_FAILED);
        /* Borrowed slices all of them: nothing is copied on the way to the parameters. */
        row = batch->facts;
        for (const struct ev_announced *fact = batch->cases.first; fact; fact = fact->next) {
                const struct names *names = names_of(batch, fact->record);

                *row++ = (struct ev_outbox_row){
                        .event_id = fact->id,
                        .source_id = batch->source_id,
                        .topic_id = names->topic_id,
                        .type_id = names->type_id,
                        .outcome = (int16_t)fact->outcome,
                        .schema_id = (int32_t)fact->record->schema_id,
                        .key = fact->key,
                        .subject = fact->subject,
                        .correlation_id = fact->correlation_id,
                        .causation_id = fact->causation_id,
                        .causation_source = fact->causation_source,
                        .traceparent = fact->traceparent,
                        .tracestate = fact->tracestate,
                        .payload = fact->payload,
                };
        }
        return 0;
}

/* All of this is one flight. libpq sends what fills its buffer and the rest at the sync, so at the
 * fault points in here some of the statements may have reached the server and some not; COMMIT has
 * not before it is queued. */
static int queue(struct ev_batch *batch)
{
        struct ev_session *session = &batch->session;
        size_t statements;
        int r = EV_FAULT(first_write);

        assert(batch->finished_count + batch->postponed_count <= batch->count);

        if (r == 0)
                r = ev_save_queue(batch->save, session->db, batch->rows, &statements);
        if (r == 0)
                r = EV_FAULT(last_write);
        if (r == 0 && batch->mark_count > 0)
                r = ev_inbox_queue_save_marks(session, batch->marks, batch->mark_count);
        if (r == 0 && batch->noted_count > 0) /* they have not ended us */
                r = ev_attempts_queue_forget(session, batch->noted, batch->noted_count);
        if (r == 0 && batch->accepted_count > 0)
                r = ev_requests_queue_save(session, batch->accepted, batch->accepted_count);
        if (r == 0 && batch->dead_count > 0)
                r = ev_dead_letters_queue(session, batch->dead, batch->dead_count);
        if (r == 0 && batch->dead_count > 0)
                r = EV_FAULT(dead_letter_written);
        if (r == 0 && batch->finished_count > 0)
                r = ev_parked_queue_remove(session, batch->finished, batch->finished_count);
        if (r == 0 && batch->postponed_count > 0)
                r = ev_parked_queue_attempt(session, batch->postponed, batch->postponed_count);
        if (r == 0 && batch->again_count > 0)
                r = ev_parked_queue_again(session, batch->again, batch->again_count);
        if (r == 0 && batch->parked_count > 0)
                r = ev_parked_queue_add(session, batch->parked, batch->parked_count);
        if (r == 0 && batch->cases.count > 0)
                r = ev_outbox_queue(session, batch->facts, batch->cases.count, batch->notify);
        if (r == 0)
                r = EV_FAULT(outbox_written);
        return ev_trace(r);
}

/* From the first byte of COMMIT on, a lost connection leaves its outcome unknown. */
static int send_commit(struct ev_batch *batch)
{
        struct ev_db *db = batch->session.db;
        int r;

        assert(!batch->has_sent_commit);

        batch->has_sent_commit = true;
        r = ev_db_queue_commit(db);
        if (r == 0)
                r = ev_db_sync(db);
        if (r < 0)
                return ev_trace(r);
        r = EV_FAULT(commit_sent);
        if (r < 0)
                ev_db_close(db); /* as if the connection had broken: nobody reads the answer */
        return ev_trace(r);
}

/* In the order of queue(). Each says whether it changed as many rows as it was given: another
 * number means that somebody writes without our locks, and the worker stops. */
static int receive(struct ev_batch *batch)
{
        struct ev_session *session = &batch->session;
        int r = ev_save_receive(batch->save, session->db);

        assert(batch->has_sent_commit);

        if (r == 0 && batch->mark_count > 0)
                r = ev_inbox_receive_save_marks(session, batch->mark_count);
        if (r == 0 && batch->noted_count > 0)
                r = ev_attempts_receive_forget(session);
        if (r == 0 && batch->accepted_count > 0)
                r = ev_requests_receive_save(session, batch->accepted_count);
        if (r == 0 && batch->dead_count > 0)
                r = ev_dead_letters_receive(session, batch->dead_count);
        if (r == 0 && batch->finished_count > 0)
                r = ev_parked_receive_remove(session, batch->finished_count);
        if (r == 0 && batch->postponed_count > 0)
                r = ev_parked_receive_attempt(session, batch->postponed_count);
        if (r == 0 && batch->again_count > 0)
                r = ev_parked_receive_again(session, batch->again_count);
        if (r == 0 && batch->parked_count > 0)
                r = ev_parked_receive_add(session, batch->parked_count);
        if (r == 0 && batch->cases.count > 0)
                r = ev_outbox_receive(session, batch->cases.count, batch->notify);
        if (r == 0)
                r = ev_db_finish(session->db); /* COMMIT, and what deferred constraints say of it */
        return ev_trace(r);
}

int ev_batch_save(struct ev_batch *batch)
{
        int r = make_facts(batch);

        assert(batch->parked_count + batch->dead_count <= batch->count);

        if (r == 0)
                r = queue(batch);
        if (r == 0)
                r = send_commit(batch);
        if (r == 0)
                r = receive(batch);
        return ev_trace(r);
}
