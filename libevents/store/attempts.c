/* Attempts at records of a suspected lane.
 *
 * If the process dies after ev_attempts_note() and before the batch is committed, the attempt
 * stands: that is what it is for. Forgetting goes with the batch's transaction. */

#include "store/attempts.h"

#include <assert.h>

#include "base/error.h"
#include "ev_sql.h"
#include "store/columns.h"

/* Whose record, and which: the key of ev.attempt. Two groups may suspect one record of their own
 * accord, so the group is part of it. */
static struct ev_params *begin(struct ev_session *session, const struct ev_statement *statement,
                               const struct ev_place *place)
{
        struct ev_params *params = &session->params;

        assert(place->offset >= 0 && place->partition >= 0);
        assert(!ev_str_is_null(session->group));

        ev_params_begin(params, statement);
        ev_params_text(params, session->group);
        ev_params_text(params, place->topic);
        ev_params_int4(params, place->partition);
        ev_params_int8(params, place->offset);
        return params;
}

/* Committed by itself, before the record is touched: a process that dies of the record leaves
 * this behind, and nothing else could. */
int ev_attempts_note(struct ev_session *session, const struct ev_place *place, int32_t *ret_tries)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(place && ret_tries);
        assert(!ev_db_is_in_transaction(session->db));

        r = ev_db_run(session->db, &ev_sql_attempts_note,
                      begin(session, &ev_sql_attempts_note, place), &result);
        if (r)
                return ev_trace(r);
        *ret_tries = ev_result_int4(result, 0, 0);
        return 0;
}

/* Up to the offset that the lane moves to: what lies before it was applied or stepped over. */
int ev_attempts_queue_forget(struct ev_session *session, const struct ev_place *place)
{
        assert(place);

        return ev_trace(ev_db_queue(session->db, &ev_sql_attempts_forget,
                                    begin(session, &ev_sql_attempts_forget, place)));
}

/* How many rows went is of no interest: most lanes that were under suspicion have none left. */
int ev_attempts_receive_forget(struct ev_session *session)
{
        _cleanup_result_ struct ev_result *result = NULL;

        assert(session->db);

        return ev_trace(ev_session_next(session, &result));
}
