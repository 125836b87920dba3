/* Arrays out, answers in. Nothing here changes a row: what is true if the process dies is said by
 * the modules that call this one. */

#include "store/columns.h"

#include <assert.h>

#include "base/error.h"
#include "ev_sql.h"

/* The number of results is known when they are queued: one too few or too many is a bug of ours,
 * but one that the world need not pay for with a crash. */
int ev_session_next(struct ev_session *session, struct ev_result **ret_result)
{
        int r;

        assert(ret_result);

        r = ev_db_next(session->db, ret_result);
        if (r > 0)
                return ev_fail(EV_VERDICT_STOP, "an answer was read that nobody asked for");
        return ev_trace(r);
}

int ev_session_queue_now(struct ev_session *session)
{
        assert(session->db);

        return ev_trace(ev_db_queue(session->db, &ev_sql_transaction_now, NULL));
}

int ev_session_receive_now(struct ev_session *session, int64_t *ret_now)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(ret_now);

        r = ev_session_next(session, &result);
        if (r < 0)
                return ev_trace(r);
        *ret_now = ev_result_timestamptz(result, 0, 0);
        return 0;
}

/* In the second flight of a batch the COMMIT is behind this statement already, so a wrong count
 * cannot undo anything: it stops the worker before it goes on from there. */
int ev_session_expect(struct ev_session *session, size_t count, const char *what)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(count > 0 && what);

        r = ev_session_next(session, &result);
        if (r)
                return ev_trace(r);
        if (ev_result_affected(result) != count)
                return ev_fail(EV_VERDICT_STOP, "%s: %zu rows of %zu were written", what,
                               ev_result_affected(result), count);
        return 0;
}

/* Answers come in whatever order the plan likes; the ordinal number leads back to the row that
 * asked. */
int ev_session_row(int64_t position, size_t count, size_t *ret_index)
{
        assert(ret_index);

        if (position < 1 || (uint64_t)position > count)
                return ev_fail(EV_VERDICT_STOP, "the database answered about row %lld of %zu",
                               (long long)position, count);
        *ret_index = (size_t)position - 1;
        return 0;
}

/* The group is part of the key: two groups may set one record aside, or suspect it, of their own
 * accord. */
struct ev_params *ev_session_begin_places(struct ev_session *session,
                                          const struct ev_statement *statement,
                                          const struct ev_place *places, size_t count)
{
        struct ev_params *params = &session->params;

        assert(places && count > 0);
        assert(!ev_str_is_null(session->group));

        ev_params_begin(params, statement);
        ev_params_text(params, session->group);
        EV_COLUMN(params, count, ev_params_text(params, places[i].topic));
        EV_COLUMN(params, count, ev_params_int4(params, places[i].partition));
        EV_COLUMN(params, count, ev_params_int8(params, places[i].offset));
        return params;
}

/* Whatever went wrong, the session must be left as it was found: outside of a transaction, with
 * nothing to read. Where that fails too, its connection is lost, and with it the transaction. */
int ev_session_abandon(struct ev_session *session)
{
        int r = 0;

        assert(session->db);

        if (ev_db_is_open(session->db) && ev_db_is_in_transaction(session->db)) {
                r = ev_db_finish(session->db);
                if (ev_db_is_open(session->db))
                        r = ev_db_rollback(session->db);
        }
        ev_trace(r);
        return EV_FAILED;
}

/* A result lives until the next one is read; what a decision needs lives as long as the batch. */
int ev_session_keep(struct ev_arena *arena, struct ev_bytes bytes, struct ev_bytes *ret_kept)
{
        struct ev_str copy;
        int r;

        assert(arena && ret_kept);
        assert(bytes.data || bytes.size == 0);

        r = ev_arena_copy(arena, (struct ev_str){ (const char *)bytes.data, bytes.size }, &copy);
        if (r)
                return ev_trace(r);
        *ret_kept = (struct ev_bytes){ (const uint8_t *)copy.data, copy.size };
        return 0;
}
