/* Facts on their way out.
 *
 * Guarantee. Facts are committed with the rows they tell of, or not at all, and their seq has the
 * order in which they were announced. They are the last statement before COMMIT: the aggregates'
 * rows are locked long before the numbers are drawn, so for one aggregate the order of seq is the
 * order of commits, which is what the relay's proof rests on.
 *
 * If the process dies before COMMIT, the numbers drawn never come; the relay finds that out. After
 * COMMIT, nothing of this process is needed any more: the relay reads the table, and the
 * notification has been sent by the server or was only a hint. */

#include "store/outbox.h"

#include <assert.h>

#include "base/error.h"
#include "ev_sql.h"
#include "store/columns.h"

enum {
        /* What the migration makes. Two must be there always; one is a million numbers, and workers
         * ask now and then, long before two of them are used up. */
        PARTITIONS_AHEAD = 4,
        OUTCOME_MAX = 3, /* see struct ev_outbox_row */
};

/* The server gives ids under a lock, counted and not drawn from a sequence: whoever comes second
 * waits and finds them. Ids never change, so a process asks once. */
int ev_outbox_name_ids(struct ev_session *session, const struct ev_str *names, size_t count,
                       int16_t *ret_ids)
{
        enum { POSITION, ID };
        _cleanup_result_ struct ev_result *result = NULL;
        struct ev_params *params = &session->params;
        size_t index;
        int r;

        assert(names && count > 0 && ret_ids);
        assert(!ev_db_is_in_transaction(session->db));

        ev_params_begin(params, &ev_sql_outbox_name_ids);
        EV_COLUMN(params, count, ev_params_text(params, names[i]));
        r = ev_db_run(session->db, &ev_sql_outbox_name_ids, params, &result);
        if (r)
                return ev_trace(r);
        if (ev_result_rows(result) != count)
                return ev_fail(EV_VERDICT_STOP, "ev.name_ids() gave %zu ids for %zu names",
                               ev_result_rows(result), count);
        for (size_t row = 0; row < count; ++row) {
                r = ev_session_row(ev_result_int8(result, row, POSITION), count, &index);
                if (r)
                        return ev_trace(r);
                ret_ids[index] = ev_result_int2(result, row, ID);
        }
        return 0;
}

/* Asked at each connect: after a fail-over or a restore the timeline is another one, and facts of
 * the lost one must be told from ours. */
int ev_outbox_source_id(struct ev_session *session, int16_t *ret_id)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(ret_id);
        assert(!ev_db_is_in_transaction(session->db));

        r = ev_db_run(session->db, &ev_sql_outbox_source_id, NULL, &result);
        if (r)
                return ev_trace(r);
        *ret_id = ev_result_int2(result, 0, 0);
        return 0;
}

/* NULL and not 0: the column's meaning is "no outcome", and an index or a reader should not have
 * to know a number for it. */
static void put_outcome(struct ev_params *params, int16_t outcome)
{
        assert(outcome >= 0 && outcome <= OUTCOME_MAX);

        if (outcome == 0)
                ev_params_null(params);
        else
                ev_params_int2(params, outcome);
}

/* Column by column, as the arrays of one statement: PostgreSQL reads fourteen of them as fast as
 * it reads COPY, and the batch stays in its round trip. */
static void put_rows(struct ev_params *params, const struct ev_outbox_row *rows, size_t count)
{
        assert(rows && count > 0);

        ev_params_begin(params, &ev_sql_outbox_insert);
        EV_COLUMN(params, count, ev_params_uuid(params, &rows[i].event_id));
        EV_COLUMN(params, count, ev_params_int4(params, rows[i].schema_id));
        EV_COLUMN(params, count, ev_params_int2(params, rows[i].source_id));
        EV_COLUMN(params, count, ev_params_int2(params, rows[i].topic_id));
        EV_COLUMN(params, count, ev_params_int2(params, rows[i].type_id));
        EV_COLUMN(params, count, put_outcome(params, rows[i].outcome));
        EV_COLUMN(params, count, ev_params_text(params, rows[i].key));
        EV_COLUMN(params, count, ev_params_text(params, rows[i].subject));
        EV_COLUMN(params, count, ev_params_text(params, rows[i].correlation_id));
        EV_COLUMN(params, count, ev_params_text(params, rows[i].causation_id));
        EV_COLUMN(params, count, ev_params_text(params, rows[i].causation_source));
        EV_COLUMN(params, count, ev_params_text(params, rows[i].traceparent));
        EV_COLUMN(params, count, ev_params_text(params, rows[i].tracestate));
        EV_COLUMN(params, count, ev_params_bytea(params, rows[i].payload));
}

/* The notification goes before the facts, so that they are the last statement: nothing that could
 * wait stands between the drawing of numbers and COMMIT. It is sent by the server at COMMIT,
 * once, however often it is asked for. */
int ev_outbox_queue(struct ev_session *session, const struct ev_outbox_row *rows, size_t count,
                    bool notify)
{
        int r;

        assert(rows && count > 0);
        assert(rows[0].payload.data || rows[0].payload.size == 0);

        if (notify) {
                r = ev_db_queue(session->db, &ev_sql_outbox_notify, NULL);
                if (r)
                        return ev_trace(r);
        }
        put_rows(&session->params, rows, count);
        return ev_trace(ev_db_queue(session->db, &ev_sql_outbox_insert, &session->params));
}

/* `notify` as it was when the rows were queued: it decides how many results there are. */
int ev_outbox_receive(struct ev_session *session, size_t count, bool notify)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(count > 0);

        if (notify) {
                r = ev_session_next(session, &result);
                if (r)
                        return ev_trace(r);
        }
        return ev_trace(ev_session_expect(session, count, "facts"));
}

/* A call that has nothing to do takes a lock that nobody of ours waits for. Without partitions
 * every insert fails, and that stops all workers: so they are asked for long before. */
int ev_outbox_make_partitions(struct ev_session *session)
{
        assert(!ev_db_is_in_transaction(session->db));

        ev_params_begin(&session->params, &ev_sql_outbox_make_partitions);
        ev_params_int4(&session->params, PARTITIONS_AHEAD);
        return ev_trace(
                ev_db_run(session->db, &ev_sql_outbox_make_partitions, &session->params, NULL));
}
