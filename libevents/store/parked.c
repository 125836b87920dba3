/* Records set aside.
 *
 * Guarantee. A record is stepped over and stands here, or is applied, in one transaction; trying it
 * again removes it in the transaction that applies it. So it is always in one place, whenever the
 * process dies, and its effect comes once: the rows belong to the lane's owner, whose transaction
 * begins with the barrier of store/offsets and locks them. A row that is gone by then is not
 * decided; should one be gone when it is to be removed, the transaction fails.
 *
 * What is parked for a person keeps its order: later records of its aggregate are parked behind it
 * (ev_parked_queue_held() is asked in every batch, as a person may release them at any time), and
 * only the first of an aggregate is given out; when it was decided, the one that was held behind it
 * is asked for in the same transaction. What waits has no order and holds up nobody. */

#include "store/parked.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "ev_sql.h"
#include "store/columns.h"

/* How parked_remove.sql says that a row was gone: the only error that plain SQL can raise on a
 * condition, without a function in the database. */
#define SQLSTATE_DIVISION_BY_ZERO "22012"

/* No deadline is what makes a record hold its aggregate: it waits for a person. */
static void put_deadline(struct ev_params *params, const struct ev_parked *parked)
{
        assert(parked);

        if (parked->has_deadline)
                ev_params_timestamptz(params, parked->deadline);
        else
                ev_params_null(params);
}

/* The primary key is the record's place: to park it twice is an error of ours, and fails. */
int ev_parked_queue_add(struct ev_session *session, const struct ev_parked *parked, size_t count)
{
        struct ev_params *params = &session->params;

        assert(parked && count > 0);
        assert(!ev_str_is_null(parked[0].aggregate) && !ev_str_is_null(parked[0].reason));

        ev_params_begin(params, &ev_sql_parked_insert);
        ev_params_text(params, session->group);
        EV_COLUMN(params, count, ev_params_text(params, parked[i].record.place.topic));
        EV_COLUMN(params, count, ev_params_int4(params, parked[i].record.place.partition));
        EV_COLUMN(params, count, ev_params_int8(params, parked[i].record.place.offset));
        EV_COLUMN(params, count, ev_params_bytea(params, parked[i].record.key));
        EV_COLUMN(params, count, ev_params_bytea(params, ev_given(parked[i].record.headers)));
        EV_COLUMN(params, count, ev_params_bytea(params, parked[i].record.value));
        EV_COLUMN(params, count, ev_params_text(params, parked[i].subject));
        EV_COLUMN(params, count, ev_params_text(params, parked[i].aggregate));
        EV_COLUMN(params, count, ev_params_text(params, parked[i].reason));
        EV_COLUMN(params, count, ev_params_text(params, ev_given_text(parked[i].detail)));
        EV_COLUMN(params, count, ev_params_int4(params, parked[i].attempts));
        EV_COLUMN(params, count, put_deadline(params, &parked[i]));
        return ev_trace(ev_db_queue(session->db, &ev_sql_parked_insert, params));
}

/* A record that was stepped over and does not stand in the table would be lost. */
int ev_parked_receive_add(struct ev_session *session, size_t count)
{
        assert(count > 0);

        return ev_trace(ev_session_expect(session, count, "parked records"));
}

/* In each batch, although nearly always nothing is held: a person may park and release at any
 * time, and a look into an empty index costs a few microseconds. */
int ev_parked_queue_held(struct ev_session *session, const struct ev_held *held, size_t count)
{
        struct ev_params *params = &session->params;

        assert(count > 0);

        ev_params_begin(params, &ev_sql_parked_held);
        ev_params_text(params, session->group);
        EV_COLUMN(params, count, ev_params_text(params, held[i].topic));
        EV_COLUMN(params, count, ev_params_int4(params, held[i].partition));
        EV_COLUMN(params, count, ev_params_text(params, held[i].aggregate));
        return ev_trace(ev_db_queue(session->db, &ev_sql_parked_held, params));
}

/* Those that are not named in the answer flow. */
int ev_parked_receive_held(struct ev_session *session, struct ev_held *held, size_t count)
{
        _cleanup_result_ struct ev_result *result = NULL;
        size_t index;
        int r;

        assert(held && count > 0);

        r = ev_session_next(session, &result);
        if (r)
                return ev_trace(r);
        for (size_t i = 0; i < count; ++i)
                held[i].is_held = false;
        for (size_t row = 0; row < ev_result_rows(result); ++row) {
                r = ev_session_row(ev_result_int8(result, row, 0), count, &index);
                if (r)
                        return ev_trace(r);
                held[index].is_held = true;
        }
        return 0;
}

/* A look, without a promise: what is given out may be gone when it is tried, which is found out
 * when it is removed. */
int ev_parked_queue_due(struct ev_session *session, const struct ev_str *topics,
                        const int32_t *partitions, size_t count, size_t max)
{
        struct ev_params *params = &session->params;

        assert(topics && partitions && count > 0);
        assert(max > 0 && max <= INT32_MAX);

        ev_params_begin(params, &ev_sql_parked_due);
        ev_params_text(params, session->group);
        EV_COLUMN(params, count, ev_params_text(params, topics[i]));
        EV_COLUMN(params, count, ev_params_int4(params, partitions[i]));
        ev_params_int8(params, (int64_t)max);
        return ev_trace(ev_db_queue(session->db, &ev_sql_parked_due, params));
}

/* Columns of parked_due.sql, in its order; the library checks types and number at each result, not
 * names, so a column that is moved there is moved here. */
enum due {
        TOPIC,
        PARTITION,
        OFFSET,
        KEY,
        HEADERS,
        VALUE,
        SUBJECT,
        AGGREGATE,
        REASON,
        DETAIL,
        ATTEMPTS,
        DEADLINE,
        IS_OVERDUE,
        REDRIVE,
        TRIES,
};

/* What is text or bytes, copied to the arena: the result is freed when the statement has been read,
 * and the record lives until the end of its batch. */
static int keep_due(const struct ev_result *result, size_t row, struct ev_arena *arena,
                    struct ev_parked *parked)
{
        const struct {
                enum due column;
                struct ev_str *text;
        } texts[] = {
                { TOPIC, &parked->record.place.topic },
                { SUBJECT, &parked->subject },
                { AGGREGATE, &parked->aggregate },
                { REASON, &parked->reason },
                { DETAIL, &parked->detail },
        };
        const struct {
                enum due column;
                struct ev_bytes *bytes;
        } blobs[] = {
                { KEY, &parked->record.key },
                { HEADERS, &parked->record.headers },
                { VALUE, &parked->record.value },
        };
        int r = 0;

        assert(arena);

        for (size_t i = 0; r == 0 && i < EV_ARRAY_SIZE(texts); ++i)
                r = ev_arena_copy(arena, ev_result_text(result, row, texts[i].column),
                                  texts[i].text);
        for (size_t i = 0; r == 0 && i < EV_ARRAY_SIZE(blobs); ++i)
                r = ev_session_keep(arena, ev_result_bytea(result, row, blobs[i].column),
                                    blobs[i].bytes);
        return ev_trace(r);
}

/* Numbers come with the row; texts and bytes are copied, because the batch outlives the result. */
static int read_due(const struct ev_result *result, size_t row, struct ev_arena *arena,
                    struct ev_parked *parked)
{
        assert(parked);

        parked->record.place.partition = ev_result_int4(result, row, PARTITION);
        parked->record.place.offset = ev_result_int8(result, row, OFFSET);
        parked->attempts = ev_result_int4(result, row, ATTEMPTS);
        parked->has_deadline = !ev_result_is_null(result, row, DEADLINE);
        parked->deadline = parked->has_deadline ? ev_result_timestamptz(result, row, DEADLINE) : 0;
        parked->is_overdue = ev_result_bool(result, row, IS_OVERDUE);
        parked->redrive = ev_result_bool(result, row, REDRIVE);
        parked->tries = ev_result_int4(result, row, TRIES);
        return ev_trace(keep_due(result, row, arena, parked));
}

/* Bounded by `max` of the question, so that a thousand waiting records do not become one batch. */
int ev_parked_receive_due(struct ev_session *session, struct ev_arena *arena,
                          struct ev_parked **ret_parked, size_t *ret_count)
{
        _cleanup_result_ struct ev_result *result = NULL;
        struct ev_parked *parked;
        size_t count;
        int r;

        assert(arena);
        assert(ret_parked && ret_count);

        r = ev_session_next(session, &result);
        if (r)
                return ev_trace(r);
        count = ev_result_rows(result);
        parked = ev_arena_take_array(arena, count, sizeof(*parked));
        if (!parked)
                return ev_trace(EV_FAILED);
        for (size_t row = 0; row < count; ++row) {
                r = read_due(result, row, arena, &parked[row]);
                if (r)
                        return ev_trace(r);
        }
        *ret_parked = parked;
        *ret_count = count;
        return 0;
}

static int queue_places(struct ev_session *session, const struct ev_statement *statement,
                        const struct ev_place *places, size_t count)
{
        assert(statement);

        return ev_trace(ev_db_queue(session->db, statement,
                                    ev_session_begin_places(session, statement, places, count)));
}

int ev_parked_queue_lock(struct ev_session *session, const struct ev_place *places, size_t count)
{
        assert(places);

        return ev_trace(queue_places(session, &ev_sql_parked_lock, places, count));
}

/* What is due is looked up outside of a transaction (flow/runner.c), so that this is where it shows
 * that a person was faster. */
int ev_parked_receive_lock(struct ev_session *session, size_t count, bool *is_there)
{
        _cleanup_result_ struct ev_result *result = NULL;
        size_t index;
        int r;

        assert(is_there && count > 0);

        r = ev_session_next(session, &result);
        if (r)
                return ev_trace(r);
        for (size_t i = 0; i < count; ++i)
                is_there[i] = false;
        for (size_t row = 0; row < ev_result_rows(result); ++row) {
                r = ev_session_row(ev_result_int8(result, row, 0), count, &index);
                if (r)
                        return ev_trace(r);
                is_there[index] = true;
        }
        return 0;
}

int ev_parked_queue_remove(struct ev_session *session, const struct ev_place *places, size_t count)
{
        assert(places);

        return ev_trace(queue_places(session, &ev_sql_parked_remove, places, count));
}

/* The general rule would make a division by zero the record's own fault and bisect the batch;
 * here it means that the row was taken by somebody else, and that what we have in hand is not
 * true any more. */
int ev_parked_receive_remove(struct ev_session *session, size_t count)
{
        _cleanup_result_ struct ev_result *result = NULL;
        const struct ev_db_trouble *trouble = ev_db_trouble(session->db);
        int r;

        assert(count > 0);

        r = ev_session_next(session, &result);
        if (r && strcmp(trouble->sqlstate, SQLSTATE_DIVISION_BY_ZERO) == 0 &&
            strcmp(trouble->statement, ev_sql_parked_remove.name) == 0)
                return ev_fail(EV_VERDICT_STOP, "a record was taken out of ev.parked by somebody "
                                                "else while it was tried again; start again");
        return ev_trace(r);
}

int ev_parked_queue_again(struct ev_session *session, const struct ev_parked *parked, size_t count)
{
        struct ev_params *params = &session->params;

        assert(parked && count > 0);

        ev_params_begin(params, &ev_sql_parked_again);
        ev_params_text(params, session->group);
        EV_COLUMN(params, count, ev_params_text(params, parked[i].record.place.topic));
        EV_COLUMN(params, count, ev_params_int4(params, parked[i].record.place.partition));
        EV_COLUMN(params, count, ev_params_int8(params, parked[i].record.place.offset));
        EV_COLUMN(params, count, ev_params_text(params, parked[i].reason));
        EV_COLUMN(params, count, ev_params_text(params, ev_given_text(parked[i].detail)));
        return ev_trace(ev_db_queue(session->db, &ev_sql_parked_again, params));
}

/* Behind the barrier their rows were locked, so they stand there. */
int ev_parked_receive_again(struct ev_session *session, size_t count)
{
        assert(count > 0);

        return ev_trace(ev_session_expect(session, count, "parked records"));
}

int ev_parked_queue_attempt(struct ev_session *session, const struct ev_place *places, size_t count)
{
        assert(places);

        return ev_trace(queue_places(session, &ev_sql_parked_attempt, places, count));
}

/* A row that a person has removed meanwhile is no failure: nothing was decided about it. */
int ev_parked_receive_attempt(struct ev_session *session, size_t count)
{
        _cleanup_result_ struct ev_result *result = NULL;

        assert(count > 0);

        return ev_trace(ev_session_next(session, &result));
}
