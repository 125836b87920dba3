/* The relay's questions to its database, one function each.
 *
 * Guarantee: every statement runs outside of a transaction block, so it sees all that was committed
 * before it began, and what it writes is committed when the call returns 0. If the process dies
 * here, a position or a gap is saved or it is not; both are true statements at any time. */

#include "store/feed.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "ev_sql.h"

/* One lock a database: locks of this kind belong to it. The bytes spell "quentyrl". */
static const int64_t LEADER_LOCK = INT64_C(0x7175656e7479726c);

/* What differs between the two feeds. */
static const struct feed_kind {
        const char *text;
        const char *relation;
        const struct ev_statement *page;
        const struct ev_statement *top;
} kinds[] = {
        [EV_FEED_OUTBOX] = { "outbox", "ev.outbox", &ev_sql_relay_outbox_page,
                             &ev_sql_relay_outbox_top },
        [EV_FEED_DEAD_LETTER] = { "dead_letter", "ev.dead_letter", &ev_sql_relay_dead_letter_page,
                                  &ev_sql_relay_dead_letter_top },
};

/* Everything below works on either feed; this is the only place that tells them apart. */
static const struct feed_kind *kind_of(enum ev_feed_name name)
{
        assert(name < EV_FEEDS);

        return &kinds[name];
}

const char *ev_feed_text(enum ev_feed_name name)
{
        return kind_of(name)->text;
}

/* Begins a statement whose first parameter is the name of the position. */
static void begin_named(struct ev_feed *feed, const struct ev_statement *statement,
                        enum ev_feed_name name)
{
        assert(statement->params_count >= 1);

        ev_params_begin(&feed->params, statement);
        ev_params_text(&feed->params, ev_str_of(kind_of(name)->text));
}

/* Runs what was begun. */
static int run(struct ev_feed *feed, const struct ev_statement *statement,
               struct ev_result **ret_result)
{
        assert(feed->params.statement == statement);

        return ev_trace(ev_db_run(feed->db, statement, &feed->params, ret_result));
}

/* Runs a statement that returns exactly one row: it always does, as long as nobody takes the rows
 * out of ev.relay_position that the migration put there. */
static int run_for_row(struct ev_feed *feed, const struct ev_statement *statement,
                       struct ev_result **ret_row)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r = run(feed, statement, &result);

        assert(ret_row);

        if (r)
                return r;
        if (ev_result_rows(result) != 1)
                return ev_fail(EV_VERDICT_STOP,
                               "%s returned %zu rows where 1 was expected: has "
                               "schema ev been changed by hand?",
                               statement->name, ev_result_rows(result));
        *ret_row = result;
        result = NULL;
        return 0;
}

/* Told at the start and not while publishing: none of this changes by itself while we run. */
int ev_feed_check_contract(struct ev_feed *feed)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(ev_sql_relay_contract.params_count == 0);

        ev_params_begin(&feed->params, &ev_sql_relay_contract);
        r = run(feed, &ev_sql_relay_contract, &result);
        if (r || ev_result_rows(result) == 0)
                return r;
        return ev_fail(EV_VERDICT_STOP, "%s: %.*s", ev_db_name(feed->db),
                       EV_STR_ARG(ev_result_text(result, 0, 0)));
}

/* Of the session and not of a transaction: the lock must outlast each statement, and end by itself
 * when the session ends, however it ends. */
int ev_feed_lead(struct ev_feed *feed, bool *ret_leads)
{
        _cleanup_result_ struct ev_result *row = NULL;
        int r;

        assert(ret_leads);

        ev_params_begin(&feed->params, &ev_sql_relay_lead);
        ev_params_int8(&feed->params, LEADER_LOCK);
        r = run_for_row(feed, &ev_sql_relay_lead, &row);
        if (r)
                return r;
        *ret_leads = ev_result_bool(row, 0, 0);
        return 0;
}

int ev_feed_unseat(struct ev_feed *feed, int32_t after_ms, int32_t *ret_pid)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(after_ms > 0);

        ev_params_begin(&feed->params, &ev_sql_relay_unseat);
        ev_params_int8(&feed->params, LEADER_LOCK);
        ev_params_int4(&feed->params, after_ms);
        r = run(feed, &ev_sql_relay_unseat, &result);
        if (r)
                return r;
        *ret_pid = ev_result_rows(result) ? ev_result_int4(result, 0, 0) : 0;
        return 0;
}

int ev_feed_begin(struct ev_feed *feed, enum ev_feed_name name, int64_t *ret_seq,
                  int64_t *ret_epoch)
{
        _cleanup_result_ struct ev_result *row = NULL;
        int r;

        assert(ret_seq && ret_epoch);

        begin_named(feed, &ev_sql_relay_begin, name);
        r = run_for_row(feed, &ev_sql_relay_begin, &row);
        if (r)
                return r;
        *ret_seq = ev_result_int8(row, 0, 0);
        *ret_epoch = ev_result_int8(row, 0, 1);
        return 0;
}

int ev_feed_save(struct ev_feed *feed, enum ev_feed_name name, int64_t epoch, int64_t seq,
                 struct ev_str last)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(seq >= 0);

        begin_named(feed, &ev_sql_relay_save, name);
        ev_params_int8(&feed->params, epoch);
        ev_params_int8(&feed->params, seq);
        ev_params_text(&feed->params, last);
        r = run(feed, &ev_sql_relay_save, &result);
        if (r)
                return r;
        return ev_result_affected(result) == 1 ? 0 : EV_FEED_FENCED;
}

int ev_feed_check_epoch(struct ev_feed *feed, enum ev_feed_name name, int64_t epoch)
{
        _cleanup_result_ struct ev_result *row = NULL;
        int r;

        assert(epoch > 0);

        begin_named(feed, &ev_sql_relay_epoch, name);
        r = run_for_row(feed, &ev_sql_relay_epoch, &row);
        if (r)
                return r;
        return ev_result_int8(row, 0, 0) == epoch ? 0 : EV_FEED_FENCED;
}

int ev_feed_load_chain(struct ev_feed *feed, enum ev_feed_name name, struct ev_result **ret_rows)
{
        assert(ret_rows);

        begin_named(feed, &ev_sql_relay_chain, name);
        return run(feed, &ev_sql_relay_chain, ret_rows);
}

/* Runs a statement without parameters. */
static int run_plain(struct ev_feed *feed, const struct ev_statement *statement,
                     struct ev_result **ret_rows)
{
        assert(statement->params_count == 0);

        ev_params_begin(&feed->params, statement);
        return run(feed, statement, ret_rows);
}

int ev_feed_load_names(struct ev_feed *feed, struct ev_result **ret_rows)
{
        return run_plain(feed, &ev_sql_relay_names, ret_rows);
}

int ev_feed_load_sources(struct ev_feed *feed, struct ev_result **ret_rows)
{
        return run_plain(feed, &ev_sql_relay_sources, ret_rows);
}

int ev_feed_load_void(struct ev_feed *feed, struct ev_result **ret_rows)
{
        return run_plain(feed, &ev_sql_relay_void, ret_rows);
}

int ev_feed_accept_void(struct ev_feed *feed, const struct ev_str *uris, size_t uris_count)
{
        assert(uris || !uris_count);

        ev_params_begin(&feed->params, &ev_sql_relay_accept);
        ev_params_array(&feed->params);
        for (size_t i = 0; i < uris_count; ++i)
                ev_params_text(&feed->params, uris[i]);
        ev_params_array_end(&feed->params);
        return run(feed, &ev_sql_relay_accept, NULL);
}

int ev_feed_load_source_now(struct ev_feed *feed, char *uri)
{
        _cleanup_result_ struct ev_result *row = NULL;
        int r;

        assert(uri);

        ev_params_begin(&feed->params, &ev_sql_relay_source_now);
        r = run_for_row(feed, &ev_sql_relay_source_now, &row);
        if (r)
                return r;
        if (!ev_str_copy(ev_result_text(row, 0, 0), uri, EV_FEED_URI_MAX))
                return ev_fail(EV_VERDICT_STOP, "the present ce_source is longer than %d bytes",
                               EV_FEED_URI_MAX - 1);
        return 0;
}

int ev_feed_load_rows_at(struct ev_feed *feed, const int64_t *seqs, size_t seqs_count,
                         struct ev_result **ret_rows)
{
        assert(seqs || !seqs_count);

        ev_params_begin(&feed->params, &ev_sql_relay_rows_at);
        ev_params_array(&feed->params);
        for (size_t i = 0; i < seqs_count; ++i)
                ev_params_int8(&feed->params, seqs[i]);
        ev_params_array_end(&feed->params);
        return run(feed, &ev_sql_relay_rows_at, ret_rows);
}

int ev_feed_page(struct ev_feed *feed, enum ev_feed_name name, int64_t after, int32_t rows_max,
                 int64_t bytes_max, struct ev_result **ret_rows)
{
        const struct ev_statement *page = kind_of(name)->page;

        assert(rows_max > 0 && bytes_max > 0);

        ev_params_begin(&feed->params, page);
        ev_params_int8(&feed->params, after);
        ev_params_int4(&feed->params, rows_max);
        ev_params_int8(&feed->params, bytes_max);
        return run(feed, page, ret_rows);
}

int64_t ev_feed_seq(const struct ev_result *rows, size_t row)
{
        assert(row < ev_result_rows(rows));

        return ev_result_int8(rows, row, 0);
}

void ev_feed_fact(const struct ev_result *rows, size_t row, struct ev_feed_fact *ret_fact)
{
        assert(row < ev_result_rows(rows));

        *ret_fact = (struct ev_feed_fact){
                .seq = ev_result_int8(rows, row, 0),
                .source_id = ev_result_int2(rows, row, 1),
                .event_id = ev_result_uuid(rows, row, 2),
                .topic = ev_result_int2(rows, row, 3),
                .type = ev_result_int2(rows, row, 4),
                .key = ev_result_text(rows, row, 5),
                .subject = ev_result_text(rows, row, 6),
                .schema_id = ev_result_int4(rows, row, 7),
                .payload = ev_result_bytea(rows, row, 8),
                .correlation_id = ev_result_text(rows, row, 9),
                .causation_id = ev_result_text(rows, row, 10),
                .causation_source = ev_result_text(rows, row, 11),
                .outcome = ev_result_is_null(rows, row, 12) ? 0 : ev_result_int2(rows, row, 12),
                .traceparent = ev_result_text(rows, row, 13),
                .tracestate = ev_result_text(rows, row, 14),
                .recorded_at = ev_result_timestamptz(rows, row, 15),
        };
}

void ev_feed_letter(const struct ev_result *rows, size_t row, struct ev_feed_letter *ret_letter)
{
        assert(row < ev_result_rows(rows));

        *ret_letter = (struct ev_feed_letter){
                .seq = ev_result_int8(rows, row, 0),
                .created_at = ev_result_timestamptz(rows, row, 1),
                .offset = ev_result_int8(rows, row, 2),
                .partition = ev_result_int4(rows, row, 3),
                .group_name = ev_result_text(rows, row, 4),
                .topic = ev_result_text(rows, row, 5),
                .reason = ev_result_text(rows, row, 6),
                .detail = ev_result_text(rows, row, 7),
                .key = ev_result_bytea(rows, row, 8),
                .headers = ev_result_bytea(rows, row, 9),
                .value = ev_result_bytea(rows, row, 10),
        };
}

/* A session that is in the list twice, for two locks, is one writer: the statement says DISTINCT.
 */
static int take_writers(const struct ev_result *result, struct ev_feed_writers *writers)
{
        size_t count = ev_result_rows(result);

        assert(writers);

        if (count > EV_FEED_WRITERS_MAX)
                return ev_fail(EV_VERDICT_RETRY, "%zu sessions write at one time, more than %d",
                               count, EV_FEED_WRITERS_MAX);
        for (size_t i = 0; i < count; ++i)
                if (!ev_str_copy(ev_result_text(result, i, 0), writers->holders[i],
                                 sizeof(writers->holders[i])))
                        return ev_fail(EV_VERDICT_STOP, "PostgreSQL names a transaction %.*s",
                                       EV_STR_ARG(ev_result_text(result, i, 0)));
        writers->count = count;
        return 0;
}

int ev_feed_list_writers(struct ev_feed *feed, enum ev_feed_name name, int64_t *ret_top,
                         struct ev_feed_writers *writers)
{
        _cleanup_result_ struct ev_result *row = NULL;
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(ret_top && writers);

        /* Two statements and not one: the number must have been seen before anybody is listed. In
         * one, the locks might be read first, and a writer who began in between would be missed. */
        ev_params_begin(&feed->params, kind_of(name)->top);
        r = run_for_row(feed, kind_of(name)->top, &row);
        if (r)
                return r;
        ev_params_begin(&feed->params, &ev_sql_relay_writers);
        ev_params_text(&feed->params, ev_str_of(kind_of(name)->relation));
        r = run(feed, &ev_sql_relay_writers, &result);
        if (r)
                return r;
        r = take_writers(result, writers);
        if (r)
                return ev_trace(r);
        *ret_top = ev_result_int8(row, 0, 0);
        return 0;
}

/* Runs a statement about these writers. */
static int run_writers(struct ev_feed *feed, const struct ev_statement *statement,
                       enum ev_feed_name name, const struct ev_feed_writers *writers,
                       struct ev_result **ret_result)
{
        assert(writers->count <= EV_FEED_WRITERS_MAX);

        ev_params_begin(&feed->params, statement);
        ev_params_text(&feed->params, ev_str_of(kind_of(name)->relation));
        ev_params_array(&feed->params);
        for (size_t i = 0; i < writers->count; ++i)
                ev_params_text(&feed->params, ev_str_of(writers->holders[i]));
        ev_params_array_end(&feed->params);
        return run(feed, statement, ret_result);
}

int ev_feed_look_again(struct ev_feed *feed, enum ev_feed_name name,
                       struct ev_feed_writers *writers)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r = run_writers(feed, &ev_sql_relay_writers_left, name, writers, &result);

        if (r)
                return r;
        /* Who was not on the list does not come onto it: he drew his number after all that we ask
         * about. */
        assert(ev_result_rows(result) <= writers->count);
        return ev_trace(take_writers(result, writers));
}

int ev_feed_name_writers(struct ev_feed *feed, enum ev_feed_name name,
                         const struct ev_feed_writers *writers, struct ev_result **ret_rows)
{
        return run_writers(feed, &ev_sql_relay_writer_name, name, writers, ret_rows);
}

int ev_feed_end_writers(struct ev_feed *feed, enum ev_feed_name name,
                        const struct ev_feed_writers *writers, size_t *ret_count)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r = run_writers(feed, &ev_sql_relay_writer_end, name, writers, &result);

        assert(ret_count);

        if (r)
                return r;
        *ret_count = ev_result_rows(result);
        return 0;
}

int ev_feed_add_gaps(struct ev_feed *feed, enum ev_feed_name name, const struct ev_feed_gap *gaps,
                     size_t gaps_count)
{
        assert(gaps_count <= EV_FEED_GAPS_MAX);

        begin_named(feed, &ev_sql_relay_gaps, name);
        ev_params_array(&feed->params);
        for (size_t i = 0; i < gaps_count; ++i) {
                assert(gaps[i].from_seq <= gaps[i].to_seq);
                ev_params_int8(&feed->params, gaps[i].from_seq);
        }
        ev_params_array_end(&feed->params);
        ev_params_array(&feed->params);
        for (size_t i = 0; i < gaps_count; ++i)
                ev_params_int8(&feed->params, gaps[i].to_seq);
        ev_params_array_end(&feed->params);
        return run(feed, &ev_sql_relay_gaps, NULL);
}

int ev_feed_listen(struct ev_feed *feed)
{
        assert(ev_db_is_open(feed->db));

        return ev_trace(ev_db_script(feed->db, "LISTEN ev_outbox", NULL, NULL));
}
