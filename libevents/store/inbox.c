/* What was seen: ids of foreign producers' events, and watermarks of our own facts.
 *
 * Guarantee. Of all transactions that claim one (source, event_id), at most one commits with it
 * claimed as new, in whichever lane, group of tries, or generation. The argument:
 *
 *  1. Two claims into one table meet in its primary key. The second waits inside its INSERT for the
 *     first transaction's end. Rolled back: the second one's row goes in, and it has the claim.
 *     Committed: ON CONFLICT DO NOTHING skips the row. The second one's snapshot is older than that
 *     commit, so it does not see the row as known either: it counts fewer claims and known events
 *     than it asked for, and its batch is run again (verdict RETRY), then with a snapshot that
 * shows the row. A claim is never taken for granted from a snapshot alone.
 *  2. Two claims into different tables would need a rotation between them. A claim's plan writes to
 *     both tables, so its transaction holds ROW EXCLUSIVE on both until it ends, and PostgreSQL
 *     takes the locks of a plan before the snapshot it runs with. ev.rotate_inbox() takes ACCESS
 *     EXCLUSIVE on both first. So of a claim and a rotation one is wholly first: a claim before it
 *     has ended when the current table changes, and what it claimed is visible to every claim after
 *     it, in the table that is now the other one.
 *  3. Claims are sorted by id and source, so two batches wait for each other in one direction only.
 *
 * If the process dies, its claims go with its transaction: the record comes again and is new again.
 * Marks are written in the transaction that applies their facts, by the owner of the lane only,
 * whose row in ev.consumer_offset that transaction has locked; they need no argument of their own.
 */

#include "store/inbox.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "ev_sql.h"
#include "store/columns.h"

/* By the order of the primary keys, id first. */
static bool is_before(const struct ev_claim *left, const struct ev_claim *right)
{
        int order = ev_str_compare(left->event_id, right->event_id);

        assert(left && right);
        return order < 0 || (order == 0 && ev_str_compare(left->source, right->source) < 0);
}

/* A pair that stands here twice would be an insert that conflicts with itself and look like
 * another lane's: the caller compares records of one batch among themselves, where it has both in
 * memory. */
int ev_inbox_queue_claims(struct ev_session *session, const struct ev_claim *claims, size_t count)
{
        struct ev_params *params = &session->params;

        assert(claims && count > 0);

        /* Twice in one statement, the second would count as known by the first, and as another's.
         */
        for (size_t i = 1; i < count; ++i)
                assert(is_before(&claims[i - 1], &claims[i]));

        ev_params_begin(params, &ev_sql_inbox_claim);
        EV_COLUMN(params, count, ev_params_text(params, claims[i].source));
        EV_COLUMN(params, count, ev_params_text(params, claims[i].event_id));
        EV_COLUMN(params, count, ev_params_bytea(params, EV_BYTES_OF(claims[i].content_hash)));
        return ev_trace(ev_db_queue(session->db, &ev_sql_inbox_claim, params));
}

/* The rows behind the first one: events that were seen, with the hash of what was seen. An id that
 * comes again with other content is a fault of its producer and no redelivery; dropping it as one
 * would lose an event without a trace. A hash of another size is from another version and equal to
 * none. */
static int read_seen(const struct ev_result *result, size_t row, struct ev_claim *claims,
                     size_t count)
{
        enum { POSITION, CLAIMED, CONTENT_HASH };
        struct ev_bytes seen = ev_result_bytea(result, row, CONTENT_HASH);
        size_t index;
        int r;

        assert(claims && count > 0);
        assert(seen.data);

        r = ev_session_row(ev_result_int8(result, row, POSITION), count, &index);
        if (r)
                return ev_trace(r);
        claims[index].claimed =
                seen.size == EV_CONTENT_HASH_BYTES && memcmp(seen.data, claims[index].content_hash,
                                                             EV_CONTENT_HASH_BYTES) == 0
                        ? EV_CLAIMED_SEEN
                        : EV_CLAIMED_REUSED;
        return 0;
}

/* Which of the events was lost to another lane is not asked: the batch is run again as a whole,
 * and its new snapshot knows. It happens only if one event is sent to two lanes in the same
 * moment. */
int ev_inbox_receive_claims(struct ev_session *session, struct ev_claim *claims, size_t count)
{
        enum { POSITION, CLAIMED, CONTENT_HASH };
        _cleanup_result_ struct ev_result *result = NULL;
        size_t seen;
        int r;

        assert(count > 0);

        r = ev_session_next(session, &result);
        if (r)
                return ev_trace(r);
        assert(ev_result_rows(result) > 0 && ev_result_int8(result, 0, POSITION) == 0);

        seen = ev_result_rows(result) - 1;
        if ((uint64_t)ev_result_int8(result, 0, CLAIMED) + seen != count)
                return ev_fail(EV_VERDICT_RETRY,
                               "another lane has claimed an event of this batch in this moment");
        for (size_t i = 0; i < count; ++i)
                claims[i].claimed = EV_CLAIMED_NEW;
        for (size_t row = 1; row <= seen; ++row) {
                r = read_seen(result, row, claims, count);
                if (r)
                        return ev_trace(r);
        }
        return 0;
}

/* Group, sources, topics, partitions: what both statements about marks begin with. */
static struct ev_params *begin_marks(struct ev_session *session,
                                     const struct ev_statement *statement,
                                     const struct ev_mark *marks, size_t count)
{
        struct ev_params *params = &session->params;

        assert(marks && count > 0);
        assert(!ev_str_is_null(session->group));

        ev_params_begin(params, statement);
        ev_params_text(params, session->group);
        EV_COLUMN(params, count, ev_params_text(params, marks[i].source));
        EV_COLUMN(params, count, ev_params_text(params, marks[i].topic));
        EV_COLUMN(params, count, ev_params_int4(params, marks[i].partition));
        return params;
}

/* Our own facts need no row for each event: on a lane the numbers of a source only rise, as the
 * relay sends them in order, so the last one says about every smaller one that it was seen. */
int ev_inbox_queue_marks(struct ev_session *session, const struct ev_mark *marks, size_t count)
{
        struct ev_params *params = begin_marks(session, &ev_sql_inbox_marks, marks, count);

        assert(params->statement == &ev_sql_inbox_marks);

        return ev_trace(ev_db_queue(session->db, &ev_sql_inbox_marks, params));
}

/* A source that has no row yet has recorded nothing that we have seen: its first fact has no
 * predecessor. */
int ev_inbox_receive_marks(struct ev_session *session, struct ev_mark *marks, size_t count)
{
        enum { POSITION, LAST_SEQUENCE };
        _cleanup_result_ struct ev_result *result = NULL;
        size_t index;
        int r;

        assert(count > 0);

        r = ev_session_next(session, &result);
        if (r)
                return ev_trace(r);
        for (size_t i = 0; i < count; ++i)
                marks[i].last_sequence = -1;
        for (size_t row = 0; row < ev_result_rows(result); ++row) {
                r = ev_session_row(ev_result_int8(result, row, POSITION), count, &index);
                if (r)
                        return ev_trace(r);
                marks[index].last_sequence = ev_result_int8(result, row, LAST_SEQUENCE);
        }
        return 0;
}

/* Every mark that the batch moved, once; the caller has taken the largest number of each. */
int ev_inbox_queue_save_marks(struct ev_session *session, const struct ev_mark *marks, size_t count)
{
        struct ev_params *params = begin_marks(session, &ev_sql_inbox_save_marks, marks, count);

        EV_COLUMN(params, count, ev_params_int8(params, marks[i].last_sequence));
        return ev_trace(ev_db_queue(session->db, &ev_sql_inbox_save_marks, params));
}

int ev_inbox_receive_save_marks(struct ev_session *session, size_t count)
{
        assert(count > 0);

        return ev_trace(ev_session_expect(session, count, "watermarks"));
}

/* Most calls read one row. A rotation waits for claims under way and makes others wait, for as
 * long as lock_timeout at most; then it fails, is tried again later, and nothing is lost but
 * time. */
int ev_inbox_rotate(struct ev_session *session)
{
        assert(!ev_db_is_in_transaction(session->db));

        return ev_trace(ev_db_run(session->db, &ev_sql_inbox_rotate, NULL, NULL));
}
