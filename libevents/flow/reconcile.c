/* Outbox and topics beside each other: what is read, in which order, and which numbers are missing.
 *
 * Every row up to the relay's position is on its topic (flow/relay.c), and the ends of the topics are
 * asked for after the position; so what is not found below them is missing. And a record is published
 * after its row was committed, so a row that is looked up when its record was read is there, or was
 * removed. Neither depends on what relays and workers do meanwhile. Rows lead: each asks its partition
 * for the next record, and partitions wait with a few records in memory.
 *
 * Nothing is written; if the process dies here, it is called again. */

#include "flow/reconcile.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "flow/reconcile_private.h"
#include "wire/ends.h"

enum {
        PAGE_ROWS = 1000,
        PAGE_BYTES = 1048576, /* payloads; the last row may pass it */
        GAPS_PAGE = 4096,
        TEXT_BYTES_MAX = 64 * 1024,
        DECODED_BYTES_MAX =
                64 * 1024 * 1024, /* two values of 1 MiB, by what the decoder takes at most */
        /* Records have the time when their transaction began, which may lie before that of facts with
         * lower numbers by as long as a transaction takes. */
        SLACK_MS = 3600 * 1000,
};

static const struct {
        const char *name;
        bool is_difference;
} kinds[EV_FINDINGS] = {
        [EV_FINDING_MISSING_RECORD] = { "missing_record", true },
        [EV_FINDING_MISSING_ROW] = { "missing_row", true },
        [EV_FINDING_CHANGED] = { "changed", true },
        [EV_FINDING_REORDERED] = { "reordered", true },
        [EV_FINDING_WRONG_PARTITION] = { "wrong_partition", true },
        [EV_FINDING_GAP] = { "gap", true },
        [EV_FINDING_FOREIGN] = { "foreign", true },
        [EV_FINDING_UNREADABLE] = { "unreadable", true },
        [EV_FINDING_VOID] = { "void", false },
        [EV_FINDING_REPEATED] = { "repeated", false },
};

const char *ev_finding_name(enum ev_finding_kind kind)
{
        assert(kind < EV_FINDINGS);

        return kinds[kind].name;
}

bool ev_finding_is_difference(enum ev_finding_kind kind)
{
        assert(kind < EV_FINDINGS);

        return kinds[kind].is_difference;
}

/* The only way out for a finding, so that none is told and not counted. */
void ev_reconcile_tell(struct ev_reconcile *reconcile, const struct ev_finding *finding)
{
        assert(finding->kind < EV_FINDINGS);

        ++reconcile->counts.found[finding->kind];
        reconcile->found(reconcile->context, finding);
}

const struct ev_reconcile_counts *ev_reconcile_counts(const struct ev_reconcile *reconcile)
{
        assert(reconcile);

        return &reconcile->counts;
}

/* ---- What is read ---- */

/* As many partitions as the topics have. The relay refuses any number but the configured one,
 * so a fact that lies elsewhere than its key says is told, whoever has changed the topic. */
static int find_topics(struct ev_reconcile *reconcile, const struct ev_reconcile_options *options)
{
        struct ev_kafka_topic found[EV_KAFKA_TOPICS_MAX];
        size_t count = 0;
        int r;

        for (; options->topics[count]; ++count) {
                assert(count < EV_ARRAY_SIZE(found));
                found[count] = (struct ev_kafka_topic){ .name = options->topics[count] };
        }
        r = ev_kafka_load_partitions(options->kafka, found, count);
        for (size_t i = 0; r == 0 && i < count; ++i)
                r = ev_chain_add_topic(&reconcile->places.chain, found[i].name,
                                       found[i].partitions);
        return ev_trace(r);
}

/* Names and sources as they are, and which of the sources are ours no more. A ce_source ends with
 * "/<timeline>", and all before it is the database's own: one that differs in the timeline only was its
 * own, too, and a table that does not know it has forgotten what it once committed. */
static int ask_database(struct ev_reconcile *reconcile)
{
        int r = ev_places_load_names(&reconcile->places, &reconcile->feed);

        assert(reconcile->places.chain.topics_count > 0);

        if (r == 0)
                r = ev_places_load_sources(&reconcile->places, &reconcile->feed);
        if (r == 0)
                r = ev_feed_load_void(&reconcile->feed, &reconcile->voids);
        if (r == 0)
                r = ev_feed_load_source_now(&reconcile->feed, reconcile->now);
        if (r < 0)
                return ev_trace(r);
        reconcile->home_bytes = (size_t)(strrchr(reconcile->now, '/') - reconcile->now) + 1;
        return 0;
}

/* Another shard's partitions have another database's facts: who audits a shard does not read
 * them, or all of them would be strange. */
static int start_lane(struct ev_reconcile *reconcile, struct ev_kafka *kafka,
                      struct ev_reconcile_lane *lane, int64_t begin, int64_t end)
{
        const char *name = reconcile->places.chain.topics[lane->topic].name;

        assert(begin <= end);

        lane->is_read = ev_shard_has_partition(&reconcile->shard, lane->partition);
        lane->is_whole = begin == 0;
        if (!lane->is_read)
                return 0;
        return ev_trace(ev_tap_start(&lane->tap, kafka, name, lane->partition, begin, end));
}

/* Lanes stand in the order of the chain, topic by topic, so that a place in one is a place in
 * the other. */
static int start_topic(struct ev_reconcile *reconcile, struct ev_kafka *kafka, size_t place,
                       int64_t from_ms)
{
        const struct ev_chain_topic *topic = &reconcile->places.chain.topics[place];
        int64_t begins[EV_KAFKA_PARTITIONS_MAX], ends[EV_KAFKA_PARTITIONS_MAX];
        int r = ev_tap_bounds(kafka, topic->name, topic->partitions, from_ms, begins, ends);

        assert(topic->partitions <= EV_KAFKA_PARTITIONS_MAX);

        for (int32_t i = 0; r == 0 && i < topic->partitions; ++i) {
                struct ev_reconcile_lane *lane = &reconcile->lanes[reconcile->lanes_count];

                lane->topic = place;
                lane->partition = i;
                r = ev_tap_init(&lane->tap);
                ++reconcile->lanes_count;
                if (r == 0)
                        r = start_lane(reconcile, kafka, lane, begins[i], ends[i]);
        }
        return ev_trace(r);
}

/* All of it where all rows are compared; else from a time on at which none of the first rows can have
 * been recorded yet. */
static int start_lanes(struct ev_reconcile *reconcile, struct ev_kafka *kafka,
                       const struct ev_feed_span *span)
{
        const struct ev_chain *chain = &reconcile->places.chain;
        int64_t from_ms = EV_ENDS_EARLIEST;
        int r = 0;

        assert(span->begin >= span->lower);

        if (span->begin > 1)
                from_ms = span->has_rows ? span->begin_at / EV_MICROS_PER_MS - SLACK_MS
                                         : EV_ENDS_LATEST;
        reconcile->lanes = calloc(chain->lanes_per_source, sizeof(*reconcile->lanes));
        if (!reconcile->lanes)
                return ev_fail_memory("the partitions of an audit");
        for (size_t i = 0; r == 0 && i < chain->topics_count; ++i)
                r = start_topic(reconcile, kafka, i, from_ms);
        return ev_trace(r);
}

/* The position first, then the ends: see the head of this file. The other way round a fact
 * that was published between the two would be missing, though it is where it should be. Names
 * and sources may be older than both; what they do not know yet is looked up when it is met. */
static int begin(struct ev_reconcile *reconcile, const struct ev_reconcile_options *options)
{
        struct ev_feed_span span;
        int r = ev_feed_load_span(&reconcile->feed, options->since_seq > 0 ? options->since_seq : 1,
                                  options->since_time, &span);

        if (r == 0)
                r = find_topics(reconcile, options);
        if (r == 0)
                r = ask_database(reconcile);
        if (r == 0)
                r = start_lanes(reconcile, options->kafka, &span);
        if (r < 0)
                return ev_trace(r);
        assert(span.begin > 0);
        reconcile->next = span.begin;
        reconcile->counts.from = reconcile->counts.at = span.begin;
        reconcile->counts.to = span.end;
        reconcile->counts.lower = span.lower;
        return 0;
}

/* Whatever fails here, nothing was told yet: a report begins with the first step. */
int ev_reconcile_new(struct ev_reconcile **ret_reconcile,
                     const struct ev_reconcile_options *options)
{
        _cleanup_(ev_reconcile_free_p) struct ev_reconcile *reconcile =
                calloc(1, sizeof(*reconcile));
        int r;

        assert(options->topics[0] && options->found);

        if (!reconcile)
                return ev_fail_memory("an audit");
        reconcile->feed = EV_FEED_INIT(options->db);
        reconcile->found = options->found;
        reconcile->context = options->context;
        reconcile->shard = options->shard ? *options->shard : (struct ev_shard){ .count = 1 };
        reconcile->record = EV_RELAY_RECORD_INIT;
        reconcile->text = EV_BUFFER_INIT(TEXT_BYTES_MAX);
        r = ev_places_init(&reconcile->places);
        if (r == 0)
                r = ev_ledger_new(&reconcile->ledger);
        if (r == 0)
                r = ev_arena_new(&reconcile->arena, DECODED_BYTES_MAX);
        if (r == 0)
                r = begin(reconcile, options);
        if (r < 0)
                return ev_trace(r);
        *ret_reconcile = reconcile;
        reconcile = NULL;
        return 0;
}

/* Taps before all else: they hold records that librdkafka has lent. */
struct ev_reconcile *ev_reconcile_free(struct ev_reconcile *reconcile)
{
        if (!reconcile)
                return NULL;
        for (size_t i = 0; i < reconcile->lanes_count; ++i)
                ev_tap_done(&reconcile->lanes[i].tap);
        free(reconcile->lanes);
        ev_places_done(&reconcile->places);
        ev_result_free(reconcile->voids);
        ev_result_free(reconcile->near.rows);
        ev_result_free(reconcile->gaps);
        ev_ledger_free(reconcile->ledger);
        ev_relay_record_done(&reconcile->record);
        ev_arena_free(reconcile->arena);
        ev_buffer_done(&reconcile->text);
        ev_feed_done(&reconcile->feed);
        free(reconcile);
        return NULL;
}

/* Pointers into the chain are good until the next source is met, which may happen whenever
 * another row is looked up. */
int ev_reconcile_locate(struct ev_reconcile *reconcile, struct ev_reconcile_row *row)
{
        struct ev_chain *chain = &reconcile->places.chain;
        int r = ev_places_find(&reconcile->places, &reconcile->feed, &row->fact, &row->place);

        assert(row->fact.seq > 0);

        row->lane = NULL;
        row->link = NULL;
        if (r == EV_PLACE_NOWHERE)
                return 0;
        if (r < 0)
                return ev_trace(r);
        row->lane = &reconcile->lanes[chain->topics[row->place.topic].first_lane +
                                      (size_t)row->place.partition];
        row->link = &chain->lanes[row->place.lane];
        return 0;
}

/* ---- Numbers that are missing ---- */

/* A range is one finding however long it is: a table that lost a million rows is one accident,
 * and their records are told one by one. */
static void tell_gap(struct ev_reconcile *reconcile, int64_t from, int64_t to)
{
        char text[96];
        struct ev_finding finding = {
                .kind = EV_FINDING_GAP, .seq = from, .partition = -1, .offset = -1
        };

        assert(from <= to);

        snprintf(text, sizeof(text), "to %" PRId64 ": %" PRId64 " numbers that no gap explains", to,
                 to - from + 1);
        finding.detail = ev_str_of(text);
        ev_reconcile_tell(reconcile, &finding);
}

/* The first gap on record that ends at or behind a number: its bounds, or false. Numbers are
 * asked for in ascending order, so gaps are read once from the beginning to the end, a page in
 * memory, as rows are. */
static int find_gap(struct ev_reconcile *reconcile, int64_t seq, struct ev_feed_gap *ret_gap,
                    bool *ret_found)
{
        int r = 0;

        assert(seq > 0 && ret_found);

        *ret_found = false;
        for (;;) {
                size_t count = reconcile->gaps ? ev_result_rows(reconcile->gaps) : GAPS_PAGE;

                for (; reconcile->gaps && reconcile->gap < count; ++reconcile->gap) {
                        ret_gap->from_seq = ev_result_int8(reconcile->gaps, reconcile->gap, 0);
                        ret_gap->to_seq = ev_result_int8(reconcile->gaps, reconcile->gap, 1);
                        *ret_found = ret_gap->to_seq >= seq;
                        if (*ret_found)
                                return 0;
                }
                if (count < GAPS_PAGE)
                        return 0;
                reconcile->gaps = ev_result_free(reconcile->gaps);
                reconcile->gap = 0;
                r = ev_feed_load_gaps(&reconcile->feed, EV_FEED_OUTBOX, seq, GAPS_PAGE,
                                      &reconcile->gaps);
                if (r < 0)
                        return ev_trace(r);
        }
}

/* Numbers without a row, both included. Most of them are transactions that were rolled back after they
 * had drawn a number; the relay has proven of each that it never comes, and put it on record before it
 * published anything behind it. Where that is missing, a row was there and is not any more, or a gap was
 * removed. */
static int explain(struct ev_reconcile *reconcile, int64_t from, int64_t to)
{
        while (from <= to) {
                struct ev_feed_gap gap;
                bool has_gap;
                int64_t end;
                int r = find_gap(reconcile, from, &gap, &has_gap);

                if (r < 0)
                        return ev_trace(r);
                if (!has_gap || gap.from_seq > to) {
                        tell_gap(reconcile, from, to);
                        return 0;
                }
                if (gap.from_seq > from) {
                        tell_gap(reconcile, from, gap.from_seq - 1);
                        from = gap.from_seq;
                }
                end = gap.to_seq < to ? gap.to_seq : to;
                assert(end >= from);
                reconcile->counts.never_came += (uint64_t)(end - from + 1);
                from = end + 1;
        }
        return 0;
}

/* ---- Rows ---- */

/* The hole in front of a row comes first, then the row: findings come in the order of numbers
 * as far as they are about rows. */
static int take_row(struct ev_reconcile *reconcile, const struct ev_result *rows, size_t at)
{
        struct ev_reconcile_row row = { 0 };
        int r = 0;

        ev_feed_fact(rows, at, &row.fact);
        assert(row.fact.seq >= reconcile->next);
        if (row.fact.seq > reconcile->next)
                r = explain(reconcile, reconcile->next, row.fact.seq - 1);
        if (r == 0)
                r = ev_reconcile_locate(reconcile, &row);
        if (r == 0)
                r = ev_reconcile_row(reconcile, &row);
        reconcile->next = row.fact.seq + 1;
        reconcile->counts.at = row.fact.seq;
        ++reconcile->counts.rows;
        return ev_trace(r);
}

/* The server makes the next page while this one is compared. A look-up between the two takes
 * that page in, and the next one is asked for again: it is seldom that anything has to be
 * looked up. */
static int take_page(struct ev_reconcile *reconcile, bool *ret_is_last)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        int r = ev_feed_page(&reconcile->feed, EV_FEED_OUTBOX, reconcile->next - 1, PAGE_ROWS,
                             PAGE_BYTES, &rows);
        size_t count = 0;

        assert(ret_is_last);

        if (r < 0)
                return ev_trace(r);
        while (count < ev_result_rows(rows) && ev_feed_seq(rows, count) <= reconcile->counts.to)
                ++count;
        *ret_is_last = count == 0;
        if (count > 0)
                r = ev_feed_ask_ahead(&reconcile->feed, EV_FEED_OUTBOX,
                                      ev_feed_seq(rows, count - 1), PAGE_ROWS, PAGE_BYTES);
        for (size_t i = 0; r == 0 && i < count; ++i)
                r = take_row(reconcile, rows, i);
        return ev_trace(r);
}

/* Behind the last row, once: numbers up to the position may be missing, too. The position
 * itself is the number of a row that was published; if it is not there, it was removed. */
static int end_rows(struct ev_reconcile *reconcile)
{
        int r = ev_feed_take_ahead(&reconcile->feed);

        assert(reconcile->next > 0);

        if (r == 0 && reconcile->next <= reconcile->counts.to)
                r = explain(reconcile, reconcile->next, reconcile->counts.to);
        reconcile->next = INT64_MAX;
        reconcile->counts.at = reconcile->counts.to;
        return ev_trace(r);
}

/* ---- The end ---- */

/* Only now: as long as a lane had records, one of them might have been a late one of these. */
static int tell_awaited(struct ev_reconcile *reconcile)
{
        _cleanup_free_ int64_t *seqs = calloc(EV_LEDGER_OPEN_MAX, sizeof(*seqs));
        size_t count = 0;
        int r = 0;

        assert(reconcile->drained == reconcile->lanes_count);

        if (!seqs)
                return ev_fail_memory("missing records");
        ev_arena_reset(reconcile->arena);
        r = ev_ledger_list(reconcile->ledger, reconcile->arena, seqs, &count);
        for (size_t i = 0; r == 0 && i < count; ++i)
                r = ev_reconcile_tell_missing(reconcile, seqs[i]);
        return ev_trace(r);
}

/* What was dropped while rows were read would have been told as missing. That is no finding
 * but a run that has lost its ground; who drops partitions by a timer calls the audit at
 * another time. */
static int check_span(struct ev_reconcile *reconcile)
{
        struct ev_feed_span span;
        int r = ev_feed_load_span(&reconcile->feed, 1, NULL, &span);

        assert(reconcile->counts.lower > 0);

        if (r < 0)
                return ev_trace(r);
        if (span.lower > reconcile->counts.lower && span.lower > reconcile->counts.from)
                return ev_fail(EV_VERDICT_RETRY,
                               "partitions of the outbox were dropped meanwhile, up to %" PRId64
                               ": call it again",
                               span.lower - 1);
        return EV_RECONCILE_END;
}

int ev_reconcile_step(struct ev_reconcile *reconcile)
{
        bool is_last = false;
        int r;

        assert(reconcile->drained <= reconcile->lanes_count);

        if (reconcile->next < INT64_MAX) {
                r = take_page(reconcile, &is_last);
                return r == 0 && is_last ? ev_trace(end_rows(reconcile)) : ev_trace(r);
        }
        if (reconcile->drained < reconcile->lanes_count) {
                r = ev_reconcile_drain(reconcile, &reconcile->lanes[reconcile->drained]);
                ++reconcile->drained;
                return ev_trace(r);
        }
        r = tell_awaited(reconcile);
        return r < 0 ? ev_trace(r) : ev_trace(check_span(reconcile));
}
