/* What a leader learns before it publishes: where its predecessors stopped, and what they left on
 * the topics behind that point.
 *
 * Guarantee: a row is only skipped as published if the record that proves it is really that row.
 * The highest seq of a source on a partition proves that everything of the lane up to it is there;
 * its ce_id must be the row's. If it is not, or there is no such row behind the position, this
 * database has forgotten what it once committed (a restore, a standby that lagged): numbers are
 * given away a second time then, and going on in silence would drop facts. So the relay halts and a
 * person decides.
 *
 * If the process dies here, nothing has been published and the next one starts the same way. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "flow/relay_private.h"
#include "wire/tail.h"

/* Lost sources at one time: each is a timeline of this database's, and begins with a failover or a
 * restore that somebody carried out. */
enum { URIS_MAX = 64 };

/* One link that was saved. Its topic must be known: a chain that lost a topic would later give its
 * next fact no predecessor. And it must not lie ahead of the position, with which it was saved:
 * facts between the two would be published again and name a predecessor that comes behind them. */
static int restore_link(struct ev_relay *relay, const struct ev_result *rows, size_t row)
{
        struct ev_str name = ev_result_text(rows, row, 1);
        int source = ev_chain_find_source(&relay->places.chain, ev_result_int2(rows, row, 0));
        int topic = ev_chain_find_topic(&relay->places.chain, name);
        int32_t partition = ev_result_int4(rows, row, 2);
        int64_t seq = ev_result_int8(rows, row, 3);

        assert(row < ev_result_rows(rows));

        if (source < 0 || topic < 0 || partition < 0 ||
            partition >= relay->places.chain.topics[topic].partitions)
                return ev_fail(
                        EV_VERDICT_STOP,
                        "ev.relay_position has a chain for source %d, topic %.*s [%d], which "
                        "is not one of this database's (relay.topics): name all topics that "
                        "were ever published to",
                        ev_result_int2(rows, row, 0), EV_STR_ARG(name), partition);
        if (seq <= 0 || seq > relay->feeds[EV_FEED_OUTBOX].position)
                return ev_fail(EV_VERDICT_STOP,
                               "ev.relay_position: the chain of %.*s [%d] stands at %" PRId64
                               " and the position at %" PRId64 ": they are saved together and were "
                               "changed by hand; take both from one backup",
                               EV_STR_ARG(name), partition, seq,
                               relay->feeds[EV_FEED_OUTBOX].position);
        ev_chain_restore(&relay->places.chain,
                         ev_chain_lane(&relay->places.chain, (size_t)source, (size_t)topic,
                                       partition),
                         seq);
        return 0;
}

/* After sources and topics, whose places it needs. */
static int load_chain(struct ev_relay *relay)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        int r = ev_feed_load_chain(&relay->ask, EV_FEED_OUTBOX, &rows);

        assert(relay->places.chain.topics_count);

        for (size_t i = 0; !r && i < ev_result_rows(rows); ++i)
                r = restore_link(relay, rows, i);
        return ev_trace(r);
}

/* All numbers stand at the saved position. Nothing is settled yet: what a predecessor knew of open
 * writers died with it. */
static int begin_feed(struct ev_relay *relay, enum ev_feed_name name)
{
        struct ev_relay_feed *feed = &relay->feeds[name];
        int64_t seq, epoch;
        int r = ev_feed_begin(&relay->ask, name, &seq, &epoch);

        assert(name < EV_FEEDS);

        if (r)
                return ev_trace(r);
        *feed = (struct ev_relay_feed){
                .read = seq,
                .position = seq,
                .saved = seq,
                .epoch = epoch,
        };
        ev_series_set(relay->positions[name], seq);
        return 0;
}

/* What the ends of the topics tell. */
struct ends {
        struct ev_relay *relay;
        size_t topic;              /* that is being read */
        char now[EV_FEED_URI_MAX]; /* ce_source of what is recorded at present */
        size_t home_bytes;         /* of it: database and system identifier, without the timeline */
        /* Each is told of once, however many records or lanes speak of it. */
        char lost[URIS_MAX][EV_FEED_URI_MAX]; /* our sources that do not agree with our rows */
        size_t lost_count;
        char example[EV_ERROR_TEXT_MAX];
};

/* Remembers a source that does not agree, with the first example of it. Collected and not failed at
 * once, so that a person's acceptance can be looked up for all of them. */
static int add_lost(struct ends *ends, struct ev_str uri, const char *example)
{
        assert(!ev_str_is_null(uri) && example);

        for (size_t i = 0; i < ends->lost_count; ++i)
                if (ev_str_equal(ev_str_of(ends->lost[i]), uri))
                        return 0;
        if (ends->lost_count == URIS_MAX ||
            !ev_str_copy(uri, ends->lost[ends->lost_count], EV_FEED_URI_MAX))
                return ev_fail(EV_VERDICT_STOP, "more than %d lost timelines on the topics",
                               URIS_MAX);
        if (!ends->lost_count)
                snprintf(ends->example, sizeof(ends->example), "%s", example);
        ++ends->lost_count;
        return 0;
}

/* A record of a source that this database does not know. It concerns us only if the source has our
 * name but for the timeline: then that timeline was ours and is lost. */
static int take_stranger(struct ends *ends, const struct ev_tail_record *record, struct ev_str uri)
{
        char example[EV_ERROR_TEXT_MAX];

        assert(!ev_str_is_null(uri));

        if (!ev_str_starts_with(uri, (struct ev_str){ ends->now, ends->home_bytes }))
                return 0;
        snprintf(example, sizeof(example), "%s [%d] at offset %" PRId64,
                 ends->relay->places.chain.topics[ends->topic].name, record->partition,
                 record->offset);
        return ev_trace(add_lost(ends, uri, example));
}

/* Looks at one record at the end of a topic. The highest number of each lane is enough, since a
 * lane lies on its partition in order and without holes; late records of an old leader repeat lower
 * numbers behind it. */
static int take_end(void *context, const struct ev_tail_record *record)
{
        struct ends *ends = context;
        struct ev_chain *chain = &ends->relay->places.chain;
        struct ev_str uri = ev_tail_header(record, "ce_source");
        struct ev_uuid id;
        int64_t seq;
        struct ev_lane *lane;
        int source;

        assert(ends->topic < chain->topics_count);

        if (ev_str_is_null(uri) || !ev_str_to_int64(ev_tail_header(record, "ce_sequence"), &seq) ||
            !ev_uuid_parse(ev_tail_header(record, "ce_id"), &id))
                return 0; /* nobody's of ours: only relays write to these topics, so it is foreign
                           */
        source = ev_chain_find_uri(chain, uri);
        if (source < 0)
                return take_stranger(ends, record, uri);
        lane = &chain->lanes[ev_chain_lane(chain, (size_t)source, ends->topic, record->partition)];
        if (seq > lane->tail) {
                lane->tail = seq;
                lane->tail_id = id;
        }
        return 0;
}

/* Much may lie there, and a broker may be slow: the session has to outlive that. */
static int stay_leader(void *context)
{
        const struct ends *ends = context;

        assert(ends->relay);

        return ev_trace(ev_relay_stay_leader(ends->relay));
}

/* As many records of each partition as one relay may have in flight: behind the highest number of a
 * lane lie only late repeats of a leader that was stopped, and it has no more than these. Should
 * the highest be missed all the same, rows above the one found are published a second time, with
 * the same bytes: it costs repeats and never rows. The reader is a client of its own, because a
 * producer cannot read. */
static int read_ends(struct ev_relay *relay, struct ends *ends)
{
        _cleanup_(ev_kafka_free_p) struct ev_kafka *reader = NULL;
        const struct ev_kafka_options options = {
                .role = EV_KAFKA_READER,
                .settings = relay->options->kafka,
                .settings_count = relay->options->kafka_count,
        };
        const struct ev_tail_reader taker = { take_end, stay_leader, ends };
        int r = ev_kafka_new(&reader, &options);

        assert(relay->options->records_max > 0);

        for (size_t i = 0; !r && i < relay->places.chain.topics_count; ++i) {
                const struct ev_chain_topic *topic = &relay->places.chain.topics[i];

                ends->topic = i;
                r = ev_tail_read(reader, topic->name, topic->partitions,
                                 (int64_t)relay->options->records_max, &taker);
        }
        return ev_trace(r);
}

/* The row at a number, or -1. As many rows as there are lanes with a tail, once a start: a loop
 * will do. */
static int64_t find_row(const struct ev_result *rows, int64_t seq)
{
        assert(seq > 0);

        for (size_t i = 0; i < ev_result_rows(rows); ++i)
                if (ev_result_int8(rows, i, 0) == seq)
                        return (int64_t)i;
        return -1;
}

/* Whether the record at the end of a lane is the row that it says it is. A row at or below the
 * position may be gone: its partition was dropped after it was published. */
static bool agrees(const struct ev_relay *relay, size_t place, const struct ev_result *rows)
{
        const struct ev_lane *lane = &relay->places.chain.lanes[place];
        int64_t row = find_row(rows, lane->tail);
        struct ev_uuid id;

        assert(place < ev_chain_lanes(&relay->places.chain));

        if (row < 0)
                return lane->tail <= relay->feeds[EV_FEED_OUTBOX].position;
        id = ev_result_uuid(rows, (size_t)row, 2);
        return ev_result_int2(rows, (size_t)row, 1) ==
                       ev_chain_source_of(&relay->places.chain, place)->id &&
               ev_uuid_compare(&id, &lane->tail_id) == 0;
}

/* The example is one a person can look at with any Kafka tool. */
static int check_lane(struct ends *ends, size_t place, const struct ev_result *rows)
{
        const struct ev_relay *relay = ends->relay;
        const struct ev_lane *lane = &relay->places.chain.lanes[place];
        const struct ev_chain_topic *topic;
        char example[EV_ERROR_TEXT_MAX];
        int32_t partition;

        assert(ends->relay);

        if (!lane->tail || agrees(relay, place, rows))
                return 0;
        topic = ev_chain_topic_of(&relay->places.chain, place, &partition);
        snprintf(example, sizeof(example), "%s [%d] has ce_sequence %" PRId64, topic->name,
                 partition, lane->tail);
        return ev_trace(add_lost(ends,
                                 ev_str_of(ev_chain_source_of(&relay->places.chain, place)->uri),
                                 example));
}

/* Compares what was found with the rows. All in one statement, and so against one state of the
 * table. */
static int check_ends(struct ev_relay *relay, struct ends *ends)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        _cleanup_free_ int64_t *seqs = NULL;
        size_t count = 0;
        int r;

        assert(relay && ends);

        seqs = calloc(ev_chain_lanes(&relay->places.chain) + 1, sizeof(*seqs));
        if (!seqs)
                return ev_fail_memory("the ends of topics");
        for (size_t i = 0; i < ev_chain_lanes(&relay->places.chain); ++i)
                if (relay->places.chain.lanes[i].tail)
                        seqs[count++] = relay->places.chain.lanes[i].tail;
        r = ev_feed_load_rows_at(&relay->ask, seqs, count, &rows);
        for (size_t i = 0; !r && i < ev_chain_lanes(&relay->places.chain); ++i)
                r = check_lane(ends, i, rows);
        return ev_trace(r);
}

static bool is_void(const struct ev_result *accepted, struct ev_str uri)
{
        assert(!ev_str_is_null(uri));

        for (size_t i = 0; i < ev_result_rows(accepted); ++i)
                if (ev_str_equal(ev_result_text(accepted, i, 0), uri))
                        return true;
        return false;
}

/* The two cases have different ways out. Under the present source numbers would be given away
 * twice, so it must first get a new timeline; under an old one only a decision is missing. */
static int fail_lost(const struct ends *ends, const char *uri)
{
        bool is_present = strcmp(uri, ends->now) == 0;

        assert(ends->lost_count > 0);

        return ev_fail(EV_VERDICT_STOP,
                       "the topics hold facts of %s that this database does not have (%s): it was "
                       "restored to an earlier point, or a standby without them took over. Nothing "
                       "is published. %s",
                       uri, ends->example,
                       is_present ? "It still counts under the same timeline, so new facts would "
                                    "get numbers that were given away: recover it once more, with "
                                    "pg_ctl promote or a recovery target, which begins a new one"
                                  : "Look at `eventctl audit reconcile`; to go on with those facts "
                                    "void, start once with --relay.accept_fork=URI and that URI");
}

/* What a person has said about a source that does not agree: void for good, void from now on, or
 * nothing, which halts. Accepting is asked for by naming the source, so that a setting that was
 * left behind in a file accepts nothing new. */
static int judge_lost(struct ev_relay *relay, const struct ends *ends, const char *uri,
                      const struct ev_result *accepted)
{
        struct ev_str text = ev_str_of(uri);
        const char *accept = relay->options->accept_fork;
        int r;

        assert(uri && accepted);

        if (strcmp(uri, ends->now) == 0)
                return fail_lost(ends, uri);
        if (is_void(accepted, text))
                return 0;
        if (!accept || strcmp(accept, uri) != 0)
                return fail_lost(ends, uri);
        r = ev_feed_accept_void(&relay->ask, &text, 1);
        if (r)
                return ev_trace(r);
        ev_log_line(relay->options->log, EV_RELAY_FORK_ACCEPTED, ev_log_str("source", text));
        return 0;
}

/* Usually there is nothing to judge, and the database is not asked. */
static int judge_ends(struct ev_relay *relay, const struct ends *ends)
{
        _cleanup_result_ struct ev_result *accepted = NULL;
        int r;

        assert(relay && ends);

        if (!ends->lost_count)
                return 0;
        r = ev_feed_load_void(&relay->ask, &accepted);
        for (size_t i = 0; !r && i < ends->lost_count; ++i)
                r = judge_lost(relay, ends, ends->lost[i], accepted);
        return ev_trace(r);
}

/* Facts only. Dead letters have no source and no chain; a letter that comes twice does no harm. */
static int look_at_ends(struct ev_relay *relay)
{
        _cleanup_free_ struct ends *ends = calloc(1, sizeof(*ends));
        int r;

        assert(relay->places.chain.topics_count);

        if (!ends)
                return ev_fail_memory("the ends of topics");
        ends->relay = relay;
        r = ev_feed_load_source_now(&relay->ask, ends->now);
        if (r)
                return ev_trace(r);
        /* A ce_source ends with "/<timeline>"; all before it is the database's own for as long as
         * it lives. */
        ends->home_bytes = (size_t)(strrchr(ends->now, '/') - ends->now) + 1;
        r = read_ends(relay, ends);
        if (!r)
                r = check_ends(relay, ends);
        if (!r)
                r = judge_ends(relay, ends);
        return ev_trace(r);
}

/* The position is taken over before the ends are read: from then on the predecessor's saves are
 * refused, so what it still does can only add records, never move the place that we start from. */
int ev_relay_start(struct ev_relay *relay)
{
        int r = 0;

        assert(ev_db_is_open(relay->db));

        for (size_t i = 0; !r && i < EV_FEEDS; ++i)
                r = begin_feed(relay, (enum ev_feed_name)i);
        if (!r)
                r = ev_places_load_names(&relay->places, &relay->ask);
        if (!r)
                r = ev_places_load_sources(&relay->places, &relay->ask);
        if (!r)
                r = load_chain(relay);
        relay->asked_micros = ev_clock_monotonic_micros();
        if (!r)
                r = look_at_ends(relay);
        if (r)
                return ev_trace(r);
        relay->saved_micros = relay->asked_micros;
        ev_relay_count(relay, EV_RELAY_STARTS, 1);
        assert(ev_relay_check(relay));
        return 0;
}
