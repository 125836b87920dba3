/* Attempts at records that may end the process.
 *
 * If the process dies after ev_attempts_note() and before the batch is committed, the attempt
 * stands: that is what it is for. Forgetting goes with the batch's transaction. */

#include "store/attempts.h"

#include <assert.h>

#include "base/error.h"
#include "ev_sql.h"
#include "store/columns.h"

/* Committed by itself, before the records are touched: a process that dies of one leaves this
 * behind, and nothing else could. */
int ev_attempts_note(struct ev_session *session, const struct ev_place *places, size_t count,
                     int32_t *ret_tries)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int32_t most = 0;
        int r;

        assert(ret_tries && count > 0);
        assert(!ev_db_is_in_transaction(session->db));

        r = ev_db_run(session->db, &ev_sql_attempts_note,
                      ev_session_begin_places(session, &ev_sql_attempts_note, places, count),
                      &result);
        if (r)
                return ev_trace(r);
        for (size_t row = 0; row < ev_result_rows(result); ++row)
                if (ev_result_int4(result, row, 0) > most)
                        most = ev_result_int4(result, row, 0);
        *ret_tries = most;
        return 0;
}

int ev_attempts_queue_forget(struct ev_session *session, const struct ev_place *places,
                             size_t count)
{
        assert(places);

        return ev_trace(ev_db_queue(session->db, &ev_sql_attempts_forget,
                                    ev_session_begin_places(session, &ev_sql_attempts_forget,
                                                            places, count)));
}

/* How many rows went is of no interest: a person may have taken some away. */
int ev_attempts_receive_forget(struct ev_session *session)
{
        _cleanup_result_ struct ev_result *result = NULL;

        assert(session->db);

        return ev_trace(ev_session_next(session, &result));
}

int ev_attempts_take_back(struct ev_session *session, const struct ev_place *places, size_t count)
{
        assert(!ev_db_is_in_transaction(session->db));

        return ev_trace(ev_db_run(session->db, &ev_sql_attempts_take_back,
                                  ev_session_begin_places(session, &ev_sql_attempts_take_back,
                                                          places, count),
                                  NULL));
}
