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

/* What differs between the two feeds. One row a feed, so that no function below asks which one it
 * is about. `text` is the key in ev.relay_position and ev.outbox_gap; `relation` is looked up by
 * the server in each statement, schema and all, whatever search_path says. */
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

/* The one place where a name becomes an index. */
static const struct feed_kind *kind_of(enum ev_feed_name name)
{
        assert(name < EV_FEEDS);

        return &kinds[name];
}

/* The same word in log lines, labels of metrics and the database, so that one search finds all. */
const char *ev_feed_text(enum ev_feed_name name)
{
        assert(kind_of(name)->text);

        return kind_of(name)->text;
}

void ev_feed_done(struct ev_feed *feed)
{
        assert(feed);

        ev_result_free(feed->ahead.rows);
        ev_params_done(&feed->params);
        *feed = (struct ev_feed){ 0 };
}

/* Begins a statement whose first parameter is the name of the position. The statements about
 * positions all have it as $1, which is what makes them one kind. */
static void begin_named(struct ev_feed *feed, const struct ev_statement *statement,
                        enum ev_feed_name name)
{
        assert(feed->db && statement);

        ev_params_begin(&feed->params, statement);
        ev_params_text(&feed->params, ev_str_of(kind_of(name)->text));
}

/* Runs what was begun. Statement and parameters are made apart from each other; the assert holds
 * together what a slip of the pen could mix up. */
static int run(struct ev_feed *feed, const struct ev_statement *statement,
               struct ev_result **ret_result)
{
        int r = ev_feed_take_ahead(feed);

        assert(feed->params.statement == statement);

        if (r)
                return ev_trace(r);
        return ev_trace(ev_db_run(feed->db, statement, &feed->params, ret_result));
}

/* Runs a statement that returns exactly one row. Positions are made by the migrations, one row a
 * feed, and are never deleted by us. Were "no row" taken for position 0, a relay would publish
 * everything from the beginning. */
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

/* Asked once a session and not once a process, because a server may come back from a restart, or
 * another server in its place, with other settings. Of several complaints the first is told; the
 * next one comes at the next try. */
int ev_feed_check_contract(struct ev_feed *feed)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(ev_db_is_open(feed->db));

        ev_params_begin(&feed->params, &ev_sql_relay_contract);
        r = run(feed, &ev_sql_relay_contract, &result);
        if (r || ev_result_rows(result) == 0)
                return r;
        return ev_fail(EV_VERDICT_STOP, "%s: %.*s", ev_db_name(feed->db),
                       EV_STR_ARG(ev_result_text(result, 0, 0)));
}

/* A session lock and no row with a lease: it ends with the session, so there is no clock to
 * disagree about. It protects nothing by itself; the epoch does. It keeps two relays from working
 * against each other. Whoever holds it gets it a second time, so a leader must not ask again. */
int ev_feed_lead(struct ev_feed *feed, bool *ret_leads)
{
        _cleanup_result_ struct ev_result *row = NULL;
        int r;

        assert(ret_leads);

        ev_params_begin(&feed->params, &ev_sql_relay_lead);
        ev_params_int8(&feed->params, EV_FEED_LEADER_LOCK);
        r = run_for_row(feed, &ev_sql_relay_lead, &row);
        if (r)
                return r;
        *ret_leads = ev_result_bool(row, 0, 0);
        return 0;
}

/* For the one leader that idle_session_timeout does not end: stopped in the middle of an answer,
 * its session is active, waiting for the socket to take more. */
int ev_feed_unseat(struct ev_feed *feed, int32_t after_ms, int32_t *ret_pid)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(ret_pid);
        assert(after_ms > 0);

        ev_params_begin(&feed->params, &ev_sql_relay_unseat);
        ev_params_int8(&feed->params, EV_FEED_LEADER_LOCK);
        ev_params_int4(&feed->params, after_ms);
        r = run(feed, &ev_sql_relay_unseat, &result);
        if (r)
                return r;
        *ret_pid = ev_result_rows(result) ? ev_result_int4(result, 0, 0) : 0;
        return 0;
}

/* Reading and taking over are one UPDATE, so no save of the predecessor's can come between: it is
 * either in the position that is returned or refused by its old epoch. */
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

/* No row changed means a higher epoch or a position that lies further already. Both say that
 * somebody else leads. A relay that gets this answer may have records in flight; why those do no
 * harm stands in flow/relay.c. */
int ev_feed_save(struct ev_feed *feed, enum ev_feed_name name, int64_t epoch, int64_t seq,
                 struct ev_str last)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(epoch >= 0 && !ev_str_is_null(last));
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

/* For a leader with nothing to save: otherwise it would learn of its successor only with its next
 * record. */
int ev_feed_check_epoch(struct ev_feed *feed, enum ev_feed_name name, int64_t epoch)
{
        _cleanup_result_ struct ev_result *row = NULL;
        int r;

        assert(epoch >= 0);

        begin_named(feed, &ev_sql_relay_epoch, name);
        r = run_for_row(feed, &ev_sql_relay_epoch, &row);
        if (r)
                return r;
        return ev_result_int8(row, 0, 0) == epoch ? 0 : EV_FEED_FENCED;
}

/* Taken apart by the server, which has a JSON parser that is known to be right; here only rows of
 * numbers arrive. */
int ev_feed_load_chain(struct ev_feed *feed, enum ev_feed_name name, struct ev_result **ret_rows)
{
        assert(ret_rows);

        begin_named(feed, &ev_sql_relay_chain, name);
        return run(feed, &ev_sql_relay_chain, ret_rows);
}

/* Runs a statement without parameters. Beginning is not optional even so: it names the statement
 * for run() and empties what the last one left in the parameters. */
static int run_plain(struct ev_feed *feed, const struct ev_statement *statement,
                     struct ev_result **ret_rows)
{
        assert(statement->params_count == 0);

        ev_params_begin(&feed->params, statement);
        return run(feed, statement, ret_rows);
}

/* All of it and not the one that is missing: the dictionary has dozens of rows, and one that is new
 * is seldom alone. */
int ev_feed_load_names(struct ev_feed *feed, struct ev_result **ret_rows)
{
        assert(ret_rows);

        return run_plain(feed, &ev_sql_relay_names, ret_rows);
}

/* A timeline of the database is a source of its own, so a new one appears after a promotion, at the
 * first fact recorded there. */
int ev_feed_load_sources(struct ev_feed *feed, struct ev_result **ret_rows)
{
        assert(ret_rows);

        return run_plain(feed, &ev_sql_relay_sources, ret_rows);
}

/* They stay on record for ever, because the records on the topics stay as well, and each new leader
 * meets them again. */
int ev_feed_load_void(struct ev_feed *feed, struct ev_result **ret_rows)
{
        assert(ret_rows);

        return run_plain(feed, &ev_sql_relay_void, ret_rows);
}

/* Added to what is there already and never taken away: an acceptance is a decision of a
 * person's. */
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

/* Asked of the function that the outbox itself uses, so that no second rule for making a source
 * exists here. */
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

/* In one statement, so that a partition that is dropped meanwhile changes all of it or nothing. By time
 * it reads facts from the beginning on until one is as late: times have no index, as nothing but an audit
 * asks for them. */
int ev_feed_load_span(struct ev_feed *feed, int64_t since_seq, const int64_t *since_time,
                      struct ev_feed_span *ret_span)
{
        _cleanup_result_ struct ev_result *row = NULL;
        int r;

        assert(since_seq > 0 && ret_span);

        ev_params_begin(&feed->params, &ev_sql_audit_begin);
        ev_params_int8(&feed->params, since_seq);
        if (since_time)
                ev_params_timestamptz(&feed->params, *since_time);
        else
                ev_params_null(&feed->params);
        r = run_for_row(feed, &ev_sql_audit_begin, &row);
        if (r)
                return r;
        *ret_span = (struct ev_feed_span){
                .lower = ev_result_int8(row, 0, 0),
                .begin = ev_result_int8(row, 0, 1),
                .end = ev_result_int8(row, 0, 3),
                .has_rows = !ev_result_is_null(row, 0, 2),
        };
        if (ret_span->has_rows)
                ret_span->begin_at = ev_result_timestamptz(row, 0, 2);
        return 0;
}

/* From the last gap that begins at or before the number, since that one may reach beyond it; a gap that
 * was found in two pieces by two leaders is two rows. Page by page by the key, because a database that
 * rolls back often has as many of them as facts. */
int ev_feed_load_gaps(struct ev_feed *feed, enum ev_feed_name name, int64_t from, int32_t rows_max,
                      struct ev_result **ret_rows)
{
        assert(rows_max > 0);

        begin_named(feed, &ev_sql_audit_gaps, name);
        ev_params_int8(&feed->params, from);
        ev_params_int4(&feed->params, rows_max);
        return run(feed, &ev_sql_audit_gaps, ret_rows);
}

/* Without payloads: a source and an id are enough to recognize a row, and there are as many as
 * there are partitions. */
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

static const struct ev_statement *begin_page(struct ev_feed *feed, enum ev_feed_name name,
                                             int64_t after, int32_t rows_max, int64_t bytes_max)
{
        const struct ev_statement *page = kind_of(name)->page;

        assert(rows_max > 0 && bytes_max > 0);

        ev_params_begin(&feed->params, page);
        ev_params_int8(&feed->params, after);
        ev_params_int4(&feed->params, rows_max);
        ev_params_int8(&feed->params, bytes_max);
        return page;
}

int ev_feed_ask_ahead(struct ev_feed *feed, enum ev_feed_name name, int64_t after, int32_t rows_max,
                      int64_t bytes_max)
{
        const struct ev_statement *page = begin_page(feed, name, after, rows_max, bytes_max);
        int r;

        assert(!feed->ahead.is_asked);

        feed->ahead.rows = ev_result_free(feed->ahead.rows);
        r = ev_db_queue(feed->db, page, &feed->params);
        if (r == 0)
                r = ev_db_sync(feed->db);
        if (r < 0)
                return ev_trace(r);
        feed->ahead = (struct ev_feed_ahead){ .is_asked = true, .name = name, .after = after };
        return 0;
}

int ev_feed_take_ahead(struct ev_feed *feed)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        int r;

        assert(!feed->ahead.is_asked || !feed->ahead.rows);

        if (!feed->ahead.is_asked)
                return 0;
        feed->ahead.is_asked = false;
        r = ev_db_next(feed->db, &rows);
        if (r == 0)
                r = ev_db_finish(feed->db);
        if (r < 0)
                return ev_trace(r);
        feed->ahead.rows = rows;
        rows = NULL;
        return 0;
}

bool ev_feed_is_ahead(const struct ev_feed *feed, enum ev_feed_name name)
{
        assert(name < EV_FEEDS);

        return (feed->ahead.is_asked || feed->ahead.rows) && feed->ahead.name == name;
}

/* What was read ahead is handed out once: who reads the same place again wants a new statement. */
int ev_feed_page(struct ev_feed *feed, enum ev_feed_name name, int64_t after, int32_t rows_max,
                 int64_t bytes_max, struct ev_result **ret_rows)
{
        int r = ev_feed_take_ahead(feed);

        assert(ret_rows);

        if (r)
                return ev_trace(r);
        if (feed->ahead.rows && feed->ahead.name == name && feed->ahead.after == after) {
                *ret_rows = feed->ahead.rows;
                feed->ahead.rows = NULL;
                return 0;
        }
        if (feed->ahead.name == name)
                feed->ahead.rows = ev_result_free(feed->ahead.rows);
        return run(feed, begin_page(feed, name, after, rows_max, bytes_max), ret_rows);
}

/* Column 0 of both pages, so this needs no feed. Columns are counted in the order of the
 * statement's `out:` lines, here and below; a type that differs is found by the asserts of
 * ev_result_…(). */
int64_t ev_feed_seq(const struct ev_result *rows, size_t row)
{
        assert(row < ev_result_rows(rows));

        return ev_result_int8(rows, row, 0);
}

/* No copies: text and payload point into the result, which must outlive the record that is made of
 * them. */
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

/* The names are those of the columns. `offset` and `partition` are where the record lay on its own
 * topic, and say nothing of the dead-letter topic. */
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

/* More writers than the list has room for is trouble that passes and is tried again; leaving one
 * out is not an option, for its number would be taken for a gap. A holder that does not fit would
 * be a PostgreSQL that writes virtual transactions otherwise than "backend/number". */
static int take_writers(const struct ev_result *result, struct ev_feed_writers *writers)
{
        size_t count = ev_result_rows(result);

        assert(result && writers);

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

        /* Two statements and not one: the number must have been seen before anybody is listed. A
         * writer that begins between the two draws a number above `top`; he may be on the list, and
         * is then waited for in vain but never wrongly left out. */
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

/* Runs a statement about these writers. By virtual transaction (pg_locks.virtualtransaction) and
 * not by pid, so a session that has gone on to its next transaction is not taken for the one that
 * was waited for. */
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

/* The list only ever shrinks: who has come since cannot have a number up to `top`. That is why
 * waiting ends although there is always somebody writing. */
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

/* A second look and not kept from the first: what a session is called and does is only worth asking
 * for when it has become a nuisance. */
int ev_feed_name_writers(struct ev_feed *feed, enum ev_feed_name name,
                         const struct ev_feed_writers *writers, struct ev_result **ret_rows)
{
        assert(ret_rows);

        return run_writers(feed, &ev_sql_relay_writer_name, name, writers, ret_rows);
}

/* pg_terminate_backend() asks and does not wait: the caller goes on looking until the locks are
 * gone. Who has ended in between is no longer found, and nobody else is hit in his place. */
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

/* Two arrays of equal length, made into rows by unnest(). A gap that is on record already stays as
 * it is: a predecessor may have written it and died before it could go on. */
int ev_feed_add_gaps(struct ev_feed *feed, enum ev_feed_name name, const struct ev_feed_gap *gaps,
                     size_t gaps_count)
{
        assert(gaps || !gaps_count);
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

/* LISTEN lasts as long as the session. Notifications are only a reason to look earlier: one that is
 * lost costs the pause between two pages and nothing else. */
int ev_feed_listen(struct ev_feed *feed)
{
        assert(ev_db_is_open(feed->db));

        return ev_trace(ev_db_script(feed->db, "LISTEN ev_outbox", NULL, NULL));
}
