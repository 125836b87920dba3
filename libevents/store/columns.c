/* Arrays out, answers in. Nothing here changes a row: what is true if the process dies is said by
 * the modules that call this one. */

#include "store/columns.h"

#include <assert.h>

#include "base/error.h"

/* The end of a sync where a result is due means that modules queue and receive in different orders:
 * every answer behind that point would be read as another one's, so nothing may go on from here. */
int ev_session_next(struct ev_session *session, struct ev_result **ret_result)
{
        int r;

        assert(ret_result);

        r = ev_db_next(session->db, ret_result);
        if (r > 0)
                return ev_fail(EV_VERDICT_STOP, "an answer was read that nobody asked for");
        return ev_trace(r);
}

/* The server has no reason to write fewer rows than it was sent, except triggers, rules or
 * row-level security that somebody put on a table of schema ev. A COMMIT may stand behind the
 * statement in the same sync; so the caller's duty is to stop, not to try again. */
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

/* A position comes over the wire and becomes an index into the caller's array: it is checked,
 * though only our own statements make it. */
int ev_session_row(int64_t position, size_t count, size_t *ret_index)
{
        assert(ret_index);

        if (position < 1 || (uint64_t)position > count)
                return ev_fail(EV_VERDICT_STOP, "the database answered about row %lld of %zu",
                               (long long)position, count);
        *ret_index = (size_t)position - 1;
        return 0;
}

/* Results have to be read before ROLLBACK can be sent; the session has one order only. Errors of
 * that are passed over, since the caller's own is the one that tells what happened, unless the
 * session is lost on the way, which is an error of its own and undoes the transaction as well. */
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

/* By way of the arena's copy of text, which puts a NUL behind it and keeps null apart from empty.
 */
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
