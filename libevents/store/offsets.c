/* Offsets, in the database whose rows they describe.
 *
 * Guarantees. The effect of a record and the offset behind it are committed together or not at all.
 * Of two processes that believe to own a lane only one can commit: taking a lane over bumps its
 * epoch under the row's lock, and every batch begins by comparing epoch and offset under the same
 * lock, so a batch either commits before the takeover reads the offset or finds itself fenced.
 *
 * If the process dies: while it takes lanes over, before COMMIT: nothing has happened; after it:
 * epochs are higher by one and the takeover counts as unclean, which the next owner's adds to.
 * Inside a batch: the server rolls back, and the next owner begins where this batch began. Between
 * COMMIT and its answer: the batch is done, and the next owner begins behind it. Before a release:
 * the lane stays marked unclean, which after three times at one offset is what tells a record that
 * kills its readers.
 *
 * Locks are taken in order of topic and partition everywhere here, so that takeovers, batches and
 * releases of overlapping lanes cannot deadlock among each other. */

#include "store/offsets.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/fault.h"
#include "ev_sql.h"
#include "store/columns.h"

/* Insert, lock, assign: the locks have a statement of their own, so that the one behind it takes
 * its snapshot when they are held and reads what the last owner committed. */
enum { TAKEOVERS_MAX = 3 }; /* unclean ones; one more makes a lane suspect */

enum { ASSIGN_STATEMENTS = 3 };

/* Group, topics, partitions: what every statement about lanes begins with. */
static struct ev_params *begin_lanes(struct ev_session *session,
                                     const struct ev_statement *statement,
                                     const struct ev_offset *lanes, size_t count)
{
        struct ev_params *params = &session->params;

        assert(lanes && count > 0);
        assert(!ev_str_is_null(session->group));

        ev_params_begin(params, statement);
        ev_params_text(params, session->group);
        EV_COLUMN(params, count, ev_params_text(params, lanes[i].topic));
        EV_COLUMN(params, count, ev_params_int4(params, lanes[i].partition));
        return params;
}

/* The same for the lanes of a batch. */
static struct ev_params *begin_advances(struct ev_session *session,
                                        const struct ev_statement *statement,
                                        const struct ev_advance *advances, size_t count)
{
        struct ev_params *params = &session->params;

        assert(advances && count > 0);
        for (size_t i = 0; i < count; ++i)
                assert(advances[i].lane);

        ev_params_begin(params, statement);
        ev_params_text(params, session->group);
        EV_COLUMN(params, count, ev_params_text(params, advances[i].lane->topic));
        EV_COLUMN(params, count, ev_params_int4(params, advances[i].lane->partition));
        return params;
}

/* A length of its own would mean that another program writes here: better stop than compare it
 * with ours and halt every lane. */
static int read_fingerprint(struct ev_bytes bytes, struct ev_offset *lane)
{
        assert(lane);

        lane->has_fingerprint = bytes.data;
        if (!bytes.data)
                return 0;
        if (bytes.size != EV_FINGERPRINT_BYTES)
                return ev_fail(EV_VERDICT_STOP, "the fingerprint of %.*s/%d has %zu bytes, not %d",
                               EV_STR_ARG(lane->topic), lane->partition, bytes.size,
                               EV_FINGERPRINT_BYTES);
        memcpy(lane->fingerprint, bytes.data, EV_FINGERPRINT_BYTES);
        return 0;
}

/* Every lane that was asked for must be there, for they have been inserted just before. An attempt
 * that is still written down was never committed: whoever made it has died of it. */
static int read_lanes(const struct ev_result *result, struct ev_offset *lanes, size_t count)
{
        enum { POSITION, NEXT_OFFSET, EPOCH, UNCLEAN, HAS_ATTEMPTS, IS_HALTED, FINGERPRINT };
        struct ev_offset *lane;
        size_t index;
        int r;

        assert(lanes && count > 0);

        if (ev_result_rows(result) != count)
                return ev_fail(EV_VERDICT_STOP,
                               "%zu of %zu lanes could be taken over; is a lane named twice?",
                               ev_result_rows(result), count);
        for (size_t row = 0; row < count; ++row) {
                r = ev_session_row(ev_result_int8(result, row, POSITION), count, &index);
                if (r)
                        return ev_trace(r);
                lane = &lanes[index];
                lane->next_offset = ev_result_int8(result, row, NEXT_OFFSET);
                lane->epoch = ev_result_int8(result, row, EPOCH);
                lane->unclean = ev_result_int4(result, row, UNCLEAN);
                lane->suspects =
                        lane->unclean > TAKEOVERS_MAX || ev_result_bool(result, row, HAS_ATTEMPTS)
                                ? EV_OFFSET_SUSPECTS
                                : 0;
                lane->is_halted = ev_result_bool(result, row, IS_HALTED);
                r = read_fingerprint(ev_result_bytea(result, row, FINGERPRINT), lane);
                if (r)
                        return ev_trace(r);
        }
        return 0;
}

/* Three statements and not one: the lock is waited for in the second, and the third has a
 * snapshot of its own that begins behind the wait, so that it returns what the owner before us
 * has committed last. */
static int queue_assign(struct ev_session *session, const struct ev_offset *lanes, size_t count)
{
        const struct ev_statement *const statements[ASSIGN_STATEMENTS] = {
                &ev_sql_offsets_insert,
                &ev_sql_offsets_lock,
                &ev_sql_offsets_assign,
        };
        int r;

        assert(session->db && lanes && count > 0);

        r = ev_db_queue_begin(session->db);
        for (size_t i = 0; r == 0 && i < EV_ARRAY_SIZE(statements); ++i)
                r = ev_db_queue(session->db, statements[i],
                                begin_lanes(session, statements[i], lanes, count));
        if (r == 0)
                r = ev_db_queue_commit(session->db);
        if (r == 0)
                r = ev_db_sync(session->db);
        return ev_trace(r);
}

/* The results of BEGIN and of all statements but the last. */
static int skip(struct ev_session *session, size_t count)
{
        struct ev_result *result;
        int r;

        assert(count > 0);

        for (size_t i = 0; i < count; ++i) {
                r = ev_session_next(session, &result);
                if (r)
                        return ev_trace(r);
                ev_result_free(result);
        }
        return 0;
}

/* Nothing counts before COMMIT has been answered: lanes that were filled in are given up by the
 * caller when this fails. */
static int receive_assign(struct ev_session *session, struct ev_offset *lanes, size_t count)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(count > 0);

        r = skip(session, 1 + ASSIGN_STATEMENTS - 1);
        if (r == 0)
                r = ev_session_next(session, &result);
        if (r == 0)
                r = read_lanes(result, lanes, count);
        if (r == 0)
                r = ev_db_finish(session->db);
        return ev_trace(r);
}

/* A COMMIT without an answer does not matter here: the next try bumps the epochs once more. */
int ev_offsets_assign(struct ev_session *session, struct ev_offset *lanes, size_t count)
{
        int r;

        assert(count > 0);

        r = queue_assign(session, lanes, count);
        if (r == 0)
                r = receive_assign(session, lanes, count);
        if (r == 0)
                r = EV_FAULT(epoch_bumped);
        return r ? ev_session_abandon(session) : 0;
}

/* ---- Whose database it is ---- */

/* The lock has a statement of its own, so that the one behind it sees what who held it has left. */
static int queue_bind(struct ev_session *session, const struct ev_binding *binding)
{
        struct ev_params *params = &session->params;
        int r = ev_db_queue_begin(session->db);

        assert(binding->count > 0 && binding->index < binding->count);

        ev_params_begin(params, &ev_sql_offsets_bind_lock);
        ev_params_text(params, binding->worker);
        if (r == 0)
                r = ev_db_queue(session->db, &ev_sql_offsets_bind_lock, params);
        ev_params_begin(params, &ev_sql_offsets_bind);
        ev_params_text(params, binding->worker);
        ev_params_text(params, session->group);
        ev_params_text(params, binding->topic);
        EV_COLUMN(params, binding->shared_count, ev_params_text(params, binding->shared[i]));
        ev_params_int4(params, binding->index);
        ev_params_int4(params, binding->count);
        if (r == 0)
                r = ev_db_queue(session->db, &ev_sql_offsets_bind, params);
        if (r == 0)
                r = ev_db_queue_commit(session->db);
        if (r == 0)
                r = ev_db_sync(session->db);
        return ev_trace(r);
}

/* A person reads it who has mixed up two files, or wants to split a shard. */
static int fail_bound(const struct ev_session *session, const struct ev_result *other)
{
        enum { GROUP, TOPIC, PARTITION, LANES };
        struct ev_str group = ev_result_text(other, 0, GROUP);
        struct ev_str topic = ev_result_text(other, 0, TOPIC);

        assert(ev_result_rows(other) == 1);

        return ev_fail(EV_VERDICT_STOP,
                       "%s has %lld lanes that %.*s does not read, the first of them %.*s/%d of "
                       "group %.*s: it is the database of another shard, or of all companies; "
                       "look at shard and at the conninfo",
                       ev_db_name(session->db), (long long)ev_result_int8(other, 0, LANES),
                       EV_STR_ARG(session->group), EV_STR_ARG(topic),
                       ev_result_int4(other, 0, PARTITION), EV_STR_ARG(group));
}

int ev_offsets_bind(struct ev_session *session, const struct ev_binding *binding)
{
        _cleanup_result_ struct ev_result *other = NULL;
        int r = queue_bind(session, binding);

        assert(!ev_str_is_null(binding->worker) && !ev_str_is_null(binding->topic));

        if (r == 0)
                r = skip(session, 2);
        if (r == 0)
                r = ev_session_next(session, &other);
        if (r == 0)
                r = ev_db_finish(session->db);
        if (r < 0)
                return ev_session_abandon(session);
        return ev_result_rows(other) == 0 ? 0 : fail_bound(session, other);
}

/* First of all statements of a batch. Whoever takes a lane over waits here for us, or we for him;
 * what comes behind it in this transaction needs no lock against other owners of these lanes. */
int ev_offsets_queue_advance(struct ev_session *session, const struct ev_advance *advances,
                             size_t count)
{
        struct ev_params *params =
                begin_advances(session, &ev_sql_offsets_advance, advances, count);

        for (size_t i = 0; i < count; ++i)
                assert(advances[i].next_offset >= advances[i].lane->next_offset);

        EV_COLUMN(params, count, ev_params_int8(params, advances[i].lane->next_offset));
        EV_COLUMN(params, count, ev_params_int8(params, advances[i].lane->epoch));
        EV_COLUMN(params, count, ev_params_int8(params, advances[i].next_offset));
        EV_COLUMN(params, count,
                  ev_params_bytea(params, advances[i].has_fingerprint
                                                  ? EV_BYTES_OF(advances[i].fingerprint)
                                                  : (struct ev_bytes){ 0 }));
        return ev_trace(ev_db_queue(session->db, &ev_sql_offsets_advance, params));
}

/* A fenced batch has moved the lanes that are still ours, inside its transaction: it must be
 * rolled back, never committed. */
int ev_offsets_receive_advance(struct ev_session *session, size_t count, int64_t *ret_now)
{
        enum { LANES, NOW };
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(count > 0 && ret_now);

        r = ev_session_next(session, &result);
        if (r)
                return ev_trace(r);
        assert(ev_result_rows(result) == 1);
        if (ev_result_int8(result, 0, LANES) != (int64_t)count)
                return EV_OFFSETS_FENCED;
        *ret_now = ev_result_timestamptz(result, 0, NOW);
        return 0;
}

/* What one row says, of a lane that the batch was to move. */
static enum ev_settled settle_lane(const struct ev_advance *advance, int64_t next_offset,
                                   int64_t epoch)
{
        assert(advance->lane);

        if (epoch != advance->lane->epoch)
                return EV_SETTLED_FENCED;
        if (next_offset == advance->lane->next_offset)
                return EV_SETTLED_LOST;
        /* An offset that is neither was set by a person: as if somebody else had taken over. */
        return next_offset == advance->next_offset ? EV_SETTLED_COMMITTED : EV_SETTLED_FENCED;
}

/* A lane that was locked and not to move (parked records are tried behind it) tells only whether it
 * is still ours. */
static bool is_told(const struct ev_advance *advance, enum ev_settled settled)
{
        assert(settled >= EV_SETTLED_COMMITTED && settled <= EV_SETTLED_FENCED);

        return settled == EV_SETTLED_FENCED || advance->next_offset != advance->lane->next_offset;
}

/* One transaction moved all lanes or none, so those that were to move agree, except that a fenced
 * one speaks for all. Where none was to move, nothing tells whether the batch has landed: then it
 * is called fenced, because what is in hand must be dropped and read again, and what landed is not
 * there any more. */
static int judge(const size_t told[EV_SETTLED_FENCED + 1], enum ev_settled *ret_settled)
{
        assert(ret_settled);

        if (told[EV_SETTLED_FENCED] > 0)
                *ret_settled = EV_SETTLED_FENCED;
        else if (told[EV_SETTLED_COMMITTED] > 0 && told[EV_SETTLED_LOST] > 0)
                return ev_fail(EV_VERDICT_STOP,
                               "%zu lanes of a batch are committed and %zu are not: somebody has "
                               "written to ev.consumer_offset",
                               told[EV_SETTLED_COMMITTED], told[EV_SETTLED_LOST]);
        else if (told[EV_SETTLED_COMMITTED] > 0)
                *ret_settled = EV_SETTLED_COMMITTED;
        else
                *ret_settled = told[EV_SETTLED_LOST] > 0 ? EV_SETTLED_LOST : EV_SETTLED_FENCED;
        return 0;
}

/* A row that is gone, deleted by a person, counts as fenced: there is nothing of ours there. */
static int settle(const struct ev_result *result, const struct ev_advance *advances, size_t count,
                  enum ev_settled *ret_settled)
{
        enum { POSITION, NEXT_OFFSET, EPOCH };
        size_t told[EV_SETTLED_FENCED + 1] = { 0 };
        enum ev_settled settled;
        size_t index;
        int r;

        assert(advances && ret_settled);
        assert(ev_result_rows(result) <= count);

        for (size_t row = 0; row < ev_result_rows(result); ++row) {
                r = ev_session_row(ev_result_int8(result, row, POSITION), count, &index);
                if (r)
                        return ev_trace(r);
                settled = settle_lane(&advances[index], ev_result_int8(result, row, NEXT_OFFSET),
                                      ev_result_int8(result, row, EPOCH));
                told[settled] += is_told(&advances[index], settled);
        }
        assert(ev_result_rows(result) <= count);
        told[EV_SETTLED_FENCED] += count - ev_result_rows(result);
        return ev_trace(judge(told, ret_settled));
}

/* The rows are locked for the length of this statement, which is enough: while the old session's
 * COMMIT is under way it holds these locks, so the answer is about what has been decided. A session
 * that is gone before its COMMIT arrived holds them until the server notices; lock_timeout ends the
 * wait, and the caller tries again. */
int ev_offsets_settle(struct ev_session *session, const struct ev_advance *advances, size_t count,
                      enum ev_settled *ret_settled)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(count > 0 && ret_settled);

        r = ev_db_run(session->db, &ev_sql_offsets_read,
                      begin_advances(session, &ev_sql_offsets_read, advances, count), &result);
        if (r)
                return ev_trace(r);
        return ev_trace(settle(result, advances, count, ret_settled));
}

/* Where somebody else has taken over already, his count stays as it is. No error if nothing is
 * ours any more: giving back is all that was wanted. */
int ev_offsets_release(struct ev_session *session, const struct ev_offset *lanes, size_t count)
{
        struct ev_params *params = begin_lanes(session, &ev_sql_offsets_release, lanes, count);

        assert(!ev_db_is_in_transaction(session->db));

        EV_COLUMN(params, count, ev_params_int8(params, lanes[i].epoch));
        return ev_trace(ev_db_run(session->db, &ev_sql_offsets_release, params, NULL));
}

/* Nothing happens if the lane is another's by now: he will see for himself. */
int ev_offsets_halt(struct ev_session *session, const struct ev_offset *lane, struct ev_str reason)
{
        struct ev_params *params = &session->params;

        assert(lane && !ev_str_is_null(reason));

        ev_params_begin(params, &ev_sql_offsets_halt);
        ev_params_text(params, session->group);
        ev_params_text(params, lane->topic);
        ev_params_int4(params, lane->partition);
        ev_params_int8(params, lane->epoch);
        ev_params_text(params, reason);
        return ev_trace(ev_db_run(session->db, &ev_sql_offsets_halt, params, NULL));
}

/* Nothing is asked where none is halted, which is nearly always. */
int ev_offsets_count_resumed(struct ev_session *session, const struct ev_offset *lanes,
                             size_t count, size_t *ret_resumed)
{
        _cleanup_result_ struct ev_result *result = NULL;
        struct ev_params *params = &session->params;
        size_t halted = 0;
        int r;

        assert(lanes && ret_resumed);

        for (size_t i = 0; i < count; ++i)
                halted += lanes[i].is_halted;
        *ret_resumed = 0;
        if (halted == 0)
                return 0;
        ev_params_begin(params, &ev_sql_offsets_resumed);
        ev_params_text(params, session->group);
        ev_params_array(params);
        for (size_t i = 0; i < count; ++i)
                if (lanes[i].is_halted)
                        ev_params_text(params, lanes[i].topic);
        ev_params_array_end(params);
        ev_params_array(params);
        for (size_t i = 0; i < count; ++i)
                if (lanes[i].is_halted)
                        ev_params_int4(params, lanes[i].partition);
        ev_params_array_end(params);
        r = ev_db_run(session->db, &ev_sql_offsets_resumed, params, &result);
        if (r < 0)
                return ev_trace(r);
        *ret_resumed = (size_t)ev_result_int8(result, 0, 0);
        return 0;
}
