/* The relay: what is committed in the outbox comes on its topic, all of it, in order.
 *
 * Promise. (1) Every committed row is published, and nothing else. (2) On a partition, the first
 * occurrences of rows of one source are in order of seq, each naming its predecessor. (3) A second
 * occurrence has the same headers and bytes as the first. Two things of others are needed for
 * "order of seq" to be "order of commits" of one aggregate: a writer locks the aggregate's row
 * before it inserts into the outbox, and it inserts as the last thing before COMMIT.
 *
 * Numbers are drawn early and committed late, so a page may show 7 and 9 while 8 is still on its
 * way or was rolled back. Reading on behind 7 is only allowed once it is known which. The steps,
 * for one page:
 *
 *   1. read seq > read ORDER BY seq. Rows that follow each other without a hole are published.
 *   2. At a hole: see the largest number there is (`top`, at or above every row of the page),
 *      and only then list who has inserted and not ended, by the lock of an INSERT on the table.
 *   3. Wait until none of *those* is left.
 *   4. Read again, in a new statement. A number at or below `top` that is missing now never comes.
 *   5. Commit these numbers to ev.outbox_gap, then publish the rows behind them.
 *
 * Why step 4 may conclude that: a number n ≤ top was drawn before top was seen, because they are
 * drawn one by one (CACHE 1). Its writer held the lock from before it drew n to its end. So when
 * the list was made, after top was seen, the writer was on it or had ended; and now all of them
 * have ended. A transaction's rows become visible before its locks are released, so a statement
 * that begins now sees the row if there is one. Nothing here looks at transaction ids or snapshots,
 * so an open transaction elsewhere, which holds those back for the whole cluster, holds up nothing.
 * As `top` lies far ahead when there is a backlog, one wait settles all of it.
 *
 * If the process dies …
 *   after 1–3   nothing has happened but reading.
 *   after 4     a gap that is not on record is found again.
 *   after 5     the gap is on record; it is a fact about the table and true whoever wrote it.
 *   with records in flight: the producer sends each partition's records in order and without holes
 *               (wire/producer.c), so what reached a partition is a prefix of what was sent to it.
 *   acknowledged, position not saved: the position lies before what is on the topics. The next
 * leader looks at their ends and skips what it finds there. position saved: it is the number before
 * the oldest record that is not acknowledged, so nothing at or below it is missing. The chain of
 * predecessors is saved in the same UPDATE and stands where the position stands, so the next leader
 * gives each row the predecessor it had.
 *
 * Nobody is fenced from Kafka, and nobody needs to be. A leader that was stopped and wakes up late
 * still has records in flight. Every leader's stream for a partition is contiguous and begins at or
 * below the first row that is not on it; so whatever a late one adds there, it adds rows that are
 * there already or, in order, the very next ones. Late records repeat, they never overtake. */

#include "flow/relay.h"

#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "flow/relay_private.h"
#include "wire/partition.h"

enum {
        SAVE_MS = 200,          /* between two saves: what a new leader has to skip at most */
        ASK_MS = 400,           /* below idle_session_timeout: the session must not seem idle */
        PAUSE_MS_MIN = 5,       /* after an empty page, doubled up to … */
        PAUSE_MS_MAX = 500,     /* … this, which is also the slow poll beneath NOTIFY */
        ROOM_MS = 100,          /* wait for acknowledgements when the producer is full */
        LOOK_MICROS = 100,      /* between two looks at the writers, at first … */
        LOOK_MICROS_MAX = 2000, /* … and at last */
        SLOW_MS = 1000,         /* a writer that is waited for so long is named */
};

/* Not an error: what was handed over so far is finished, and the rest is the next leader's. */
enum { CUT_SHORT = 1 }; /* told to stop while waiting for room */

/* A feed's three numbers only ever grow, and in this order: what is saved was acknowledged, and
 * what is acknowledged was read. */
bool ev_relay_check(const struct ev_relay *relay)
{
        assert(relay->options);

        for (size_t i = 0; i < EV_FEEDS; ++i) {
                const struct ev_relay_feed *feed = &relay->feeds[i];

                if (feed->saved > feed->position || feed->position > feed->read)
                        return false;
        }
        return relay->producer && ev_producer_check(relay->producer);
}

static int64_t ms_since(int64_t micros)
{
        assert(micros >= 0);

        return (ev_clock_monotonic_micros() - micros) / EV_MICROS_PER_MS;
}

/* Verdict RETRY, although it will not lead again at once: the next life waits like any other
 * follower, with a session and a producer of its own. */
static int fail_fenced(enum ev_feed_name name)
{
        assert(name < EV_FEEDS);

        return ev_fail(EV_VERDICT_RETRY, "another relay has taken over the %s", ev_feed_text(name));
}

/* Takes what is acknowledged, oldest first: this is what moves positions. The tag says whose the
 * number is, since both feeds share one producer, and with it one ring: their numbers are taken in
 * the order of sending, which is ascending in each feed. */
static int take_acknowledged(struct ev_relay *relay, int timeout_ms)
{
        struct ev_sent sent;
        bool took = false;
        int r = ev_producer_poll(relay->producer, timeout_ms);

        assert(timeout_ms >= 0);

        if (r)
                return ev_trace(r);
        while (ev_producer_take(relay->producer, &sent)) {
                took = true;
                size_t name = sent.tag >> EV_RELAY_TAG_FEED_SHIFT;
                size_t lane = sent.tag & ~(UINT32_C(1) << EV_RELAY_TAG_FEED_SHIFT);

                assert(sent.sequence > relay->feeds[name].position);
                relay->feeds[name].position = sent.sequence;
                ev_series_set(relay->positions[name], sent.sequence);
                ev_relay_count(relay, EV_RELAY_ACKNOWLEDGED, 1);
                if (name == EV_FEED_OUTBOX)
                        relay->places.chain.lanes[lane].acknowledged = sent.sequence;
        }
        assert(ev_relay_check(relay));
        return took && ev_producer_in_flight(relay->producer) ? ev_trace(EV_FAULT(acked_some)) : 0;
}

/* Position and chain go in one UPDATE. Saved one after the other, a crash in between would leave a
 * chain that does not belong to its position, and the next leader would give a row another
 * predecessor than it has on the topic. */
static int save_position(struct ev_relay *relay, enum ev_feed_name name)
{
        struct ev_relay_feed *feed = &relay->feeds[name];
        struct ev_str last = EV_STR("{}");
        int r;

        assert(name < EV_FEEDS);

        if (feed->position == feed->saved)
                return 0;
        if (name == EV_FEED_OUTBOX) {
                ev_buffer_clear(&relay->text);
                r = ev_chain_write(&relay->places.chain, &relay->text);
                if (r)
                        return ev_trace(r);
                last = ev_buffer_str(&relay->text);
        }
        r = EV_FAULT(position_saved);
        if (!r)
                r = ev_feed_save(&relay->ask, name, feed->epoch, feed->position, last);
        if (r == EV_FEED_FENCED)
                return fail_fenced(name);
        if (!r)
                r = EV_FAULT(position_committed);
        if (r)
                return ev_trace(r);
        feed->saved = feed->position;
        relay->asked_micros = ev_clock_monotonic_micros();
        return 0;
}

/* The time is taken first, so that a slow database is asked less often and not without end. */
static int save_positions(struct ev_relay *relay)
{
        assert(ev_relay_check(relay));

        relay->saved_micros = ev_clock_monotonic_micros();
        for (size_t i = 0; i < EV_FEEDS; ++i) {
                int r = save_position(relay, (enum ev_feed_name)i);

                if (r)
                        return ev_trace(r);
        }
        return 0;
}

/* The question about the epoch has a second use: it keeps the session from being idle, for the
 * server ends the session of a leader that has asked nothing for idle_session_timeout. A leader
 * that is stopped loses it by that, and its lock. */
int ev_relay_stay_leader(struct ev_relay *relay)
{
        int r;

        assert(ev_db_is_open(relay->db));

        if (ms_since(relay->asked_micros) < ASK_MS)
                return 0;
        r = ev_feed_check_epoch(&relay->ask, EV_FEED_OUTBOX, relay->feeds[EV_FEED_OUTBOX].epoch);
        if (r == EV_FEED_FENCED)
                return fail_fenced(EV_FEED_OUTBOX);
        relay->asked_micros = ev_clock_monotonic_micros();
        return ev_trace(r);
}

/* What has to be done all the time, also while something is waited for. */
static int tend(struct ev_relay *relay, int timeout_ms)
{
        int r = take_acknowledged(relay, timeout_ms);

        assert(timeout_ms >= 0);

        if (!r && ms_since(relay->saved_micros) >= SAVE_MS)
                r = save_positions(relay);
        if (!r)
                r = ev_relay_stay_leader(relay);
        return ev_trace(r);
}

static void nap(int64_t micros)
{
        struct timespec time = { .tv_nsec = micros * 1000 };

        assert(micros > 0 && micros < EV_MICROS_PER_SECOND);

        nanosleep(&time, NULL);
}

/* Names the one who has been holding things up for longest. A name and a pid are what a person
 * needs to find the program. It may be gone by now: then there is nothing to say. */
static int say_writer(struct ev_relay *relay, enum ev_feed_name name)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        int r = ev_feed_name_writers(&relay->ask, name, &relay->writers, &rows);

        assert(name < EV_FEEDS && relay->writers.count);

        if (r)
                return ev_trace(r);
        if (ev_result_rows(rows))
                ev_log_line(relay->options->log, EV_RELAY_WRITER_SLOW,
                            ev_log_text("feed", ev_feed_text(name)),
                            ev_log_int("pid", ev_result_int4(rows, 0, 0)),
                            ev_log_str("application", ev_result_text(rows, 0, 1)),
                            ev_log_str("state", ev_result_text(rows, 0, 2)),
                            ev_log_int("open_ms", ev_result_int8(rows, 0, 3)));
        return 0;
}

/* Everything that others commit waits behind this one. Ending it is safe: it has not committed, so
 * nobody was told that it has happened, and its program tries again. */
static int end_writers(struct ev_relay *relay, enum ev_feed_name name)
{
        size_t count;
        int r = ev_feed_end_writers(&relay->ask, name, &relay->writers, &count);

        assert(name < EV_FEEDS && relay->writers.count);

        if (r)
                return ev_trace(r);
        ev_relay_count(relay, EV_RELAY_WRITERS_ENDED, count);
        ev_log_line(relay->options->log, EV_RELAY_WRITER_ENDED,
                    ev_log_text("feed", ev_feed_text(name)), ev_log_int("sessions", (int64_t)count),
                    ev_log_int("waited_ms", relay->options->writer_ms_max));
        return 0;
}

/* Does what is due about writers that are not done after `waited_ms`; *said and *due_ms remember.
 * Sessions that could not be ended (a superuser's) are tried again after as long. */
static int handle_slow(struct ev_relay *relay, enum ev_feed_name name, int64_t waited_ms,
                       bool *said, int64_t *due_ms)
{
        int r = 0;

        assert(relay->writers.count);

        if (!*said && waited_ms >= SLOW_MS) {
                *said = true;
                r = say_writer(relay, name);
        }
        if (!r && waited_ms >= *due_ms) {
                *due_ms += relay->options->writer_ms_max;
                r = end_writers(relay, name);
        }
        return r;
}

/* Steps 2 and 3: waits until everybody who may hold a number up to the largest one seen has ended.
 * Told to stop, it returns without having settled anything. Looking is done in short naps and not
 * by waiting for a lock: a request for a lock that conflicts with writers' would queue up before
 * every later writer and stop them all. */
static int settle(struct ev_relay *relay, enum ev_feed_name name)
{
        int64_t begun = ev_clock_monotonic_micros(), look = LOOK_MICROS, top;
        int64_t due_ms = relay->options->writer_ms_max;
        bool said = false;
        int r = ev_feed_list_writers(&relay->ask, name, &top, &relay->writers);

        assert(!ev_feed_is_ahead(&relay->ask, name));

        while (!r && relay->writers.count) {
                if (ev_relay_is_stopped(relay, 0))
                        return 0;
                r = tend(relay, 0);
                if (r)
                        break;
                nap(look);
                look = look * 5 / 4 < LOOK_MICROS_MAX ? look * 5 / 4 : LOOK_MICROS_MAX;
                r = ev_feed_look_again(&relay->ask, name, &relay->writers);
                if (!r && relay->writers.count)
                        r = handle_slow(relay, name, ms_since(begun), &said, &due_ms);
        }
        if (r)
                return ev_trace(r);
        ev_relay_count(relay, EV_RELAY_WAITS, 1);
        relay->asked_micros = ev_clock_monotonic_micros();
        /* Only now: the list is empty, so everybody who might hold a number up to `top` has ended.
         * The page is read again by read_feed(), in a statement that begins after this point. */
        relay->feeds[name].settled = top;
        return 0;
}

/* Hands a record over as soon as there is room. `out` NULL: it is on its topic already. While it
 * waits for room it tends everything else, so a topic that takes nothing for minutes costs neither
 * the leadership nor the positions of what is acknowledged. */
static int hand_over(struct ev_relay *relay, int64_t seq, uint32_t tag,
                     const struct ev_outgoing *out)
{
        int r;

        assert(seq > 0);

        for (;;) {
                r = out ? ev_producer_send(relay->producer, out)
                        : ev_producer_skip(relay->producer, seq, tag);
                if (r != EV_PRODUCER_FULL)
                        break;
                if (ev_relay_is_stopped(relay, 0))
                        return CUT_SHORT;
                r = tend(relay, ROOM_MS);
                if (r)
                        break;
        }
        if (!r)
                ev_relay_count(relay, out ? EV_RELAY_PUBLISHED : EV_RELAY_SKIPPED, 1);
        return ev_trace(r);
}

/* `published` moves for a row that is skipped as well: the row behind it names it as its
 * predecessor, whoever published it. A seq at or below the lane's tail is on the topic, because a
 * lane's records lie there in order and without holes. */
static int publish_fact(struct ev_relay *relay, const struct ev_result *rows, size_t row)
{
        struct ev_outgoing out = { 0 };
        struct ev_place_of_fact place;
        struct ev_feed_fact fact;
        struct ev_lane *lane;
        int r;

        assert(row < ev_result_rows(rows));

        ev_feed_fact(rows, row, &fact);
        r = ev_places_find(&relay->places, &relay->ask, &fact, &place);
        /* A name that nobody knows halts: to skip the row would break promise (1), and to guess its
         * topic would break (2). */
        if (r == EV_PLACE_NOWHERE)
                return ev_fail_while("nothing behind it is published");
        if (r)
                return ev_trace(r);
        lane = &relay->places.chain.lanes[place.lane];
        out.topic = relay->producer_topics[place.topic];
        out.partition = place.partition;
        out.sequence = fact.seq;
        out.tag = (uint32_t)place.lane;

        assert(fact.seq > relay->feeds[EV_FEED_OUTBOX].read);
        if (fact.seq <= lane->tail) {
                r = hand_over(relay, fact.seq, out.tag, NULL);
        } else {
                r = ev_relay_make_fact(&relay->record, &fact, &place.names, lane->published, &out);
                if (!r)
                        r = hand_over(relay, fact.seq, out.tag, &out);
        }
        if (r)
                return ev_trace(r);
        assert(fact.seq > lane->published);
        lane->published = fact.seq;
        return 0;
}

/* Letters have no chain and are not looked for on their topic: after a takeover some come twice,
 * and their readers know them by group, topic, partition and offset of origin. */
static int publish_letter(struct ev_relay *relay, const struct ev_result *rows, size_t row)
{
        struct ev_outgoing out = { .topic = relay->dead_letter_topic };
        struct ev_feed_letter letter;
        struct ev_str type;

        assert(row < ev_result_rows(rows));

        ev_feed_letter(rows, row, &letter);
        type = ev_relay_stored_header(letter.headers, EV_STR("ce_type"));
        ev_relay_make_letter(&relay->record, &letter,
                             ev_relay_value_is_public(letter.topic, type, letter.value), &out);
        out.sequence = letter.seq;
        out.tag = UINT32_C(1) << EV_RELAY_TAG_FEED_SHIFT;
        out.partition = ev_partition_of(out.key, relay->options->dead_letters.partitions);
        return ev_trace(hand_over(relay, letter.seq, out.tag, &out));
}

/* How many rows of a page may be published: up to the first hole that is not settled. Settled holes
 * on the way are collected. */
static size_t find_extent(const struct ev_relay_feed *feed, const struct ev_result *rows,
                          struct ev_feed_gap *gaps, size_t *ret_gaps)
{
        int64_t expected = feed->read + 1;
        size_t extent = 0, gaps_count = 0;

        for (; extent < ev_result_rows(rows); ++extent) {
                int64_t seq = ev_feed_seq(rows, extent);

                assert(seq >= expected);
                if (seq > expected) {
                        if (seq - 1 > feed->settled || gaps_count == EV_FEED_GAPS_MAX)
                                break;
                        gaps[gaps_count++] = (struct ev_feed_gap){ expected, seq - 1 };
                }
                expected = seq + 1;
        }
        *ret_gaps = gaps_count;
        return extent;
}

/* Before any row behind them is handed over (step 5), and committed when the call returns: who
 * audits the topics later finds each missing number on record, or the row. */
static int record_gaps(struct ev_relay *relay, enum ev_feed_name name,
                       const struct ev_feed_gap *gaps, size_t gaps_count)
{
        assert(gaps_count <= EV_FEED_GAPS_MAX);

        if (!gaps_count)
                return 0;
        for (size_t i = 0; i < gaps_count; ++i)
                ev_relay_count(relay, EV_RELAY_GAPS,
                               (uint64_t)(gaps[i].to_seq - gaps[i].from_seq + 1));
        return ev_trace(ev_feed_add_gaps(&relay->ask, name, gaps, gaps_count));
}

/* Where a backlog has no hole, the server reads the next page while this one is handed over. Behind
 * a hole nothing is read ahead, because step 4 wants a statement that begins after step 3. */
static int ask_ahead(struct ev_relay *relay, enum ev_feed_name name, const struct ev_result *rows)
{
        assert(!ev_feed_is_ahead(&relay->ask, name));

        if (ev_result_rows(rows) < (size_t)relay->options->page_rows)
                return 0;
        return ev_trace(ev_feed_ask_ahead(&relay->ask, name,
                                          ev_feed_seq(rows, ev_result_rows(rows) - 1),
                                          relay->options->page_rows, EV_RELAY_PAGE_BYTES));
}

/* Steps 1, 4 and 5 for one page: publishes what may be published. *ret_hole: a hole is left. Gaps
 * are written for a page even if its rows are cut short after that: they stay true, and are found
 * again by the next leader. */
static int publish_page(struct ev_relay *relay, enum ev_feed_name name,
                        const struct ev_result *rows, bool *ret_hole)
{
        struct ev_relay_feed *feed = &relay->feeds[name];
        struct ev_feed_gap gaps[EV_FEED_GAPS_MAX];
        size_t gaps_count = 0, extent;
        int r;

        assert(rows && ret_hole);

        extent = find_extent(feed, rows, gaps, &gaps_count);
        *ret_hole = extent < ev_result_rows(rows);
        r = record_gaps(relay, name, gaps, gaps_count);
        if (!r && !*ret_hole)
                r = ask_ahead(relay, name, rows);
        for (size_t i = 0; !r && i < extent; ++i) {
                r = name == EV_FEED_OUTBOX ? publish_fact(relay, rows, i)
                                           : publish_letter(relay, rows, i);
                if (r)
                        return ev_trace(r);
                feed->read = ev_feed_seq(rows, i);
                if (i == 0)
                        r = EV_FAULT(enqueued_first);
        }
        return ev_trace(r || !extent ? r : EV_FAULT(enqueued_all));
}

/* When it is worth reading again: at once behind a full page, else after a pause that grows while
 * nothing comes. A commit that announces itself ends the pause. */
static void plan_next(const struct ev_relay *relay, struct ev_relay_feed *feed, size_t rows)
{
        assert(relay->options->page_rows > 0);

        if (rows >= (size_t)relay->options->page_rows)
                feed->pause_ms = 0;
        else if (rows || !feed->pause_ms)
                feed->pause_ms = PAUSE_MS_MIN;
        else
                feed->pause_ms =
                        feed->pause_ms * 2 < PAUSE_MS_MAX ? feed->pause_ms * 2 : PAUSE_MS_MAX;
        feed->due_micros = ev_clock_monotonic_micros() + feed->pause_ms * EV_MICROS_PER_MS;
}

/* One page at a time, with what is due between two pages done by ev_relay_lead(). Behind a hole the
 * feed is due at once, for step 4 is simply the next reading of it. */
static int read_feed(struct ev_relay *relay, enum ev_feed_name name)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        struct ev_relay_feed *feed = &relay->feeds[name];
        bool has_hole = false;
        int r = ev_feed_page(&relay->ask, name, feed->read, relay->options->page_rows,
                             EV_RELAY_PAGE_BYTES, &rows);

        assert(name < EV_FEEDS);

        if (r)
                return ev_trace(r);
        relay->asked_micros = ev_clock_monotonic_micros();
        if (ev_result_rows(rows))
                r = EV_FAULT(relay_read);
        if (!r)
                r = publish_page(relay, name, rows, &has_hole);
        if (!r)
                r = ev_feed_take_ahead(&relay->ask);
        if (r)
                return ev_trace(r);
        plan_next(relay, feed, ev_result_rows(rows));
        if (!has_hole)
                return 0;
        feed->due_micros = 0;
        return ev_trace(settle(relay, name));
}

/* A notification says only that something was committed; which feed it was is not worth a
 * distinction, since an empty page costs one round trip. */
static int drain_notifications(struct ev_relay *relay)
{
        struct ev_str channel, payload;
        int r = ev_db_wait(relay->db, 0);

        assert(relay->db);

        if (r < 0)
                return ev_trace(r);
        while (ev_db_take_notification(relay->db, &channel, &payload))
                for (size_t i = 0; i < EV_FEEDS; ++i)
                        relay->feeds[i].due_micros = 0;
        return 0;
}

/* The earliest of: a feed's next reading, a save that is owed, the question that keeps the
 * session. */
static int64_t next_due(const struct ev_relay *relay)
{
        int64_t due = relay->asked_micros + ASK_MS * EV_MICROS_PER_MS;

        assert(ev_relay_check(relay));

        for (size_t i = 0; i < EV_FEEDS; ++i) {
                const struct ev_relay_feed *feed = &relay->feeds[i];

                if (feed->due_micros < due)
                        due = feed->due_micros;
                if (feed->position != feed->saved &&
                    relay->saved_micros + SAVE_MS * EV_MICROS_PER_MS < due)
                        due = relay->saved_micros + SAVE_MS * EV_MICROS_PER_MS;
        }
        return due;
}

/* Waits for whatever comes first: a commit, an acknowledgement, the order to stop, or time. The
 * pipe is emptied after waking and the acknowledgements are taken after that, by tend(): one that
 * comes in between wakes the next wait, and none is slept through. */
static int wait_for_work(struct ev_relay *relay)
{
        struct pollfd fds[] = {
                { .fd = relay->options->stop_fd, .events = POLLIN },
                { .fd = relay->wake[0], .events = POLLIN },
                { .fd = ev_db_fd(relay->db), .events = POLLIN },
        };
        char bytes[64];
        int64_t left;
        int r;

        assert(relay->wake[0] >= 0);

        /* Notifications may have come with the results of questions: the socket is silent then. */
        r = drain_notifications(relay);
        if (r)
                return ev_trace(r);
        left = next_due(relay) - ev_clock_monotonic_micros();
        if (left <= 0)
                return 0;
        poll(fds, EV_ARRAY_SIZE(fds), (int)(left / EV_MICROS_PER_MS) + 1);
        while (read(relay->wake[0], bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
                ;
        return 0;
}

/* Waits for what is in flight and saves the positions, so that the next leader has nothing to skip.
 * What is not acknowledged in time is left to the next leader, which finds it on its topic or
 * publishes it. The session, and so the leadership, is given up only after this. */
static int finish(struct ev_relay *relay)
{
        int64_t begun = ev_clock_monotonic_micros();
        int r = EV_FAULT(stop_paused);

        assert(ev_relay_check(relay));

        while (!r && ev_producer_in_flight(relay->producer) &&
               ms_since(begun) < EV_RELAY_STOP_MS_MAX)
                r = tend(relay, ROOM_MS);
        if (!r)
                r = EV_FAULT(stop_drained);
        if (!r)
                r = save_positions(relay);
        return ev_trace(r);
}

/* Both feeds take turns page by page, so a backlog of facts does not keep dead letters back. After
 * an error nothing is saved: the next life looks at the topics anyway. */
int ev_relay_lead(struct ev_relay *relay)
{
        int r = 0;

        assert(ev_relay_check(relay));

        while (!r && !ev_relay_is_stopped(relay, 0)) {
                for (size_t i = 0; !r && i < EV_FEEDS; ++i)
                        if (relay->feeds[i].due_micros <= ev_clock_monotonic_micros())
                                r = read_feed(relay, (enum ev_feed_name)i);
                if (!r)
                        r = tend(relay, 0);
                if (!r)
                        r = wait_for_work(relay);
        }
        if (r < 0 && ev_producer_in_flight(relay->producer) && EV_FAULT(leadership_lost) < 0)
                return ev_trace(EV_FAILED);
        return ev_trace(r < 0 ? r : finish(relay));
}
