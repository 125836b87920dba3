/* What the clock does: the keys that are due, decided and saved in one transaction.
 *
 * It is a batch without records: no lanes and no offsets, so there is nothing to be fenced, and
 * three round trips in place of two, as the rows that are wanted depend on the keys. The first one
 * asks for the keys and locks a row of each; a row that somebody else has locked is passed over, so
 * that no two transactions decide one key and none waits for another here. The loads that follow
 * take their locks in the order of every batch.
 *
 * If the process dies here, or a COMMIT stays without an answer, nothing has to be settled: what
 * was done is not due any more, what was not is due still, and the next look tells. */

#include "flow/batch_private.h"

#include <assert.h>

#include "base/error.h"
#include "base/fault.h"

/* The keys are copied: the result is freed before they are decided. */
static int keep_keys(struct ev_batch *batch, const struct ev_result *result, size_t skip,
                     size_t max)
{
        size_t rows = ev_result_rows(result);
        int r = 0;

        assert(batch->due_count == 0);

        if (rows > skip + max)
                return ev_fail(EV_VERDICT_STOP, "a timer's statement gave %zu keys instead of %zu",
                               rows, skip + max);
        batch->due_count = rows > skip ? rows - skip : 0;
        batch->due = ev_arena_take_array(batch->arena, batch->due_count, sizeof(*batch->due));
        if (!batch->due)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; r == 0 && i < batch->due_count; ++i)
                r = ev_arena_copy(batch->arena, ev_result_text(result, skip + i, 0),
                                  &batch->due[i]);
        return ev_trace(r);
}

static int queue_due(struct ev_batch *batch, const struct ev_timer *timer, size_t max)
{
        struct ev_session *session = &batch->session;
        int r = ev_db_queue_begin(session->db);

        assert(max > 0 && max <= EV_TIMER_KEYS_MAX);

        if (r == 0)
                r = ev_session_queue_now(session);
        if (r < 0)
                return ev_trace(r);
        ev_params_begin(&session->params, timer->due);
        ev_params_int4(&session->params, (int32_t)max);
        r = ev_db_queue(session->db, timer->due, &session->params);
        if (r == 0)
                r = ev_db_sync(session->db);
        return ev_trace(r);
}

/* In the order of queue_due(). */
static int receive_due(struct ev_batch *batch, size_t skip, size_t max)
{
        struct ev_session *session = &batch->session;
        _cleanup_result_ struct ev_result *begun = NULL;
        _cleanup_result_ struct ev_result *due = NULL;
        int r = ev_session_next(session, &begun);

        assert(max > 0);

        if (r == 0)
                r = ev_session_receive_now(session, &batch->cases.now);
        if (r == 0)
                r = ev_session_next(session, &due);
        if (r == 0)
                r = keep_keys(batch, due, skip, max);
        if (r == 0)
                r = ev_db_finish(session->db);
        return ev_trace(r);
}

int ev_batch_ask_due(struct ev_batch *batch, const struct ev_timer *timer, size_t skip, size_t max)
{
        int r = queue_due(batch, timer, skip + max);

        assert(batch->count == 0);

        if (r == 0)
                r = receive_due(batch, skip, max);
        if (r < 0)
                return ev_trace(r);
        for (size_t i = 0; i < batch->due_count; ++i)
                timer->want(&batch->wants, batch->due[i]);
        r = ev_wants_finish(&batch->wants);
        /* Most looks find nothing, and are not what a test wants to break. */
        if (r == 0 && batch->due_count > 0)
                r = EV_FAULT(transaction_begun);
        return ev_trace(r);
}

int ev_batch_load_due(struct ev_batch *batch, struct ev_result *results[])
{
        int r = ev_batch_queue_loads(batch);

        assert(batch->due_count > 0);

        if (r == 0)
                r = ev_db_sync(batch->session.db);
        if (r == 0)
                r = ev_batch_receive_loads(batch, results);
        if (r == 0)
                r = ev_db_finish(batch->session.db);
        return ev_trace(r);
}

/* In the order in which the statement gave them. */
int ev_batch_decide_due(struct ev_batch *batch, const struct ev_timer *timer)
{
        assert(batch->cases.count == 0);

        for (size_t i = 0; i < batch->due_count; ++i) {
                struct ev_case c = { .cases = &batch->cases };
                int r = ev_case_decide_due(&c, timer, batch->due[i]);

                if (r < 0)
                        return ev_trace(r);
        }
        batch->counts.facts = batch->cases.count;
        return 0;
}
