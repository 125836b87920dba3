/* Requests that were accepted.
 *
 * Guarantee. Of two requests with one natural key, type and content that are decided at the same
 * time in two lanes, at most one is committed as the first: neither sees the other when it looks,
 * both insert, and the second one's INSERT fails before its COMMIT. Its batch is run again and
 * finds the first one's row.
 *
 * If the process dies, rows written in the batch go with its transaction. */

#include "store/requests.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "ev_sql.h"
#include "store/columns.h"

/* PostgreSQL 15, src/backend/utils/errcodes.txt. */
#define SQLSTATE_UNIQUE_VIOLATION "23505"

/* Keys, types, hashes: what both statements begin with. */
static struct ev_params *begin(struct ev_session *session, const struct ev_statement *statement,
                               const struct ev_request *requests, size_t count)
{
        struct ev_params *params = &session->params;

        assert(requests && count > 0);
        assert(!ev_str_is_null(requests[0].natural_key));

        ev_params_begin(params, statement);
        EV_COLUMN(params, count, ev_params_text(params, requests[i].natural_key));
        EV_COLUMN(params, count, ev_params_text(params, requests[i].type));
        EV_COLUMN(params, count, ev_params_bytea(params, EV_BYTES_OF(requests[i].content_hash)));
        return params;
}

/* The same key may be asked for several times in a batch; each question gets its answer. */
int ev_requests_queue_find(struct ev_session *session, const struct ev_request *requests,
                           size_t count)
{
        struct ev_params *params = begin(session, &ev_sql_requests_find, requests, count);

        assert(params->statement == &ev_sql_requests_find);

        return ev_trace(ev_db_queue(session->db, &ev_sql_requests_find, params));
}

/* Only what was committed by others is found: what this batch accepts itself is the caller's to
 * know. */
int ev_requests_receive_find(struct ev_session *session, struct ev_request *requests, size_t count,
                             struct ev_arena *arena)
{
        enum { POSITION, EVENT_ID, OUTCOME_EVENT_ID, OUTCOME_TYPE };
        _cleanup_result_ struct ev_result *result = NULL;
        struct ev_request *request;
        size_t index;
        int r;

        assert(count > 0 && arena);

        r = ev_session_next(session, &result);
        if (r)
                return ev_trace(r);
        for (size_t i = 0; i < count; ++i)
                requests[i].is_known = false;
        for (size_t row = 0; row < ev_result_rows(result); ++row) {
                r = ev_session_row(ev_result_int8(result, row, POSITION), count, &index);
                if (r)
                        return ev_trace(r);
                request = &requests[index];
                r = ev_arena_copy(arena, ev_result_text(result, row, EVENT_ID), &request->event_id);
                if (r == 0)
                        r = ev_arena_copy(arena, ev_result_text(result, row, OUTCOME_TYPE),
                                          &request->outcome_type);
                if (r)
                        return ev_trace(r);
                request->outcome_event_id = ev_result_uuid(result, row, OUTCOME_EVENT_ID);
                request->is_known = true;
        }
        return 0;
}

/* What is known is overwritten: it was accepted, undone since and accepted anew, and a later
 * repeat has to name what holds now. */
int ev_requests_queue_save(struct ev_session *session, const struct ev_request *requests,
                           size_t count)
{
        struct ev_params *params = begin(session, &ev_sql_requests_save, requests, count);

        for (size_t i = 0; i < count; ++i)
                assert(requests[i].event_id.data && requests[i].outcome_type.data);

        EV_COLUMN(params, count, ev_params_text(params, requests[i].event_id));
        EV_COLUMN(params, count, ev_params_uuid(params, &requests[i].outcome_event_id));
        EV_COLUMN(params, count, ev_params_text(params, requests[i].outcome_type));
        EV_COLUMN(params, count, ev_params_bool(params, requests[i].is_known));
        return ev_trace(ev_db_queue(session->db, &ev_sql_requests_save, params));
}

/* An error about data in schema ev stops the worker as a rule; this one has been thought of. */
static bool was_second(const struct ev_session *session)
{
        const struct ev_db_trouble *trouble = ev_db_trouble(session->db);

        assert(trouble);

        return strcmp(trouble->sqlstate, SQLSTATE_UNIQUE_VIOLATION) == 0 &&
               strcmp(trouble->schema, "ev") == 0 && strcmp(trouble->table, "request") == 0;
}

/* The server has rolled the batch back already, COMMIT included, when this fails. */
int ev_requests_receive_save(struct ev_session *session, size_t count)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(session->db && count > 0);

        r = ev_session_next(session, &result);
        if (r && was_second(session)) {
                ev_fail(EV_VERDICT_AGAIN, "another lane has accepted the same request first");
                ev_error_set_sqlstate(SQLSTATE_UNIQUE_VIOLATION);
        }
        if (r)
                return ev_trace(r);
        if (ev_result_int8(result, 0, 0) != (int64_t)count)
                return ev_fail(EV_VERDICT_STOP, "%lld of %zu requests were saved",
                               (long long)ev_result_int8(result, 0, 0), count);
        return 0;
}
